import { useEffect, useState } from "react";
import { formatCount } from "../../format";
import { useZoneName } from "../../timeZone";
import type { Session } from "../shapes";
import type { Connection, TraceState } from "./useTrace";

interface Props {
  trace: TraceState;
  session: Session | null;
  shown: number;
  onRetry: () => void;
}

/** The line under the trace: how much has come, and whether more is coming. */
export function TraceStatus({ trace, session, shown, onRetry }: Props) {
  const zone = useZoneName();
  const count = trace.loaded;
  const expected = session?.entries ?? 0;
  return (
    <footer className="sr-trace-status">
      <span>
        {trace.caughtUp || expected <= count
          ? `${formatCount(count)} ${count === 1 ? "entry" : "entries"}`
          : `${formatCount(count)} of ${formatCount(expected)} entries`}
        {!trace.windowed && ` in ${formatCount(shown)} ${shown === 1 ? "row" : "rows"}`}
      </span>
      {!trace.caughtUp && expected > 0 && trace.connection.state === "open" && (
        <progress aria-label="Entries loaded" max={expected} value={Math.min(count, expected)} />
      )}
      <ConnectionWords
        connection={trace.connection}
        caughtUp={trace.caughtUp}
        isEmpty={count === 0}
        live={session?.live ?? false}
        isBeingRead={(session?.pending_bytes ?? 0) > 0}
        onRetry={onRetry}
      />
      {trace.rewrites > 0 && <span>The file was rewritten: shown again from its start.</span>}
      <span title="The time zone of all times on this page">Times in {zone}</span>
      <span className="sr-key-hints" aria-hidden="true">
        <kbd>j</kbd>
        <kbd>k</kbd> move <kbd>/</kbd> find <kbd>e</kbd> next error <kbd>?</kbd> all keys
      </span>
    </footer>
  );
}

interface WordsProps {
  connection: Connection;
  caughtUp: boolean;
  /** Nothing has come yet. */
  isEmpty: boolean;
  live: boolean;
  /** Some of it is stored, and not read into entries yet. */
  isBeingRead: boolean;
  onRetry: () => void;
}

function ConnectionWords({ connection, caughtUp, isEmpty, live, isBeingRead, onRetry }: WordsProps) {
  switch (connection.state) {
    case "connecting":
      return <span role="status">Connecting…</span>;
    case "hidden":
      return <span>Paused while the page is hidden</span>;
    case "lost":
      return (
        <span className="sr-connection-lost" role="status">
          {isEmpty ? "Nothing has come yet." : "Connection lost: what came stays."}{" "}
          <Countdown until={connection.retryAt} />
        </span>
      );
    case "failed":
      return (
        <span className="sr-connection-lost" role="alert">
          {connection.error instanceof Error ? connection.error.message : "The trace cannot be loaded."}{" "}
          <button type="button" className="sr-link-button" onClick={onRetry}>
            Retry
          </button>
        </span>
      );
    case "open":
      if (!caughtUp) return <span>Loading…</span>;
      if (isBeingRead && !live) return <span>Being read…</span>;
      return live ? <span className="sr-live">Following live</span> : <span>Complete</span>;
  }
}

const SECOND_MS = 1_000;

function Countdown({ until }: { until: number }) {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), SECOND_MS);
    return () => clearInterval(timer);
  }, []);
  const seconds = Math.ceil((until - now) / SECOND_MS);
  return seconds > 0 ? `Trying again in ${seconds} s` : "Trying again…";
}
