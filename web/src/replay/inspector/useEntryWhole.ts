import { queryOptions, useQuery } from "@tanstack/react-query";
import { answer, api } from "../../api/client";
import type { EntryWhole } from "../shapes";

/** One entry with everything. A stored line never changes, so it is asked for once; `null` asks for nothing. */
export function useEntryWhole(sessionId: string, seq: number | null, rewrites: number) {
  return useQuery(wholeQuery(sessionId, seq, rewrites));
}

export function wholeQuery(sessionId: string, seq: number | null, rewrites: number) {
  return queryOptions({
    queryKey: ["entry", sessionId, rewrites, seq],
    enabled: seq !== null,
    staleTime: Number.POSITIVE_INFINITY,
    // Entries can hold megabytes: those looked at a while ago are let go.
    gcTime: 60_000,
    queryFn: async ({ signal }) => {
      const path = { session_id: sessionId, entry: String(seq ?? 0) };
      const call = api.GET("/api/sessions/{session_id}/entries/{entry}", { params: { path }, signal });
      return (await answer(call)) as EntryWhole;
    },
  });
}
