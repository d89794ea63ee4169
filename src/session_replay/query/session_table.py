"""The list of sessions as rows of a table; what the columns hold is in docs/export.md."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Generator, Iterable
from contextlib import AbstractContextManager

from sqlalchemy import Connection

from session_replay.query.sessions import Catalogue
from session_replay.query.spreadsheet import Cell, csv_lines, fitted
from session_replay.wire import Session

ROWS_AT_ONCE = 500

COLUMNS = (
    "id",
    "host",
    "user",
    "project",
    "folder",
    "title",
    "first_prompt",
    "started_at",
    "ended_at",
    "duration_ms",
    "active_ms",
    "messages",
    "prompts",
    "tool_calls",
    "input_tokens",
    "output_tokens",
    "cache_creation_tokens",
    "cache_read_tokens",
    "total_tokens",
    "models",
    "tools",
    "git_branches",
    "permission_modes",
    "git_branch",
    "client_version",
    "subagents",
    "entries",
    "lines",
    "lines_with_entries",
    "inherited_lines",
    "size_bytes",
    "live",
    "orphan",
    "damaged",
)


def table(
    catalogue: Catalogue, read: Callable[[], AbstractContextManager[Connection]], listed: array[int]
) -> Generator[bytes]:
    """The table as CSV in pieces; each is read when it is asked for, and nothing is held between two.

    Args:
        catalogue: Answers for the rows.
        read: A snapshot, a new one for each piece: a slow reader must not keep an old one alive.
        listed: What ``Catalogue.fixed`` gave.
    """
    yield csv_lines([COLUMNS])
    for start in range(0, len(listed), ROWS_AT_ONCE):
        with read() as connection:
            found = catalogue.those(connection, listed[start : start + ROWS_AT_ONCE])
        if found:
            yield csv_lines(map(session_row, found))


def session_row(session: Session) -> list[Cell]:
    """The cells of a session, in the order of ``COLUMNS``."""
    tokens = session.tokens
    return [
        session.id,
        session.client.host,
        session.client.user,
        session.project,
        session.folder,
        session.title,
        session.first_prompt,
        session.started_at,
        session.ended_at,
        session.duration_ms,
        session.active_ms,
        session.messages,
        session.prompts,
        session.tool_calls,
        tokens.input,
        tokens.output,
        tokens.cache_creation,
        tokens.cache_read,
        tokens.total,
        _lines(session.models),
        _lines(session.tools),
        _lines(session.git_branches),
        _lines(session.permission_modes),
        session.git_branch,
        session.client_version,
        session.subagents,
        session.entries,
        session.lines,
        session.lines_with_entries,
        session.inherited_lines,
        session.size_bytes,
        str(session.live).lower(),
        str(session.orphan).lower(),
        str(session.damaged).lower(),
    ]


def _lines(names: Iterable[str]) -> str:
    return fitted("\n".join(names))
