import { type RefCallback, useCallback, useState } from "react";

/** A ref for an element, and its width as it changes; 0 until it is there. */
export function useWidth(): [RefCallback<HTMLElement>, number] {
  const [width_px, setWidth] = useState(0);
  const ref = useCallback((element: HTMLElement | null) => {
    if (element === null) return;
    const measure = () => setWidth(element.clientWidth);
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return [ref, width_px];
}
