import { type ReactNode, useRef } from "react";
import { formatCount } from "../../format";
import { CARD_WORDS } from "../audit/acts";
import { ENTRY_TYPES } from "../shapes";
import { VisibleText } from "../text/VisibleText";
import { Glyph, type GlyphName, TYPE_WORDS, TypeIcon } from "./EntryMark";
import { type Counts, EVERYTHING, formatQuery, MARKS, type Mark, type Query, toggled } from "./query";
import { SearchBox, type SearchProps } from "./SearchBox";
import { Unfolding } from "./Unfolding";
import { useOneLine } from "./useOneLine";
import { toolName } from "./words";

interface Props extends SearchProps {
  view: "dev" | "audit";
  onView: (view: "dev" | "audit") => void;
}

const MARK_WORDS: Record<Mark, string> = {
  error: "Errors",
  denied: "Denied",
  finding: "Findings",
  diff: "File changes",
  subagent: "Subagents",
  inherited: "Copied",
  damaged: "Damaged",
};

const MARK_GLYPHS: Record<Mark, GlyphName> = {
  error: "alert",
  denied: "denied",
  finding: "flag",
  diff: "diff",
  subagent: "agent",
  inherited: "copy",
  damaged: "damaged",
};

/** A filter that one click sets: what it is called, and how much it would keep. */
interface Choice {
  key: string;
  className: string;
  mark: ReactNode;
  words: string;
  /** Null where nobody counts it. */
  count: number | null;
  chosen: boolean;
  toggle: () => void;
}

/** Dev or Audit, the search in the trace, and the filter by property, type and tool with their counts. */
export function TraceToolbar(props: Props) {
  const { query, counts, onQuery } = props;
  const toolbar = useRef<HTMLDivElement>(null);
  const [marks, types] = choicesOf(query, counts, onQuery);
  const chips = [...marks, ...types].filter((one) => one.count !== 0 || one.chosen);
  useOneLine(
    toolbar,
    // Whatever can make the line longer or shorter.
    JSON.stringify([
      chips.map((one) => [one.key, formatCount(one.count).length]),
      formatQuery(query),
      props.match,
      props.matches,
      props.search.state,
    ]),
  );
  return (
    <div ref={toolbar} className="sr-toolbar" role="toolbar" aria-label="Filter the trace" data-compact="">
      <fieldset className="sr-segments">
        <legend className="visually-hidden">View</legend>
        {(["dev", "audit"] as const).map((view) => (
          <button
            key={view}
            type="button"
            aria-pressed={props.view === view}
            title={
              view === "dev"
                ? "Every entry"
                : "What matters to security: commands, files, network, permissions, errors"
            }
            onClick={() => props.onView(view)}
          >
            {view === "dev" ? "Dev" : "Audit"}
          </button>
        ))}
      </fieldset>
      <SearchBox {...props} />
      <div className="sr-chips">
        {chips.map((one) => (
          <button
            key={one.key}
            type="button"
            className={`sr-chip ${one.className}`}
            aria-pressed={one.chosen}
            title={
              one.chosen
                ? `${one.words}: show the others, too`
                : `${one.words}: show nothing but these entries`
            }
            onClick={one.toggle}
          >
            {one.mark}
            <span className="sr-chip-words">{one.words} </span>
            {one.count !== null && <b>{formatCount(one.count)}</b>}
          </button>
        ))}
      </div>
      <AllFilters query={query} counts={counts} onQuery={onQuery} marks={marks} types={types} />
      {formatQuery(query) !== "" && (
        <button
          type="button"
          className="sr-icon-button sr-clear"
          aria-label="Clear"
          title="Clear the filter: show every entry of this view again"
          onClick={() => onQuery(EVERYTHING)}
        >
          <Glyph name="cross" />
        </button>
      )}
    </div>
  );
}

/** What stands out, and the entry types, as chips and lists offer them. */
function choicesOf(query: Query, counts: Counts, onQuery: (query: Query) => void): [Choice[], Choice[]] {
  const marks = MARKS.map((mark) => ({
    key: mark,
    className: `sr-chip-${mark}`,
    mark: <Glyph name={MARK_GLYPHS[mark]} />,
    words: MARK_WORDS[mark],
    count: counts.marks[mark],
    chosen: query.marks.has(mark),
    toggle: () => onQuery({ ...query, marks: toggled(query.marks, mark) }),
  }));
  const acts = [...query.acts].map((card) => ({
    key: card,
    className: "",
    mark: null,
    words: CARD_WORDS[card],
    count: null,
    chosen: true,
    toggle: () => onQuery({ ...query, acts: toggled(query.acts, card) }),
  }));
  const types = ENTRY_TYPES.map((type) => ({
    key: type,
    className: `sr-type-${type}`,
    mark: <TypeIcon type={type} />,
    words: TYPE_WORDS[type],
    count: counts.types[type],
    chosen: query.types.has(type),
    toggle: () => onQuery({ ...query, types: toggled(query.types, type) }),
  }));
  return [[...acts, ...marks], types];
}

type FiltersProps = Pick<Props, "query" | "counts" | "onQuery"> & { marks: Choice[]; types: Choice[] };

/** All that can be chosen, in words and with counts: also what the line of chips has no room for. */
function AllFilters({ query, counts, onQuery, marks, types }: FiltersProps) {
  const absent = [...query.tools].filter((tool) => !counts.tools.has(tool));
  const called = [...counts.tools, ...absent.map((tool) => [tool, 0] as const)];
  called.sort((one, other) => other[1] - one[1] || one[0].localeCompare(other[0]));
  const tools = called.map(([tool, count]) => ({
    key: tool,
    className: "",
    mark: null,
    words: toolName(tool),
    count,
    chosen: query.tools.has(tool),
    toggle: () => onQuery({ ...query, tools: toggled(query.tools, tool) }),
  }));
  const [first] = query.tools;
  const words =
    query.tools.size > 1 ? `${query.tools.size} tools` : first === undefined ? "Filters" : toolName(first);
  return (
    <Unfolding
      label={query.tools.size > 0 ? `Filters, tools: ${words}` : "Filters"}
      className={`sr-all-filters ${query.tools.size > 0 ? "sr-filter-chosen" : ""}`}
      button={
        <>
          <span>{words}</span> <Glyph name="down" />
        </>
      }
    >
      <div className="sr-choices">
        <Choices name="What stands out" choices={marks} />
        <Choices name="Entry types" choices={types} />
        <Choices name="Tools" choices={tools} />
      </div>
      {query.tools.size > 0 && (
        <button
          type="button"
          className="sr-link-button"
          onClick={() => onQuery({ ...query, tools: new Set() })}
        >
          Any tool
        </button>
      )}
    </Unfolding>
  );
}

/** Those of a kind that the trace has; none of them: nothing. */
function Choices({ name, choices }: { name: string; choices: readonly Choice[] }) {
  const offered = choices.filter((one) => one.count !== 0 || one.chosen);
  if (offered.length === 0) return null;
  return (
    <fieldset>
      <legend>{name}</legend>
      {offered.map((one) => (
        <label key={one.key} className={one.className}>
          <input type="checkbox" checked={one.chosen} onChange={one.toggle} />
          <span>
            {one.mark} <VisibleText text={one.words} />
          </span>
          {one.count !== null && <b>{formatCount(one.count)}</b>}
        </label>
      ))}
    </fieldset>
  );
}
