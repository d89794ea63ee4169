/**
 * The trace's filter: one line of text that fits into the address.
 *
 * `type:tool,user` keeps entry types, `tool:Bash` tools, `is:error` a property, `act:command` what
 * a card of the Audit summary counts, `only:matches` hides what does not contain the text; everything else is the text looked for, taken as one
 * phrase, without regard to case.
 */
import { AUDIT_CARDS, type AuditCard, isAuditCard, isOfCard } from "../audit/acts";
import { ENTRY_TYPES, type Entry, type EntryType } from "../shapes";
import { type EntryRow, entriesOf, keyOf, type Row } from "./rows";

export const MARKS = ["error", "denied", "finding", "diff", "subagent", "inherited", "damaged"] as const;
export type Mark = (typeof MARKS)[number];

export interface Query {
  types: ReadonlySet<EntryType>;
  tools: ReadonlySet<string>;
  marks: ReadonlySet<Mark>;
  acts: ReadonlySet<AuditCard>;
  onlyMatches: boolean;
  text: string;
}

export const EVERYTHING: Query = {
  types: new Set(),
  tools: new Set(),
  marks: new Set(),
  acts: new Set(),
  onlyMatches: false,
  text: "",
};

const TOKEN = /(?:^|\s)(type|tool|is|act|only):(\S+)/g;

export function parseQuery(line: string): Query {
  const types = new Set<EntryType>();
  const tools = new Set<string>();
  const marks = new Set<Mark>();
  const acts = new Set<AuditCard>();
  let onlyMatches = false;
  const text = line.replace(TOKEN, (whole, name: string, list: string) => {
    const words = list.split(",");
    if (name === "type" && words.every(isEntryType)) for (const word of words) types.add(word);
    else if (name === "tool") for (const word of words) tools.add(decodeURIComponentOrSame(word));
    else if (name === "is" && words.every(isMark)) for (const word of words) marks.add(word);
    else if (name === "act" && words.every(isAuditCard)) for (const word of words) acts.add(word);
    else if (name === "only" && list === "matches") onlyMatches = true;
    else return whole;
    return "";
  });
  return { types, tools, marks, acts, onlyMatches, text: text.trim() };
}

/** The line without a token at its end that may still be typed. */
export function withoutOpenToken(line: string): string {
  return line.replace(/(?:^|\s)(?:type|tool|is|act|only):\S*$/, "");
}

export function formatQuery(query: Query): string {
  const tokens = [
    query.types.size > 0 && `type:${ENTRY_TYPES.filter((type) => query.types.has(type)).join(",")}`,
    query.tools.size > 0 && `tool:${[...query.tools].map(encodeTool).join(",")}`,
    query.marks.size > 0 && `is:${MARKS.filter((mark) => query.marks.has(mark)).join(",")}`,
    query.acts.size > 0 && `act:${AUDIT_CARDS.filter((card) => query.acts.has(card)).join(",")}`,
    query.onlyMatches && "only:matches",
    query.text,
  ];
  return tokens.filter(Boolean).join(" ");
}

/** The query as it stands in the address; undefined for everything, which needs no word there. */
export function addressedQuery(query: Query): string | undefined {
  return formatQuery(query) || undefined;
}

export function toggled<T>(set: ReadonlySet<T>, member: T): Set<T> {
  const next = new Set(set);
  if (!next.delete(member)) next.add(member);
  return next;
}

/** The words of a mark and of an entry's types meet here only. */
export function hasMark(entry: Entry, mark: Mark): boolean {
  switch (mark) {
    case "error":
      return entry.is_error;
    case "denied":
      return entry.is_denied;
    case "finding":
      return entry.findings.length > 0;
    case "diff":
      return entry.has_diff;
    case "subagent":
      return entry.subagent_session_id !== null;
    case "inherited":
      return entry.inherited;
    case "damaged":
      return isDamaged(entry);
  }
}

/** A change that was refused or failed is none. */
function rowHasMark(row: Row, mark: Mark): boolean {
  if (mark === "diff" && hasFailed(row)) return false;
  return entriesOf(row).some((entry) => hasMark(entry, mark));
}

/** The call ended in an error or was denied. */
export function hasFailed(row: Row): boolean {
  return row.kind === "tool" && entriesOf(row).some((entry) => entry.is_error || entry.is_denied);
}

export function isDamaged(entry: Entry): boolean {
  return entry.raw_type === "damaged" || entry.raw_type === "oversized";
}

const NOTHING_FOUND: ReadonlyMap<number, unknown> = new Map();

export interface VisibleTrace {
  rows: readonly Row[];
  /** Indices into `rows` of those that hold the text; empty without a text. */
  matches: readonly number[];
}

/**
 * What is on the screen: the view's rows that pass the filter, with the members of opened rows below them.
 *
 * `open` holds keys of rows whose members are listed in place, `found` the numbers of entries whose full text, which
 * is not here, holds the words.
 */
export function visibleTrace(
  rows: readonly Row[],
  view: "dev" | "audit",
  query: Query,
  open: ReadonlySet<number>,
  found: ReadonlyMap<number, unknown> = NOTHING_FOUND,
): VisibleTrace {
  const needle = query.text.toLowerCase();
  const shown: Row[] = [];
  const matches: number[] = [];
  for (const row of rows) {
    if (view === "audit" && !entriesOf(row).some(isAudit)) continue;
    const kept = narrowed(row, query, view);
    if (!kept) continue;
    const matching =
      needle !== "" && entriesOf(kept).some((entry) => contains(entry, needle) || found.has(entry.seq));
    if (query.onlyMatches && needle !== "" && !matching) continue;
    if (matching) matches.push(shown.length);
    shown.push(kept);
    if (open.has(row.key)) shown.push(...membersOf(kept));
  }
  return { rows: shown, matches };
}

export interface Counts {
  types: Record<EntryType, number>;
  marks: Record<Mark, number>;
  tools: ReadonlyMap<string, number>;
}

/** Entries per type and mark of what the view lists. A call with its result counts once. */
export function countsOf(rows: readonly Row[], view: "dev" | "audit"): Counts {
  const types = Object.fromEntries(ENTRY_TYPES.map((type) => [type, 0])) as Record<EntryType, number>;
  const marks = Object.fromEntries(MARKS.map((mark) => [mark, 0])) as Record<Mark, number>;
  const tools = new Map<string, number>();
  for (const row of rows) {
    const entries = entriesOf(row);
    if (view === "audit" && !entries.some(isAudit)) continue;
    for (const mark of MARKS) if (rowHasMark(row, mark)) marks[mark] += 1;
    for (const entry of entries) {
      if ((row.kind === "tool" && entry === row.result) || !isListed(entry, row, view)) continue;
      types[entry.type] += 1;
      if (entry.type === "tool" && entry.tool) tools.set(entry.tool, (tools.get(entry.tool) ?? 0) + 1);
    }
  }
  return { types, marks, tools };
}

export function isAudit(entry: Entry): boolean {
  return entry.audit || entry.findings.length > 0;
}

/** In the Audit view the progress reports of a call are no entries of their own: they lie in its row, folded. */
function isListed(entry: Entry, row: Row, view: "dev" | "audit"): boolean {
  return view === "dev" || row.kind !== "tool" || entry.type !== "progress";
}

/** The row, or the part of it that the filter keeps, or null. */
function narrowed(row: Row, query: Query, view: "dev" | "audit"): Row | null {
  if (query.acts.size > 0 && ![...query.acts].some((card) => isOfCard(row, card))) return null;
  if (query.types.size === 0 && query.tools.size === 0 && query.marks.size === 0) return row;
  if (query.marks.size > 0 && ![...query.marks].some((mark) => rowHasMark(row, mark))) return null;
  const entries = entriesOf(row).filter((entry) => isListed(entry, row, view) && passes(entry, query));
  if (entries.length === 0) return null;
  if (row.kind === "fold") return entries.length === row.entries.length ? row : { ...row, entries };
  return row;
}

function passes(entry: Entry, query: Query): boolean {
  if (query.types.size > 0 && !query.types.has(entry.type)) return false;
  return query.tools.size === 0 || (entry.tool !== null && query.tools.has(entry.tool));
}

function contains(entry: Entry, needle: string): boolean {
  return (
    entry.preview.toLowerCase().includes(needle) ||
    entry.label.toLowerCase().includes(needle) ||
    (entry.tool ?? "").toLowerCase().includes(needle) ||
    entry.raw_type.toLowerCase().includes(needle)
  );
}

function membersOf(row: Row): EntryRow[] {
  const members = row.kind === "fold" ? row.entries : row.kind === "tool" ? row.progress : [];
  return members.map((entry) => ({
    kind: "entry",
    // The row of a run has its first member's number: members are told apart by half a step.
    key: keyOf(entry.seq, row.nest) + 0.5,
    nest: row.nest,
    entry,
    depth: row.depth + 1,
    idle_ms: null,
  }));
}

function isEntryType(word: string): word is EntryType {
  return (ENTRY_TYPES as readonly string[]).includes(word);
}

function isMark(word: string): word is Mark {
  return (MARKS as readonly string[]).includes(word);
}

function encodeTool(tool: string): string {
  return encodeURIComponent(tool).replaceAll(",", "%2C");
}

function decodeURIComponentOrSame(word: string): string {
  try {
    return decodeURIComponent(word);
  } catch {
    return word;
  }
}
