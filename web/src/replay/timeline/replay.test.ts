import { beforeEach, describe, expect, it } from "vitest";
import { call, entry, result } from "../entries.testing";
import { Rows } from "../trace/rows";
import { Replay } from "./replay";
import { Timeline } from "./timeline";

const START = Date.parse("2026-11-22T10:00:00.000Z");
const at = (seconds: number) => ({ at: new Date(START + seconds * 1_000).toISOString() });

/** Six rows, one second apart; the call of the third has its result after two and a half. */
const ENTRIES = [
  entry(0, { type: "user", ...at(0) }),
  entry(1, { type: "assistant", ...at(1) }),
  call(2, "slow", at(2)),
  entry(3, { type: "assistant", ...at(3) }),
  entry(4, { type: "assistant", ...at(4) }),
  result(5, "slow", at(4.5)),
  entry(6, { type: "assistant", ...at(5) }),
];

let rows: Rows;
let replay: Replay;
beforeEach(() => {
  rows = new Rows();
  rows.append(ENTRIES);
  replay = new Replay();
  replay.take(new Timeline([...rows.list], true));
});

/** Lets time pass in frames, as a page does. */
function pass(ms: number, frame_ms = 20): void {
  for (let passed = 0; passed <= ms; passed += frame_ms) replay.tick(now + passed);
  now += ms;
}
let now = 1_000;

describe("a replay", () => {
  it("shows the whole trace until it is asked to play, and again at its end", () => {
    expect(replay.get()).toMatchObject({ position: null, count: 6, playing: false });
    replay.play(-1);
    expect(replay.get()).toMatchObject({ position: 0, count: 1, playing: true });
    pass(1_100);
    expect(replay.get()).toMatchObject({ count: 2, playing: true, rests: 0 });
    pass(4_000);
    expect(replay.get()).toMatchObject({ position: null, count: 6, playing: false, rests: 1 });
    expect(replay.get().current).toBe(rows.list[5]);
  });

  it("starts at the selected row, and from the beginning where that is the last", () => {
    replay.play(3);
    expect(replay.get()).toMatchObject({ position: 3_000, count: 4 });
    replay.showAll();
    replay.play(5);
    expect(replay.get()).toMatchObject({ position: 0, count: 1 });
  });

  it("goes by the rows that the page has, though their timeline was still to be made", () => {
    const earlier = rows.list.slice(3);
    replay.take(new Timeline(earlier, true));
    const timeline = new Timeline([...rows.list], true);
    replay.takeLater(() => timeline);
    expect(replay.get().timeline.rows).toBe(earlier);
    replay.goTo(1);
    expect(replay.get()).toMatchObject({ timeline, count: 2, current: rows.list[1] });

    replay.showAll();
    replay.take(new Timeline(earlier, true));
    replay.takeLater(() => timeline);
    replay.play(4);
    expect(replay.get()).toMatchObject({ timeline, count: 5, current: rows.list[4] });
  });

  it("makes a timeline once, and none that a newer one has taken the place of", () => {
    let made = 0;
    replay.takeLater(() => {
      made += 1;
      return new Timeline([...rows.list], true);
    });
    replay.catchUp();
    replay.catchUp();
    expect(made).toBe(1);
    replay.takeLater(() => new Timeline([], true));
    replay.take(new Timeline([...rows.list], true));
    replay.catchUp();
    expect(replay.get().timeline.rows).toHaveLength(6);
  });

  it("goes on where it was paused, whatever is selected", () => {
    replay.play(-1);
    pass(2_300);
    replay.pause();
    const { position } = replay.get();
    pass(5_000);
    expect(replay.get()).toMatchObject({ position, playing: false });
    replay.play(0);
    expect(replay.get()).toMatchObject({ position, playing: true });
  });

  it("keeps its position when the speed changes, and then goes as fast as that", () => {
    replay.play(-1);
    pass(1_000);
    replay.setSpeed(2);
    expect(replay.get().position).toBe(1_000);
    pass(500);
    expect(replay.get().position).toBe(2_000);
  });

  it("stands still while no frames are drawn", () => {
    replay.play(-1);
    pass(1_000);
    now += 3_600_000;
    replay.tick(now);
    expect(replay.get().position).toBeLessThanOrEqual(1_250);
    expect(replay.get().playing).toBe(true);
  });

  it("tells once a frame, however fast it plays", () => {
    let told = 0;
    replay.subscribe(() => {
      told += 1;
    });
    replay.play(-1);
    replay.setSpeed(100);
    replay.tick(0);
    replay.tick(16);
    expect(told).toBe(2);
    expect(replay.get().count).toBe(2);
  });

  it("shows a call before its result", () => {
    replay.goTo(4);
    expect(replay.get().pending).toEqual([2]);
    replay.play(-1);
    pass(600);
    expect(replay.get()).toMatchObject({ count: 5, pending: [] });
  });

  it("can be stepped to the end, where all is shown", () => {
    replay.goTo(1);
    expect(replay.get()).toMatchObject({ position: 1_000, count: 2, rests: 1 });
    replay.goTo(5);
    expect(replay.get()).toMatchObject({ position: null, count: 6, rests: 2 });
  });

  it("goes on after it was dragged only if it played before", () => {
    replay.scrub(2_000);
    replay.letGo();
    expect(replay.get()).toMatchObject({ position: 2_000, playing: false, rests: 1 });
    replay.play(-1);
    replay.scrub(3_000);
    replay.scrub(1_000);
    expect(replay.get()).toMatchObject({ count: 2, playing: false, scrubbing: true });
    replay.letGo();
    expect(replay.get()).toMatchObject({ position: 1_000, playing: true, scrubbing: false });
    replay.scrub(1e9);
    replay.letGo();
    expect(replay.get()).toMatchObject({ position: null, playing: false });
  });

  it("stays at its row when all is shown again, or somebody looks at another", () => {
    replay.goTo(2);
    replay.showAll();
    expect(replay.get()).toMatchObject({ position: null, count: 6, rests: 2 });
    expect(replay.get().current).toBe(rows.list[2]);
    replay.play(2);
    replay.hold();
    expect(replay.get()).toMatchObject({ playing: false, count: 3, rests: 2 });
  });

  it("stays where it is while a live session goes on, and says how much has come", () => {
    replay.goTo(1);
    rows.append([entry(7, { type: "assistant", ...at(6) }), entry(8, { type: "assistant", ...at(7) })]);
    replay.take(new Timeline([...rows.list], true, replay.get().timeline));
    expect(replay.get()).toMatchObject({ position: 1_000, count: 2, arrived: 2 });
    replay.showAll();
    expect(replay.get()).toMatchObject({ count: 8, arrived: 0 });
  });

  it("keeps its row under another filter, and ends where nothing passes it", () => {
    replay.goTo(3);
    replay.take(new Timeline(rows.list.slice(2), true));
    expect(replay.get()).toMatchObject({ position: 1_000, count: 2, arrived: 0 });
    replay.take(new Timeline([], true));
    expect(replay.get()).toMatchObject({ position: null, count: 0, playing: false });
    replay.play(-1);
    expect(replay.get().playing).toBe(false);
  });
});
