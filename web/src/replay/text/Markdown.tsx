import { memo } from "react";
import ReactMarkdown, { type Components } from "react-markdown";
import rehypeHighlight from "rehype-highlight";
import remarkGfm from "remark-gfm";
import { LongText } from "./LongText";
import { rehypeVisible } from "./tree";
import { VisibleText } from "./VisibleText";

/** Longer texts are shown as they are written: compiling them would hold the page. */
export const MARKDOWN_CHARACTERS_MAX = 40_000;

const PROTOCOLS = ["http:", "https:", "mailto:"];

/** The address if a browser may follow it, else null: a transcript can hold `javascript:` and `data:` links. */
export function safeAddress(address: string | undefined): string | null {
  if (!address) return null;
  try {
    const url = new URL(address);
    return PROTOCOLS.includes(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

const COMPONENTS: Components = {
  a: ({ href, children }) => {
    const address = safeAddress(href);
    // A relative or foreign address leads nowhere from here: its words are kept, and the address itself told.
    if (!address) return <span title={href}>{children}</span>;
    return (
      <a href={address} target="_blank" rel="noopener noreferrer nofollow" title={address}>
        {children}
      </a>
    );
  },
  img: ({ src, alt }) => (
    <span className="sr-remote-image">
      image not loaded: <VisibleText text={alt || "without a description"} />
      {typeof src === "string" && src !== "" && (
        <>
          {" ("}
          <VisibleText text={src.slice(0, 300)} />)
        </>
      )}
    </span>
  ),
  input: ({ checked }) => (
    <input
      type="checkbox"
      checked={checked ?? false}
      readOnly
      disabled
      aria-label={checked ? "done" : "open"}
    />
  ),
  table: ({ children }) => (
    <div className="sr-table-scroll">
      <table>{children}</table>
    </div>
  ),
};

/** Markdown of a transcript. HTML in it is shown as text; nothing is fetched. */
export const Markdown = memo(function Markdown({ text }: { text: string }) {
  if (text.length > MARKDOWN_CHARACTERS_MAX || explodes(text)) {
    return (
      <pre className="sr-plain">
        <LongText text={text} />
      </pre>
    );
  }
  return (
    <div className="sr-markdown">
      <ReactMarkdown
        remarkPlugins={[remarkGfm]}
        rehypePlugins={[[rehypeHighlight, { detect: false }], rehypeVisible]}
        components={COMPONENTS}
        // Addresses are judged where they are drawn, see `a` above; images are never loaded.
        urlTransform={(address) => address}
      >
        {text}
      </ReactMarkdown>
    </div>
  );
});

const TABLE_CELLS_MAX = 20_000;
const LIST_ITEMS_MAX = 1_000;
const UNDERLINES_MAX = 500;
const MARKS_OF_A_BLOCK_MAX = 2_000;

/**
 * Texts of some kilobytes that compile to millions of nodes, to thousands of levels, or in minutes: of `n` marks for
 * emphasis, brackets or headings by underlines in one block, each is looked for among all others.
 */
export function explodes(text: string): boolean {
  return (
    /[>[*_(`~-]{400}|(?:[>*+-] ?){200}/.test(text) ||
    tableCells(text) > TABLE_CELLS_MAX ||
    count(text, /^[ \t>]*(?:[-+*]|\d{1,9}[.)])(?=[ \t]|$)/gm) > LIST_ITEMS_MAX ||
    count(text, /^[ \t>]*(?:=+|-+)[ \t]*$/gm) > UNDERLINES_MAX ||
    text.split(/\n[ \t]*\n/).some((block) => {
      // An underline within a word, as names of programs have it, is none.
      const emphasis = count(block, /[*~]+|(?<![\p{L}\p{N}])_+|_+(?![\p{L}\p{N}])/gu);
      return emphasis > MARKS_OF_A_BLOCK_MAX || count(block, /\]/g) > MARKS_OF_A_BLOCK_MAX;
    })
  );
}

function count(text: string, pattern: RegExp): number {
  return text.match(pattern)?.length ?? 0;
}

/** An upper bound: every line of a table gets as many cells as its widest head, however short it is. */
function tableCells(text: string): number {
  const lines = text.split("\n");
  const columns = lines.map((line) =>
    line.includes("|") && /^[\s|:-]+$/.test(line) ? line.split("|").length : 0,
  );
  return columns.reduce((most, one) => Math.max(most, one), 0) * lines.length;
}
