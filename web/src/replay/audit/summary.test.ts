import { describe, expect, it } from "vitest";
import { call, entry, record, result, session } from "../entries.testing";
import { isOutside } from "../paths";
import type { Entry } from "../shapes";
import { parseQuery, visibleTrace } from "../trace/query";
import { Rows } from "../trace/rows";
import { cardText, figuresOf, nextRow } from "./AuditCard";
import { AUDIT_CARDS, type AuditCard } from "./acts";
import { type AuditItem, auditSummary } from "./summary";

const PROJECT = "/home/ada/shop";

function summaryOf(...entries: Entry[]) {
  const rows = new Rows();
  rows.append(entries);
  return auditSummary(rows.list, PROJECT, new Map());
}

function labels(items: readonly AuditItem[]): string[] {
  return items.map((item) => `${item.label} ×${item.rows.length}`);
}

const bash = (line: number, id: string, programs: string[], facts: Entry["facts"] = {}) =>
  call(line, id, { act: "command", audit: true, facts: { programs, ...facts } });
const write = (line: number, id: string, path: string, facts: Entry["facts"] = {}) =>
  call(line, id, { tool: "Write", act: "file-write", audit: true, facts: { paths: [path], ...facts } });

describe("commands", () => {
  it("count once however many programs they name", () => {
    const { command } = summaryOf(
      bash(0, "a", ["git"]),
      result(1, "a", {}),
      bash(2, "b", ["git", "rm"]),
      result(3, "b", { is_error: true }),
      bash(4, "c", ["rm"]),
      result(5, "c", { is_error: true, is_denied: true }),
    );
    expect(labels(command.items)).toEqual(["git ×2", "rm ×2"]);
    expect(figuresOf("command", command)).toEqual(["3", "2 programs", "1 failed", "1 denied"]);
    expect(command.items.map((item) => [item.failed, item.denied])).toEqual([
      [1, 0],
      [1, 1],
    ]);
  });

  it("without a program are still there", () => {
    expect(labels(summaryOf(call(0, "a", { act: "command" })).command.items)).toEqual(["(no program) ×1"]);
  });
});

describe("files", () => {
  it("are those that were written, with what changed", () => {
    const files = summaryOf(
      write(0, "a", `${PROJECT}/new.ts`, { lines: 7 }),
      result(1, "a", { has_diff: true, preview: "file created" }),
      call(2, "b", { tool: "Edit", act: "file-write", facts: { paths: [`${PROJECT}/new.ts`] } }),
      result(3, "b", { has_diff: true, preview: "+3 -2\n+ x" }),
      write(4, "c", "/etc/hosts"),
      result(5, "c", {}),
      write(6, "d", `${PROJECT}/refused.ts`),
      result(7, "d", { is_error: true, is_denied: true }),
      bash(8, "e", ["echo"], { paths: ["log.txt"] }),
    )["file-write"];
    expect(labels(files.items)).toEqual(["/etc/hosts ×1", "new.ts ×2", "log.txt ×1"]);
    expect(files.items[0]).toMatchObject({ isMarked: true, aside: "outside the project" });
    expect(cardText("Files written", files, "UTC")).toContain("1\t/etc/hosts\toutside the project");
    expect([files.items[1]?.added, files.items[1]?.removed]).toEqual([10, 2]);
    expect(files.items[2]?.aside).toBe("by a command");
    expect(figuresOf("file-write", files)).toEqual(["3", "in 5 writes", "1 denied"]);
  });

  it("of a result without its call are told", () => {
    const lone = result(0, "x", { has_diff: true, audit: true, facts: { paths: ["a.ts"] } });
    expect(labels(summaryOf(lone)["file-write"].items)).toEqual(["a.ts ×1"]);
  });

  it.each([
    [`${PROJECT}/a`, false],
    ["src/a", false],
    [`${PROJECT}/../a`, true],
    ["../a", true],
    [`${PROJECT}2/a`, true],
    ["~/.ssh/config", true],
    ["$HOME/x", true],
    ["C:\\Windows\\x", true],
  ])("lie outside of the project: %s %s", (path, outside) => {
    expect(isOutside(path, PROJECT)).toBe(outside);
  });
});

describe("permissions", () => {
  it("tell each decision in words and a mode where it changes", () => {
    const { permission } = summaryOf(
      entry(0, { type: "user", facts: { permission_mode: "default" } }),
      entry(1, {
        type: "user",
        at: "2026-11-22T10:00:00.000Z",
        facts: { permission_mode: "bypassPermissions" },
      }),
      entry(2, { type: "user", facts: { permission_mode: "bypassPermissions" } }),
      bash(3, "a", ["ls"]),
      result(4, "a", {
        tool: "Bash",
        facts: { permission: { decision: "allowed", by: "user", words: "Allowed by the user." } },
      }),
      write(5, "b", "x"),
      result(6, "b", {
        tool: "Write",
        is_denied: true,
        is_error: true,
        facts: { permission: { decision: "denied", by: "rule", words: "Denied by a permission rule." } },
      }),
      entry(7, { act: "permission", label: "plan mode" }),
    );
    expect(labels(permission.items)).toEqual([
      "bypassPermissions ×1",
      "Denied by a permission rule ×1",
      "Allowed by the user ×1",
      "plan mode ×1",
    ]);
    expect(permission.denied).toBe(1);
    expect(permission.items[0]?.at).toBe("2026-11-22T10:00:00.000Z");
  });

  it("blocked by a hook and told twice are one block that leads to both", () => {
    const verdict = { permission: { decision: "denied", by: "hook", words: "Blocked by a hook." } } as const;
    const block = summaryOf(
      bash(0, "a", ["rm"]),
      result(1, "a", { is_denied: true, tool: "Bash", facts: verdict, preview: "hook error: no such thing" }),
      entry(2, { type: "progress", act: "hook-block", tool_use_id: "h", preview: "no such thing" }),
      entry(3, { type: "progress", act: "hook-block", label: "Stop", preview: "no such thing" }),
    )["hook-block"];
    expect([block.count, ...labels(block.items)]).toEqual([2, "Bash ×2", "Stop ×1"]);
  });

  it("blocked by a hook count as a block once", () => {
    const verdict = { permission: { decision: "denied", by: "hook", words: "Blocked by a hook." } } as const;
    const told = entry(1, {
      type: "progress",
      act: "hook-block",
      tool_use_id: "a",
      is_error: true,
      label: "PreToolUse:Bash",
    });
    const denied = result(2, "a", { is_denied: true, is_error: true, tool: "Bash", facts: verdict });
    expect(labels(summaryOf(bash(0, "a", ["rm"]), told, denied)["hook-block"].items)).toEqual([
      "PreToolUse:Bash ×1",
    ]);
    expect(labels(summaryOf(bash(0, "a", ["rm"]), denied)["hook-block"].items)).toEqual(["Bash ×1"]);
  });
});

it("tells hosts with the tools that named them, and searches without one", () => {
  const { host } = summaryOf(
    bash(0, "a", ["curl"], { hosts: ["a.example", "b.example:1"], truncated: true }),
    call(1, "b", { tool: "WebFetch", act: "network", facts: { hosts: ["a.example"] } }),
    call(2, "c", { tool: "WebSearch", act: "network" }),
    call(3, "d", { tool: "mcp__web__get", act: "mcp", facts: { hosts: ["a.example"] } }),
  );
  expect(labels(host.items)).toEqual(["a.example ×3", "b.example:1 ×1", "WebSearch without a host ×1"]);
  expect(host.items[0]?.aside).toBe("Bash, WebFetch, MCP web");
  expect(host.isTruncated).toBe(true);
});

it("tells servers of MCP calls, spawned subagents, failures and findings", () => {
  const summary = summaryOf(
    call(0, "a", { tool: "mcp__git_hub__create__issue", act: "mcp" }),
    call(1, "b", { tool: "Agent", act: "subagent", label: "Look around", subagent_session_id: "s1.a" }),
    call(2, "c", { tool: "Read" }),
    result(3, "c", { tool: "Read", is_error: true, preview: "No such file\nat all" }),
    entry(4, {
      findings: [
        { rule: "small", severity: "low" },
        { rule: "big", severity: "critical" },
      ],
    }),
  );
  expect(summary.mcp.items[0]).toMatchObject({ label: "create__issue", aside: "git_hub" });
  expect(summary.subagent.items[0]).toMatchObject({ label: "Look around", session: "s1.a" });
  expect(summary.error.items[0]).toMatchObject({ label: "Read", aside: "No such file" });
  expect(summary.finding.items.map((item) => item.label)).toEqual(["big", "small"]);
});

it("leaves out what was copied from another session, and says so", () => {
  const summary = summaryOf({ ...bash(0, "a", ["rm"]), inherited: true }, bash(1, "b", ["ls"]), record(2));
  expect([summary.command.count, summary.entries, summary.copied]).toEqual([1, 3, 1]);
});

describe("an item", () => {
  const item = summaryOf(bash(0, "a", ["ls"]), bash(1, "b", ["ls"])).command.items[0] as AuditItem;

  it("leads from entry to entry and round again", () => {
    expect([null, 5, 0, 1024].map((key) => nextRow(item, key))).toEqual([0, 0, 1024, 0]);
  });

  it("is one line of the copied text", () => {
    const list = summaryOf(bash(0, "a", ["ls"]), result(1, "a", { is_error: true })).command;
    expect(cardText("Commands", list, "UTC")).toBe("Commands (1)\n1\tls\t\t1 failed");
  });
});

it("keeps exactly the rows that a card counts when it filters", () => {
  const rows = new Rows();
  rows.append([
    entry(0, { type: "user", audit: true }),
    bash(1, "a", ["curl"], { hosts: ["a.example"], paths: ["x"] }),
    result(2, "a", { is_error: true, audit: true }),
    write(3, "b", "y"),
    call(4, "c", { tool: "mcp__x__y", act: "mcp", audit: true }),
    call(5, "d", { tool: "Task", act: "subagent", audit: true }),
    entry(6, { act: "hook-block", audit: true }),
    entry(7, { act: "permission", audit: true }),
    entry(8, { findings: [{ rule: "r", severity: "low" }] }),
  ]);
  const summary = auditSummary(rows.list, null, new Map());
  const shown = (card: AuditCard) =>
    visibleTrace(rows.list, "audit", parseQuery(`act:${card}`), new Set()).rows.map((row) => row.key);
  for (const card of AUDIT_CARDS) {
    const counted = new Set(summary[card].items.flatMap((item) => item.rows));
    expect([card, shown(card)]).toEqual([card, [...counted].sort((one, other) => one - other)]);
    expect(counted.size).toBeGreaterThan(0);
  }
});

it("counts a hundred thousand entries in a moment", () => {
  const rows = new Rows();
  const entries: Entry[] = [];
  for (let line = 0; line < 100_000; line += 2) {
    const id = `t${line}`;
    entries.push(
      line % 8 === 0
        ? write(line, id, `${PROJECT}/${line % 999}`)
        : bash(line, id, ["git", `p${line % 50}`], { hosts: [`h${line % 300}.example`] }),
      result(line + 1, id, { has_diff: line % 8 === 0, preview: "+1 -1\n+ x", is_error: line % 30 === 0 }),
    );
  }
  rows.append(entries);
  const times = [1, 2, 3, 4, 5].map(() => {
    const started = performance.now();
    auditSummary(rows.list, PROJECT, new Map([["x", session()]]));
    return performance.now() - started;
  });
  expect(Math.min(...times)).toBeLessThan(1_000);
});
