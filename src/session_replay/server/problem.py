"""Errors as RFC 9457 problem details: one table from an error's code to a status."""

from __future__ import annotations

import logging
import secrets
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException, NotFoundException, ValidationException

from session_replay.errors import OffsetGap, ReplayError, TooMuch, Unreachable
from session_replay.wire import Problem

log = logging.getLogger(__name__)

STATUS = {
    "invalid-request": 400,
    "invalid-filter": 400,
    "invalid-cursor": 400,
    "not-signed-in": 401,
    "forbidden": 403,
    "not-found": 404,
    "name-taken": 409,
    "offset-gap": 409,
    "revoked": 403,
    "too-large": 413,
    "too-much": 429,
    "protocol-unsupported": 400,
    "unreachable": 503,
    "tampered": 500,
}
TITLE = {
    "invalid-request": "Invalid request",
    "invalid-filter": "Invalid filter",
    "invalid-cursor": "Invalid cursor",
    "not-signed-in": "Not signed in",
    "forbidden": "Forbidden",
    "not-found": "Not found",
    "name-taken": "Name taken",
    "offset-gap": "Offset gap",
    "revoked": "Revoked",
    "too-large": "Too large",
    "too-much": "Too much",
    "protocol-unsupported": "Protocol unsupported",
    "unreachable": "Unavailable",
    "tampered": "Stored data is damaged",
    "method-not-allowed": "Method not allowed",
    "internal": "Internal error",
}
PROBLEM_JSON = "application/problem+json"


def problem_response(
    code: str, status: int, detail: str, *, expected: int | None = None, retry_after_seconds: float = 0
) -> Response[bytes]:
    """The answer for an error."""
    problem = Problem(
        type=f"/problems/{code}",
        title=TITLE.get(code, code),
        status=status,
        detail=detail,
        request_id=secrets.token_hex(8),
        expected=expected,
    )
    if status >= 500:  # noqa: PLR2004 - server errors
        log.error("%s %s: %s", problem.request_id, code, detail)
    headers = {"WWW-Authenticate": "Bearer"} if status == STATUS["not-signed-in"] else {}
    if retry_after_seconds:
        headers["Retry-After"] = str(max(1, round(retry_after_seconds)))
    return Response(msgspec.json.encode(problem), status_code=status, media_type=PROBLEM_JSON, headers=headers)


def replay_error(_: Request[Any, Any, Any], error: ReplayError) -> Response[bytes]:
    """An error that was raised on purpose."""
    expected = error.expected if isinstance(error, OffsetGap) else None
    wait = error.retry_after_seconds if isinstance(error, TooMuch | Unreachable) else 0
    status = STATUS.get(error.code, 500)
    return problem_response(error.code, status, str(error), expected=expected, retry_after_seconds=wait)


def framework_error(_: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    """An error that the framework found: an unknown address, a parameter of the wrong type."""
    if isinstance(error, ValidationException):
        fields: list[Any] = error.extra if isinstance(error.extra, list) else []
        wrong = "; ".join(f"{field.get('key')}: {field.get('message')}" for field in fields)
        return problem_response("invalid-request", 400, wrong or error.detail)
    if isinstance(error, NotFoundException):
        return problem_response("not-found", 404, "There is nothing at this address.")
    code = {405: "method-not-allowed", 400: "invalid-request"}.get(error.status_code, "internal")
    return problem_response(code, error.status_code, error.detail)


def unexpected_error(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """A bug: details only in the log."""
    response = problem_response("internal", 500, "Something went wrong; the server's log says more.")
    log.error("%s %s", request.method, request.url.path, exc_info=error)
    return response
