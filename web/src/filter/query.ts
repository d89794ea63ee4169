import type { PropertyFilterProps } from "@cloudscape-design/components/property-filter";
import { addDays } from "../timeZone";
import type { Condition, FilterNode, FilterTerm, Operator } from "./filter";
import { FREE_TEXT, filterValue, LACKING, LACKING_OPERATORS, propertyOf } from "./properties";
import { requiredTerms, withTerms } from "./terms";

type Token = PropertyFilterProps.Token;
type Group = PropertyFilterProps.TokenGroup;
type Query = PropertyFilterProps.Query;
type Meanings = ReadonlyMap<string, Condition>;

export const EMPTY_QUERY: Query = { operation: "and", tokens: [], tokenGroups: [] };

/** The filter as the input shows it; null for one that nests deeper than the input can show. */
export function queryOf(filter: FilterNode | undefined): Query | null {
  if (filter === undefined) return EMPTY_QUERY;
  const [operation, terms] = partsOf(filter);
  const tokenGroups: (Token | Group)[] = [];
  for (const term of terms) {
    if ("property" in term) {
      tokenGroups.push(tokenOf(term));
      continue;
    }
    const [inner, conditions] = partsOf(term);
    if (!conditions.every((one) => "property" in one)) return null;
    tokenGroups.push({ operation: inner, tokens: conditions.map((one) => tokenOf(one as Condition)) });
  }
  return { operation, tokens: [], tokenGroups };
}

/** What the input says. */
export interface Reading {
  /** What is meant by what could be understood; undefined where that is nothing. */
  filter: FilterNode | undefined;
  /** The input again, with values as they were understood, and as they were typed where they were not. */
  query: Query;
  /** What was not understood. */
  unread: Token[];
}

/**
 * Reads the input; times are of `zone`.
 *
 * `before` is the filter whose tokens the input was given: those that are still there mean what they meant, however that
 * is written; only new ones are read as somebody types them.
 */
export function readQuery(query: Query, zone: string, before?: FilterNode): Reading {
  const meanings: Meanings = new Map(conditionsIn(before).map((one) => [keyOf(tokenOf(one)), one]));
  const terms: FilterTerm[] = [];
  const tokenGroups: (Token | Group)[] = [];
  const unread: Token[] = [];
  for (const one of query.tokenGroups ?? query.tokens) {
    const conditions: Condition[] = [];
    const tokens: Token[] = [];
    for (const token of "operation" in one ? (one.tokens as Token[]) : [one]) {
      const known = meanings.get(keyOf(token));
      if (known === undefined && (token.value ?? "") === "") continue;
      const condition = known ?? conditionOfToken(token, zone);
      if (condition === null) unread.push(token);
      else conditions.push(condition);
      tokens.push(condition === null ? token : tokenOf(condition));
    }
    const operation = "operation" in one ? one.operation : "and";
    const [term, token] = [conditions[0], tokens[0]];
    if (term !== undefined) terms.push(conditions.length === 1 ? term : node(operation, conditions));
    if (token !== undefined) tokenGroups.push(tokens.length === 1 ? token : { operation, tokens });
  }
  return {
    filter: terms.length === 0 ? undefined : node(query.operation, terms),
    query: { operation: query.operation, tokens: [], tokenGroups },
    unread,
  };
}

/** What the input does not have to show because other controls do, and what is left for it. */
export interface Shared {
  elsewhere: FilterTerm[];
  query: Query | null;
  /** The filter once the input's part has become another one. */
  merged: (part: FilterNode | undefined) => FilterNode | undefined;
}

/**
 * The filter as input and other controls show it together: all of it in the input where it has room, else what is left
 * without the terms of which `isElsewhere` says that another control shows them.
 */
export function sharedQuery(
  filter: FilterNode | undefined,
  isElsewhere: (term: FilterTerm) => boolean,
): Shared {
  const whole = queryOf(filter);
  const elsewhere = whole === null ? requiredTerms(filter).filter(isElsewhere) : [];
  if (elsewhere.length === 0) return { elsewhere, query: whole, merged: (part) => part };
  return {
    elsewhere,
    query: queryOf(withTerms(filter, isElsewhere, [])),
    merged: (part) => withTerms(part, isElsewhere, elsewhere),
  };
}

function conditionsIn(term: FilterTerm | undefined): Condition[] {
  if (term === undefined) return [];
  return "property" in term ? [term] : partsOf(term)[1].flatMap(conditionsIn);
}

function keyOf({ propertyKey, operator, value }: Token): string {
  return JSON.stringify([propertyKey ?? FREE_TEXT, operator || ":", value]);
}

function partsOf(filter: FilterNode): [PropertyFilterProps.JoinOperation, FilterTerm[]] {
  return "and" in filter ? ["and", filter.and] : ["or", filter.or];
}

function node(operation: PropertyFilterProps.JoinOperation, terms: FilterTerm[]): FilterNode {
  return operation === "or" ? { or: terms } : { and: terms };
}

function tokenOf({ property, operator, value }: Condition): Token {
  if (property === FREE_TEXT) return { operator, value };
  if (value === "" && mayLack(property, operator)) return { propertyKey: property, operator, value: LACKING };
  // The input matches its own options by text; numbers are kept for the formats of their forms.
  return { propertyKey: property, operator, value: typeof value === "boolean" ? String(value) : value };
}

function mayLack(property: string, operator: Operator): boolean {
  return LACKING_OPERATORS.includes(operator) && (propertyOf.get(property)?.mayLack ?? false);
}

/** What a token means that somebody typed; null where it cannot be understood. */
function conditionOfToken(token: Token, zone: string): Condition | null {
  const property = token.propertyKey ?? FREE_TEXT;
  const known = propertyOf.get(property) ?? { kind: "text" };
  const operator = (token.operator || ":") as Operator;
  if (token.value === LACKING && mayLack(property, operator)) return { property, operator, value: "" };
  // A day is all of it, in the zone of whoever typed it: until its end, or after it.
  const day =
    known.kind === "time" ? /^\s*(\d{4}-\d{2}-\d{2})\s*$/.exec(String(token.value))?.[1] : undefined;
  const beyond = day === undefined ? undefined : ({ "<=": "<", ">": ">=" } as const)[operator as "<=" | ">"];
  const value = filterValue(known, token.value, zone);
  if (value === null) return null;
  if (day !== undefined && beyond)
    return { property, operator: beyond, value: filterValue(known, addDays(day, 1), zone) ?? value };
  return { property, operator, value };
}
