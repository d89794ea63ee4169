import { useEffect, useState, useSyncExternalStore } from "react";
import type { ApiError } from "../../api/client";
import { type TraceEvent, traceEvents } from "../../api/sse";
import type { Entry, EntryPatch, Session } from "../shapes";
import { Rows } from "./rows";

export type Connection =
  | { state: "connecting" }
  | { state: "open" }
  | { state: "hidden" }
  | { state: "lost"; error: ApiError; retryAt: number }
  | { state: "failed"; error: unknown };

export interface TraceState {
  /** Grows in place; `version` tells that it did. */
  rows: Rows;
  version: number;
  /** Everything stored has come: what comes now is live. */
  caughtUp: boolean;
  connection: Connection;
  /** The session's figures as the stream last told them. */
  session: Session | null;
  /** How often the file was rewritten since the page was opened. */
  rewrites: number;
}

/**
 * The trace of one session, outside of React: many events a second become one notice per frame.
 *
 * Law: events are applied in their order, at once; only telling about them is put off.
 */
export class TraceStore {
  #state: TraceState = {
    ...emptyTrace(),
    version: 0,
    connection: { state: "connecting" },
    session: null,
    rewrites: 0,
  };
  #pending: TraceState | null = null;
  #listeners = new Set<() => void>();

  readonly get = (): TraceState => this.#state;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  apply(event: TraceEvent): void {
    this.#become(after(this.#pending ?? this.#state, event));
  }

  fail(error: unknown): void {
    this.#become({ ...(this.#pending ?? this.#state), connection: { state: "failed", error } });
  }

  #become(state: TraceState): void {
    const waiting = this.#pending !== null;
    this.#pending = state;
    if (!waiting) onNextFrame(() => this.#publish());
  }

  #publish(): void {
    if (!this.#pending) return;
    this.#state = this.#pending;
    this.#pending = null;
    for (const listener of this.#listeners) listener();
  }
}

/** The state after an event; the rows of `state` grow. */
function after(state: TraceState, event: TraceEvent): TraceState {
  switch (event.kind) {
    case "entries":
      state.rows.append(event.entries as Entry[]);
      return { ...state, version: state.version + 1 };
    case "patch":
      state.rows.patch(event.patches as EntryPatch[]);
      return { ...state, version: state.version + 1 };
    case "session":
      return { ...state, session: event.session as Session };
    case "caught-up":
      return { ...state, caughtUp: true };
    case "rewritten":
      return { ...state, ...emptyTrace(), version: state.version + 1, rewrites: state.rewrites + 1 };
    case "connection":
      return { ...state, connection: connectionOf(event) };
  }
}

function emptyTrace() {
  return { rows: new Rows(), caughtUp: false };
}

/** Frames stop in a hidden page; a message that came just before must not wait for ever. */
function onNextFrame(publish: () => void): void {
  if (document.visibilityState === "hidden") setTimeout(publish, 0);
  else requestAnimationFrame(publish);
}

function connectionOf(event: TraceEvent & { kind: "connection" }): Connection {
  if (event.state !== "lost") return { state: event.state };
  return { state: "lost", error: event.error, retryAt: Date.now() + event.retry_ms };
}

/** `attempt` starts the stream anew, after an error that a retry by itself could not mend. */
export function useTrace(sessionId: string, attempt: number): TraceState {
  const [stores] = useState(() => new Map<string, TraceStore>());
  const key = `${sessionId} ${attempt}`;
  let store = stores.get(key);
  if (!store) {
    stores.clear();
    store = new TraceStore();
    stores.set(key, store);
  }
  const current = store;

  useEffect(() => {
    const ending = new AbortController();
    void follow(sessionId, current, ending.signal);
    return () => ending.abort();
  }, [sessionId, current]);

  return useSyncExternalStore(current.subscribe, current.get);
}

const WORK_MS_MAX = 24;

/** Lets the page draw and answer while a long trace pours in faster than it can be taken. */
class Breath {
  #last = performance.now();

  /** `first`: nothing is on the screen yet, so what has just come is drawn before anything else is read. */
  async taken(first: boolean): Promise<void> {
    if (!first && performance.now() - this.#last < WORK_MS_MAX) return;
    await new Promise<void>((resolve) => onNextFrame(() => setTimeout(resolve, 0)));
    this.#last = performance.now();
  }
}

async function follow(sessionId: string, store: TraceStore, signal: AbortSignal): Promise<void> {
  // An effect may run twice: what has come already is not asked for again.
  const after = store.get().rows.last;
  const breath = new Breath();
  try {
    for await (const event of traceEvents(sessionId, { signal, after })) {
      if (signal.aborted) return;
      store.apply(event);
      await breath.taken(store.get().rows.entryCount === 0);
    }
  } catch (error) {
    if (!signal.aborted) store.fail(error);
  }
}
