import { describe, expect, it } from "vitest";
import { call, entry, result } from "../entries.testing";
import type { Entry } from "../shapes";
import { withSubagents } from "./nesting";
import { indexOfSeq } from "./place";
import { EVERYTHING, parseQuery, type Query, visibleTrace } from "./query";
import { headOf, type Nest, type Row, Rows } from "./rows";
import { placeToReadFrom, type SubagentTrace } from "./subagentTraces";

const NO_ROWS_OPEN: ReadonlySet<number> = new Set();

function opened(sessionId: string, parent: Nest | null, ...entries: Entry[]): SubagentTrace {
  const level = (parent?.level ?? 0) + 1;
  const keysFrom = 2 ** 41 * (level + sessionId.length);
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

function shown(traces: SubagentTrace[], query: Query = EVERYTHING, view: "dev" | "audit" = "dev") {
  const opened = new Map(traces.map((trace) => [trace.nest.sessionId, trace]));
  const own = visibleTrace(OWN.list, view, query, NO_ROWS_OPEN);
  return withSubagents(own, opened, { view, query, open: NO_ROWS_OPEN });
}

/** `s.a:0` for the row of line 0 of that subagent, `1` for one of the session's own. */
function place(row: Row): string {
  const line = String(headOf(row).seq / 1024);
  return row.nest ? `${row.nest.sessionId}:${line}` : line;
}

describe("opened subagents", () => {
  it("stand below the calls that spawned them, to any depth", () => {
    expect(shown([]).rows.map(place)).toEqual(["0", "1", "3"]);
    expect(shown([OUTER]).rows.map(place)).toEqual(["0", "1", "s.a:0", "s.a:1", "s.a:2", "3"]);
    const all = shown([OUTER, INNER]);
    expect(all.rows.map(place)).toEqual([
      ...["0", "1", "s.a:0", "s.a:1"],
      ...["s.a.bb:0", "s.a.bb:1"],
      ...["s.a:2", "3"],
    ]);
    expect(all.rows.map((row) => row.depth)).toEqual([0, 0, 1, 1, 2, 2, 1, 0]);
    expect(new Set(all.rows.map((row) => row.key)).size).toBe(all.rows.length);
    expect(all.shown).toEqual(
      new Map([
        ["s.a", 3],
        ["s.a.bb", 2],
      ]),
    );
  });

  it("are not to be seen without what they lie in", () => {
    expect(shown([INNER]).rows.map(place)).toEqual(["0", "1", "3"]);
  });

  it("pass the same filter and view, and their matches are counted with the others", () => {
    const looked = shown([OUTER, INNER], parseQuery("look"));
    expect(looked.matches.map((index) => place(looked.rows[index] as Row))).toEqual(["s.a:0", "s.a.bb:0"]);
    const audit = shown([OUTER, INNER], EVERYTHING, "audit");
    expect(audit.rows.map(place)).toEqual(["0", "1", "s.a:1", "s.a.bb:1"]);
    const tools = shown([OUTER], parseQuery("type:tool"));
    expect(tools.rows.map(place)).toEqual(["1", "s.a:1"]);
  });

  it("are shown once, even where two rows name them", () => {
    const twice = new Rows();
    twice.append([spawn(0, "t1", "s.a"), spawn(1, "t2", "s.a")]);
    const own = visibleTrace(twice.list, "dev", EVERYTHING, NO_ROWS_OPEN);
    const traces = new Map([["s.a", OUTER]]);
    const { rows } = withSubagents(own, traces, { view: "dev", query: EVERYTHING, open: NO_ROWS_OPEN });
    expect(rows.map(place)).toEqual(["0", "s.a:0", "s.a:1", "s.a:2", "1"]);
  });

  it("have entries that are found by the number that the session's own have, too", () => {
    const { rows } = shown([OUTER, INNER]);
    for (const [index, row] of rows.entries()) {
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
