import { type Ref, useImperativeHandle, useRef, useState } from "react";
import { Virtuoso, type VirtuosoHandle } from "react-virtuoso";
import { formatCount } from "../../format";
import { Glyph } from "./EntryMark";
import type { Row } from "./rows";
import { TraceRow, type TraceScene } from "./TraceRow";
import { useFollowedEnd } from "./useFollowedEnd";

export interface TraceListHandle {
  /** Brings a row into view: where the eye is if it must scroll far, else as little as needed. */
  reveal: (index: number, centred: boolean) => void;
  /** Index of the first row on the screen. */
  first: () => number;
}

interface Props {
  ref: Ref<TraceListHandle>;
  rows: readonly Row[];
  scene: TraceScene;
  /** Grows with the trace; rows that come and go by a filter leave it as it is. */
  version: number;
  /** What comes now is new: it is followed while the end is on the screen. Until then the list stays where it is. */
  following: boolean;
  busy: boolean;
  /** Where the list is when it is first drawn. */
  initialIndex: number;
}

/** The rows of a trace, virtualised; grows at its end without moving what is being read. */
export function TraceList({ ref, rows, scene, version, following, busy, initialIndex }: Props) {
  const list = useRef<VirtuosoHandle>(null);
  const firstIndex = useRef(0);
  const [atEnd, setAtEnd] = useState(false);
  /** The last row that was there when the end left the screen: those after it are new. */
  const [seenKey, setSeenKey] = useState<number | null>(null);

  useImperativeHandle(
    ref,
    () => ({
      reveal: (index, centred) => {
        if (centred) list.current?.scrollToIndex({ index, align: "center" });
        else list.current?.scrollIntoView({ index, behavior: "auto" });
      },
      first: () => firstIndex.current,
    }),
    [],
  );

  const lastKey = rows.at(-1)?.key ?? -1;
  const watching = following && !atEnd;
  if (watching && seenKey === null) setSeenKey(lastKey);
  else if (!watching && seenKey !== null) setSeenKey(null);
  const fresh = seenKey === null ? 0 : rowsAfter(rows, seenKey);

  useFollowedEnd({ following, atEnd, version }, () =>
    list.current?.scrollToIndex({ index: "LAST", align: "end" }),
  );

  return (
    <div className="sr-trace-list">
      <Virtuoso
        ref={list}
        className="sr-scroller"
        role="feed"
        aria-label="Trace"
        aria-busy={busy}
        data={rows as Row[]}
        context={scene}
        computeItemKey={keyOf}
        itemContent={(index, row, context) => (
          <TraceRow row={row} scene={context} position={index} total={rows.length} />
        )}
        defaultItemHeight={64}
        increaseViewportBy={{ top: 400, bottom: 600 }}
        initialTopMostItemIndex={initialIndex > 0 ? { index: initialIndex, align: "center" } : 0}
        rangeChanged={(range) => {
          firstIndex.current = range.startIndex;
        }}
        atBottomThreshold={48}
        atBottomStateChange={setAtEnd}
      />
      {fresh > 0 && (
        <button
          type="button"
          className="sr-new-entries"
          onClick={() => list.current?.scrollToIndex({ index: "LAST", align: "end" })}
        >
          <Glyph name="down" /> {fresh === 1 ? "1 new entry" : `${formatCount(fresh)} new entries`}
        </button>
      )}
    </div>
  );
}

/** How many rows at the end are newer than a row; the filter may have changed since that was seen. */
export function rowsAfter(rows: readonly Row[], key: number): number {
  let index = rows.length;
  while (index > 0 && (rows[index - 1]?.key ?? key) > key) index -= 1;
  return rows.length - index;
}

function keyOf(_index: number, row: Row): number {
  return row.key;
}
