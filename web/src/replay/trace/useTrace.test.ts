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
      store.apply(event);
      await published(store);
      versions.push(store.get().version);
    }
    expect(new Set(versions).size).toBe(versions.length);
  });
});
