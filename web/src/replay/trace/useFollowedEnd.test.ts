import { act, renderHook } from "@testing-library/react";
import type { UIEvent } from "react";
import { expect, it, vi } from "vitest";
import { useFollowedEnd } from "./useFollowedEnd";

type Growth = Parameters<typeof useFollowedEnd>[0];

/** A list of which only what is told of its place is there. */
function listOf(first: Growth) {
  const scrollToEnd = vi.fn();
  const element = document.createElement("div");
  const { result, rerender } = renderHook((growth) => useFollowedEnd(growth, scrollToEnd), {
    initialProps: first,
  });
  return {
    scrolls: () => scrollToEnd.mock.calls.length,
    atEnd: () => result.current.atEnd,
    grow: (growth: Growth) => rerender(growth),
    end: (isThere: boolean) => act(() => result.current.onEnd(isThere)),
    scrollTo: (scrollTop: number) => {
      Object.defineProperties(element, {
        scrollTop: { value: scrollTop, configurable: true },
        scrollHeight: { value: 2_000, configurable: true },
        clientHeight: { value: 500, configurable: true },
      });
      act(() => result.current.onScroll({ currentTarget: element } as unknown as UIEvent<HTMLElement>));
    },
  };
}

it("stays at the start while what is stored comes, though its first rows do not fill the screen", () => {
  const list = listOf({ following: false, last: 1, version: 1 });
  list.end(true);
  list.grow({ following: false, last: 2, version: 2 });
  list.grow({ following: true, last: 3, version: 3 });
  list.end(false);
  list.grow({ following: true, last: 4, version: 4 });
  expect([list.scrolls(), list.atEnd()]).toEqual([0, false]);
});

it("follows what comes later while the end is on the screen", () => {
  const list = listOf({ following: true, last: 1, version: 1 });
  list.end(true);
  expect(list.scrolls()).toBe(0);
  list.grow({ following: true, last: 2, version: 2 });
  expect(list.scrolls()).toBe(1);
});

it("follows on where more comes before the list has reached what came before", () => {
  const list = listOf({ following: true, last: 1, version: 1 });
  list.end(true);
  list.grow({ following: true, last: 2, version: 2 });
  list.end(false);
  list.grow({ following: true, last: 3, version: 3 });
  expect([list.scrolls(), list.atEnd()]).toEqual([2, true]);
});

it("stops when the reader scrolls up, also before the list has reached the end again", () => {
  const list = listOf({ following: true, last: 1, version: 1 });
  list.end(true);
  list.scrollTo(1_500);
  list.grow({ following: true, last: 2, version: 2 });
  list.end(false);
  list.scrollTo(900);
  list.grow({ following: true, last: 3, version: 3 });
  expect([list.scrolls(), list.atEnd()]).toEqual([1, false]);
});

it("does not take rows that a filter lets through for growth", () => {
  const list = listOf({ following: true, last: 1, version: 1 });
  list.end(true);
  list.grow({ following: true, last: 1, version: 2 });
  list.end(false);
  list.grow({ following: true, last: 2, version: 3 });
  expect([list.scrolls(), list.atEnd()]).toEqual([1, false]);
});
