import type { FilterNode, FilterTerm } from "./filter";
import { isCondition, requiredTerms, withTerms } from "./terms";

/** The hosts that the filter is set to, each an alternative of the others; none where it says nothing of the kind. */
export function hostsOf(filter: FilterNode | undefined): string[] {
  const found = requiredTerms(filter)
    .map(hostsIn)
    .filter((hosts) => hosts !== null);
  // Two such terms ask for sessions of both at once: that is no choice of hosts.
  return found.length === 1 ? (found[0] ?? []) : [];
}

/** The filter with its choice of hosts replaced: one condition, or a group of alternatives. */
export function withHosts(filter: FilterNode | undefined, hosts: string[]): FilterNode | undefined {
  const conditions = hosts.map((value) => ({ property: "host", operator: "=" as const, value }));
  const terms = conditions.length > 1 ? [{ or: conditions }] : conditions;
  return withTerms(filter, isHosts, terms);
}

/** Whether the select of agents shows this term. */
export function isHosts(term: FilterTerm): boolean {
  return hostsIn(term) !== null;
}

function hostsIn(term: FilterTerm): string[] | null {
  const alternatives = isCondition(term) ? [term] : "or" in term ? term.or : [];
  const hosts = alternatives.flatMap((one) =>
    isCondition(one) && one.property === "host" && one.operator === "=" ? [String(one.value)] : [],
  );
  return hosts.length > 0 && hosts.length === alternatives.length ? hosts : null;
}
