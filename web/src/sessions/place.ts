import { type ParsedLocation, useRouter } from "@tanstack/react-router";
import { useEffect, useLayoutEffect, useRef, useState } from "react";

/** Where the reader was in the list. */
export interface Place {
  open: ReadonlySet<string>;
  scroll_px: number;
  /** The session whose row had the focus. */
  focused: string | null;
}

const PLACES_MAX = 100;
/** Of this tab, as its history is: a reload finds both again. */
const STORED = "session-replay.places";
/** By the key that the router gives each entry of the browser's history, and by the address for who comes by a link. */
const places = read();

/**
 * The place that the reader came back to: another one with each Back and Forward, null before the first. From another
 * page a link leads back, too.
 */
export function useArrival(): Place | null {
  const router = useRouter();
  const [arrived, setArrived] = useState(() => {
    const { latestLocation } = router;
    return places.get(keyOf(latestLocation)) ?? places.get(latestLocation.href) ?? null;
  });
  useEffect(
    () =>
      router.subscribe("onResolved", ({ toLocation, pathChanged }) => {
        const place = places.get(keyOf(toLocation));
        // An entry that was never left is a new one: the list stays as it is.
        if (!pathChanged && place !== undefined) setArrived(place);
      }),
    [router],
  );
  return arrived;
}

/** Keeps the place that `place` tells when the reader leaves this entry of the history, or the page is reloaded. */
export function useDeparture(place: () => Place): void {
  const router = useRouter();
  const latest = useRef(place);
  useLayoutEffect(() => {
    latest.current = place;
  });
  useEffect(() => {
    const leave = (from: ParsedLocation) => {
      const left = latest.current();
      keep(from.href, left);
      keep(keyOf(from), left);
    };
    const unsubscribe = router.subscribe("onBeforeNavigate", ({ fromLocation }) => {
      if (fromLocation !== undefined) leave(fromLocation);
    });
    const onPageHide = () => leave(router.latestLocation);
    window.addEventListener("pagehide", onPageHide);
    return () => {
      unsubscribe();
      window.removeEventListener("pagehide", onPageHide);
    };
  }, [router]);
}

function keyOf({ state, href }: ParsedLocation): string {
  return state.__TSR_key ?? href;
}

function keep(key: string, place: Place): void {
  places.delete(key);
  places.set(key, place);
  const oldest = places.keys().next();
  if (places.size > PLACES_MAX && !oldest.done) places.delete(oldest.value);
  const written = [...places].map(([one, { open, ...rest }]) => [one, { ...rest, open: [...open] }]);
  try {
    sessionStorage.setItem(STORED, JSON.stringify(written));
  } catch {
    // Storage is full or switched off: the places hold until the page is reloaded.
  }
}

function read(): Map<string, Place> {
  try {
    const written = JSON.parse(sessionStorage.getItem(STORED) ?? "[]") as [
      string,
      Place & { open: string[] },
    ][];
    return new Map(written.map(([key, { open, ...rest }]) => [key, { ...rest, open: new Set(open) }]));
  } catch {
    return new Map();
  }
}
