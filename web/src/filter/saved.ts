import { type QueryClient, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { ApiError, answer, api, type SavedFilter } from "../api/client";
import { type FilterNode, filterOf } from "./filter";

const QUERY_KEY = ["saved-filters"] as const;

/** What a saved filter keeps: the question and the order of the list. */
export interface View {
  filter: FilterNode | undefined;
  sort: string;
}

/** The view that was saved; a filter that this page cannot understand asks for nothing. */
export function viewOf(saved: SavedFilter): View {
  return { filter: filterOf(saved.filter), sort: saved.sort };
}

export function sameView(one: View, other: View): boolean {
  const written = ({ filter, sort }: View) => JSON.stringify([filterOf(filter) ?? null, sort]);
  return written(one) === written(other);
}

/** All filters that were saved in the organization, by name. */
export function useSavedFilters() {
  return useQuery({
    queryKey: QUERY_KEY,
    queryFn: ({ signal }) => answer(api.GET("/api/saved-filters", { signal })),
    staleTime: 30_000,
  });
}

const content = (name: string, { filter, sort }: View) => ({
  name,
  filter: (filter ?? { and: [] }) as Record<string, unknown>,
  sort,
});

/** What can be done with saved filters; each answers what the server refused, and the list is asked for again. */
export function useSavedFilterActions() {
  const client = useQueryClient();
  const [busy, setBusy] = useState(false);
  const act = async (call: () => Promise<unknown>): Promise<ApiError | null> => {
    setBusy(true);
    try {
      await call();
      return null;
    } catch (cause) {
      return cause instanceof ApiError
        ? cause
        : new ApiError(0, "failed", "That failed", String(cause), null);
    } finally {
      await askedAgain(client);
      setBusy(false);
    }
  };
  return {
    busy,
    add: (name: string, view: View) =>
      act(() => answer(api.POST("/api/saved-filters", { body: content(name, view) }))),
    replace: (id: string, name: string, view: View) =>
      act(() =>
        answer(
          api.PUT("/api/saved-filters/{filter_id}", {
            params: { path: { filter_id: id } },
            body: content(name, view),
          }),
        ),
      ),
    remove: (id: string) =>
      act(() =>
        answer(api.DELETE("/api/saved-filters/{filter_id}", { params: { path: { filter_id: id } } })),
      ),
  };
}

function askedAgain(client: QueryClient): Promise<void> {
  return client.invalidateQueries({ queryKey: QUERY_KEY });
}
