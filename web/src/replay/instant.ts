/** The times of entries, as figures. */

/** `2026-11-22T10:23:30.123Z`, as nearly all times are written. */
const USUAL_LENGTH = 24;
const ZERO = "0".charCodeAt(0);

/** The server measures with no time outside of these either (`transcript/clock.py`): the client's clock was wrong. */
const VALID_FROM_MS = Date.UTC(2015, 0, 1);
const VALID_TO_MS = Date.UTC(2099, 0, 1);

/** Milliseconds since 1970, NaN for no time and for one of a wrong clock. */
export function instantOf(at: string | null): number {
  const time = at === null ? Number.NaN : parsed(at);
  return time >= VALID_FROM_MS && time < VALID_TO_MS ? time : Number.NaN;
}

/** Whether a time is one that no agent can have written anything at. */
export function isWrong(at: string | null): boolean {
  return at !== null && Number.isNaN(instantOf(at));
}

/** `Date.parse` alone would be most of what a timeline costs. */
function parsed(at: string): number {
  const usual = at.length === USUAL_LENGTH && at[10] === "T" && at[19] === "." && at[23] === "Z";
  if (!usual) return Date.parse(at);
  const date = digits(at, 0, 4) * 10_000 + digits(at, 5, 7) * 100 + digits(at, 8, 10);
  if (date !== lastDay.date) {
    lastDay = {
      date,
      start: Date.UTC(Math.floor(date / 10_000), (Math.floor(date / 100) % 100) - 1, date % 100),
    };
  }
  const seconds = (digits(at, 11, 13) * 60 + digits(at, 14, 16)) * 60 + digits(at, 17, 19);
  return lastDay.start + seconds * 1_000 + digits(at, 20, 23);
}

/** Neighbours are of one day nearly always. */
let lastDay = { date: 0, start: Number.NaN };

/** The number that the digits of a text from `from` to `to` write, NaN where one is none. */
function digits(text: string, from: number, to: number): number {
  let number = 0;
  for (let index = from; index < to; index += 1) {
    const digit = text.charCodeAt(index) - ZERO;
    if (digit < 0 || digit > 9) return Number.NaN;
    number = number * 10 + digit;
  }
  return number;
}
