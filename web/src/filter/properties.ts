import { formatCount, formatDateTime, formatDay, formatDuration } from "../format";
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
  /** A session may have none, which is asked for with an empty text. */
  mayLack: boolean;
}

/** What stands for an empty text: nothing would be seen of it. */
export const LACKING = "(none)";
export const LACKING_OPERATORS: readonly Operator[] = ["=", "!="];

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
  .map(({ key, label, kind: written, group, operators, choices, may_lack }) => {
    const kind = kindOf(key, written);
    return {
      key,
      label,
      plural: PLURALS[key] ?? label,
      kind,
      group,
      operators: offered(operators as Operator[], kind),
      ...valuesOf(kind, choices),
      mayLack: may_lack ?? false,
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

/** Neither a figure of a session nor anything that is compared with one is larger. */
const FIGURE_MAX = 1e15;

/** A value as typed or picked, as the API takes it; null for what cannot be understood. */
export function filterValue(
  { kind, values }: Pick<Property, "kind" | "values">,
  typed: unknown,
  zone: string,
): string | number | boolean | null {
  const text = String(typed ?? "");
  switch (kind) {
    case "boolean": {
      const lower = text.trim().toLowerCase();
      if (lower === "true" || lower === "yes") return true;
      return lower === "false" || lower === "no" ? false : null;
    }
    case "choice":
      return Object.keys(values ?? {}).find((one) => one === text.trim().toLowerCase()) ?? null;
    case "duration":
      return figureOf(typeof typed === "number" ? typed : parseDuration(text));
    case "count":
      return figureOf(typeof typed === "number" ? typed : parseCount(text));
    case "time":
      return agoOf(text) ?? timeOf(text.trim(), zone);
    default:
      return typeof typed === "number" || typeof typed === "boolean" ? typed : text;
  }
}

function figureOf(figure: number | null): number | null {
  return Number.isInteger(figure) && Math.abs(figure as number) <= FIGURE_MAX ? figure : null;
}

/** A day, a time of the zone, or one that names its own offset. */
function timeOf(text: string, zone: string): string | null {
  const parts =
    /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{1,2})(:\d{2})(?:(:\d{2})(\.\d+)?(Z|[+-]\d{2}:\d{2})?)?)?$/i.exec(text);
  if (parts === null) return null;
  const [, day = "", hour = "0", minutes = ":00", seconds = "", fraction = "", offset] = parts;
  // The browser takes the 31st of February for a day of March.
  if (!new Date(Date.parse(`${day}T00:00Z`) || 0).toISOString().startsWith(day)) return null;
  const wall = `${day}T${hour.padStart(2, "0")}${minutes}${seconds}`;
  if (offset !== undefined) {
    const exact = `${wall}${fraction}${offset.toUpperCase()}`;
    return Number.isNaN(Date.parse(exact)) ? null : exact;
  }
  const instant = fraction === "" ? instantOf(wall, zone) : Number.NaN;
  return Number.isNaN(instant) ? null : new Date(instant).toISOString();
}

/** How a value of the property is written, to somebody who wrote another one. */
export function howToWrite({ kind, values = {} }: Property): string {
  switch (kind) {
    case "boolean":
    case "choice":
      return `It is one of ${Object.values(values).join(", ")}.`;
    case "duration":
      return "Write a length of time, such as 1h 30m, 90s or 500ms.";
    case "count":
      return "Write a whole number, such as 1,000 or 10k.";
    case "time":
      return "Write a day or a time, such as 2026-11-03, 2026-11-03 07:30 or 7 days ago.";
    default:
      return "Write a text.";
  }
}

/** A value as shown in its token. */
export function shownValue(property: Property, value: unknown, zone: string): string {
  const text = String(value ?? "");
  switch (property.kind) {
    case "duration":
      return typeof value === "number" ? formatDuration(value) : text;
    case "count":
      // What is no whole number is refused: rounded it would seem to be another.
      return Number.isInteger(value) ? formatCount(value as number) : text;
    case "time":
      if (/^\d{4}-\d{2}-\d{2}$/.test(text)) return `${formatDay(text)} UTC`;
      return (
        agoText(text) ??
        (Number.isNaN(Date.parse(text))
          ? text
          : `${formatDateTime(text, zone)} ${zone === "UTC" ? "UTC" : "local"}`)
      );
    default:
      return text === "" && property.mayLack ? LACKING : (property.values?.[text] ?? text);
  }
}
