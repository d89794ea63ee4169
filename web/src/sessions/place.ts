import { useLocation } from "@tanstack/react-router";
import { useCallback, useRef, useState } from "react";

/** Where the reader was in the list; kept for each entry of the browser's history, so that Back finds it again. */
interface Place {
  open: ReadonlySet<string>;
  scroll_px: number;
}

const NOWHERE: Place = { open: new Set(), scroll_px: 0 };
const PLACES_MAX = 50;
const places = new Map<string, Place>();

/** The place that Back returned to, and a function that remembers where the reader is now. */
export function usePlace(): { arrived: Place; remember: (change: Partial<Place>) => void } {
  const { pathname, key } = useLocation({
    select: ({ pathname, state, href }) => ({ pathname, key: state.__TSR_key ?? href }),
    structuralSharing: true,
  });
  const own = useRef({ pathname, key });
  // The location changes before this page is taken away: what is remembered then still belongs to its own entry.
  if (pathname === own.current.pathname) own.current.key = key;

  const [arrived] = useState(() => places.get(key) ?? NOWHERE);
  const remember = useCallback((change: Partial<Place>) => {
    const known = places.get(own.current.key) ?? NOWHERE;
    places.delete(own.current.key);
    places.set(own.current.key, { ...known, ...change });
    const oldest = places.keys().next();
    if (places.size > PLACES_MAX && !oldest.done) places.delete(oldest.value);
  }, []);
  return { arrived, remember };
}
