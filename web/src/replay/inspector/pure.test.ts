import { describe, expect, it } from "vitest";
import { call, entry, result } from "../entries.testing";
import type { DiffHunk, EntryWhole } from "../shapes";
import { changedPart, editRanges, isSpaceOnly } from "./edits";
import { hunkData } from "./hunks";
import { entryBefore } from "./MetaTab";
import { taggedTexts } from "./tagged";
import { contentText } from "./useContentCopy";
import { foundLines } from "./views/files";

function hunk(...lines: string[]): DiffHunk {
  return { old_start: 1, old_lines: lines.length, new_start: 1, new_lines: lines.length, lines };
}

function marked(before: string, after: string): [string, string] | null {
  const part = changedPart(before, after);
  return part && [before.slice(part[0], part[1]), after.slice(part[0], part[2])];
}

describe("the mark within a changed line", () => {
  it.each([
    ["    return sum(cart)", "    return sum(cart) - rebate", ["", " - rebate"]],
    ["const total = price * 2;", "const total = price * 3;", ["2", "3"]],
    ["call(first, second)", "call(first, seconds)", ["second", "seconds"]],
    ["\tprice = 3", "    price = 3", ["\t", "    "]],
    ["value", "value ", ["", " "]],
  ])("%j → %j", (before, after, parts) => {
    expect(marked(before, after)).toEqual(parts);
  });

  it("is left out where most of the line is another", () => {
    expect(marked("import os", "from pathlib import Path")).toBeNull();
    expect(marked("}", "});")).toBeNull();
  });

  it("is there only where lines were replaced one by one, and once a line at most", () => {
    const edited = hunkData(hunk(" a", "-b one two three", "-c", "+b one 2 three", "+d", " e"));
    const [old, fresh] = editRanges([edited]);
    expect(old).toEqual([{ type: "edit", lineNumber: 2, start: 6, length: 3 }]);
    expect(fresh).toEqual([{ type: "edit", lineNumber: 2, start: 6, length: 1 }]);
    expect(editRanges([hunkData(hunk("-b one two", "+b one 2", "+b one 3"))])).toEqual([[], []]);
  });

  it("knows a change of white space alone", () => {
    expect(isSpaceOnly([hunkData(hunk("-\ta", "+    a", " b"))])).toBe(true);
    expect(isSpaceOnly([hunkData(hunk("-a ", "+a", "+"))])).toBe(false);
    expect(isSpaceOnly([hunkData(hunk("+", "+  "))])).toBe(true);
    expect(isSpaceOnly([hunkData(hunk("-a", "+b"))])).toBe(false);
    expect(isSpaceOnly([hunkData(hunk(" a"))])).toBe(false);
  });
});

describe("what a search found", () => {
  it("is grouped by file, with the lines around a match told apart", () => {
    expect(foundLines("src/a.py:12:x = 1\nsrc/a.py-13-y\n--\nsrc/b-2.py:7:12: odd\n")).toEqual([
      {
        path: "src/a.py",
        lines: [
          { number: "12", text: "x = 1", isMatch: true },
          { number: "13", text: "y", isMatch: false },
        ],
      },
      { path: "src/b-2.py", lines: [{ number: "7", text: "12: odd", isMatch: true }] },
    ]);
  });

  it("has no path where one file was searched, and may have no numbers", () => {
    expect(foundLines("31:- joke\r\n40-around")).toEqual([
      {
        path: "",
        lines: [
          { number: "31", text: "- joke", isMatch: true },
          { number: "40", text: "around", isMatch: false },
        ],
      },
    ]);
    expect(foundLines("src/a.py:plain text")[0]).toMatchObject({
      path: "src/a.py",
      lines: [{ text: "plain text" }],
    });
    expect(foundLines("Some words: and more")[0]).toMatchObject({
      path: "",
      lines: [{ text: "Some words: and more" }],
    });
    expect(foundLines("C:\\src\\a.py:3:x")[0]?.path).toBe("C:\\src\\a.py");
  });
});

describe("a text in the client's tags", () => {
  it("is its tags in their order", () => {
    expect(taggedTexts("<command-name>/x</command-name>\n <command-args>a <b> c</command-args>")).toEqual([
      { tag: "command-name", text: "/x" },
      { tag: "command-args", text: "a <b> c" },
    ]);
    expect(
      taggedTexts(
        "<task-notification>\n<task-id>b1</task-id>\n<status>killed</status>\n</task-notification>\nRead it.",
      ),
    ).toEqual([
      { tag: "task-id", text: "b1" },
      { tag: "status", text: "killed" },
      { tag: "", text: "Read it." },
    ]);
  });

  it("is no other text, and may be cut off", () => {
    expect(taggedTexts("Look: <command-name>/x</command-name>")).toBeNull();
    expect(taggedTexts("<div>html</div>")).toBeNull();
    expect(taggedTexts("<bash-input>ls")).toEqual([{ tag: "", text: "<bash-input>ls" }]);
  });
});

describe("the entry before", () => {
  it("is the nearest in the file, whatever came first", () => {
    const entries = new Map([5, 1, 3].map((line) => [line, entry(line)]));
    const seqOf = (line: number) => entry(line).seq;
    expect(entryBefore(entries, seqOf(5))?.seq).toBe(seqOf(3));
    expect(entryBefore(entries, seqOf(3) + 1)?.seq).toBe(seqOf(3));
    expect(entryBefore(entries, seqOf(1))).toBeNull();
  });
});

describe("the copy of a row's content", () => {
  const PART = {
    label: null,
    value: null,
    language: null,
    media_type: null,
    data: null,
    path: null,
    truncated_bytes: 0,
  };
  const whole = (of: ReturnType<typeof entry>, fields: Partial<EntryWhole>): EntryWhole => ({
    ...of,
    content: [],
    diff: [],
    meta: {},
    raw: "",
    ...fields,
  });
  const diff = (path: string) => ({
    path,
    change: "modified" as const,
    hunks: [hunk("-a", "+b")],
    additions: 1,
    deletions: 1,
    source: "recorded" as const,
    user_modified: false,
    truncated: false,
    note: null,
  });

  it("has all parts as text, and the change that was made rather than the one asked for", () => {
    const asked = whole(call(0, "a"), {
      content: [{ ...PART, kind: "json", text: null, value: { x: 1 } }],
      diff: [diff("asked")],
    });
    const done = whole(result(1, "a"), {
      content: [
        { ...PART, kind: "terminal", text: "\u001b[31mred\u001b[0m" },
        { ...PART, kind: "image", text: null, media_type: "image/png", data: "AA==" },
      ],
      diff: [diff("done")],
    });
    const copied = contentText([asked, done]);
    expect(copied).toBe(
      '{\n  "x": 1\n}\n\nred\n\n[image: image/png]\n\n--- done\n+++ done\n@@ -1,2 +1,2 @@\n-a\n+b',
    );
  });
});
