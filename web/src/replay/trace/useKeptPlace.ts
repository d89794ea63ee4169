import { type RefObject, useEffect, useLayoutEffect, useRef, useState } from "react";
import { headOf, type Row } from "./rows";

/** Far more rows than a session has: the rows before a window get the numbers below. */
const WINDOW_START = 1_000_000_000;
/** The list lays out again once its new rows have been measured. */
const FRAMES_AFTER = 4;
/** A hand on the wheel or a key knows better what is to be on the screen. */
export const HANDS = ["wheel", "touchmove", "pointerdown", "keydown"] as const;
/** A subagent's rows have numbers of their own. */
const OWN_ROWS = "article[data-seq]:not([data-agent])";

interface Kept {
  seq: number;
  /** Of the row on the screen, in pixels. */
  top: number;
}

interface Place {
  windowed: boolean;
  offset: number;
  /** The row that stays. */
  kept: Kept | null;
}

/**
 * The number of the first row, so that what is being read stays where it is when the window around an entry becomes
 * the whole trace: the rows of both that are the same keep their numbers, and those before get smaller ones.
 */
export function useKeptPlace(
  rows: readonly Row[],
  { windowed, busy }: { windowed: boolean; busy: boolean },
  scroller: RefObject<HTMLElement | null>,
  brought: RefObject<number | null>,
): number {
  const before = useRef(rows);
  const [place, setPlace] = useState<Place>(() => ({
    windowed,
    offset: windowed ? WINDOW_START : 0,
    kept: null,
  }));
  let current = place;
  if (place.windowed && !windowed) {
    current = placeAmong(rows, before.current, place.offset, scroller.current, brought.current);
    setPlace(current);
  }
  before.current = rows;

  const { kept } = current;
  const held = useRef<Kept | null>(null);
  const loading = useRef(busy);
  useLayoutEffect(() => {
    held.current = kept;
  }, [kept]);
  // What comes with the rest of the trace, such as a second line of the toolbar, moves the list: not what is read.
  useLayoutEffect(() => {
    loading.current = busy;
    hold(held.current, scroller.current);
  });
  useEffect(() => {
    if (kept === null) return;
    let frames = 0;
    let frame = 0;
    const again = () => {
      hold(held.current, scroller.current);
      if (!loading.current) frames += 1;
      if (frames < FRAMES_AFTER) frame = requestAnimationFrame(again);
      else release();
    };
    const release = () => {
      held.current = null;
      cancelAnimationFrame(frame);
      for (const name of HANDS) window.removeEventListener(name, release, true);
    };
    for (const name of HANDS) window.addEventListener(name, release, { passive: true, capture: true });
    frame = requestAnimationFrame(again);
    return release;
  }, [kept, scroller]);

  return current.offset;
}

function hold(kept: Kept | null, element: HTMLElement | null): void {
  if (kept === null || element === null) return;
  const top = articleOf(element, kept.seq)?.getBoundingClientRect().top;
  if (top !== undefined && Math.abs(top - kept.top) >= 1) element.scrollTop += top - kept.top;
}

/**
 * Of the rows on the screen, the first that the whole trace has, too, is the one that stays; while a row is being
 * brought there, only that one.
 */
function placeAmong(
  rows: readonly Row[],
  before: readonly Row[],
  offset: number,
  element: HTMLElement | null,
  brought: number | null,
): Place {
  const indexOf = new Map(rows.map((row, index) => [row.key, index]));
  const edges = element?.getBoundingClientRect() ?? new DOMRect();
  const seen = new Map(
    [...(element?.querySelectorAll<HTMLElement>(OWN_ROWS) ?? [])]
      .map((article) => [Number(article.dataset.seq), article.getBoundingClientRect()] as const)
      .filter(([, box]) => box.bottom > edges.top && box.top < edges.bottom),
  );
  let unseen: number | null = null;
  for (const [index, row] of before.entries()) {
    const after = indexOf.get(row.key);
    if (after === undefined) continue;
    const moved = offset - (after - index);
    const box = brought === null || brought === row.key ? seen.get(headOf(row).seq) : undefined;
    if (box) return { windowed: false, offset: moved, kept: { seq: headOf(row).seq, top: box.top } };
    unseen ??= moved;
  }
  return { windowed: false, offset: unseen ?? 0, kept: null };
}

export function articleOf(element: HTMLElement, seq: number): HTMLElement | null {
  return element.querySelector(`${OWN_ROWS}[data-seq="${seq}"]`);
}
