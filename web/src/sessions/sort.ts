export const SORTS = [
  "-started_at",
  "started_at",
  "-duration_ms",
  "duration_ms",
  "-messages",
  "messages",
  "-tokens",
  "tokens",
] as const;

export type Sort = (typeof SORTS)[number];
export type SortKey = "started_at" | "duration_ms" | "messages" | "tokens";

export const SORT_DEFAULT: Sort = "-started_at";

/** A click on a header: the largest or newest first, then the other way round. */
export function nextSort(current: Sort, key: SortKey): Sort {
  return current === `-${key}` ? key : `-${key}`;
}
