/** What the rows of entries and those of subagents share. */
import { type RefObject, useLayoutEffect } from "react";
import type { Nest } from "./rows";

export const LEVEL_PX = 22;

/** A row that leaves the screen with the focus in it hands it to the list, so that Tab goes on from there. */
export function useKeptFocus(article: RefObject<HTMLElement | null>): void {
  useLayoutEffect(() => {
    const { current } = article;
    return () => {
      if (!current?.contains(document.activeElement)) return;
      current.closest<HTMLElement>("[role=feed]")?.focus({ preventScroll: true });
    };
  }, [article]);
}

interface RailsProps {
  nest: Nest;
  depth: number;
  close: (sessionId: string) => void;
}

/** The tree lines of the subagents that a row lies in; a click on one closes that subagent. */
export function Rails({ nest, depth, close }: RailsProps) {
  const nests: Nest[] = [];
  for (let one: Nest | null = nest; one !== null; one = one.parent) nests.unshift(one);
  return nests.map((one) => (
    <button
      key={one.sessionId}
      type="button"
      className="sr-tree-line"
      // The row that opened the subagent has a control for this.
      aria-hidden="true"
      tabIndex={-1}
      title="Hide this subagent"
      style={{ insetInlineStart: (one.level - 1 - depth) * LEVEL_PX - 3 }}
      onClick={(event) => {
        event.stopPropagation();
        close(one.sessionId);
      }}
    />
  ));
}
