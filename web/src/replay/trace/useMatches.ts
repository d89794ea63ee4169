import { useEffect, useRef, useState } from "react";
import { ApiError, answer, api } from "../../api/client";
import type { TraceState } from "./useTrace";

/** Entries whose full text has the words: an excerpt, or null where their row shows the words itself. */
export type Excerpts = ReadonlyMap<number, string | null>;

export interface Matches {
  excerpts: Excerpts;
  state: "off" | "searching" | "done" | "failed";
  error: ApiError | null;
  retry: () => void;
}

interface Found {
  /** Of what session, generation and text these are. */
  of: string;
  excerpts: Map<number, string | null>;
  /** The last entry that was looked at. */
  to: number;
  state: "searching" | "done" | "failed";
  error: ApiError | null;
  /** Searches that have ended well. */
  searches: number;
}

const NEW = { to: -1, state: "searching", error: null, searches: 0 } as const;
const NONE: Excerpts = new Map();
const PAGE = 500;
/** After the last key press; the rows' own words match at once. */
const SETTLED_MS = 250;
/** A session that grows is searched again this long after the last search. */
const AGAIN_MS = 2_000;
/** Thousands of matches become visible in few steps: each is work for all rows. */
const TOLD_MS = 300;

/** Searches everything that the entries of a session say, on the server, and what a live session adds. */
export function useMatches(sessionId: string, text: string, trace: TraceState): Matches {
  const [attempt, setAttempt] = useState(0);
  const [found, setFound] = useState<Found | null>(null);
  const latest = useRef<Found | null>(null);
  const of = `${sessionId} ${trace.rewrites} ${text}`;
  const mine = found?.of === of && text !== "" ? found : null;
  // What is stored now: more than the search has seen makes another one worth while.
  const hasGrown = mine?.state === "done" && trace.caughtUp && trace.rows.last > mine.to;

  const start = (delay_ms: number) => {
    const ending = new AbortController();
    const known = latest.current?.of === of ? latest.current : null;
    const tell = (state: Found) => {
      latest.current = state;
      setFound({ ...state, excerpts: new Map(state.excerpts) });
    };
    const timer = setTimeout(
      () => void search(sessionId, text, known ?? { ...NEW, of, excerpts: new Map() }, tell, ending.signal),
      delay_ms,
    );
    return () => {
      clearTimeout(timer);
      ending.abort();
    };
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: only other words, and a new attempt, search anew
  useEffect(() => (text === "" ? undefined : start(SETTLED_MS)), [of, attempt]);
  // More may have come while the last search was under way: the next one follows though it has grown all the time.
  // biome-ignore lint/correctness/useExhaustiveDependencies: growth is searched once until that search has ended
  useEffect(() => (hasGrown ? start(AGAIN_MS) : undefined), [hasGrown, mine?.searches]);

  return {
    excerpts: mine?.excerpts ?? NONE,
    state: text === "" ? "off" : (mine?.state ?? "searching"),
    error: mine?.error ?? null,
    retry: () => setAttempt(attempt + 1),
  };
}

async function search(
  sessionId: string,
  q: string,
  begun: Found,
  tell: (found: Found) => void,
  signal: AbortSignal,
): Promise<void> {
  const { excerpts } = begun;
  let { to } = begun;
  let told = performance.now();
  try {
    for (let more = true; more; ) {
      const params = { path: { session_id: sessionId }, query: { q, after: to, limit: PAGE } };
      const page = await answer(api.GET("/api/sessions/{session_id}/matches", { params, signal }));
      if (signal.aborted) return;
      for (const { seq, excerpt } of page.items) excerpts.set(seq, excerpt ?? null);
      more = page.next_cursor !== null;
      to = more ? Number(page.next_cursor) : page.searched_to;
      if (more && performance.now() - told > TOLD_MS) {
        // What adds to a search that is done does not take its word back.
        tell({ ...begun, to, state: begun.state === "done" ? "done" : "searching", error: null });
        told = performance.now();
      }
    }
    tell({ ...begun, to, state: "done", error: null, searches: begun.searches + 1 });
  } catch (cause) {
    if (signal.aborted) return;
    const error = cause instanceof ApiError ? cause : null;
    tell({ ...begun, to, state: "failed", error });
  }
}
