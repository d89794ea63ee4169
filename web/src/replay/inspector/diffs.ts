import type { EntryWhole } from "../shapes";

/** The changes of a call: what was done, else what was asked for. Old clients name the notebook in the call only. */
export function diffsOf(call: EntryWhole | undefined, result: EntryWhole | undefined): EntryWhole["diff"] {
  const asked = call?.diff ?? [];
  if (!result?.diff.length) return asked;
  return result.diff.map((diff) => (diff.path === "" ? { ...diff, path: asked[0]?.path ?? "" } : diff));
}
