import type { Condition, FilterNode, FilterTerm } from "./filter";

/**
 * The filter with the conditions that `isTheirs` recognises replaced by `terms`.
 *
 * They are looked for among the conditions that must all hold; a filter whose conditions are joined by `or` becomes a
 * group of its own. Without terms they are taken away, and a group that is left alone stands for itself again.
 */
export function withTerms(
  filter: FilterNode | undefined,
  isTheirs: (term: FilterTerm) => boolean,
  terms: FilterTerm[],
): FilterNode | undefined {
  const kept = requiredTerms(filter).filter((term) => !isTheirs(term));
  const all = [...kept, ...terms];
  const only = all[0];
  if (only === undefined) return undefined;
  // The group of an input that knows one level of groups: alone it must not stand a level deeper than it has to.
  return all.length === 1 && terms.length === 0 && !("property" in only) ? only : { and: all };
}

/** What must all hold; a filter that joins by `or` is one term. */
export function requiredTerms(filter: FilterNode | undefined): FilterTerm[] {
  if (filter === undefined) return [];
  return "and" in filter ? filter.and : [filter];
}

export function isCondition(term: FilterTerm): term is Condition {
  return "property" in term;
}
