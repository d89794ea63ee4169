/**
 * Rows of a trace, built while entries arrive.
 *
 * Law: every entry is in exactly one row. A tool call and its result share a row (by
 * `tool_use_id`), progress reports lie in the row of their call, and a run of machine records is
 * one row. A row object is replaced when something is added to it, so that a drawn row can tell
 * by identity whether it must be drawn again; the list of its members is shared and grows in place,
 * since a run can have 100,000 of them.
 */
import { instantOf } from "../instant";
import type { Entry, EntryPatch } from "../shapes";

/** Where the trace of a subagent stands that is opened in place, inside another one. */
export interface Nest {
  /** The subagent's session: what `seq` counts in. */
  sessionId: string;
  /** 1 for a subagent of the session that the page shows. */
  level: number;
  /** Added to `seq` in the keys of its rows, since numbers repeat from session to session. */
  keysFrom: number;
  parent: Nest | null;
}

export interface EntryRow {
  kind: "entry";
  /** `seq` of the row's first entry, above its nest's `keysFrom`: the row's identity on the page. */
  key: number;
  nest?: Nest | undefined;
  entry: Entry;
  depth: number;
  /** Time since the entry before, when it is long enough to be told. */
  idle_ms: number | null;
}

export interface ToolRow {
  kind: "tool";
  key: number;
  nest?: Nest | undefined;
  call: Entry;
  result: Entry | null;
  progress: Entry[];
  depth: number;
  idle_ms: number | null;
}

export interface FoldRow {
  kind: "fold";
  key: number;
  nest?: Nest | undefined;
  entries: Entry[];
  depth: number;
  idle_ms: number | null;
}

/** A subagent, below the call that spawned it: it holds no entry, what is shown of its trace lies under it. */
export interface AgentRow {
  kind: "agent";
  /** Just below the keys of the subagent's own rows. */
  key: number;
  /** Where the row stands, which is where its call does. */
  nest?: Nest | undefined;
  /** The subagent's session. */
  agent: string;
  /** Its place among those that the call spawned, from 1, and how many they are. */
  place: number;
  among: number;
  /** The entry that spawned it. */
  call: Entry;
  depth: number;
  idle_ms: null;
}

export type Row = EntryRow | ToolRow | FoldRow | AgentRow;

export type ToolStatus = "running" | "ok" | "error" | "denied" | "no-result";

/** Gaps shorter than this are work, longer ones are waiting; the server's active time uses the same bound. */
export const IDLE_MS_MIN = 5 * 60_000;

export class Rows {
  readonly list: Row[] = [];
  readonly entries = new Map<number, Entry>();
  #indexOfSeq = new Map<number, number>();
  #rowOfCall = new Map<string, number>();
  #lastTime: number | null = null;
  readonly #nest: Nest | undefined;

  /** @param nest Where the rows stand, for those of a subagent that is opened in place. */
  constructor(nest?: Nest) {
    this.#nest = nest;
  }

  get entryCount(): number {
    return this.entries.size;
  }

  /** The highest `seq` so far, -1 before the first entry. */
  last = -1;

  append(entries: readonly Entry[]): void {
    for (const entry of entries) {
      if (this.entries.has(entry.seq)) this.#replace(entry);
      else this.#add(entry);
    }
  }

  patch(patches: readonly EntryPatch[]): void {
    for (const { seq, ...facts } of patches) {
      const entry = this.entries.get(seq);
      if (entry) this.#replace({ ...entry, ...withoutNulls(facts) });
    }
  }

  /** Index in `list` of the row that holds the entry, -1 if it has not arrived. */
  indexOf(seq: number): number {
    return this.#indexOfSeq.get(seq) ?? -1;
  }

  #add(entry: Entry): void {
    const idle_ms = this.#idleBefore(entry);
    this.entries.set(entry.seq, entry);
    this.last = Math.max(this.last, entry.seq);
    if (this.#joinToCall(entry) || this.#joinToRun(entry)) return;

    const nest = this.#nest;
    // All of a subagent's own trace is a sidechain, and nothing in it is nested for that.
    const depth = nest ? nest.level : entry.sidechain ? 1 : 0;
    const base = { key: keyOf(entry.seq, nest), nest, depth, idle_ms };
    const index = this.list.length;
    this.#indexOfSeq.set(entry.seq, index);
    if (isCall(entry)) {
      this.list.push({ kind: "tool", ...base, call: entry, result: null, progress: [] });
      if (entry.tool_use_id) this.#rowOfCall.set(entry.tool_use_id, index);
    } else if (entry.folded) {
      this.list.push({ kind: "fold", ...base, entries: [entry] });
    } else {
      this.list.push({ kind: "entry", ...base, entry });
    }
  }

  #joinToCall(entry: Entry): boolean {
    if (!entry.tool_use_id || isCall(entry)) return false;
    const index = this.#rowOfCall.get(entry.tool_use_id);
    const row = index === undefined ? undefined : this.list[index];
    if (index === undefined || row?.kind !== "tool") return false;
    if (entry.type === "tool" && entry.role === "result") {
      if (row.result) return false;
      this.list[index] = { ...row, result: entry };
    } else if (entry.type === "progress") {
      row.progress.push(entry);
      this.list[index] = { ...row };
    } else return false;
    this.#indexOfSeq.set(entry.seq, index);
    return true;
  }

  #joinToRun(entry: Entry): boolean {
    const index = this.list.length - 1;
    const row = this.list[index];
    if (!entry.folded || row?.kind !== "fold" || isCall(entry)) return false;
    row.entries.push(entry);
    this.list[index] = { ...row };
    this.#indexOfSeq.set(entry.seq, index);
    return true;
  }

  #replace(entry: Entry): void {
    this.entries.set(entry.seq, entry);
    const index = this.indexOf(entry.seq);
    const row = this.list[index];
    if (!row) return;
    const swap = (known: Entry) => (known.seq === entry.seq ? entry : known);
    if (row.kind === "entry") this.list[index] = { ...row, entry };
    else if (row.kind === "fold") this.list[index] = { ...row, entries: row.entries.map(swap) };
    else if (row.kind === "tool")
      this.list[index] = {
        ...row,
        call: swap(row.call),
        result: row.result && swap(row.result),
        progress: row.progress.map(swap),
      };
  }

  #idleBefore(entry: Entry): number | null {
    const time = instantOf(entry.at);
    if (Number.isNaN(time) || entry.inherited) return null;
    const idle = this.#lastTime === null ? 0 : time - this.#lastTime;
    this.#lastTime = Math.max(time, this.#lastTime ?? time);
    return idle >= IDLE_MS_MIN ? idle : null;
  }
}

/** The identity of the row that an entry begins. */
export function keyOf(seq: number, nest: Nest | undefined): number {
  return seq + (nest?.keysFrom ?? 0);
}

/** What the page's address says of a row: a subagent's own names no entry. */
export function addressOf(row: Row): { entry: number | undefined; agent: string | undefined } {
  if (row.kind === "agent") return { entry: undefined, agent: row.agent };
  return { entry: headOf(row).seq, agent: row.nest?.sessionId };
}

function isCall(entry: Entry): boolean {
  return entry.type === "tool" && entry.role === "call";
}

function withoutNulls<T extends object>(facts: T): Partial<{ [K in keyof T]: NonNullable<T[K]> }> {
  return Object.fromEntries(
    Object.entries(facts).filter(([, value]) => value !== null && value !== undefined),
  ) as Partial<{ [K in keyof T]: NonNullable<T[K]> }>;
}

const NO_ENTRIES: readonly Entry[] = [];

/** Entries of a row in the order of the file. */
export function entriesOf(row: Row): readonly Entry[] {
  if (row.kind === "entry") return [row.entry];
  if (row.kind === "fold") return row.entries;
  if (row.kind === "agent") return NO_ENTRIES;
  return row.result ? [row.call, ...row.progress, row.result] : [row.call, ...row.progress];
}

/** The entry that stands for the row: its link, its time, what the inspector opens; for a subagent its call. */
export function headOf(row: Row): Entry {
  if (row.kind === "tool" || row.kind === "agent") return row.call;
  if (row.kind === "entry") return row.entry;
  return row.entries[0] as Entry;
}

export function statusOf(row: ToolRow, live: boolean): ToolStatus {
  if (row.result?.is_denied || row.call.is_denied) return "denied";
  if (row.result?.is_error || row.call.is_error) return "error";
  if (row.result) return "ok";
  return live ? "running" : "no-result";
}

/** What the result says about its duration, else the time between the two lines; null when unknown. */
export function durationOf(row: ToolRow): number | null {
  if (!row.result) return null;
  if (row.result.duration_ms !== null) return row.result.duration_ms;
  const between = instantOf(row.result.at) - instantOf(row.call.at);
  return between >= 0 ? between : null;
}
