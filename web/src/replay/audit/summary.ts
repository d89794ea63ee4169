/**
 * What a session did that matters to security, in figures that lead to their entries.
 *
 * Law: only calls name acts; a result adds how its call ended. What was copied from another
 * session is counted there and not here. Every entry counts, whatever the filter shows.
 */

import { isOutside, relativePath } from "../paths";
import type { Entry, Session } from "../shapes";
import { type Row, statusOf } from "../trace/rows";
import { changedLines, toolName } from "../trace/words";
import { type AuditCard, cardsOf } from "./acts";

/** One line of a card: something that was named once or often. */
export interface AuditItem {
  /** What tells it from the others of its card. */
  key: string;
  label: string;
  /** Rows to go to, in the order of the file, by their keys. */
  rows: number[];
  /** Of these, how many ended in an error, and how many were not allowed. */
  failed: number;
  denied: number;
  /** A few words beside the label. */
  aside: string;
  /** Lines added and removed, where a patch or the text itself says so. */
  added: number;
  removed: number;
  /** Needs a second look: outside of the project, permissions off. */
  isMarked: boolean;
  /** A permission mode, which holds from `at` on. */
  isMode: boolean;
  at: string | null;
  /** The subagent's session, where there is one. */
  session: string | null;
}

export interface AuditList {
  items: readonly AuditItem[];
  /** Calls, or lines, behind the items: each counts once however many things it names. */
  count: number;
  failed: number;
  denied: number;
  /** Some of them name more than is listed. */
  isTruncated: boolean;
}

export type AuditSummary = Record<AuditCard, AuditList> & {
  /** Entries looked at, and those left out because another session owns them. */
  entries: number;
  copied: number;
};

const SEVERITIES = ["critical", "high", "medium", "low", "informational"];
/** Modes in which nobody is asked before something is done. */
const OPEN_MODES = new Set(["bypassPermissions", "dontAsk", "auto"]);

class Tally {
  readonly #items = new Map<string, AuditItem>();
  count = 0;
  failed = 0;
  denied = 0;
  isTruncated = false;

  /** Counts one call or line. */
  line(ending: Ending, isTruncated = false): void {
    this.count += 1;
    if (ending === "error") this.failed += 1;
    if (ending === "denied") this.denied += 1;
    if (isTruncated) this.isTruncated = true;
  }

  item(key: string, row: number, ending: Ending, first?: () => Partial<AuditItem>): AuditItem {
    let item = this.#items.get(key);
    if (!item) {
      item = { ...NOTHING, rows: [], key, label: key, ...first?.() };
      this.#items.set(key, item);
    }
    if (item.rows.at(-1) !== row) {
      item.rows.push(row);
      if (ending === "error") item.failed += 1;
      if (ending === "denied") item.denied += 1;
    }
    return item;
  }

  list(order: (one: AuditItem, other: AuditItem) => number = byCount): AuditList {
    const { count, failed, denied, isTruncated } = this;
    return { items: [...this.#items.values()].sort(order), count, failed, denied, isTruncated };
  }
}

const NOTHING: AuditItem = {
  key: "",
  label: "",
  rows: [],
  failed: 0,
  denied: 0,
  aside: "",
  added: 0,
  removed: 0,
  isMarked: false,
  isMode: false,
  at: null,
  session: null,
};

type Ending = "ok" | "error" | "denied";

const byCount = (one: AuditItem, other: AuditItem) => other.rows.length - one.rows.length;
const inOrder = () => 0;
const markedFirst = (one: AuditItem, other: AuditItem) =>
  Number(other.isMarked) - Number(one.isMarked) || byCount(one, other);
const refusedFirst = (one: AuditItem, other: AuditItem) =>
  Number(other.isMarked) - Number(one.isMarked) ||
  Number(other.isMode) - Number(one.isMode) ||
  (one.isMode ? 0 : byCount(one, other));
const worstFirst = (one: AuditItem, other: AuditItem) =>
  SEVERITIES.indexOf(one.aside) - SEVERITIES.indexOf(other.aside) || byCount(one, other);

/** The summary of all rows of a trace; one pass. */
export function auditSummary(
  rows: readonly Row[],
  project: string | null,
  subagents: ReadonlyMap<string, Session>,
): AuditSummary {
  const count = new Count(project, subagents);
  for (const row of rows) count.row(row);
  return count.summary();
}

class Count {
  readonly #project: string | null;
  readonly #subagents: ReadonlyMap<string, Session>;
  readonly #tallies: Record<AuditCard, Tally> = {
    finding: new Tally(),
    permission: new Tally(),
    "hook-block": new Tally(),
    error: new Tally(),
    command: new Tally(),
    host: new Tally(),
    "file-write": new Tally(),
    mcp: new Tally(),
    subagent: new Tally(),
  };
  readonly #counters: Record<AuditCard, (entry: Entry, row: Row, ending: Ending) => void> = {
    finding: (entry, row) => this.#findings(entry, row),
    permission: (entry, row) => this.#permission(entry, row),
    "hook-block": (entry, row) => this.#hookBlock(entry, row),
    error: (entry, row) => this.#error(entry, row),
    command: (entry, row, ending) => this.#command(entry, row, ending),
    host: (entry, row, ending) => this.#hosts(entry, row, ending),
    "file-write": (entry, row, ending) => this.#files(entry, row, ending),
    mcp: (entry, row, ending) => this.#mcp(entry, row, ending),
    subagent: (entry, row, ending) => this.#subagent(entry, row, ending),
  };
  #mode = "default";
  #lastBlock: { label: string; text: string } | null = null;
  #entries = 0;
  #copied = 0;

  constructor(project: string | null, subagents: ReadonlyMap<string, Session>) {
    this.#project = project;
    this.#subagents = subagents;
  }

  row(row: Row): void {
    if (row.kind === "entry") this.#entry(row.entry, row);
    else if (row.kind === "fold") for (const entry of row.entries) this.#entry(entry, row);
    else if (row.kind === "tool") {
      this.#entry(row.call, row);
      for (const entry of row.progress) this.#entry(entry, row);
      if (row.result) this.#entry(row.result, row);
    }
  }

  summary(): AuditSummary {
    const of = this.#tallies;
    return {
      finding: of.finding.list(worstFirst),
      permission: of.permission.list(refusedFirst),
      "hook-block": of["hook-block"].list(),
      error: of.error.list(),
      command: of.command.list(),
      host: of.host.list(),
      "file-write": of["file-write"].list(markedFirst),
      mcp: of.mcp.list(),
      subagent: of.subagent.list(inOrder),
      entries: this.#entries,
      copied: this.#copied,
    };
  }

  #entry(entry: Entry, row: Row): void {
    this.#entries += 1;
    const cards = cardsOf(entry, row);
    if (cards.length === 0 && !entry.facts?.permission_mode) return;
    if (entry.inherited) {
      this.#copied += 1;
      return;
    }
    this.#modeOf(entry, row);
    const ending = endingOf(row);
    for (const card of cards) this.#counters[card](entry, row, ending);
  }

  #command(entry: Entry, row: Row, ending: Ending): void {
    const tally = this.#tallies.command;
    tally.line(ending, entry.facts?.truncated);
    for (const program of entry.facts?.programs ?? NO_PROGRAMS) tally.item(program, row.key, ending);
  }

  #hosts(entry: Entry, row: Row, ending: Ending): void {
    const tally = this.#tallies.host;
    tally.line(ending, entry.facts?.truncated);
    const tool = toolWords(entry);
    if (!entry.facts?.hosts?.length) tally.item(`${tool} without a host`, row.key, ending);
    for (const host of entry.facts?.hosts ?? []) {
      const item = tally.item(host, row.key, ending, () => ({ aside: tool }));
      addName(item, tool);
    }
  }

  #files(entry: Entry, row: Row, ending: Ending): void {
    const tally = this.#tallies["file-write"];
    const isCommand = entry.act === "command";
    // A command that failed may have written; a tool that failed has not.
    const hasWritten = ending === "ok" || (isCommand && ending === "error");
    tally.line(isCommand && ending === "error" ? "ok" : ending, entry.facts?.truncated);
    if (!hasWritten) return;
    for (const path of this.#pathsOf(entry, row)) {
      const item = tally.item(path, row.key, "ok", () => {
        const isMarked = isOutside(path, this.#project);
        return {
          label: relativePath(path, this.#project),
          isMarked,
          aside: isMarked ? "outside the project" : "",
        };
      });
      if (isCommand) addName(item, "by a command");
      else addChange(item, entry, row);
    }
  }

  #pathsOf(entry: Entry, row: Row): string[] {
    const told = row.kind === "tool" ? row.result?.facts?.paths : undefined;
    return (entry.act === "file-write" && told?.length ? told : entry.facts?.paths) ?? [];
  }

  #mcp(entry: Entry, row: Row, ending: Ending): void {
    this.#tallies.mcp.line(ending, entry.facts?.truncated);
    const [server = "", ...rest] = (entry.tool ?? "").replace(/^mcp__/, "").split("__");
    this.#tallies.mcp.item(entry.tool ?? "", row.key, ending, () => ({
      label: rest.length > 0 ? rest.join("__") : server,
      aside: rest.length > 0 ? server : "",
    }));
  }

  #subagent(entry: Entry, row: Row, ending: Ending): void {
    const tally = this.#tallies.subagent;
    const id = entry.subagent_session_id ?? (row.kind === "tool" ? row.result?.subagent_session_id : null);
    const session = id ? (this.#subagents.get(id) ?? null) : null;
    tally.line(ending);
    tally.item(`${row.key}`, row.key, ending, () => ({
      label: entry.label || (entry.tool ?? ""),
      aside: session?.agent_type ?? "",
      session: id ?? null,
    }));
  }

  #permission(entry: Entry, row: Row): void {
    const tally = this.#tallies.permission;
    const verdict = entry.facts?.permission;
    if (verdict || entry.is_denied) {
      const words = verdict?.words ?? "Denied.";
      const isDenied = !verdict || verdict.decision === "denied";
      tally.line(isDenied ? "denied" : "ok");
      const item = tally.item(words, row.key, isDenied ? "denied" : "ok", () => ({
        label: words.replace(/\.$/, ""),
        isMarked: isDenied,
      }));
      if (entry.tool) addName(item, toolName(entry.tool));
    } else if (!entry.facts?.permission_mode) {
      tally.line("ok");
      const label = entry.tool ?? (entry.label || entry.raw_type);
      tally.item(`${label}\n${entry.act}`, row.key, "ok", () => ({ label }));
    }
  }

  /** A mode is told where it changes; the client repeats it with every prompt. */
  #modeOf(entry: Entry, row: Row): void {
    const mode = entry.facts?.permission_mode;
    if (!mode || mode === this.#mode) return;
    this.#mode = mode;
    this.#tallies.permission.line("ok");
    this.#tallies.permission.item(`mode ${row.key}`, row.key, "ok", () => ({
      label: mode,
      isMode: true,
      at: entry.at,
      isMarked: OPEN_MODES.has(mode),
    }));
  }

  #error(entry: Entry, row: Row): void {
    this.#tallies.error.line("ok");
    this.#tallies.error.item(nameOf(entry), row.key, "ok", () => ({ aside: firstLine(entry.preview) }));
  }

  /** The refused call and the hook's own line may both tell of one block: it counts once and leads to both. */
  #hookBlock(entry: Entry, row: Row): void {
    const tally = this.#tallies["hook-block"];
    const text = firstLine(entry.preview);
    const before = this.#lastBlock;
    if (before && text !== "" && (before.text.includes(text) || text.includes(before.text))) {
      this.#lastBlock = null;
      tally.item(before.label, row.key, "ok");
      return;
    }
    const label = nameOf(entry);
    this.#lastBlock = text === "" ? null : { label, text };
    tally.line("ok");
    tally.item(label, row.key, "ok", () => ({ aside: text }));
  }

  #findings(entry: Entry, row: Row): void {
    for (const { rule, severity } of entry.findings) {
      this.#tallies.finding.line("ok");
      this.#tallies.finding.item(`${severity} ${rule}`, row.key, "ok", () => ({
        label: rule,
        aside: severity,
      }));
    }
  }
}

/** Stands for a command in which no program could be made out. */
const NO_PROGRAMS = ["(no program)"];

function endingOf(row: Row): Ending {
  if (row.kind !== "tool") return "ok";
  const status = statusOf(row, false);
  return status === "denied" || status === "error" ? status : "ok";
}

function addChange(item: AuditItem, entry: Entry, row: Row): void {
  const change = row.kind === "tool" ? changedLines(row.result?.preview ?? "") : null;
  item.added += change ? change.added : (entry.facts?.lines ?? 0);
  item.removed += change ? change.removed : 0;
}

/** Most often it is the name that is there already. */
function addName(item: AuditItem, name: string): void {
  if (item.aside === name) return;
  const names = item.aside === "" ? [] : item.aside.split(", ");
  if (!names.includes(name)) item.aside = [...names, name].join(", ");
}

function toolWords(entry: Entry): string {
  const server = /^mcp__(.+?)__/.exec(entry.tool ?? "")?.[1];
  return server ? `MCP ${server}` : (entry.tool ?? "a person's command");
}

function nameOf(entry: Entry): string {
  return entry.tool ? toolName(entry.tool) : entry.label || entry.raw_type;
}

export function firstLine(text: string): string {
  return text.trimStart().split("\n", 1)[0] ?? "";
}
