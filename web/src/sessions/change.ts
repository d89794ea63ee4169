const PERCENT = new Intl.NumberFormat("en", {
  style: "percent",
  maximumFractionDigits: 0,
  signDisplay: "exceptZero",
});
const TIMES = new Intl.NumberFormat("en", { maximumSignificantDigits: 2 });
/** From here on people read "12 times" with less effort than "+1,100%". */
const TIMES_MIN = 10;

/**
 * How a figure differs from that of the time before: `+8% vs 7 days before`.
 *
 * Nothing is no base to compare with, so it is said instead; null stands for a figure that is none, such as an
 * average over nothing.
 */
export function changeText(now: number | null, before: number | null, beforeText: string): string {
  if (before === null || before === 0) return `none in the ${beforeText}`;
  if (now === null) return `vs ${beforeText}`;
  const change = (now - before) / before;
  if (now === before) return `same as the ${beforeText}`;
  if (Math.abs(change) < 0.005) return `about the same as the ${beforeText}`;
  if (now / before >= TIMES_MIN) return `${TIMES.format(now / before)}× the ${beforeText}`;
  return `${PERCENT.format(change)} vs ${beforeText}`;
}
