/** Durations and counts as people type them. */

const UNIT_MS: Record<string, number> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** `90s`, `5m`, `1h 30m`, `500 ms`, or a plain number of seconds, in milliseconds; null where it is none of these. */
export function parseDuration(text: string): number | null {
  const trimmed = text.trim().toLowerCase();
  if (/^\d+(\.\d+)?$/.test(trimmed)) return Math.round(Number(trimmed) * 1_000);
  if (!/^(\d+(\.\d+)?\s*(ms|min|s|m|h|d)\s*)+$/.test(trimmed)) return null;
  let ms = 0;
  for (const [, count, unit] of trimmed.matchAll(/(\d+(?:\.\d+)?)\s*(ms|min|s|m|h|d)/g)) {
    ms += Number(count) * (UNIT_MS[unit ?? ""] ?? 0);
  }
  return Math.round(ms);
}

const SCALE: Record<string, number> = { "": 1, k: 1e3, m: 1e6, b: 1e9 };

/** `1200`, `1,200`, `10k`, `1.5M`; null where it is none of these, or no whole number. */
export function parseCount(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)\s*([kmb]?)$/i.exec(text.trim().replaceAll(",", ""));
  if (match === null) return null;
  const scale = SCALE[(match[2] ?? "").toLowerCase()] ?? 1;
  const count = Math.round(Number(match[1]) * scale);
  // Within what such a product is off by: 1.1k is 1100.
  return Math.abs(count - Number(match[1]) * scale) < 1e-6 * scale ? count : null;
}
