import { expect, it } from "vitest";
import { session } from "./entries.testing";
import { coverageOf, shortened } from "./sessions";

it("tells whole coverage, gaps, and lines that are still being read apart", () => {
  expect(coverageOf(session({ lines: 1200, lines_with_entries: 1200 }))).toEqual({
    state: "whole",
    lines: "1,200 of 1,200 lines",
    missing: null,
  });
  expect(coverageOf(session({ lines: 8, lines_with_entries: 6 }))).toMatchObject({
    state: "gaps",
    missing: "2 without an entry",
  });
  expect(coverageOf(session({ lines: 8, lines_with_entries: 8, damaged_lines: 1 })).lines).toBe(
    "8 of 8 lines, 1 damaged",
  );
  expect(coverageOf(session({ lines: 8, lines_with_entries: 9 })).state).toBe("gaps");
  expect(coverageOf(session({ lines: 8, lines_with_entries: 6, pending_bytes: 2_000 }))).toMatchObject({
    state: "reading",
    missing: "2.0 kB still being read",
  });
  expect(coverageOf(session({ lines: 0, lines_with_entries: 0 })).state).toBe("whole");
});

it("cuts a name between words, and says so", () => {
  expect(shortened("Fix the basket", 20)).toBe("Fix the basket");
  expect(shortened("Fix the basket now", 15)).toBe("Fix the basket…");
  expect(shortened("x".repeat(30), 10)).toBe(`${"x".repeat(10)}…`);
});
