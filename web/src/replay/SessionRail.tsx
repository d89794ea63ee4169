import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { Virtuoso } from "react-virtuoso";
import { formatCount, formatDateTime, formatDuration } from "../format";
import { Failure } from "../shell/FailurePage";
import { useZoneName } from "../timeZone";
import { nameOf, useNeighbours } from "./sessions";
import type { Session } from "./shapes";
import { VisibleText } from "./text/VisibleText";
import { Glyph } from "./trace/EntryMark";

interface Props {
  /** The session whose row is marked: the one shown, or the root of its tree. */
  currentId: string;
  /** As in the browser's address; a value that the server understands. */
  filter: unknown;
  sort: string | undefined;
  onFold: () => void;
}

/** The list of sessions beside the trace, with the filter that the browser had. */
export function SessionRail({ currentId, filter, sort, onFold }: Props) {
  const written =
    filter === undefined ? undefined : typeof filter === "string" ? filter : JSON.stringify(filter);
  const pages = useNeighbours(written, sort);
  const zone = useZoneName();
  const sessions = useMemo(
    () => (pages.data?.pages ?? []).flatMap((page) => page.items as Session[]),
    [pages.data],
  );
  const total = pages.data?.pages[0]?.total ?? 0;
  return (
    <nav className="sr-rail" aria-label="Sessions">
      <header className="sr-rail-head">
        <h2>Sessions</h2>
        <span>
          {pages.data && formatCount(total)}
          {written !== undefined && " filtered"}
        </span>
        <button
          type="button"
          className="sr-icon-button"
          aria-label="Fold the session list"
          title="Fold the session list ([)"
          onClick={onFold}
        >
          <Glyph name="panelLeft" />
        </button>
      </header>
      {pages.isError && <Failure error={pages.error} retry={() => void pages.refetch()} />}
      {pages.isPending && <RailSkeleton />}
      {pages.data && sessions.length === 0 && <p className="sr-empty">No session matches the filter.</p>}
      {sessions.length > 0 && (
        <Virtuoso
          className="sr-scroller"
          tabIndex={-1}
          data={sessions}
          initialTopMostItemIndex={Math.max(0, sessions.findIndex((session) => session.id === currentId) - 2)}
          computeItemKey={(_index, session) => session.id}
          defaultItemHeight={66}
          endReached={() => {
            if (pages.hasNextPage && !pages.isFetchingNextPage) void pages.fetchNextPage();
          }}
          itemContent={(_index, session) => (
            <RailRow session={session} current={session.id === currentId} zone={zone} />
          )}
        />
      )}
    </nav>
  );
}

function RailRow({ session, current, zone }: { session: Session; current: boolean; zone: string }) {
  return (
    <Link
      to="/replay/$sessionId"
      params={{ sessionId: session.id }}
      // The place in this trace means nothing in another; the view, the tab and the filter stay.
      search={({ entry: _entry, q: _q, agent: _agent, ...kept }) => kept}
      className="sr-rail-row"
      aria-current={current ? "page" : undefined}
    >
      <span className="sr-rail-title">
        {session.live && <span className="sr-live-dot" title="Live" />}
        <VisibleText text={nameOf(session)} />
      </span>
      <span className="sr-rail-facts">
        <VisibleText text={session.client.host} />
        {session.project && (
          <>
            {" · "}
            <VisibleText text={session.project.split(/[/\\]/).at(-1) ?? ""} />
          </>
        )}
      </span>
      <span className="sr-rail-facts">
        {formatDateTime(session.started_at, zone)} · {formatDuration(session.duration_ms)} ·{" "}
        {formatCount(session.messages)} msg
      </span>
    </Link>
  );
}

function RailSkeleton() {
  return (
    <div className="sr-skeleton" aria-hidden="true">
      {[0, 1, 2, 3, 4].map((row) => (
        <span key={row} />
      ))}
    </div>
  );
}
