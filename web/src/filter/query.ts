import type { PropertyFilterProps } from "@cloudscape-design/components/property-filter";
import type { Condition, FilterNode, FilterTerm, Operator } from "./filter";
import { FREE_TEXT, filterValue, propertyOf } from "./properties";

type Token = PropertyFilterProps.Token;
type Group = PropertyFilterProps.TokenGroup;
type Query = PropertyFilterProps.Query;

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

/** The filter that the input means; undefined where it has no tokens. Times are read in `zone`. */
export function filterOfQuery(query: Query, zone: string): FilterNode | undefined {
  const terms = (query.tokenGroups ?? query.tokens)
    .map((one) => termOf(one, zone))
    .filter((t) => t !== undefined);
  return terms.length === 0 ? undefined : node(query.operation, terms);
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

function termOf(one: Token | Group, zone: string): FilterTerm | undefined {
  if ("operation" in one) {
    const terms = one.tokens.map((inner) => termOf(inner, zone)).filter((term) => term !== undefined);
    return terms.length < 2 ? terms[0] : node(one.operation, terms);
  }
  return conditionOfToken(one, zone);
}

function conditionOfToken(token: Token, zone: string): Condition | undefined {
  if (token.value === null || token.value === undefined || token.value === "") return undefined;
  const property = token.propertyKey ?? FREE_TEXT;
  const operator = (token.operator || ":") as Operator;
  return {
    property,
    operator,
    value: filterValue(propertyOf.get(property)?.kind ?? "text", token.value, zone),
  };
}
