import Button from "@cloudscape-design/components/button";
import { keepPreviousData, useQueries, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { type ReactNode, useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { answer, api, type Session } from "../api/client";
import type { FilterNode } from "../filter/filter";
import { daysOf, withDays, withoutDays } from "../filter/query";
import { SessionFilter } from "../filter/SessionFilter";
import { formatCount } from "../format";
import { Failure } from "../shell/FailurePage";
import { useAnnounce, usePage } from "../shell/page";
import { addDays, dayOf, instantOf, useZoneName } from "../timeZone";
import { Figures } from "./Figures";
import { Heatmap, METRICS, type Metric } from "./Heatmap";
import { Importing, isImporting } from "./Importing";
import { refreshAll, subagentsQuery, useSessionList } from "./list";
import { NoSessions } from "./NoSessions";
import { usePlace } from "./place";
import { type Branch, rowsOf } from "./rows";
import { SessionTable, TableSkeleton } from "./SessionTable";
import { SORT_DEFAULT, type Sort } from "./sort";
import "./SessionsPage.css";

const route = getRouteApi("/");

const IMPORT_POLL_MS = 1_000;
const STATUS_POLL_MS = 10_000;
const FIGURES_POLL_MS = 15_000;
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
  const { list, sessions, total, waiting, waitingCount, showWaiting } = useSessionList(
    filter,
    sort,
    importing,
    atTop,
  );
  const figures = useFigures(filter, importing);

  const setFilter = (next: FilterNode | undefined) =>
    void navigate({ search: { ...(sort !== SORT_DEFAULT && { sort }), ...(next && { filter: next }) } });
  const setSort = (next: Sort) =>
    void navigate({ search: { ...(filter && { filter }), ...(next !== SORT_DEFAULT && { sort: next }) } });

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

  const [refreshing, setRefreshing] = useState(false);
  const refresh = () => {
    setRefreshing(true);
    void refreshAll(client).finally(() => setRefreshing(false));
  };

  const fresh = total === 0 && filter === undefined && !list.isPlaceholderData;
  let body: ReactNode;
  if (list.isPending) body = <TableSkeleton />;
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
        <Button onClick={() => setFilter(undefined)}>Clear filters</Button>
      </div>
    );
  else if (sessions.length === 0)
    body = <div className="sessions-state sessions-none">The first sessions appear here in a moment.</div>;
  else
    body = (
      <>
        <SessionTable
          rows={rows}
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
        <Button iconName="refresh" ariaLabel="Refresh" loading={refreshing} onClick={refresh} />
      </header>
      {fresh && !importing ? (
        <section className="card">
          {progress}
          <NoSessions status={status} />
        </section>
      ) : (
        <>
          <SessionFilter
            filter={filter}
            onChange={setFilter}
            total={filter === undefined ? undefined : total}
            loading={list.isPlaceholderData}
          />
          {progress}
          <div className="overview">
            <ActivityCard filter={filter} importing={importing} onFilter={setFilter} />
            <section className="card card-padded" aria-label="Figures">
              <Figures stats={figures} filtered={filter !== undefined} />
            </section>
          </div>
          <section className="card sessions-card" aria-label="Sessions" aria-busy={list.isFetching}>
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

function useFigures(filter: FilterNode | undefined, importing: boolean) {
  const { data } = useQuery({
    queryKey: ["stats", filter ?? null],
    queryFn: ({ signal }) =>
      answer(
        api.GET("/api/stats", {
          params: { query: filter ? { filter: JSON.stringify(filter) } : {} },
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
    refetchInterval: importing ? IMPORT_POLL_MS * 2 : FIGURES_POLL_MS,
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

/** Which sessions are open, and the rows that follow from it; subagents are asked for when they are needed. */
function useTree(
  sessions: Session[],
  openAtFirst: ReadonlySet<string>,
  remember: (change: { open: ReadonlySet<string> }) => void,
) {
  const [open, setOpen] = useState(openAtFirst);
  // Parents that were ever opened here: their queries live on, so closing and opening again costs nothing.
  const [parents, setParents] = useState<ReadonlyMap<string, Session>>(new Map());
  const wanted = useMemo(() => {
    const byId = new Map(parents);
    for (const session of sessions) if (open.has(session.id)) byId.set(session.id, session);
    return [...byId.values()].filter(({ id }) => open.has(id));
  }, [sessions, parents, open]);
  const answers = useQueries({ queries: wanted.map((parent) => subagentsQuery(parent)) });
  const branches = new Map<string, Branch>(
    wanted.map((parent, index) => {
      const one = answers[index];
      if (one?.data !== undefined) return [parent.id, { state: "loaded", sessions: one.data }];
      return [parent.id, one?.isError ? { state: "failed", error: one.error } : { state: "loading" }];
    }),
  );
  // Subagents that were open when the reader left are opened again as their parents come in.
  const nested = [...branches.values()]
    .flatMap((branch) => (branch.state === "loaded" ? branch.sessions : []))
    .filter((session) => open.has(session.id) && !parents.has(session.id));
  const nestedIds = nested.map(({ id }) => id).join(" ");
  // biome-ignore lint/correctness/useExhaustiveDependencies: `nested` is new at each rendering, its ids are not
  useEffect(() => {
    if (nested.length > 0)
      setParents((old) => new Map([...old, ...nested.map((one) => [one.id, one] as const)]));
  }, [nestedIds]);

  const toggle = useCallback((session: Session) => {
    setParents((old) => new Map([...old, [session.id, session]]));
    setOpen((old) => {
      const next = new Set(old);
      if (!next.delete(session.id)) next.add(session.id);
      return next;
    });
  }, []);
  useEffect(() => remember({ open }), [open, remember]);
  const client = useQueryClient();
  const retry = useCallback(
    (parent: Session) => void client.refetchQueries({ queryKey: subagentsQuery(parent).queryKey }),
    [client],
  );
  const rows = rowsOf(sessions, open, (id) => branches.get(id) ?? { state: "loading" });
  return { rows, toggle, retry };
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

interface ActivityProps {
  filter: FilterNode | undefined;
  importing: boolean;
  onFilter: (filter: FilterNode | undefined) => void;
}

function ActivityCard({ filter, importing, onFilter }: ActivityProps) {
  const zone = useZoneName();
  const [metric, setMetric] = useState<Metric>("sessions");
  // The heatmap shows the days to choose from, so the chosen days do not narrow it.
  const others = useMemo(() => withoutDays(filter), [filter]);
  const { data } = useQuery({
    queryKey: ["activity", others ?? null, zone],
    queryFn: ({ signal }) =>
      answer(
        api.GET("/api/activity", {
          params: { query: { tz: zone, ...(others && { filter: JSON.stringify(others) }) } },
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
    refetchInterval: importing ? IMPORT_POLL_MS * 3 : false,
  });
  const chosen = daysOf(filter);
  const selected = chosen && {
    first: dayOf(Date.parse(chosen.from), zone),
    last: dayOf(Date.parse(chosen.before) - 1, zone),
  };
  const select = (first: string, last: string) => {
    if (selected?.first === first && selected.last === last) return onFilter(others);
    const start = (day: string) => new Date(instantOf(day, zone)).toISOString();
    onFilter(withDays(filter, start(first), start(addDays(last, 1))));
  };
  return (
    <section className="card card-padded" aria-label="Activity">
      <div className="activity-head">
        <h2>Activity</h2>
        <span className="activity-zone">days in {zone}</span>
        <fieldset className="metric">
          <legend className="visually-hidden">Count</legend>
          {METRICS.map((one) => (
            <label key={one}>
              <input type="radio" name="metric" checked={one === metric} onChange={() => setMetric(one)} />
              {one}
            </label>
          ))}
        </fieldset>
      </div>
      <Heatmap days={data?.items ?? []} metric={metric} zone={zone} selected={selected} onSelect={select} />
    </section>
  );
}
