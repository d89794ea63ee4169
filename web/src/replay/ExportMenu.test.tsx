import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { FrameProvider } from "../shell/page";
import { server } from "../testing/server";
import { session } from "../testing/sessions";
import { ExportMenu } from "./ExportMenu";

const SESSION = session({ id: "a.b~1", entries: 1_234, size_bytes: 900, pending_bytes: 100 });

/** Addresses that the browser was told to download. */
const saved: string[] = [];

beforeEach(() => {
  saved.length = 0;
  vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(function (this: HTMLAnchorElement) {
    if (this.hasAttribute("role"))
      this.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true }));
    else saved.push(new URL(this.href).pathname);
  });
});

afterEach(() => {
  vi.restoreAllMocks();
});

function open() {
  render(
    <FrameProvider>
      <ExportMenu session={SESSION} />
      <button type="button">Another</button>
    </FrameProvider>,
  );
  return screen.getByRole("button", { name: "Export" });
}

test("the menu says what each file is and how large", async () => {
  const button = open();
  expect(button).toHaveAttribute("aria-haspopup", "menu");
  expect(button).toHaveAttribute("aria-expanded", "false");
  await userEvent.click(button);
  expect(button).toHaveAttribute("aria-expanded", "true");
  const items = screen.getAllByRole("menuitem");
  expect(items.map((item) => item.getAttribute("aria-label"))).toEqual([
    "CSV (spreadsheet), 1,234 rows",
    "JSONL (original), 1.0 kB",
  ]);
  expect(items.map((item) => new URL((item as HTMLAnchorElement).href).pathname)).toEqual([
    "/api/sessions/a.b~1/export.csv",
    "/api/sessions/a.b~1/export.jsonl",
  ]);
  expect(items[1]).toHaveAccessibleDescription(/byte for byte/);
});

test("keys move in the menu and leave it, and the page's keys do not hear them", async () => {
  const heard = vi.fn();
  window.addEventListener("keydown", heard);
  const button = open();
  button.focus();
  await userEvent.keyboard("{ArrowDown}");
  const [csv, jsonl] = screen.getAllByRole("menuitem");
  expect(csv).toHaveFocus();
  heard.mockClear();
  await userEvent.keyboard("{ArrowDown}");
  expect(jsonl).toHaveFocus();
  await userEvent.keyboard("{ArrowDown}");
  expect(csv).toHaveFocus();
  await userEvent.keyboard("{End}");
  expect(jsonl).toHaveFocus();
  await userEvent.keyboard("{Home}j{Escape}");
  expect(heard).not.toHaveBeenCalled();
  expect(screen.queryByRole("menu")).toBeNull();
  expect(button).toHaveFocus();
  await userEvent.keyboard("{ArrowUp}");
  expect(screen.getAllByRole("menuitem")[1]).toHaveFocus();
  window.removeEventListener("keydown", heard);
});

test("a click elsewhere and leaving by Tab close it", async () => {
  const button = open();
  await userEvent.click(button);
  await userEvent.click(screen.getByRole("button", { name: "Another" }));
  expect(screen.queryByRole("menu")).toBeNull();
  await userEvent.click(button);
  await userEvent.tab();
  expect(screen.getByRole("button", { name: "Another" })).toHaveFocus();
  expect(screen.queryByRole("menu")).toBeNull();
});

test.each(["{Enter}", " "])("the key %j downloads the file when the server has it", async (key) => {
  server.use(http.get("*/api/sessions/:id", () => HttpResponse.json(SESSION)));
  open().focus();
  await userEvent.keyboard(`{ArrowDown}${key}`);
  await vi.waitFor(() => expect(saved).toEqual(["/api/sessions/a.b~1/export.csv"]));
  expect(screen.queryByRole("menu")).toBeNull();
  expect(screen.queryByRole("alert")).toBeNull();
});

test("a refusal is shown and nothing is downloaded", async () => {
  const problem = {
    type: "x/not-signed-in",
    title: "Not signed in",
    status: 401,
    detail: "Sign in.",
    request_id: "r",
  };
  server.use(http.get("*/api/sessions/:id", () => HttpResponse.json(problem, { status: 401 })));
  await userEvent.click(open());
  await userEvent.click(screen.getByRole("menuitem", { name: /JSONL/ }));
  expect(await screen.findByRole("alert")).toHaveTextContent("Not exported. Sign in.");
  expect(saved).toEqual([]);
  await userEvent.click(screen.getByRole("button", { name: "Dismiss" }));
  expect(screen.queryByRole("alert")).toBeNull();
});
