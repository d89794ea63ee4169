import { describe, expect, test } from "vitest";
import type { Condition, FilterNode } from "./filter";
import { agoOf, agoText, rangeBeforeText, rangeOf, rangeText, withRange, withRangeBefore } from "./range";

const NOW = Date.parse("2026-11-27T12:00:00Z");
const HOST: Condition = { property: "host", operator: "=", value: "a" };
const started = (operator: Condition["operator"], value: string): Condition => ({
  property: "started_at",
  operator,
  value,
});
const at = (text: string) => Date.parse(text);

describe("a range in the filter", () => {
  test("replaces the one before it, and nothing else", () => {
    const day = { from: at("2026-11-02T23:00:00Z"), before: at("2026-11-03T23:00:00Z") };
    const first = withRange({ and: [HOST] }, { ago: "-7d" });
    expect(first).toEqual({ and: [HOST, started(">=", "-7d")] });
    const second = withRange(first, day);
    expect(second).toEqual({
      and: [HOST, started(">=", "2026-11-02T23:00:00.000Z"), started("<", "2026-11-03T23:00:00.000Z")],
    });
    expect(rangeOf(second, NOW)).toEqual(day);
    expect(withRange(second, null)).toEqual({ and: [HOST] });
    expect(withRange({ and: [started(">=", "-7d")] }, null)).toBeUndefined();
    expect(withRange({ and: [HOST, started("=", "2026-11-22")] }, day)).toEqual(second);
  });

  test("stands beside alternatives, and leaves them as they were", () => {
    const either: FilterNode = { or: [HOST, { property: "user", operator: "=", value: "b" }] };
    const narrowed = withRange(either, { ago: "-24h" });
    expect(narrowed).toEqual({ and: [either, started(">=", "-24h")] });
    expect(withRange(narrowed, null)).toEqual(either);
    expect(rangeOf({ or: [started(">=", "-7d"), HOST] }, NOW)).toBeNull();
  });

  test.each([
    [[started(">=", "2026-11-22")], { from: at("2026-11-22T00:00:00Z"), before: null }],
    [[started(">", "2026-11-22")], { from: at("2026-11-23T00:00:00Z"), before: null }],
    [[started("<=", "2026-11-22")], { from: null, before: at("2026-11-23T00:00:00Z") }],
    [[started("<", "2026-11-22T10:00:00+01:00")], { from: null, before: at("2026-11-22T09:00:00Z") }],
    [
      [started(">=", "-14d"), started("<", "-7d")],
      { from: at("2026-11-13T12:00:00Z"), before: at("2026-11-20T12:00:00Z") },
    ],
    [[started("=", "2026-11-22")], { from: at("2026-11-22T00:00:00Z"), before: at("2026-11-23T00:00:00Z") }],
    [
      [started("=", "2026-11-22T10:00:00Z")],
      { from: at("2026-11-22T10:00:00Z"), before: at("2026-11-22T10:00:00.001Z") },
    ],
    [[started("=", "2026-11-22"), started(">", "2026-11-01")], null],
    [[started("=", "soon")], null],
    [[started(">=", "-7D")], { ago: "-7d" }],
    [[started(">=", "-7d"), started(">", "-1d")], null],
    [[started(">=", "soon")], null],
    [[started("!=", "2026-11-22")], null],
    [[HOST], null],
  ])("%j is read as the server reads it", (terms, range) => {
    expect(rangeOf({ and: terms }, NOW)).toEqual(range);
  });
});

describe("the time before", () => {
  test("of a time up to now stays relative, so that the question is the same a minute later", () => {
    expect(withRangeBefore({ and: [HOST, started(">=", "-7d")] }, { ago: "-7d" }, "UTC", NOW)).toEqual({
      and: [HOST, started(">=", "-14d"), started("<", "-7d")],
    });
    expect(withRangeBefore(undefined, { ago: "-0m" }, "UTC", NOW)).toBeNull();
  });

  test("of days is as many days, also where the clocks change", () => {
    // 25 October has 25 hours in Berlin, 24 October has 24.
    const day = { from: at("2026-10-24T22:00:00Z"), before: at("2026-10-25T23:00:00Z") };
    expect(rangeText(day, "Europe/Berlin")).toBe("25 Oct 2026");
    expect(rangeBeforeText(day, "Europe/Berlin", NOW)).toBe("day before");
    expect(withRangeBefore(undefined, day, "Europe/Berlin", NOW)).toEqual({
      and: [started(">=", "2026-10-23T22:00:00.000Z"), started("<", "2026-10-24T22:00:00.000Z")],
    });
  });

  test("of hours is as long", () => {
    const hours = { from: at("2026-11-22T10:00:00Z"), before: at("2026-11-22T13:30:00Z") };
    expect(rangeBeforeText(hours, "UTC", NOW)).toBe("3h 30m before");
    expect(withRangeBefore(undefined, hours, "UTC", NOW)).toEqual({
      and: [started(">=", "2026-11-22T06:30:00.000Z"), started("<", "2026-11-22T10:00:00.000Z")],
    });
  });

  test("of a range without an end is up to now as long; without a beginning there is none", () => {
    const open = { from: at("2026-11-26T12:00:00Z"), before: null };
    expect(withRangeBefore(undefined, open, "UTC", NOW)).toEqual({
      and: [started(">=", "2026-11-25T12:00:00.000Z"), started("<", "2026-11-26T12:00:00.000Z")],
    });
    expect(withRangeBefore(undefined, { from: null, before: NOW }, "UTC", NOW)).toBeNull();
    expect(withRangeBefore(undefined, { from: NOW + 1, before: null }, "UTC", NOW)).toBeNull();
  });
});

test.each([
  [{ ago: "-1h" }, "Last hour", "hour before"],
  [{ ago: "-24h" }, "Last 24 hours", "24 hours before"],
  [{ ago: "-7d" }, "Last 7 days", "7 days before"],
  [
    { from: at("2026-11-02T23:00:00Z"), before: at("2026-11-09T23:00:00Z") },
    "3 Nov 2026 – 9 Nov 2026",
    "7 days before",
  ],
  [
    { from: at("2026-11-03T06:00:00Z"), before: at("2026-11-03T07:30:00Z") },
    "3 Nov 2026, 07:00 – 3 Nov 2026, 08:30",
    "1h 30m before",
  ],
  [{ from: at("2026-11-22T00:00:00Z"), before: at("2026-11-23T00:00:00Z") }, "22 Nov 2026 UTC", "1d before"],
  [{ from: at("2026-11-26T23:00:00Z"), before: null }, "Since 27 Nov 2026", "13h before"],
])("%j is called %s", (range, text, before) => {
  expect(rangeText(range, "Europe/Berlin")).toBe(text);
  expect(rangeBeforeText(range, "Europe/Berlin", NOW)).toBe(before);
});

test("a time from now is read as it is shown", () => {
  for (const ago of ["-1m", "-90m", "-24h", "-7d", "-4w"]) expect(agoOf(agoText(ago) ?? "")).toBe(ago);
  for (const other of ["7d", "-7y", "--7d", "-7.5d", "2026-11-22", ""]) expect(agoOf(other)).toBeNull();
});
