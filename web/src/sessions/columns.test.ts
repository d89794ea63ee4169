import { expect, test } from "vitest";
import { COLUMNS, COLUMNS_DEFAULT, columnsThatFit, gridTracks } from "./columns";

const ALL = new Set(COLUMNS.map(({ key }) => key));
const keys = (chosen: ReadonlySet<(typeof COLUMNS)[number]["key"]>, width_px: number) =>
  columnsThatFit(chosen, width_px).map(({ key }) => key);

test("what is chosen is shown in the order of the table, as far as there is room", () => {
  expect(keys(new Set(COLUMNS_DEFAULT), 1022)).toEqual([...COLUMNS_DEFAULT]);
  expect(keys(new Set(["user", "started_at"]), 1022)).toEqual(["started_at", "user"]);
  expect(keys(ALL, 4_000)).toEqual(COLUMNS.map(({ key }) => key));
  expect(keys(ALL, 700)).toEqual(["started_at", "duration_ms"]);
  expect(keys(ALL, 320)).toEqual([]);
});

test("a wider table never shows less", () => {
  let before = 0;
  for (let width = 300; width < 1_800; width += 1) {
    const shown = keys(ALL, width).length;
    expect(shown).toBeGreaterThanOrEqual(before);
    before = shown;
  }
});

test("before the width is known all that is chosen is there", () => {
  expect(keys(ALL, 0)).toHaveLength(COLUMNS.length);
});

test("rows and head share one grid, with a track for each column", () => {
  const tracks = gridTracks(columnsThatFit(new Set(["tokens", "model"]), 0));
  expect(tracks).toBe("minmax(170px, 2.2fr) minmax(190px, 5fr) 76px minmax(100px, 1.1fr)");
});
