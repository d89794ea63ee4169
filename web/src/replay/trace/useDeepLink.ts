import { type Dispatch, type RefObject, type SetStateAction, useEffect, useRef } from "react";
import { headOf, type Row, type Rows } from "./rows";
import type { TraceListHandle } from "./TraceList";

/**
 * Scrolls to the entry of the address, or to the subagent that it names alone, once it has come, and again when the address changes from outside.
 *
 * A member of a folded run is unfolded first.
 *
 * @param agent The subagent, opened in place, that the entry and `rows` belong to.
 */
export function useDeepLink(
  seq: number | null,
  agent: string | undefined,
  asked: boolean,
  rows: Rows,
  visible: readonly Row[],
  index: number,
  list: RefObject<TraceListHandle | null>,
  setOpen: Dispatch<SetStateAction<ReadonlySet<number>>>,
): void {
  const reached = useRef<string | null>(null);
  const latest = useRef(index);
  latest.current = index;
  useEffect(() => {
    const place = `${agent ?? ""} ${seq}`;
    if (!asked || reached.current === place) return;
    // Without an entry it is the subagent's own row that is asked for.
    const row = seq === null ? visible[index] : rows.list[rows.indexOf(seq)];
    if (!row) return;
    if (row.kind === "fold" && headOf(row).seq !== seq && visible[index]?.key === row.key) {
      setOpen((before) => new Set(before).add(row.key));
      return;
    }
    // A subagent's entries can come before the row that it is opened below.
    if (agent !== undefined && index < 0) return;
    const first = reached.current === null;
    reached.current = place;
    // The list must have been laid out with the row in it; until then rows may have come before it.
    if (index >= 0) requestAnimationFrame(() => list.current?.reveal(latest.current, first));
  }, [asked, seq, agent, rows, visible, index, list, setOpen]);
}
