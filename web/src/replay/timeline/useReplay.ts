import { useCallback, useEffect, useLayoutEffect, useRef, useState, useSyncExternalStore } from "react";
import { preference } from "../../preference";
import type { ReplayAction } from "../keys";
import { nextIndex } from "../trace/place";
import type { Row } from "../trace/rows";
import { Replay, SPEEDS, type Speed } from "./replay";
import { Timeline } from "./timeline";

/** How fast replays go in this browser. */
export const speedChoice = preference("replay-speed", ["1", "2", "5", "10", "25", "50", "100"]);
/** Whether they cut long pauses. */
export const idleChoice = preference("replay-idle", ["skip", "keep"]);

/** The inspector and the address follow the playhead this often; more is neither read nor allowed by browsers. */
const FOLLOW_MS = 250;
/** A timeline is made anew in no more than this share of the time. */
const BUILD_SHARE = 0.1;

export interface ReplayControl {
  replay: Replay;
  /** Only a part of the trace is shown. */
  active: boolean;
  /** What the page shows instead of the address's entry, while the playhead moves. */
  followed: Row | null;
  /** Index of the row from which one goes on: that of the playhead, if nobody looks at another; else `selected`. */
  from: (selected: number) => number;
  /** What the keys do, when the row at `selected` is the current one (-1: none is). */
  actions: (
    selected: number,
    isPrompt: (row: Row) => boolean,
    say: (words: string) => void,
  ) => Record<ReplayAction, () => void>;
}

/**
 * The replay of the rows that are shown. `addressed` is the place that the address names, in whatever words.
 *
 * `onRest` hears of the row at which the playhead came to rest, so that the address can say it.
 */
export function useReplay(
  rows: readonly Row[],
  addressed: string,
  onRest: (row: Row) => void,
): ReplayControl {
  const [replay] = useState(() => new Replay());
  const speed = Number(speedChoice.use()) as Speed;
  const skipIdle = idleChoice.use() === "skip";
  const active = useSyncExternalStore(replay.subscribe, () => replay.get().position !== null);
  const playing = useSyncExternalStore(replay.subscribe, () => replay.get().playing);
  const followed = useFollowed(replay, addressed, onRest);

  useTimeline(replay, rows, skipIdle);
  useEffect(() => replay.setSpeed(speed), [replay, speed]);
  useEffect(() => {
    if (!playing) return;
    let frame = requestAnimationFrame(function run(now) {
      replay.tick(now);
      frame = requestAnimationFrame(run);
    });
    return () => cancelAnimationFrame(frame);
  }, [replay, playing]);

  // What is selected follows the playhead only a few times a second; keys may be faster.
  const from = useCallback(
    (selected: number) => {
      const { position, count, free } = replay.get();
      return position === null || free ? selected : count - 1;
    },
    [replay],
  );
  const actions: ReplayControl["actions"] = useCallback(
    (selected, isPrompt, say) => {
      const step = (direction: 1 | -1, wanted: (row: Row) => boolean) => {
        replay.catchUp();
        const { rows: all } = replay.get().timeline;
        const none = direction === 1 ? -1 : all.length - 1;
        const start = from(selected);
        const index = nextIndex(all, start >= 0 ? start : none, direction, wanted);
        if (index !== -1) replay.goTo(index);
      };
      const setSpeed = (by: 1 | -1) => {
        const chosen = SPEEDS[SPEEDS.indexOf(Number(speedChoice.get()) as Speed) + by];
        if (chosen === undefined) return;
        speedChoice.set(`${chosen}`);
        say(`Speed ${chosen}×`);
      };
      const any = () => true;
      return {
        play: () => {
          if (replay.get().playing) replay.pause();
          else replay.play(selected);
        },
        "step-back": () => step(-1, any),
        "step-forth": () => step(1, any),
        "prompt-back": () => step(-1, isPrompt),
        "prompt-forth": () => step(1, isPrompt),
        slower: () => setSpeed(-1),
        faster: () => setSpeed(1),
      };
    },
    [replay, from],
  );
  return { replay, active, followed, from, actions };
}

/** Keeps the timeline at the rows: at once while a replay is under way, else without holding up a trace that pours in. */
function useTimeline(replay: Replay, rows: readonly Row[], skipIdle: boolean): void {
  const free = useRef(0);
  // Before anything of the rows is painted: whoever sees them may press a key.
  useLayoutEffect(() => {
    replay.takeLater(() => {
      const from = performance.now();
      const timeline = new Timeline(rows, skipIdle, replay.get().timeline);
      const to = performance.now();
      free.current = to + (to - from) / BUILD_SHARE;
      return timeline;
    });
  }, [replay, rows, skipIdle]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: it is their change that counts
  useEffect(() => {
    const wait = free.current - performance.now();
    if (wait <= 0 || replay.get().position !== null) {
      replay.catchUp();
      return;
    }
    const timer = setTimeout(() => replay.catchUp(), wait);
    return () => clearTimeout(timer);
  }, [replay, rows, skipIdle]);
}

/** The entry at a moving playhead, told a few times a second; null when the address says what is looked at. */
function useFollowed(replay: Replay, addressed: string, onRest: (row: Row) => void): Row | null {
  const [followed, setFollowed] = useState<Row | null>(null);
  const rest = useRef(onRest);
  useEffect(() => {
    rest.current = onRest;
  });

  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let toldAt = Number.NEGATIVE_INFINITY;
    let toldKey: number | null = null;
    let toldRests = replay.get().rests;
    const tell = () => {
      timer = undefined;
      toldAt = performance.now();
      const { current, rests, playing, scrubbing } = replay.get();
      if (!current) return;
      toldKey = current.key;
      setFollowed(current);
      if (rests === toldRests || playing || scrubbing) return;
      toldRests = rests;
      rest.current(current);
    };
    const listen = () => {
      const { position, current, rests, free } = replay.get();
      if (free) {
        clearTimeout(timer);
        timer = undefined;
        toldKey = current?.key ?? null;
        toldRests = rests;
        setFollowed(null);
      } else if (rests !== toldRests || (position !== null && current?.key !== toldKey)) {
        timer ??= setTimeout(tell, Math.max(0, toldAt + FOLLOW_MS - performance.now()));
      }
    };
    const stop = replay.subscribe(listen);
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [replay]);

  // The address has come to say it, or somebody chose another.
  // biome-ignore lint/correctness/useExhaustiveDependencies: it is the address's change that counts
  useEffect(() => {
    const { playing, scrubbing } = replay.get();
    if (!playing && !scrubbing) setFollowed(null);
  }, [replay, addressed]);
  return followed;
}
