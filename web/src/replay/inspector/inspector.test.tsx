import { QueryClientProvider } from "@tanstack/react-query";
import { render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { describe, expect, it, vi } from "vitest";
import { newQueryClient } from "../../api/queries";
import { FrameProvider } from "../../shell/page";
import { server } from "../../testing/server";
import { call, entry, result, session, whole } from "../entries.testing";
import type { ContentPart, EntryWhole, FileDiff } from "../shapes";
import { type Row, Rows } from "../trace/rows";
import { canBeColoured, hunkData } from "./hunks";
import { Inspector, type Tab } from "./Inspector";
import { Part } from "./Part";
import { toolInput } from "./rawLine";
import { ToolInput } from "./views/ToolCall";

const PART: ContentPart = {
  kind: "text",
  label: null,
  text: null,
  value: null,
  language: null,
  media_type: null,
  data: null,
  path: null,
  truncated_bytes: 0,
};

const DIFF: FileDiff = {
  path: "/home/ada/shop/basket.py",
  change: "modified",
  hunks: [
    {
      old_start: 1,
      old_lines: 2,
      new_start: 1,
      new_lines: 2,
      lines: [" a", "-b", "+c\u202e", "\\ No newline"],
    },
  ],
  additions: 1,
  deletions: 1,
  source: "recorded",
  user_modified: false,
  truncated: false,
  note: null,
};

function open(row: Row, wholes: EntryWhole[], tab: Tab = "content") {
  server.use(
    http.get("*/api/sessions/s1/entries/:seq", ({ params }) => {
      const found = wholes.find((one) => String(one.seq) === params.seq);
      return found
        ? HttpResponse.json(found)
        : HttpResponse.json(
            { type: "about:not-found", title: "Not found", status: 404, detail: "gone", request_id: "r-7" },
            { status: 404, headers: { "content-type": "application/problem+json" } },
          );
    }),
  );
  const nothing = () => undefined;
  return render(
    <QueryClientProvider client={newQueryClient()}>
      <FrameProvider>
        <Inspector
          sessionId="s1"
          session={session()}
          row={row}
          seq={row.key}
          missing={null}
          entries={new Map()}
          onEntry={nothing}
          live={false}
          rewrites={0}
          tab={tab}
          onTab={nothing}
          layout="unified"
          onLayout={nothing}
          wide={false}
          onWide={nothing}
          onStep={nothing}
          onClose={nothing}
        />
      </FrameProvider>
    </QueryClientProvider>,
  );
}

function rowOf(...entries: EntryWhole[]): Row {
  const rows = new Rows();
  rows.append(entries);
  return rows.list[0] as Row;
}

const RAW_CALL = JSON.stringify({
  message: {
    content: [{ type: "tool_use", id: "a", name: "Bash", input: { command: "rm -rf build", timeout: 5 } }],
  },
});
const BASH = whole(call(0, "a"), { raw: RAW_CALL });

describe("the inspector", () => {
  it("shows an entry that cannot be drawn as it is stored", async () => {
    vi.spyOn(console, "error").mockReturnValue();
    // Of a shape that no server sends: whatever a view stumbles over.
    const broken = whole(entry(0, { type: "assistant" }), {
      raw: '{"said": "kept in its line"}',
      content: [null as unknown as ContentPart],
    });
    open(rowOf(broken), [broken]);
    expect(await screen.findByRole("alert")).toHaveTextContent("This entry could not be drawn");
    expect(screen.getByText(/kept in its line/)).toBeVisible();
    expect(screen.getByRole("tab", { name: "Meta" })).toBeVisible();
  });

  it("says an exit code once", async () => {
    const output = whole(result(1, "a", { is_error: true }), {
      content: [{ ...PART, kind: "terminal", label: "error", text: "Exit code 1\nno such folder" }],
      meta: { tool: { exit_code: 1 } },
    });
    open(rowOf(BASH, output), [BASH, output]);
    expect(await screen.findByText(/no such folder/)).toBeVisible();
    expect(screen.getAllByText(/Exit code 1/)).toHaveLength(1);
  });

  it("says that an entry has no text where it is blank", async () => {
    const blank = whole(entry(0, { type: "assistant" }), {
      content: [{ ...PART, kind: "markdown", text: "\n\n" }],
    });
    open(rowOf(blank), [blank]);
    expect(await screen.findByText("Nothing was written here.")).toBeVisible();
  });

  it("shows the input and the output of a joined call apart", async () => {
    const output = whole(result(1, "a", { is_error: true }), {
      content: [{ ...PART, kind: "terminal", label: "stdout", text: "\u001b[31mno such folder\u001b[0m" }],
      meta: { tool: { exit_code: 1 } },
    });
    open(rowOf(BASH, output), [BASH, output]);
    expect(await screen.findByText("no such folder")).toBeVisible();
    expect(screen.getByText("Exit code 1")).toBeVisible();
    const input = screen.getByRole("heading", { name: "Input" }).parentElement as HTMLElement;
    expect(input.textContent).toContain("rm -rf build");
    expect(input.textContent).toContain("Timeout 5 ms");
    expect(input.textContent).not.toContain("no such folder");
  });

  it("says why a command has no diff, and that a result is missing", async () => {
    open(rowOf(BASH), [BASH]);
    const tab = screen.getByRole("tab", { name: "Diff" });
    expect(tab).toHaveAttribute("aria-disabled", "true");
    expect(tab).toHaveAttribute("title", expect.stringContaining("changed by a command"));
    expect(await screen.findByText("The transcript holds no result of this call.")).toBeVisible();
  });

  it("stays on the Diff tab from entry to entry, and tells the reason there", async () => {
    open(rowOf(BASH), [BASH], "diff");
    expect(await screen.findByText(/no diff recorded/)).toBeVisible();
  });

  it("draws the diff of the result", async () => {
    const edit = whole(call(0, "a", { tool: "Edit" }), {
      diff: [{ ...DIFF, source: "proposed", path: "/never" }],
    });
    const done = whole(result(1, "a", { has_diff: true }), { diff: [DIFF] });
    open(rowOf(edit, done), [edit, done], "diff");
    expect(await screen.findByText("basket.py")).toBeVisible();
    expect(screen.queryByText("/never")).toBeNull();
    expect(screen.getByText("+1")).toBeVisible();
    expect(document.body.textContent).toContain("c⟦RLO⟧");
    expect(screen.getByRole("tab", { name: "Diff" })).toHaveAttribute("aria-disabled", "false");
  });

  it("shows meta data of both lines in groups", async () => {
    const output = whole(result(1, "a", { at: "2026-11-22T19:00:05.000Z" }), {
      meta: {
        line: 1,
        request_id: "req_1",
        permission: { words: "Allowed by a rule.", by: "config" },
        odd: 7,
      },
    });
    open(rowOf(BASH, output), [BASH, output], "meta");
    expect(await screen.findByText("Allowed by a rule.")).toBeVisible();
    expect(screen.getByText("+5s")).toBeVisible();
    expect(screen.getByText("req_1")).toBeVisible();
    expect(screen.getByText("odd").nextElementSibling?.textContent).toBe("7");
  });

  it("tells what went wrong, with the request id and a way to try again", async () => {
    open(rowOf(BASH), []);
    expect(await screen.findByText("gone")).toBeVisible();
    expect(screen.getByText("r-7")).toBeVisible();
    expect(screen.getByRole("button", { name: "Retry" })).toBeVisible();
  });

  it("shows a damaged line as damaged, and its raw text on demand", async () => {
    const damaged = whole(entry(0, { raw_type: "damaged" }), {
      content: [{ ...PART, text: '{"half' }],
      raw: '{"half\u0000',
    });
    open(rowOf(damaged), [damaged]);
    expect(await screen.findByText(/This line is damaged/)).toBeVisible();
    await userEvent.click(screen.getByRole("button", { name: "Raw JSON" }));
    expect(screen.getByText("NUL")).toBeVisible();
  });
});

describe("a part", () => {
  const drawn = (part: Partial<ContentPart>) =>
    render(
      <FrameProvider>
        <Part part={{ ...PART, ...part }} />
      </FrameProvider>,
    ).container;

  it("is an image only for formats without scripts and for base64", () => {
    const image = { kind: "image" as const, data: "iVBORw0KGgo=" };
    expect(drawn({ ...image, media_type: "image/png" }).querySelector("img")?.src).toBe(
      "data:image/png;base64,iVBORw0KGgo=",
    );
    expect(drawn({ ...image, media_type: "image/svg+xml" }).querySelector("img")).toBeNull();
    expect(
      drawn({ ...image, media_type: "image/png", data: 'x" onerror="y' }).querySelector("img"),
    ).toBeNull();
  });

  it("is cut when it is very long, and whole when asked", async () => {
    const page = drawn({ text: `${"x".repeat(70_000)}end` });
    expect(page.textContent).not.toContain("end");
    await userEvent.click(within(page).getByRole("button", { name: /Show all/ }));
    expect(page.textContent).toContain("end");
  });

  it("copies its text", async () => {
    const user = userEvent.setup();
    const write = vi.spyOn(navigator.clipboard, "writeText");
    const page = drawn({ label: "stdout", text: "out\u202e" });
    await user.click(within(page).getByRole("button", { name: "Copy stdout" }));
    expect(write).toHaveBeenCalledWith("out\u202e");
  });
});

describe("the view of a tool call", () => {
  const drawn = (tool: string, input: unknown) =>
    render(
      <FrameProvider>
        <ToolInput
          call={whole(call(0, "a", { tool }), {
            content: [{ ...PART, kind: "json", label: "input", value: input }],
            raw: "not JSON",
          })}
          result={null}
          diffs={[]}
          project={null}
        />
      </FrameProvider>,
    ).container;

  it.each([
    ["TodoWrite", { todos: [{ content: "Ship it", status: "pending" }] }, "Ship it"],
    ["TodoWrite", { todos: "none" }, "none"],
    [
      "AskUserQuestion",
      { questions: [{ question: "Which?", options: [{ label: "One", description: "first" }] }] },
      "Which?",
    ],
    ["AskUserQuestion", { questions: 3 }, "3"],
    ["ExitPlanMode", { plan: "# Plan\n\nDo it" }, "Do it"],
    ["WebFetch", { url: "javascript:alert(1)", prompt: "Read" }, "javascript:alert(1)"],
    ["Edit", { file_path: "a.py", old_string: "old words", new_string: "new words" }, "old words"],
    ["Edit", { file_path: 7, old_string: null }, "7"],
    ["Task", { subagent_type: "Explore", prompt: "Look around" }, "Look around"],
    ["mcp__git__log", { depth: { of: [1] } }, "git"],
    ["constructor", { toString: "x" }, "toString"],
    ["Unheard", { long: `a${"b".repeat(300)}` }, "abbb"],
  ])("%s with %j", (tool, input, words) => {
    const page = drawn(tool, input);
    expect(page.textContent).toContain(words);
    for (const link of page.querySelectorAll("a")) expect(link.protocol).toMatch(/^(https?|mailto):$/);
  });

  it("finds the input of its own block in the raw line", () => {
    const raw = JSON.stringify({
      message: {
        content: [
          { type: "text" },
          { type: "tool_use", id: "other", input: { no: 1 } },
          { type: "tool_use", id: "a", input: { yes: 1 } },
        ],
      },
    });
    expect(toolInput(whole(call(0, "a"), { raw }))).toEqual({ yes: 1 });
    for (const odd of ["", "[]", "null", '{"message":"text"}', '{"message":{"content":[1,null]}}']) {
      expect(toolInput(whole(call(0, "a"), { raw: odd }))).toBeNull();
    }
  });
});

describe("a hunk", () => {
  it("numbers its lines and leaves out the note on the last newline", () => {
    const { changes } = hunkData({
      ...DIFF.hunks[0],
      old_start: 10,
      new_start: 20,
    } as FileDiff["hunks"][number]);
    expect(changes).toMatchObject([
      { type: "normal", oldLineNumber: 10, newLineNumber: 20, content: "a" },
      { type: "delete", lineNumber: 11, content: "b" },
      { type: "insert", lineNumber: 21, content: "c⟦RLO⟧" },
    ]);
  });

  it("that claims a line far away is not coloured", () => {
    const far = { ...DIFF, hunks: [{ ...DIFF.hunks[0], new_start: 1e9 } as FileDiff["hunks"][number]] };
    expect(canBeColoured(DIFF)).toBe(true);
    expect(canBeColoured(far)).toBe(false);
  });
});
