import { type RefObject, useEffect, useLayoutEffect, useRef, useState } from "react";
import type { Row } from "./rows";

/** Far more rows than a session has: the rows that come before others get the numbers below. */
const FIRST_NUMBER = 1_000_000_000;
/** The list lays out again once its new rows have been measured. */
const FRAMES_AFTER = 4;
/** A hand on the wheel or a key knows better what is to be on the screen. */
export const HANDS = ["wheel", "touchmove", "pointerdown", "keydown"] as const;

interface Kept {
  key: number;
  /** Of the row on the screen, in pixels. */
  top: number;
}

interface Place {
  windowed: boolean;
  offset: number;
  /** The row that stays. */
  kept: Kept | null;
}

interface Shown {
  windowed: boolean;
  busy: boolean;
  /** The end stays on the screen: nothing else does. */
  followed: boolean;
}

/**
 * The number of the first row, so that what is being read stays where it is when the window around an entry becomes
 * the whole trace, and when rows of subagents come or go above: the rows of both that are the same keep their numbers,
 * and those before get smaller ones.
 */
export function useKeptPlace(
  rows: readonly Row[],
  { windowed, busy, followed }: Shown,
  scroller: RefObject<HTMLElement | null>,
  brought: RefObject<number | null>,
): number {
  const before = useRef(rows);
  const [place, setPlace] = useState<Place>(() => ({
    windowed,
    offset: FIRST_NUMBER,
    kept: null,
  }));
  let current = place;
  if (place.windowed && !windowed) {
    current = placeAmong(rows, before.current, place.offset, scroller.current, brought.current);
    setPlace(current);
  } else if (!windowed && !followed && rows !== before.current) {
    const moved = movedBySubagents(rows, before.current, scroller.current);
    if (moved) {
      current = { windowed: false, offset: place.offset - moved.by, kept: moved.kept };
      setPlace(current);
    }
  }
  before.current = rows;

  const { kept } = current;
  const held = useRef<Kept | null>(null);
  const loading = useRef(busy);
  useLayoutEffect(() => {
    held.current = kept;
  }, [kept]);
  // What comes with the rest of the trace, such as another line of the header, moves the list: not what is read.
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
  const top = articleOf(element, kept.key)?.getBoundingClientRect().top;
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
  const seen = new Map(element ? onScreen(element).map(({ key, top }) => [key, top]) : []);
  let unseen: number | null = null;
  for (const [index, row] of before.entries()) {
    const after = indexOf.get(row.key);
    if (after === undefined) continue;
    const moved = offset - (after - index);
    const top = brought === null || brought === row.key ? seen.get(row.key) : undefined;
    if (top !== undefined) return { windowed: false, offset: moved, kept: { key: row.key, top } };
    unseen ??= moved;
  }
  return { windowed: false, offset: unseen ?? FIRST_NUMBER, kept: null };
}

/**
 * How far the first row on the screen has moved where only rows of subagents came or went above it: they do so by
 * themselves, when more of them are known, and what is read is not to move for that. Null for any other change.
 */
function movedBySubagents(
  rows: readonly Row[],
  before: readonly Row[],
  element: HTMLElement | null,
): { by: number; kept: Kept } | null {
  // What only grows at its end is not looked at on the screen: it may do so many times a second.
  const isAppended = rows[before.length - 1]?.key === before.at(-1)?.key;
  if (!element || isAppended || rows.length === before.length) return null;
  for (const { position: was, ...kept } of onScreen(element)) {
    if (rows[was]?.key === kept.key) return null;
    const is = rows.findIndex((row) => row.key === kept.key);
    if (is < 0 || before[was]?.key !== kept.key) continue;
    return ownBefore(rows, is) === ownBefore(before, was) ? { by: is - was, kept } : null;
  }
  return null;
}

/** How many of the session's own rows stand before one. */
function ownBefore(rows: readonly Row[], index: number): number {
  let count = 0;
  for (let at = 0; at < index; at += 1) {
    const row = rows[at];
    if (row && !row.nest && row.kind !== "agent") count += 1;
  }
  return count;
}

/** The rows that can be seen, from the top, and their positions among all. */
function onScreen(element: HTMLElement): (Kept & { position: number })[] {
  const edges = element.getBoundingClientRect();
  return [...element.querySelectorAll<HTMLElement>("article[data-key]")]
    .map((article) => ({ article, box: article.getBoundingClientRect() }))
    .filter(({ box }) => box.bottom > edges.top && box.top < edges.bottom)
    .map(({ article, box }) => ({
      key: Number(article.dataset.key),
      top: box.top,
      position: Number(article.ariaPosInSet) - 1,
    }));
}

export function articleOf(element: HTMLElement, key: number): HTMLElement | null {
  return element.querySelector(`article[data-key="${key}"]`);
}
