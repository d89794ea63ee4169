import createClient from "openapi-fetch";
import { BASE_PATH } from "../base";
import { ApiError, problemOf, unreachable } from "./problem";
import type { components, paths } from "./schema";

export { ApiError } from "./problem";

type Schemas = components["schemas"];
export type Session = Schemas["Session"];
export type SessionPage = Schemas["SessionPage"];
export type Stats = Schemas["Stats"];
export type ActivityDay = Schemas["ActivityDay"];
export type Status = Schemas["Status"];
export type Client = Schemas["Client"];
export type SavedFilter = Schemas["SavedFilter"];
/** Of the facts the server leaves out what says nothing. */
export type Entry = Omit<Schemas["Entry"], "facts"> & {
  facts?: Partial<Schemas["Facts"]> | null;
};
export type EntryPatch = Schemas["EntryPatch"];

/** An absolute address: a relative one would be resolved against whatever page is open. */
export function address(path: string): string {
  return new URL(path.replace(/^\//, ""), new URL(BASE_PATH, window.location.origin)).href;
}

/** Typed calls of the API; wrap each in `answer`. */
export const api = createClient<paths>({
  baseUrl: address("").replace(/\/$/, ""),
  credentials: "same-origin",
  // Looked up at each call, so that tests can stand between.
  fetch: (request) => globalThis.fetch(request),
});

interface Outcome<Data> {
  data?: Data;
  error?: unknown;
  response: Response;
}

/**
 * The data of a call; undefined for an answer that has none.
 *
 * @throws ApiError for every answer that is not a success, and where there is none.
 *   An aborted call throws its `AbortError` as it is.
 */
export async function answer<Data>(call: Promise<Outcome<Data>>): Promise<Data> {
  try {
    const { data } = await call;
    return data as Data;
  } catch (cause) {
    if (cause instanceof ApiError || (cause instanceof Error && cause.name === "AbortError")) throw cause;
    throw unreachable(cause);
  }
}

// openapi-fetch reads the body of an error before the caller sees it: problems are made here, from an unread one.
api.use({
  onResponse: async ({ response }) => {
    if (!response.ok) throw await problemOf(response);
  },
});
