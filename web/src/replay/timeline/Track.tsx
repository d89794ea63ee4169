import { type CSSProperties, type KeyboardEvent, type PointerEvent, useCallback, useState } from "react";
import { formatCount } from "../../format";
import { drawMark, lookOf } from "./marks";
import { hatch, type Picture, usePicture } from "./picture";
import { RowTip, timeWords } from "./RowTip";
import type { Replay, ReplayState } from "./replay";
import { MARK, type Timeline } from "./timeline";

/** Height of the lane above the histogram, and of the one below it. */
const LANE_PX = 11;
const BAR_PX = 5;
/** Marks nearer to each other than this would lie on each other. */
const MARK_PX = 9;
const SNAP_PX = 5;
const BREAK_PX_MIN = 6;
const ABOVE = MARK.prompt | MARK.finding | MARK.notice | MARK.compaction | MARK.subagent;
const BELOW = MARK.error | MARK.change;
/** A page of the keyboard: this part of the rows. */
const PAGE_SHARE = 0.05;

interface Props {
  replay: Replay;
  state: ReplayState;
  /** Index of the row that is looked at, -1 for none. */
  selected: number;
  zone: string;
}

/** The time of a trace as a strip to look at, to point at and to drag along. */
export function Track({ replay, state, selected, zone }: Props) {
  const { timeline, position, count } = state;
  const [hover, setHover] = useState<{ x: number; width: number } | null>(null);
  const canvas = usePicture(useCallback((picture: Picture) => drawTrack(picture, timeline), [timeline]));
  const { length } = timeline.rows;
  const share = (at: number) => (timeline.duration > 0 ? at / timeline.duration : 0);
  const marker = position === null && selected >= 0 ? share(timeline.starts[selected] ?? 0) : null;

  const pointed = (event: PointerEvent<HTMLElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    const x = Math.min(box.width, Math.max(0, event.clientX - box.left));
    return { x, width: box.width, ...snapped(timeline, x, box.width) };
  };
  const drag = (event: PointerEvent<HTMLElement>) => {
    const { position: there } = pointed(event);
    replay.scrub(there);
  };

  return (
    <div
      className="sr-track"
      role="slider"
      aria-label="Replay position"
      aria-orientation="horizontal"
      aria-valuemin={length > 0 ? 1 : 0}
      aria-valuemax={length}
      aria-valuenow={count}
      aria-valuetext={spokenPlace(state, zone)}
      aria-disabled={length === 0}
      tabIndex={0}
      onKeyDown={(event) => {
        replay.catchUp();
        const { timeline: whole, count: appeared } = replay.get();
        const from = position === null && selected >= 0 ? selected : appeared - 1;
        const index = keyedIndex(event, from, whole.rows.length);
        if (index === null) return;
        event.preventDefault();
        replay.goTo(index);
      }}
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        drag(event);
      }}
      onPointerMove={(event) => {
        const { x, width } = pointed(event);
        setHover({ x, width });
        if (state.scrubbing) drag(event);
      }}
      onPointerUp={() => replay.letGo()}
      onPointerCancel={() => replay.letGo()}
      onPointerLeave={() => setHover(null)}
    >
      <canvas ref={canvas} />
      {position !== null && (
        <>
          <span className="sr-track-veil" style={{ insetInlineStart: `${share(position) * 100}%` }} />
          <span className="sr-track-head" style={{ insetInlineStart: `${share(position) * 100}%` }} />
        </>
      )}
      {marker !== null && (
        <span className="sr-track-marker" style={{ insetInlineStart: `${marker * 100}%` }} />
      )}
      {hover && length > 0 && (
        <>
          <span className="sr-track-hover" style={{ insetInlineStart: hover.x }} />
          <div
            className="sr-tip sr-track-tip"
            style={{ insetInlineStart: hover.x, "--sr-tip-from": hover.x / hover.width } as CSSProperties}
          >
            <RowTip timeline={timeline} index={snapped(timeline, hover.x, hover.width).index} zone={zone} />
          </div>
        </>
      )}
    </div>
  );
}

/** The row and the position at a place of the strip: those of a mark that is very near. */
function snapped(timeline: Timeline, x: number, width: number): { index: number; position: number } {
  const position = (x / Math.max(1, width)) * timeline.duration;
  const index = timeline.countAt(position) - 1;
  // The end can be reached, though something lies near it.
  if (x >= width - 1) return { index, position: timeline.duration };
  const placeOf = (at: number) => ((timeline.starts[at] ?? Number.NaN) / timeline.duration) * width;
  let nearest = -1;
  for (const direction of [-1, 1]) {
    for (
      let at = direction === 1 ? index + 1 : index;
      Math.abs(placeOf(at) - x) <= SNAP_PX;
      at += direction
    ) {
      if (((timeline.marks[at] ?? 0) & (ABOVE | BELOW)) === 0) continue;
      if (nearest === -1 || Math.abs(placeOf(at) - x) < Math.abs(placeOf(nearest) - x)) nearest = at;
      break;
    }
  }
  return nearest === -1 ? { index, position } : { index: nearest, position: timeline.starts[nearest] ?? 0 };
}

/** Where a key leads from a row, null for keys that lead nowhere. */
function keyedIndex(event: KeyboardEvent, from: number, length: number): number | null {
  if (event.shiftKey || event.ctrlKey || event.altKey || event.metaKey || length === 0) return null;
  const page = Math.max(1, Math.round(length * PAGE_SHARE));
  const index = {
    ArrowLeft: from - 1,
    ArrowDown: from - 1,
    ArrowRight: from + 1,
    ArrowUp: from + 1,
    PageDown: from - page,
    PageUp: from + page,
    Home: 0,
    End: length - 1,
  }[event.key];
  return index === undefined ? null : Math.min(length - 1, Math.max(0, index));
}

function spokenPlace({ timeline, position, count }: ReplayState, zone: string): string {
  const { length } = timeline.rows;
  if (position === null) return length === 0 ? "No rows" : `All ${formatCount(length)} rows`;
  const instant = timeline.instants[count - 1] ?? 0;
  return `Row ${formatCount(count)} of ${formatCount(length)}, ${timeWords(timeline, instant, zone)}`;
}

function drawTrack(picture: Picture, timeline: Timeline): void {
  const { context, width, height, colour } = picture;
  const top = LANE_PX + 1;
  const bottom = height - LANE_PX - 1;
  context.fillStyle = colour("line");
  context.fillRect(0, bottom, width, 1);
  if (timeline.rows.length === 0) return;

  const { counts } = timeline.byClock(Math.floor(width / BAR_PX));
  const most = counts.reduce((one, other) => Math.max(one, other), 1);
  context.fillStyle = colour("progress");
  context.globalAlpha = 0.5;
  counts.forEach((count, bin) => {
    if (count === 0) return;
    // Few rows beside very many are still something.
    const size = Math.max(1.5, Math.sqrt(count / most) * (bottom - top));
    context.fillRect(bin * BAR_PX, bottom - size, BAR_PX - 1, size);
  });
  context.globalAlpha = 1;

  const place = (index: number) => ((timeline.starts[index] ?? 0) / timeline.duration) * width;
  let hatchedTo = Number.NEGATIVE_INFINITY;
  for (const index of timeline.idle) {
    const [from, to] = [place(index - 1) + BAR_PX, place(index) - 1];
    const size = Math.max(BREAK_PX_MIN, to - from);
    const left = (from + to - size) / 2;
    if (left < hatchedTo) continue;
    hatchedTo = left + size;
    hatch(picture, left, top - 1, size, bottom - top + 1);
  }

  const { marks } = timeline.byClock(Math.floor(width));
  for (const [lane, y] of [
    [ABOVE, LANE_PX / 2],
    [BELOW, height - LANE_PX / 2],
  ] as const) {
    for (let cell = 0; cell < width; cell += MARK_PX) {
      const looks = Array.from(marks.subarray(cell, cell + MARK_PX), (sum) => lookOf(sum, lane));
      const union = looks.reduce((sum, look) => sum | (look ? MARK[look.name] : 0), 0);
      const best = lookOf(union, lane);
      if (best) drawMark(picture, best, Math.min(width - 5, Math.max(5, cell + looks.indexOf(best))), y);
    }
  }
}
