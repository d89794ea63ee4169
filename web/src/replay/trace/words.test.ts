import { describe, expect, it } from "vitest";
import { call, entry, result } from "../entries.testing";
import { changeOf, isTerminal, withoutEmptyLines, wordsOf } from "./words";

function words(label: string, preview: string) {
  return wordsOf(call(0, "a", { label, preview }));
}

describe("the words of a row", () => {
  it("leave out what its head says already", () => {
    expect(words("a.py", "a.py")).toEqual({ aside: "", body: "" });
    expect(words("a.py", "a.py\n+ x")).toEqual({ aside: "", body: "+ x" });
    expect(words("list", "ls -la")).toEqual({ aside: "", body: "ls -la" });
    expect(words("", "ls")).toEqual({ aside: "", body: "ls" });
  });

  it("put a place beside the label, and nothing that only begins like it", () => {
    expect(words("*.md", "*.md in docs")).toEqual({ aside: "in docs", body: "" });
    expect(words("a.py", "a.py:10-49")).toEqual({ aside: "lines 10–49", body: "" });
    expect(words("a.py", "a.py:10")).toEqual({ aside: "from line 10", body: "" });
    expect(words("ls", "ls -la")).toEqual({ aside: "", body: "ls -la" });
    expect(words("run", "run in x\nthen y").body).toBe("run in x\nthen y");
  });

  it("put short records of the client on one line, and nothing that is long, damaged or from a terminal", () => {
    const snapshot = entry(0, { type: "snapshot", label: "file checkpoint", preview: "no files" });
    expect(wordsOf(snapshot)).toEqual({ aside: "no files", body: "" });
    const mode = entry(0, { type: "system", label: "permission mode", preview: "Permission mode: plan" });
    expect(wordsOf(mode)).toEqual({ aside: "plan", body: "" });
    expect(wordsOf({ ...mode, preview: "Permission modes" }).aside).toBe("Permission modes");
    const queue = entry(0, { type: "progress", label: "queue: dequeue", preview: "queue: dequeue, 138 B" });
    expect(wordsOf(queue)).toEqual({ aside: "138 B", body: "" });
    expect(wordsOf({ ...queue, preview: "Go on" })).toEqual({ aside: "Go on", body: "" });
    const output = { ...queue, raw_type: "progress/bash_progress", label: "Bash", preview: "1 passed" };
    expect(wordsOf(output).body).toBe("1 passed");
    expect(wordsOf({ ...snapshot, preview: "a\nb" }).body).toBe("a\nb");
    expect(wordsOf({ ...snapshot, preview: "x".repeat(200) }).aside).toBe("");
    expect(wordsOf(entry(0, { type: "system", raw_type: "damaged", preview: "{" })).body).toBe("{");
    expect(wordsOf(entry(0, { type: "system", label: "command output", preview: "ok" })).body).toBe("ok");
    expect(wordsOf(entry(0, { type: "user", preview: "go on" })).body).toBe("go on");
    expect(wordsOf(result(0, "a", { tool: "TodoWrite", preview: "done" })).body).toBe("done");
  });
});

it("tells the counts of a change from its first line, and no other text", () => {
  expect(changeOf("+6 -0\n+ def f():\n")).toEqual({ counts: "+6 −0", line: "+ def f():\n" });
  expect(changeOf("+1 -2")).toEqual({ counts: "+1 −2", line: "" });
  expect(changeOf("file created")).toEqual({ counts: "new file", line: "" });
  expect(changeOf("(no output)")).toBeNull();
  expect(changeOf("x +6 -0\n")).toBeNull();
});

it("drops empty lines and keeps indents", () => {
  expect(withoutEmptyLines("\na\n \n\n\t\n  b\nc\n")).toBe("a\n  b\nc\n");
});

it("knows what a terminal showed", () => {
  expect(isTerminal(call(0, "a"))).toBe(true);
  expect(isTerminal(call(0, "a", { tool: "Read" }))).toBe(false);
  expect(isTerminal(entry(0, { type: "progress", raw_type: "progress/bash_progress" }))).toBe(true);
});
