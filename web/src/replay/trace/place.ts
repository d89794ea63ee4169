/** Where an entry is among the rows on the screen. */
import { entriesOf, keyOf, type Row, type Rows } from "./rows";

/** The entry that the address names, by number or by uuid; null until it has come, or for neither. */
export function seqOf(address: number | string | undefined, rows: Rows): number | null {
  if (address === undefined) return null;
  const number = typeof address === "number" ? address : /^\d+$/.test(address) ? Number(address) : null;
  if (number !== null) return number;
  for (const entry of rows.entries.values()) if (entry.uuid === address) return entry.seq;
  return null;
}

/** Index of the row that shows the entry, its own row rather than the run that it is a member of; -1 for none. */
export function indexOfSeq(visible: readonly Row[], rows: Rows, seq: number): number {
  const holder = rows.list[rows.indexOf(seq)];
  if (!holder) return -1;
  const key = keyOf(seq, holder.nest);
  if (holder.kind !== "entry" && holder.key !== key) {
    const member = visible.findIndex((row) => row.key === key + 0.5);
    if (member !== -1) return member;
  }
  return visible.findIndex(
    (row) => row.key === holder.key && entriesOf(row).some((entry) => entry.seq === seq),
  );
}

/** The next index in a direction that is wanted, -1 if there is none. */
export function nextIndex(
  rows: readonly Row[],
  from: number,
  step: 1 | -1,
  wanted: (row: Row) => boolean,
): number {
  for (let index = from + step; index >= 0 && index < rows.length; index += step) {
    const row = rows[index];
    if (row && wanted(row)) return index;
  }
  return -1;
}
