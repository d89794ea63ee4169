import { renderHook } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import { useFollowedEnd } from "./useFollowedEnd";

/** Lays the states out one after the other; how often the end was scrolled to after each. */
function scrolls(...states: Parameters<typeof useFollowedEnd>[0][]): number[] {
  const scrollToEnd = vi.fn();
  const [first, ...later] = states;
  if (!first) return [];
  const { rerender } = renderHook((state) => useFollowedEnd(state, scrollToEnd), { initialProps: first });
  return [
    scrollToEnd.mock.calls.length,
    ...later.map((state) => {
      rerender(state);
      return scrollToEnd.mock.calls.length;
    }),
  ];
}

it("stays at the start while what is stored comes, though its first rows do not fill the screen", () => {
  expect(
    scrolls(
      { following: false, atEnd: true, version: 1 },
      { following: false, atEnd: true, version: 2 },
      { following: true, atEnd: true, version: 3 },
      { following: true, atEnd: false, version: 3 },
      { following: true, atEnd: false, version: 4 },
    ),
  ).toEqual([0, 0, 0, 0, 0]);
});

it("follows what comes later while the end is on the screen, and only then", () => {
  expect(
    scrolls(
      { following: true, atEnd: true, version: 1 },
      { following: true, atEnd: true, version: 2 },
      { following: true, atEnd: false, version: 3 },
      { following: true, atEnd: true, version: 3 },
      { following: true, atEnd: true, version: 4 },
    ),
  ).toEqual([0, 1, 1, 1, 2]);
});

it("does not take rows that a filter lets through for growth", () => {
  const state = { following: true, atEnd: true, version: 1 };
  expect(scrolls(state, { ...state }, { ...state, atEnd: false }, state)).toEqual([0, 0, 0, 0]);
});
