import { formatCount, formatDateTime, formatDuration } from "../format";
import { instantOf } from "../timeZone";
import type { Operator } from "./filter";
import { parseCount, parseDuration } from "./quantity";

/** What kind of value a property has: it decides operators, form and the value's type in the filter. */
export type Kind = "name" | "choice" | "text" | "flag" | "instant" | "duration" | "count";

export interface Property {
  key: string;
  label: string;
  /** Of the values, over their list. */
  plural: string;
  kind: Kind;
  group: "where" | "what" | "when";
  /** Values that are known without asking, with their labels. */
  values?: Record<string, string>;
}

const ENTRY_TYPES = {
  user: "User",
  assistant: "Assistant",
  tool: "Tool",
  thinking: "Thinking",
  progress: "Progress",
  system: "System",
  summary: "Summary",
  snapshot: "Snapshot",
};
const YES_NO = { true: "Yes", false: "No" };

/** The vocabulary of the filter, in the order in which it is offered. */
export const PROPERTIES: readonly Property[] = [
  { key: "host", label: "Agent (host)", plural: "Hosts", kind: "name", group: "where" },
  { key: "user", label: "User", plural: "Users", kind: "name", group: "where" },
  { key: "project", label: "Project", plural: "Projects", kind: "name", group: "where" },
  { key: "git_branch", label: "Git branch", plural: "Git branches", kind: "name", group: "where" },
  { key: "model", label: "Model", plural: "Models", kind: "name", group: "what" },
  { key: "tool", label: "Tool used", plural: "Tools", kind: "name", group: "what" },
  {
    key: "entry_type",
    label: "Entry type present",
    plural: "Entry types",
    kind: "choice",
    group: "what",
    values: ENTRY_TYPES,
  },
  { key: "client_version", label: "Client version", plural: "Client versions", kind: "name", group: "what" },
  {
    key: "permission_mode",
    label: "Permission mode",
    plural: "Permission modes",
    kind: "name",
    group: "what",
  },
  { key: "first_prompt", label: "First prompt", plural: "First prompts", kind: "text", group: "what" },
  { key: "session_id", label: "Session id", plural: "Session ids", kind: "text", group: "what" },
  {
    key: "has_subagents",
    label: "Has subagents",
    plural: "Has subagents",
    kind: "flag",
    group: "what",
    values: YES_NO,
  },
  { key: "live", label: "Live", plural: "Live", kind: "flag", group: "when", values: YES_NO },
  { key: "started_at", label: "Started", plural: "Times", kind: "instant", group: "when" },
  { key: "duration_ms", label: "Duration", plural: "Durations", kind: "duration", group: "when" },
  { key: "messages", label: "Messages", plural: "Messages", kind: "count", group: "when" },
  { key: "tokens", label: "Tokens", plural: "Tokens", kind: "count", group: "when" },
];

export const OPERATORS: Record<Kind, readonly Operator[]> = {
  name: ["=", "!=", ":", "!:", "^", "!^"],
  choice: ["=", "!="],
  text: [":", "!:", "=", "!=", "^", "!^"],
  flag: ["="],
  instant: [">=", ">", "<", "<="],
  duration: [">", ">=", "<", "<="],
  count: [">", ">=", "<", "<=", "=", "!="],
};

export const OPERATOR_DEFAULT: Record<Kind, Operator> = {
  name: "=",
  choice: "=",
  text: ":",
  flag: "=",
  instant: ">=",
  duration: ">",
  count: ">",
};

export const propertyOf = new Map(PROPERTIES.map((property) => [property.key, property]));

/** A value as typed or picked, as the API takes it; what cannot be understood stays and the server says so. */
export function filterValue(kind: Kind, typed: unknown, zone: string): string | number | boolean {
  if (typeof typed === "number" || typeof typed === "boolean") return typed;
  const text = String(typed ?? "");
  switch (kind) {
    case "flag": {
      const lower = text.trim().toLowerCase();
      if (lower === "true" || lower === "yes") return true;
      return lower === "false" || lower === "no" ? false : text;
    }
    case "duration":
      return parseDuration(text) ?? text;
    case "count":
      return parseCount(text) ?? text;
    case "instant": {
      const wall = text.trim().replace(/^(\d{4}-\d{2}-\d{2})[ T](\d{1,2}:\d{2}(?::\d{2})?)$/, "$1T$2");
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
    case "instant":
      return Number.isNaN(Date.parse(text))
        ? text
        : `${formatDateTime(text, zone)} ${zone === "UTC" ? "UTC" : "local"}`;
    default:
      return property.values?.[text] ?? text;
  }
}
