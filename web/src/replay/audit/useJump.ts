import { type RefObject, useEffect, useState } from "react";
import { indexOfSeq } from "../trace/place";
import type { Row, Rows } from "../trace/rows";
import type { TraceListHandle } from "../trace/TraceList";

interface Place {
  rows: Rows;
  visible: readonly Row[];
  selectedSeq: number | null;
  selectedIndex: number;
  list: RefObject<TraceListHandle | null>;
  /** Sets the selected entry in the address; `clear` drops the filter that hides it. */
  select: (seq: number, clear: boolean) => void;
}

/** Selects a row by its first entry and brings it into view, once the list has it. */
export function useJump({ rows, visible, selectedSeq, selectedIndex, list, select }: Place) {
  const [wanted, setWanted] = useState<number | null>(null);
  useEffect(() => {
    if (wanted === null || wanted !== selectedSeq || selectedIndex < 0) return;
    setWanted(null);
    // The list must have been laid out with the row in it.
    requestAnimationFrame(() => list.current?.reveal(selectedIndex, true));
  }, [wanted, selectedSeq, selectedIndex, list]);
  return (seq: number) => {
    setWanted(seq);
    select(seq, indexOfSeq(visible, rows, seq) < 0);
  };
}
