import { type Ref, useEffect, useRef, useState } from "react";
import { formatCount } from "../../format";
import { CARD_WORDS } from "../audit/acts";
import { ENTRY_TYPES } from "../shapes";
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
} from "./query";

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
  const narrowed = query.types.size + query.tools.size + query.marks.size + query.acts.size > 0;
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
        {narrowed && (
          <button
            type="button"
            className="sr-link-button"
            onClick={() => onQuery({ ...EVERYTHING, text: query.text, onlyMatches: query.onlyMatches })}
          >
            Clear
          </button>
        )}
      </div>
    </div>
  );
}

function ToolChoice({ query, counts, onQuery }: Pick<Props, "query" | "counts" | "onQuery">) {
  if (counts.tools.size === 0 && query.tools.size === 0) return null;
  const names = [...counts.tools].sort((one, other) => other[1] - one[1]);
  const chosen = query.tools.size === 1 ? ([...query.tools][0] ?? "") : "";
  return (
    <select
      className="sr-tool-choice"
      aria-label="Tool"
      value={chosen}
      onChange={(event) => {
        const tool = event.target.value;
        onQuery({ ...query, tools: tool === "" ? new Set() : new Set([tool]) });
      }}
    >
      <option value="">{query.tools.size > 1 ? `${query.tools.size} tools` : "Any tool"}</option>
      {names.map(([tool, count]) => (
        <option key={tool} value={tool}>
          {tool} ({formatCount(count)})
        </option>
      ))}
      {chosen !== "" && !counts.tools.has(chosen) && <option value={chosen}>{chosen} (0)</option>}
    </select>
  );
}

const TYPING_MS = 150;

function SearchBox({ inputRef, query, onQuery, match, matches, onMatch }: Props) {
  const [text, setText] = useState(query.text);
  // What this box has last sent: a different query comes from elsewhere (Back, a chip) and is taken over.
  const sent = useRef(query.text);
  if (query.text !== sent.current) {
    sent.current = query.text;
    setText(query.text);
  }
  const send = (next: string) => {
    const { text: words, ...tokens } = parseQuery(next);
    const merged = next === words ? { ...query, text: words } : { ...joined(query, tokens), text: words };
    sent.current = words;
    if (words !== next.trim()) setText(words);
    onQuery(merged);
  };
  const latest = useRef(send);
  latest.current = send;
  useEffect(() => {
    if (text.trim() === sent.current) return;
    const timer = setTimeout(() => latest.current(text), TYPING_MS);
    return () => clearTimeout(timer);
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
        title="Text, or type:tool  tool:Bash  is:error"
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
          <output className={matches === 0 ? "sr-search-count sr-search-none" : "sr-search-count"}>
            {matches === 0
              ? "no match"
              : `${match === 0 ? "–" : formatCount(match)} of ${formatCount(matches)}`}
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
        </>
      )}
    </div>
  );
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
