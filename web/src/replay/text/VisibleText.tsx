import { Fragment, memo, type ReactNode } from "react";
import { type InvisibleRun, segmentsOf } from "./invisible";

/** A character that cannot be seen, as a badge that can. */
export function InvisibleBadge({ run }: { run: InvisibleRun }) {
  return (
    <span className={run.bidi ? "sr-invisible sr-invisible-bidi" : "sr-invisible"} title={run.title}>
      {run.label}
    </span>
  );
}

interface Props {
  text: string;
  /** Marked wherever it occurs, without regard to case. */
  find?: string;
}

/** Text from a transcript: invisible characters shown, the words looked for marked. */
export const VisibleText = memo(function VisibleText({ text, find = "" }: Props) {
  const nodes: ReactNode[] = [];
  for (const segment of segmentsOf(text)) {
    const key = nodes.length;
    if (typeof segment !== "string") nodes.push(<InvisibleBadge key={key} run={segment} />);
    else nodes.push(<Fragment key={key}>{find ? marked(segment, find) : segment}</Fragment>);
  }
  return nodes;
});

function marked(text: string, find: string): ReactNode[] {
  const nodes: ReactNode[] = [];
  const lower = text.toLowerCase();
  // Lower case can change a text's length (İ): then places no longer agree, and nothing is marked.
  if (lower.length !== text.length) return [text];
  const needle = find.toLowerCase();
  let end = 0;
  for (let at = lower.indexOf(needle); at !== -1; at = lower.indexOf(needle, end)) {
    nodes.push(text.slice(end, at), <mark key={at}>{text.slice(at, at + needle.length)}</mark>);
    end = at + needle.length;
  }
  nodes.push(text.slice(end));
  return nodes;
}
