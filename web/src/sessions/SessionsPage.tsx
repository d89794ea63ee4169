import Button from "@cloudscape-design/components/button";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { type ReactNode, useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { answer, api } from "../api/client";
import { FilterRow } from "../filter/FilterRow";
import type { FilterNode } from "../filter/filter";
import { rangeOf, withRange } from "../filter/range";
import type { Focusable } from "../filter/SessionFilter";
import type { View } from "../filter/saved";
import { formatCount } from "../format";
import { Failure } from "../shell/FailurePage";
import { Notice } from "../shell/Notice";
import { useAnnounce, usePage } from "../shell/page";
import { timeZone } from "../timeZone";
import { ActivityCard } from "./ActivityCard";
import { columnsThatFit } from "./columns";
import { ExportButton } from "./ExportButton";
import { FiguresCard } from "./Figures";
import { IMPORT_POLL_MS, Importing, isImporting } from "./Importing";
import { KeyList } from "./KeyList";
import { useKeys } from "./keys";
import { refreshAll, useSessionList } from "./list";
import { NoSessions } from "./NoSessions";
import { usePlace } from "./place";
import { useChosenColumns } from "./preferences";
import { SessionTable, TableSkeleton } from "./SessionTable";
import { leftOut, type SessionsSearch, sessionsSearch } from "./search";
import { SORT_DEFAULT, type Sort } from "./sort";
import { TablePreferences } from "./TablePreferences";
import { useTree } from "./tree";
import { useWidth } from "./width";
import "./SessionsPage.css";

const route = getRouteApi("/");

const STATUS_POLL_MS = 10_000;
/** Above this the top of the table is still on the screen, so new rows may come in there. */
const TOP_PX = 120;

export function SessionsPage() {
  usePage({
    title: "Sessions",
    crumbs: [
      { text: "Monitor", href: "/" },
      { text: "Session Replay", href: "/" },
    ],
  });
  const { filter, sort = SORT_DEFAULT } = route.useSearch();
  const navigate = route.useNavigate();
  const client = useQueryClient();
  const { arrived, remember } = usePlace();

  const status = useStatus();
  const importing = isImporting(status?.local_import);
  const atTop = useCallback(() => window.scrollY < TOP_PX, []);
  const { list, outage, sessions, total, waiting, waitingCount, showWaiting } = useSessionList(
    filter,
    sort,
    importing,
    atTop,
  );

  const isFilterCut = leftOut.use();
  const show = ({ filter: nextFilter, sort: nextSort }: SessionsSearch) => {
    leftOut.set(false);
    void navigate({
      search: {
        ...(nextSort !== undefined && nextSort !== SORT_DEFAULT && { sort: nextSort }),
        ...(nextFilter && { filter: nextFilter }),
      },
    });
  };
  const setFilter = (next: FilterNode | undefined) => show({ ...(next && { filter: next }), sort });
  const setSort = (next: Sort) => show({ ...(filter && { filter }), sort: next });
  const setView = (view: View) => show(sessionsSearch({ ...view }));

  const { rows, toggle, retry } = useTree(sessions, arrived.open, remember);
  useScrollPlace(arrived.scroll_px, remember, rows.length > 0, waiting, atTop, showWaiting);
  useChangesOfTotal(total);

  const { hasNextPage, isFetchingNextPage, isFetchNextPageError, fetchNextPage } = list;
  const more = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage && !isFetchNextPageError) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, isFetchNextPageError, fetchNextPage]);
  const footer = isFetchNextPageError ? (
    <div className="sessions-more">
      <Failure error={list.error} retry={() => void fetchNextPage()} />
    </div>
  ) : hasNextPage ? (
    <div className="sessions-more">
      <Button loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
        Load more
      </Button>
    </div>
  ) : null;

  const [chosenColumns] = useChosenColumns();
  const [measured, width_px] = useWidth();
  const columns = useMemo(() => columnsThatFit(chosenColumns, width_px), [chosenColumns, width_px]);

  const [refreshing, setRefreshing] = useState(false);
  const refresh = () => {
    setRefreshing(true);
    void refreshAll(client).finally(() => setRefreshing(false));
  };

  const filterInput = useRef<Focusable>(null);
  const [keysShown, setKeysShown] = useState(false);
  useKeys({
    "/": () => filterInput.current?.focus(),
    t: () => timeZone.set(timeZone.get() === "utc" ? "local" : "utc"),
    "?": () => setKeysShown(true),
  });

  const retryButton = (
    <button type="button" className="outlined-button" disabled={refreshing} onClick={refresh}>
      Retry
    </button>
  );
  const timeless = rangeOf(filter, Date.now()) && withRange(filter, null);
  const fresh = total === 0 && filter === undefined && !list.isPlaceholderData;
  let body: ReactNode;
  if (list.isPending) body = <TableSkeleton columns={columns} />;
  else if (list.isError && sessions.length === 0)
    body = (
      <div className="sessions-state">
        <Failure error={list.error} retry={() => void list.refetch()} />
      </div>
    );
  else if (sessions.length === 0 && filter !== undefined)
    body = (
      <div className="sessions-state sessions-none">
        <h3>No session matches the filter</h3>
        <div className="sessions-actions">
          {timeless && <Button onClick={() => setFilter(timeless)}>Look in all time</Button>}
          <Button onClick={() => setFilter(undefined)}>Clear filters</Button>
        </div>
      </div>
    );
  else if (sessions.length === 0)
    body = <div className="sessions-state sessions-none">The first sessions appear here in a moment.</div>;
  else
    body = (
      <>
        <SessionTable
          rows={rows}
          columns={columns}
          filter={filter}
          total={total}
          sort={sort}
          onSort={setSort}
          onToggle={toggle}
          onRetry={retry}
          onEnd={more}
        />
        {footer}
      </>
    );

  const failed = status?.local_import.state === "failed";
  const progress =
    (importing || failed) && status !== undefined ? <Importing progress={status.local_import} /> : null;
  return (
    <div className="sessions">
      <header className="sessions-header">
        <h1>
          Sessions{" "}
          {total !== undefined && !fresh && <span className="sessions-count">({formatCount(total)})</span>}
        </h1>
        <div className="sessions-actions">
          {!fresh && <ExportButton filter={filter} sort={sort} disabled={sessions.length === 0} />}
          <Button iconName="refresh" ariaLabel="Refresh" loading={refreshing} onClick={refresh} />
          {!fresh && <TablePreferences shown={columns} />}
        </div>
      </header>
      {fresh && !importing ? (
        <section className="card">
          {progress}
          <NoSessions status={status} />
        </section>
      ) : (
        <>
          <FilterRow
            view={{ filter, sort }}
            onFilter={setFilter}
            onView={setView}
            total={filter === undefined ? undefined : total}
            loading={list.isPlaceholderData}
            input={filterInput}
          />
          {isFilterCut && (
            <Notice
              type="warning"
              header="A part of the filter in the address could not be read"
              onDismiss={() => leftOut.set(false)}
            >
              It was left out, so that more sessions may be listed than were meant.
            </Notice>
          )}
          {progress}
          <div className="overview">
            <ActivityCard filter={filter} importing={importing} onFilter={setFilter} />
            <FiguresCard filter={filter} importing={importing} />
          </div>
          {outage !== null && (
            <Notice type="warning" header="The list is not up to date" action={retryButton}>
              {outage.message} It is tried again every few seconds; what is shown stays.
            </Notice>
          )}
          <section
            ref={measured}
            className="card sessions-card"
            aria-label="Sessions"
            aria-busy={list.isFetching}
          >
            {waitingCount > 0 && (
              <button type="button" className="sessions-waiting" onClick={() => window.scrollTo({ top: 0 })}>
                {waitingCount === 1 ? "1 new session" : `${formatCount(waitingCount)} new sessions`} ↑
              </button>
            )}
            {(list.isPlaceholderData || (list.isRefetching && !list.isFetchingNextPage)) && (
              <span className="thin-bar" role="progressbar" aria-label="Loading" />
            )}
            {body}
          </section>
        </>
      )}
      {keysShown && <KeyList onClose={() => setKeysShown(false)} />}
    </div>
  );
}

function useStatus() {
  const { data } = useQuery({
    queryKey: ["status"],
    queryFn: ({ signal }) => answer(api.GET("/api/status", { signal })),
    refetchInterval: ({ state }) => (isImporting(state.data?.local_import) ? IMPORT_POLL_MS : STATUS_POLL_MS),
  });
  return data;
}

/** New or expired sessions change the figures and the heatmap too. */
function useChangesOfTotal(total: number | undefined) {
  const client = useQueryClient();
  const announce = useAnnounce();
  const before = useRef(total);
  useEffect(() => {
    if (total === undefined || before.current === total) return;
    if (before.current !== undefined) {
      void client.invalidateQueries({ queryKey: ["stats"] });
      void client.invalidateQueries({ queryKey: ["activity"] });
    }
    before.current = total;
    announce(total === 1 ? "1 session" : `${formatCount(total)} sessions`);
  }, [total, client, announce]);
}

const RESTORE_FRAMES_MAX = 60;

/** Remembers the scroll position, returns to it on arrival, and lets waiting rows in when the top is reached. */
function useScrollPlace(
  arrived_px: number,
  remember: (change: { scroll_px: number }) => void,
  hasRows: boolean,
  waiting: boolean,
  atTop: () => boolean,
  showWaiting: () => void,
) {
  const restored = useRef(arrived_px === 0);
  useLayoutEffect(() => {
    if (restored.current || !hasRows) return;
    restored.current = true;
    // The virtual list takes its full height some frames after it is there.
    let frames = 0;
    const go = () => {
      window.scrollTo(0, arrived_px);
      frames += 1;
      if (Math.abs(window.scrollY - arrived_px) > 1 && frames < RESTORE_FRAMES_MAX) requestAnimationFrame(go);
    };
    go();
  }, [hasRows, arrived_px]);

  useEffect(() => {
    const onScroll = () => {
      if (restored.current) remember({ scroll_px: window.scrollY });
      if (waiting && atTop()) showWaiting();
    };
    window.addEventListener("scroll", onScroll, { passive: true });
    return () => window.removeEventListener("scroll", onScroll);
  }, [remember, waiting, atTop, showWaiting]);
}
