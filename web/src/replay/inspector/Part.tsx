import { type ReactNode, useState } from "react";
import { formatBytes } from "../../format";
import { CopyButton } from "../clipboard";
import type { ContentPart } from "../shapes";
import { Code } from "../text/Code";
import { JsonTree } from "../text/JsonTree";
import { Markdown } from "../text/Markdown";
import { Terminal } from "../text/Terminal";
import { VisibleText } from "../text/VisibleText";

/** Longer parts are cut until asked for: a browser takes seconds to lay out megabytes of text. */
const CHARACTERS_FIRST_MAX = 60_000;

/** One part of an entry's content, drawn as what it is. */
export function Part({ part }: { part: ContentPart }) {
  const [all, setAll] = useState(false);
  const text = part.text ?? "";
  const cut = !all && text.length > CHARACTERS_FIRST_MAX;
  const shown = cut ? { ...part, text: text.slice(0, CHARACTERS_FIRST_MAX) } : part;
  return (
    <Block label={part.label} path={part.path} copy={copyable(part)}>
      <PartBody part={shown} />
      {cut && (
        <button type="button" className="sr-link-button" onClick={() => setAll(true)}>
          Show all {formatBytes(text.length)}
        </button>
      )}
      {part.truncated_bytes > 0 && (
        <p className="sr-note">
          {formatBytes(part.truncated_bytes)} more are in the raw line and left out here.
        </p>
      )}
    </Block>
  );
}

function PartBody({ part }: { part: ContentPart }) {
  const text = part.text ?? "";
  switch (part.kind) {
    case "markdown":
      return <Markdown text={text} />;
    case "code":
      return <Code text={text} language={part.language} />;
    case "terminal":
      return <Terminal text={text} />;
    case "json":
      return <JsonTree value={part.value} />;
    case "image":
      return <Picture part={part} />;
    case "notice":
      return (
        <p className="sr-notice">
          <VisibleText text={text} />
        </p>
      );
    default:
      return (
        <pre className="sr-plain">
          <VisibleText text={text} />
        </pre>
      );
  }
}

const PICTURES = ["image/png", "image/jpeg", "image/gif", "image/webp"];
const BASE64 = /^[A-Za-z0-9+/=\s]*$/;

/** Only formats without scripts in them, and only bytes that the line itself holds. */
function Picture({ part }: { part: ContentPart }) {
  const { media_type, data } = part;
  if (!media_type || !data || !PICTURES.includes(media_type) || !BASE64.test(data)) {
    return (
      <p className="sr-notice">An image of a kind that is not shown here ({media_type ?? "unknown"}).</p>
    );
  }
  return (
    <figure className="sr-picture">
      <img src={`data:${media_type};base64,${data}`} alt={part.label ?? "from the transcript"} />
      <figcaption>
        {media_type.slice("image/".length).toUpperCase()} · {formatBytes(Math.floor(data.length * 0.75))}
      </figcaption>
    </figure>
  );
}

interface BlockProps {
  label?: string | null;
  path?: string | null;
  copy?: string | null;
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

/** What the copy button of a part gives; null for what is no text. */
export function copyable(part: ContentPart): string | null {
  if (part.kind === "json") return JSON.stringify(part.value, null, 2);
  if (part.kind === "image" || part.kind === "notice") return null;
  return part.text ?? "";
}
