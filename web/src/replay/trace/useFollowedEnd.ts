import { useEffect, useRef } from "react";

interface End {
  /** What comes now is new; before, what is stored is still coming. */
  following: boolean;
  /** The end is on the screen, as the list was last laid out. */
  atEnd: boolean;
  /** Grows with the trace; rows that come and go by a filter leave it as it is. */
  version: number;
}

/**
 * Scrolls to the end of a trace that grows while its end is on the screen.
 *
 * The list's own `followOutput` would also follow what was stored already, as long as its first rows are fewer
 * than the screen holds. Here the end counts only once all of that has been laid out: the growth that completes it
 * moves nothing.
 */
export function useFollowedEnd({ following, atEnd, version }: End, scrollToEnd: () => void): void {
  const wasFollowing = useRef(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: it is growth that is followed, not coming to the end
  useEffect(() => {
    if (following && wasFollowing.current && atEnd) scrollToEnd();
    wasFollowing.current = following;
  }, [following, version]);
}
