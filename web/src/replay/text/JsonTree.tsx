import { useMemo } from "react";
import { type defaultStyles, JsonView } from "react-json-view-lite";
import { visibleText } from "./invisible";

const STYLE: Partial<typeof defaultStyles> = {
  container: "sr-json",
  basicChildStyle: "sr-json-child",
  label: "sr-json-label",
  clickableLabel: "sr-json-label sr-json-clickable",
  nullValue: "sr-json-null",
  undefinedValue: "sr-json-null",
  numberValue: "sr-json-number",
  stringValue: "sr-json-string",
  booleanValue: "sr-json-boolean",
  otherValue: "sr-json-null",
  punctuation: "sr-json-punctuation",
  expandIcon: "sr-json-icon sr-json-expand",
  collapseIcon: "sr-json-icon sr-json-collapse",
  collapsedContent: "sr-json-more",
  childFieldsContainer: "sr-json-children",
  stringifyStringValues: true,
};

const OPEN_LEVELS = 3;
const OPEN_MEMBERS_MAX = 60;

/** A JSON value as a tree; deep or wide parts start closed. */
export function JsonTree({ value }: { value: unknown }) {
  const shown = useMemo(() => visibleValue(value, 0), [value]);
  if (typeof shown !== "object" || shown === null) {
    return <pre className="sr-plain">{JSON.stringify(shown)}</pre>;
  }
  return (
    <JsonView
      data={shown}
      style={STYLE}
      shouldExpandNode={(level, node) => level < OPEN_LEVELS && memberCount(node) <= OPEN_MEMBERS_MAX}
      clickToExpandNode
    />
  );
}

const DEPTH_MAX = 100;
const TEXT_MAX = 20_000;

/** The value with invisible characters spelled out, cut where a tree would no longer be readable. */
function visibleValue(value: unknown, depth: number): unknown {
  if (typeof value === "string") {
    const cut = value.length > TEXT_MAX ? `${value.slice(0, TEXT_MAX)}… (${value.length} characters)` : value;
    return visibleText(cut);
  }
  if (typeof value !== "object" || value === null) return value;
  if (depth >= DEPTH_MAX) return "… (nested deeper than 100 levels: see the raw line)";
  if (Array.isArray(value)) return value.map((member) => visibleValue(member, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [visibleText(name), visibleValue(member, depth + 1)]),
  );
}

function memberCount(node: unknown): number {
  return typeof node === "object" && node !== null ? Object.keys(node).length : 0;
}
