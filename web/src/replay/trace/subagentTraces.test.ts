import { HttpResponse, http } from "msw";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { server } from "../../testing/server";
import { entry, session } from "../entries.testing";
import { SubagentTraceStore } from "./subagentTraces";

const AGENTS = Array.from({ length: 12 }, (_, number) => `s.w${number}`);

let asked: string[] = [];
let atOnce = 0;
let most = 0;
let store: SubagentTraceStore;

beforeEach(() => {
  asked = [];
  atOnce = 0;
  most = 0;
  store = new SubagentTraceStore();
  server.use(
    http.get("*/api/sessions/:id/entries", async ({ params }) => {
      atOnce += 1;
      most = Math.max(most, atOnce);
      await new Promise((resolve) => setTimeout(resolve, 5));
      atOnce -= 1;
      asked.push(String(params.id));
      return HttpResponse.json({ items: [entry(0)], next_cursor: null, total: 1 });
    }),
    http.get("*/api/sessions/:id", ({ params }) => {
      const id = String(params.id);
      const parent = id.includes(".") ? id.slice(0, id.lastIndexOf(".")) : null;
      return HttpResponse.json(session({ id, parent_id: parent }));
    }),
  );
});

afterEach(() => store.closeAll());

const isWhole = (id: string) => store.get().get(id)?.state === "whole";

it("reads many traces a few at a time, in the order in which they were opened", async () => {
  for (const id of AGENTS) store.open(id, null);
  await vi.waitFor(() => expect(AGENTS.every(isWhole)).toBe(true));
  expect(most).toBe(3);
  expect(asked).toEqual(AGENTS);
});

it("goes on with those that wait when others are closed before their turn", async () => {
  for (const id of AGENTS) store.open(id, null);
  for (const id of AGENTS.slice(0, -1)) store.close(id);
  await vi.waitFor(() => expect(isWhole(AGENTS.at(-1) ?? "")).toBe(true));
  expect([...store.get().keys()]).toEqual([AGENTS.at(-1)]);
});

it("gives a subagent the same keys whenever it is opened, and no two of them one", async () => {
  const keys = AGENTS.map(store.keysOf);
  expect(new Set(keys).size).toBe(AGENTS.length);
  store.open("s.w3", null);
  store.close("s.w3");
  store.open("s.w3", null);
  expect(store.get().get("s.w3")?.nest.keysFrom).toBe(keys[3]);
});

it("opens what an addressed subagent lies in, and itself only for an entry of it", async () => {
  const { signal } = new AbortController();
  expect(await store.openChain("s.a.b", "s", false, signal)).toBe(true);
  expect([...store.get().keys()]).toEqual(["s.a"]);
  expect(await store.openChain("s.a.b", "s", true, signal)).toBe(true);
  expect([...store.get().keys()]).toEqual(["s.a", "s.a.b"]);
  expect(store.get().get("s.a.b")?.nest.level).toBe(2);
  expect(await store.openChain("other.a", "s", true, signal)).toBe(false);
});
