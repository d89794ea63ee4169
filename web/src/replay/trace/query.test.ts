import { describe, expect, it } from "vitest";
import { call, entry, record, result } from "../entries.testing";
import { indexOfSeq, nextIndex, seqOf } from "./place";
import {
  countsOf,
  EVERYTHING,
  formatQuery,
  parseQuery,
  type Query,
  visibleTrace,
  withoutOpenToken,
} from "./query";
import { entriesOf, Rows } from "./rows";

const rows = new Rows();
rows.append([
  entry(0, { type: "user", preview: "Fix the İ basket", audit: true, uuid: "u-0" }),
  record(1, { raw_type: "prompt_snapshot" }),
  record(2, { type: "progress", raw_type: "api-request" }),
  call(3, "a", { audit: true, preview: "pytest -x", label: "Run the tests" }),
  entry(4, { type: "progress", tool_use_id: "a", preview: "still running" }),
  result(5, "a", { preview: "1 failed", is_error: true }),
  call(6, "b", { tool: "Read", label: "src/basket.py", has_diff: true }),
  entry(7, { raw_type: "damaged", preview: '{"half' }),
  entry(8, { type: "thinking", findings: [{ rule: "pi-bidi", severity: "high" }] }),
]);
const NOTHING_OPEN: ReadonlySet<number> = new Set();

function lines(query: Query, view: "dev" | "audit" = "dev", open = NOTHING_OPEN): number[][] {
  return visibleTrace(rows.list, view, query, open).rows.map((row) =>
    entriesOf(row).map((one) => one.seq / 1024),
  );
}

describe("the query", () => {
  it.each([
    "",
    "type:user,tool",
    "tool:Bash",
    "is:error,denied",
    "only:matches some words",
    "type:tool is:diff a  b",
  ])("survives the address: %s", (line) => {
    expect(parseQuery(formatQuery(parseQuery(line)))).toEqual(parseQuery(line));
  });

  it("takes tokens of unknown words as text", () => {
    expect(parseQuery("type:nonsense is:great http://x")).toEqual({
      ...EVERYTHING,
      text: "type:nonsense is:great http://x",
    });
  });

  it.each([
    ["tool:Ba", ""],
    ["words tool:Ba", "words"],
    ["tool:Bash ", "tool:Bash "],
    ["is:", ""],
    ["http://x is", "http://x is"],
  ])("leaves out a token that is still being typed: %s", (line, rest) => {
    expect(withoutOpenToken(line)).toBe(rest);
  });

  it("keeps names of tools with spaces and commas apart", () => {
    const query = { ...EVERYTHING, tools: new Set(["a b", "c,d", "100%"]) };
    expect(parseQuery(formatQuery(query)).tools).toEqual(query.tools);
  });
});

describe("the visible trace", () => {
  it("counts entries as matches whose full text was found elsewhere, in their row and once", () => {
    const found = new Map([
      [5 * 1024, "a result"],
      [3 * 1024, null],
      [2 * 1024, "in a run"],
      [99 * 1024, "not here"],
    ]);
    const query = { ...EVERYTHING, text: "basket" };
    expect(visibleTrace(rows.list, "dev", query, NOTHING_OPEN, found).matches).toEqual([0, 1, 2, 3]);
    const only = visibleTrace(rows.list, "audit", { ...query, onlyMatches: true }, NOTHING_OPEN, found);
    expect(only.rows.map((row) => row.key / 1024)).toEqual([0, 3]);
    expect(visibleTrace(rows.list, "dev", EVERYTHING, NOTHING_OPEN, found).matches).toEqual([]);
  });

  it("is everything in Dev view", () => {
    expect(lines(EVERYTHING)).toEqual([[0], [1, 2], [3, 4, 5], [6], [7], [8]]);
  });

  it("is marked entries and findings in Audit view", () => {
    expect(lines(EVERYTHING, "audit")).toEqual([[0], [3, 4, 5], [8]]);
  });

  it("keeps types, and of a run only the members that pass", () => {
    expect(lines(parseQuery("type:progress"))).toEqual([[2], [3, 4, 5]]);
    expect(lines(parseQuery("type:user,thinking"))).toEqual([[0], [8]]);
  });

  it("keeps tools and marks", () => {
    expect(lines(parseQuery("tool:Read"))).toEqual([[6]]);
    expect(lines(parseQuery("is:error"))).toEqual([[3, 4, 5]]);
    expect(lines(parseQuery("is:damaged,diff"))).toEqual([[6], [7]]);
  });

  it("finds text in calls, results, labels and raw types without regard to case", () => {
    const found = (text: string) =>
      visibleTrace(rows.list, "dev", { ...EVERYTHING, text }, NOTHING_OPEN).matches;
    expect(found("PYTEST")).toEqual([2]);
    expect(found("1 failed")).toEqual([2]);
    expect(found("basket")).toEqual([0, 3]);
    expect(found("prompt_snapshot")).toEqual([1]);
    expect(found("")).toEqual([]);
    expect(found("nowhere")).toEqual([]);
  });

  it("hides what does not match only when asked to", () => {
    expect(lines({ ...EVERYTHING, text: "basket" })).toHaveLength(6);
    expect(lines({ ...EVERYTHING, text: "basket", onlyMatches: true })).toEqual([[0], [6]]);
  });

  it("lists the members of opened rows in place, under keys of their own", () => {
    const open = new Set([1024, 3 * 1024]);
    const shown = visibleTrace(rows.list, "dev", EVERYTHING, open).rows;
    expect(shown.map((row) => entriesOf(row).map((one) => one.seq / 1024))).toEqual([
      [0],
      [1, 2],
      [1],
      [2],
      [3, 4, 5],
      [4],
      [6],
      [7],
      [8],
    ]);
    expect(new Set(shown.map((row) => row.key)).size).toBe(shown.length);
  });
});

describe("counts", () => {
  it("count a call and its result once", () => {
    const counts = countsOf(rows.list, "dev");
    expect(counts.types).toEqual({
      user: 1,
      assistant: 0,
      tool: 2,
      thinking: 1,
      progress: 2,
      system: 2,
      summary: 0,
      snapshot: 0,
    });
    expect(counts.marks).toMatchObject({ error: 1, diff: 1, damaged: 1, finding: 1, denied: 0 });
    expect([...counts.tools]).toEqual([
      ["Bash", 1],
      ["Read", 1],
    ]);
  });

  it("leave out a change that failed", () => {
    const failed = new Rows();
    failed.append([call(0, "a", { has_diff: true }), result(1, "a", { is_error: true })]);
    expect(countsOf(failed.list, "dev").marks).toMatchObject({ diff: 0, error: 1 });
    expect(visibleTrace(failed.list, "dev", parseQuery("is:diff"), NOTHING_OPEN).rows).toEqual([]);
    expect(visibleTrace(failed.list, "dev", parseQuery("is:diff,error"), NOTHING_OPEN).rows).toHaveLength(1);
  });

  it("are those of the view", () => {
    expect(countsOf(rows.list, "audit").types).toMatchObject({ user: 1, tool: 1, system: 0 });
  });

  it("leave out what the Audit view keeps within a call, and so does its filter", () => {
    const shown = visibleTrace(rows.list, "audit", parseQuery("type:progress"), NOTHING_OPEN).rows;
    expect(shown).toEqual([]);
    expect(countsOf(rows.list, "audit").types.progress).toBe(0);
  });
});

describe("the place of an entry", () => {
  const { rows: closed } = visibleTrace(rows.list, "dev", EVERYTHING, NOTHING_OPEN);

  it("is found by number and by uuid", () => {
    expect(seqOf(5120, rows)).toBe(5120);
    expect(seqOf("5120", rows)).toBe(5120);
    expect(seqOf("u-0", rows)).toBe(0);
    expect(seqOf("u-none", rows)).toBeNull();
    expect(seqOf(undefined, rows)).toBeNull();
  });

  it("is the row of the call for a result, and the run or its opened member for a record", () => {
    expect(indexOfSeq(closed, rows, 5 * 1024)).toBe(2);
    expect(indexOfSeq(closed, rows, 2 * 1024)).toBe(1);
    const opened = visibleTrace(rows.list, "dev", EVERYTHING, new Set([1024])).rows;
    expect(indexOfSeq(opened, rows, 2 * 1024)).toBe(3);
    expect(indexOfSeq(closed, rows, 77)).toBe(-1);
  });

  it("is none when the filter hides it", () => {
    const { rows: users } = visibleTrace(rows.list, "dev", parseQuery("type:user"), NOTHING_OPEN);
    expect(indexOfSeq(users, rows, 5 * 1024)).toBe(-1);
  });

  it("steps to the next wanted row and stays at the ends", () => {
    expect(nextIndex(closed, -1, 1, () => true)).toBe(0);
    expect(nextIndex(closed, 0, 1, (row) => row.kind === "tool")).toBe(2);
    expect(nextIndex(closed, 3, -1, (row) => row.kind === "fold")).toBe(1);
    expect(nextIndex(closed, 5, 1, () => true)).toBe(-1);
  });
});
