import { type RefObject, useCallback, useEffect, useRef } from "react";
import type { VirtuosoHandle } from "react-virtuoso";
import type { Row } from "./rows";
import { articleOf, HANDS } from "./useKeptPlace";

/** A list that is still being laid out, or gets rows before it, forgets where it was to scroll: it is watched on. */
const FRAMES_AFTER = 4;
const SCROLLS_MAX = 30;

/**
 * Brings a row to the middle of the screen, and makes sure that it is still there when the trace is whole (`busy` no
 * more), unless somebody moves on.
 *
 * `brought` holds the row's key until then: nothing else is worth keeping in place.
 */
export function useBrought(
  rows: readonly Row[],
  busy: boolean,
  list: RefObject<VirtuosoHandle | null>,
  scroller: RefObject<HTMLElement | null>,
) {
  const brought = useRef<number | null>(null);
  const latest = useRef(rows);
  latest.current = rows;
  const loading = useRef(busy);
  loading.current = busy;

  useEffect(() => {
    const release = () => {
      brought.current = null;
    };
    for (const name of HANDS) window.addEventListener(name, release, { passive: true, capture: true });
    return () => {
      release();
      for (const name of HANDS) window.removeEventListener(name, release, true);
    };
  }, []);

  const bring = useCallback(
    (wanted: number) => {
      const key = latest.current[wanted]?.key;
      if (key === undefined) return;
      brought.current = key;
      let scrolls = 0;
      let frames = 0;
      const again = () => {
        if (brought.current !== key) return;
        const index = latest.current.findIndex((row) => row.key === key);
        const row = latest.current[index];
        if (!row || scrolls > SCROLLS_MAX || frames > FRAMES_AFTER) {
          brought.current = null;
          return;
        }
        if (!isOnScreen(row, scroller.current)) {
          list.current?.scrollToIndex({ index, align: "center" });
          scrolls += 1;
          frames = 0;
        } else if (!loading.current) frames += 1;
        requestAnimationFrame(again);
      };
      list.current?.scrollToIndex({ index: wanted, align: "center" });
      requestAnimationFrame(again);
    },
    [list, scroller],
  );
  return { bring, brought };
}

function isOnScreen(row: Row, element: HTMLElement | null): boolean {
  if (!element) return true;
  const box = articleOf(element, row.key)?.getBoundingClientRect();
  const edges = element.getBoundingClientRect();
  return box !== undefined && box.bottom > edges.top && box.top < edges.bottom;
}
