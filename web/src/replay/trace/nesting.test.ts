import { describe, expect, it } from "vitest";
import { call, entry, result, session } from "../entries.testing";
import type { Entry, Session } from "../shapes";
import { indexOfAgent, sessionOf, withSubagents } from "./nesting";
import { indexOfSeq } from "./place";
import { EVERYTHING, parseQuery, type Query, visibleTrace } from "./query";
import { addressOf, headOf, type Nest, type Row, Rows } from "./rows";
import { placeToReadFrom, type SubagentTrace, SubagentTraceStore } from "./subagentTraces";

const NO_ROWS_OPEN: ReadonlySet<number> = new Set();
const { keysOf } = new SubagentTraceStore();

/** The sessions of subagents, in the order of their start, by what spawned them: `[id, line of the call]`. */
function spawnedBy(...agents: (readonly [string, number])[]): ReadonlyMap<string, Session> {
  return new Map(
    agents.map(([id, line]) => [id, session({ id, parent_id: "s", spawned_by_seq: line * 1024 })]),
  );
}

function opened(sessionId: string, parent: Nest | null, ...entries: Entry[]): SubagentTrace {
  const level = (parent?.level ?? 0) + 1;
  const keysFrom = keysOf(sessionId);
  const nest: Nest = { sessionId, level, keysFrom, parent };
  const rows = new Rows(nest);
  rows.append(entries);
  return { nest, rows, session: null, subagents: new Map(), state: "whole", error: null, rewrites: 0 };
}

function spawn(line: number, id: string, subagent: string): Entry {
  return call(line, id, { tool: "Agent", audit: true, subagent_session_id: subagent });
}

const OWN = new Rows();
OWN.append([
  entry(0, { type: "user", preview: "go", audit: true }),
  spawn(1, "t1", "s.a"),
  result(2, "t1", { subagent_session_id: "s.a" }),
  entry(3, { type: "assistant", preview: "done" }),
]);

const OUTER = opened(
  "s.a",
  null,
  entry(0, { type: "user", preview: "look", sidechain: true }),
  spawn(1, "t1", "s.a.bb"),
  entry(2, { type: "assistant", preview: "done there", sidechain: true }),
);
const INNER = opened(
  "s.a.bb",
  OUTER.nest,
  entry(0, { type: "user", preview: "look deeper" }),
  call(1, "t1", { audit: true }),
);

interface Shown {
  rows?: Rows;
  subagents?: ReadonlyMap<string, Session>;
  query?: Query;
  view?: "dev" | "audit";
}

function shown(opened: SubagentTrace[], { rows = OWN, ...options }: Shown = {}) {
  const { subagents = new Map(), query = EVERYTHING, view = "dev" } = options;
  const traces = new Map(opened.map((trace) => [trace.nest.sessionId, trace]));
  const own = visibleTrace(rows.list, view, query, NO_ROWS_OPEN);
  return withSubagents(own, { subagents, traces, keysOf }, { view, query, open: NO_ROWS_OPEN });
}

/** `s.a:0` for the row of line 0 of that subagent, `1` for one of the session's own, `+s.a` for the subagent's row. */
function place(row: Row): string {
  if (row.kind === "agent") return `+${row.agent}`;
  const line = String(headOf(row).seq / 1024);
  return row.nest ? `${row.nest.sessionId}:${line}` : line;
}

describe("subagents", () => {
  it("have a row below their call, and under it their trace once it is opened, to any depth", () => {
    expect(shown([]).rows.map(place)).toEqual(["0", "1", "+s.a", "3"]);
    expect(shown([OUTER]).rows.map(place)).toEqual([
      ...["0", "1", "+s.a"],
      ...["s.a:0", "s.a:1", "+s.a.bb", "s.a:2"],
      "3",
    ]);
    const all = shown([OUTER, INNER]);
    expect(all.rows.map(place)).toEqual([
      ...["0", "1", "+s.a"],
      ...["s.a:0", "s.a:1", "+s.a.bb"],
      ...["s.a.bb:0", "s.a.bb:1"],
      ...["s.a:2", "3"],
    ]);
    expect(all.rows.map((row) => row.depth)).toEqual([0, 0, 0, 1, 1, 1, 2, 2, 1, 0]);
    expect(new Set(all.rows.map((row) => row.key)).size).toBe(all.rows.length);
    expect(all.shown).toEqual(
      new Map([
        ["s.a", 3],
        ["s.a.bb", 2],
      ]),
    );
  });

  it("are not to be seen without what they lie in", () => {
    expect(shown([INNER]).rows.map(place)).toEqual(["0", "1", "+s.a", "3"]);
  });

  it("of one call stand in the order of their start, each with its own trace under it", () => {
    const subagents = spawnedBy(["s.w1", 2], ["s.a", 2], ["s.w3", 2], ["s.other", 9]);
    const second = opened("s.w3", null, entry(0, { type: "user", preview: "third" }));
    const both = shown([OUTER, second], { subagents });
    expect(both.rows.map(place)).toEqual([
      ...["0", "1", "+s.w1", "+s.a"],
      ...["s.a:0", "s.a:1", "+s.a.bb", "s.a:2"],
      ...["+s.w3", "s.w3:0"],
      "3",
    ]);
    const call = both.rows[1] as Row;
    expect(both.spawned.get(call.key)?.map((one) => [one.agent, one.place, one.among])).toEqual([
      ["s.w1", 1, 3],
      ["s.a", 2, 3],
      ["s.w3", 3, 3],
    ]);
    expect(sessionOf("s.w1", { subagents, traces: new Map(), keysOf })?.id).toBe("s.w1");
    expect(indexOfAgent(both.rows, "s.w3")).toBe(8);
    expect(indexOfAgent(both.rows, "s.other")).toBe(-1);
  });

  it("keep their rows while the trace around them grows, and what an entry names comes first alone", () => {
    const rows = new Rows();
    rows.append([spawn(0, "t1", "s.a")]);
    const first = shown([], { rows }).rows[1];
    rows.append([entry(1)]);
    expect(shown([], { rows }).rows[1]).toBe(first);
    const more = shown([], { rows, subagents: spawnedBy(["s.a", 0], ["s.b", 0]) }).rows;
    expect(more.map(place)).toEqual(["0", "+s.a", "+s.b", "1"]);
    expect(more[1]?.key).toBe(first?.key);
  });

  it("pass the same filter and view, and their matches are counted with the others", () => {
    const looked = shown([OUTER, INNER], { query: parseQuery("look") });
    expect(looked.matches.map((index) => place(looked.rows[index] as Row))).toEqual(["s.a:0", "s.a.bb:0"]);
    const audit = shown([OUTER, INNER], { view: "audit" });
    expect(audit.rows.map(place)).toEqual(["0", "1", "+s.a", "s.a:1", "+s.a.bb", "s.a.bb:1"]);
    const tools = shown([OUTER], { query: parseQuery("type:tool") });
    expect(tools.rows.map(place)).toEqual(["1", "+s.a", "s.a:1", "+s.a.bb"]);
    expect(shown([OUTER], { query: parseQuery("type:user") }).rows.map(place)).toEqual(["0"]);
  });

  it("are listed once, even where two rows name them", () => {
    const twice = new Rows();
    twice.append([spawn(0, "t1", "s.a"), spawn(1, "t2", "s.a")]);
    expect(shown([OUTER], { rows: twice }).rows.map(place)).toEqual([
      ...["0", "+s.a", "s.a:0", "s.a:1", "+s.a.bb", "s.a:2"],
      "1",
    ]);
  });

  it("are addressed without an entry, those of their trace with one", () => {
    const { rows } = shown([OUTER]);
    const addresses = rows.slice(1, 4).map(addressOf);
    expect(addresses).toEqual([
      { entry: 1024, agent: undefined },
      { entry: undefined, agent: "s.a" },
      { entry: 0, agent: "s.a" },
    ]);
  });

  it("have entries that are found by the number that the session's own have, too", () => {
    const { rows } = shown([OUTER, INNER]);
    for (const [index, row] of rows.entries()) {
      if (row.kind === "agent") continue;
      const trace = [OUTER, INNER].find((one) => one.nest === row.nest)?.rows ?? OWN;
      expect(indexOfSeq(rows, trace, headOf(row).seq)).toBe(index);
    }
  });
});

describe("a trace that grows", () => {
  it("is read on behind its last entry", () => {
    expect(placeToReadFrom(new Rows())).toBe(-1);
    expect(placeToReadFrom(OWN)).toBe(3 * 1024);
  });

  it("is read again from a running call of which nobody knows yet what it spawned", () => {
    const rows = new Rows();
    rows.append([entry(0), call(1, "t1", { tool: "Task" }), entry(2)]);
    expect(placeToReadFrom(rows)).toBe(1024 - 1);
    rows.append([spawn(1, "t1", "s.a")]);
    expect(placeToReadFrom(rows)).toBe(2 * 1024);
  });
});
