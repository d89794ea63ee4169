import { preference } from "./preference";

/** Every time on the screen is in one of two zones, and the page always names which. */
export const timeZone = preference("time-zone", ["local", "utc"]);

/** As it was when the page came: to ask makes a formatter, which takes long. */
const LOCAL_ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** IANA name of the chosen zone: `Europe/Berlin`, or `UTC`. */
export function zoneName(choice: "local" | "utc"): string {
  return choice === "utc" ? "UTC" : LOCAL_ZONE;
}

export function useZoneName(): string {
  return zoneName(timeZone.use());
}

const DAY_MS = 86_400_000;
const clocks = new Map<string, Intl.DateTimeFormat>();

/** What a wall clock in `zone` shows at an instant, written as if that were UTC: milliseconds since 1970. */
function wallClock(instant: number, zone: string): number {
  let clock = clocks.get(zone);
  if (clock === undefined) {
    clock = new Intl.DateTimeFormat("en-US", {
      timeZone: zone,
      hourCycle: "h23",
      era: "short",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
    clocks.set(zone, clock);
  }
  const part: Record<string, number> = {};
  for (const { type, value } of clock.formatToParts(instant)) part[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part;
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

/** What a wall clock in `zone` shows at an instant: `2026-11-03T07:30:00`. */
export function wallTime(instant: number, zone: string): string {
  return new Date(wallClock(instant, zone)).toISOString().slice(0, 19);
}

/** How many minutes the clocks of `zone` are ahead of UTC at an instant. */
export function offsetMinutes(instant: number, zone: string): number {
  return Math.round((wallClock(instant, zone) - instant) / 60_000);
}

/** The calendar day of an instant in a zone: `2026-11-03`. */
export function dayOf(instant: number, zone: string): string {
  return new Date(wallClock(instant, zone)).toISOString().slice(0, 10);
}

/**
 * The instant at which a clock in `zone` shows `wall` (`2026-11-03` or `2026-11-03T07:30`), in milliseconds.
 *
 * A time that occurs twice means the first; one that a change of clocks leaves out means the instant of the
 * change, so that the start of a day is right where midnight is missing. NaN where `wall` is no time.
 */
export function instantOf(wall: string, zone: string): number {
  const guess = Date.parse(wall.includes("T") ? `${wall}Z` : `${wall}T00:00Z`);
  if (Number.isNaN(guess)) return Number.NaN;
  // No zone changes its offset twice within two days.
  const candidates = [guess - DAY_MS, guess + DAY_MS].map((near) => guess - (wallClock(near, zone) - near));
  const exact = candidates.filter((instant) => wallClock(instant, zone) === guess);
  return exact.length > 0 ? Math.min(...exact) : Math.max(...candidates);
}

/** The day `count` days later in the calendar; the hours of a day are no matter here. */
export function addDays(day: string, count: number): string {
  return new Date(Date.parse(`${day}T00:00Z`) + count * DAY_MS).toISOString().slice(0, 10);
}
