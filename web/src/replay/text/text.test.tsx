import { fireEvent, render, screen } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { AnsiText } from "./AnsiText";
import { ansiRuns, cssColour, plainOutput } from "./ansi";
import { Code } from "./Code";
import { segmentsOf, visibleText } from "./invisible";
import { JsonTree } from "./JsonTree";
import { explodes, MARKDOWN_CHARACTERS_MAX, Markdown, safeAddress } from "./Markdown";
import { ProsePreview } from "./ProsePreview";
import { Terminal } from "./Terminal";
import { VisibleText } from "./VisibleText";

const ESC = "\u001b";

describe("invisible characters", () => {
  it("are named", () => {
    expect(visibleText("a\u202eexe.png\u202c")).toBe("a⟦RLO⟧exe.png⟦PDF⟧");
    expect(visibleText("x\u200b\u200b\u200by")).toBe("x⟦ZWSP ×3⟧y");
    expect(visibleText("\u0000\ufeff")).toBe("⟦2 invisible characters⟧");
  });

  it("tell the hidden text that tag characters spell", () => {
    const tags = Array.from("obey", (character) =>
      String.fromCodePoint(0xe0000 + (character.codePointAt(0) ?? 0)),
    );
    expect(visibleText(`ok${tags.join("")}`)).toContain("“obey”");
  });

  it("leave ordinary text, line ends, tabs, emoji families and other scripts as they are", () => {
    for (const text of ["plain\n\ttext\r\n", "👩‍👩‍👧 family", "👍🏽", "café 日本語 עברית", ""]) {
      expect(segmentsOf(text).join("")).toBe(text);
      expect(segmentsOf(text).length).toBeLessThanOrEqual(1);
    }
  });

  it("never reach the page", () => {
    const { container } = render(<VisibleText text={"a\u202eb\u2066c\u200bd\ufeff"} find="" />);
    expect(container.textContent).not.toMatch(/[\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]/);
    expect(container.querySelectorAll(".sr-invisible-bidi")).toHaveLength(2);
  });
});

describe("words looked for", () => {
  it("are marked wherever they are, without regard to case", () => {
    const { container } = render(<VisibleText text="Basket and basket" find="basket" />);
    expect(container.querySelectorAll("mark")).toHaveLength(2);
    expect(container.textContent).toBe("Basket and basket");
  });

  it("are not marked in a text whose lower case has another length", () => {
    const { container } = render(<VisibleText text="İİ x" find="x" />);
    expect(container.textContent).toBe("İİ x");
  });
});

describe("terminal output", () => {
  it("keeps colours and weight", () => {
    expect(ansiRuns(`${ESC}[1;31mno${ESC}[0m yes`)).toEqual([
      { text: "no", style: { bold: true, foreground: 1 } },
      { text: " yes", style: {} },
    ]);
    expect(ansiRuns(`${ESC}[38;5;208;4mx`)).toEqual([
      { text: "x", style: { foreground: 208, underline: true } },
    ]);
    expect(ansiRuns(`${ESC}[48;2;1;2;300mx`)).toEqual([{ text: "x", style: { background: "#0102ff" } }]);
  });

  it("drops titles, links and moves", () => {
    const output = `${ESC}]0;title\u0007a${ESC}]8;;https://x${ESC}\\b${ESC}[2K${ESC}[10;5Hc${ESC}(B${ESC}[?25ld`;
    expect(
      ansiRuns(output)
        .map((run) => run.text)
        .join(""),
    ).toBe("abcd");
  });

  it("drops a sequence that the end of a preview has cut", () => {
    for (const cut of [ESC, `${ESC}[`, `${ESC}[3`, `${ESC}[38;5`]) {
      expect(plainOutput(`done ${cut}…`)).toBe("done …");
      expect(plainOutput(`done ${cut}`)).toBe("done ");
    }
  });

  it("keeps on the page's own ground only the colours that can be read there", () => {
    const output = `${ESC}[31mred${ESC}[0m ${ESC}[38;2;250;250;250mpale${ESC}[0m ${ESC}[7;1mturned`;
    const { container } = render(<AnsiText text={output} find="red" ground="page" />);
    const styles = [...container.children].map((one) => one.getAttribute("style"));
    expect(styles).toEqual(["color: var(--sr-ansi-1);", null, null, null, "font-weight: 700;"]);
    expect(container.textContent).toBe("red pale turned");
    expect(container.querySelector("mark")?.textContent).toBe("red");
  });

  it("ends an unterminated title with its line", () => {
    expect(
      ansiRuns(`${ESC}]0;never ends\nnext`)
        .map((run) => run.text)
        .join(""),
    ).toBe("\nnext");
  });

  it("shows what remains of a line that was written over", () => {
    expect(
      ansiRuns("10%\r50%\r100%\r\ndone\r")
        .map((run) => run.text)
        .join(""),
    ).toBe("100%\ndone");
  });

  it("shows a lone escape as a badge and makes no element of what it carries", () => {
    const { container } = render(<Terminal text={`${ESC} <img src=x onerror=alert(1)>`} />);
    expect(container.querySelector("img")).toBeNull();
    expect(container.textContent).toContain("ESC");
  });

  it("takes any colour for a colour", () => {
    expect(cssColour(1)).toBe("var(--sr-ansi-1)");
    expect(cssColour(16)).toBe("#000000");
    expect(cssColour(231)).toBe("#ffffff");
    expect(cssColour(255)).toBe("#eeeeee");
  });
});

describe("Markdown of a transcript", () => {
  const drawn = (text: string) => render(<Markdown text={text} />).container;
  const filled = (unit: string) => unit.repeat(MARKDOWN_CHARACTERS_MAX / unit.length);

  // Compiled, each of them takes a second to a minute.
  it.each([
    "_a*",
    "*a_ ",
    "_ a",
    "**a *b ",
    "a* ",
    "]",
    "a] ",
    "[^a]",
    "a\n=\n",
    "- a\n",
    "* a\n\n b\n",
    "> 1) a\n",
  ])("is shown as written where it would hold the page: %j", (unit) => {
    expect(explodes(filled(unit))).toBe(true);
    expect(drawn(filled(unit)).querySelector(".sr-plain")).not.toBeNull();
  });

  it.each([
    "a_long_name_of_a_function(with_arguments) ",
    "Some **bold** words, and `code`, and [a link](https://example.org).\n\n",
    "| **name** | a value | another one here |\n",
    "word ",
    "```python\nreturn __name__[1:2]\n```\n\n",
  ])("is compiled where it is only long: %j", (unit) => {
    expect(explodes(filled(unit))).toBe(false);
  });

  it("is judged quickly, whatever it is", () => {
    for (const unit of ["|", "\n", " \n", " ", "=", "> ", "_", "1", "* "]) {
      const began = performance.now();
      explodes(`${filled(unit)}x`);
      expect(performance.now() - began, unit).toBeLessThan(1_000);
    }
  });

  it("shows HTML as text", () => {
    const page = drawn(
      '<script>x</script>\n\n<img src=x onerror="x"> <svg onload=x> <iframe src=x></iframe>',
    );
    expect(page.querySelector("script, img, svg, iframe")).toBeNull();
    expect(page.textContent).toContain("<script>");
  });

  it("links to http, https and mailto only", () => {
    const page = drawn(
      "[a](https://a.example) [b](javascript:alert(1)) [c](data:text/html,x) [d](file:///etc/passwd) [e](/api/x) [f](mailto:x@a.example) [g](JaVaScRiPt:x) [h](vbscript:x)",
    );
    const links = [...page.querySelectorAll("a")];
    expect(links.map((link) => link.textContent)).toEqual(["a", "f"]);
    for (const link of links) expect(link.rel).toContain("noopener");
  });

  it("loads no image", () => {
    const page = drawn("![alt](https://a.example/x.png) ![d](data:image/svg+xml;base64,AAAA)");
    expect(page.querySelector("img")).toBeNull();
    expect(page.textContent).toContain("https://a.example/x.png");
  });

  it("shows invisible characters, in code too", () => {
    const page = drawn("a\u202eb\n\n```python\nx = '\u2066'\n```");
    expect(page.querySelectorAll(".sr-invisible-bidi")).toHaveLength(2);
  });

  it.each([
    ["brackets", "[".repeat(50_000)],
    ["quotes", ">".repeat(5_000)],
    ["spaced quotes", "> ".repeat(5_000)],
    ["emphasis", "*a _b ".repeat(6_000)],
    ["links", "[a](".repeat(9_000)],
    ["tables", `${"|a".repeat(2_000)}\n${"|-".repeat(2_000)}\n${"|x\n".repeat(2_000)}`],
    ["code marks", "`a ``b ".repeat(5_000)],
    ["lists", Array.from({ length: 300 }, (_, level) => `${"  ".repeat(level)}- x`).join("\n")],
    ["stars", "*".repeat(20_000)],
  ])("is drawn when it is made to explode: %s", (_name, text) => {
    expect(drawn(text).textContent).not.toBe("");
  });

  it("judges addresses", () => {
    expect(safeAddress(undefined)).toBeNull();
    expect(safeAddress("java\nscript:alert(1)")).toBeNull();
    expect(safeAddress("https://a.example/?q=1")).toBe("https://a.example/?q=1");
  });
});

describe("code and JSON", () => {
  it("colours a known language and leaves an unknown one", () => {
    const { container } = render(<Code text="def f(): return 1" language="python" />);
    expect(container.querySelector(".hljs-keyword")?.textContent).toBe("def");
    const { container: plain } = render(<Code text="<b>x</b>" language="klingon" />);
    expect(plain.textContent).toBe("<b>x</b>");
    expect(plain.querySelector("b")).toBeNull();
  });

  it("is whole where it is long, in groups that are laid out one by one", () => {
    for (const line of ['  "a": 1,', `"${"x".repeat(9_000)}"`]) {
      const text = Array.from({ length: 12 }, () => `${line}\n`.repeat(20)).join("\n");
      const { container, unmount } = render(<Code text={text} language="json" />);
      const chunks = [...container.querySelectorAll(".sr-chunk")].map((chunk) => chunk.textContent);
      expect(chunks.length).toBeGreaterThan(1);
      expect(chunks.join("").replaceAll("\n", "")).toBe(text.replaceAll("\n", ""));
      unmount();
    }
  });

  it("shows deep, strange and prototype-named values", () => {
    let deep: unknown = 1;
    for (let level = 0; level < 5_000; level += 1) deep = [deep];
    const { container } = render(<JsonTree value={{ deep, "a\u202eb": "x\u200b", ["__proto__"]: 1 }} />);
    expect(container.textContent).toContain("⟦RLO⟧");
    expect(container.textContent).toContain("⟦ZWSP⟧");
    expect(render(<JsonTree value={null} />).container.textContent).toBe("null");
  });

  it("builds what is opened, piece by piece, and loses no member", () => {
    const value = Array.from({ length: 70_000 }, (_, index) => `m${index}`);
    const { container, rerender } = render(<JsonTree value={{ wide: value }} />);
    expect(container.querySelectorAll("*").length).toBeLessThan(500);
    fireEvent.click(screen.getByText("[69750 … 69999]:"));
    expect(screen.getByText('"m69999"')).toBeVisible();
    expect(screen.queryByText('"m69749"')).toBeNull();
    expect(container.querySelectorAll("*").length).toBeLessThan(2_000);
    rerender(<JsonTree value={{ wide: value }} />);
    expect(screen.getByText('"m69999"')).toBeVisible();
  });
});

it("a heading of a preview loses its own marks, too", () => {
  const { container } = render(<ProsePreview text={"## A **bold** `word`\nand **more**"} find="" />);
  expect(container.textContent).toBe("A bold wordand more");
});
