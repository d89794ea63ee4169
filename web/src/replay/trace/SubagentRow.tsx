import { Link } from "@tanstack/react-router";
import { memo, useRef } from "react";
import { formatCount, formatDateTimeExact, formatDuration, formatShort, formatTime } from "../../format";
import { titleOf } from "../../sessions/rows";
import { keptOnTheWay, permanentLink } from "../address";
import { CopyButton } from "../clipboard";
import type { Session } from "../shapes";
import { visibleText } from "../text/invisible";
import { VisibleText } from "../text/VisibleText";
import { Glyph } from "./EntryMark";
import { RowButton } from "./RowButton";
import { LEVEL_PX, Rails, useKeptFocus } from "./rowFrame";
import type { AgentRow, Row } from "./rows";
import type { SubagentTrace } from "./subagentTraces";

interface Props {
  row: AgentRow;
  /** The session that the page shows. */
  sessionId: string;
  session: Session | null;
  /** What is opened in place, null while nothing is. */
  trace: SubagentTrace | null;
  /** How many of its rows pass the view and the filter. */
  shown: number;
  selected: boolean;
  zone: string;
  position: number;
  total: number;
  select: (row: Row) => void;
  toggle: (row: AgentRow) => void;
  retry: (sessionId: string) => void;
  closeSubagent: (sessionId: string) => void;
}

/** One subagent below its call: its figures, its own page, and its trace opened in place. */
export const SubagentRow = memo(function SubagentRow(props: Props) {
  const { row, session, trace, selected, zone } = props;
  const article = useRef<HTMLElement>(null);
  useKeptFocus(article);
  const tabIndex = selected ? 0 : -1;
  const title = titleOfAgent(session);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: j, k and Enter select and open, as with all rows
    <article
      ref={article}
      className={selected ? "sr-row sr-agent sr-row-selected" : "sr-row sr-agent"}
      style={row.depth > 0 ? { marginInlineStart: row.depth * LEVEL_PX } : undefined}
      aria-posinset={props.position + 1}
      aria-setsize={props.total}
      aria-current={selected ? "true" : undefined}
      data-key={row.key}
      data-subagent={row.agent}
      onClick={() => {
        if (window.getSelection()?.type !== "Range") props.select(row);
      }}
    >
      {row.nest && <Rails nest={row.nest} depth={row.depth} close={props.closeSubagent} />}
      <button
        type="button"
        className="sr-link-button sr-agent-toggle"
        aria-expanded={trace !== null}
        title={
          trace ? "Hide the subagent's trace (Enter)" : "Show the subagent's trace below this row (Enter)"
        }
        tabIndex={tabIndex}
        onClick={(event) => {
          event.stopPropagation();
          props.toggle(row);
        }}
      >
        <Glyph name={trace ? "down" : "right"} />
        <Glyph name="agent" />
        <span className="visually-hidden">{trace ? "Hide" : "Show"} </span>
        <span className="sr-agent-title">
          <VisibleText text={title} />
        </span>
      </button>
      <span className="sr-agent-words">
        {session && <Figures session={session} />}
        {trace && <TraceWords {...props} trace={trace} tabIndex={tabIndex} />}
      </span>
      <span className="sr-row-facts">
        <CopyButton
          text={() => permanentLink(props.sessionId, null, row.agent)}
          label="Copy link to subagent"
          glyph="link"
          reachable={selected}
        />
        <Link
          className="sr-agent-page"
          to="/replay/$sessionId"
          params={{ sessionId: row.agent }}
          search={(search) => keptOnTheWay(search)}
          aria-label={`Open ${visibleText(title)}`}
          title="Open the subagent as a page of its own"
          tabIndex={tabIndex}
          onClick={(event) => event.stopPropagation()}
        >
          Open
        </Link>
        <time
          className="sr-row-time"
          dateTime={session?.started_at ?? undefined}
          title={formatDateTimeExact(session?.started_at ?? null, zone)}
        >
          {formatTime(session?.started_at ?? null, zone)}
        </time>
      </span>
    </article>
  );
});

/** Until its session is known a subagent has no name. */
export function titleOfAgent(session: Session | null): string {
  return session ? titleOf(session).text : "Subagent";
}

function Figures({ session }: { session: Session }) {
  const figures = [
    callWords(session),
    `${formatShort(session.tokens.total)} tokens`,
    formatDuration(session.duration_ms),
  ];
  return (
    <span>
      {session.live && (
        <>
          <span className="sr-live">Live</span>{" "}
        </>
      )}
      {session.agent_type !== null && (
        <>
          <VisibleText text={session.agent_type} />
          {" · "}
        </>
      )}
      {figures.join(" · ")}
    </span>
  );
}

function callWords({ tool_calls }: Session): string {
  return tool_calls === 1 ? "1 tool call" : `${formatCount(tool_calls)} tool calls`;
}

type WordsProps = Pick<Props, "row" | "shown" | "retry"> & { trace: SubagentTrace; tabIndex: number };

/** How far the opened trace is, or why nothing of it is to be seen. */
function TraceWords({ row, trace, shown, tabIndex, retry }: WordsProps) {
  const { state, session, rows, error } = trace;
  const count = rows.entryCount;
  if (state === "failed") {
    return (
      <span className="sr-agent-state sr-agent-failed" role="alert">
        {error instanceof Error ? error.message : "The subagent's trace cannot be loaded."}{" "}
        <RowButton tabIndex={tabIndex} act={() => retry(row.agent)}>
          Retry
        </RowButton>
      </span>
    );
  }
  if (state === "loading") {
    return (
      <span className="sr-agent-state" role="status">
        <span className="sr-spinner" aria-hidden="true" />{" "}
        {count === 0 ? "Loading…" : `${formatCount(count)} of ${formatCount(session?.entries)} entries…`}
      </span>
    );
  }
  if (count === 0) return <span className="sr-agent-state">Its transcript has no lines yet.</span>;
  if (shown === 0) return <span className="sr-agent-state">None of its entries passes the filter.</span>;
  return (
    <span
      className="sr-agent-state"
      title="Counted here only: the counts of the toolbar are the session's own"
    >
      {entryWords(count, shown)}
    </span>
  );
}

function entryWords(count: number, rows: number): string {
  const entries = count === 1 ? "1 entry" : `${formatCount(count)} entries`;
  return `${entries} in ${rows === 1 ? "1 row" : `${formatCount(rows)} rows`}`;
}

interface SpawnedProps {
  agents: readonly AgentRow[];
  /** How many of them are opened in place, and how many still work. */
  open: number;
  live: number;
  reachable: boolean;
  showAll: (agents: readonly AgentRow[], isShown: boolean) => void;
}

/** What a call with several subagents says of them: each has a row below it. */
export function Spawned({ agents, open, live, reachable, showAll }: SpawnedProps) {
  const all = (isShown: boolean, words: string) => (
    <RowButton tabIndex={reachable ? 0 : -1} act={() => showAll(agents, isShown)}>
      {words}
    </RowButton>
  );
  return (
    <p className="sr-spawned">
      <Glyph name="agent" />
      <b>{agentWords(agents.length)}</b>
      {live > 0 && <span className="sr-live">{formatCount(live)} live</span>}
      <span>{open === 0 ? "none shown here" : `${formatCount(open)} shown here`}</span>
      {open < agents.length && all(true, "Show all")}
      {open > 0 && all(false, "Hide all")}
    </p>
  );
}

export function agentWords(count: number): string {
  return count === 1 ? "1 subagent" : `${formatCount(count)} subagents`;
}

/** One sentence on a subagent's row, for people who hear the page. */
export function spokenAgent(row: AgentRow, session: Session | null, isOpen: boolean): string {
  const parts = [
    row.among === 1 ? "Subagent" : `Subagent ${row.place} of ${row.among}`,
    session ? titleOfAgent(session) : "",
    session?.agent_type ?? "",
    session ? callWords(session) : "",
    session?.live ? "live" : "",
    isOpen ? "shown below" : "not shown",
  ];
  return parts.filter(Boolean).join(", ");
}
