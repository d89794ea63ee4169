import { ApiError } from "../api/client";

/** Why a card has nothing to show; the list beside it says loudly what concerns both. */
export function CardFailure({ error, retry }: { error: Error; retry: () => void }) {
  const known = error instanceof ApiError ? error : null;
  return (
    <div className="card-failure" role="status">
      <strong>{known?.title ?? "This could not be loaded"}</strong>
      <p>{known?.detail ?? error.message}</p>
      {known?.requestId ? (
        <p>
          Request id: <code>{known.requestId}</code>
        </p>
      ) : null}
      <button type="button" className="outlined-button" onClick={retry}>
        Retry
      </button>
    </div>
  );
}
