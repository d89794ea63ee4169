import {
  type InfiniteData,
  keepPreviousData,
  type QueryClient,
  useInfiniteQuery,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { useEffect, useMemo, useRef, useState } from "react";
import { answer, api, type Session, type SessionPage } from "../api/client";
import type { FilterNode } from "../filter/filter";
import type { Sort } from "./sort";

const PAGE_ROWS = 50;
/** How often the top of the list is asked for again while the page is looked at. */
const REFRESH_MS = 5_000;
/** While transcripts are being imported. */
const REFRESH_IMPORTING_MS = 2_000;

type Pages = InfiniteData<SessionPage, string | null>;

function listKey(filter: FilterNode | undefined, sort: Sort) {
  return ["sessions", "list", filter ?? null, sort] as const;
}

function query(filter: FilterNode | undefined, sort: Sort, cursor: string | null) {
  return {
    sort,
    limit: PAGE_ROWS,
    ...(filter && { filter: JSON.stringify(filter) }),
    ...(cursor !== null && { cursor }),
  };
}

/**
 * The pages of the list, kept fresh.
 *
 * Only the first page is asked for again: loaded pages beneath stay as they are, and rows that are shown get their
 * new figures in place. New rows go on top, and rows to where they belong now, where `atTop` says that nothing would
 * jump; else they wait in `waiting`.
 */
export function useSessionList(
  filter: FilterNode | undefined,
  sort: Sort,
  importing: boolean,
  atTop: () => boolean,
) {
  const client = useQueryClient();
  const key = useMemo(() => listKey(filter, sort), [filter, sort]);
  const list = useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam, signal }) =>
      answer(api.GET("/api/sessions", { params: { query: query(filter, sort, pageParam) }, signal })),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: keepPreviousData,
    // The head below keeps it fresh; coming back must find the rows where they were.
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 30 * 60_000,
  });

  const head = useQuery({
    queryKey: ["sessions", "head", filter ?? null, sort],
    queryFn: ({ signal }) =>
      answer(api.GET("/api/sessions", { params: { query: query(filter, sort, null) }, signal })),
    refetchInterval: importing ? REFRESH_IMPORTING_MS : REFRESH_MS,
    // The list has just brought the same page.
    initialData: () => client.getQueryData<Pages>(key)?.pages[0],
    initialDataUpdatedAt: () => client.getQueryState(key)?.dataUpdatedAt,
    enabled: list.isSuccess && !list.isPlaceholderData,
  });

  useLiveRows(key, list.data?.pages, importing);

  const [waiting, setWaiting] = useState<SessionPage | null>(null);
  const fresh = head.data;
  useEffect(() => {
    if (fresh === undefined) return;
    const known = client.getQueryData<Pages>(key);
    if (known === undefined) return;
    if (atTop()) {
      setWaiting(null);
      client.setQueryData<Pages>(key, withHead(known, fresh));
    } else {
      setWaiting(beginsWith(known, fresh) ? null : fresh);
      client.setQueryData<Pages>(key, withFigures(known, fresh.items));
    }
  }, [fresh, client, key, atTop]);

  // An import adds rows anywhere, also between loaded ones: when it is over, all loaded pages are asked for once more.
  const [outdated, setOutdated] = useState(false);
  const wasImporting = useRef(importing);
  useEffect(() => {
    if (wasImporting.current && !importing) setOutdated(true);
    wasImporting.current = importing;
  }, [importing]);
  useEffect(() => {
    if (!outdated || !atTop()) return;
    setOutdated(false);
    void client.invalidateQueries({ queryKey: key });
  }, [outdated, atTop, client, key]);

  const pages = list.data?.pages;
  const sessions = useMemo(() => distinct(pages?.flatMap((page) => page.items) ?? []), [pages]);
  const waitingCount = waiting !== null && list.data !== undefined ? newRows(list.data, waiting) : 0;
  const showWaiting = () => {
    if (waiting !== null) client.setQueryData<Pages>(key, (known) => known && withHead(known, waiting));
    setWaiting(null);
    if (outdated) void client.invalidateQueries({ queryKey: key });
    setOutdated(false);
  };
  return {
    list,
    /** Why what is shown may be old; null while the server answers. */
    outage: list.data === undefined ? null : head.error,
    sessions,
    total: fresh?.total ?? pages?.[0]?.total,
    waitingCount,
    /** Something is to be shown as soon as the reader is at the top. */
    waiting: waiting !== null || outdated,
    showWaiting,
  };
}

/** Filters take a hundred conditions; more rows than this are never live at once on one screen. */
const LIVE_ROWS_MAX = 90;

/**
 * Keeps rows beneath the first page fresh: those that are live anywhere, and those that were when they were loaded.
 *
 * The head brings the first page again, and nothing else would tell that an older session goes on.
 */
function useLiveRows(key: ReturnType<typeof listKey>, pages: SessionPage[] | undefined, importing: boolean) {
  const client = useQueryClient();
  const beneath = useMemo(() => pages?.slice(1).flatMap((page) => page.items) ?? [], [pages]);
  const live = useMemo(() => beneath.filter((row) => row.live).map(({ id }) => id), [beneath]);
  const asked = JSON.stringify({
    or: [
      { property: "live", operator: "=", value: true },
      ...live.slice(0, LIVE_ROWS_MAX).map((id) => ({ property: "session_id", operator: "=", value: id })),
    ],
  });
  const { data } = useQuery({
    queryKey: ["sessions", "live", asked],
    queryFn: ({ signal }) =>
      answer(api.GET("/api/sessions", { params: { query: { filter: asked, limit: 500 } }, signal })),
    refetchInterval: REFRESH_MS,
    enabled: beneath.length > 0 && !importing,
  });
  useEffect(() => {
    if (data === undefined) return;
    client.setQueryData<Pages>(key, (known) => known && withFigures(known, data.items));
  }, [data, client, key]);
}

function distinct(sessions: Session[]): Session[] {
  const seen = new Set<string>();
  return sessions.filter(({ id }) => !seen.has(id) && seen.add(id));
}

/** Sessions of a fresh first page that the loaded pages do not have. */
export function newRows(known: Pick<Pages, "pages">, fresh: SessionPage): number {
  const ids = new Set(known.pages.flatMap((page) => page.items.map(({ id }) => id)));
  return fresh.items.filter(({ id }) => !ids.has(id)).length;
}

/** Whether the loaded rows begin with those of a fresh first page, in their order. */
export function beginsWith(known: Pick<Pages, "pages">, fresh: SessionPage): boolean {
  const rows = known.pages.flatMap((page) => page.items);
  return fresh.items.every(({ id }, index) => rows[index]?.id === id);
}

/** Loaded pages with new figures in the rows that they have, in their old places; the same pages where there are none. */
export function withFigures(known: Pages, fresh: Session[]): Pages {
  const byId = new Map(fresh.map((session) => [session.id, session]));
  if (!known.pages.some((page) => page.items.some(({ id }) => byId.has(id)))) return known;
  const pages = known.pages.map((page) =>
    page.items.some(({ id }) => byId.has(id))
      ? { ...page, items: page.items.map((session) => byId.get(session.id) ?? session) }
      : page,
  );
  return { ...known, pages };
}

/**
 * Loaded pages with their top replaced by a fresh first page.
 *
 * What stood after the fresh page's last row is still right and stays; what stood before it and is not in the
 * fresh page has moved or is gone. Where the fresh page does not reach the known rows, it stands alone.
 */
export function withHead(known: Pages, fresh: SessionPage): Pages {
  const last = fresh.items.at(-1)?.id;
  const rows = known.pages.flatMap((page) => page.items);
  const seam = rows.findIndex(({ id }) => id === last);
  const tail = known.pages.at(-1);
  if (fresh.next_cursor === null || seam === -1 || tail === undefined) {
    return { pages: [fresh], pageParams: [null] };
  }
  const ids = new Set(fresh.items.map(({ id }) => id));
  const rest = rows.slice(seam + 1).filter(({ id }) => !ids.has(id));
  if (rest.length === 0) return { pages: [fresh], pageParams: [null] };
  // As many pages as before, so that a later refetch of all brings as many rows again. Only the last cursor is used.
  const pages: SessionPage[] = [fresh];
  for (let start = 0; start < rest.length; start += PAGE_ROWS) {
    const isLast = start + PAGE_ROWS >= rest.length;
    const next_cursor = isLast ? tail.next_cursor : fresh.next_cursor;
    pages.push({ items: rest.slice(start, start + PAGE_ROWS), next_cursor, total: fresh.total });
  }
  return { pages, pageParams: pages.map((_, index) => (index === 0 ? null : fresh.next_cursor)) };
}

const CHILDREN_PAGE_ROWS = 500;
/** A guard only: no known session has spawned a tenth of this. */
const CHILDREN_PAGES_MAX = 20;

export function subagentsQuery(parent: Session) {
  return {
    queryKey: ["sessions", "subagents", parent.id] as const,
    queryFn: ({ signal }: { signal: AbortSignal }) => subagentsOf(parent.id, signal),
    refetchInterval: parent.live ? REFRESH_MS : (false as const),
    gcTime: 30 * 60_000,
  };
}

async function subagentsOf(parent: string, signal: AbortSignal): Promise<Session[]> {
  const sessions: Session[] = [];
  let cursor: string | null = null;
  for (let page = 0; page < CHILDREN_PAGES_MAX; page += 1) {
    const params = {
      parent,
      limit: CHILDREN_PAGE_ROWS,
      sort: "started_at",
      ...(cursor !== null && { cursor }),
    };
    const answered: SessionPage = await answer(
      api.GET("/api/sessions", { params: { query: params }, signal }),
    );
    sessions.push(...answered.items);
    cursor = answered.next_cursor;
    if (cursor === null) break;
  }
  return sessions;
}

/** Everything of this page anew, for the Refresh button and after an import. */
export function refreshAll(client: QueryClient): Promise<void> {
  return client.invalidateQueries({
    predicate: ({ queryKey }) =>
      ["sessions", "stats", "activity", "status", "facets", "clients", "saved-filters"].includes(
        String(queryKey[0]),
      ),
  });
}
