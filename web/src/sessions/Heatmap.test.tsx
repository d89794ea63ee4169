import { cleanup, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import { addDays, dayOf } from "../timeZone";
import { Heatmap } from "./Heatmap";

const TODAY = dayOf(Date.now(), "UTC");
const day = (name: string, sessions: number, findings = 0) => ({
  day: name,
  sessions,
  messages: 0,
  tokens: 0,
  findings,
});

function draw(days: ReturnType<typeof day>[], selected: { first: string; last: string } | null = null) {
  const onSelect = vi.fn();
  render(<Heatmap days={days} metric="sessions" zone="UTC" selected={selected} onSelect={onSelect} />);
  return onSelect;
}

test("a day says its figure, and is chosen with the pointer or, with Shift, as a range", async () => {
  const onSelect = draw([day(addDays(TODAY, -9), 1), day(addDays(TODAY, -2), 12)]);
  const user = userEvent.setup();
  await user.click(screen.getByRole("gridcell", { name: /^1 session on/ }));
  expect(onSelect).toHaveBeenLastCalledWith(addDays(TODAY, -9), addDays(TODAY, -9));
  await user.keyboard("{Shift>}");
  await user.click(screen.getByRole("gridcell", { name: /^12 sessions on/ }));
  expect(onSelect).toHaveBeenLastCalledWith(addDays(TODAY, -9), addDays(TODAY, -2));
});

test("a range begins at the days that were chosen elsewhere", async () => {
  const days = [day(addDays(TODAY, -9), 1), day(addDays(TODAY, -2), 12)];
  const onSelect = draw(days, { first: addDays(TODAY, -20), last: addDays(TODAY, -15) });
  const user = userEvent.setup();
  await user.keyboard("{Shift>}");
  await user.click(screen.getByRole("gridcell", { name: /^12 sessions on/ }));
  expect(onSelect).toHaveBeenLastCalledWith(addDays(TODAY, -20), addDays(TODAY, -2));
});

test("days ahead of the clock are reached, and today is what is seen first", async () => {
  draw([day(addDays(TODAY, -9), 1), day(addDays(TODAY, 400), 2)]);
  const user = userEvent.setup();
  const later = screen.getByRole("button", { name: "A year later" });
  expect(screen.getByRole("gridcell", { name: /^1 session on/ })).toBeInTheDocument();
  await user.click(later);
  await user.click(later);
  expect(screen.getByRole("gridcell", { name: /^2 sessions on/ })).toBeInTheDocument();
  expect(later).toBeDisabled();
  await user.click(screen.getByRole("button", { name: "A year earlier" }));
  await user.click(screen.getByRole("button", { name: "A year earlier" }));
  expect(screen.getByRole("gridcell", { name: /^1 session on/ })).toBeInTheDocument();
});

test("days with findings are marked and say so, and nothing speaks of findings where there are none", () => {
  draw([day(addDays(TODAY, -9), 1), day(addDays(TODAY, -2), 12, 3)]);
  expect(screen.getByRole("gridcell", { name: /^12 sessions, 3 findings, on/ })).toBeInTheDocument();
  expect(document.querySelectorAll(".heatmap-found")).toHaveLength(1);
  expect(screen.getByText("Findings")).toBeInTheDocument();
  cleanup();
  draw([day(addDays(TODAY, -9), 1)]);
  expect(document.querySelectorAll(".heatmap-found")).toHaveLength(0);
  expect(screen.queryByText("Findings")).toBeNull();
});

test("the keyboard walks the days: one stop, arrows, ends, Enter", async () => {
  const onSelect = draw([]);
  const user = userEvent.setup();
  await user.tab();
  const focused = () => document.activeElement?.getAttribute("data-day");
  // The grid itself takes focus by script only; the first stop is the last day.
  expect(focused()).toBe(TODAY);
  await user.keyboard("{ArrowLeft}{ArrowUp}");
  expect(focused()).toBe(addDays(TODAY, -8));
  await user.keyboard("{ArrowRight}{ArrowRight}");
  // There is no day after the last one.
  expect(focused()).toBe(addDays(TODAY, -1));
  await user.keyboard("{Enter}");
  expect(onSelect).toHaveBeenCalledWith(addDays(TODAY, -1), addDays(TODAY, -1));
});

test("an archive of an older year shows that year, and years are walked", async () => {
  draw([day("2019-03-05", 4), day("2021-06-07", 3)]);
  const user = userEvent.setup();
  expect(screen.getByRole("gridcell", { name: "3 sessions on 7 Jun 2021" })).toBeInTheDocument();
  expect(screen.getByRole("button", { name: "A year later" })).toBeDisabled();
  await user.click(screen.getByRole("button", { name: "A year earlier" }));
  await user.click(screen.getByRole("button", { name: "A year earlier" }));
  expect(screen.getByRole("gridcell", { name: "4 sessions on 5 Mar 2019" })).toBeInTheDocument();
});
