import { expect, test } from "vitest";
import { changeText } from "./change";

test.each([
  [108, 100, "+8% vs previous 7 days"],
  [92, 100, "-8% vs previous 7 days"],
  [0, 100, "-100% vs previous 7 days"],
  [100, 100, "same as previous 7 days"],
  [10_001, 10_000, "about the same as previous 7 days"],
  [1_240, 100, "12× the previous 7 days"],
  [7, 0, "none in the previous 7 days"],
  [0, 0, "none in the previous 7 days"],
  [60_000, null, "none in the previous 7 days"],
  [null, 60_000, "vs previous 7 days"],
])("%j after %j", (now, before, text) => {
  expect(changeText(now, before, "previous 7 days")).toBe(text);
});
