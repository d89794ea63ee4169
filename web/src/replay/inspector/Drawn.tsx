import { CatchBoundary } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { EntryWhole } from "../shapes";
import { LongText } from "../text/LongText";

interface Props {
  /** What is drawn: an entry, or a call and its result. */
  wholes: readonly EntryWhole[];
  /** Another one is tried anew. */
  attempt: string;
  children: ReactNode;
}

/** What draws an entry. One that cannot be drawn is shown as it is stored, and the page goes on. */
export function Drawn({ wholes, attempt, children }: Props) {
  return (
    <CatchBoundary
      getResetKey={() => attempt}
      errorComponent={({ error }) => (
        <>
          <p className="sr-notice sr-notice-error" role="alert">
            This entry could not be drawn ({error instanceof Error ? error.message : String(error)}). This is
            how it is stored:
          </p>
          {wholes.map((whole) => (
            <pre key={whole.seq} className="sr-plain">
              <LongText text={whole.raw} />
            </pre>
          ))}
        </>
      )}
    >
      {children}
    </CatchBoundary>
  );
}
