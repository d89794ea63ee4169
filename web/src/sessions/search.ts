import { useSyncExternalStore } from "react";
import { type FilterNode, filterOf, isWhole } from "../filter/filter";
import { SORTS, type Sort } from "./sort";

/** What the address says about the list of sessions. */
export interface SessionsSearch {
  filter?: FilterNode;
  sort?: Sort;
}

/**
 * What an address says, what it cannot say left out.
 *
 * Each key stands there even where it says nothing: the router lays this over the address as it came, and a key that
 * is not named would let a value through that nobody checked.
 */
export function sessionsSearch(search: Record<string, unknown>): SessionsSearch {
  if (!isWhole(search.filter)) leftOut.set(true);
  return { filter: filterOf(search.filter), sort: SORTS.find((one) => one === search.sort) };
}

/** Whether a part of the filter in an address could not be read: the router has put what could be read in its place. */
export const leftOut = (() => {
  const listeners = new Set<() => void>();
  let value = false;
  const subscribe = (listener: () => void) => {
    listeners.add(listener);
    return () => void listeners.delete(listener);
  };
  return {
    set: (next: boolean) => {
      value = next;
      // An address may be read while React draws, and must not disturb that.
      queueMicrotask(() => {
        for (const listener of listeners) listener();
      });
    },
    use: () => useSyncExternalStore(subscribe, () => value),
  };
})();
