import { describe, expect, test } from "vitest";
import {
  formatBytes,
  formatCost,
  formatDateTime,
  formatDateTimeShort,
  formatDuration,
  formatShort,
  shortPath,
} from "./format";

describe("duration", () => {
  test.each([
    [0, "0s"],
    [850, "850 ms"],
    [999.9, "999 ms"],
    [59_999, "59s"],
    [60_000, "1m"],
    [725_000, "12m 5s"],
    [3_599_999, "59m 59s"],
    [7_920_000, "2h 12m"],
    [86_399_999, "23h 59m"],
    [90_000_000, "1d 1h"],
    [-1, "–"],
    [Number.NaN, "–"],
    [null, "–"],
  ])("%s ms is %s", (ms, shown) => {
    expect(formatDuration(ms)).toBe(shown);
  });
});

test("counts have three digits that count", () => {
  expect([0, 950, 1_840, 12_481, 3_213_000_000].map(formatShort)).toEqual([
    "0",
    "950",
    "1.84K",
    "12.5K",
    "3.21B",
  ]);
});

test("bytes never show a thousand of a unit", () => {
  expect([812, 999, 1_000, 4_096, 999_600, 204_000_000].map(formatBytes)).toEqual([
    "812 B",
    "999 B",
    "1.0 kB",
    "4.1 kB",
    "1.0 MB",
    "204 MB",
  ]);
});

test("the cost of a message has as many digits as it needs", () => {
  expect([0, 0.00001, 0.0123, 0.5, 12.3456].map(formatCost)).toEqual([
    "$0.00",
    "< $0.0001",
    "$0.0123",
    "$0.50",
    "$12.35",
  ]);
});

test("a time is shown in the zone that was chosen", () => {
  expect(formatDateTime("2026-09-03T23:30:00.000Z", "UTC")).toBe("3 Sep 2026, 23:30");
  expect(formatDateTime("2026-09-03T23:30:00.000Z", "Europe/Berlin")).toBe("4 Sep 2026, 01:30");
  expect(formatDateTime("no time", "UTC")).toBe("–");
});

test("a narrow list leaves out the year while it goes on, in the zone that was chosen", () => {
  const now = new Date("2026-01-01T00:30:00.000Z");
  expect(formatDateTimeShort("2026-01-01T00:10:00.000Z", "UTC", now)).toBe("1 Jan, 00:10");
  expect(formatDateTimeShort("2026-09-01T00:10:00.000Z", "UTC", now)).toBe("1 Sep, 00:10");
  expect(formatDateTimeShort("2025-12-31T23:59:00.000Z", "UTC", now)).toBe("31 Dec 2025");
  expect(formatDateTimeShort("2025-12-31T23:59:00.000Z", "Europe/Berlin", now)).toBe("1 Jan, 00:59");
  expect(formatDateTimeShort(null, "UTC", now)).toBe("–");
});

test("a home folder is shortened, and only a home folder", () => {
  expect(
    ["/home/alice/x", "/Users/bob", "/home/alice2", "C:\\Users\\dana\\x", "/srv/home/alice"].map(shortPath),
  ).toEqual(["~/x", "~", "~", "~\\x", "/srv/home/alice"]);
});
