"""From stored rows to the sessions that people see.

A page costs the same few statements however long it is: the rows, the lists of names, and what of
names and keys is not in memory yet.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from itertools import chain
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, select

from session_replay.errors import Tampered
from session_replay.query.instant import written_time
from session_replay.query.meaning import LIVE_MS
from session_replay.store.names import Names
from session_replay.store.schema import clients, session_names, sessions, streams
from session_replay.store.sessions import SessionKeys, SessionText
from session_replay.store.streams import open_path
from session_replay.wire import ClientMark, FindingCounts, Session, Tokens

TOKEN_COLUMNS = ("input_tokens", "output_tokens", "cache_creation_tokens", "cache_read_tokens")


@cache
def stored_rows() -> Select[Any]:
    """Rows of sessions with what their client and stream add; the caller restricts and orders them.

    Kept, because making a statement of so many columns costs as much as its answer.
    """
    return (
        select(
            sessions,
            clients.c.host_id,
            clients.c.user_id,
            streams.c.generation,
            streams.c.address,
            streams.c.sealed_path,
            (streams.c.length - streams.c.parsed_to).label("pending_bytes"),
        )
        .join(clients, clients.c.id == sessions.c.client_id)
        .join(streams, streams.c.id == sessions.c.stream_id)
    )


_LISTED = (
    select(session_names.c.session_id, session_names.c.kind, session_names.c.name_id)
    .where(session_names.c.session_id.in_(bindparam("session_ids", expanding=True)))
    .order_by(session_names.c.session_id, session_names.c.kind, session_names.c.position)
)


class Words:
    """Opens what is sealed of a page's rows."""

    def __init__(self, names: Names, keys: SessionKeys) -> None:
        self._names = names
        self._keys = keys

    def presented(self, connection: Connection, rows: Sequence[Row[Any]], *, now_ms: int) -> list[Session]:
        """The sessions of ``stored_rows``, in their order; one of which something is damaged is there without that."""
        lists = self._listed(connection, [row.id for row in rows])
        numbers = {row.id: _name_numbers(row, lists[row.id]) for row in rows}
        texts = self._names.texts(connection, set[int]().union(*numbers.values()))
        secrets, damaged_keys = self._keys.find_readable(connection, [row.id for row in rows])
        damaged_names = self._names.damaged(texts)
        presented: list[Session] = []
        for row in rows:
            listed = {kind: [texts[number] for number in found] for kind, found in lists[row.id].items()}
            secret = secrets.get(row.id)
            # Where there is no key the words went with it.
            words = SessionText() if secret is None else self._keys.open_text(secret, row.id, bytes(row.sealed_text))
            folder = "" if secret is None else self._folder(row, secret)
            live = abs(now_ms - row.grown_ms) <= LIVE_MS
            session = _presented(row, texts, listed, words or SessionText(), live=live)
            session.folder = folder or ""
            session.damaged = (
                row.id in damaged_keys
                or words is None
                or folder is None
                or not damaged_names.isdisjoint(numbers[row.id] if damaged_names else ())
            )
            presented.append(session)
        return presented

    def _folder(self, row: Row[Any], secret: bytes) -> str | None:
        """The folder below ``projects``; None where the path is damaged."""
        try:
            path = open_path(self._keys.organization_key, secret, row.address, row.sealed_path)
        except Tampered:
            self._keys.tell_damage(row.id, "path")
            return None
        return path.rpartition("projects/")[2].partition("/")[0] if "/" in path else ""

    def _listed(self, connection: Connection, session_ids: list[str]) -> defaultdict[str, dict[str, list[int]]]:
        found: defaultdict[str, dict[str, list[int]]] = defaultdict(dict)
        if session_ids:
            rows = connection.execute(_LISTED, {"session_ids": session_ids}).all()
            for session_id, kind, number in rows:
                found[session_id].setdefault(kind, []).append(number)
        return found


def _name_numbers(row: Row[Any], listed: dict[str, list[int]]) -> list[int]:
    """All names of a row."""
    own = (row.project_id, row.git_branch_id, row.client_version_id, row.host_id, row.user_id)
    return [number for number in chain(own, *listed.values()) if number is not None]


def _presented(
    row: Row[Any], texts: dict[int, str], listed: dict[str, list[str]], words: SessionText, *, live: bool
) -> Session:
    return Session(
        id=row.id,
        parent_id=row.parent_id,
        agent_id=row.agent_id,
        client=ClientMark(row.client_id, texts[row.host_id], texts[row.user_id]),
        project=texts.get(row.project_id),
        git_branch=texts.get(row.git_branch_id),
        title=words.title,
        first_prompt=words.first_prompt,
        models=listed.get("model", []),
        client_version=texts.get(row.client_version_id),
        started_at=written_time(row.started_ms),
        ended_at=written_time(row.ended_ms),
        duration_ms=row.duration_ms,
        active_ms=row.active_ms,
        live=live,
        messages=row.messages,
        prompts=row.prompts,
        tool_calls=row.tool_calls,
        entries=row.entries,
        lines=row.lines,
        size_bytes=row.size_bytes,
        tokens=token_counts(*(getattr(row, column) for column in TOKEN_COLUMNS)),
        cost_usd=None,
        findings=FindingCounts(),
        subagents=row.subagents,
        inherited_lines=row.inherited_lines,
        orphan=row.orphan,
        warmup=row.warmup,
        agent_type=words.agent_type,
        description=words.description,
        lines_with_entries=row.lines_with_entries,
        damaged_lines=row.damaged_lines,
        pending_bytes=row.pending_bytes,
        tools=listed.get("tool", []),
        git_branches=listed.get("git_branch", []),
        permission_modes=listed.get("permission_mode", []),
        generation=row.generation,
        spawned_by_seq=row.spawned_by_seq,
    )


def token_counts(*parts: int) -> Tokens:
    """Tokens of the four parts in the order of ``TOKEN_COLUMNS``; a sum over no rows is None."""
    counted = [int(part or 0) for part in parts]
    return Tokens(*counted, total=sum(counted))
