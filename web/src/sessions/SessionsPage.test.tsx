import { QueryClientProvider } from "@tanstack/react-query";
import { createMemoryHistory, RouterProvider } from "@tanstack/react-router";
import { render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { VirtuosoMockContext } from "react-virtuoso";
import { beforeEach, expect, test } from "vitest";
import type { Session, Status } from "../api/client";
import { newQueryClient } from "../api/queries";
import { newRouter } from "../router";
import { FrameProvider } from "../shell/page";
import { server } from "../testing/server";
import { session } from "../testing/sessions";
import { timeZone } from "../timeZone";
// The router loads the page when it is first shown; here it is not the loading that is waited for.
import "./SessionsPage";

const FOLDER = "/home/alice/.claude/projects";
let sessions: Session[] = [];
let children: Record<string, Session[]> = {};
let importing: Partial<Status["local_import"]> = {};
let asked: URLSearchParams[] = [];

beforeEach(() => {
  sessions = [];
  children = {};
  importing = {};
  asked = [];
  server.use(
    http.get("*/api/status", () =>
      HttpResponse.json({
        version: "0",
        organization: "local",
        user: "alice",
        local_import: {
          state: "following",
          folder: FOLDER,
          files: 0,
          files_done: 0,
          size_bytes: 0,
          done_bytes: 0,
          faults: 0,
          problem: null,
          ...importing,
        },
        samples: false,
        sessions: sessions.length,
        data_folder: null,
      } satisfies Status),
    ),
    http.get("*/api/stats", () =>
      HttpResponse.json({
        sessions: sessions.length,
        messages: 10,
        tokens: { input: 0, output: 0, cache_creation: 0, cache_read: 0, total: 0 },
        average_duration_ms: 60_000,
        tool_calls: 0,
        findings: {},
        pending_bytes: 0,
        lines: 0,
        lines_with_entries: 0,
        size_bytes: 0,
        orphans: sessions.filter(({ orphan }) => orphan).length,
      }),
    ),
    http.get("*/api/activity", () => HttpResponse.json({ items: [] })),
    http.get("*/api/clients", () => HttpResponse.json({ items: [], next_cursor: null, total: 0 })),
    http.get("*/api/saved-filters", () => HttpResponse.json({ items: [], next_cursor: null, total: 0 })),
    http.get("*/api/sessions", ({ request }) => {
      const query = new URL(request.url).searchParams;
      asked.push(query);
      const parent = query.get("parent");
      const items = parent === null ? sessions : (children[parent] ?? []);
      return HttpResponse.json({ items, next_cursor: null, total: items.length });
    }),
  );
});

async function open(address = "/") {
  const router = newRouter();
  router.update({
    ...router.options,
    basepath: "/",
    history: createMemoryHistory({ initialEntries: [address] }),
  });
  render(
    <QueryClientProvider client={newQueryClient()}>
      <FrameProvider>
        <VirtuosoMockContext value={{ viewportHeight: 800, itemHeight: 54 }}>
          <RouterProvider router={router} />
        </VirtuosoMockContext>
      </FrameProvider>
    </QueryClientProvider>,
  );
  await screen.findByRole("heading", { level: 1 });
  return router;
}

const rowOf = (name: string) => {
  const row = screen.getByRole("link", { name }).closest('[role="row"]');
  if (!(row instanceof HTMLElement)) throw new Error(`no row of ${name}`);
  return row;
};

test("a row says what B7 asks for and is a real link", async () => {
  sessions = [
    session({
      id: "s1",
      title: "Fix the flaky test",
      messages: 1234,
      duration_ms: 7_920_000,
      models: ["claude-opus-4-5-20251101"],
      tokens: { input: 0, output: 0, cache_creation: 0, cache_read: 0, total: 1_840_000 },
      live: true,
    }),
  ];
  await open();
  const link = await screen.findByRole("link", { name: "Fix the flaky test" });
  expect(link).toHaveAttribute("href", "/replay/s1");
  const row = rowOf("Fix the flaky test");
  for (const text of [
    "mbp-alice",
    "alice",
    "~/code/payments",
    "2h 12m",
    "1,234",
    "1.84M",
    "opus-4-5",
    "Live",
  ]) {
    expect(within(row).getByText(text)).toBeInTheDocument();
  }
});

test("text of a transcript cannot hide what it says", async () => {
  sessions = [session({ id: "s1", title: "safe \u202egnp.exe <img src=x onerror=alert(1)>" })];
  await open();
  const link = await screen.findByRole("link", { name: /safe/ });
  expect(link.textContent).not.toContain("\u202e");
  expect(link.textContent).toContain("RLO");
  expect(link.querySelector("img")).toBeNull();
});

test("subagents open beneath their session, level by level, and close again", async () => {
  sessions = [session({ id: "s1", title: "Main", subagents: 2 }), session({ id: "s2", title: "Other" })];
  children = {
    s1: [
      session({
        id: "s1.a",
        parent_id: "s1",
        agent_type: "Explore",
        description: "Look around",
        subagents: 1,
      }),
    ],
    "s1.a": [session({ id: "s1.a.b", parent_id: "s1.a", description: "Look deeper" })],
  };
  await open();
  const user = userEvent.setup();
  const expand = await screen.findByRole("button", { name: "2 subagents of Main" });
  expect(within(rowOf("Other")).queryByRole("button")).toBeNull();
  expect(expand).toHaveAttribute("aria-expanded", "false");

  await user.click(expand);
  await user.click(await screen.findByRole("button", { name: "1 subagent of Look around" }));
  await screen.findByRole("link", { name: "Look deeper" });
  expect(
    screen
      .getAllByRole("link")
      .map((link) => link.textContent)
      .slice(-4),
  ).toEqual(["Main", "Look around", "Look deeper", "Other"]);
  // The head and four rows.
  expect(screen.getByRole("table")).toHaveAttribute("aria-rowcount", "5");
  expect(rowOf("Other")).toHaveAttribute("aria-rowindex", "5");

  await user.click(expand);
  expect(screen.queryByRole("link", { name: "Look around" })).toBeNull();
});

test("subagents that could not be loaded are asked for again", async () => {
  sessions = [session({ id: "s1", title: "Main", subagents: 1 })];
  children = { s1: [session({ id: "s1.a", parent_id: "s1", description: "Look around" })] };
  await open();
  const user = userEvent.setup();
  const expand = await screen.findByRole("button", { name: "1 subagent of Main" });
  const refused = {
    type: "x/not-found",
    title: "Gone",
    status: 404,
    detail: "It is gone.",
    request_id: "r1",
  };
  server.use(http.get("*/api/sessions", () => HttpResponse.json(refused, { status: 404 }), { once: true }));
  await user.click(expand);
  await user.click(await screen.findByRole("button", { name: "Retry" }));
  await screen.findByRole("link", { name: "Look around" });
});

test("figures say why there are more rows than sessions", async () => {
  sessions = [session({ id: "s1", title: "Main" }), session({ id: "s2.a", title: "Lone", orphan: true })];
  await open();
  expect(await screen.findByText("1 subagent without its session is listed too.")).toBeInTheDocument();
});

test("keys lead to the filter, change the zone and are listed; all but the list can be switched off", async () => {
  sessions = [session({ id: "s1", title: "Main" })];
  await open();
  const user = userEvent.setup();
  await screen.findByRole("link", { name: "Main" });
  await user.keyboard("t");
  expect(timeZone.get()).toBe("utc");
  await user.keyboard("t");
  expect(timeZone.get()).toBe("local");

  await user.keyboard("?");
  const list = screen.getByRole("dialog", { name: "Keys" });
  expect(within(list).getByText("filter the sessions")).toBeInTheDocument();
  await user.click(within(list).getByRole("switch"));
  await user.click(within(list).getByRole("button", { name: "Done" }));
  await user.keyboard("t/");
  expect(timeZone.get()).toBe("local");
  expect(screen.getByLabelText("Filter sessions")).not.toHaveFocus();
  await user.keyboard("?");
  await user.click(screen.getByRole("switch"));
  await user.keyboard("{Enter}");

  await user.keyboard("/");
  const input = screen.getByLabelText("Filter sessions");
  expect(input).toHaveFocus();
  await user.keyboard("t?");
  expect(input).toHaveValue("t?");
  expect(screen.queryByRole("dialog", { name: "Keys" })).toBeNull();
});

test("a fresh installation says where it looked and opens the samples", async () => {
  await open();
  expect(await screen.findByText(FOLDER)).toBeInTheDocument();
  server.use(
    http.post("*/api/samples", () => {
      sessions = [session({ id: "s1", title: "A sample" })];
      return new HttpResponse(null, { status: 202, headers: { "content-length": "0" } });
    }),
  );
  await userEvent.click(screen.getByRole("button", { name: "Open sample sessions" }));
  expect(await screen.findByRole("link", { name: "A sample" })).toBeInTheDocument();
});

test("says that following the folder failed, and why", async () => {
  importing = { state: "failed", problem: "OperationalError" };
  await open();
  expect(await screen.findByText(/failed \(OperationalError\)/)).toBeVisible();
});

test("while transcripts are imported the page says how far it is", async () => {
  importing = {
    state: "importing",
    files: 334,
    files_done: 120,
    size_bytes: 204_000_000,
    done_bytes: 80_000_000,
  };
  await open();
  expect(await screen.findByText("Importing 120 of 334 files, 80.0 MB of 204 MB")).toBeInTheDocument();
  expect(screen.queryByText("No sessions yet")).toBeNull();
});

test("the filter of the address is asked for, shown, and cleared where nothing matches", async () => {
  const filter = { and: [{ property: "host", operator: "=", value: "nowhere" }] };
  const router = await open(`/?filter=${encodeURIComponent(JSON.stringify(filter))}`);
  await screen.findByText("No session matches the filter");
  expect(JSON.parse(asked[0]?.get("filter") ?? "null")).toEqual(filter);
  expect(screen.getAllByText(/nowhere/).length).toBeGreaterThan(0);

  sessions = [session({ id: "s1", title: "Found again" })];
  const buttons = screen.getAllByRole("button", { name: "Clear filters" });
  await userEvent.click(buttons[buttons.length - 1] as HTMLElement);
  await screen.findByRole("link", { name: "Found again" });
  expect(router.state.location.search).toEqual({});
});

test("a session is opened with the filter and order of its list", async () => {
  sessions = [session({ id: "s1", title: "One" })];
  const filter = { and: [{ property: "host", operator: "=", value: "mbp-alice" }] };
  await open(`/?sort=-tokens&filter=${encodeURIComponent(JSON.stringify(filter))}`);
  const link = await screen.findByRole("link", { name: "One" });
  const address = new URL(link.getAttribute("href") ?? "", "http://x");
  expect(address.pathname).toBe("/replay/s1");
  expect(address.searchParams.get("sort")).toBe("-tokens");
  expect(address.searchParams.get("filter")).toBe("host.is.mbp-alice");
});

test("a header sorts through the address", async () => {
  sessions = [session({ id: "s1", title: "One" })];
  const router = await open();
  await userEvent.click(await screen.findByRole("button", { name: "Tokens" }));
  await waitFor(() => expect(router.state.location.search).toEqual({ sort: "-tokens" }));
  await waitFor(() => expect(asked.at(-1)?.get("sort")).toBe("-tokens"));
  expect(screen.getByRole("columnheader", { name: "Tokens" })).toHaveAttribute("aria-sort", "descending");
});

test("an error says what happened, under which number, and Retry asks again", async () => {
  const problem = {
    type: "x/tampered",
    title: "Bytes changed",
    status: 409,
    detail: "A chunk is broken.",
    request_id: "r77",
  };
  server.use(http.get("*/api/sessions", () => HttpResponse.json(problem, { status: 409 }), { once: true }));
  sessions = [session({ id: "s1", title: "One" })];
  await open();
  expect(await screen.findByText("Bytes changed")).toBeInTheDocument();
  expect(screen.getByText("r77")).toBeInTheDocument();
  await userEvent.click(screen.getByRole("button", { name: "Retry" }));
  await screen.findByRole("link", { name: "One" });
});

test("figures and activity that could not be loaded say so, and are asked for again", async () => {
  const problem = { type: "x", title: "Too busy", status: 409, detail: "Try later.", request_id: "r88" };
  const refuse = () =>
    HttpResponse.json(problem, { status: 409, headers: { "content-type": "application/problem+json" } });
  server.use(
    http.get("*/api/stats", refuse, { once: true }),
    http.get("*/api/activity", refuse, { once: true }),
  );
  sessions = [session({ id: "s1", title: "One" })];
  await open();
  for (const name of ["Activity", "Figures"]) {
    const card = within(screen.getByRole("region", { name }));
    expect(await card.findByText("Too busy")).toBeInTheDocument();
    expect(card.getByText("r88")).toBeInTheDocument();
    await userEvent.click(card.getByRole("button", { name: "Retry" }));
    await waitFor(() => expect(card.queryByText("Too busy")).toBeNull());
  }
});

test("a live session far down the list gets its new figures in its place", async () => {
  const questions: unknown[] = [];
  const old = session({ id: "s2", title: "Runs for days", live: true, messages: 500 });
  server.use(
    http.get("*/api/sessions", ({ request }) => {
      const query = new URL(request.url).searchParams;
      const asked = query.get("filter");
      if (asked !== null) {
        questions.push(JSON.parse(asked));
        const items = [
          { ...old, live: false, messages: 777 },
          session({ id: "s9", title: "Of no loaded page", live: true }),
        ];
        return HttpResponse.json({ items, next_cursor: null, total: 2 });
      }
      const isFirst = query.get("cursor") === null;
      const items = isFirst ? [session({ id: "s1", title: "Newest" })] : [old];
      return HttpResponse.json({ items, next_cursor: isFirst ? "c2" : null, total: 2 });
    }),
  );
  await open();
  expect(await screen.findByText("777")).toBeInTheDocument();
  expect(questions[0]).toEqual({
    or: [
      { property: "live", operator: "=", value: true },
      { property: "session_id", operator: "=", value: "s2" },
    ],
  });
  expect(within(rowOf("Runs for days")).queryByText("Live")).toBeNull();
  expect(screen.getAllByRole("link", { name: /Newest|Runs/ }).map((link) => link.textContent)).toEqual([
    "Newest",
    "Runs for days",
  ]);
  expect(screen.queryByRole("link", { name: "Of no loaded page" })).toBeNull();
});

test("while the server does not answer the rows stay, and the page says that they may be old", async () => {
  sessions = [session({ id: "s1", title: "One" })];
  await open();
  await screen.findByRole("link", { name: "One" });
  server.use(http.get("*/api/sessions", () => new HttpResponse(null, { status: 404 })));
  await userEvent.click(screen.getByRole("button", { name: "Refresh" }));
  expect(await screen.findByText("The list is not up to date")).toBeInTheDocument();
  expect(screen.getByRole("link", { name: "One" })).toBeInTheDocument();
});
