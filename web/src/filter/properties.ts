import { formatCount, formatDateTime, formatDuration } from "../format";
import { instantOf } from "../timeZone";
import type { Operator } from "./filter";
import { parseCount, parseDuration } from "./quantity";
import { agoOf, agoText } from "./range";
import vocabulary from "./vocabulary.json";

/** What kind of value a property has: it decides form, format and the value's type in the filter. */
export type Kind = "name" | "choice" | "text" | "id" | "boolean" | "time" | "duration" | "count";

export interface Property {
  key: string;
  label: string;
  /** Of the values, over their list. */
  plural: string;
  kind: Kind;
  group: string;
  /** Those that fit; the first is offered first. */
  operators: readonly Operator[];
  /** Values that are known without asking, with their labels. */
  values?: Record<string, string>;
}

/** What a text without a property is looked for in; it has no name in the input. */
export const FREE_TEXT = "text";

const PLURALS: Record<string, string> = {
  host: "Agents",
  user: "Users",
  project: "Projects",
  git_branch: "Git branches",
  model: "Models",
  tool: "Tools",
  entry_type: "Entry types",
  client_version: "Client versions",
  permission_mode: "Permission modes",
  session_id: "Session ids",
  first_prompt: "First prompts",
};

/** Where people begin with another operator than the vocabulary's first. */
const OPERATORS_FIRST: Partial<Record<Kind, Operator>> = { text: ":", time: ">=", duration: ">", count: ">" };

/** What no person means: an instant is never met to the millisecond, and "not yes" is "no". */
const OPERATORS_LEFT_OUT: Partial<Record<Kind, readonly Operator[]>> = { time: ["=", "!="], boolean: ["!="] };

/** Of the figures, those that are lengths of time. */
const DURATIONS: ReadonlySet<string> = new Set(["duration_ms"]);

/** The properties that can be picked, in the order in which they are offered, as the server has them. */
export const PROPERTIES: readonly Property[] = vocabulary
  .filter(({ key }) => key !== FREE_TEXT)
  .map(({ key, label, kind: written, group, operators, choices }) => {
    const kind = kindOf(key, written);
    return {
      key,
      label,
      plural: PLURALS[key] ?? label,
      kind,
      group,
      operators: offered(operators as Operator[], kind),
      ...valuesOf(kind, choices),
    };
  });

/** The operators that a text without a property may follow. */
export const FREE_TEXT_OPERATORS = (vocabulary.find(({ key }) => key === FREE_TEXT)?.operators ??
  []) as readonly Operator[];

export const propertyOf = new Map(PROPERTIES.map((property) => [property.key, property]));

function kindOf(key: string, written: string): Kind {
  if (written === "number") return DURATIONS.has(key) ? "duration" : "count";
  return written as Kind;
}

function offered(operators: Operator[], kind: Kind): Operator[] {
  const first = OPERATORS_FIRST[kind] ?? "=";
  const rest = operators.filter((one) => one !== first && !OPERATORS_LEFT_OUT[kind]?.includes(one));
  return [first, ...rest];
}

function valuesOf(kind: Kind, choices: string[] | undefined): Pick<Property, "values"> {
  if (kind === "boolean") return { values: { true: "Yes", false: "No" } };
  if (choices === undefined) return {};
  const label = (value: string) => value.charAt(0).toUpperCase() + value.slice(1);
  return { values: Object.fromEntries(choices.map((value) => [value, label(value)])) };
}

/** A value as typed or picked, as the API takes it; what cannot be understood stays and the server says so. */
export function filterValue(kind: Kind, typed: unknown, zone: string): string | number | boolean {
  if (typeof typed === "number" || typeof typed === "boolean") return typed;
  const text = String(typed ?? "");
  switch (kind) {
    case "boolean": {
      const lower = text.trim().toLowerCase();
      if (lower === "true" || lower === "yes") return true;
      return lower === "false" || lower === "no" ? false : text;
    }
    case "duration":
      return parseDuration(text) ?? text;
    case "count":
      return parseCount(text) ?? text;
    case "time": {
      const ago = agoOf(text);
      if (ago !== null) return ago;
      const wall = text
        .trim()
        .replace(
          /^(\d{4}-\d{2}-\d{2})[ T](\d{1,2})(:\d{2}(?::\d{2})?)$/,
          (_, day: string, hour: string, rest: string) => `${day}T${hour.padStart(2, "0")}${rest}`,
        );
      if (!/^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2})?)?$/.test(wall)) return text;
      const instant = instantOf(wall, zone);
      return Number.isNaN(instant) ? text : new Date(instant).toISOString();
    }
    default:
      return text;
  }
}

/** A value as shown in its token. */
export function shownValue(property: Property, value: unknown, zone: string): string {
  const text = String(value ?? "");
  switch (property.kind) {
    case "duration":
      return typeof value === "number" ? formatDuration(value) : text;
    case "count":
      return typeof value === "number" ? formatCount(value) : text;
    case "time":
      return (
        agoText(text) ??
        (Number.isNaN(Date.parse(text))
          ? text
          : `${formatDateTime(text, zone)} ${zone === "UTC" ? "UTC" : "local"}`)
      );
    default:
      return property.values?.[text] ?? text;
  }
}
