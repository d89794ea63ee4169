import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { formatCount, formatDuration, formatShort } from "../../format";
import { titleOf } from "../../sessions/rows";
import { keptOnTheWay } from "../address";
import type { Session } from "../shapes";
import { visibleText } from "../text/invisible";
import { VisibleText } from "../text/VisibleText";
import { Glyph } from "./EntryMark";
import type { SubagentTrace } from "./subagentTraces";

interface Props {
  sessionId: string;
  session: Session | null;
  /** What is opened in place, null while nothing is. */
  trace: SubagentTrace | null;
  /** Further subagents of the same call. */
  others: readonly Session[];
  /** How many of its rows pass the view and the filter. */
  shown: number;
  /** Whether Tab stops at the controls. */
  reachable: boolean;
  toggle: () => void;
  retry: () => void;
}

/** What a call spawned: its figures, its own page, and its trace opened in place. */
export function SubagentBar({ sessionId, session, trace, others, shown, reachable, toggle, retry }: Props) {
  const tabIndex = reachable ? 0 : -1;
  return (
    <div className="sr-subagent">
      <button
        type="button"
        className="sr-link-button sr-subagent-toggle"
        aria-expanded={trace !== null}
        title={
          trace ? "Hide the subagent's trace (Enter)" : "Show the subagent's trace below this row (Enter)"
        }
        tabIndex={tabIndex}
        onClick={(event) => {
          event.stopPropagation();
          toggle();
        }}
      >
        <Glyph name={trace ? "down" : "right"} /> {trace ? "Hide" : "Show here"}
      </button>
      <OpenLink sessionId={sessionId} tabIndex={tabIndex}>
        {others.length > 0 && session ? `Open ${visibleText(titleOf(session).text)}` : "Open subagent"}
      </OpenLink>
      {session && <Figures session={session} />}
      {trace && <TraceWords trace={trace} shown={shown} tabIndex={tabIndex} retry={retry} />}
      {others.map((one) => (
        <div key={one.id} className="sr-subagent-other">
          <OpenLink sessionId={one.id} tabIndex={tabIndex}>
            Open {visibleText(titleOf(one).text)}
          </OpenLink>
          <Figures session={one} />
        </div>
      ))}
    </div>
  );
}

interface OpenLinkProps {
  sessionId: string;
  tabIndex: number;
  children: ReactNode;
}

function OpenLink({ sessionId, tabIndex, children }: OpenLinkProps) {
  return (
    <Link
      className="sr-subagent-link"
      to="/replay/$sessionId"
      params={{ sessionId }}
      search={(search) => keptOnTheWay(search)}
      tabIndex={tabIndex}
      onClick={(event) => event.stopPropagation()}
    >
      <Glyph name="agent" /> {children}
    </Link>
  );
}

function Figures({ session }: { session: Session }) {
  const figures = [
    session.tool_calls === 1 ? "1 tool call" : `${formatCount(session.tool_calls)} tool calls`,
    `${formatShort(session.tokens.total)} tokens`,
    formatDuration(session.duration_ms),
  ];
  return (
    <span className="sr-subagent-figures">
      {session.agent_type !== null && (
        <>
          <VisibleText text={session.agent_type} /> ·{" "}
        </>
      )}
      {figures.join(" · ")}
      {session.live && <span className="sr-live"> Live</span>}
    </span>
  );
}

type WordsProps = Pick<Props, "shown" | "retry"> & { trace: SubagentTrace; tabIndex: number };

/** How far the opened trace is, or why nothing of it is to be seen. */
function TraceWords({ trace, shown, tabIndex, retry }: WordsProps) {
  const { state, session, rows, error } = trace;
  const count = rows.entryCount;
  if (state === "failed") {
    return (
      <span className="sr-subagent-state sr-subagent-failed" role="alert">
        {error instanceof Error ? error.message : "The subagent's trace cannot be loaded."}{" "}
        <button
          type="button"
          className="sr-link-button"
          tabIndex={tabIndex}
          onClick={(event) => {
            event.stopPropagation();
            retry();
          }}
        >
          Retry
        </button>
      </span>
    );
  }
  if (state === "loading") {
    return (
      <span className="sr-subagent-state" role="status">
        <span className="sr-spinner" aria-hidden="true" />{" "}
        {count === 0 ? "Loading…" : `${formatCount(count)} of ${formatCount(session?.entries)} entries…`}
      </span>
    );
  }
  if (count === 0) return <span className="sr-subagent-state">Its transcript has no lines yet.</span>;
  if (shown === 0) return <span className="sr-subagent-state">None of its entries passes the filter.</span>;
  return (
    <span
      className="sr-subagent-state"
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
