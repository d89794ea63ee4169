import { type FilterNode, filterOf } from "../filter/filter";
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
  return { filter: filterOf(search.filter), sort: SORTS.find((one) => one === search.sort) };
}
