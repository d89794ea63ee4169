export const OPERATORS = ["=", "!=", ":", "!:", "^", "!^", ">", ">=", "<", "<="] as const;
export type Operator = (typeof OPERATORS)[number];

/** The filter as the API takes it: `{"and": [ {property, operator, value}, … ]}`; `address.ts` writes it into addresses. */
export interface Condition {
  property: string;
  operator: Operator;
  value: string | number | boolean;
}

export type FilterNode = { and: FilterTerm[] } | { or: FilterTerm[] };
export type FilterTerm = Condition | FilterNode;

/** Groups nest no deeper. */
export const DEPTH_MAX = 8;

/** The filter that a value from the address means, or undefined where it means none; never throws. */
export function filterOf(value: unknown): FilterNode | undefined {
  // A lone condition is how somebody would write it by hand.
  const condition = conditionOf(value);
  return condition ? { and: [condition] } : nodeOf(value, 0);
}

/** Whether `filterOf` leaves nothing out of what a value from the address says; saying nothing leaves nothing out. */
export function isWhole(value: unknown, depth = 0): boolean {
  if (depth === 0 && (value === undefined || value === null || value === "")) return true;
  if (conditionOf(value) !== undefined) return true;
  if (typeof value !== "object" || value === null || depth > DEPTH_MAX) return false;
  const { and, or } = value as { and?: unknown; or?: unknown };
  const terms = Array.isArray(and) ? and : or;
  return Array.isArray(terms) && terms.every((term) => isWhole(term, depth + 1));
}

function nodeOf(value: unknown, depth: number): FilterNode | undefined {
  if (typeof value !== "object" || value === null || depth > DEPTH_MAX) return undefined;
  const { and, or } = value as { and?: unknown; or?: unknown };
  const terms = Array.isArray(and) ? and : or;
  if (!Array.isArray(terms)) return undefined;
  const known = terms
    .map((term) => conditionOf(term) ?? nodeOf(term, depth + 1))
    .filter((t) => t !== undefined);
  if (known.length === 0) return undefined;
  return Array.isArray(and) ? { and: known } : { or: known };
}

function conditionOf(term: unknown): Condition | undefined {
  if (typeof term !== "object" || term === null) return undefined;
  const { property, operator, value } = term as Record<string, unknown>;
  const known = OPERATORS.find((one) => one === operator);
  if (typeof property !== "string" || known === undefined) return undefined;
  if (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean") return undefined;
  return { property, operator: known, value };
}
