import { expect, test } from "vitest";
import { changeText } from "./change";

test.each([
  [108, 100, "+8% vs 7 days before"],
  [92, 100, "-8% vs 7 days before"],
  [0, 100, "-100% vs 7 days before"],
  [100, 100, "same as the 7 days before"],
  [10_001, 10_000, "about the same as the 7 days before"],
  [1_240, 100, "12× the 7 days before"],
  [7, 0, "none in the 7 days before"],
  [0, 0, "none in the 7 days before"],
  [60_000, null, "none in the 7 days before"],
  [null, 60_000, "vs 7 days before"],
])("%j after %j", (now, before, text) => {
  expect(changeText(now, before, "7 days before")).toBe(text);
});
