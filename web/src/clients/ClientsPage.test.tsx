import { QueryClientProvider } from "@tanstack/react-query";
import { createMemoryHistory, RouterProvider } from "@tanstack/react-router";
import { render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { beforeEach, expect, test } from "vitest";
import type { Client } from "../api/client";
import { newQueryClient } from "../api/queries";
import { newRouter } from "../router";
import { FrameProvider } from "../shell/page";
import { client } from "../testing/clients";
import { server } from "../testing/server";
import { session } from "../testing/sessions";
// The router loads the page when it is first shown; here it is not the loading that is waited for.
import "./ClientsPage";

const REWRITTEN = {
  kind: "rewritten" as const,
  since: "2026-11-03T07:04:05.000Z",
  count: 2,
  words: "A transcript was rewritten: what it held before is kept.",
  can_be_acknowledged: true,
  session_ids: ["s1"],
};
let clients: Client[] = [];
let calls: string[] = [];

beforeEach(() => {
  clients = [];
  calls = [];
  const change =
    (path: string, apply: (client: Client) => void) =>
    ({ request }: { request: Request }) => {
      calls.push(`${request.method} ${path}`);
      clients = clients.map((one) => {
        const next = { ...one };
        apply(next);
        return next;
      });
      return new HttpResponse(null, { status: 204 });
    };
  server.use(
    http.get("*/api/clients", () =>
      HttpResponse.json({ items: clients, next_cursor: null, total: clients.length }),
    ),
    http.get("*/api/sessions/s1", () =>
      HttpResponse.json(session({ id: "s1", title: "Fix the flaky test" })),
    ),
    http.post(
      "*/api/clients/c1/alarms/rewritten/acknowledgement",
      change("acknowledgement", (one) => {
        one.alarms = [];
      }),
    ),
    http.delete(
      "*/api/clients/c1/alarms/rewritten/acknowledgement",
      change("acknowledgement", (one) => {
        one.alarms = [REWRITTEN];
      }),
    ),
    http.post(
      "*/api/clients/c1/revocation",
      change("revocation", (one) => {
        one.state = "revoked";
      }),
    ),
    http.delete(
      "*/api/clients/c1/revocation",
      change("revocation", (one) => {
        one.state = "online";
      }),
    ),
  );
});

async function open(address = "/clients") {
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
  await screen.findByRole("heading", { level: 1, name: /^Clients/ });
  return router;
}

const names = () =>
  within(screen.getByRole("table", { name: "Clients" }))
    .getAllByRole("button", { expanded: false })
    .map((button) => button.textContent);

test("a row says who it is, how it is, what is alarming, and leads to its sessions", async () => {
  clients = [
    client({
      id: "c1",
      label: "Alice’s laptop",
      host: "mbp-7",
      user: "alice",
      state: "paused",
      alarms: [REWRITTEN, { ...REWRITTEN, kind: "copied" }],
      unshipped_bytes: 48_300_000,
      lag_ms: 480_000,
    }),
  ];
  await open();
  const row = (await screen.findByRole("button", { name: "Alice’s laptop" })).closest('[role="row"]');
  expect(row).toHaveTextContent("alice on mbp-7");
  for (const text of ["Paused", "Transcript rewritten", "+1", "48.3 MB", "for 8m", "collector 1.2.0"])
    expect(row).toHaveTextContent(text);
  const link = screen.getByRole("link", { name: "12 sessions of Alice’s laptop" });
  const filter = new URL(link.getAttribute("href") ?? "", "http://x").searchParams.get("filter");
  expect(filter).toBe("host.is.mbp-7,user.is.alice");
  expect(screen.getByRole("link", { name: /^Clients\s+1\s+alarming$/ })).toBeInTheDocument();
});

test("who cannot read some files has not shipped all", async () => {
  const faults = [{ path: "/home/ada/.claude/projects/-p/a.jsonl", problem: "may not be read" }];
  clients = [client({ id: "c1", host: "h1", faults }), client({ id: "c2", host: "h2" })];
  await open();
  const row = async (name: string) =>
    (await screen.findByRole("button", { name })).closest('[role="row"]') as HTMLElement;
  expect(within(await row("h1")).getByText("1 fault")).toHaveAttribute(
    "title",
    "/home/ada/.claude/projects/-p/a.jsonl may not be read",
  );
  expect(await row("h2")).toHaveTextContent("All shipped");
});

test("an alarm is acknowledged and that is undone, both in its place", async () => {
  clients = [client({ id: "c1", label: "Farm", alarms: [REWRITTEN] })];
  await open("/clients?client=c1");
  const alarms = await screen.findByRole("region", { name: "Alarms" });
  expect(alarms).toHaveTextContent("2 times, since 3 Nov 2026");
  expect(await within(alarms).findByRole("link", { name: "Fix the flaky test" })).toHaveAttribute(
    "href",
    "/replay/s1",
  );
  await userEvent.click(within(alarms).getByRole("button", { name: /^Acknowledge/ }));
  const undo = await within(alarms).findByRole("button", { name: /^Undo/ });
  await waitFor(() => expect(undo).toBeEnabled());
  expect(screen.queryByRole("link", { name: /alarming/ })).not.toBeInTheDocument();
  await userEvent.click(undo);
  expect(await within(alarms).findByRole("button", { name: /^Acknowledge/ })).toBeInTheDocument();
  expect(calls).toEqual(["POST acknowledgement", "DELETE acknowledgement"]);
});

test("what happens again after it was acknowledged alarms again", async () => {
  clients = [client({ id: "c1", alarms: [REWRITTEN] })];
  await open("/clients?client=c1");
  const alarms = await screen.findByRole("region", { name: "Alarms" });
  await userEvent.click(within(alarms).getByRole("button", { name: /^Acknowledge/ }));
  await within(alarms).findByRole("button", { name: /^Undo/ });
  clients = [client({ id: "c1", alarms: [{ ...REWRITTEN, since: "2026-11-03T08:00:00.000Z", count: 1 }] })];
  await userEvent.click(screen.getByRole("button", { name: "Refresh" }));
  expect(await within(alarms).findByRole("button", { name: /^Acknowledge/ })).toBeInTheDocument();
  expect(within(alarms).queryByRole("button", { name: /^Undo/ })).not.toBeInTheDocument();
});

test("revoking asks first, says what it does, and is undone", async () => {
  clients = [client({ id: "c1", label: "Farm" })];
  await open("/clients?client=c1");
  await userEvent.click(await screen.findByRole("button", { name: "Revoke…" }));
  const dialog = await screen.findByRole("dialog", { name: "Revoke Farm?" });
  expect(dialog).toHaveTextContent("What it sent stays here");
  await userEvent.click(within(dialog).getByRole("button", { name: "Cancel" }));
  expect(calls).toEqual([]);
  await userEvent.click(screen.getByRole("button", { name: "Revoke…" }));
  await userEvent.click(await screen.findByRole("button", { name: "Revoke" }));
  await userEvent.click(await screen.findByRole("button", { name: "Undo" }));
  expect(await screen.findByRole("button", { name: "Revoke…" })).toBeInTheDocument();
  expect(calls).toEqual(["POST revocation", "DELETE revocation"]);
});

test("a client without a collector cannot be revoked", async () => {
  clients = [client({ id: "c1", state: "imported", enrolled_at: null, collector_version: null })];
  await open("/clients?client=c1");
  expect(await screen.findByText("never: imported here")).toBeInTheDocument();
  expect(screen.queryByRole("button", { name: "Revoke…" })).not.toBeInTheDocument();
});

test("rows stay where they are while one is open, and Refresh puts them in order", async () => {
  clients = ["a", "b", "c"].map((id) => client({ id, host: id }));
  await open();
  await userEvent.click(await screen.findByRole("button", { name: "b" }));
  await userEvent.click(screen.getByRole("button", { name: "b" }));
  await userEvent.click(screen.getByRole("button", { name: "b" }));
  clients = ["d", "c", "a", "b"].map((id) => client({ id, host: id }));
  await userEvent.click(screen.getByRole("button", { name: "Refresh" }));
  await waitFor(() => expect(names()).toEqual(["d", "c", "a"]));
});

test("words and a state narrow the list, stand in the address, and are cleared at once", async () => {
  clients = [
    client({ id: "a", host: "mbp-1", state: "offline" }),
    client({ id: "b", host: "mbp-2" }),
    client({ id: "c", host: "farm-1" }),
  ];
  const router = await open("/clients?q=mbp");
  await waitFor(() => expect(names()).toEqual(["mbp-1", "mbp-2"]));
  await userEvent.click(screen.getByRole("radio", { name: "Offline 1" }));
  expect(names()).toEqual(["mbp-1"]);
  expect(router.state.location.search).toEqual({ q: "mbp", state: "offline" });
  await userEvent.type(screen.getByRole("searchbox", { name: "Find clients" }), "-2");
  expect(screen.getByRole("heading", { name: "No client matches" })).toBeInTheDocument();
  await userEvent.click(screen.getByRole("button", { name: "Clear filters" }));
  expect(names()).toEqual(["mbp-1", "mbp-2", "farm-1"]);
  expect(router.state.location.search).toEqual({});
});

test("without clients the page says what one is and offers to add one", async () => {
  await open();
  expect(await screen.findByRole("heading", { name: "No clients yet" })).toBeInTheDocument();
  await userEvent.click(screen.getByRole("button", { name: "Add client" }));
  const dialog = await screen.findByRole("dialog", { name: "Add a client" });
  await userEvent.click(within(dialog).getByRole("button", { name: "Make a token" }));
  expect(dialog).toHaveTextContent("Give it a name");
});

test("the server's own machine alone is listed, and how to connect another", async () => {
  clients = [client({ id: "c1", enrolled_at: null })];
  await open("/clients?client=c1");
  expect(await screen.findByText("never: this server follows it itself")).toBeInTheDocument();
  expect(screen.getByRole("heading", { name: "Connect another machine" })).toBeInTheDocument();
  await userEvent.click(screen.getByRole("button", { name: "Add client" }));
  expect(await screen.findByRole("dialog", { name: "Add a client" })).toBeInTheDocument();
});

test("among imported machines the way to another one stands above them", async () => {
  clients = ["c1", "c2"].map((id) => client({ id, enrolled_at: null, state: "imported" }));
  await open("/clients");
  expect(await screen.findByRole("button", { name: "Add client" })).toBeInTheDocument();
  expect(screen.queryByRole("heading", { name: "Connect another machine" })).toBeNull();
});

test("an added client is named once, told its token, and greeted when it is there", async () => {
  const bodies: unknown[] = [];
  server.use(
    http.post("*/api/clients", async ({ request }) => {
      bodies.push(await request.json());
      return HttpResponse.json(
        { label: "Farm", token: "srt_abc", expires_at: "2026-11-10T07:00:00Z", command: "" },
        { status: 201 },
      );
    }),
  );
  clients = [client({ id: "old", label: "Farm" })];
  await open();
  await userEvent.click(screen.getByRole("button", { name: "Add client" }));
  await userEvent.type(await screen.findByRole("textbox", { name: "Name" }), " Farm {Enter}");
  const dialog = await screen.findByRole("dialog", { name: "Connect Farm" });
  expect(bodies).toEqual([{ label: "Farm" }]);
  expect(dialog).toHaveTextContent("session-replay collect --server http://127.0.0.1:8420 --token srt_abc");
  expect(within(dialog).getByText("Waiting for the client.")).toBeInTheDocument();
  clients = [
    ...clients,
    client({ id: "new", label: "Farm", enrolled_at: "2026-11-03T09:00:00Z", sessions: 1 }),
  ];
  expect(
    await within(dialog).findByText(/^Connected: ci on build-farm-01/, {}, { timeout: 15_000 }),
  ).toBeVisible();
  expect(dialog).toHaveTextContent("1 session so far.");
});

test("a failure keeps the rows, says so, and Retry asks again", async () => {
  clients = [client({ id: "c1", label: "Farm" })];
  await open();
  await screen.findByRole("button", { name: "Farm" });
  const problem = {
    type: "https://session-replay.dev/problems/not-found",
    title: "Gone",
    status: 404,
    detail: "Not here.",
    request_id: "r1",
  };
  server.use(
    http.get("*/api/clients", () =>
      HttpResponse.json(problem, { status: 404, headers: { "content-type": "application/problem+json" } }),
    ),
  );
  await userEvent.click(screen.getByRole("button", { name: "Refresh" }));
  const alert = await screen.findByRole("alert");
  expect(alert).toHaveTextContent("Not up to date: Not here.");
  expect(screen.getByRole("button", { name: "Farm" })).toBeInTheDocument();
  server.use(
    http.get("*/api/clients", () => HttpResponse.json({ items: clients, next_cursor: null, total: 1 })),
  );
  await userEvent.click(within(alert).getByRole("button", { name: "Retry" }));
  await waitFor(() => expect(screen.queryByRole("alert")).not.toBeInTheDocument());
});
