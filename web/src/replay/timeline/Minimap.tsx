import { type PointerEvent, type RefObject, useCallback, useEffect, useRef, useState } from "react";
import { drawMark, LOOKS, lookOf } from "./marks";
import { hatch, type Picture, usePicture } from "./picture";
import { RowTip } from "./RowTip";
import type { ReplayState } from "./replay";
import { MARK, type Timeline } from "./timeline";

/** A short trace is not pulled to the height of the panel. */
const ROW_PX_MAX = 10;
const LINE_PX = 3;
const SNAP_PX = 4;
const FRAME_PX_MIN = 6;
/** Marks with a shape; the others are lines. */
const SHAPED = MARK.finding | MARK.notice | MARK.subagent | MARK.compaction;
const SHAPE_PX = 9;

interface Props {
  state: ReplayState;
  /** The element that the list is in. */
  stage: RefObject<HTMLElement | null>;
  zone: string;
  /** A marked row was pointed at, or one that has not appeared yet. */
  onChoose: (index: number) => void;
  /** A place was pointed at. */
  onScroll: (index: number) => void;
}

/** All rows from top to bottom, with their marks and what of them is on the screen. */
export function Minimap({ state, stage, zone, onChoose, onScroll }: Props) {
  const { timeline, count } = state;
  const { length } = timeline.rows;
  const frame = useRef<HTMLSpanElement>(null);
  const [hover, setHover] = useState<{ index: number; y: number } | null>(null);
  const [dragging, setDragging] = useState(false);
  const canvas = usePicture(useCallback((picture: Picture) => drawMap(picture, timeline), [timeline]));
  useFrame(stage, frame, length, state);

  const pointed = (event: PointerEvent<HTMLElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    const row_px = rowHeight(box.height, length);
    const y = event.clientY - box.top;
    const index = Math.min(length - 1, Math.max(0, Math.floor(y / row_px)));
    const marked = timeline.nearestMarked(index, Math.ceil(SNAP_PX / row_px));
    return { index, marked, y };
  };

  return (
    <div
      className="sr-minimap"
      aria-hidden="true"
      onPointerDown={(event) => {
        if (event.button !== 0 || length === 0) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        setDragging(true);
        const { index, marked } = pointed(event);
        if (marked !== -1) onChoose(marked);
        else if (index >= count) onChoose(index);
        else onScroll(index);
      }}
      onPointerMove={(event) => {
        if (length === 0) return;
        const { index, marked, y } = pointed(event);
        setHover({ index: marked === -1 ? index : marked, y });
        if (dragging) onScroll(Math.min(count - 1, index));
      }}
      onPointerUp={() => setDragging(false)}
      onPointerCancel={() => setDragging(false)}
      onPointerLeave={() => setHover(null)}
    >
      <canvas ref={canvas} />
      {state.position !== null && (
        <span
          className="sr-minimap-veil"
          style={{ insetBlockStart: `min(${(count / length) * 100}%, ${count * ROW_PX_MAX}px)` }}
        />
      )}
      <span ref={frame} className="sr-minimap-frame" />
      {hover && !dragging && (
        <div className="sr-tip sr-minimap-tip" style={{ insetBlockStart: hover.y }}>
          <RowTip timeline={timeline} index={hover.index} zone={zone} />
          <span className="sr-tip-keys">J K prompts · e E errors · n N matches</span>
        </div>
      )}
    </div>
  );
}

function rowHeight(height: number, rows: number): number {
  return rows > 0 ? Math.min(ROW_PX_MAX, height / rows) : ROW_PX_MAX;
}

/** Keeps the frame at the rows that are on the screen, without React: it moves with every scrolled pixel. */
function useFrame(
  stage: RefObject<HTMLElement | null>,
  frame: RefObject<HTMLElement | null>,
  rows: number,
  state: ReplayState,
): void {
  const request = useRef(0);
  const place = useCallback(() => {
    if (request.current !== 0) return;
    // The list lays its rows out in the frame after a scroll.
    request.current = requestAnimationFrame(() => {
      request.current = requestAnimationFrame(() => {
        request.current = 0;
        const map = frame.current?.parentElement;
        const shown = stage.current && rowsOnScreen(stage.current);
        if (!frame.current || !map || !shown) return;
        const row_px = rowHeight(map.clientHeight, rows);
        const size = Math.max(FRAME_PX_MIN, (shown.to - shown.from) * row_px);
        const top = Math.min(shown.from * row_px, Math.max(0, rows * row_px - size));
        frame.current.style.transform = `translateY(${top}px)`;
        frame.current.style.blockSize = `${size}px`;
      });
    });
  }, [stage, frame, rows]);

  useEffect(() => {
    const within = stage.current;
    within?.addEventListener("scroll", place, { capture: true, passive: true });
    const sizes = new ResizeObserver(place);
    if (within) sizes.observe(within);
    return () => {
      within?.removeEventListener("scroll", place, { capture: true });
      sizes.disconnect();
      cancelAnimationFrame(request.current);
      request.current = 0;
    };
  }, [stage, place]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: rows that appear move what is on the screen
  useEffect(place, [place, state.timeline, state.count]);
}

/** Indices of the rows on the screen, with fractions for those that are cut; null before there are any. */
function rowsOnScreen(stage: HTMLElement): { from: number; to: number } | null {
  const scroller = stage.querySelector("[data-virtuoso-scroller]");
  if (!scroller) return null;
  const { top, bottom } = scroller.getBoundingClientRect();
  let from = Number.POSITIVE_INFINITY;
  let to = Number.NEGATIVE_INFINITY;
  for (const item of scroller.querySelectorAll("[data-item-index]")) {
    const box = item.getBoundingClientRect();
    if (box.bottom <= top || box.top >= bottom || box.height === 0) continue;
    // The list's own number begins anywhere: it keeps rows in place while others come before them.
    const index = Number(item.querySelector("article")?.ariaPosInSet) - 1;
    from = Math.min(from, index + Math.max(0, top - box.top) / box.height);
    to = Math.max(to, index + Math.min(1, (bottom - box.top) / box.height));
  }
  return from < to ? { from, to } : null;
}

function drawMap(picture: Picture, timeline: Timeline): void {
  const { context, width, height, colour } = picture;
  const { length } = timeline.rows;
  if (length === 0) return;
  const all_px = rowHeight(height, length) * length;
  const lines = Math.max(1, Math.floor(all_px / LINE_PX));
  const { marks } = timeline.byPlace(lines);
  const line_px = all_px / lines;
  const third = Math.floor(width / 3);
  marks.forEach((sum, line) => {
    if (sum === 0) return;
    const y = line * line_px;
    if ((sum & MARK.idle) !== 0) hatch(picture, 1, y - 1, width - 2, LINE_PX);
    if ((sum & MARK.prompt) !== 0) {
      context.fillStyle = colour("user");
      context.fillRect(1, y, width - 2, LINE_PX - 1);
    }
    if ((sum & MARK.change) !== 0) {
      context.fillStyle = colour("ok");
      context.fillRect(1, y, third, LINE_PX - 1);
    }
    if ((sum & MARK.error) !== 0) {
      context.fillStyle = colour("bad");
      context.fillRect(width - third - 1, y - 0.5, third, LINE_PX);
    }
  });
  const cell = Math.ceil(SHAPE_PX / line_px);
  for (let line = 0; line < lines; line += cell) {
    const looks = Array.from(marks.subarray(line, line + cell), (sum) => lookOf(sum, SHAPED));
    const best = LOOKS.find((look) => looks.includes(look));
    if (best) drawMark(picture, best, width / 2, Math.max(5, (line + looks.indexOf(best) + 0.5) * line_px));
  }
}
