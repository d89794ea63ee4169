import { type UIEvent, useEffect, useRef, useState } from "react";

/** So near to it is at the end. */
export const END_PIXELS = 48;

interface Growth {
  /** What comes now is new; before, what is stored is still coming. */
  following: boolean;
  /** The highest `seq` of the trace: rows that come and go by a filter leave it as it is. */
  last: number;
  /** Grows with the trace, also where nothing is added at its end. */
  version: number;
}

export interface FollowedEnd {
  /** The end is on the screen, or what was added a moment ago is being scrolled to. */
  atEnd: boolean;
  /** The list says whether its end is on the screen. */
  onEnd: (isThere: boolean) => void;
  onScroll: (event: UIEvent<HTMLElement>) => void;
}

/**
 * Keeps the end of a growing trace on the screen until the reader leaves it.
 *
 * Law: growth never leaves the end, only the reader's scrolling up and a filter do. Several entries can come before the
 * list has reached the first of them, so being away from the end tells nothing by itself.
 *
 * The list's own `followOutput` would also follow what was stored already, as long as its first rows are fewer
 * than the screen holds. Here the end counts only once all of that has been laid out: the growth that completes it
 * moves nothing.
 */
export function useFollowedEnd({ following, last, version }: Growth, scrollToEnd: () => void): FollowedEnd {
  const [atEnd, setAtEnd] = useState(false);
  const wasFollowing = useRef(false);
  const latest = useRef(last);
  latest.current = last;
  /** The last entry when the end was there. */
  const lastAtEnd = useRef(last);
  const top = useRef(0);

  // biome-ignore lint/correctness/useExhaustiveDependencies: it is growth that is followed, not coming to the end
  useEffect(() => {
    if (!wasFollowing.current) lastAtEnd.current = last;
    else if (following && atEnd) scrollToEnd();
    wasFollowing.current = following;
  }, [following, version]);

  return {
    atEnd,
    onEnd: (isThere) => {
      if (isThere) lastAtEnd.current = latest.current;
      const hasGrown = wasFollowing.current && latest.current !== lastAtEnd.current;
      if (isThere || !hasGrown) setAtEnd(isThere);
    },
    onScroll: ({ currentTarget }) => {
      const { scrollTop } = currentTarget;
      if (scrollTop < top.current && isAway(currentTarget)) setAtEnd(false);
      top.current = scrollTop;
    },
  };
}

function isAway({ scrollTop, scrollHeight, clientHeight }: HTMLElement): boolean {
  return scrollHeight - clientHeight - scrollTop > END_PIXELS;
}
