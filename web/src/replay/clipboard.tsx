import { useEffect, useState } from "react";
import { copyText } from "../copy";
import { useAnnounce } from "../shell/page";
import { Glyph, type GlyphName } from "./trace/EntryMark";

const SAID_MS = 1_600;

interface Props {
  /** What is copied, or how to get it. */
  text: string | (() => string);
  /** What the button does: `Copy link`. */
  label: string;
  glyph?: GlyphName;
  /** Show the label beside the glyph. */
  wide?: boolean;
  /** Whether Tab stops here. */
  reachable?: boolean;
}

/** A button that says for a moment that it has copied. */
export function CopyButton({ text, label, glyph = "copy", wide = false, reachable = true }: Props) {
  const [copied, setCopied] = useState<boolean | null>(null);
  const announce = useAnnounce();
  useEffect(() => {
    if (copied === null) return;
    const timer = setTimeout(() => setCopied(null), SAID_MS);
    return () => clearTimeout(timer);
  }, [copied]);
  const said = copied === null ? label : copied ? "Copied" : "Copying is not allowed here";
  return (
    <button
      type="button"
      className={wide ? "sr-button" : "sr-icon-button"}
      aria-label={label}
      title={said}
      tabIndex={reachable ? undefined : -1}
      onClick={(event) => {
        event.stopPropagation();
        void copyText(typeof text === "string" ? text : text()).then((done) => {
          setCopied(done);
          announce(done ? `${label}: copied` : "Copying is not allowed here");
        });
      }}
    >
      <Glyph name={copied === null ? glyph : copied ? "check" : "cross"} />
      {wide && <span>{copied ? "Copied" : label}</span>}
    </button>
  );
}
