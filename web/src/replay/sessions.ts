/** The sessions that this page asks for: the one shown, its family, and its neighbours in the list. */
import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { answer, api } from "../api/client";
import { formatBytes, formatCount } from "../format";
import type { Session } from "./shapes";

export function useSession(sessionId: string, attempt: number) {
  return useQuery({
    queryKey: ["session", sessionId, attempt],
    queryFn: ({ signal }) => fetchSession(sessionId, signal),
    staleTime: 10_000,
  });
}

export async function fetchSession(sessionId: string, signal: AbortSignal): Promise<Session> {
  const path = { session_id: sessionId };
  const session = await answer(api.GET("/api/sessions/{session_id}", { params: { path }, signal }));
  return session as Session;
}

const ANCESTORS_MAX = 20;

/** The sessions above a subagent's, the root first. One that is not stored ends the chain. */
export function useAncestors(session: Session | null) {
  return useQuery({
    queryKey: ["ancestors", session?.id],
    enabled: session?.parent_id !== null && session !== null,
    staleTime: 60_000,
    queryFn: async ({ signal }) => {
      const chain: Session[] = [];
      for (let id = session?.parent_id ?? null; id !== null && chain.length < ANCESTORS_MAX; ) {
        const parent: Session = await fetchSession(id, signal);
        chain.unshift(parent);
        id = chain.some((one) => one.id === parent.parent_id) ? null : parent.parent_id;
      }
      return chain;
    },
  });
}

const PAGE_MAX = 500;
const LIVE_FIGURES_MS = 5_000;

/** The sessions spawned by this one, by id. */
export function useSubagents(session: Session | null) {
  return useQuery<ReadonlyMap<string, Session>>({
    queryKey: ["subagents", session?.id, session?.subagents],
    enabled: session !== null && session.subagents > 0,
    staleTime: LIVE_FIGURES_MS,
    // One more was spawned: the rows of those before stay until it is known.
    placeholderData: keepPreviousData,
    refetchInterval: ({ state }) =>
      [...(state.data?.values() ?? [])].some((one) => one.live) && LIVE_FIGURES_MS,
    queryFn: ({ signal }) => fetchSubagents(session?.id ?? "", signal),
  });
}

/** The sessions whose parent is the given one, by id, in the order in which they started. */
export async function fetchSubagents(
  parent: string,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Session>> {
  const found = new Map<string, Session>();
  for (let cursor: string | undefined; ; ) {
    const query = { parent, limit: PAGE_MAX, ...(cursor !== undefined && { cursor }) };
    const page: { items: unknown[]; next_cursor: string | null } = await answer(
      api.GET("/api/sessions", { params: { query }, signal }),
    );
    for (const one of page.items as Session[]) found.set(one.id, one);
    if (page.next_cursor === null) return found;
    cursor = page.next_cursor;
  }
}

/** The session with the figures of all its subagents added. */
export function useTreeFigures(session: Session | null) {
  return useQuery({
    queryKey: ["tree", session?.id, session?.subagents, session?.tool_calls],
    enabled: session !== null && session.subagents > 0,
    staleTime: 5_000,
    queryFn: async ({ signal }) => {
      const params = { path: { session_id: session?.id ?? "" }, query: { tree: true } };
      return answer(api.GET("/api/sessions/{session_id}", { params, signal }));
    },
  });
}

const NEIGHBOURS_PAGE = 50;

/**
 * The session list as the browser filters and sorts it; `filter` is the JSON text of the address.
 *
 * @param isWanted Whether it is asked for; what was asked for before is there in any case.
 */
export function useNeighbours(filter: string | undefined, sort: string | undefined, isWanted: boolean) {
  return useInfiniteQuery({
    enabled: isWanted,
    queryKey: ["neighbours", filter, sort],
    initialPageParam: undefined as string | undefined,
    staleTime: 10_000,
    queryFn: async ({ pageParam, signal }) => {
      const query = {
        limit: NEIGHBOURS_PAGE,
        ...(filter !== undefined && { filter }),
        ...(sort !== undefined && { sort }),
        ...(pageParam !== undefined && { cursor: pageParam }),
      };
      return answer(api.GET("/api/sessions", { params: { query }, signal }));
    },
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });
}

/** Text cut between words, with an ellipsis where something was left out. */
export function shortened(text: string, characters: number): string {
  if (text.length <= characters) return text;
  const cut = text.slice(0, characters);
  const space = cut.lastIndexOf(" ");
  return `${(space > characters / 2 ? cut.slice(0, space) : cut).trimEnd()}…`;
}

export interface Coverage {
  state: "whole" | "reading" | "gaps";
  lines: string;
  /** What is missing, where something is. */
  missing: string | null;
}

/** Whether every line of the transcript has an entry. */
export function coverageOf(session: Session): Coverage {
  const { lines, lines_with_entries, damaged_lines, pending_bytes } = session;
  const damaged = damaged_lines > 0 ? `, ${formatCount(damaged_lines)} damaged` : "";
  const counted = `${formatCount(lines_with_entries)} of ${formatCount(lines)} ${lines === 1 ? "line" : "lines"}${damaged}`;
  if (pending_bytes > 0)
    return { state: "reading", lines: counted, missing: `${formatBytes(pending_bytes)} still being read` };
  if (lines_with_entries === lines) return { state: "whole", lines: counted, missing: null };
  const gap = lines - lines_with_entries;
  return {
    state: "gaps",
    lines: counted,
    missing: gap > 0 ? `${formatCount(gap)} without an entry` : "the counts disagree",
  };
}
