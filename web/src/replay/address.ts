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
