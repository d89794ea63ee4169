import { expect, test } from "vitest";
import { recordsTooLittle } from "./recorded";

test.each([
  ["1.0.128", true],
  ["2.0.77", true],
  ["2.1.63", true],
  ["2.1.63-beta", true],
  ["2.1.64", false],
  ["2.1.330", false],
  ["2.10.1", false],
  ["3.0.0", false],
  ["unknown", false],
  [null, false],
])("a client %s recorded too little: %s", (version, tooLittle) => {
  expect(recordsTooLittle(version)).toBe(tooLittle);
});
