import { EventSourceParserStream } from "eventsource-parser/stream";
import { address, type Entry, type EntryPatch, type Session } from "./client";
import { ApiError, problemOf, unreachable } from "./problem";
import { reportSignedOut } from "./signIn";

/** What the entries stream of a session says, in its order. */
export type TraceEvent =
  | { kind: "entries"; entries: Entry[] }
  /** The entries around the one that was asked for (`around`), before all others, which come all the same. */
  | { kind: "window"; entries: Entry[] }
  | { kind: "patch"; patches: EntryPatch[] }
  | { kind: "session"; session: Session }
  /** Everything stored was sent; what comes now is live. */
  | { kind: "caught-up"; entries: number; lines: number }
  /** The file was rewritten: drop everything, it is sent again from the start. */
  | { kind: "rewritten" }
  | { kind: "connection"; state: "open" | "hidden" }
  /** The connection was cut; the next try is `retry_ms` from now. What came stays valid. */
  | { kind: "connection"; state: "lost"; error: ApiError; retry_ms: number };

export interface TraceOptions {
  signal: AbortSignal;
  /** Exclusive; -1 is from the start. */
  after?: number;
  /** The further query of the entries call: `type`, `q`, `view`, `around`. */
  query?: Record<string, string>;
}

const RETRY_FIRST_MS = 500;
const RETRY_MAX_MS = 30_000;
const CUT = new ApiError(0, "cut", "Connection lost", "The connection to the server was cut.", null);
/** The server sends a comment at least every 15 s; three missed ones mean a dead connection. */
const SILENCE_MAX_MS = 45_000;

/**
 * The trace of a session: what is stored, then what is added to it, until `signal` is aborted.
 *
 * A cut connection is opened again where it was (`Last-Event-ID`), after a back-off with jitter; while the
 * page is hidden the connection is closed, so that background tabs cost the server nothing.
 *
 * @throws ApiError where trying again is of no use (4xx): not found, not signed in, …
 */
export async function* traceEvents(sessionId: string, options: TraceOptions): AsyncGenerator<TraceEvent> {
  const { signal } = options;
  let lastEventId: string | null = null;
  let failures = 0;
  while (!signal.aborted) {
    if (hidden()) {
      yield { kind: "connection", state: "hidden" };
      await visible(signal);
      continue;
    }
    const connection = new AbortController();
    const release = abortWhenHidden(connection, signal);
    let failure = CUT;
    try {
      const body = await open(sessionId, options, lastEventId, connection.signal);
      yield { kind: "connection", state: "open" };
      for await (const message of messages(body, connection)) {
        if (signal.aborted) return;
        if (message.id !== undefined) lastEventId = message.id;
        const event = traceEvent(message.event, message.data);
        if (event === null) continue;
        failures = 0;
        yield event;
      }
    } catch (cause) {
      if (signal.aborted) return;
      if (!connection.signal.aborted) failure = cause instanceof ApiError ? cause : unreachable(cause);
      if (failure.status === 401) reportSignedOut();
      if (!failure.passing) throw failure;
    } finally {
      release();
      connection.abort();
    }
    if (signal.aborted) return;
    if (hidden()) continue;
    const retry_ms = backOff(failures, Math.random());
    failures += 1;
    yield { kind: "connection", state: "lost", error: failure, retry_ms };
    await pause(retry_ms, signal);
  }
}

/** Doubles from half a second to half a minute; `random` in [0, 1) takes off up to half, so that clients spread. */
export function backOff(failures: number, random: number): number {
  const most = Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** failures);
  return Math.round(most * (1 - random / 2));
}

async function open(
  sessionId: string,
  options: TraceOptions,
  lastEventId: string | null,
  signal: AbortSignal,
): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
  const url = new URL(address(`api/sessions/${encodeURIComponent(sessionId)}/entries`));
  url.searchParams.set("after", String(options.after ?? -1));
  for (const [name, value] of Object.entries(options.query ?? {})) url.searchParams.set(name, value);
  const headers: Record<string, string> = { accept: "text/event-stream" };
  if (lastEventId !== null) headers["last-event-id"] = lastEventId;
  const response = await (takeOpening(url.href, lastEventId, signal) ??
    fetch(url, { headers, signal, credentials: "same-origin", cache: "no-store" }));
  if (!response.ok) throw await problemOf(response);
  if (response.body === null) throw unreachable(null);
  return response.body;
}

declare global {
  interface Window {
    /** Made by early/opening.js while this code was being loaded; null once this code asks itself. */
    sessionReplayOpening?: { url: string; response: Promise<Response>; ending: AbortController } | null;
  }
}

/** The request that the document itself has made, if it is this one; it serves once. */
function takeOpening(
  url: string,
  lastEventId: string | null,
  signal: AbortSignal,
): Promise<Response> | undefined {
  const opening = window.sessionReplayOpening;
  window.sessionReplayOpening = null;
  if (!opening) return undefined;
  if (opening.url !== url || lastEventId !== null) {
    opening.ending.abort();
    return undefined;
  }
  signal.addEventListener("abort", () => opening.ending.abort());
  return opening.response;
}

interface Message {
  id?: string | undefined;
  event?: string | undefined;
  data: string;
}

async function* messages(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  connection: AbortController,
): AsyncGenerator<Message> {
  // Comments keep the connection alive and reach no parser callback here, so silence is measured on bytes.
  let heard = Date.now();
  const watch = setInterval(() => {
    if (Date.now() - heard > SILENCE_MAX_MS) connection.abort();
  }, SILENCE_MAX_MS / 3);
  const listening = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    transform(chunk, controller) {
      heard = Date.now();
      controller.enqueue(chunk);
    },
  });
  const reader = body
    .pipeThrough(listening)
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new EventSourceParserStream())
    .getReader();
  try {
    while (true) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    clearInterval(watch);
    await reader.cancel().catch(() => undefined);
  }
}

/** Null for an event of a kind that this page does not know: a newer server may send more. */
function traceEvent(event: string | undefined, data: string): TraceEvent | null {
  switch (event ?? "message") {
    case "message":
      return { kind: "entries", entries: JSON.parse(data) as Entry[] };
    case "window":
      return { kind: "window", entries: JSON.parse(data) as Entry[] };
    case "patch":
      return { kind: "patch", patches: JSON.parse(data) as EntryPatch[] };
    case "session":
      return { kind: "session", session: JSON.parse(data) as Session };
    case "caught-up": {
      const { entries, lines } = JSON.parse(data) as { entries: number; lines: number };
      return { kind: "caught-up", entries, lines };
    }
    case "rewritten":
      return { kind: "rewritten" };
    default:
      return null;
  }
}

function hidden(): boolean {
  return document.visibilityState === "hidden";
}

function visible(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const check = () => {
      if (!signal.aborted && hidden()) return;
      document.removeEventListener("visibilitychange", check);
      signal.removeEventListener("abort", check);
      resolve();
    };
    document.addEventListener("visibilitychange", check);
    signal.addEventListener("abort", check);
    check();
  });
}

function abortWhenHidden(connection: AbortController, signal: AbortSignal): () => void {
  const stop = () => connection.abort();
  const hide = () => {
    if (hidden()) stop();
  };
  document.addEventListener("visibilitychange", hide);
  signal.addEventListener("abort", stop);
  if (signal.aborted) stop();
  return () => {
    document.removeEventListener("visibilitychange", hide);
    signal.removeEventListener("abort", stop);
  };
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done);
    if (signal.aborted) done();
  });
}
