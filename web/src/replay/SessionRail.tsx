import { Link } from "@tanstack/react-router";
import { type RefObject, useEffect, useMemo, useRef } from "react";
import { type StateSnapshot, Virtuoso, type VirtuosoHandle } from "react-virtuoso";
import { formatCount, formatDateTimeShort, formatDuration } from "../format";
import { titleOf } from "../sessions/rows";
import { type SessionsSearch, sessionsSearch } from "../sessions/search";
import { SORT_DEFAULT } from "../sessions/sort";
import { Failure } from "../shell/FailurePage";
import { useZoneName } from "../timeZone";
import { keptOnTheWay } from "./address";
import { RailFilter } from "./RailFilter";
import { useNeighbours } from "./sessions";
import type { Session } from "./shapes";
import { VisibleText } from "./text/VisibleText";
import { Glyph } from "./trace/EntryMark";

interface Props {
  /** The session whose row is marked: the one shown, or the root of its tree; null until it is known. */
  current: Session | null;
  /** Where the list was scrolled to when another session was chosen from it. */
  place: RefObject<StateSnapshot | null>;
  /** What the browser's address says of the list; it can be changed here, too. */
  view: SessionsSearch;
  onView: (view: SessionsSearch) => void;
  onFold: () => void;
  /** The trace is on the screen: what stands beside it is asked for and drawn behind it. */
  drawn: boolean;
}

/** The list of sessions beside the trace, with the filter that the browser had. */
export function SessionRail({ current, place, view, onView, onFold, drawn }: Props) {
  const { filter, sort } = view;
  const pages = useNeighbours(filter && JSON.stringify(filter), sort, drawn);
  const zone = useZoneName();
  const sessions = useMemo(
    () => (pages.data?.pages ?? []).flatMap((page) => page.items as Session[]),
    [pages.data],
  );
  const list = useRef<VirtuosoHandle>(null);
  const isPlaced = useRef(false);
  const index = current === null ? -1 : sessions.findIndex((session) => session.id === current.id);
  // Once only: from then on the list is where the reader scrolls it to.
  useEffect(() => {
    if (isPlaced.current || current === null || sessions.length === 0) return;
    isPlaced.current = true;
    const isRestored = place.current !== null;
    place.current = null;
    // The list must have been laid out.
    if (!isRestored && index > 0)
      requestAnimationFrame(() => list.current?.scrollToIndex({ index, align: "center" }));
  }, [current, sessions, index, place]);
  const total = pages.data?.pages[0]?.total ?? 0;
  return (
    <nav className="sr-rail" aria-label="Sessions">
      <header className="sr-rail-head">
        <h2>Sessions</h2>
        <span>{pages.data && formatCount(total)}</span>
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
      <RailFilter
        view={{ filter, sort: sort ?? SORT_DEFAULT }}
        onView={(next) => {
          const { filter, sort } = sessionsSearch({ ...next });
          onView({ filter, sort: sort === SORT_DEFAULT ? undefined : sort });
        }}
        total={pages.data && total}
        loading={pages.isFetching}
      />
      {pages.isError && <Failure error={pages.error} retry={() => void pages.refetch()} />}
      {pages.isPending && <RailSkeleton />}
      {pages.data && sessions.length === 0 && <p className="sr-empty">No session matches the filter.</p>}
      {sessions.length > 0 && current !== null && index === -1 && (
        <div className="sr-rail-apart">
          <RailRow session={current} current zone={zone} />
        </div>
      )}
      {sessions.length > 0 && (
        <Virtuoso
          ref={list}
          className="sr-scroller"
          tabIndex={-1}
          data={sessions}
          {...(place.current !== null && { restoreStateFrom: place.current })}
          computeItemKey={(_index, session) => session.id}
          defaultItemHeight={66}
          endReached={() => {
            if (pages.hasNextPage && !pages.isFetchingNextPage) void pages.fetchNextPage();
          }}
          itemContent={(_index, session) => (
            <RailRow
              session={session}
              current={session.id === current?.id}
              zone={zone}
              onChoose={() =>
                list.current?.getState((state) => {
                  place.current = state;
                })
              }
            />
          )}
        />
      )}
    </nav>
  );
}

interface RowProps {
  session: Session;
  current: boolean;
  zone: string;
  onChoose?: () => void;
}

function RailRow({ session, current, zone, onChoose }: RowProps) {
  const title = titleOf(session);
  return (
    <Link
      to="/replay/$sessionId"
      params={{ sessionId: session.id }}
      search={(search) => keptOnTheWay(search)}
      className="sr-rail-row"
      aria-current={current ? "page" : undefined}
      onClick={(event) => {
        // Opened in another tab, it leaves this list alone.
        if (!event.ctrlKey && !event.metaKey) onChoose?.();
      }}
    >
      <span className={title.known ? "sr-rail-title" : "sr-rail-title sr-rail-unnamed"}>
        {session.live && <span className="sr-live-dot" title="Live" />}
        <VisibleText text={title.text} />
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
        {formatDateTimeShort(session.started_at, zone, new Date())} · {formatDuration(session.duration_ms)} ·{" "}
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
