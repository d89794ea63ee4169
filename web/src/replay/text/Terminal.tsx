import { type CSSProperties, useMemo } from "react";
import { type AnsiStyle, ansiRuns, cssColour } from "./ansi";
import { VisibleText } from "./VisibleText";

/** Output of a command with its colours. The ground is dark in both themes, as the colours were chosen for one. */
export function Terminal({ text }: { text: string }) {
  const runs = useMemo(() => ansiRuns(text), [text]);
  return (
    <pre className="sr-terminal">
      {runs.map((run, index) => {
        const style = cssStyle(run.style);
        const content = <VisibleText text={run.text} />;
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: runs have no other identity and never move
          <span key={index} style={style}>
            {content}
          </span>
        );
      })}
    </pre>
  );
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
