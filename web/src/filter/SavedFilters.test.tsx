import { QueryClientProvider } from "@tanstack/react-query";
import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { expect, test, vi } from "vitest";
import type { SavedFilter } from "../api/client";
import { newQueryClient } from "../api/queries";
import { FrameProvider } from "../shell/page";
import { server } from "../testing/server";
import { SavedFilters } from "./SavedFilters";
import type { View } from "./saved";

const BASH: View = {
  filter: { and: [{ property: "tool", operator: "=", value: "Bash" }] },
  sort: "-started_at",
};
const saved = (name: string, view: View): SavedFilter => ({
  id: name,
  name,
  filter: { ...view.filter },
  sort: view.sort,
  created_at: "2026-11-03T07:04:05.000Z",
});

function draw(view: View, items: SavedFilter[], failures = 0) {
  let left = failures;
  server.use(
    http.get("*/api/saved-filters", () => {
      left -= 1;
      if (left >= 0) return new HttpResponse(null, { status: 404 });
      return HttpResponse.json({ items, next_cursor: null, total: items.length });
    }),
  );
  const onApply = vi.fn();
  render(
    <QueryClientProvider client={newQueryClient()}>
      <FrameProvider>
        <SavedFilters view={view} onApply={onApply} zone="UTC" />
      </FrameProvider>
    </QueryClientProvider>,
  );
  return onApply;
}

test("the button names the saved filter that the list shows, whatever the order of its keys", async () => {
  const reordered = { and: [{ value: "Bash", operator: "=", property: "tool" }] };
  draw(BASH, [{ ...saved("Shell", BASH), filter: reordered }]);
  await userEvent.click(await screen.findByRole("button", { name: "Shell" }));
  expect(screen.getByText("The list shows “Shell”.")).toBeVisible();
  expect(screen.queryByLabelText("Save the current filter as")).toBeNull();
});

test("a filter is applied with its order, and the panel closes", async () => {
  const onApply = draw({ filter: undefined, sort: "-started_at" }, [
    saved("Shell", { ...BASH, sort: "-tokens" }),
  ]);
  await userEvent.click(screen.getByRole("button", { name: "Saved filters" }));
  expect(screen.getByText(/Filter the list, then save/)).toBeVisible();
  await userEvent.click(await screen.findByRole("button", { name: "Shell Tool used = Bash" }));
  expect(onApply).toHaveBeenCalledWith({ ...BASH, sort: "-tokens" });
  expect(screen.queryByRole("dialog")).toBeNull();
});

test("what the server refuses is said, and what was typed stays", async () => {
  draw(BASH, []);
  server.use(
    http.post("*/api/saved-filters", () =>
      HttpResponse.json(
        {
          type: "x/invalid-request",
          title: "Too many",
          status: 400,
          detail: "Delete one first.",
          request_id: "r1",
        },
        { status: 400 },
      ),
    ),
  );
  const user = userEvent.setup();
  await user.click(screen.getByRole("button", { name: "Saved filters" }));
  await user.type(screen.getByLabelText("Save the current filter as"), "Shell{Enter}");
  expect(await screen.findByRole("alert")).toHaveTextContent("Delete one first.");
  expect(screen.getByLabelText("Save the current filter as")).toHaveValue("Shell");
});

test("a list that could not be loaded is asked for again", async () => {
  draw(BASH, [saved("Shell", { ...BASH, sort: "-tokens" })], 1);
  const user = userEvent.setup();
  await user.click(screen.getByRole("button", { name: "Saved filters" }));
  await user.click(await screen.findByRole("button", { name: "Retry" }));
  expect(await screen.findByRole("button", { name: "Shell Tool used = Bash" })).toBeVisible();
});

test("Escape ends a renaming first, then closes the panel and returns to its button", async () => {
  draw({ filter: undefined, sort: "-started_at" }, [saved("Shell", BASH)]);
  const user = userEvent.setup();
  await user.click(screen.getByRole("button", { name: "Saved filters" }));
  await user.click(await screen.findByRole("button", { name: "Rename Shell" }));
  await user.keyboard("{Escape}");
  expect(screen.getByRole("button", { name: "Shell Tool used = Bash" })).toBeVisible();
  await user.keyboard("{Escape}");
  expect(screen.queryByRole("dialog")).toBeNull();
  expect(screen.getByRole("button", { name: "Saved filters" })).toHaveFocus();
});
