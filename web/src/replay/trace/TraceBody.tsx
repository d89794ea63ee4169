import type { ReactNode } from "react";
import { formatBytes } from "../../format";
import { Failure } from "../../shell/FailurePage";
import type { Session } from "../shapes";
import type { Row } from "./rows";
import type { TraceState } from "./useTrace";

interface Props {
  trace: TraceState;
  visible: readonly Row[];
  view: "dev" | "audit";
  session: Session | null;
  onClear: () => void;
  onRetry: () => void;
  children: ReactNode;
}

/** The list, or what is said where there is nothing to list. */
export function TraceBody({ trace, visible, view, session, onClear, onRetry, children }: Props) {
  if (visible.length > 0) return children;
  if (trace.rows.entryCount > 0 && !trace.windowed) {
    return (
      <div className="sr-empty-trace">
        <p>
          {view === "audit"
            ? "Nothing in this session passes the Audit view and the filter."
            : "No entry passes the filter."}
        </p>
        <button type="button" className="sr-button" onClick={onClear}>
          Clear the filter
        </button>
      </div>
    );
  }
  if (trace.caughtUp) {
    const [what, why] = whyNothing(session);
    return (
      <div className="sr-empty-trace">
        <p>
          <b>{what}</b>
        </p>
        <p>{why}</p>
      </div>
    );
  }
  if (trace.connection.state === "lost") {
    // It is tried again by itself, as the line beneath says; whoever waits learns why.
    return (
      <div className="sr-trace-failed">
        <Failure error={trace.connection.error} retry={onRetry} />
      </div>
    );
  }
  return (
    <div className="sr-skeleton sr-trace-skeleton" role="status" aria-label="Loading the trace">
      {[0, 1, 2, 3, 4, 5, 6, 7].map((row) => (
        <span key={row} />
      ))}
    </div>
  );
}

function whyNothing(session: Session | null): [what: string, why: string] {
  if (session !== null && session.pending_bytes > 0)
    return [
      "Being read…",
      `${formatBytes(session.pending_bytes)} are stored and not read yet. Their entries appear here by themselves.`,
    ];
  if (session?.live) return ["No lines yet.", "They appear here as the session writes them."];
  if (session !== null && session.size_bytes > 0)
    return ["No lines.", "The transcript file of this session holds nothing but empty lines."];
  return ["No lines yet.", "The transcript file of this session is empty."];
}
