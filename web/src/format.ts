/**
 * Figures and times as they are shown. All functions are total: a value that is no number or date gives an en dash.
 */
export const NONE = "–";

const MS = { second: 1_000, minute: 60_000, hour: 3_600_000, day: 86_400_000 };

/** Two units at most: `850 ms`, `40s`, `12m 5s`, `2h 12m`, `3d 4h`; rounds down, so that `60s` cannot appear. */
export function formatDuration(ms: number | null | undefined): string {
  if (ms === null || ms === undefined || !Number.isFinite(ms) || ms < 0) return NONE;
  if (ms === 0) return "0s";
  if (ms < MS.second) return `${Math.floor(ms)} ms`;
  const part = (unit: number, of: number) => Math.floor((ms % of) / unit);
  const pair = (big: string, small: string, rest: number) => (rest === 0 ? big : `${big} ${rest}${small}`);
  if (ms < MS.minute) return `${Math.floor(ms / MS.second)}s`;
  if (ms < MS.hour) return pair(`${Math.floor(ms / MS.minute)}m`, "s", part(MS.second, MS.minute));
  if (ms < MS.day) return pair(`${Math.floor(ms / MS.hour)}h`, "m", part(MS.minute, MS.hour));
  return pair(`${Math.floor(ms / MS.day)}d`, "h", part(MS.hour, MS.day));
}

/** Short for cards and cells: `950`, `1.84K`, `12.5M`, `3.2B`: three digits that count. */
export function formatShort(count: number | null | undefined): string {
  if (count === null || count === undefined || !Number.isFinite(count)) return NONE;
  return SHORT.format(count);
}

/** Whole, with separators: `12,481`. */
export function formatCount(count: number | null | undefined): string {
  if (count === null || count === undefined || !Number.isFinite(count)) return NONE;
  return WHOLE.format(count);
}

/** Decimal units as disks and networks are sold in: `812 B`, `4.1 kB`, `204 MB`. */
export function formatBytes(bytes: number | null | undefined): string {
  if (bytes === null || bytes === undefined || !Number.isFinite(bytes) || bytes < 0) return NONE;
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  // Not 1000: 999.6 would be shown as 1000.
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 99.5 ? 0 : 1;
  return `${value.toFixed(digits)} ${units[unit]}`;
}

/** `$0.0123`, `$12.30`: what one message cost; a little that is not nothing is said to be little. */
export function formatCost(dollars: number): string {
  if (dollars > 0 && dollars < LEAST_CENTS) return `< ${CENTS.format(LEAST_CENTS)}`;
  return dollars < 1 ? CENTS.format(dollars) : DOLLARS.format(dollars);
}

const LEAST_CENTS = 0.0001;

// Making a formatter costs far more than using one: each is made once, when it is needed.
const CENTS = numbers({ style: "currency", currency: "USD", maximumFractionDigits: 4 });
const DOLLARS = numbers({ style: "currency", currency: "USD" });
const SHORT = numbers({ notation: "compact", maximumSignificantDigits: 3 });
const WHOLE = numbers({});
function numbers(options: Intl.NumberFormatOptions): { format: (value: number) => string } {
  let made: Intl.NumberFormat | undefined;
  return {
    format: (value) => {
      made ??= new Intl.NumberFormat("en", options);
      return made.format(value);
    },
  };
}

const formatters = new Map<string, Intl.DateTimeFormat>();
function formatter(zone: string, kind: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${zone} ${kind}`;
  let known = formatters.get(key);
  if (known === undefined) {
    known = new Intl.DateTimeFormat("en-GB", { timeZone: zone, hourCycle: "h23", ...options });
    formatters.set(key, known);
  }
  return known;
}

function shown(
  at: string | null | undefined,
  zone: string,
  kind: string,
  options: Intl.DateTimeFormatOptions,
) {
  if (at === null || at === undefined) return NONE;
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return NONE;
  // British English alone has a month of four letters.
  return formatter(zone, kind, options).format(date).replace("Sept", "Sep");
}

/** `3 Nov 2026, 07:04`. `at` is RFC 3339, `zone` an IANA name. */
export function formatDateTime(at: string | null | undefined, zone: string): string {
  return shown(at, zone, "minute", {
    day: "numeric",
    month: "short",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
  });
}

/** For narrow lists: `3 Nov, 07:04`; of another year than that of `now`, where the day says enough, `3 Nov 2025`. */
export function formatDateTimeShort(at: string | null | undefined, zone: string, now: Date): string {
  const year = (date: string | null | undefined) => shown(date, zone, "year", { year: "numeric" });
  return year(at) === year(now.toISOString())
    ? shown(at, zone, "short", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" })
    : formatDate(at, zone);
}

/** `3 Nov 2026` from the day of a calendar, `2026-11-03`. */
export function formatDay(day: string): string {
  return shown(`${day}T12:00Z`, "UTC", "day", { day: "numeric", month: "short", year: "numeric" });
}

/** With seconds, milliseconds and the zone's name, for tooltips and Meta: `3 Nov 2026, 07:04:05.123 GMT+1`. */
export function formatDateTimeExact(at: string | null | undefined, zone: string): string {
  return shown(at, zone, "exact", {
    day: "numeric",
    month: "short",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    fractionalSecondDigits: 3,
    timeZoneName: "short",
  });
}

/** `1 Jan 1970`. */
export function formatDate(at: string | null | undefined, zone: string): string {
  return shown(at, zone, "date", { day: "numeric", month: "short", year: "numeric" });
}

/** `07:04:05`, for the rows of a trace. */
export function formatTime(at: string | null | undefined, zone: string): string {
  return shown(at, zone, "time", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
}

/** The host's home folder is of no interest on a row: `/home/alice/code/x` becomes `~/code/x`. */
export function shortPath(path: string): string {
  return path.replace(/^(?:\/home\/[^/]+|\/Users\/[^/]+|\/root|[A-Za-z]:\\Users\\[^\\]+)(?=$|[/\\])/, "~");
}
