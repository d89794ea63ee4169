import { type Ref, useEffect, useRef, useState } from "react";
import { formatCount } from "../../format";
import { CARD_WORDS } from "../audit/acts";
import { ENTRY_TYPES } from "../shapes";
import { Glyph } from "./EntryMark";
import { type Counts, MARKS, parseQuery, type Query, withoutOpenToken } from "./query";
import { Unfolding } from "./Unfolding";
import type { Matches } from "./useMatches";

export interface SearchProps {
  inputRef: Ref<HTMLInputElement>;
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

/** The words that are looked for in the trace, and the way from match to match. */
export function SearchBox({
  inputRef,
  query,
  onQuery,
  counts,
  match,
  matches,
  search,
  onMatch,
}: SearchProps) {
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
