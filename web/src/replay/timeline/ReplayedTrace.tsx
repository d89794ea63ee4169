import {
  type ReactNode,
  type RefObject,
  useEffect,
  useMemo,
  useRef,
  useState,
  useSyncExternalStore,
} from "react";
import { Glyph } from "../trace/EntryMark";
import type { Row, ToolRow } from "../trace/rows";
import type { TraceListHandle } from "../trace/TraceList";
import type { TraceScene } from "../trace/TraceRow";
import { Minimap } from "./Minimap";
import type { Replay, ReplayState } from "./replay";

/** Rows that follow one another faster than this are not scrolled to smoothly: it would never arrive. */
const SMOOTH_MS_MIN = 400;

export interface ShownTrace {
  rows: readonly Row[];
  scene: TraceScene;
  /** Rows are left out: those that have not appeared yet. */
  replaying: boolean;
}

interface Props {
  replay: Replay;
  /** All rows that pass the view and the filter. */
  rows: readonly Row[];
  scene: TraceScene;
  list: RefObject<TraceListHandle | null>;
  zone: string;
  onSelect: (row: Row) => void;
  /** Draws the list of what has appeared. */
  children: (shown: ShownTrace) => ReactNode;
}

/** The list as it was at the playhead, and the map of the whole beside it. */
export function ReplayedTrace({ replay, rows, scene, list, zone, onSelect, children }: Props) {
  const state = useSyncExternalStore(replay.subscribe, replay.get);
  const { timeline, position, count, current, free } = state;
  const stage = useRef<HTMLDivElement>(null);
  const replaying = position !== null;
  const pending = state.pending.join(" ");

  // biome-ignore lint/correctness/useExhaustiveDependencies: `pending` has the content of `state.pending`
  const appeared = useMemo(
    () => (replaying ? appearedRows(state) : null),
    [replaying, timeline, count, pending],
  );
  const selectedKey = replaying && !free ? (current?.key ?? null) : scene.selectedKey;
  const shown: ShownTrace = useMemo(
    () => ({
      rows: appeared ?? rows,
      // What has no result yet was running then, whatever became of it.
      scene: replaying ? { ...scene, selectedKey, live: true } : scene,
      replaying,
    }),
    [appeared, rows, scene, selectedKey, replaying],
  );
  const [left, setLeft] = useFollowing(state, list);
  /** The map's row may be elsewhere in the list: the map is that of the timeline, which may be made later. */
  const reveal = (index: number) => {
    const key = timeline.rows[index]?.key;
    const at = shown.rows[index]?.key === key ? index : shown.rows.findIndex((row) => row.key === key);
    if (at === -1) return;
    setLeft(true);
    list.current?.reveal(at, true);
  };

  return (
    <div
      ref={stage}
      className="sr-trace-stage"
      onWheel={(event) => {
        if (replaying && event.deltaY < 0) setLeft(true);
      }}
      onTouchMove={() => {
        if (replaying) setLeft(true);
      }}
    >
      {useMemo(() => children(shown), [children, shown])}
      <Minimap
        state={state}
        stage={stage}
        zone={zone}
        onChoose={(index) => {
          const row = timeline.rows[index];
          if (index >= count) replay.goTo(index);
          else if (row) {
            reveal(index);
            onSelect(row);
          }
        }}
        onScroll={reveal}
      />
      {replaying && left && state.playing && (
        <button type="button" className="sr-new-entries" onClick={() => setLeft(false)}>
          <Glyph name="down" /> Follow the replay
        </button>
      )}
    </div>
  );
}

/** Keeps the row at the playhead in view, until somebody scrolls away from it. */
function useFollowing(
  state: ReplayState,
  list: RefObject<TraceListHandle | null>,
): [boolean, (left: boolean) => void] {
  const [left, setLeft] = useState(false);
  const [began, setBegan] = useState({ playing: false, rests: 0 });
  const { playing, rests, position, count, timeline, current, free } = state;
  if (began.playing !== playing || began.rests !== rests) {
    setBegan({ playing, rests });
    if (playing || began.rests !== rests) setLeft(false);
  }
  const lastAt = useRef(0);
  /** The row at the playhead was in view when something was last drawn. */
  const isWithIt = useRef(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a row that has appeared is what is followed
  useEffect(() => {
    const wasWithIt = isWithIt.current;
    isWithIt.current = position !== null && !left && !free;
    if (position === null) {
      // The last rows appear with the end of the replay, all that one frame has still to show.
      if (wasWithIt && current === timeline.rows.at(-1)) list.current?.follow();
      return;
    }
    if (left || free) return;
    const now = performance.now();
    const calm = now - lastAt.current >= SMOOTH_MS_MIN;
    lastAt.current = now;
    list.current?.toEnd(calm && !window.matchMedia("(prefers-reduced-motion: reduce)").matches);
  }, [position === null, left, free, timeline, count, list]);
  return [left, setLeft];
}

/** The rows as they were at the playhead: calls whose results were still to come have none. */
function appearedRows({ timeline, count, pending, position }: ReplayState): readonly Row[] {
  const rows = timeline.rows.slice(0, count);
  const now = timeline.instantAt(position ?? 0);
  for (const index of pending) {
    const row = rows[index];
    if (row?.kind === "tool") rows[index] = running(row, now);
  }
  return rows;
}

function running(row: ToolRow, now: number): ToolRow {
  const progress = row.progress.filter((report) => report.at !== null && Date.parse(report.at) <= now);
  return { ...row, result: null, progress };
}
