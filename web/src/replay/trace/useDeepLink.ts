import { type Dispatch, type RefObject, type SetStateAction, useEffect, useRef } from "react";
import type { Row } from "./rows";
import type { TraceListHandle } from "./TraceList";
import type { TraceState } from "./useTrace";

/**
 * Scrolls to the entry of the address once it has come, and again when the address changes from outside.
 *
 * A member of a folded run is unfolded first.
 */
export function useDeepLink(
  seq: number | null,
  asked: boolean,
  trace: TraceState,
  visible: readonly Row[],
  index: number,
  list: RefObject<TraceListHandle | null>,
  setOpen: Dispatch<SetStateAction<ReadonlySet<number>>>,
): void {
  const reached = useRef<number | null>(null);
  const { rows } = trace;
  useEffect(() => {
    if (!asked || seq === null || reached.current === seq) return;
    const row = rows.list[rows.indexOf(seq)];
    if (!row) return;
    if (row.kind === "fold" && row.key !== seq && visible[index]?.key === row.key) {
      setOpen((before) => new Set(before).add(row.key));
      return;
    }
    const first = reached.current === null;
    reached.current = seq;
    // The list must have been laid out with the row in it.
    if (index >= 0) requestAnimationFrame(() => list.current?.reveal(index, first));
  }, [asked, seq, rows, visible, index, list, setOpen]);
}
