import { describe, expect, it } from "vitest";
import { ansiChunks, ansiRuns } from "./ansi";
import { beginningOf, CHUNK_CHARACTERS, lineCountOf, textChunks } from "./chunks";
import { cutAtLiterals, literalsOf } from "./literals";
import { colouredCode, type TreeNode, treeLines } from "./tree";

const LINES = Array.from({ length: 4_000 }, (_, index) => `line ${index} ${"x".repeat(index % 40)}`);

/** Ends in the first half of a character. */
const HALF = /[\ud800-\udbff]$/;

describe("a long text", () => {
  it("is its pieces, with a line feed between two of them", () => {
    const text = LINES.join("\n");
    const chunks = textChunks(text);
    expect(chunks.length).toBeGreaterThan(5);
    expect(Math.max(...chunks.map((chunk) => chunk.length))).toBeLessThanOrEqual(CHUNK_CHARACTERS);
    expect(chunks.join("\n")).toBe(text);
  });

  it("without line feeds is cut within, but never within a character", () => {
    for (const text of ["y".repeat(50_000), `a${"😀".repeat(20_000)}`]) {
      const chunks = textChunks(text);
      expect(chunks.join("")).toBe(text);
      expect(chunks.filter((chunk) => HALF.test(chunk))).toEqual([]);
    }
    expect(textChunks("")).toEqual([""]);
  });

  it("begins with whole lines, where it has any", () => {
    expect(beginningOf("short\ntext\n")).toBeNull();
    expect(beginningOf(LINES.join("\n"))).toBe(LINES.slice(0, 1_000).join("\n"));
    expect(beginningOf("z".repeat(70_000))).toHaveLength(60_000);
    expect(beginningOf(`a${"😀".repeat(40_000)}`)).not.toMatch(HALF);
  });

  it("counts its lines as an editor does", () => {
    expect([lineCountOf("a"), lineCountOf("a\n"), lineCountOf("a\nb"), lineCountOf("\n\n")]).toEqual([
      1, 1, 2, 2,
    ]);
  });

  it("of a terminal keeps its colours in every piece", () => {
    const output = LINES.map((line) => `\u001b[3${line.length % 8}m${line}`).join("\n");
    const chunks = ansiChunks(output, 8_000);
    const plain = (runs: ReturnType<typeof ansiRuns>) => runs.map((run) => run.text).join("");
    expect(chunks.length).toBeGreaterThan(5);
    expect(chunks.map(plain).join("\n")).toBe(plain(ansiRuns(output)));
    expect(chunks.at(-1)?.at(-1)?.style).toEqual(ansiRuns(output).at(-1)?.style);
  });
});

describe("code line by line", () => {
  const text = (nodes: readonly TreeNode[]): string =>
    nodes
      .map((node) => (node.type === "text" ? node.value : "children" in node ? text(node.children) : ""))
      .join("");

  it("has the lines of the code, and its colours on each of them", () => {
    const code = 'def f():\n    """two\n    lines"""\n\n    return 1\n';
    const lines = treeLines(colouredCode(code, "python"));
    expect(lines.map(text).join("\n")).toBe(code);
    for (const place of [1, 2])
      expect(
        lines[place]?.some((node) => node.type === "element" && JSON.stringify(node).includes("hljs-string")),
      ).toBe(true);
  });
});

describe("the literal words of a pattern", () => {
  it.each([
    ["foo", ["foo"]],
    [String.raw`total\(|a\.b`, ["total(", "a.b"]],
    [String.raw`\bword\b`, ["word"]],
    ["a.*b|plain", ["plain"]],
    ["(a+)+$", []],
    ["", []],
    ["[x]|^y|z?", []],
  ])("%s", (pattern, literals) => {
    expect(literalsOf(pattern)).toEqual(literals);
  });

  it("cut a text at their places", () => {
    expect(cutAtLiterals("a.b and A.B", ["a.b"], false)).toEqual(["", "a.b", " and A.B"]);
    expect(cutAtLiterals("a.b and A.B", ["a.b"], true)).toEqual(["", "a.b", " and ", "A.B", ""]);
    expect(cutAtLiterals("axb", ["a.b"], false)).toEqual(["axb"]);
    expect(cutAtLiterals("text", [], false)).toEqual(["text"]);
  });
});
