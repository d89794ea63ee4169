/** Addresses of this page that people keep. */
import { BASE_PATH } from "../base";

/**
 * The permanent link of a session, or of one entry in it.
 *
 * `agent` is the subagent session that the entry belongs to, where it is opened in place on the session's page.
 */
export function permanentLink(sessionId: string, seq: number | null = null, agent?: string): string {
  const url = new URL(`${BASE_PATH}replay/${encodeURIComponent(sessionId)}`, window.location.origin);
  if (agent !== undefined) url.searchParams.set("agent", agent);
  if (seq !== null) url.searchParams.set("entry", String(seq));
  return url.href;
}

/**
 * What of this page's address stays on the way to another session: the list at the side, the view and the tab. The
 * place in this trace and what is looked for in it mean nothing there.
 */
export function keptOnTheWay(search: object, entry: number | null = null): object {
  const { entry: _entry, q: _q, agent: _agent, ...kept } = search as Record<string, unknown>;
  return entry === null ? kept : { ...kept, entry };
}
