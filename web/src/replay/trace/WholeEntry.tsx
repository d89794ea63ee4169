import { useRef } from "react";
import { Drawn } from "../inspector/Drawn";
import { diffsOf } from "../inspector/diffs";
import { useEntryWhole } from "../inspector/useEntryWhole";
import { Parts, ToolInput, ToolOutput } from "../inspector/views/ToolCall";
import { useFoundMarks } from "../text/useFoundMarks";
import { RowButton } from "./RowButton";
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
          <RowButton tabIndex={tabIndex} act={() => void failed.refetch()}>
            Retry
          </RowButton>
        </p>
      ) : (
        <div ref={content} className="sr-whole-content">
          {!head.data || !whole ? (
            <p className="sr-whole-waiting">
              <span className="sr-spinner" aria-hidden="true" /> Loading the entry…
            </p>
          ) : (
            <Drawn wholes={result.data ? [head.data, result.data] : [head.data]} attempt={`${rewrites}`}>
              {row.kind === "tool" ? (
                <>
                  <ToolInput {...scene} call={head.data} />
                  {result.data && <ToolOutput {...scene} call={head.data} result={result.data} />}
                </>
              ) : (
                <Parts whole={head.data} />
              )}
            </Drawn>
          )}
        </div>
      )}
      <p className="sr-whole-end">
        <RowButton tabIndex={tabIndex} act={less}>
          Show less
        </RowButton>
        {clipped && (
          <RowButton tabIndex={tabIndex} act={inspect}>
            Too long for a row: open in the inspector
          </RowButton>
        )}
      </p>
    </div>
  );
}
