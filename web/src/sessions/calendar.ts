import { addDays } from "../timeZone";

/** Days of a heatmap as columns of weeks. All days are calendar days (`2026-11-03`); no zone and no hours here. */

export const WEEKS = 53;

/** 1 = Monday … 7 = Sunday, as `Intl.Locale` counts. */
export type Weekday = 1 | 2 | 3 | 4 | 5 | 6 | 7;

/** The first day of the week where the reader lives; Monday (ISO 8601) where the browser does not say. */
export function localWeekStart(locale: string): Weekday {
  // Chromium has had it as a property, then as a method; TypeScript knows neither.
  const known = new Intl.Locale(locale) as Intl.Locale & {
    getWeekInfo?: () => { firstDay: Weekday };
    weekInfo?: { firstDay: Weekday };
  };
  return (known.getWeekInfo?.() ?? known.weekInfo)?.firstDay ?? 1;
}

export function weekdayOf(day: string): Weekday {
  return (new Date(`${day}T00:00Z`).getUTCDay() || 7) as Weekday;
}

/** Columns of seven days, the last one holding `last`; days after `last` are null. */
export function weeksUntil(last: string, weekStart: Weekday, weeks = WEEKS): (string | null)[][] {
  const intoWeek = (weekdayOf(last) - weekStart + 7) % 7;
  const first = addDays(last, -intoWeek - 7 * (weeks - 1));
  return Array.from({ length: weeks }, (_, week) =>
    Array.from({ length: 7 }, (_, row) => {
      const day = addDays(first, week * 7 + row);
      return day <= last ? day : null;
    }),
  );
}

/** The column in which each month begins, months with less than two columns of room left out. */
export function monthLabels(weeks: (string | null)[][]): { column: number; month: number }[] {
  const labels: { column: number; month: number }[] = [];
  weeks.forEach((week, column) => {
    const first = week[0];
    if (first === null || first === undefined) return;
    const month = Number(first.slice(5, 7));
    const before = weeks[column - 1]?.[0];
    if (before?.slice(5, 7) !== first.slice(5, 7)) labels.push({ column, month });
  });
  return labels.filter((label, index) => (labels[index + 1]?.column ?? WEEKS + 1) - label.column > 2);
}

/** Limits of the levels 1 to 4: the quartiles of the days that have anything. */
export function quartiles(values: number[]): [number, number, number] {
  const sorted = values.filter((value) => value > 0).sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
  return [at(0.25), at(0.5), at(0.75)];
}

/** 0 for a day with nothing, else 1 to 4. */
export function levelOf(value: number, limits: readonly number[]): number {
  return value <= 0 ? 0 : 1 + limits.filter((limit) => value > limit).length;
}
