/**
 * The filter as the page's address has it: `?filter=host.is.build-7,or(tool.is.Bash,messages.ge.100)`.
 *
 * Law: what is written is read as the same filter, and only `,`, `(` and `)` that are not percent-encoded are its
 * grammar. A text that would be read as a number or as true, false or nothing stands behind a `~`. Filters as the API
 * takes them, `?filter={"and": …}`, are read too: they stand in older links.
 */
import { defaultParseSearch, defaultStringifySearch } from "@tanstack/react-router";
import {
  DEPTH_MAX,
  type FilterNode,
  type FilterTerm,
  filterOf,
  isWhole,
  OPERATORS,
  type Operator,
} from "./filter";

/** Each operator's word: `<` and `>` would be percent-encoded. */
const WORDS: Record<Operator, string> = {
  "=": "is",
  "!=": "not",
  ":": "has",
  "!:": "lacks",
  "^": "starts",
  "!^": "starts-not",
  ">": "gt",
  ">=": "ge",
  "<": "lt",
  "<=": "le",
};
const MEANINGS = new Map([...OPERATORS].map((operator) => [WORDS[operator], operator]));

/** Where a term ends; none of them is left bare in a name or value. */
const END = /[,()]/;

/** `parseSearch` of the router: what an address asks for, its filter in either way of writing. */
export function parseSearch(text: string): Record<string, unknown> {
  const parts = text.replace(/^\?/, "").split("&");
  const written = parts.filter((part) => part.startsWith("filter="));
  const raw = written.length === 1 ? (written[0] as string).slice("filter=".length) : "";
  if (raw === "" || /^(?:\{|%7b)/i.test(raw)) return defaultParseSearch(text);
  const others = parts.filter((part) => !part.startsWith("filter="));
  return { ...defaultParseSearch(others.join("&")), filter: readFilter(raw) };
}

/** `stringifySearch` of the router. A filter that cannot be read whole stays what it is until somebody was told. */
export function stringifySearch({ filter, ...others }: Record<string, unknown>): string {
  const node = isWhole(filter) ? filterOf(filter) : undefined;
  if (node === undefined) return defaultStringifySearch({ filter: filter || undefined, ...others });
  const rest = defaultStringifySearch(others).replace("?", "&");
  return `?filter=${writeFilter(node)}${rest}`;
}

function writeFilter(node: FilterNode): string {
  if ("and" in node && !(node.and.length === 1 && isNode(node.and[0])))
    return node.and.map(writeTerm).join(",");
  return writeTerm(node);
}

function writeTerm(term: FilterTerm): string {
  if ("and" in term) return `and(${term.and.map(writeTerm).join(",")})`;
  if ("or" in term) return `or(${term.or.map(writeTerm).join(",")})`;
  const { property, operator, value } = term;
  const bare = typeof value !== "string" || (value !== "" && value[0] !== "~" && readValue(value) === value);
  return `${encoded(property).replaceAll(".", "%2E")}.${WORDS[operator]}.${bare ? "" : "~"}${encoded(`${value}`)}`;
}

/** Percent-encoded, but for what a reader knows from addresses; a space is a plus. */
function encoded(text: string): string {
  return encodeURIComponent(text.replace(/\p{Surrogate}/gu, "\uFFFD"))
    .replace(/%(?:2F|3A|40)/g, decodeURIComponent)
    .replace(/[()']/g, (one) => `%${one.charCodeAt(0).toString(16)}`)
    .replaceAll("%20", "+");
}

/** The filter of a written one; null stands for each part that cannot be read. */
function readFilter(raw: string): unknown {
  let rest = raw;
  const took = (one: string): boolean => {
    const isNext = rest.startsWith(one);
    if (isNext) rest = rest.slice(one.length);
    return isNext;
  };
  const readTerms = (depth: number): unknown[] => {
    const terms: unknown[] = [];
    do {
      const end = rest.search(END);
      const head = end === -1 ? rest : rest.slice(0, end);
      rest = rest.slice(head.length);
      if (!took("(")) {
        terms.push(readCondition(head));
        continue;
      }
      const inside = depth < DEPTH_MAX ? readTerms(depth + 1) : null;
      if (inside === null || !took(")")) return [null];
      terms.push(head === "and" || head === "or" ? { [head]: inside } : null);
    } while (took(","));
    return terms;
  };
  const terms = readTerms(0);
  if (rest !== "") return { and: [null] };
  const [only] = terms;
  return terms.length === 1 && isNode(only) ? only : { and: terms };
}

function readCondition(raw: string): FilterTerm | null {
  const [name = "", word = "", ...values] = raw.split(".");
  const operator = MEANINGS.get(word);
  if (name === "" || operator === undefined || values.length === 0) return null;
  try {
    return { property: decoded(name), operator, value: readValue(decoded(values.join("."))) };
  } catch {
    return null; // a percent sign that encodes nothing
  }
}

function decoded(raw: string): string {
  return decodeURIComponent(raw.replaceAll("+", " "));
}

function readValue(text: string): string | number | boolean {
  if (text.startsWith("~")) return text.slice(1);
  if (text === "true" || text === "false") return text === "true";
  const number = Number(text);
  return Number.isFinite(number) && `${number}` === text ? number : text;
}

function isNode(term: unknown): term is FilterNode {
  return typeof term === "object" && term !== null && ("and" in term || "or" in term);
}
