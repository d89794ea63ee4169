/** What the raw line of an entry says beside the parts that the server draws from it. */
import type { EntryWhole } from "../shapes";

export type Fields = Record<string, unknown>;

/** Longer raw lines are not read again in the page: their parts tell enough. */
const RAW_CHARACTERS_MAX = 4_000_000;

const read = new WeakMap<EntryWhole, Fields>();
const NOTHING: Fields = {};

/** The line as an object; empty where it is none, or too long to be read here. */
export function lineOf(whole: EntryWhole): Fields {
  let line = read.get(whole);
  if (line === undefined) {
    line = parsed(whole.raw);
    read.set(whole, line);
  }
  return line;
}

function parsed(raw: string): Fields {
  if (raw.length > RAW_CHARACTERS_MAX) return NOTHING;
  try {
    const line: unknown = JSON.parse(raw);
    return isRecord(line) ? line : NOTHING;
  } catch {
    return NOTHING;
  }
}

/** The input object of a call, or null where the line has none that can be read. */
export function toolInput(whole: EntryWhole): Fields | null {
  const part = whole.content.find((one) => one.kind === "json" && one.label === "input");
  if (part && isRecord(part.value)) return part.value;
  const block = blockOf(whole, "tool_use", "id");
  return block && isRecord(block.input) ? block.input : null;
}

/** What the client noted about the result of a call; empty where it noted no more than the text. */
export function toolOutcome(whole: EntryWhole): Fields {
  const outcome = lineOf(whole).toolUseResult;
  return isRecord(outcome) ? outcome : NOTHING;
}

function blockOf(whole: EntryWhole, type: string, key: string): Fields | null {
  const blocks = record(lineOf(whole).message).content;
  if (!Array.isArray(blocks)) return null;
  for (const block of blocks) {
    if (!isRecord(block) || block.type !== type) continue;
    if (whole.tool_use_id === null || block[key] === whole.tool_use_id) return block;
  }
  return null;
}

export function isRecord(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value as an object, an empty one for anything else. */
export function record(value: unknown): Fields {
  return isRecord(value) ? value : NOTHING;
}

/** The members of a list that are objects. */
export function records(value: unknown): Fields[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

/** The field as text; null where it is missing, empty or something else. */
export function textField(fields: Fields, name: string): string | null {
  const value = Object.hasOwn(fields, name) ? fields[name] : null;
  return typeof value === "string" && value !== "" ? value : null;
}

/** The field as a number; null where it is missing or something else. */
export function numberField(fields: Fields, name: string): number | null {
  const value = Object.hasOwn(fields, name) ? fields[name] : null;
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}
