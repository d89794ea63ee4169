import { type ReactNode, useState } from "react";
import { formatBytes, formatCount } from "../../format";
import { CopyButton } from "../clipboard";
import type { ContentPart } from "../shapes";
import { Code, NumberedCode } from "../text/Code";
import { beginningOf, lineCountOf } from "../text/chunks";
import { JsonTree } from "../text/JsonTree";
import { LongText } from "../text/LongText";
import { Markdown } from "../text/Markdown";
import { Terminal } from "../text/Terminal";
import { VisibleText } from "../text/VisibleText";
import { languageOf } from "./language";
import { Picture } from "./Picture";

/** One part of an entry's content, drawn as what it is. */
export function Part({ part }: { part: ContentPart }) {
  const { label, path } = part;
  return (
    <>
      {part.kind === "json" ? (
        <Block label={label} path={path} copy={() => JSON.stringify(part.value, null, 2)}>
          <JsonTree value={part.value} />
        </Block>
      ) : part.kind === "image" ? (
        <Block label={label} path={path}>
          <Picture part={part} />
        </Block>
      ) : part.kind === "notice" ? (
        <p className="sr-notice">
          <VisibleText text={part.text ?? ""} />
        </p>
      ) : (
        <LongBlock label={label} path={path} text={part.text ?? ""}>
          {(text) => <Words part={part} text={text} />}
        </LongBlock>
      )}
      {part.truncated_bytes > 0 && (
        <p className="sr-note">
          {formatBytes(part.truncated_bytes)} more are{" "}
          {part.path === null ? "in the raw line" : "in the file"} and left out here.
        </p>
      )}
    </>
  );
}

/** Above this many lines the numbers cost more time than they save. */
const NUMBERED_LINES_MAX = 10_000;

function Words({ part, text }: { part: ContentPart; text: string }) {
  if (part.kind === "markdown") return <Markdown text={text} />;
  if (part.kind === "terminal") return <Terminal text={text} />;
  if (part.kind !== "code")
    return (
      <pre className="sr-plain">
        <LongText text={text} />
      </pre>
    );
  const start = firstLine(part);
  const language = (part.path !== null && languageOf(part.path)) || part.language;
  return start !== null && lineCountOf(text) <= NUMBERED_LINES_MAX ? (
    <NumberedCode text={text} language={language} start={start} />
  ) : (
    <Code text={text} language={language} />
  );
}

/** Number of the first line of a part that is a file's text; null for other code. */
function firstLine({ label, path }: ContentPart): number | null {
  if (path === null) return null;
  const from = /^from line (\d+)$/.exec(label ?? "");
  return from ? Number(from[1]) : label === "file" || label === "content" ? 1 : null;
}

interface LongBlockProps {
  label?: string | null;
  path?: string | null;
  text: string;
  /** What the copy button gives, where it is not the text. */
  copy?: string;
  /** Draws the text, or its beginning. */
  children: (shown: string) => ReactNode;
}

/** A block of text, cut until asked for where it is very long: the whole is laid out piece by piece. */
export function LongBlock({ label = null, path = null, text, copy = text, children }: LongBlockProps) {
  const [all, setAll] = useState(false);
  const beginning = all ? null : beginningOf(text);
  return (
    <Block label={label} path={path} copy={copy}>
      {children(beginning ?? text)}
      {beginning !== null && (
        <button type="button" className="sr-button sr-show-all" onClick={() => setAll(true)}>
          Show all: {formatCount(lineCountOf(text))} {lineCountOf(text) === 1 ? "line" : "lines"},{" "}
          {formatBytes(text.length)}
        </button>
      )}
    </Block>
  );
}

interface BlockProps {
  label?: string | null;
  path?: string | null;
  copy?: string | (() => string) | null;
  children: ReactNode;
}

/** A labelled piece of content with its copy button. */
export function Block({ label = null, path = null, copy = null, children }: BlockProps) {
  return (
    <section className="sr-block">
      {(label !== null || path !== null || copy !== null) && (
        <header className={label === null && path === null ? "sr-block-head sr-block-bare" : "sr-block-head"}>
          <span className="sr-block-label">{label}</span>
          {path !== null && (
            <span className="sr-block-path" title={path}>
              <VisibleText text={path} />
            </span>
          )}
          {copy !== null && <CopyButton text={copy} label={`Copy ${label ?? "content"}`} />}
        </header>
      )}
      {children}
    </section>
  );
}
