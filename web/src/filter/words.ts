import type { FilterNode, FilterTerm } from "./filter";
import { propertyOf, shownValue } from "./properties";
import { isCondition } from "./terms";

/** A filter in one line, as its tokens say it: `Tool used = Bash and (Live = Yes or Tokens > 1,000)`. */
export function filterText(filter: FilterNode, zone: string): string {
  const [word, terms] = "and" in filter ? [" and ", filter.and] : [" or ", filter.or];
  return terms.map((term) => termText(term, zone)).join(word);
}

function termText(term: FilterTerm, zone: string): string {
  if (!isCondition(term)) return `(${filterText(term, zone)})`;
  const { property, operator, value } = term;
  const known = propertyOf.get(property);
  if (known === undefined) return `${property === "text" ? "Text" : property} ${operator} ${value}`;
  return `${known.label} ${operator} ${shownValue(known, value, zone)}`;
}
