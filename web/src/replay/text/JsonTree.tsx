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

/** More members than this come in groups of as many, each built when it is opened. */
const GROUP_MEMBERS = 250;

// The same function each time: the tree goes back to its beginning with another one.
const isOpenAtFirst = (level: number, node: unknown): boolean =>
  level < OPEN_LEVELS && memberCount(node) <= OPEN_MEMBERS_MAX;

/** A JSON value as a tree; deep or wide parts start closed. */
export function JsonTree({ value }: { value: unknown }) {
  const shown = useMemo(() => visibleValue(value, 0), [value]);
  if (typeof shown !== "object" || shown === null) {
    return <pre className="sr-plain">{JSON.stringify(shown)}</pre>;
  }
  return <JsonView data={shown} style={STYLE} shouldExpandNode={isOpenAtFirst} clickToExpandNode />;
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
  if (Array.isArray(value))
    return grouped(
      value.map((member) => visibleValue(member, depth + 1)),
      (members) => members,
    );
  return grouped(
    Object.entries(value).map(
      ([name, member]) => [visibleText(name), visibleValue(member, depth + 1)] as const,
    ),
    Object.fromEntries,
  );
}

/** The members as their list or object; too many of them as an object of groups that are named by their places. */
function grouped<Member>(
  members: readonly Member[],
  whole: (members: readonly Member[]) => unknown,
  first = 0,
): unknown {
  if (members.length <= GROUP_MEMBERS) return whole(members);
  // Groups of groups where there are too many of them, too.
  let size = GROUP_MEMBERS;
  while (members.length / size > GROUP_MEMBERS) size *= GROUP_MEMBERS;
  const groups: [string, unknown][] = [];
  for (let start = 0; start < members.length; start += size) {
    const group = members.slice(start, start + size);
    const name = `[${first + start} … ${first + start + group.length - 1}]`;
    groups.push([name, grouped(group, whole, first + start)]);
  }
  return Object.fromEntries(groups);
}

function memberCount(node: unknown): number {
  return typeof node === "object" && node !== null ? Object.keys(node).length : 0;
}
