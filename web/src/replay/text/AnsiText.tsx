import { type CSSProperties, useMemo } from "react";
import { type AnsiRun, type AnsiStyle, ansiRuns, cssColour } from "./ansi";
import { VisibleText } from "./VisibleText";

interface Props {
  text?: string;
  /** What `ansiRuns` made of the text, where that was done before. */
  runs?: readonly AnsiRun[];
  /** Marked wherever it occurs within one run of a style, without regard to case. */
  find?: string;
  /**
   * Where the text stands: on a terminal's own ground, or on the page's, where only the theme's sixteen colours
   * are sure to be readable and the others are left out.
   */
  ground: "terminal" | "page";
}

/** Output of a command with its colours. */
export function AnsiText({ text = "", runs, find = "", ground }: Props) {
  const drawn = useMemo(() => runs ?? ansiRuns(text), [runs, text]);
  return drawn.map((run, index) => {
    const style = cssStyle(ground === "page" ? pageStyle(run.style) : run.style);
    const content = <VisibleText text={run.text} find={find} />;
    return (
      // biome-ignore lint/suspicious/noArrayIndexKey: runs have no other identity and never move
      <span key={index} style={style}>
        {content}
      </span>
    );
  });
}

const THEME_COLOURS = 16;

function pageStyle({
  foreground,
  background: _background,
  inverse: _inverse,
  ...kept
}: AnsiStyle): AnsiStyle {
  return typeof foreground === "number" && foreground < THEME_COLOURS ? { ...kept, foreground } : kept;
}

function cssStyle(style: AnsiStyle): CSSProperties | undefined {
  if (Object.keys(style).length === 0) return undefined;
  const foreground = style.foreground === undefined ? undefined : cssColour(style.foreground);
  const background = style.background === undefined ? undefined : cssColour(style.background);
  const decoration = [style.underline && "underline", style.strike && "line-through"]
    .filter(Boolean)
    .join(" ");
  return {
    color: style.inverse ? (background ?? "var(--sr-terminal-ground)") : foreground,
    backgroundColor: style.inverse ? (foreground ?? "var(--sr-terminal-text)") : background,
    fontWeight: style.bold ? 700 : undefined,
    opacity: style.dim ? 0.75 : undefined,
    fontStyle: style.italic ? "italic" : undefined,
    textDecoration: decoration || undefined,
  };
}
