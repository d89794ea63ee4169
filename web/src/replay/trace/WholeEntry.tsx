import { type ReactNode, useRef } from "react";
import { diffsOf } from "../inspector/diffs";
import { useEntryWhole } from "../inspector/useEntryWhole";
import { Parts, ToolInput, ToolOutput } from "../inspector/views/ToolCall";
import { useFoundMarks } from "../text/useFoundMarks";
import { headOf, type Row } from "./rows";
import { useClipped } from "./useClipped";

interface Props {
  sessionId: string;
  row: Row;
  rewrites: number;
  find: string;
  /** Paths below it are shown from there. */
  project: string | null;
  reachable: boolean;
  /** Shows the entry in the inspector, which has no bound. */
  inspect: () => void;
  less: () => void;
}

/** All of an entry in its row: of a tool call what was asked and what came back, up to a height. */
export function WholeEntry({ sessionId, row, rewrites, find, project, reachable, inspect, less }: Props) {
  const answered = row.kind === "tool" ? row.result : null;
  const head = useEntryWhole(sessionId, headOf(row).seq, rewrites);
  const result = useEntryWhole(sessionId, answered?.seq ?? null, rewrites);
  const failed = [head, result].find((query) => query.isError);
  const whole = head.data && (answered === null || result.data);
  const content = useRef<HTMLDivElement>(null);
  const clipped = useClipped(content, whole !== undefined);
  useFoundMarks(content, find, whole);
  const scene = { result: result.data ?? null, diffs: diffsOf(head.data, result.data), project };
  const tabIndex = reachable ? 0 : -1;
  return (
    <div className="sr-whole">
      {failed ? (
        <p className="sr-whole-failed" role="alert">
          {failed.error?.message ?? "The entry cannot be loaded."}{" "}
          <Button tabIndex={tabIndex} act={() => void failed.refetch()}>
            Retry
          </Button>
        </p>
      ) : (
        <div ref={content} className="sr-whole-content">
          {!head.data || !whole ? (
            <p className="sr-whole-waiting">
              <span className="sr-spinner" aria-hidden="true" /> Loading the entry…
            </p>
          ) : row.kind === "tool" ? (
            <>
              <ToolInput {...scene} call={head.data} />
              {result.data && <ToolOutput {...scene} call={head.data} result={result.data} />}
            </>
          ) : (
            <Parts whole={head.data} />
          )}
        </div>
      )}
      <p className="sr-whole-end">
        <Button tabIndex={tabIndex} act={less}>
          Show less
        </Button>
        {clipped && (
          <Button tabIndex={tabIndex} act={inspect}>
            Too long for a row: open in the inspector
          </Button>
        )}
      </p>
    </div>
  );
}

interface MoreProps {
  /** The preview itself ends before the entry does. */
  cut: boolean;
  words: string;
  reachable: boolean;
  more: () => void;
  children: ReactNode;
}

/** The beginning of an entry, with a way to all of it where something is left out. */
export function Clamped({ cut, words, reachable, more, children }: MoreProps) {
  const text = useRef<HTMLDivElement>(null);
  const clipped = useClipped(text, !cut);
  return (
    <div className="sr-text" ref={text}>
      {children}
      {(cut || clipped) && (
        <span className="sr-more">
          <Button tabIndex={reachable ? 0 : -1} act={more}>
            {words}
          </Button>
        </span>
      )}
    </div>
  );
}

interface ButtonProps {
  tabIndex: number;
  act: () => void;
  children: ReactNode;
}

function Button({ tabIndex, act, children }: ButtonProps) {
  return (
    <button
      type="button"
      className="sr-link-button"
      tabIndex={tabIndex}
      onClick={(event) => {
        event.stopPropagation();
        act();
      }}
    >
      {children}
    </button>
  );
}
