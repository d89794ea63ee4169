/**
 * A replay of one trace: where its clock stands, and whether it runs.
 *
 * Law: a position is a time on the clock of `Timeline`; none means that the whole trace is shown, which is how a replay
 * begins and ends. Time is told from outside, by `tick`, so a page that draws no frames stands still.
 */
import { entriesOf, type Row } from "../trace/rows";
import { entriesAfter } from "../trace/TraceList";
import { Timeline } from "./timeline";

export const SPEEDS = [1, 2, 5, 10, 25, 50, 100] as const;
export type Speed = (typeof SPEEDS)[number];

/** A frame that took longer has been held up, or the page was hidden: what was not seen is not skipped. */
const FRAME_MS_MAX = 250;

export interface ReplayState {
  timeline: Timeline;
  /** Milliseconds on the clock; null: the whole trace is shown. */
  position: number | null;
  /** Rows that have appeared. */
  count: number;
  /** Indices of calls that have appeared, and whose results have not. */
  pending: readonly number[];
  playing: boolean;
  /** The playhead is being dragged. */
  scrubbing: boolean;
  /** Grows whenever the playhead comes to rest at a row of somebody's choice. */
  rests: number;
  /** Entries of the session's own that have come since the whole trace was left. */
  arrived: number;
  /** The row that the playhead has come to: the last one that has appeared. */
  current: Row | null;
  /** Somebody looks at another row than that of the playhead. */
  free: boolean;
}

export class Replay {
  #state: ReplayState = {
    timeline: new Timeline([], true),
    position: null,
    count: 0,
    pending: [],
    playing: false,
    scrubbing: false,
    rests: 0,
    arrived: 0,
    current: null,
    free: false,
  };
  #speed: Speed = 1;
  #lastTick: number | null = null;
  #resumes = false;
  /** The last entry that was there when the whole trace was left. */
  #lastAtStart = -1;
  #listeners = new Set<() => void>();
  /** Makes the timeline of rows that the page has already, see `takeLater`. */
  #due: (() => Timeline) | null = null;

  readonly get = (): ReplayState => this.#state;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** The rows have changed, or the clock's law; the playhead stays at its row. */
  take(timeline: Timeline): void {
    this.#due = null;
    const { timeline: before, position } = this.#state;
    if (position !== null && timeline.rows.length > 0)
      this.#become({ timeline }, timeline.positionFrom(before, position));
    else this.#become({ timeline, playing: false, scrubbing: false }, null);
  }

  /** The rows have changed, and there is time; who goes by their indices before that has the timeline made at once. */
  takeLater(make: () => Timeline): void {
    this.#due = make;
  }

  /** The timeline is that of the page's rows from here on. */
  catchUp(): void {
    if (this.#due) this.take(this.#due());
  }

  /** Starts at a row where the whole trace was shown, from the beginning if that is its last row or none. */
  play(selected: number): void {
    this.catchUp();
    const { timeline, position, playing } = this.#state;
    if (playing || timeline.rows.length === 0) return;
    const isInside = selected >= 0 && selected < timeline.rows.length - 1;
    this.#lastTick = null;
    this.#become(
      { playing: true, free: false },
      position ?? (isInside ? (timeline.starts[selected] ?? 0) : 0),
    );
  }

  pause(): void {
    if (this.#state.playing) this.#become({ playing: false, rests: this.#state.rests + 1 });
  }

  /** Stops for somebody who looks at another row: the playhead stays where it is. */
  hold(): void {
    if (this.#state.position !== null) this.#become({ playing: false, scrubbing: false, free: true });
  }

  /** Shows the trace as it was when a row appeared; the last row is the end. */
  goTo(index: number): void {
    this.catchUp();
    const { timeline, rests } = this.#state;
    const start = timeline.starts[Math.max(0, index)];
    const isEnd = start === undefined || index >= timeline.rows.length - 1;
    const rested = { playing: false, scrubbing: false, free: false, rests: rests + 1 };
    this.#become(rested, isEnd ? null : start);
  }

  /** The playhead is dragged to a position; what played goes on where it is let go. */
  scrub(position: number): void {
    const { timeline, scrubbing, playing } = this.#state;
    if (timeline.rows.length === 0) return;
    if (!scrubbing) this.#resumes = playing;
    const inside = position >= timeline.duration ? null : Math.max(0, position);
    this.#become({ scrubbing: true, playing: false, free: false }, inside);
  }

  letGo(): void {
    if (!this.#state.scrubbing) return;
    this.#lastTick = null;
    const playing = this.#resumes && this.#state.position !== null;
    this.#become({ scrubbing: false, playing, rests: this.#state.rests + 1 });
  }

  /** Ends the replay; the row that was looked at stays chosen. */
  showAll(): void {
    const { rests, position, current, free } = this.#state;
    if (position === null) return;
    this.#become({ playing: false, scrubbing: false, rests: free ? rests : rests + 1 }, null, current);
  }

  /** The position stays; what follows goes by faster or slower. */
  setSpeed(speed: Speed): void {
    this.#speed = speed;
  }

  /** `now`: milliseconds of any clock that runs evenly. */
  tick(now: number): void {
    const { playing, position, timeline, rests } = this.#state;
    if (!playing || position === null) return;
    const passed = Math.min(FRAME_MS_MAX, Math.max(0, now - (this.#lastTick ?? now)));
    this.#lastTick = now;
    const next = position + passed * this.#speed;
    if (next >= timeline.duration) this.#become({ playing: false, rests: rests + 1 }, null);
    else if (next !== position) this.#become({}, next);
  }

  #become(part: Partial<ReplayState>, position = this.#state.position, current: Row | null = null): void {
    const state = { ...this.#state, ...part, position };
    const { rows } = state.timeline;
    if (position === null) state.free = false;
    if (position === null || this.#state.position === null) this.#lastAtStart = lastSeq(rows);
    state.count = position === null ? rows.length : state.timeline.countAt(position);
    state.pending = position === null ? [] : state.timeline.pendingAt(position, state.count);
    if (position === null) state.arrived = 0;
    else if (part.timeline) state.arrived = entriesAfter(rows, this.#lastAtStart);
    state.current = current ?? rows[state.count - 1] ?? null;
    this.#state = state;
    for (const listener of this.#listeners) listener();
  }
}

/** A result joins the row of its call: the last entry need not be in the last row. */
function lastSeq(rows: readonly Row[]): number {
  let last = -1;
  for (const row of rows) if (!row.nest) last = Math.max(last, entriesOf(row).at(-1)?.seq ?? -1);
  return last;
}
