import { describe, expect, it } from "vitest";
import { FollowedEnd } from "./useFollowedEnd";

const ROOM = 500;

/** A list of rows of equal height, which a browser lays out and scrolls. */
class List {
  readonly #frames: (() => void)[] = [];
  readonly end = new FollowedEnd((then) => this.#frames.push(then));
  #top = 0;
  #version = 0;
  scrollHeight = 0;
  clientHeight = ROOM;
  following = false;

  get scrollTop(): number {
    return this.#top;
  }

  set scrollTop(top: number) {
    this.#top = Math.max(0, Math.min(top, this.scrollHeight - this.clientHeight));
  }

  constructor(height: number) {
    this.scrollHeight = height;
    this.end.attach(this);
    this.grow(0);
    this.following = true;
    this.grow(0);
    this.frames();
  }

  /** Entries come; the list is laid out with them `late`, or at once. */
  grow(height: number, late = false): void {
    this.#version += 1;
    this.#draw();
    if (!late) this.layOut(height);
  }

  /** A hand chooses what is shown. */
  filter(height: number): void {
    this.end.touched();
    this.layOut(height - this.scrollHeight);
  }

  /** The list becomes higher or lower, as when a row's height is measured instead of guessed. */
  layOut(height: number): void {
    this.scrollHeight += height;
    const before = this.#top;
    this.scrollTop = before;
    this.end.laidOut();
    if (this.#top !== before) this.end.scrolled();
  }

  room(height: number): void {
    this.clientHeight = height;
    this.end.laidOut();
  }

  scroll(by: number): void {
    this.scrollTop += by;
    this.end.scrolled();
  }

  /** The list scrolls itself. */
  correct(by: number): void {
    this.scrollTop += by;
    this.end.corrected();
    this.end.scrolled();
  }

  frames(): void {
    for (let frame = this.#frames.shift(); frame; frame = this.#frames.shift()) frame();
  }

  /** Pixels below the screen. */
  get below(): number {
    return this.scrollHeight - this.clientHeight - this.#top;
  }

  #draw(): void {
    this.end.grown({ following: this.following, version: this.#version });
  }
}

function followed(): List {
  const list = new List(2_000);
  list.end.follow();
  return list;
}

describe("the end of a trace", () => {
  it("is not gone to while what is stored comes, though its first rows do not fill the screen", () => {
    const list = new List(100);
    list.following = false;
    list.grow(0);
    expect(list.end.atEnd()).toBe(true);
    list.grow(800);
    list.following = true;
    list.grow(900);
    list.frames();
    list.grow(60);
    expect([list.scrollTop, list.end.atEnd()]).toEqual([0, false]);
  });

  it("is followed where all rows fit the screen, and then no more", () => {
    const list = new List(300);
    for (let entry = 0; entry < 10; entry += 1) list.grow(60);
    expect([list.below, list.end.atEnd()]).toEqual([0, true]);
  });

  it("is followed where more comes before the list is laid out with what came before", () => {
    const list = followed();
    list.grow(0, true);
    list.grow(0, true);
    list.layOut(400);
    list.frames();
    list.grow(60);
    expect([list.below, list.end.atEnd()]).toEqual([0, true]);
  });

  it("is reached again when rows turn out higher or lower than was guessed", () => {
    const list = followed();
    for (const height of [300, -500, 90, 200]) {
      list.layOut(height);
      expect([list.below, list.end.atEnd()]).toEqual([0, true]);
    }
    list.grow(60);
    expect(list.below).toBe(0);
  });

  it("stays when something beneath the list takes room from it", () => {
    const list = followed();
    list.end.touched();
    list.room(ROOM - 90);
    expect([list.below, list.end.atEnd()]).toEqual([0, true]);
  });

  it("is left by scrolling up, also by less than the margin at a time", () => {
    for (const step of [-300, -20]) {
      const list = followed();
      for (let scrolled = 0; scrolled > -300; scrolled += step) list.scroll(step);
      list.frames();
      list.grow(60);
      list.layOut(100);
      expect([list.below, list.end.atEnd()]).toEqual([460, false]);
    }
  });

  it("is not left by a nudge", () => {
    const list = followed();
    list.scroll(-20);
    list.frames();
    list.grow(60);
    expect([list.below, list.end.atEnd()]).toEqual([0, true]);
  });

  it("is followed again by who scrolls down to it", () => {
    const list = followed();
    list.scroll(-300);
    list.grow(60);
    list.scroll(1_000);
    list.grow(60);
    expect([list.below, list.end.atEnd()]).toEqual([0, true]);
  });

  it("is not left by the list, which corrects its place when rows above turn out lower", () => {
    const list = followed();
    list.correct(-150);
    expect([list.below, list.end.atEnd()]).toEqual([0, true]);
    list.scroll(-900);
    list.correct(-150);
    expect([list.below, list.end.atEnd()]).toEqual([1_050, false]);
  });

  it("is left by unfolding what moves it off the screen", () => {
    const list = followed();
    list.end.touched();
    list.layOut(400);
    list.frames();
    list.grow(60);
    expect([list.below, list.end.atEnd()]).toEqual([460, false]);
  });

  it("is reached where a hand is on the page before what came is laid out", () => {
    const list = followed();
    list.grow(0, true);
    list.end.touched();
    list.layOut(400);
    list.frames();
    expect([list.below, list.end.atEnd()]).toEqual([0, true]);
  });

  it("is left where a filter lets rows through that move it off the screen, and found where they go", () => {
    const list = new List(2_000);
    list.filter(400);
    list.frames();
    expect(list.end.atEnd()).toBe(true);
    list.filter(2_000);
    list.frames();
    expect([list.scrollTop, list.end.atEnd()]).toEqual([0, false]);
  });

  it("is left where the page goes elsewhere, and kept where it needs not scroll", () => {
    const list = followed();
    list.end.settle();
    list.frames();
    expect(list.end.atEnd()).toBe(true);
    list.end.settle();
    list.scroll(-900);
    list.grow(60);
    expect([list.below, list.end.atEnd()]).toEqual([960, false]);
  });

  it("is kept through growth that comes before the list has settled", () => {
    const list = followed();
    list.end.settle();
    list.grow(60);
    expect([list.below, list.end.atEnd()]).toEqual([0, true]);
  });
});
