import { type RefObject, useEffect, useState } from "react";

const tells = new WeakMap<Element, (clipped: boolean) => void>();
/** One for all rows. It speaks after layout, when asking for heights costs nothing. */
const sizes = new ResizeObserver((changes) => {
  for (const { target } of changes) tells.get(target)?.(isClipped(target));
});

/** Whether the element, or one of those in it, is lower than what it holds. */
export function useClipped(element: RefObject<HTMLElement | null>, watched: boolean): boolean {
  const [clipped, setClipped] = useState(false);
  useEffect(() => {
    const { current } = element;
    if (!current || !watched) return;
    tells.set(current, setClipped);
    sizes.observe(current);
    return () => {
      sizes.unobserve(current);
      tells.delete(current);
    };
  }, [element, watched]);
  return clipped && watched;
}

function isClipped(element: Element): boolean {
  return [element, ...element.children].some((one) => one.scrollHeight > one.clientHeight + 1);
}
