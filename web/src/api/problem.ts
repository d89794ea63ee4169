import type { components } from "./schema";

type Problem = components["schemas"]["Problem"];

/** An answer that is not a success, or no answer at all; `message` is fit to be shown. */
export class ApiError extends Error {
  override readonly name = "ApiError";

  constructor(
    /** HTTP status; 0: the server was not reached. */
    readonly status: number,
    /** The stable code at the end of the problem's `type`: `not-found`, `invalid-filter`, … */
    readonly type: string,
    readonly title: string,
    /** What happened and what to do. */
    readonly detail: string,
    readonly requestId: string | null,
  ) {
    super(detail);
  }

  /** Asking again may help: the server was not reached, or failed, or was busy. */
  get passing(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

export function unreachable(cause: unknown): ApiError {
  const reason = cause instanceof Error && cause.message !== "" ? ` (${cause.message})` : "";
  return new ApiError(
    0,
    "unreachable",
    "The server does not answer",
    `The Session Replay server does not answer${reason}. Check that it is still running.`,
    null,
  );
}

/** The error that a response tells: problem details where there are some, else what the status says. */
export async function problemOf(response: Response): Promise<ApiError> {
  const requestId = response.headers.get("x-request-id");
  if (response.headers.get("content-type")?.includes("json")) {
    const body: unknown = await response.json().catch(() => null);
    if (isProblem(body)) {
      const code = body.type.split(/[/:#]/).at(-1) || "about:blank";
      return new ApiError(response.status, code, body.title, body.detail, body.request_id || requestId);
    }
  }
  const title = `The server answered ${response.status}`;
  const code = response.status === 401 ? "not-signed-in" : `http-${response.status}`;
  return new ApiError(response.status, code, title, `${title} ${response.statusText}`.trim(), requestId);
}

function isProblem(body: unknown): body is Problem {
  return (
    typeof body === "object" &&
    body !== null &&
    typeof (body as Problem).type === "string" &&
    typeof (body as Problem).title === "string" &&
    typeof (body as Problem).detail === "string"
  );
}
