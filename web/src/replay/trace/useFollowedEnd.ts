import { type RefObject, useEffect, useLayoutEffect, useState, useSyncExternalStore } from "react";

/** So near to it is at the end. */
export const END_PIXELS = 48;
/** A list is laid out, measured and laid out again before its place tells anything. */
const FRAMES_TO_SETTLE = 3;

interface Growth {
  /** What comes now is new; before, what is stored is still coming. */
  following: boolean;
  /** Grows with the trace, also where nothing is added at its end; a filter leaves it as it is. */
  version: number;
}

/** What is looked at of the element that scrolls. */
type Scroller = Pick<HTMLElement, "scrollTop" | "scrollHeight" | "clientHeight">;

/**
 * Keeps the end of a growing trace on the screen until the reader leaves it.
 *
 * Law: who is at the end stays there until they scroll up, or let more rows be shown. Growth never leaves it, nor does
 * a row that turns out higher than was guessed, nor a screen that becomes lower, nor the list, which corrects its place
 * when rows above turn out lower: none of these is anybody's wish, so where the list happens to be between two layouts
 * says nothing. What a hand has unfolded or filtered is their wish: there, and where the stored trace has just become
 * whole, the place decides once the list has settled.
 *
 * The list's own `followOutput` would also follow what was stored already, as long as its first rows are fewer
 * than the screen holds, and takes each of the above for a reader who left.
 */
export class FollowedEnd {
  #atEnd = false;
  #growth: Growth | null = null;
  #scroller: Scroller | null = null;
  /** The place when it was last looked at. */
  #top = 0;
  #height = 0;
  #room = 0;
  /** Frames until the place decides; nothing is scrolled until then. */
  #settling = 0;
  #isCounting = false;
  /** Something has come that is not laid out yet. */
  #owed = false;
  /** A hand was on the page since the end was last scrolled to: what becomes higher now was unfolded. */
  #touched = false;
  readonly #listeners = new Set<() => void>();

  /** @param nextFrame Calls back once the next frame begins. */
  constructor(private readonly nextFrame = (then: () => void): unknown => requestAnimationFrame(then)) {}

  /** The end is on the screen, or will be once what was added a moment ago is laid out. */
  readonly atEnd = (): boolean => this.#atEnd;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Begin to look after an element. */
  attach(scroller: Scroller): void {
    this.#scroller = scroller;
    this.#look();
  }

  /** The reader, or the page for them, goes to the end: from here on it is followed. */
  readonly follow = (): void => {
    this.#decide(true);
    this.#toEnd();
  };

  /** The page goes elsewhere: where that is tells the place. */
  readonly settle = (): void => {
    if (!this.#isCounting) this.nextFrame(this.#frame);
    this.#isCounting = true;
    this.#settling = FRAMES_TO_SETTLE;
  };

  /** A hand is on the page: it may unfold something. */
  readonly touched = (): void => {
    this.#touched = true;
  };

  /** The trace as it is now drawn. */
  grown(growth: Growth): void {
    const before = this.#growth;
    this.#growth = growth;
    if (before === null || !growth.following) return;
    if (!before.following) this.settle();
    else if (before.version !== growth.version) {
      // What was there before it came was the end, if the list had not settled yet.
      if (this.#settling > 0) this.#decide(this.#atEnd && this.#wasThere() && !this.#wentUp());
      this.#owed = this.#atEnd;
      if (this.#atEnd) this.#toEnd();
    }
  }

  /** The list or the room for it has another size. */
  readonly laidOut = (): void => {
    const scroller = this.#scroller;
    if (scroller === null) return;
    if (!this.#growth?.following) this.#become(this.#isThere());
    else if (this.#settling === 0) {
      const higher = scroller.scrollHeight > this.#height && scroller.clientHeight === this.#room;
      const unfolded = this.#touched && !this.#owed && higher;
      if (unfolded || (!this.#atEnd && this.#isThere())) this.settle();
      else if (this.#atEnd) this.#toEnd();
      this.#owed = false;
    }
    this.#look();
  };

  /** The list has corrected its place, as it does when rows above the screen turn out lower. */
  readonly corrected = (): void => {
    if (this.#growth?.following && this.#atEnd && this.#settling === 0) this.#toEnd();
    this.#look();
  };

  readonly scrolled = (): void => {
    if (this.#scroller === null) return;
    const isThere = this.#isThere();
    if (!this.#growth?.following) this.#become(isThere);
    else if (this.#wentUp()) {
      this.#decide(false);
      if (isThere) this.settle(); // the first pixels of a way up, or a nudge
    } else if (isThere && this.#settling === 0) this.#become(true);
    this.#look();
  };

  readonly #frame = (): void => {
    this.#isCounting = this.#settling > 1;
    if (this.#settling === 0) return;
    this.#settling -= 1;
    if (this.#isCounting) this.nextFrame(this.#frame);
    else {
      this.#decide(this.#isThere());
      this.#look();
    }
  };

  #decide(atEnd: boolean): void {
    this.#settling = 0;
    this.#become(atEnd);
  }

  #become(atEnd: boolean): void {
    if (atEnd === this.#atEnd) return;
    this.#atEnd = atEnd;
    for (const listener of this.#listeners) listener();
  }

  #toEnd(): void {
    this.#touched = false;
    if (this.#scroller === null) return;
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
    this.#look();
  }

  /** The list was scrolled up; rows that shrink move it, too, but then it becomes shorter. */
  #wentUp(): boolean {
    const { scrollTop = 0, scrollHeight = 0 } = this.#scroller ?? {};
    return scrollTop < this.#top - 1 && scrollHeight >= this.#height;
  }

  #isThere(): boolean {
    const { scrollTop = 0, scrollHeight = 0, clientHeight = 0 } = this.#scroller ?? {};
    return scrollHeight - clientHeight - scrollTop <= END_PIXELS;
  }

  #wasThere(): boolean {
    return this.#height - this.#room - this.#top <= END_PIXELS;
  }

  #look(): void {
    if (this.#scroller === null) return;
    this.#top = this.#scroller.scrollTop;
    this.#height = this.#scroller.scrollHeight;
    this.#room = this.#scroller.clientHeight;
  }
}

/** The end of the list in `scroller`, whose element is there once the list is mounted. */
export function useFollowedEnd(
  { following, version }: Growth,
  scroller: RefObject<HTMLElement | null>,
): { end: FollowedEnd; atEnd: boolean } {
  const [end] = useState(() => new FollowedEnd());
  useEffect(() => {
    const element = scroller.current;
    const list = element?.querySelector("[data-testid=virtuoso-item-list]");
    if (!element || !list) return;
    end.attach(element);
    const sizes = new ResizeObserver(end.laidOut);
    sizes.observe(element);
    sizes.observe(list, { box: "border-box" });
    // What the list does to its own place it does by this and nothing else; a reader never does.
    const scrollBy = element.scrollBy?.bind(element);
    element.scrollBy = (...by: [number, number] | [ScrollToOptions?]) => {
      Reflect.apply(scrollBy, element, by);
      end.corrected();
    };
    const options = { passive: true, capture: true };
    element.addEventListener("scroll", end.scrolled, options);
    window.addEventListener("pointerdown", end.touched, options);
    window.addEventListener("keydown", end.touched, options);
    return () => {
      sizes.disconnect();
      Reflect.deleteProperty(element, "scrollBy");
      element.removeEventListener("scroll", end.scrolled, options);
      window.removeEventListener("pointerdown", end.touched, options);
      window.removeEventListener("keydown", end.touched, options);
    };
  }, [end, scroller]);
  useLayoutEffect(() => end.grown({ following, version }), [end, following, version]);
  return { end, atEnd: useSyncExternalStore(end.subscribe, end.atEnd) };
}
