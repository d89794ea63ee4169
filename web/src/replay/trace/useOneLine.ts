import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef } from "react";

/**
 * Keeps the chips on one line: with their words where all have room, else as icon and count, and of these as many as
 * have room. What is left out is in the list of all filters.
 *
 * To try what has room lays the page out several times: once a frame, only where the line has changed, and at first
 * behind the frame that shows the trace.
 */
export function useOneLine(toolbar: RefObject<HTMLDivElement | null>, line: string): void {
  const frame = useRef(0);
  const isFitted = useRef(false);
  const fitChips = useCallback(() => {
    const bar = toolbar.current;
    const line = bar?.querySelector<HTMLElement>(".sr-chips");
    const filters = bar?.querySelector<HTMLElement>(".sr-all-filters");
    if (!bar || !line || !filters) return;
    const chips = [...line.querySelectorAll<HTMLElement>(".sr-chip")];
    const leftOut = () =>
      chips.filter(
        (one) =>
          one.offsetTop >= line.clientHeight || one.offsetLeft + one.offsetWidth > line.clientWidth + 1,
      );
    bar.removeAttribute("data-compact");
    filters.removeAttribute("data-more");
    if (leftOut().length > 0) bar.setAttribute("data-compact", "");
    // To say how many are left out takes room, too, for which another may have to go.
    let out = leftOut();
    for (let known = -1; out.length > 0 && out.length !== known; out = leftOut()) {
      known = out.length;
      filters.setAttribute("data-more", `+${known}`);
    }
    // Out of sight is out of reach: what does not fit is no tab stop either.
    for (const one of chips) one.style.visibility = out.includes(one) ? "hidden" : "";
  }, [toolbar]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another line has another room
  useLayoutEffect(() => {
    if (frame.current !== 0) return;
    const now = () => {
      frame.current = 0;
      isFitted.current = true;
      fitChips();
    };
    frame.current = requestAnimationFrame(
      isFitted.current ? now : () => (frame.current = requestAnimationFrame(now)),
    );
  }, [fitChips, line]);
  useEffect(() => {
    if (!toolbar.current) return;
    // It tells of the first size, too.
    const observer = new ResizeObserver(() => {
      if (isFitted.current) fitChips();
    });
    observer.observe(toolbar.current);
    return () => {
      observer.disconnect();
      cancelAnimationFrame(frame.current);
      frame.current = 0;
    };
  }, [toolbar, fitChips]);
}
