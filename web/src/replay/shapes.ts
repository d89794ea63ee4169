/**
 * The API's shapes as this page sees them.
 *
 * The server writes every field of a struct, defaults included, so a field that the schema
 * calls optional is always there; only patches leave out what did not change.
 */
import type { components } from "../api/schema";

type Schemas = components["schemas"];
type Present<T> = { [K in keyof T]-?: Exclude<T[K], undefined> };

export type EntryType = Entry["type"];
/** Of these the server leaves out what says nothing. */
type Facts = Partial<Schemas["Facts"]>;
export type Entry = Omit<Present<Schemas["Entry"]>, "facts"> & { facts: Facts | null };
export type EntryPatch = Schemas["EntryPatch"];
export type ContentPart = Omit<Present<Schemas["ContentPart"]>, "value"> & { value: unknown };
export type DiffHunk = Present<Schemas["DiffHunk"]>;
export type FileDiff = Omit<Present<Schemas["FileDiff"]>, "hunks"> & { hunks: DiffHunk[] };
export type EntryWhole = Omit<Present<Schemas["EntryWhole"]>, "content" | "diff" | "facts" | "meta"> & {
  facts: Facts | null;
  content: ContentPart[];
  diff: FileDiff[];
  meta: Record<string, unknown>;
};
export type Session = Present<Schemas["Session"]>;

export const ENTRY_TYPES = [
  "user",
  "assistant",
  "tool",
  "thinking",
  "progress",
  "system",
  "summary",
  "snapshot",
] as const satisfies readonly EntryType[];
