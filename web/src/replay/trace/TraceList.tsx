import { type Ref, useCallback, useImperativeHandle, useMemo, useRef, useState } from "react";
import { Virtuoso, type VirtuosoHandle } from "react-virtuoso";
import { formatCount } from "../../format";
import type { Entry } from "../shapes";
import { Glyph } from "./EntryMark";
import type { Row } from "./rows";
import { TraceRow, type TraceScene } from "./TraceRow";
import { useBrought } from "./useBrought";
import { useFollowedEnd } from "./useFollowedEnd";
import { useKeptPlace } from "./useKeptPlace";

export interface TraceListHandle {
  /** Brings a row into view: where the eye is if it must scroll far, else as little as needed. */
  reveal: (index: number, centred: boolean) => void;
  /** Index of the first row on the screen. */
  first: () => number;
  /** Once: what comes later is followed only after `follow`. */
  toEnd: (smooth: boolean) => void;
  /** Goes to the end and stays there, however the trace grows, until the reader leaves it. */
  follow: () => void;
}

interface Props {
  ref: Ref<TraceListHandle>;
  rows: readonly Row[];
  scene: TraceScene;
  /** The highest `seq` of the session's own trace, filtered or not. */
  last: number;
  /** Grows with the trace; rows that come and go by a filter leave it as it is. */
  version: number;
  /** What comes now is new: it is followed while the end is on the screen. Until then the list stays where it is. */
  following: boolean;
  busy: boolean;
  /** These are only the rows around an entry; what is before and behind them is coming. */
  windowed: boolean;
  /** Where the list is when it is first drawn. */
  initialIndex: number;
}

/** About as many as a screen holds. */
const FIRST_ROWS = 12;
/** What `aria-setsize` says of a number that nobody knows yet. */
const SIZE_UNKNOWN = -1;

/** The rows of a trace, virtualised; grows at its end without moving what is being read. */
export function TraceList({
  ref,
  rows,
  scene,
  last,
  version,
  following,
  busy,
  windowed,
  initialIndex,
}: Props) {
  const list = useRef<VirtuosoHandle>(null);
  const scroller = useRef<HTMLElement | null>(null);
  const firstIndex = useRef(0);
  const { bring, brought } = useBrought(rows, busy, list, scroller);
  const { end, atEnd } = useFollowedEnd({ following, version }, scroller);
  const place = { windowed, busy, followed: following && atEnd };
  const offset = useKeptPlace(rows, place, scroller, brought);
  /** The last entry that was there when the end left the screen: those after it are new. */
  const [seen, setSeen] = useState<number | null>(null);

  const shown = useRef({ rows, following });
  shown.current = { rows, following };
  /** Counts the places that were gone to: a later one ends the way to an earlier one. */
  const moves = useRef(0);
  const follow = useCallback(() => {
    moves.current += 1;
    brought.current = null;
    // The list, too, forgets where it was still going.
    list.current?.scrollToIndex({ index: "LAST", align: "end" });
    end.follow();
  }, [brought, end]);

  useImperativeHandle(
    ref,
    () => ({
      reveal: (index, centred) => {
        const now = shown.current;
        // The last row is at the end already; a high one would be scrolled up to its beginning.
        if (now.following && end.atEnd() && index === now.rows.length - 1) return;
        end.settle();
        moves.current += 1;
        const move = moves.current;
        if (centred) bring(index);
        else reveal(list.current, index, REVEAL_TRIES, () => moves.current === move);
      },
      first: () => firstIndex.current,
      toEnd: (smooth) =>
        list.current?.scrollToIndex({ index: "LAST", align: "end", behavior: smooth ? "smooth" : "auto" }),
      follow,
    }),
    [bring, end, follow],
  );

  const watching = following && !atEnd;
  if (watching && seen === null) setSeen(last);
  else if (!watching && seen !== null) setSeen(null);
  const fresh = useMemo(
    () => (seen === null || seen === last ? 0 : entriesAfter(rows, seen)),
    [rows, seen, last],
  );

  return (
    <div className="sr-trace-list">
      <Virtuoso
        ref={list}
        scrollerRef={(element) => {
          scroller.current = element instanceof HTMLElement ? element : null;
        }}
        className="sr-scroller"
        role="feed"
        aria-label="Trace"
        aria-busy={busy}
        data={rows as Row[]}
        context={scene}
        computeItemKey={keyOf}
        itemContent={(index, row, context) => (
          <TraceRow
            row={row}
            scene={context}
            position={index - offset}
            total={windowed ? SIZE_UNKNOWN : rows.length}
          />
        )}
        firstItemIndex={offset}
        defaultItemHeight={64}
        increaseViewportBy={{ top: 400, bottom: 600 }}
        // Drawn before the list has measured its room.
        initialItemCount={Math.min(rows.length, FIRST_ROWS)}
        skipAnimationFrameInResizeObserver
        initialTopMostItemIndex={initialIndex > 0 ? { index: initialIndex, align: "center" } : 0}
        rangeChanged={(range) => {
          firstIndex.current = range.startIndex - offset;
        }}
      />
      {windowed && (
        <>
          <p className="sr-window-edge sr-window-start" role="status">
            <Glyph name="up" /> Earlier entries are loading
          </p>
          <p className="sr-window-edge sr-window-end">
            <Glyph name="down" /> Later entries are loading
          </p>
        </>
      )}
      {fresh > 0 && (
        <button type="button" className="sr-new-entries" onClick={follow}>
          <Glyph name="down" /> {fresh === 1 ? "1 new entry" : `${formatCount(fresh)} new entries`}
        </button>
      )}
    </div>
  );
}

/** Far away the heights of rows are a guess until they are drawn: it takes a second look. */
const REVEAL_TRIES = 2;

function reveal(list: VirtuosoHandle | null, index: number, tries: number, isWanted: () => boolean): void {
  if (!isWanted()) return;
  const again = () => requestAnimationFrame(() => reveal(list, index, tries - 1, isWanted));
  list?.scrollIntoView({ index, behavior: "auto", ...(tries > 0 && { done: again }) });
}

/**
 * How many of the session's own entries on the rows are newer than one of them: a result that joined its call's
 * row counts, what the filter hides does not.
 */
export function entriesAfter(rows: readonly Row[], seq: number): number {
  let count = 0;
  for (const row of rows) {
    if (row.nest || row.kind === "agent") continue;
    if (row.kind === "entry") count += Number(isWhole(row) && row.entry.seq > seq);
    else if (row.kind === "fold") count += newer(row.entries, seq);
    else
      count += Number(row.call.seq > seq) + Number((row.result?.seq ?? -1) > seq) + newer(row.progress, seq);
  }
  return count;
}

/** A member of an opened run is counted with its run. */
function isWhole(row: Row): boolean {
  return Number.isInteger(row.key);
}

function newer(entries: readonly Entry[], seq: number): number {
  let index = entries.length;
  while (index > 0 && (entries[index - 1]?.seq ?? seq) > seq) index -= 1;
  return entries.length - index;
}

function keyOf(_index: number, row: Row): number {
  return row.key;
}
