import { describe, expect, it } from "vitest";
import { call, entry, record, result } from "../entries.testing";
import { isWrong } from "../instant";
import type { Entry } from "../shapes";
import { EVERYTHING, visibleTrace } from "./query";
import {
  durationOf,
  entriesOf,
  IDLE_MS_MIN,
  type Nest,
  type Row,
  Rows,
  statusOf,
  type ToolRow,
} from "./rows";
import { entriesAfter } from "./TraceList";

function rowsOf(...entries: Entry[]): Rows {
  const rows = new Rows();
  rows.append(entries);
  return rows;
}

/** What a row is, without identities: `tool 1+3`, `fold 4,5`, `entry 6`, by line numbers. */
function shape(row: Row): string {
  return `${row.kind} ${entriesOf(row)
    .map((one) => one.seq / 1024)
    .join(",")}`;
}

const SESSION: Entry[] = [
  entry(0, { type: "user" }),
  record(1),
  record(2),
  call(3, "a"),
  call(4, "b"),
  entry(5, { type: "progress", tool_use_id: "a" }),
  result(6, "b", { is_error: true }),
  record(7),
  result(8, "a"),
  record(9),
  result(10, "nowhere"),
  entry(11, { type: "assistant" }),
];

describe("Rows", () => {
  it("joins a call with its result and its progress, and folds runs of records", () => {
    expect(rowsOf(...SESSION).list.map(shape)).toEqual([
      "entry 0",
      "fold 1,2",
      "tool 3,5,8",
      "tool 4,6",
      "fold 7,9",
      "entry 10",
      "entry 11",
    ]);
  });

  it("is the same however the entries are cut into events, and when some come twice", () => {
    const whole = rowsOf(...SESSION).list.map(shape);
    for (let cut = 0; cut <= SESSION.length; cut += 1) {
      const rows = rowsOf(...SESSION.slice(0, cut));
      rows.append(SESSION.slice(Math.max(0, cut - 2)));
      expect(rows.list.map(shape)).toEqual(whole);
      expect(rows.entryCount).toBe(SESSION.length);
    }
  });

  it("has every entry in exactly one row, found by its number", () => {
    const rows = rowsOf(...SESSION);
    const seen = rows.list.flatMap((row) => entriesOf(row).map((one) => one.seq));
    expect(seen.toSorted((one, other) => one - other)).toEqual(SESSION.map((one) => one.seq));
    for (const one of SESSION) {
      const row = rows.list[rows.indexOf(one.seq)];
      expect(row && entriesOf(row)).toContain(one);
    }
    expect(rows.indexOf(999)).toBe(-1);
  });

  it("lets a second result of the same call stand alone", () => {
    expect(rowsOf(call(0, "a"), result(1, "a"), result(2, "a")).list.map(shape)).toEqual([
      "tool 0,1",
      "entry 2",
    ]);
  });

  it("lets a result that comes before its call stand alone", () => {
    expect(rowsOf(result(0, "a"), call(1, "a")).list.map(shape)).toEqual(["entry 0", "tool 1"]);
  });

  it("does not join entries without an id", () => {
    expect(
      rowsOf(call(0, "", { tool_use_id: null }), result(1, "", { tool_use_id: null })).list,
    ).toHaveLength(2);
  });

  it("applies a patch in the row of a joined result, and makes a new row of it", () => {
    const rows = rowsOf(call(0, "a"), result(1, "a"));
    const before = rows.list[0];
    rows.patch([{ seq: 1024, subagent_session_id: "s1.a7", findings: [{ rule: "r", severity: "high" }] }]);
    const row = rows.list[0] as ToolRow;
    expect(row).not.toBe(before);
    expect(row.result?.subagent_session_id).toBe("s1.a7");
    expect(row.result?.findings).toHaveLength(1);
    expect(row.call.findings).toHaveLength(0);
  });

  it("keeps what a patch leaves out, and ignores one for an entry that is not there", () => {
    const rows = rowsOf(entry(0, { inherited: true }));
    rows.patch([
      { seq: 0, findings: [], inherited: null },
      { seq: 7, inherited: true },
    ]);
    expect(rows.entries.get(0)?.inherited).toBe(true);
    expect(rows.list).toHaveLength(1);
  });

  it("tells long gaps, measured from the latest time so far", () => {
    const at = (ms: number) => new Date(Date.parse("2026-11-22T10:00:00Z") + ms).toISOString();
    const rows = rowsOf(
      entry(0, { at: at(0) }),
      entry(1, { at: at(IDLE_MS_MIN - 1) }),
      entry(2, { at: at(5) }),
      entry(3, { at: at(2 * IDLE_MS_MIN) }),
    );
    expect(rows.list.map((row) => row.idle_ms)).toEqual([null, null, null, IDLE_MS_MIN + 1]);
  });

  it("measures with no time of a wrong clock", () => {
    const times = [
      "2026-11-22T10:00:00Z",
      "1970-01-01T00:00:00Z",
      "2100-01-01T00:00:00Z",
      "2026-11-22T10:00:01Z",
    ];
    const rows = rowsOf(...times.map((at, seq) => entry(seq, { at })));
    expect(rows.list.map((row) => row.idle_ms)).toEqual([null, null, null, null]);
    expect(times.map(isWrong)).toEqual([false, true, true, false]);
    expect(isWrong(null)).toBe(false);
  });
});

describe("new entries", () => {
  it("are those behind the last one that was seen, in whatever row they lie", () => {
    const rows = rowsOf(...SESSION);
    const seqs = [...rows.entries.keys()];
    for (const seen of [-1, ...seqs])
      expect(entriesAfter(rows.list, seen)).toBe(seqs.filter((seq) => seq > seen).length);
    expect(entriesAfter([], 5)).toBe(0);
  });

  it("leave out what the filter hides, and what belongs to a subagent", () => {
    const rows = rowsOf(call(0, "a"), entry(1), result(2, "a"));
    expect(entriesAfter(rows.list, 0)).toBe(2);
    expect(entriesAfter(rows.list.slice(0, 1), 0)).toBe(1);
    const nest: Nest = { sessionId: "s.a", level: 1, keysFrom: 2 ** 41, parent: null };
    const inside = new Rows(nest);
    inside.append([entry(0), entry(1)]);
    expect(entriesAfter([...rows.list, ...inside.list], 0)).toBe(2);
  });

  it("count the members of an opened run once", () => {
    const rows = rowsOf(entry(0), record(1), record(2));
    const { rows: shown } = visibleTrace(rows.list, "dev", EVERYTHING, new Set([1024]));
    expect(shown).toHaveLength(4);
    expect(entriesAfter(shown, 0)).toBe(2);
  });
});

describe("keys", () => {
  it("of two traces never meet, whatever their numbers", () => {
    const nest: Nest = { sessionId: "s.a", level: 1, keysFrom: 2 ** 41, parent: null };
    const inside = new Rows(nest);
    inside.append(SESSION);
    const own = rowsOf(...SESSION);
    const keys = [...own.list, ...inside.list].map((row) => row.key);
    expect(new Set(keys).size).toBe(keys.length);
    expect(inside.list.every((row) => row.depth === 1 && row.nest === nest)).toBe(true);
  });
});

describe("a tool row", () => {
  const only = (...entries: Entry[]) => rowsOf(...entries).list[0] as ToolRow;

  it("has a status", () => {
    expect(statusOf(only(call(0, "a")), true)).toBe("running");
    expect(statusOf(only(call(0, "a")), false)).toBe("no-result");
    expect(statusOf(only(call(0, "a"), result(1, "a")), true)).toBe("ok");
    expect(statusOf(only(call(0, "a"), result(1, "a", { is_error: true })), true)).toBe("error");
    expect(statusOf(only(call(0, "a"), result(1, "a", { is_error: true, is_denied: true })), true)).toBe(
      "denied",
    );
  });

  it("has the recorded duration, else the time between its lines, and none when the clock went back", () => {
    const at = { at: "2026-11-22T10:00:00.000Z" };
    const later = { at: "2026-11-22T10:00:02.500Z" };
    expect(durationOf(only(call(0, "a", at)))).toBeNull();
    expect(durationOf(only(call(0, "a", at), result(1, "a", later)))).toBe(2_500);
    expect(durationOf(only(call(0, "a", at), result(1, "a", { ...later, duration_ms: 7 })))).toBe(7);
    expect(durationOf(only(call(0, "a", later), result(1, "a", at)))).toBeNull();
  });
});
