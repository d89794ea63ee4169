import type { PropertyFilterProps } from "@cloudscape-design/components/property-filter";
import { addDays } from "../timeZone";
import type { Condition, FilterNode, FilterTerm, Operator } from "./filter";
import { FREE_TEXT, filterValue, propertyOf } from "./properties";
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

/**
 * The filter that the input means; undefined where it has no tokens. Times are read in `zone`.
 *
 * `known` is the filter whose tokens the input was given: those that are still there mean what they meant, however that
 * is written; only new ones are read as somebody types them.
 */
export function filterOfQuery(query: Query, zone: string, known?: FilterNode): FilterNode | undefined {
  const meanings = new Map(conditionsIn(known).map((one) => [keyOf(tokenOf(one)), one]));
  const terms = (query.tokenGroups ?? query.tokens)
    .map((one) => termOf(one, zone, meanings))
    .filter((t) => t !== undefined);
  return terms.length === 0 ? undefined : node(query.operation, terms);
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
  // The input matches its own options by text; numbers are kept for the formats of their forms.
  return { propertyKey: property, operator, value: typeof value === "boolean" ? String(value) : value };
}

function termOf(one: Token | Group, zone: string, known: Meanings): FilterTerm | undefined {
  if ("operation" in one) {
    const terms = one.tokens.map((inner) => termOf(inner, zone, known)).filter((term) => term !== undefined);
    return terms.length < 2 ? terms[0] : node(one.operation, terms);
  }
  return known.get(keyOf(one)) ?? conditionOfToken(one, zone);
}

function conditionOfToken(token: Token, zone: string): Condition | undefined {
  if (token.value === null || token.value === undefined || token.value === "") return undefined;
  const property = token.propertyKey ?? FREE_TEXT;
  const kind = propertyOf.get(property)?.kind ?? "text";
  const operator = (token.operator || ":") as Operator;
  // A day is all of it, in the zone of whoever typed it: until its end, or after it.
  const day = kind === "time" ? /^\s*(\d{4}-\d{2}-\d{2})\s*$/.exec(String(token.value))?.[1] : undefined;
  const beyond = day === undefined ? undefined : ({ "<=": "<", ">": ">=" } as const)[operator as "<=" | ">"];
  if (day !== undefined && beyond)
    return { property, operator: beyond, value: filterValue(kind, addDays(day, 1), zone) };
  return { property, operator, value: filterValue(kind, token.value, zone) };
}
