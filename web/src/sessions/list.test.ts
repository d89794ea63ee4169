import { expect, test } from "vitest";
import type { SessionPage } from "../api/client";
import { session } from "../testing/sessions";
import { beginsWith, newRows, withFigures, withHead } from "./list";
import { rowsOf, titleOf } from "./rows";
import { nextSort } from "./sort";

const ids = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => `s${from + index}`);
const page = (names: string[], next_cursor: string | null): SessionPage => ({
  items: names.map((id) => session({ id })),
  next_cursor,
  total: 500,
});
const shown = (pages: { pages: SessionPage[] }) =>
  pages.pages.flatMap(({ items }) => items.map(({ id }) => id));

test("a fresh first page takes the top, and what lies beneath stays in order without gap or repeat", () => {
  const known = { pages: [page(ids(0, 50), "a"), page(ids(50, 120), "b")], pageParams: [null, "a"] };
  const fresh = page(["new1", "new2", ...ids(0, 48)], "c");
  const merged = withHead(known, fresh);
  expect(shown(merged)).toEqual(["new1", "new2", ...ids(0, 120)]);
  expect(merged.pages.at(-1)?.next_cursor).toBe("b");
  expect(merged.pageParams).toHaveLength(merged.pages.length);
});

test("a row that moved to the top is not left behind", () => {
  const known = { pages: [page(ids(0, 50), "a"), page(ids(50, 100), "b")], pageParams: [null, "a"] };
  const merged = withHead(known, page(["s70", ...ids(0, 49)], "c"));
  expect(shown(merged)).toEqual(["s70", ...ids(0, 70), ...ids(71, 100)]);
});

test("where the fresh page does not reach the known rows it stands alone, with its cursor", () => {
  const known = { pages: [page(ids(0, 50), "a")], pageParams: [null] };
  const merged = withHead(known, page(ids(900, 950), "z"));
  expect(shown(merged)).toEqual(ids(900, 950));
  expect(merged.pages.at(-1)?.next_cursor).toBe("z");
});

test("figures change in place", () => {
  const known = { pages: [page(ids(0, 3), null)], pageParams: [null] };
  const next = withFigures(known, [session({ id: "s1", messages: 9 }), session({ id: "other" })]);
  expect(next.pages[0]?.items.map(({ messages }) => messages)).toEqual([1, 9, 1]);
  expect(newRows(known, page(["s1", "other"], null))).toBe(1);
});

test("subagents stand beneath their session, level by level, with the lines of the tree", () => {
  const main = session({ id: "m", subagents: 3 });
  const first = session({ id: "m.a", parent_id: "m", subagents: 1 });
  const second = session({ id: "m.b", parent_id: "m" });
  const deep = session({ id: "m.a.x", parent_id: "m.a" });
  const tree = new Map([
    ["m", [first, second]],
    ["m.a", [deep]],
  ]);
  const rows = rowsOf([main, session({ id: "n" })], new Set(["m", "m.a"]), (id) => ({
    state: "loaded",
    sessions: tree.get(id) ?? [],
  }));
  expect(rows.map(({ key, depth, trail }) => [key, depth, trail])).toEqual([
    ["m", 0, []],
    ["m.a", 1, [true]],
    ["m.a.x", 2, [true, false]],
    ["m.b", 1, [false]],
    ["n", 0, []],
  ]);
});

test("a tree that names itself ends", () => {
  const self = session({ id: "m", subagents: 1 });
  const rows = rowsOf([self], new Set(["m"]), () => ({ state: "loaded", sessions: [self] }));
  expect(rows.map(({ key }) => key)).toEqual(["m"]);
});

test("a session is named by its title, else by the first line that was asked", () => {
  expect(titleOf(session({ id: "a", title: "Fix it", first_prompt: "x" })).text).toBe("Fix it");
  expect(titleOf(session({ id: "a", title: " ", first_prompt: "\n\n do this \nand that" })).text).toBe(
    "do this",
  );
  for (const [is, text] of [
    [{ size_bytes: 0 }, "Empty session"],
    [{ size_bytes: 0, pending_bytes: 9 }, "Being read…"],
    [{ size_bytes: 9, messages: 0 }, "Session without messages"],
    [{ size_bytes: 9, messages: 1 }, "Session without a title"],
  ] as const)
    expect(titleOf(session({ id: "a", messages: 0, ...is }))).toEqual({ text, known: false });
  expect(titleOf(session({ id: "a.b", parent_id: "a", warmup: true })).text).toBe("Warm-up");
});

test("a header sorts descending first, then turns", () => {
  expect(nextSort("-started_at", "tokens")).toBe("-tokens");
  expect(nextSort("-tokens", "tokens")).toBe("tokens");
  expect(nextSort("tokens", "tokens")).toBe("-tokens");
});

test("rows that have changed places are told from rows with new figures", () => {
  const known = { pages: [page(["a", "b", "c"], "x"), page(["d"], null)] };
  expect(beginsWith(known, page(["a", "b", "c"], "x"))).toBe(true);
  expect(beginsWith(known, page(["a", "b", "c", "d"], null))).toBe(true);
  expect(beginsWith(known, page(["b", "a", "c"], "x"))).toBe(false);
  expect(beginsWith(known, page(["a", "c", "d"], "x"))).toBe(false);
});
