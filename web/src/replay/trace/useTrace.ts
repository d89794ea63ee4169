import { useEffect, useRef, useState, useSyncExternalStore } from "react";
import type { ApiError } from "../../api/client";
import { type TraceEvent, traceEvents } from "../../api/sse";
import { onScreen } from "../onScreen";
import type { Entry, EntryPatch, Session } from "../shapes";
import { Rows } from "./rows";

export type Connection =
  | { state: "connecting" }
  | { state: "open" }
  | { state: "hidden" }
  | { state: "lost"; error: ApiError; retryAt: number }
  | { state: "failed"; error: unknown };

export interface TraceState {
  /** What is shown: all that has come, or at first the window around the entry of the address. Grows in place. */
  rows: Rows;
  /** Tells that `rows` grew or became others. */
  version: number;
  /** `rows` is the window: what lies before and behind it is still coming. */
  windowed: boolean;
  /** Entries that have come, from the start of the trace; the window's are among them when it is passed. */
  loaded: number;
  /** Everything stored has come: what comes now is live. */
  caughtUp: boolean;
  connection: Connection;
  /** The session's figures as the stream last told them. */
  session: Session | null;
  /** How often the file was rewritten since the page was opened. */
  rewrites: number;
}

/** How often is told that more has come, while what is stored pours in. */
const LOADING_NOTICE_MS = 150;

/**
 * The trace of one session, outside of React: many events a second become one notice per frame, fewer while it loads.
 *
 * Law: events are applied in their order, at once; only telling about them is put off.
 */
export class TraceStore {
  /** All that has come, in order from the start. */
  #whole = new Rows();
  #state: TraceState = {
    ...shownWhole(this.#whole),
    caughtUp: false,
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

  /** The last entry that came in order: the stream goes on behind it. */
  get last(): number {
    return this.#whole.last;
  }

  apply(event: TraceEvent): void {
    this.#become(this.#after(this.#pending ?? this.#state, event));
  }

  fail(error: unknown): void {
    this.#become({ ...(this.#pending ?? this.#state), connection: { state: "failed", error } });
  }

  /** The state after an event; the rows of `state` grow. */
  #after(state: TraceState, event: TraceEvent): TraceState {
    switch (event.kind) {
      case "entries":
        this.#whole.append(event.entries as Entry[]);
        return { ...state, ...this.#shown(state), version: state.version + 1 };
      case "window": {
        const rows = new Rows();
        rows.append(event.entries as Entry[]);
        if (rows.last <= this.#whole.last) return state;
        return { ...state, rows, windowed: true, version: state.version + 1 };
      }
      case "patch":
        this.#whole.patch(event.patches as EntryPatch[]);
        if (state.windowed) state.rows.patch(event.patches as EntryPatch[]);
        return { ...state, version: state.version + 1 };
      case "session":
        return { ...state, session: event.session as Session };
      case "caught-up":
        // A window that has still not been passed shows what is there no more.
        return { ...state, ...shownWhole(this.#whole), version: state.version + 1, caughtUp: true };
      case "rewritten":
        this.#whole = new Rows();
        return {
          ...state,
          ...shownWhole(this.#whole),
          caughtUp: false,
          version: state.version + 1,
          rewrites: state.rewrites + 1,
        };
      case "connection":
        return { ...state, connection: connectionOf(event) };
    }
  }

  /** The window is shown until everything in it has come in order. */
  #shown(state: TraceState) {
    const passed = !state.windowed || this.#whole.last >= state.rows.last;
    return passed ? shownWhole(this.#whole) : { loaded: this.#whole.entryCount };
  }

  #become(state: TraceState): void {
    const waiting = this.#pending !== null;
    this.#pending = state;
    // The first rows wait for nothing.
    if (this.#state.version === 0 && state.version > 0) this.#publish();
    if (waiting || this.#pending === null) return;
    // Each notice counts and filters all rows anew; of what pours in behind the first ones nothing is on the screen.
    if (state.caughtUp || state.version === 0) onNextFrame(() => this.#publish());
    else setTimeout(() => this.#publish(), LOADING_NOTICE_MS);
  }

  #publish(): void {
    if (!this.#pending) return;
    this.#state = this.#pending;
    this.#pending = null;
    for (const listener of this.#listeners) listener();
  }
}

function shownWhole(rows: Rows) {
  return { rows, loaded: rows.entryCount, windowed: false };
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

/** A trace that was begun before there is a page to show it. */
interface Begun {
  sessionId: string;
  store: TraceStore;
  ending: AbortController;
  /** The page is there: what comes behind the first rows is read on. */
  adopt: () => void;
}

let begun: Begun | null = null;

/** So long a page is held back at most: then it is drawn without its rows. */
const FIRST_ROWS_MS_MAX = 250;
/** A page that has not been drawn by then never will be: the reader went elsewhere. */
const ADOPTION_MS_MAX = 10_000;

/**
 * Begins to follow a session's trace while its page is still to be drawn. Resolves with the first rows, so that the
 * page is drawn once, with them; after a while without them, too. What is on the screen already is left as it is.
 */
export function beginTrace(sessionId: string, entry: number | string | undefined): Promise<void> {
  if (onScreen.sessionId === sessionId || begun?.sessionId === sessionId) return Promise.resolve();
  begun?.ending.abort();
  const store = new TraceStore();
  const ending = new AbortController();
  const adopted = new Promise<void>((resolve) => {
    begun = { sessionId, store, ending, adopt: resolve };
  });
  const mine = begun;
  setTimeout(() => {
    if (begun !== mine) return;
    ending.abort();
    begun = null;
  }, ADOPTION_MS_MAX);
  void follow(sessionId, store, entry, ending.signal, adopted);
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      stop();
      resolve();
    };
    const timer = setTimeout(done, FIRST_ROWS_MS_MAX);
    const stop = store.subscribe(() => {
      const { version, connection } = store.get();
      if (version > 0 || connection.state === "failed") done();
    });
  });
}

/**
 * `attempt` starts the stream anew, after an error that a retry by itself could not mend; `entry` is the one that is
 * wanted first, by number or uuid, as long as nothing has come.
 */
export function useTrace(sessionId: string, attempt: number, entry: number | string | undefined): TraceState {
  const wanted = useRef(entry);
  wanted.current = entry;
  const [stores] = useState(() => new Map<string, TraceStore>());
  const key = `${sessionId} ${attempt}`;
  let store = stores.get(key);
  if (!store) {
    stores.clear();
    store = begun?.sessionId === sessionId ? begun.store : new TraceStore();
    stores.set(key, store);
  }
  const current = store;

  useEffect(() => {
    let ending = new AbortController();
    if (begun?.store === current) {
      ending = begun.ending;
      begun.adopt();
      begun = null;
    } else void follow(sessionId, current, wanted.current, ending.signal);
    onScreen.sessionId = sessionId;
    return () => {
      ending.abort();
      if (onScreen.sessionId === sessionId) onScreen.sessionId = null;
    };
  }, [sessionId, current]);

  return useSyncExternalStore(current.subscribe, current.get);
}

const WORK_MS_MAX = 24;
/** A list is laid out, measured, laid out again and scrolled. */
const FRAMES_TO_DRAW = 3;

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

async function follow(
  sessionId: string,
  store: TraceStore,
  entry: number | string | undefined,
  signal: AbortSignal,
  adopted: Promise<void> = Promise.resolve(),
): Promise<void> {
  // An effect may run twice: what has come already is not asked for again.
  const after = store.last;
  const query: Record<string, string> = entry === undefined ? {} : { around: String(entry) };
  const breath = new Breath();
  try {
    for await (const event of traceEvents(sessionId, { signal, after, query })) {
      if (signal.aborted) return;
      const wasEmpty = store.get().version === 0;
      store.apply(event);
      const first = wasEmpty && store.get().version > 0;
      if (first) await adopted;
      await breath.taken(first);
      // All the rest is less urgent than seeing the wanted entry.
      if (event.kind === "window")
        for (let frame = 0; frame < FRAMES_TO_DRAW; frame += 1) await breath.taken(true);
    }
  } catch (error) {
    if (!signal.aborted) store.fail(error);
  }
}
