import { expect, test } from "vitest";
import { levelOf, monthLabels, quartiles, WEEKS, type Weekday, weekdayOf, weeksUntil } from "./calendar";

test.each([1, 6, 7] as Weekday[])(
  "weeks that start on day %i hold every day once and end on the last",
  (start) => {
    for (const last of ["2026-11-22", "2024-02-29", "2026-01-01", "2025-03-30"]) {
      const weeks = weeksUntil(last, start);
      expect(weeks).toHaveLength(WEEKS);
      const days = weeks.flat().filter((day) => day !== null);
      expect(new Set(days).size).toBe(days.length);
      expect(days).toEqual([...days].sort());
      expect(days.at(-1)).toBe(last);
      for (const week of weeks) if (week[0]) expect(weekdayOf(week[0])).toBe(start);
      // No day is left out, also where clocks change.
      const span = (Date.parse(`${last}T00:00Z`) - Date.parse(`${days[0]}T00:00Z`)) / 86_400_000;
      expect(days).toHaveLength(span + 1);
    }
  },
);

test("each month is named once, in order", () => {
  const months = monthLabels(weeksUntil("2026-11-22", 1)).map(({ month }) => month);
  expect(months).toEqual([12, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
});

test("levels are quartiles of the days that have anything", () => {
  const limits = quartiles([0, 0, 1, 2, 3, 4, 5, 6, 7, 8]);
  expect([0, 1, 2, 3, 4, 5, 6, 7, 8].map((value) => levelOf(value, limits))).toEqual([
    0, 1, 1, 2, 2, 3, 3, 4, 4,
  ]);
  expect(levelOf(5, quartiles([]))).toBeGreaterThan(0);
  expect(levelOf(1, quartiles([1, 1, 1]))).toBe(1);
});
