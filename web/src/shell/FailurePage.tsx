import type { ErrorComponentProps } from "@tanstack/react-router";
import { ApiError } from "../api/client";
import { Notice } from "./Notice";

/** What went wrong, what to do, and the number under which the server's log tells more. */
export function Failure({ error, retry }: { error: unknown; retry: () => void }) {
  const known = error instanceof ApiError ? error : null;
  return (
    <Notice
      type="error"
      header={known?.title ?? "This page failed"}
      action={
        <button type="button" className="outlined-button" onClick={retry}>
          Retry
        </button>
      }
    >
      {known?.detail ?? (error instanceof Error ? error.message : String(error))}
      {known?.requestId ? (
        <div>
          Request id: <code>{known.requestId}</code>
        </div>
      ) : null}
    </Notice>
  );
}

export function FailurePage({ error, reset }: ErrorComponentProps) {
  return <Failure error={error} retry={reset} />;
}
