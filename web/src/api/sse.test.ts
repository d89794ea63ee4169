import { HttpResponse, http } from "msw";
import { afterEach, expect, test, vi } from "vitest";
import { server } from "../testing/server";
import { backOff, type TraceEvent, traceEvents } from "./sse";

const ENTRIES = "*/api/sessions/s1/entries";
const stream = (...chunks: string[]) => {
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(new TextEncoder().encode(chunk));
      controller.close();
    },
  });
  return new HttpResponse(body, { headers: { "content-type": "text/event-stream" } });
};

afterEach(() => {
  vi.restoreAllMocks();
  show("visible");
});

function show(state: "visible" | "hidden") {
  vi.spyOn(document, "visibilityState", "get").mockReturnValue(state);
  document.dispatchEvent(new Event("visibilitychange"));
}

test("events come in their order, also when cut anywhere, and a cut connection goes on where it was", async () => {
  const asked: (string | null)[] = [];
  server.use(
    http.get(ENTRIES, ({ request }) => {
      asked.push(request.headers.get("last-event-id"));
      expect(new URL(request.url).searchParams.get("after")).toBe("-1");
      if (asked.length > 1) return stream('id: 9\ndata: [{"seq":3}]\n\n');
      return stream(
        'id: 7\ndata: [{"seq":1}',
        ',{"seq":2}]\n\n: ping\n\nevent: later-kind\ndata: 1\n\nevent: patch\nda',
        'ta: [{"seq":1}]\n\nevent: caught-up\ndata: {"entries":2,"lines":2}\n\n',
      );
    }),
  );
  vi.spyOn(Math, "random").mockReturnValue(0.999);
  const abort = new AbortController();
  const seen: TraceEvent[] = [];
  for await (const event of traceEvents("s1", { signal: abort.signal })) {
    seen.push(event);
    if (event.kind === "entries" && asked.length === 2) abort.abort();
  }
  expect(seen.map((event) => (event.kind === "connection" ? event.state : event.kind))).toEqual([
    "open",
    "entries",
    "patch",
    "caught-up",
    "lost",
    "open",
    "entries",
  ]);
  expect(asked).toEqual([null, "7"]);
});

test("a window comes before the entries and is not asked for by its event id again", async () => {
  const asked: (string | null)[] = [];
  server.use(
    http.get(ENTRIES, ({ request }) => {
      expect(new URL(request.url).searchParams.get("around")).toBe("9");
      asked.push(request.headers.get("last-event-id"));
      if (asked.length > 1) return stream('id: 0.1\ndata: [{"seq":1}]\n\n');
      return stream('id: 0.-1\nevent: window\ndata: [{"seq":9}]\n\n');
    }),
  );
  vi.spyOn(Math, "random").mockReturnValue(0.999);
  const abort = new AbortController();
  const seen: TraceEvent[] = [];
  for await (const event of traceEvents("s1", { signal: abort.signal, query: { around: "9" } })) {
    if (event.kind !== "connection") seen.push(event);
    if (event.kind === "entries") abort.abort();
  }
  expect(seen).toEqual([
    { kind: "window", entries: [{ seq: 9 }] },
    { kind: "entries", entries: [{ seq: 1 }] },
  ]);
  expect(asked).toEqual([null, "0.-1"]);
});

test("what cannot get better is thrown", async () => {
  server.use(http.get(ENTRIES, () => new HttpResponse(null, { status: 404 })));
  const events = traceEvents("s1", { signal: new AbortController().signal });
  await expect(events.next()).rejects.toMatchObject({ status: 404 });
});

test("a hidden page asks nothing until it is seen", async () => {
  let asked = 0;
  server.use(
    http.get(ENTRIES, () => {
      asked += 1;
      return stream("data: []\n\n");
    }),
  );
  show("hidden");
  const abort = new AbortController();
  const events = traceEvents("s1", { signal: abort.signal });
  expect((await events.next()).value).toEqual({ kind: "connection", state: "hidden" });
  const next = events.next();
  expect(asked).toBe(0);
  show("visible");
  expect((await next).value).toEqual({ kind: "connection", state: "open" });
  expect(asked).toBe(1);
  abort.abort();
  expect((await events.next()).done).toBe(true);
});

test("the back-off grows, is bounded, and spreads clients", () => {
  expect(backOff(0, 0)).toBe(500);
  expect(backOff(3, 0)).toBe(4_000);
  expect(backOff(60, 0)).toBe(30_000);
  expect(backOff(60, 0.999)).toBeGreaterThanOrEqual(15_000);
});
