/** What a dense row says of an entry: where its words stand, and in which form. */
import type { Entry } from "../shapes";
import { isDamaged } from "./query";

const ASIDE_CHARACTERS_MAX = 100;
/** Tools whose call is told in one sentence. */
const SENTENCE_TOOLS = new Set(["TodoWrite"]);

/** What a preview adds to a row whose head shows the label already: a few words beside it, or a text below. */
export function wordsOf(entry: Entry): { aside: string; body: string } {
  const { preview, label } = entry;
  const rest = label !== "" && preview.startsWith(label) ? preview.slice(label.length) : null;
  if (rest !== null && rest.trim() === "") return { aside: "", body: "" };
  // A record of which only the size is told.
  if (rest !== null && /^, \d[^\n]*$/.test(rest)) return { aside: rest.slice(2), body: "" };
  if (rest?.startsWith("\n")) return { aside: "", body: rest.replace(/^\s*\n/, "") };
  // A pattern's place, a file's lines.
  if (rest !== null && /^ in [^\n]*$/.test(rest)) return { aside: rest.trim(), body: "" };
  const lines = rest === null ? null : /^:(\d+)(?:-(\d+))?$/.exec(rest);
  if (lines) return { aside: lines[2] ? `lines ${lines[1]}–${lines[2]}` : `from line ${lines[1]}`, body: "" };
  return isSentence(entry)
    ? { aside: withoutName(preview.trim(), label), body: "" }
    : { aside: "", body: preview };
}

/** `Permission mode: plan` under the label `permission mode` is `plan`. */
function withoutName(sentence: string, label: string): string {
  const isNamed = label !== "" && sentence.toLowerCase().startsWith(label.toLowerCase());
  return (isNamed && /^[:,]\s+(.+)$/.exec(sentence.slice(label.length))?.[1]) || sentence;
}

/** A record that one line tells, and that no terminal wrote. */
function isSentence(entry: Entry): boolean {
  const { type, preview } = entry;
  if (preview.length > ASIDE_CHARACTERS_MAX || preview.trim().includes("\n")) return false;
  if (type === "tool") return entry.role === "call" && SENTENCE_TOOLS.has(entry.tool ?? "");
  const isRecord = type === "system" || type === "snapshot" || type === "progress";
  return isRecord && !isDamaged(entry) && !isTerminal(entry);
}

/** `+6 -0` above the first line of a change, or a new file's words, as the parser writes them; null for other text. */
export function changeOf(preview: string): { counts: string; line: string } | null {
  if (preview === "file created") return { counts: "new file", line: "" };
  const parts = /^(\+\d+) -(\d+)(?:\n([\s\S]*))?$/.exec(preview);
  return parts ? { counts: `${parts[1]} −${parts[2]}`, line: parts[3] ?? "" } : null;
}

/** The figures at the head of a change, as the parser writes them; null where no patch says them. */
export function changedLines(preview: string): { added: number; removed: number } | null {
  const parts = preview.startsWith("+") ? /^\+(\d+) -(\d+)(?:\n|$)/.exec(preview) : null;
  return parts ? { added: Number(parts[1]), removed: Number(parts[2]) } : null;
}

/** A row is dense: its text stands without the empty lines in it. */
export function withoutEmptyLines(text: string): string {
  return text.replace(/\n(?:[^\S\n]*\n)+/g, "\n").replace(/^\n/, "");
}

/** Tools whose results are what a terminal showed. */
const TERMINAL_TOOLS = new Set(["Bash", "BashOutput", "PowerShell", "TaskOutput"]);
/** As the parser labels what a person's own command wrote. */
const TERMINAL_LABEL = "command output";

/** Whether the entry's text is what a terminal showed, escape sequences and all. */
export function isTerminal(entry: Entry): boolean {
  return (
    (entry.type === "tool" && TERMINAL_TOOLS.has(entry.tool ?? "")) ||
    entry.raw_type === "progress/bash_progress" ||
    (entry.type === "system" && entry.label === TERMINAL_LABEL)
  );
}

/** `mcp__github__create_issue` is `create_issue` of the server `github`. */
export function toolName(tool: string): string {
  const parts = /^mcp__(.+?)__(.+)$/.exec(tool);
  return parts ? `${parts[1]} › ${parts[2]}` : tool;
}
