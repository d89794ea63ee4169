import { formatDateTime, formatDay, formatDuration } from "../format";
import { addDays, dayOf, instantOf } from "../timeZone";
import type { Condition, FilterNode, FilterTerm, Operator } from "./filter";
import { isCondition, requiredTerms, withTerms } from "./terms";

/**
 * When the sessions of a filter started: up to now since a while (`-7d`, as it stands in the filter), or between two
 * instants, `from` included and `before` not, in milliseconds; null where there is no such end.
 */
export type TimeRange = { ago: string } | { from: number | null; before: number | null };

const UNITS = { m: "minute", h: "hour", d: "day", w: "week" } as const;
const UNIT_MS = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };
type Unit = keyof typeof UNITS;
const DAY_MS = UNIT_MS.d;

/** `-7d` from `-7D`, `7 days ago`, `7d ago`; null for what is no time from now. */
export function agoOf(text: string): string | null {
  const short = /^-(\d{1,6})([mhdw])$/.exec(text.trim().toLowerCase());
  if (short) return `-${Number(short[1])}${short[2]}`;
  const long = /^(\d{1,6})\s*(m|min|minute|h|hour|d|day|w|week)s?\s+ago$/.exec(text.trim().toLowerCase());
  return long ? `-${Number(long[1])}${(long[2] ?? "").charAt(0)}` : null;
}

/** `7 days ago`; null for what is no time from now. */
export function agoText(value: string): string | null {
  const parts = agoParts(value);
  return parts && `${lengthText(parts)} ago`;
}

export function agoParts(value: string): { amount: number; unit: (typeof UNITS)[Unit] } | null {
  const ago = agoOf(value);
  return ago === null
    ? null
    : { amount: Number(ago.slice(1, -1)), unit: UNITS[ago.charAt(ago.length - 1) as Unit] };
}

export function agoFrom({ amount, unit }: { amount: number; unit: string }): string {
  return `-${amount}${unit.charAt(0)}`;
}

function lengthText({ amount, unit }: { amount: number; unit: string }): string {
  return `${amount} ${unit}${amount === 1 ? "" : "s"}`;
}

function agoMs(ago: string): number {
  return Number(ago.slice(1, -1)) * UNIT_MS[ago.charAt(ago.length - 1) as Unit];
}

/** The range that the filter is set to; null where it names none, or in a way that no range can say. */
export function rangeOf(filter: FilterNode | undefined, now: number): TimeRange | null {
  const edges = requiredTerms(filter).filter(isEdge).flatMap(endsOf);
  const froms = edges.filter(({ operator }) => operator.startsWith(">"));
  const befores = edges.filter(({ operator }) => operator.startsWith("<"));
  if (edges.length === 0 || froms.length > 1 || befores.length > 1) return null;
  const [from, before] = [froms[0], befores[0]];
  const ago = from && agoOf(String(from.value));
  if (ago && before === undefined) return { ago };
  const range = {
    from: from ? instantOfEdge(from, now) : null,
    before: before ? instantOfEdge(before, now) : null,
  };
  return Number.isNaN(range.from) || Number.isNaN(range.before) ? null : range;
}

/** The filter with its range replaced, or without one. */
export function withRange(filter: FilterNode | undefined, range: TimeRange | null): FilterNode | undefined {
  return withTerms(filter, isEdge, range === null ? [] : termsOf(range));
}

/** The same question about the time directly before the range, of the same length; null where there is none. */
export function withRangeBefore(
  filter: FilterNode | undefined,
  range: TimeRange,
  zone: string,
  now: number,
): FilterNode | null {
  const terms = termsBefore(range, zone, now);
  return terms && (withTerms(filter, isEdge, terms) ?? null);
}

function termsBefore(range: TimeRange, zone: string, now: number): Condition[] | null {
  if ("ago" in range) {
    const { ago } = range;
    const twice = `-${2 * Number(ago.slice(1, -1))}${ago.charAt(ago.length - 1)}`;
    return agoMs(ago) === 0 ? null : [edge(">=", twice), edge("<", ago)];
  }
  if (range.from === null) return null;
  const before = range.before ?? now;
  if (before <= range.from) return null;
  const days = wholeDays(range.from, before, zone);
  const from =
    days === null
      ? range.from - (before - range.from)
      : instantOf(addDays(dayOf(range.from, zone), -days), zone);
  return termsOf({ from, before: range.from });
}

function termsOf(range: TimeRange): Condition[] {
  if ("ago" in range) return [edge(">=", range.ago)];
  const terms: Condition[] = [];
  if (range.from !== null) terms.push(edge(">=", new Date(range.from).toISOString()));
  if (range.before !== null) terms.push(edge("<", new Date(range.before).toISOString()));
  return terms;
}

function edge(operator: Operator, value: string): Condition {
  return { property: "started_at", operator, value };
}

export function isEdge(term: FilterTerm): term is Condition {
  return isCondition(term) && term.property === "started_at" && /^[<>=]/.test(term.operator);
}

/** What equals a day or an instant lies between both its ends. */
function endsOf(term: Condition): Condition[] {
  if (term.operator !== "=") return [term];
  return [
    { ...term, operator: ">=" },
    { ...term, operator: "<=" },
  ];
}

/** A date alone is its whole day in UTC, as the server reads it; an instant is exact to the millisecond. */
function instantOfEdge({ operator, value }: Condition, now: number): number {
  const text = String(value);
  const ago = agoOf(text);
  const length = /^\d{4}-\d{2}-\d{2}$/.test(text) ? DAY_MS : 1;
  const start = ago === null ? Date.parse(text) : now - agoMs(ago);
  // `>` begins and `<=` ends behind what is named.
  return operator === ">" || operator === "<=" ? start + length : start;
}

/** The range as instants; an end that is open is `now`, a beginning that is open null. */
export function spanOf(range: TimeRange, now: number): { from: number | null; before: number } {
  if ("ago" in range) return { from: now - agoMs(range.ago), before: now };
  return { from: range.from, before: range.before ?? now };
}

/** How many whole days of `zone` the span is; null where it begins or ends within one. */
function wholeDays(from: number, before: number, zone: string): number | null {
  const [first, end] = [dayOf(from, zone), dayOf(before, zone)];
  if (instantOf(first, zone) !== from || instantOf(end, zone) !== before) return null;
  return Math.round((Date.parse(end) - Date.parse(first)) / DAY_MS);
}

/** `Last 7 days`, `3 Nov 2026`, `3 Nov 2026 – 9 Nov 2026`, `3 Nov 2026 UTC`, `Since 3 Nov 2026, 07:00`. */
export function rangeText(range: TimeRange, zone: string): string {
  const parts = "ago" in range ? agoParts(range.ago) : null;
  if (parts) return parts.amount === 1 ? `Last ${parts.unit}` : `Last ${lengthText(parts)}`;
  const { from, before } = range as { from: number | null; before: number | null };
  const at = (instant: number) => {
    const day = dayOf(instant, zone);
    const iso = new Date(instant).toISOString();
    return instantOf(day, zone) === instant ? formatDay(day) : formatDateTime(iso, zone);
  };
  if (from === null) return before === null ? "All time" : `Before ${at(before)}`;
  if (before === null) return `Since ${at(from)}`;
  // A day in the filter is one of UTC, wherever the address is opened.
  const theirs = [zone, "UTC"].find((one) => wholeDays(from, before, one) !== null);
  if (theirs === undefined) return `${at(from)} – ${at(before)}`;
  const [first, last] = [dayOf(from, theirs), dayOf(before - 1, theirs)];
  const days = first === last ? formatDay(first) : `${formatDay(first)} – ${formatDay(last)}`;
  return theirs === zone ? days : `${days} UTC`;
}

/** The time before the range, to stand behind "vs": `7 days before`, `day before`. */
export function rangeBeforeText(range: TimeRange, zone: string, now: number): string {
  const parts = "ago" in range ? agoParts(range.ago) : null;
  if (parts) return `${parts.amount === 1 ? parts.unit : lengthText(parts)} before`;
  const { from, before } = spanOf(range, now);
  const days = from === null ? null : wholeDays(from, before, zone);
  if (days === 1) return "day before";
  return `${days === null ? formatDuration(before - (from ?? before)) : `${days} days`} before`;
}
