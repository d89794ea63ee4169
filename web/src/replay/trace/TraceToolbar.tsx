import {
  type ReactNode,
  type Ref,
  type RefObject,
  useCallback,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
} from "react";
import { formatCount } from "../../format";
import { CARD_WORDS } from "../audit/acts";
import { ENTRY_TYPES } from "../shapes";
import { VisibleText } from "../text/VisibleText";
import { Glyph, type GlyphName, TYPE_WORDS, TypeIcon } from "./EntryMark";
import {
  type Counts,
  EVERYTHING,
  formatQuery,
  MARKS,
  type Mark,
  parseQuery,
  type Query,
  toggled,
  withoutOpenToken,
} from "./query";
import { Unfolding } from "./Unfolding";
import type { Matches } from "./useMatches";
import { toolName } from "./words";

interface Props {
  inputRef: Ref<HTMLInputElement>;
  view: "dev" | "audit";
  onView: (view: "dev" | "audit") => void;
  query: Query;
  onQuery: (query: Query) => void;
  counts: Counts;
  /** Place of the current match, from 1; 0 when none is selected. */
  match: number;
  matches: number;
  /** The search in what the rows do not show. */
  search: Matches;
  onMatch: (step: 1 | -1) => void;
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

/**
 * Keeps the chips on one line: with their words where all have room, else as icon and count, and of these as many as
 * have room. What is left out is in the list of all filters.
 *
 * To try what has room lays the page out several times: once a frame, only where the line has changed, and at first
 * behind the frame that shows the trace.
 */
function useOneLine(toolbar: RefObject<HTMLDivElement | null>, line: string): void {
  const frame = useRef(0);
  const isFitted = useRef(false);
  const fitChips = useCallback(() => {
    const bar = toolbar.current;
    const line = bar?.querySelector<HTMLElement>(".sr-chips");
    const filters = bar?.querySelector<HTMLElement>(".sr-all-filters");
    if (!bar || !line || !filters) return;
    const chips = [...line.querySelectorAll<HTMLElement>(".sr-chip")];
    const leftOut = () =>
      chips.filter(
        (one) =>
          one.offsetTop >= line.clientHeight || one.offsetLeft + one.offsetWidth > line.clientWidth + 1,
      );
    bar.removeAttribute("data-compact");
    filters.removeAttribute("data-more");
    if (leftOut().length > 0) bar.setAttribute("data-compact", "");
    // To say how many are left out takes room, too, for which another may have to go.
    let out = leftOut();
    for (let known = -1; out.length > 0 && out.length !== known; out = leftOut()) {
      known = out.length;
      filters.setAttribute("data-more", `+${known}`);
    }
    // Out of sight is out of reach: what does not fit is no tab stop either.
    for (const one of chips) one.style.visibility = out.includes(one) ? "hidden" : "";
  }, [toolbar]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another line has another room
  useLayoutEffect(() => {
    if (frame.current !== 0) return;
    const now = () => {
      frame.current = 0;
      isFitted.current = true;
      fitChips();
    };
    frame.current = requestAnimationFrame(
      isFitted.current ? now : () => (frame.current = requestAnimationFrame(now)),
    );
  }, [fitChips, line]);
  useEffect(() => {
    if (!toolbar.current) return;
    // It tells of the first size, too.
    const observer = new ResizeObserver(() => {
      if (isFitted.current) fitChips();
    });
    observer.observe(toolbar.current);
    return () => {
      observer.disconnect();
      cancelAnimationFrame(frame.current);
      frame.current = 0;
    };
  }, [toolbar, fitChips]);
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

/** What can be typed beside plain words. */
function SearchHelp() {
  return (
    <Unfolding
      label="What can be typed here"
      title="What can be typed here"
      className="sr-icon-button"
      button={<Glyph name="question" />}
    >
      <p>
        Words are looked for as one phrase, in any case, in all that an entry says: prompts, answers,
        thinking, commands and their whole output.
      </p>
      <dl className="sr-tokens">
        {TOKENS.map(([token, words]) => (
          <div key={token}>
            <dt>
              <code>{token}</code>
            </dt>
            <dd>{words}</dd>
          </div>
        ))}
      </dl>
      <p>
        A space or <kbd>Enter</kbd> applies such a word; several in one are joined by commas. <kbd>Enter</kbd>{" "}
        and <kbd>Shift</kbd> <kbd>Enter</kbd> go from match to match, outside of this field <kbd>n</kbd> and{" "}
        <kbd>N</kbd>.
      </p>
    </Unfolding>
  );
}

const TOKENS = [
  ["type:user,tool", ENTRY_TYPES.join(", ")],
  ["tool:Bash,Edit", "the tools that were called"],
  ["is:error,denied", MARKS.join(", ")],
  [`act:${Object.keys(CARD_WORDS)[0]}`, Object.keys(CARD_WORDS).join(", ")],
  ["only:matches", "hides what does not hold the words"],
] as const;

function SearchBox({ inputRef, query, onQuery, counts, match, matches, search, onMatch }: Props) {
  const [text, setText] = useState(query.text);
  // What this box has sent, and comes back in the address after a moment; a different query comes from elsewhere (Back,
  // a chip) and is taken over.
  const sent = useRef(query.text);
  const underWay = useRef<string[]>([]);
  const seen = useRef(query.text);
  if (query.text !== seen.current) {
    seen.current = query.text;
    const place = underWay.current.indexOf(query.text);
    underWay.current = place < 0 ? [] : underWay.current.slice(place + 1);
    if (place < 0) {
      sent.current = query.text;
      setText(query.text);
    }
  }
  const send = (next: string) => {
    const { text: words, ...typed } = parseQuery(next);
    const tokens = { ...typed, tools: asCalled(typed.tools, counts) };
    const merged = next === words ? { ...query, text: words } : { ...joined(query, tokens), text: words };
    sent.current = words;
    underWay.current.push(words);
    if (words !== next.trim()) setText(words);
    onQuery(merged);
  };
  const latest = useRef(send);
  latest.current = send;
  useEffect(() => {
    // `tool:Ba` is still being typed: it waits for a space or Enter.
    if (text.trim() === sent.current || withoutOpenToken(text) !== text) return;
    latest.current(text);
  }, [text]);

  return (
    <div className={query.text === "" ? "sr-search" : "sr-search sr-searching"}>
      <Glyph name="search" />
      <input
        ref={inputRef}
        type="search"
        value={text}
        placeholder="Find"
        aria-label="Find in the trace"
        spellCheck={false}
        autoComplete="off"
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter") {
            event.preventDefault();
            if (text.trim() !== sent.current) send(text);
            else onMatch(event.shiftKey ? -1 : 1);
          } else if (event.key === "Escape") {
            if (text !== "") setText("");
            else event.currentTarget.blur();
            event.stopPropagation();
          }
        }}
      />
      {query.text !== "" && (
        <>
          <SearchState search={search} />
          <output className={matches === 0 ? "sr-search-count sr-search-none" : "sr-search-count"}>
            {matches > 0
              ? `${match === 0 ? "–" : formatCount(match)} of ${formatCount(matches)}`
              : search.state === "searching"
                ? ""
                : "no match"}
          </output>
          <button
            type="button"
            className="sr-icon-button"
            aria-label="Previous match"
            title="Previous match (N)"
            disabled={matches === 0}
            onClick={() => onMatch(-1)}
          >
            <Glyph name="up" />
          </button>
          <button
            type="button"
            className="sr-icon-button"
            aria-label="Next match"
            title="Next match (n)"
            disabled={matches === 0}
            onClick={() => onMatch(1)}
          >
            <Glyph name="down" />
          </button>
          <button
            type="button"
            className="sr-icon-button"
            aria-pressed={query.onlyMatches}
            aria-label="Show matches only"
            title="Show matches only"
            onClick={() => onQuery({ ...query, onlyMatches: !query.onlyMatches })}
          >
            <Glyph name="funnel" />
          </button>
          <button
            type="button"
            className="sr-icon-button"
            aria-label="Clear the words"
            title="Clear the words (Esc)"
            onClick={() => setText("")}
          >
            <Glyph name="cross" />
          </button>
        </>
      )}
      {text === "" && <SearchHelp />}
    </div>
  );
}

/** What the server is doing about the words: nothing is said when it is done. */
function SearchState({ search }: { search: Matches }) {
  if (search.state === "searching")
    return (
      <span className="sr-search-state" role="status" title="Searching all text">
        <span className="sr-spinner" aria-hidden="true" />
        <span className="sr-search-words">searching all text…</span>
      </span>
    );
  if (search.state !== "failed") return null;
  return (
    <span className="sr-search-state sr-search-failed" role="alert" title={search.error?.detail}>
      only the rows were searched
      <button type="button" className="sr-link-button" onClick={search.retry}>
        Retry
      </button>
    </span>
  );
}

/** Tools typed in any case, as the session calls them. */
function asCalled(tools: ReadonlySet<string>, counts: Counts): ReadonlySet<string> {
  const names = new Map([...counts.tools.keys()].map((name) => [name.toLowerCase(), name]));
  return new Set([...tools].map((tool) => names.get(tool.toLowerCase()) ?? tool));
}

/** Tokens typed into the box are added to those that are set. */
function joined(query: Query, typed: Omit<Query, "text">): Query {
  return {
    types: new Set([...query.types, ...typed.types]),
    tools: new Set([...query.tools, ...typed.tools]),
    marks: new Set([...query.marks, ...typed.marks]),
    acts: new Set([...query.acts, ...typed.acts]),
    onlyMatches: query.onlyMatches || typed.onlyMatches,
    text: query.text,
  };
}

/** The query as it stands in the address; undefined for everything, which needs no word there. */
export function addressedQuery(query: Query): string | undefined {
  return formatQuery(query) || undefined;
}
