import Alert from "@cloudscape-design/components/alert";
import Button from "@cloudscape-design/components/button";
import type { ErrorComponentProps } from "@tanstack/react-router";
import { ApiError } from "../api/client";

/** What went wrong, what to do, and the number under which the server's log tells more. */
export function Failure({ error, retry }: { error: unknown; retry: () => void }) {
  const known = error instanceof ApiError ? error : null;
  return (
    <Alert
      type="error"
      header={known?.title ?? "This page failed"}
      action={<Button onClick={retry}>Retry</Button>}
    >
      {known?.detail ?? (error instanceof Error ? error.message : String(error))}
      {known?.requestId ? (
        <div>
          Request id: <code>{known.requestId}</code>
        </div>
      ) : null}
    </Alert>
  );
}

export function FailurePage({ error, reset }: ErrorComponentProps) {
  return <Failure error={error} retry={reset} />;
}
