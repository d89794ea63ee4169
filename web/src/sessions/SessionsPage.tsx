import Button from "@cloudscape-design/components/button";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, useRouter } from "@tanstack/react-router";
import {
  type ReactNode,
  type RefObject,
  useCallback,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from "react";
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
import { type Place, useArrival, useDeparture } from "./place";
import { useChosenColumns } from "./preferences";
import { focusedSession, focusSession, SessionTable, TableSkeleton } from "./SessionTable";
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
  const arrived = useArrival();

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

  const { rows, open, toggle, retry } = useTree(sessions, arrived);
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

  // Subagents that are still to come would move the rows beneath them.
  const settled = rows.length > 0 && !list.isPlaceholderData && rows.every(({ kind }) => kind !== "loading");
  const scroll = useReturn(arrived, settled, rows.length, !hasNextPage);
  useDeparture(() => ({ open, scroll_px: scroll(), focused: focusedSession() }));
  useWaiting(waiting, atTop, showWaiting);
  const [chosenColumns] = useChosenColumns();
  const [measured, width_px] = useWidth();
  const card = useRef<HTMLElement>(null);
  const cardRef = useCallback(
    (element: HTMLElement | null) => {
      card.current = element;
      return measured(element);
    },
    [measured],
  );
  useFocusKept(card);
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
            ref={cardRef}
            tabIndex={-1}
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
/** What shows that the reader goes on from where he is. */
const GOES_ON = ["wheel", "touchstart", "pointerdown", "keydown"];

/**
 * Returns to the place that was arrived at, as far as the rows that are there reach.
 *
 * They may come page by page, and the virtual list takes its full height some frames after them. `settled` says that
 * what is shown belongs to this place, `complete` that no more rows come.
 *
 * Returns where the reader is: on the way, where that leads to.
 */
function useReturn(arrived: Place | null, settled: boolean, rows: number, complete: boolean): () => number {
  const target = useRef<Place>(null);
  useLayoutEffect(() => {
    target.current = arrived;
    const abort = new AbortController();
    const stay = () => {
      target.current = null;
    };
    for (const kind of GOES_ON) window.addEventListener(kind, stay, { signal: abort.signal, passive: true });
    return () => abort.abort();
  }, [arrived]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: another place or more rows are a reason to try again
  useLayoutEffect(() => {
    if (!settled) return;
    let frame = 0;
    let frames = 0;
    const go = () => {
      const place = target.current;
      if (place === null) return;
      window.scrollTo(0, place.scroll_px);
      const isThere = Math.abs(window.scrollY - place.scroll_px) <= 1 && focusSession(place.focused);
      frames += 1;
      if (!isThere && frames < RESTORE_FRAMES_MAX) frame = requestAnimationFrame(go);
      else if (isThere || complete) target.current = null;
    };
    go();
    return () => cancelAnimationFrame(frame);
  }, [arrived, settled, rows, complete]);
  return () => target.current?.scroll_px ?? window.scrollY;
}

/**
 * Leads the focus to the list where it would be lost: with the page that was left, and with what goes when the address
 * changes, such as the button under "no match" that was pressed.
 */
function useFocusKept(list: RefObject<HTMLElement | null>) {
  const router = useRouter();
  const held = useRef<Element>(null);
  useLayoutEffect(() => {
    const { location, resolvedLocation } = router.state;
    // Whoever loads the page begins at its top.
    if (resolvedLocation?.pathname !== location.pathname) catchFocus(list.current);
    return router.subscribe("onBeforeNavigate", () => {
      held.current = document.activeElement;
    });
  }, [router, list]);
  useEffect(() => {
    if (held.current === null || held.current.isConnected) return;
    held.current = null;
    catchFocus(list.current);
  });
}

function catchFocus(element: HTMLElement | null) {
  if (document.activeElement === document.body) element?.focus({ preventScroll: true });
}

/** Lets waiting rows in when the top is reached. */
function useWaiting(waiting: boolean, atTop: () => boolean, showWaiting: () => void) {
  useEffect(() => {
    const onScroll = () => waiting && atTop() && showWaiting();
    window.addEventListener("scroll", onScroll, { passive: true });
    return () => window.removeEventListener("scroll", onScroll);
  }, [waiting, atTop, showWaiting]);
}
