/** The input of a tool call, as the call has it. */
import type { EntryWhole } from "../shapes";

export type ToolInput = Record<string, unknown>;

/** Longer raw lines are not read again in the page: their parts tell enough. */
const RAW_CHARACTERS_MAX = 2_000_000;

/** The input object of a call, or null where the line has none that can be read. */
export function toolInput(whole: EntryWhole): ToolInput | null {
  const part = whole.content.find((one) => one.kind === "json" && one.label === "input");
  if (part && isRecord(part.value)) return part.value;
  if (whole.raw.length > RAW_CHARACTERS_MAX) return null;
  try {
    return inputOfBlock(JSON.parse(whole.raw), whole.tool_use_id);
  } catch {
    return null;
  }
}

function inputOfBlock(line: unknown, toolUseId: string | null): ToolInput | null {
  const message = isRecord(line) ? line.message : null;
  const blocks = isRecord(message) ? message.content : null;
  if (!Array.isArray(blocks)) return null;
  for (const block of blocks) {
    if (!isRecord(block) || block.type !== "tool_use") continue;
    if ((toolUseId === null || block.id === toolUseId) && isRecord(block.input)) return block.input;
  }
  return null;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The field as text; null where it is missing or something else. */
export function textField(input: ToolInput, name: string): string | null {
  const value = input[name];
  return typeof value === "string" ? value : null;
}
