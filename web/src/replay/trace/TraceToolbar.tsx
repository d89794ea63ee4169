import { type Ref, useEffect, useRef, useState } from "react";
import { formatCount } from "../../format";
import { CARD_WORDS } from "../audit/acts";
import { ENTRY_TYPES } from "../shapes";
import { VisibleText } from "../text/VisibleText";
import { Glyph, TYPE_WORDS, TypeIcon } from "./EntryMark";
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

/** Dev or Audit, the filter by type and property with their counts, and the search in the trace. */
export function TraceToolbar(props: Props) {
  const { query, counts, onQuery } = props;
  const filtered = formatQuery(query) !== "";
  return (
    <div className="sr-toolbar" role="toolbar" aria-label="Filter the trace">
      <div className="sr-toolbar-line">
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
        <ToolChoice query={query} counts={counts} onQuery={onQuery} />
      </div>
      <div className="sr-toolbar-line sr-chips">
        {ENTRY_TYPES.map((type) => (
          <button
            key={type}
            type="button"
            className={`sr-chip sr-type-${type}`}
            aria-pressed={query.types.has(type)}
            disabled={counts.types[type] === 0 && !query.types.has(type)}
            onClick={() => onQuery({ ...query, types: toggled(query.types, type) })}
          >
            <TypeIcon type={type} />
            {TYPE_WORDS[type]} <b>{formatCount(counts.types[type])}</b>
          </button>
        ))}
        <span className="sr-chips-rule" />
        {MARKS.filter((mark) => counts.marks[mark] > 0 || query.marks.has(mark)).map((mark) => (
          <button
            key={mark}
            type="button"
            className={`sr-chip sr-chip-${mark}`}
            aria-pressed={query.marks.has(mark)}
            onClick={() => onQuery({ ...query, marks: toggled(query.marks, mark) })}
          >
            {MARK_WORDS[mark]} <b>{formatCount(counts.marks[mark])}</b>
          </button>
        ))}
        {[...query.acts].map((card) => (
          <button
            key={card}
            type="button"
            className="sr-chip"
            aria-pressed={true}
            onClick={() => onQuery({ ...query, acts: toggled(query.acts, card) })}
          >
            {CARD_WORDS[card]}
          </button>
        ))}
        {filtered && (
          <button
            type="button"
            className="sr-chip sr-clear"
            title="Show every entry of this view again"
            onClick={() => onQuery(EVERYTHING)}
          >
            <Glyph name="cross" /> Clear
          </button>
        )}
      </div>
    </div>
  );
}

/** Any number of tools, each with the number of its calls. */
function ToolChoice({ query, counts, onQuery }: Pick<Props, "query" | "counts" | "onQuery">) {
  if (counts.tools.size === 0 && query.tools.size === 0) return null;
  const absent = [...query.tools].filter((tool) => !counts.tools.has(tool));
  const tools = [...counts.tools, ...absent.map((tool) => [tool, 0] as const)];
  tools.sort((one, other) => other[1] - one[1] || one[0].localeCompare(other[0]));
  const [first] = query.tools;
  const words =
    query.tools.size > 1 ? `${query.tools.size} tools` : first === undefined ? "Any tool" : toolName(first);
  return (
    <Unfolding
      label={query.tools.size > 0 ? `Tools: ${words}` : "Tools"}
      className={`sr-tool-choice ${query.tools.size > 0 ? "sr-tool-chosen" : ""}`}
      button={
        <>
          <span>{words}</span> <Glyph name="down" />
        </>
      }
    >
      <ul className="sr-choices">
        {tools.map(([tool, count]) => (
          <li key={tool}>
            <label>
              <input
                type="checkbox"
                checked={query.tools.has(tool)}
                onChange={() => onQuery({ ...query, tools: toggled(query.tools, tool) })}
              />
              <span>
                <VisibleText text={toolName(tool)} />
              </span>
              <b>{formatCount(count)}</b>
            </label>
          </li>
        ))}
      </ul>
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
    <div className="sr-search">
      <Glyph name="search" />
      <input
        ref={inputRef}
        type="search"
        value={text}
        placeholder="Find in the trace"
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
