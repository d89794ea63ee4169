/**
 * Traces of subagents that are opened in place, outside of React.
 *
 * Law: they are read by pages of JSON, one request at a time for each, since a page holds one event stream only
 * and that is the session's own. What is opened is read to its end and, while it may grow, asked for again; what
 * is closed is forgotten, and so are the subagents opened inside it.
 */
import { answer, api } from "../../api/client";
import { ApiError } from "../../api/problem";
import { fetchSession, fetchSubagents } from "../sessions";
import type { Entry, Session } from "../shapes";
import { type Nest, Rows } from "./rows";

export interface SubagentTrace {
  readonly nest: Nest;
  readonly session: Session | null;
  /** Grows in place; the trace around it is replaced each time. */
  readonly rows: Rows;
  /** The sessions that it spawned itself, by id. */
  readonly subagents: ReadonlyMap<string, Session>;
  readonly state: "loading" | "whole" | "failed";
  readonly error: unknown;
  /** How often the file was rewritten since it was opened. */
  readonly rewrites: number;
}

export type SubagentTraces = ReadonlyMap<string, SubagentTrace>;

const PAGE_ENTRIES = 500;
const POLL_MS = 2_000;
/** Read at the same time: a workflow has dozens, and browsers allow six connections, one of which is the stream. */
const READERS_MAX = 3;
/** More lines than a transcript can have, times the entries of a line: keys of two traces never meet. */
const KEYS_OF_A_TRACE = 2 ** 37;
const CHAIN_MAX = 20;

const NO_SUBAGENTS: ReadonlyMap<string, Session> = new Map();

export class SubagentTraceStore {
  #traces: SubagentTraces = new Map();
  #readers = new Map<string, AbortController>();
  #listeners = new Set<() => void>();
  #keys = new Map<string, number>();
  #reading = new Turns(READERS_MAX);
  /** The session of the page may still grow, and with it what it spawned. */
  rootLive = false;

  readonly get = (): SubagentTraces => this.#traces;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Where the keys of a subagent's rows begin, opened or not: no two sessions share one. */
  readonly keysOf = (sessionId: string): number => {
    const known = this.#keys.get(sessionId) ?? (this.#keys.size + 1) * KEYS_OF_A_TRACE;
    this.#keys.set(sessionId, known);
    return known;
  };

  /** Opens a subagent below its parent; does nothing where it is open already. */
  open(sessionId: string, parent: Nest | null): void {
    if (this.#traces.has(sessionId)) return;
    const keysFrom = this.keysOf(sessionId);
    const nest: Nest = { sessionId, level: (parent?.level ?? 0) + 1, keysFrom, parent };
    this.#put({
      nest,
      session: null,
      rows: new Rows(nest),
      subagents: NO_SUBAGENTS,
      state: "loading",
      error: null,
      rewrites: 0,
    });
    this.#start(sessionId);
  }

  /** Closes a subagent and those that are opened inside it. */
  close(sessionId: string): void {
    const left = new Map(this.#traces);
    for (const [id, trace] of this.#traces) {
      if (!chainOf(trace.nest).includes(sessionId)) continue;
      this.#readers.get(id)?.abort();
      this.#readers.delete(id);
      left.delete(id);
    }
    this.#traces = left;
    this.#tell();
  }

  closeAll(): void {
    for (const reader of this.#readers.values()) reader.abort();
    this.#readers.clear();
    this.#traces = new Map();
  }

  /** Reads on where an error ended the reading. */
  retry(sessionId: string): void {
    const trace = this.#traces.get(sessionId);
    if (trace?.state !== "failed") return;
    this.#put({ ...trace, state: "loading", error: null });
    this.#start(sessionId);
  }

  /**
   * Opens all that a subagent lies in, and itself where it is to be shown `whole`, not as the row below its call.
   *
   * @returns Whether `sessionId` is a subagent, at whatever depth, of `root`.
   */
  async openChain(sessionId: string, root: string, whole: boolean, signal: AbortSignal): Promise<boolean> {
    const chain: string[] = [];
    for (let id: string | null = sessionId; id !== root; ) {
      if (id === null || chain.includes(id) || chain.length === CHAIN_MAX) return false;
      chain.unshift(id);
      id = (await fetchSession(id, signal)).parent_id;
    }
    let parent: Nest | null = null;
    for (const id of whole ? chain : chain.slice(0, -1)) {
      this.open(id, parent);
      parent = this.#traces.get(id)?.nest ?? null;
    }
    return true;
  }

  #start(sessionId: string): void {
    const reader = new AbortController();
    this.#readers.set(sessionId, reader);
    void this.#read(sessionId, reader.signal);
  }

  async #read(sessionId: string, signal: AbortSignal): Promise<void> {
    try {
      while (!signal.aborted) {
        const session = await this.#reading.take(() => this.#readToEnd(sessionId, signal), signal);
        if (!session.live && !this.rootLive) return;
        await pause(POLL_MS, signal);
        await shown(signal);
      }
    } catch (error) {
      if (signal.aborted) return;
      const known = this.#traces.get(sessionId);
      // What was read stays on the screen; a server that is away for a moment is asked again.
      if (known?.state === "whole" && error instanceof ApiError && error.passing) {
        await pause(POLL_MS, signal);
        if (!signal.aborted) this.#start(sessionId);
      } else this.#change(sessionId, { state: "failed", error });
    }
  }

  async #readToEnd(sessionId: string, signal: AbortSignal): Promise<Session> {
    const session = await fetchSession(sessionId, signal);
    this.#begin(sessionId, session);
    await this.#readPages(sessionId, signal);
    const subagents = session.subagents > 0 ? await fetchSubagents(sessionId, signal) : NO_SUBAGENTS;
    this.#change(sessionId, { subagents, state: "whole" });
    return session;
  }

  #begin(sessionId: string, session: Session): void {
    const known = this.#traces.get(sessionId);
    if (!known) return;
    const isRewritten = known.session !== null && known.session.generation !== session.generation;
    const anew = isRewritten && { rows: new Rows(known.nest), rewrites: known.rewrites + 1 };
    this.#change(sessionId, { session, ...anew });
  }

  async #readPages(sessionId: string, signal: AbortSignal): Promise<void> {
    let after = placeToReadFrom(this.#traces.get(sessionId)?.rows ?? new Rows());
    while (!signal.aborted) {
      const path = { session_id: sessionId };
      const query = { after, limit: PAGE_ENTRIES };
      const call = api.GET("/api/sessions/{session_id}/entries", { params: { path, query }, signal });
      const page = await answer(call);
      const { rows } = this.#traces.get(sessionId) ?? {};
      if (signal.aborted || !rows) return;
      const known = rows.entryCount;
      rows.append(page.items as Entry[]);
      if (rows.entryCount > known || after < rows.last) this.#change(sessionId, {});
      if (page.next_cursor === null) return;
      after = Number(page.next_cursor);
    }
  }

  #change(sessionId: string, part: Partial<SubagentTrace>): void {
    const known = this.#traces.get(sessionId);
    if (known) this.#put({ ...known, ...part });
  }

  #put(trace: SubagentTrace): void {
    this.#traces = new Map(this.#traces).set(trace.nest.sessionId, trace);
    this.#tell();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}

/** Lets a few pieces of work be done at a time, in the order in which they came. */
class Turns {
  #free: number;
  #waiting: (() => void)[] = [];

  constructor(most: number) {
    this.#free = most;
  }

  async take<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      signal.throwIfAborted();
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free += 1;
    }
  }
}

/** Ids of the subagents that a nest lies in, from the outermost to its own. */
export function chainOf(nest: Nest): string[] {
  return nest.parent ? [...chainOf(nest.parent), nest.sessionId] : [nest.sessionId];
}

/** Tools whose calls spawn a subagent; what they spawned becomes known only after the call was written. */
const SPAWNING_TOOLS = new Set(["Agent", "Task"]);

/** After which entry to read on: a call that has spawned nothing yet is read again. */
export function placeToReadFrom(rows: Rows): number {
  for (const row of rows.list) {
    if (row.kind !== "tool" || row.result || !SPAWNING_TOOLS.has(row.call.tool ?? "")) continue;
    if (row.call.subagent_session_id === null) return row.call.seq - 1;
  }
  return rows.last;
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done, { once: true });
  });
}

/** Resolves as soon as the page can be seen: a background tab asks for nothing. */
function shown(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const check = () => {
      if (!signal.aborted && document.visibilityState === "hidden") return;
      document.removeEventListener("visibilitychange", check);
      signal.removeEventListener("abort", check);
      resolve();
    };
    document.addEventListener("visibilitychange", check);
    signal.addEventListener("abort", check);
    check();
  });
}
