import type { ReactNode } from "react";
import { VisibleText } from "./VisibleText";

interface Props {
  text: string;
  find: string;
}

/**
 * The beginning of a Markdown text on a dense row: headings and bold stand out, code is monospaced.
 *
 * A row is drawn in a fraction of a millisecond, which a Markdown compiler is not made for; all the rest
 * stays as it was written.
 */
export function ProsePreview({ text, find }: Props) {
  let fenced = false;
  const lines: ReactNode[] = [];
  for (const line of text.split("\n")) {
    if (/^\s*(?:```|~~~)/.test(line)) fenced = !fenced;
    else if (line.trim() !== "")
      lines.push(<Line key={lines.length} line={line} fenced={fenced} find={find} />);
  }
  return <div className="sr-preview sr-prose">{lines}</div>;
}

function Line({ line, fenced, find }: { line: string; fenced: boolean; find: string }) {
  if (fenced) {
    return (
      <code className="sr-prose-line">
        <VisibleText text={line} find={find} />
      </code>
    );
  }
  const heading = /^#{1,6}\s+(.*)$/.exec(line);
  if (heading) {
    return (
      <b className="sr-prose-line">
        <Pieces line={heading[1] ?? ""} find={find} />
      </b>
    );
  }
  return (
    <span className="sr-prose-line">
      <Pieces line={line} find={find} />
    </span>
  );
}

function Pieces({ line, find }: { line: string; find: string }) {
  return line.split(/(`[^`]+`|\*\*[^*]+\*\*)/).map((piece, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: the pieces of a stored line never move
    <Piece key={index} piece={piece} find={find} />
  ));
}

function Piece({ piece, find }: { piece: string; find: string }) {
  if (piece.length > 2 && piece.startsWith("`") && piece.endsWith("`")) {
    return (
      <code>
        <VisibleText text={piece.slice(1, -1)} find={find} />
      </code>
    );
  }
  if (piece.length > 4 && piece.startsWith("**") && piece.endsWith("**")) {
    return (
      <b>
        <VisibleText text={piece.slice(2, -2)} find={find} />
      </b>
    );
  }
  return <VisibleText text={piece} find={find} />;
}
