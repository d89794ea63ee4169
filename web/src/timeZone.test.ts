import { describe, expect, test } from "vitest";
import { addDays, dayOf, instantOf } from "./timeZone";

const at = (wall: string, zone: string) => new Date(instantOf(wall, zone)).toISOString();

describe("the start of a day", () => {
  test.each([
    ["2026-11-03", "UTC", "2026-11-03T00:00:00.000Z"],
    ["2026-11-03", "Europe/Berlin", "2026-11-02T23:00:00.000Z"],
    // The day on which clocks go back, and the one after.
    ["2026-10-25", "Europe/Berlin", "2026-10-24T22:00:00.000Z"],
    ["2026-10-26", "Europe/Berlin", "2026-10-25T23:00:00.000Z"],
    // Half an hour of change.
    ["2026-04-05", "Australia/Lord_Howe", "2026-04-04T13:00:00.000Z"],
    ["2026-04-06", "Australia/Lord_Howe", "2026-04-05T13:30:00.000Z"],
    // Midnight does not exist: the day begins at 01:00.
    ["2026-04-24", "Africa/Cairo", "2026-04-23T22:00:00.000Z"],
    // Midnight occurs twice: the day begins with the first.
    ["2025-11-02", "America/Havana", "2025-11-02T04:00:00.000Z"],
    ["2026-11-03", "Asia/Kathmandu", "2026-11-02T18:15:00.000Z"],
  ])("%s in %s is %s", (day, zone, instant) => {
    expect(at(day, zone)).toBe(instant);
  });
});

test.each([
  "UTC",
  "Europe/Berlin",
  "Africa/Cairo",
  "America/Havana",
  "Australia/Lord_Howe",
  "America/Sao_Paulo",
  "Pacific/Apia",
])("in %s every day of two years starts where the one before ends", (zone) => {
  for (let day = "2025-01-01"; day < "2027-01-01"; day = addDays(day, 1)) {
    const start = instantOf(day, zone);
    expect([day, dayOf(start, zone), dayOf(start - 1, zone)]).toEqual([day, day, addDays(day, -1)]);
  }
});

test("a time of day that a change of clocks leaves out is the instant of the change", () => {
  expect(at("2026-03-29T02:30", "Europe/Berlin")).toBe("2026-03-29T01:30:00.000Z");
  expect(Number.isNaN(instantOf("yesterday", "UTC"))).toBe(true);
});
