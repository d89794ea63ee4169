import { describe, expect, it, vi } from "vitest";
import { ApiError } from "../../api/client";
import { entry, session } from "../entries.testing";
import { TraceStore } from "./useTrace";

async function published(store: TraceStore): Promise<number> {
  const told = vi.fn();
  const stop = store.subscribe(told);
  await vi.waitFor(() => expect(told).toHaveBeenCalled());
  stop();
  return told.mock.calls.length;
}

function range(start: number, end: number) {
  return Array.from({ length: end - start }, (_, index) => entry(start + index));
}

function lines(store: TraceStore): number[] {
  return [...store.get().rows.entries.keys()].map((seq) => seq / 1024);
}

describe("the trace store", () => {
  it("tells once of many events, and applies them in their order", async () => {
    const store = new TraceStore();
    store.apply({ kind: "connection", state: "open" });
    store.apply({ kind: "entries", entries: [entry(0), entry(1)] });
    store.apply({ kind: "patch", patches: [{ seq: 0, inherited: true }] });
    store.apply({ kind: "session", session: session({ entries: 2 }) });
    store.apply({ kind: "caught-up", entries: 2, lines: 2 });
    expect(await published(store)).toBe(1);
    const state = store.get();
    expect(state.rows.entryCount).toBe(2);
    expect(state.rows.entries.get(0)?.inherited).toBe(true);
    expect(state).toMatchObject({ caughtUp: true, connection: { state: "open" }, session: { entries: 2 } });
  });

  it("drops everything when the file was rewritten", async () => {
    const store = new TraceStore();
    store.apply({ kind: "entries", entries: [entry(0), entry(1)] });
    store.apply({ kind: "caught-up", entries: 2, lines: 2 });
    store.apply({ kind: "rewritten" });
    store.apply({ kind: "entries", entries: [entry(5)] });
    await published(store);
    expect([...store.get().rows.entries.keys()]).toEqual([5 * 1024]);
    expect(store.get()).toMatchObject({ caughtUp: false, rewrites: 1 });
  });

  it("shows the window until all of it has come in order", async () => {
    const store = new TraceStore();
    store.apply({ kind: "window", entries: [entry(7), entry(8, { uuid: "u" }), entry(9)] });
    store.apply({ kind: "patch", patches: [{ seq: 8 * 1024, inherited: true }] });
    await published(store);
    const window = store.get().rows;
    expect(store.get()).toMatchObject({ windowed: true, loaded: 0, caughtUp: false });
    expect(lines(store)).toEqual([7, 8, 9]);
    expect(window.entries.get(8 * 1024)?.inherited).toBe(true);
    expect(store.last).toBe(-1);

    store.apply({ kind: "entries", entries: range(0, 9) });
    await published(store);
    expect(store.get()).toMatchObject({ windowed: true, loaded: 9, rows: window });
    store.apply({ kind: "entries", entries: range(9, 12) });
    await published(store);
    expect(store.get()).toMatchObject({ windowed: false, loaded: 12 });
    expect(lines(store)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  });

  it("takes no window of what it shows already, nor keeps one that is never passed", async () => {
    const store = new TraceStore();
    store.apply({ kind: "entries", entries: range(0, 5) });
    store.apply({ kind: "window", entries: range(2, 5) });
    await published(store);
    expect(store.get()).toMatchObject({ windowed: false, loaded: 5 });
    store.apply({ kind: "window", entries: range(7, 9) });
    store.apply({ kind: "caught-up", entries: 5, lines: 5 });
    await published(store);
    expect(store.get()).toMatchObject({ windowed: false, caughtUp: true });
    expect(lines(store)).toEqual([0, 1, 2, 3, 4]);
  });

  it("drops the window with the file that it was of, and keeps it when the connection is lost", async () => {
    const store = new TraceStore();
    store.apply({ kind: "window", entries: range(7, 9) });
    store.apply({
      kind: "connection",
      state: "lost",
      error: new ApiError(0, "cut", "", "", null),
      retry_ms: 1,
    });
    await published(store);
    expect(lines(store)).toEqual([7, 8]);
    store.apply({ kind: "rewritten" });
    store.apply({ kind: "entries", entries: range(0, 2) });
    await published(store);
    expect(store.get()).toMatchObject({ windowed: false, rewrites: 1, loaded: 2 });
    expect(lines(store)).toEqual([0, 1]);
  });

  it("keeps what came when the connection is lost or fails", async () => {
    const store = new TraceStore();
    const error = new ApiError(0, "cut", "Connection lost", "cut", null);
    store.apply({ kind: "entries", entries: [entry(0)] });
    store.apply({ kind: "connection", state: "lost", error, retry_ms: 500 });
    await published(store);
    expect(store.get()).toMatchObject({ connection: { state: "lost", error } });
    store.fail(error);
    await published(store);
    expect(store.get()).toMatchObject({ connection: { state: "failed", error } });
    expect(store.get().rows.entryCount).toBe(1);
  });

  it("changes its version whenever its rows change", async () => {
    const store = new TraceStore();
    const versions = [store.get().version];
    for (const event of [
      { kind: "entries" as const, entries: [entry(0)] },
      { kind: "patch" as const, patches: [{ seq: 0, inherited: true }] },
      { kind: "rewritten" as const },
    ]) {
      // The first rows are told of at once.
      const told = event.kind === "entries" ? undefined : published(store);
      store.apply(event);
      await told;
      versions.push(store.get().version);
    }
    expect(new Set(versions).size).toBe(versions.length);
  });
});
