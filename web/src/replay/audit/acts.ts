/** Which cards of the Audit summary an entry belongs to; `act:` in the trace's filter means the same. */
import type { Entry } from "../shapes";
import { entriesOf, type Row } from "../trace/rows";

export const AUDIT_CARDS = [
  "finding",
  "permission",
  "hook-block",
  "error",
  "command",
  "host",
  "file-write",
  "mcp",
  "subagent",
] as const;
export type AuditCard = (typeof AUDIT_CARDS)[number];

export const CARD_WORDS: Record<AuditCard, string> = {
  finding: "Findings",
  permission: "Permissions",
  "hook-block": "Hooks that blocked",
  error: "Failures",
  command: "Commands",
  host: "Hosts named",
  "file-write": "Files written",
  mcp: "MCP",
  subagent: "Subagents",
};

const NONE: readonly AuditCard[] = [];
const CARD_OF: Record<Exclude<Entry["act"], "">, readonly AuditCard[]> = {
  command: ["command"],
  "file-write": ["file-write"],
  network: ["host"],
  mcp: ["mcp"],
  subagent: ["subagent"],
  permission: ["permission"],
  "hook-block": ["hook-block"],
};

/** Almost all entries belong to none: that answer costs nothing. `row` is the row that holds the entry. */
export function cardsOf(entry: Entry, row: Row): readonly AuditCard[] {
  const { act, facts } = entry;
  if (!act && !facts && !entry.is_error && !entry.is_denied && entry.findings.length === 0) return NONE;
  if (act && !facts?.hosts && !facts?.paths && !entry.is_error && entry.findings.length === 0)
    return CARD_OF[act];
  const cards: AuditCard[] = act ? [...CARD_OF[act]] : [];
  if (act !== "network" && facts?.hosts?.length) cards.push("host");
  // A result repeats the file of its call; only one without its call speaks for itself.
  const speaks = act === "command" || (entry.role === "result" && row.kind === "entry");
  if (speaks && facts?.paths?.length) cards.push("file-write");
  if (act !== "permission" && (facts?.permission || entry.is_denied)) cards.push("permission");
  if (isBlockedSilently(entry, row)) cards.push("hook-block");
  if (entry.is_error && !entry.is_denied && act !== "hook-block") cards.push("error");
  if (entry.findings.length > 0) cards.push("finding");
  return cards;
}

/** A hook blocked the call, and no line of the hook's own says so. */
function isBlockedSilently(entry: Entry, row: Row): boolean {
  const verdict = entry.facts?.permission;
  if (verdict?.by !== "hook" || verdict.decision !== "denied") return false;
  return row.kind !== "tool" || !row.progress.some((report) => report.act === "hook-block");
}

export function isOfCard(row: Row, card: AuditCard): boolean {
  return entriesOf(row).some((entry) => cardsOf(entry, row).includes(card));
}

export function isAuditCard(word: string): word is AuditCard {
  return (AUDIT_CARDS as readonly string[]).includes(word);
}
