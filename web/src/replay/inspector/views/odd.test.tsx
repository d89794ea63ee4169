/** Any field of any call or record may hold anything: each view shows it as what it is. */
import { fireEvent, type RenderResult, render } from "@testing-library/react";
import { describe, expect, it, vi } from "vitest";
import { FrameProvider } from "../../../shell/page";
import { call, entry, result, whole } from "../../entries.testing";
import type { ContentPart } from "../../shapes";
import { type Fields, isRecord } from "../rawLine";
import { RecordView } from "./records";
import { ToolInput, ToolOutput } from "./ToolCall";

vi.mock("@tanstack/react-router", async (original) => ({
  ...(await original<typeof import("@tanstack/react-router")>()),
  Link: "a",
}));

const PART: ContentPart = {
  kind: "text",
  label: null,
  text: "Approved",
  value: null,
  language: null,
  media_type: null,
  data: null,
  path: null,
  truncated_bytes: 0,
};

/** Each with what must be read of it. */
const ODD: readonly (readonly [value: unknown, words: readonly string[]])[] = [
  ["odd text", ["odd text"]],
  [37, ["37"]],
  [
    ["odd one", "odd two"],
    ["odd one", "odd two"],
  ],
  [
    ["odd one", 37, null, { odd: "deep" }],
    ["odd one", "37", "null", "deep"],
  ],
  [[["odd one"]], ["odd one"]],
  [{ odd: { nested: ["deep"] } }, ["odd", "nested", "deep"]],
];

/** Whatever a field that is not `null` by its nature is found to be. */
const NULL = [null, ["null"]] as const;

function expectShown(page: HTMLElement, words: readonly string[]) {
  for (let closed = opener(page); closed; closed = opener(page)) fireEvent.click(closed);
  const shown = `${page.textContent} ${[...page.querySelectorAll("[title]")].map((one) => one.getAttribute("title")).join(" ")}`;
  expect(shown).not.toContain("[object");
  expect(shown).not.toContain("undefined");
  for (const word of words) expect(shown).toContain(word);
}

function opener(page: HTMLElement): Element | null {
  return page.querySelector(".sr-json-expand");
}

function drawnCall(tool: string, input: Fields, outcome: unknown) {
  const asked = whole(call(0, "a", { tool }), {
    content: [{ ...PART, kind: "json", label: "input", value: input, text: null }],
  });
  const answered = whole(result(1, "a"), {
    content: [PART],
    raw: JSON.stringify({ toolUseResult: outcome }),
  });
  const scene = { call: asked, result: answered, diffs: [], project: null };
  return render(
    <FrameProvider>
      <ToolInput {...scene} />
      <ToolOutput {...scene} />
    </FrameProvider>,
  );
}

const OPTION = { label: "One", description: "the first" };
const QUESTION = { question: "Which?", header: "Choice", multiSelect: true, options: [OPTION] };
const TODO = { content: "Ship it", status: "pending", activeForm: "Shipping it" };

/** Regular calls: input, and what the views know of that which the client noted about the result. */
const CALLS: readonly (readonly [tool: string, input: Fields, outcome: Fields])[] = [
  [
    "Agent",
    {
      prompt: "Look",
      description: "Looks",
      subagent_type: "Explore",
      model: "m",
      run_in_background: true,
      name: "n",
    },
    {
      status: "completed",
      totalDurationMs: 1,
      totalTokens: 2,
      totalToolUseCount: 3,
      resolvedModel: "r",
      agentId: "x",
      content: [{ text: "Found" }],
      outputFile: "/f",
      toolsUsed: ["Read"],
    },
  ],
  ["AskUserQuestion", { questions: [QUESTION] }, { answers: { "Which?": "One" }, annotations: { a: 1 } }],
  [
    "Bash",
    {
      command: "ls",
      description: "Lists",
      timeout: 5,
      run_in_background: true,
      dangerouslyDisableSandbox: true,
    },
    {
      returnCodeInterpretation: "none",
      persistedOutputSize: 9,
      sandbox: true,
      bashEditDiff: { changedFiles: ["a"] },
    },
  ],
  [
    "BashOutput",
    { bash_id: "b" },
    { command: "ls", status: "failed", exitCode: 1, stdout: "o", stderr: "e" },
  ],
  [
    "Edit",
    { file_path: "a.py", old_string: "a", new_string: "b", replace_all: true },
    { userModified: true },
  ],
  ["EnterPlanMode", { why: "x" }, { message: "Entered" }],
  ["ExitPlanMode", { plan: "Do it", allowedPrompts: [{ tool: "Bash", prompt: "test" }] }, { filePath: "/p" }],
  ["ExitPlanMode", {}, { plan: "Do it" }],
  ["Glob", { pattern: "*", path: "/" }, { numFiles: 1, durationMs: 2, truncated: true, filenames: ["a"] }],
  [
    "Grep",
    {
      pattern: "x",
      path: "/",
      glob: "*",
      type: "py",
      output_mode: "content",
      "-i": true,
      "-n": true,
      "-A": 1,
      "-B": 1,
      "-C": 1,
      head_limit: 4,
      multiline: true,
    },
    { mode: "content", numLines: 2, numMatches: 3, appliedLimit: 4, content: "a.py:1:x" },
  ],
  ["Grep", { pattern: "x" }, { mode: "count", numFiles: 1, filenames: ["a"] }],
  ["KillShell", { shell_id: "s" }, { message: "Killed" }],
  ["LS", { path: "/" }, {}],
  ["MultiEdit", { file_path: "a.py", edits: [{ old_string: "a", new_string: "b" }] }, { error: "none" }],
  [
    "NotebookEdit",
    {
      notebook_path: "a.ipynb",
      new_source: "x",
      cell_id: "c",
      cell_number: 1,
      cell_type: "markdown",
      edit_mode: "insert",
    },
    { error: "none" },
  ],
  [
    "Read",
    { file_path: "a.py", offset: 1, limit: 2 },
    { file: { startLine: 1, numLines: 2, totalLines: 3 } },
  ],
  ["SendMessage", { to: "lead", message: "Done", summary: "It is done" }, { message: "Sent" }],
  ["Skill", { skill: "s", args: "a" }, { model: "m", allowedTools: ["Read"] }],
  [
    "TaskOutput",
    { task_id: "t", block: true, timeout: 5 },
    {
      retrieval_status: "timeout",
      task: { status: "completed", exitCode: 0, task_type: "bash", output: "o", description: "d" },
    },
  ],
  ["TodoWrite", { todos: [TODO] }, { oldTodos: [{ content: "Ship it", status: "completed" }] }],
  ["ToolSearch", { query: "q" }, { total_deferred_tools: 3, matches: ["a"] }],
  [
    "WebFetch",
    { url: "https://a.example", prompt: "Read" },
    { code: 200, codeText: "OK", bytes: 1, durationMs: 2, url: "https://b.example" },
  ],
  [
    "WebSearch",
    { query: "q", allowed_domains: ["a.example"], blocked_domains: ["b.example"] },
    {
      durationSeconds: 1,
      results: ["Said", { content: [{ url: "https://a.example", title: "A" }] }],
    },
  ],
  ["Workflow", { script: "run()" }, { status: "launched" }],
  ["Write", { file_path: "a.py", content: "x" }, { type: "create" }],
  ["Unheard", { some: 1 }, { more: 2 }],
];

/** The value with another one in each place within it. */
function* replaced(
  value: unknown,
  by: unknown,
  path = "",
): Generator<readonly [path: string, value: unknown]> {
  if (path !== "") yield [path, by];
  if (Array.isArray(value))
    for (const [index, member] of value.entries())
      for (const [at, other] of replaced(member, by, `${path}[${index}]`))
        yield [at, value.with(index, other)];
  else if (typeof value === "object" && value !== null)
    for (const [name, member] of Object.entries(value))
      for (const [at, other] of replaced(member, by, `${path}.${name}`))
        yield [at, { ...value, [name]: other }];
}

/** Draws the fields with each odd value at each place, and reads what is there. */
function expectEachShown(
  fields: Fields,
  odd: typeof ODD,
  drawn: (fields: Fields) => RenderResult,
  isLeftOut: (value: unknown, path: string) => boolean,
) {
  for (const [value, words] of odd)
    for (const [path, changed] of replaced(fields, value)) {
      if (isLeftOut(value, path)) continue;
      const { container, unmount } = drawn(changed as Fields);
      try {
        expectShown(container, words);
      } catch (error) {
        throw new Error(`${JSON.stringify(value)} at ${path}`, { cause: error });
      }
      unmount();
    }
}

/** So many pages are drawn that a busy machine needs long for them. */
const TIMEOUT_MS = 120_000;

/** An object of which a view knows nothing only repeats the text of the result. */
const REPEATED = [".bashEditDiff", ".file", ".task"];

describe("a call shows whatever stands", { timeout: TIMEOUT_MS }, () => {
  it.each(CALLS)("in a field of the input of %s", (tool, input, outcome) =>
    expectEachShown(
      input,
      [...ODD, NULL],
      (changed) => drawnCall(tool, changed, outcome),
      () => false,
    ),
  );

  it.each(CALLS)("in what the client noted about the result of %s", (tool, input, outcome) =>
    expectEachShown(
      outcome,
      ODD,
      (changed) => drawnCall(tool, input, changed),
      (value, path) => isRecord(value) && REPEATED.includes(path),
    ),
  );
});

const BLOCKS = [{ type: "text", text: "Hm" }];

/** Regular records: raw type, the name of the object that they are about (null: the line itself), its fields. */
const RECORDS: readonly (readonly [raw_type: string, within: string | null, fields: Fields])[] = [
  ["attachment/agent_listing_delta", "attachment", { addedTypes: ["a"], removedTypes: [] }],
  [
    "attachment/deferred_tools_delta",
    "attachment",
    {
      addedNames: ["a"],
      readdedNames: [],
      removedNames: ["b"],
      pendingMcpServers: ["c"],
      failedMcpServers: ["d"],
      addedLines: ["a"],
    },
  ],
  [
    "attachment/diagnostics",
    "attachment",
    {
      files: [
        {
          uri: "a.py",
          diagnostics: [
            { severity: "Error", message: "m", source: "s", code: "c", range: { start: { line: 1 } } },
          ],
        },
      ],
    },
  ],
  [
    "attachment/file",
    "attachment",
    {
      filename: "a",
      truncated: true,
      content: { type: "text", file: { filePath: "a", content: "x", totalLines: 2, startLine: 1 } },
    },
  ],
  [
    "attachment/hook_success",
    "attachment",
    {
      hookName: "h",
      hookEvent: "Stop",
      command: "c",
      exitCode: 0,
      durationMs: 1,
      stdout: "o",
      stderr: "e",
      content: "m",
    },
  ],
  [
    "attachment/hook_blocking_error",
    "attachment",
    { hookName: "h", blockingError: { blockingError: "no", command: "c" } },
  ],
  [
    "attachment/mcp_instructions_delta",
    "attachment",
    { addedNames: ["a"], addedBlocks: [], removedNames: [] },
  ],
  ["attachment/nested_memory", "attachment", { path: "m.md", content: { path: "m.md", content: "x" } }],
  ["attachment/skill_listing", "attachment", { names: ["a"], content: "a: b", skillCount: 1 }],
  ["attachment/unheard", "attachment", { some: 1 }],
  [
    "progress/agent_progress",
    "data",
    { agentId: "a", prompt: "p", message: { type: "assistant", message: { content: BLOCKS } } },
  ],
  ["progress/hook_progress", "data", { hookName: "h", hookEvent: "Stop", command: "c" }],
  [
    "progress/bash_progress",
    "data",
    { fullOutput: "f", elapsedTimeSeconds: 1, totalLines: 1, totalBytes: 1, timeoutMs: 1 },
  ],
  [
    "progress/mcp_progress",
    "data",
    { serverName: "s", toolName: "t", status: "failed", elapsedTimeMs: 1, progress: 1 },
  ],
  [
    "file-history-snapshot",
    null,
    {
      messageId: "m",
      isSnapshotUpdate: true,
      snapshot: {
        trackedFileBackups: {
          "a.py": { backupFileName: "b", version: 1, backupTime: "2026-01-01T00:00:00Z" },
        },
      },
    },
  ],
  [
    "file-history-delta",
    null,
    { trackingPath: "a.py", backup: { backupFileName: "b", version: 1, backupTime: "2026-01-01T00:00:00Z" } },
  ],
  ["queue-operation", null, { operation: "enqueue", reason: "r", content: "c" }],
  [
    "system/compact_boundary",
    null,
    {
      content: "c",
      compactMetadata: {
        trigger: "auto",
        preTokens: 1,
        postTokens: 1,
        cumulativeDroppedTokens: 1,
        durationMs: 1,
      },
    },
  ],
  [
    "system/stop_hook_summary",
    null,
    {
      hookCount: 1,
      hookErrors: ["e"],
      hookInfos: [{ command: "c", durationMs: 1 }],
      preventedContinuation: true,
      stopReason: "s",
      hookAdditionalContext: ["x"],
    },
  ],
  ["system/turn_duration", null, { durationMs: 1, messageCount: 1 }],
  [
    "system/api_error",
    null,
    { error: { status: 500, formatted: "f" }, retryInMs: 1, retryAttempt: 1, maxRetries: 2 },
  ],
  ["pr-link", null, { prNumber: 1, prUrl: "https://a.example", prRepository: "a/b" }],
  ["unheard", null, { content: "c", some: 1 }],
];

function drawnRecord(raw_type: string, within: string | null, fields: Fields) {
  const [type, subtype] = raw_type.split("/");
  const line =
    within === null ? { ...fields, type, subtype } : { type, [within]: { type: subtype, ...fields } };
  const one = whole(entry(0, { raw_type }), {
    content: [{ ...PART, kind: "json", label: "record", value: line, text: null }],
    raw: JSON.stringify(line),
  });
  return render(
    <FrameProvider>
      <RecordView whole={one} />
    </FrameProvider>,
  );
}

describe("a record shows whatever stands", { timeout: TIMEOUT_MS }, () => {
  it.each(RECORDS)("in a field of %s", (raw_type, within, fields) =>
    expectEachShown(
      fields,
      [...ODD, NULL],
      (changed) => drawnRecord(raw_type, within, changed),
      // That is how a missing file is noted, and that line is counted from zero.
      (value, path) =>
        (value === null && path.endsWith(".backupFileName")) ||
        (value === 37 && path.endsWith(".start.line")),
    ),
  );
});
