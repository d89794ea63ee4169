import { QueryClientProvider } from "@tanstack/react-query";
import { createMemoryHistory, RouterProvider } from "@tanstack/react-router";
import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { expect, test } from "vitest";
import { newQueryClient } from "../api/queries";
import { newRouter } from "../router";
import { server } from "../testing/server";
import { theme } from "../theme/theme";
import { FrameProvider } from "./page";

function open(address: string) {
  const router = newRouter();
  router.update({
    ...router.options,
    basepath: "/",
    history: createMemoryHistory({ initialEntries: [address] }),
  });
  render(
    <QueryClientProvider client={newQueryClient()}>
      <FrameProvider>
        <RouterProvider router={router} />
      </FrameProvider>
    </QueryClientProvider>,
  );
}

test("an address that leads nowhere says so and leads back", async () => {
  open("/no/such/page");
  expect(await screen.findByRole("heading", { name: "There is no such page" })).toBeInTheDocument();
  expect(screen.getByRole("link", { name: "All sessions" })).toHaveAttribute("href", "/");
});

test("the theme is a choice of three and is remembered", async () => {
  open("/no/such/page");
  await userEvent.click(await screen.findByRole("radio", { name: "Dark" }));
  expect(screen.getByRole("radio", { name: "Dark" })).toBeChecked();
  expect(theme.get()).toBe("dark");
  expect(localStorage.getItem("session-replay.theme")).toBe("dark");
});

// Last: a page that is not signed in stays so until it is loaded anew.
test("a browser that is not signed in is told which address to open", async () => {
  const problem = {
    type: "x/not-signed-in",
    title: "Not signed in",
    status: 401,
    detail: "No.",
    request_id: "r",
  };
  server.use(http.get("*/api/*", () => HttpResponse.json(problem, { status: 401 })));
  open("/");
  expect(await screen.findByRole("heading", { name: "Sign in to Session Replay" })).toBeInTheDocument();
  expect(screen.getByText(/\/\?token=/)).toBeInTheDocument();
});
