/** Addresses of this page that people keep. */
import { BASE_PATH } from "../base";

/** The permanent link of a session, or of one entry in it. */
export function permanentLink(sessionId: string, seq: number | null = null): string {
  const url = new URL(`${BASE_PATH}replay/${encodeURIComponent(sessionId)}`, window.location.origin);
  if (seq !== null) url.searchParams.set("entry", String(seq));
  return url.href;
}
