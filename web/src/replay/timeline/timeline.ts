/**
 * The clock of a replay: when each row of a trace appears on it.
 *
 * Law: the order is that of the file. The times of its lines go back now and then, so a row's instant is the latest
 * so far, and a row without a time has that of the row before. On the clock a row stands for `ROW_MS_MIN` at least:
 * positions grow strictly, every position has one last row and every row a position of its own.
 */
import { instantOf } from "../instant";
import type { Entry } from "../shapes";
import { entriesOf, headOf, IDLE_MS_MIN, type Row } from "../trace/rows";

/** Of rows with one and the same time, each is seen for a moment; a frame at full speed adds few rows. */
export const ROW_MS_MIN = 40;
/** With idle time skipped, nothing lasts longer. */
export const PAUSE_MS_MAX = 2_000;

/** What a row is marked for; a set of them is a sum. */
export const MARK = {
  prompt: 1,
  finding: 2,
  notice: 4,
  error: 8,
  change: 16,
  subagent: 32,
  compaction: 64,
  idle: 128,
} as const;
export type MarkName = keyof typeof MARK;

/** Rows gathered into the columns or lines of a picture. */
export interface Bins {
  counts: Uint32Array;
  /** Sums of marks. */
  marks: Uint8Array;
}

export class Timeline {
  readonly rows: readonly Row[];
  /** Whether long pauses are cut to `PAUSE_MS_MAX`. */
  readonly skipIdle: boolean;
  /** Milliseconds since 1970 of each row, never going back; all 0 where no row has a time. */
  readonly instants: Float64Array;
  /** Milliseconds on the clock at which each row appears, strictly growing from 0. */
  readonly starts: Float64Array;
  /** Milliseconds on the clock at which a call's result joins its row; NaN where none does. */
  readonly joins: Float64Array;
  readonly marks: Uint8Array;
  /** Milliseconds on the clock after which all is there. */
  readonly duration: number;
  /** Rows before which nothing happened for so long that it counts as idle. */
  readonly idle: readonly number[];
  /** Milliseconds since 1970 of each row's result; NaN for none. */
  readonly #results: Float64Array;
  readonly #latestJoin: Float64Array;

  /** `before`: an earlier timeline of the same trace, from which what has not changed is taken. */
  constructor(rows: readonly Row[], skipIdle: boolean, before: Timeline | null = null) {
    const { length } = rows;
    this.rows = rows;
    this.skipIdle = skipIdle;
    this.instants = new Float64Array(length);
    this.starts = new Float64Array(length);
    this.joins = new Float64Array(length);
    this.marks = new Uint8Array(length);
    this.#results = new Float64Array(length);
    this.#latestJoin = new Float64Array(length);
    this.#read(before ? this.#taken(before) : 0);
    this.idle = this.#place();
    this.duration = this.#join();
  }

  /** How many rows have appeared at a position; at least one, where there are any. */
  countAt(position: number): number {
    return this.rows.length === 0 ? 0 : Math.max(1, upperBound(this.starts, position));
  }

  /** Milliseconds since 1970 at a position; between two rows time goes on evenly. */
  instantAt(position: number): number {
    const index = this.countAt(position) - 1;
    if (index < 0) return 0;
    const from = this.instants[index] as number;
    const next = this.instants[index + 1];
    if (next === undefined) return from;
    return from + (next - from) * this.#share(index, position);
  }

  /** Calls among the first `count` rows whose results are still to come at a position. */
  pendingAt(position: number, count: number): number[] {
    const pending: number[] = [];
    let index = upperBound(this.#latestJoin.subarray(0, count), position);
    for (; index < count; index += 1) if ((this.joins[index] as number) > position) pending.push(index);
    return pending;
  }

  /** Where a position of another timeline of the same trace lies on this one: at the same row, if it is here. */
  positionFrom(other: Timeline, position: number): number {
    const index = other.countAt(position) - 1;
    const row = other.rows[index];
    if (!row) return 0;
    const same = this.#indexOfKey(row.key, index);
    if (same !== -1) return this.#start(same) + this.#gap(same) * other.#share(index, position);
    const earlier = this.rows.findLastIndex((one) => one.key < row.key);
    return this.#start(Math.max(0, earlier));
  }

  /** Rows by the time at which they appear. */
  byClock(bins: number): Bins {
    const scale = this.duration > 0 ? bins / this.duration : 0;
    return this.#binned(bins, (index) => this.#start(index) * scale);
  }

  /** Rows by their place in the list. */
  byPlace(bins: number): Bins {
    const scale = this.rows.length > 0 ? bins / this.rows.length : 0;
    return this.#binned(bins, (index) => index * scale);
  }

  /** The marked row nearest to `index`, no further than `within` rows away; -1 for none. */
  nearestMarked(index: number, within: number): number {
    const isMarked = (at: number) => ((this.marks[at] ?? 0) & ~MARK.idle) !== 0;
    for (let step = 0; step <= within; step += 1) {
      if (isMarked(index - step)) return index - step;
      if (isMarked(index + step)) return index + step;
    }
    return -1;
  }

  /** Copies what the rows that are the same in both have in common, and counts them. */
  #taken(before: Timeline): number {
    const most = Math.min(this.rows.length, before.rows.length);
    let same = 0;
    while (same < most && this.rows[same] === before.rows[same]) same += 1;
    this.instants.set(before.instants.subarray(0, same));
    this.#results.set(before.#results.subarray(0, same));
    this.marks.set(before.marks.subarray(0, same));
    return same;
  }

  /** Times and marks of the rows from `from` on. */
  #read(from: number): void {
    let latest = this.instants[from - 1] ?? 0;
    let unknown = latest === 0;
    for (let index = from; index < this.rows.length; index += 1) {
      const row = this.rows[index] as Row;
      const at = instantOf(headOf(row).at);
      if (at > latest) latest = at;
      if (unknown && latest > 0) {
        this.instants.fill(latest, 0, index);
        unknown = false;
      }
      this.instants[index] = latest;
      this.#results[index] = row.kind === "tool" && row.result ? instantOf(row.result.at) : Number.NaN;
      this.marks[index] = marksOf(row);
    }
  }

  /** Lays the rows out on the clock; the rows that an idle time is before. */
  #place(): number[] {
    const { instants, starts, marks, skipIdle } = this;
    const idle: number[] = [];
    for (let index = 1; index < instants.length; index += 1) {
      const gap = (instants[index] as number) - (instants[index - 1] as number);
      starts[index] = (starts[index - 1] as number) + clockGap(gap, skipIdle);
      if (gap >= IDLE_MS_MIN) {
        idle.push(index);
        marks[index] = (marks[index] as number) | MARK.idle;
      } else marks[index] = (marks[index] as number) & ~MARK.idle;
    }
    return idle;
  }

  /** Lays the results out on the clock; the duration of it all. */
  #join(): number {
    const { instants, starts, joins } = this;
    const last = instants.length - 1;
    let latest = Number.NEGATIVE_INFINITY;
    for (let index = 0; index <= last; index += 1) {
      const result = this.#results[index] as number;
      // A result without a time, or with an earlier one than its call, has come with the call.
      joins[index] = Number.isNaN(result)
        ? Number.NaN
        : Math.max(this.#start(index), this.#positionOf(result, index));
      if ((joins[index] as number) > latest) latest = joins[index] as number;
      this.#latestJoin[index] = latest;
    }
    return last < 0 ? 0 : Math.max(latest, starts[last] as number) + ROW_MS_MIN;
  }

  /** Position of an instant, which is not before that of row `from`. */
  #positionOf(instant: number, from: number): number {
    const { instants, starts } = this;
    const last = instants.length - 1;
    // Results come soon after their calls: look near by, then twice as far.
    let reach = 1;
    while (from + reach <= last && (instants[from + reach] as number) <= instant) reach *= 2;
    const index =
      from + Math.max(0, upperBound(instants.subarray(from, Math.min(last, from + reach) + 1), instant) - 1);
    const since = instant - (instants[index] as number);
    if (index === last) return (starts[last] as number) + clockGap(since, this.skipIdle);
    const gap = (instants[index + 1] as number) - (instants[index] as number);
    return (starts[index] as number) + this.#gap(index) * (gap > 0 ? Math.max(0, since / gap) : 0);
  }

  #start(index: number): number {
    return this.starts[index] ?? 0;
  }

  /** How long the clock stands at a row. */
  #gap(index: number): number {
    return (this.starts[index + 1] ?? this.duration) - this.#start(index);
  }

  /** Which part of a row's time on the clock has gone by, 0 to 1. */
  #share(index: number, position: number): number {
    const gap = this.#gap(index);
    return gap > 0 ? Math.min(1, Math.max(0, (position - this.#start(index)) / gap)) : 0;
  }

  #indexOfKey(key: number, near: number): number {
    return this.rows[near]?.key === key ? near : this.rows.findIndex((row) => row.key === key);
  }

  #binned(bins: number, placeOf: (index: number) => number): Bins {
    const counts = new Uint32Array(bins);
    const marks = new Uint8Array(bins);
    for (let index = 0; index < this.rows.length && bins > 0; index += 1) {
      const bin = Math.min(bins - 1, Math.floor(placeOf(index)));
      counts[bin] = (counts[bin] as number) + 1;
      marks[bin] = (marks[bin] as number) | (this.marks[index] as number);
    }
    return { counts, marks };
  }
}

/** How long the clock takes for a time between two rows. */
function clockGap(gap_ms: number, skipIdle: boolean): number {
  const most = skipIdle ? PAUSE_MS_MAX : Number.POSITIVE_INFINITY;
  return Math.min(most, Math.max(ROW_MS_MIN, gap_ms));
}

/** What an entry is marked for; of a change that failed, too. */
function marksOfEntry(entry: Entry): number {
  let marks = 0;
  if (entry.is_error || entry.is_denied) marks |= MARK.error;
  if (entry.has_diff) marks |= MARK.change;
  if (entry.subagent_session_id !== null) marks |= MARK.subagent;
  for (const { severity } of entry.findings) {
    marks |= severity === "critical" || severity === "high" ? MARK.finding : MARK.notice;
  }
  return marks;
}

/** What a row is marked for, except idle time, which lies between rows. */
function marksOf(row: Row): number {
  let marks = 0;
  if (row.kind === "entry") {
    marks = marksOfEntry(row.entry);
    if (row.entry.type === "user") marks |= MARK.prompt;
    if (row.entry.type === "summary") marks |= MARK.compaction;
  } else for (const entry of entriesOf(row)) marks |= marksOfEntry(entry);
  // A change that was refused or failed is none.
  return (marks & MARK.error) !== 0 ? marks & ~MARK.change : marks;
}

/** How many of the sorted numbers are not greater than `value`. */
function upperBound(sorted: Float64Array, value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] as number) <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}
