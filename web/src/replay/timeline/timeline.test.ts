import { describe, expect, it } from "vitest";
import { call, entry, record, result } from "../entries.testing";
import type { Entry } from "../shapes";
import { type Row, Rows } from "../trace/rows";
import { MARK, PAUSE_MS_MAX, ROW_MS_MIN, Timeline } from "./timeline";

const START = Date.parse("2026-11-22T10:00:00.000Z");

/** The time `seconds` after the start. */
function at(seconds: number): { at: string } {
  return { at: new Date(START + seconds * 1_000).toISOString() };
}

function rowsOf(...entries: Entry[]): Row[] {
  const rows = new Rows();
  rows.append(entries);
  return rows.list;
}

/** Numbers of a fixed sequence, 0 to 1: the same in every run. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return state / 2 ** 32;
  };
}

/** A trace as they are: many times are missing, the same as before, or earlier; some pauses are hours. */
function someTrace(seed: number, length: number): Entry[] {
  const next = numbers(seed);
  const entries: Entry[] = [];
  let now = 0;
  for (let line = 0; line < length; line += 1) {
    now += [0, 0, 0.2, 3, -2, 40, 20_000][Math.floor(next() * 7)] ?? 0;
    const when = next() < 0.2 ? { at: null } : at(now);
    const kind = next();
    if (kind < 0.3) entries.push(call(line, `call-${line}`, when));
    else if (kind < 0.5) entries.push(result(line, `call-${Math.floor(next() * line)}`, when));
    else if (kind < 0.7) entries.push(record(line, when));
    else entries.push(entry(line, { type: kind < 0.8 ? "user" : "assistant", ...when }));
  }
  return entries;
}

describe("the clock", () => {
  it("takes the latest time so far where times go back or are missing", () => {
    const rows = rowsOf(
      entry(0, { type: "user" }),
      entry(1, { type: "assistant", ...at(0) }),
      entry(2, { type: "assistant", ...at(1) }),
      entry(3, { type: "assistant", ...at(0.4) }),
      entry(4, { type: "assistant" }),
      entry(5, { type: "assistant", ...at(1.5) }),
    );
    const timeline = new Timeline(rows, false);
    expect([...timeline.instants].map((instant) => instant - START)).toEqual([
      0, 0, 1_000, 1_000, 1_000, 1_500,
    ]);
    expect([...timeline.starts]).toEqual([0, 40, 1_040, 1_080, 1_120, 1_620]);
  });

  it("cuts a pause of three hours to two seconds, or leaves it", () => {
    const rows = rowsOf(entry(0, { type: "user", ...at(0) }), entry(1, { type: "user", ...at(3 * 3_600) }));
    const cut = new Timeline(rows, true);
    expect(cut.duration).toBe(PAUSE_MS_MAX + ROW_MS_MIN);
    expect(cut.idle).toEqual([1]);
    expect(new Timeline(rows, false).duration).toBe(3 * 3_600_000 + ROW_MS_MIN);
    // Half of the pause on the clock is half of it on the wall.
    expect(cut.instantAt(PAUSE_MS_MAX / 2)).toBe(START + 1.5 * 3_600_000);
  });

  it("lets a result join its call when its time comes", () => {
    const rows = rowsOf(
      call(0, "slow", at(0)),
      call(1, "never", at(1)),
      entry(2, { type: "assistant", ...at(2) }),
      result(3, "slow", at(3)),
      entry(4, { type: "assistant", ...at(4) }),
      call(5, "last", at(5)),
      result(6, "last", at(6)),
    );
    const timeline = new Timeline(rows, true);
    expect([...timeline.joins]).toEqual([3_000, Number.NaN, Number.NaN, Number.NaN, 6_000]);
    expect(timeline.pendingAt(2_999, 3)).toEqual([0]);
    expect(timeline.pendingAt(3_000, 3)).toEqual([]);
    expect(timeline.pendingAt(5_500, 5)).toEqual([4]);
    expect(timeline.duration).toBe(6_000 + ROW_MS_MIN);
  });

  it("reads a time however it is written", () => {
    const written = [
      "2026-11-22T10:00:00.250Z",
      "2026-11-22T10:00:01Z",
      "2026-11-22T11:00:02.500+01:00",
      "2026-11-22T1x:00:03.000Z",
      "soon",
      "2026-11-22T10:00:04.123456Z",
    ];
    const rows = rowsOf(...written.map((when, line) => entry(line, { type: "assistant", at: when })));
    expect([...new Timeline(rows, true).instants].map((instant) => instant - START)).toEqual([
      250, 1_000, 2_500, 2_500, 2_500, 4_123,
    ]);
  });

  it("goes on where no row has a time", () => {
    const timeline = new Timeline(rowsOf(entry(0, { type: "user" }), entry(1, { type: "user" })), true);
    expect([...timeline.starts]).toEqual([0, ROW_MS_MIN]);
    expect(timeline.duration).toBe(2 * ROW_MS_MIN);
  });

  it("of no rows is empty", () => {
    const timeline = new Timeline([], true);
    expect([timeline.duration, timeline.countAt(0), timeline.instantAt(0)]).toEqual([0, 0, 0]);
    expect(timeline.byClock(3).counts).toEqual(new Uint32Array(3));
  });
});

describe.each(Array.from({ length: 40 }, (_, seed) => seed))("of trace %i", (seed) => {
  const entries = someTrace(seed, 20 + seed * 7);
  const rows = rowsOf(...entries);
  const timelines = [new Timeline(rows, true), new Timeline(rows, false)];

  it("positions grow strictly, and each row is the last one at its own", () => {
    for (const timeline of timelines) {
      rows.forEach((_, index) => {
        const start = timeline.starts[index] as number;
        expect(timeline.countAt(start)).toBe(index + 1);
        expect(timeline.instantAt(start)).toBe(timeline.instants[index]);
        if (index > 0)
          expect(start - (timeline.starts[index - 1] as number)).toBeGreaterThanOrEqual(ROW_MS_MIN);
      });
    }
  });

  it("no result joins before its call or after the end, and none is pending at the end", () => {
    for (const timeline of timelines) {
      timeline.joins.forEach((join, index) => {
        if (Number.isNaN(join)) return;
        expect(join).toBeGreaterThanOrEqual(timeline.starts[index] as number);
        expect(join).toBeLessThan(timeline.duration);
      });
      expect(timeline.pendingAt(timeline.duration, rows.length)).toEqual([]);
      for (const share of [0, 0.1, 0.5, 0.9]) {
        const position = timeline.duration * share;
        const count = timeline.countAt(position);
        const pending = [...timeline.joins.subarray(0, count).keys()].filter(
          (index) => (timeline.joins[index] as number) > position,
        );
        expect(timeline.pendingAt(position, count)).toEqual(pending);
      }
    }
  });

  it("is the same when it has grown as when it is made anew", () => {
    const growing = new Rows();
    let timeline: Timeline | null = null;
    for (let from = 0; from < entries.length; from += 17) {
      growing.append(entries.slice(from, from + 17));
      timeline = new Timeline([...growing.list], true, timeline);
    }
    const anew = new Timeline(rows, true);
    expect(timeline?.starts).toEqual(anew.starts);
    expect(timeline?.joins).toEqual(anew.joins);
    expect(timeline?.marks).toEqual(anew.marks);
    expect(timeline?.idle).toEqual(anew.idle);
  });

  it("keeps the row when the clock's law or the rows change", () => {
    const [cut, whole] = timelines as [Timeline, Timeline];
    const fewer = new Timeline(
      rows.filter((_, index) => index % 3 !== 1),
      true,
    );
    for (let position = 0; position < cut.duration; position += cut.duration / 23) {
      const row = rows[cut.countAt(position) - 1] as Row;
      const there = whole.positionFrom(cut, position);
      expect(rows[whole.countAt(there) - 1]).toBe(row);
      expect(cut.positionFrom(whole, there)).toBeCloseTo(position, 3);
      const nearest = fewer.rows[fewer.countAt(fewer.positionFrom(cut, position)) - 1] as Row;
      const expected = fewer.rows.findLast((one) => one.key <= row.key) ?? fewer.rows[0];
      expect(nearest.key).toBe(expected?.key);
    }
  });

  it("every row is in one bin of each picture, and every mark, too", () => {
    for (const bins of [timelines[0]?.byClock(31), timelines[1]?.byClock(31), timelines[0]?.byPlace(7)]) {
      expect(bins?.counts.reduce((sum, count) => sum + count, 0)).toBe(rows.length);
      const union = (sums: Uint8Array | undefined) => [...(sums ?? [])].reduce((all, one) => all | one, 0);
      expect(union(bins?.marks)).toBe(union(timelines[0]?.marks));
    }
  });
});

describe("marks", () => {
  it("tell what a row is: prompts, findings, failures, changes, subagents, compactions, idle time", () => {
    const finding = (severity: "high" | "low") => ({ findings: [{ rule: "r", severity }] });
    const rows = rowsOf(
      entry(0, { type: "user", ...at(0) }),
      call(1, "a", at(1)),
      result(2, "a", { has_diff: true }),
      call(3, "b", at(2)),
      result(4, "b", { has_diff: true, is_denied: true }),
      call(5, "c", { subagent_session_id: "s", ...finding("high") }),
      entry(6, { type: "summary", ...finding("low") }),
      entry(7, { type: "assistant", ...at(2 + 300) }),
    );
    expect([...new Timeline(rows, true).marks]).toEqual([
      MARK.prompt,
      MARK.change,
      MARK.error,
      MARK.subagent | MARK.finding,
      MARK.compaction | MARK.notice,
      MARK.idle,
    ]);
  });

  it("are found from near by, idle time apart", () => {
    const rows = rowsOf(
      entry(0, { type: "assistant", ...at(0) }),
      entry(1, { type: "user", ...at(1) }),
      ...[2, 3, 4].map((line) => entry(line, { type: "assistant", ...at(line * 1_000) })),
    );
    const timeline = new Timeline(rows, true);
    expect(timeline.nearestMarked(3, 2)).toBe(1);
    expect(timeline.nearestMarked(4, 2)).toBe(-1);
  });
});
