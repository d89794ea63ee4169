"""From the database to the columns: all sessions at first, then those that later transactions wrote."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Connection, Row, Select, and_, select

from session_replay.query.mirror.columns import COUNTED, FIGURES, NAMED, Columns, Dictionary, Record
from session_replay.query.texts import fold
from session_replay.query.vocabulary import Property
from session_replay.store.changes import visible_changes
from session_replay.store.names import Names
from session_replay.store.schema import clients, session_keys, session_names, sessions
from session_replay.store.sessions import SessionKeys

ROWS_AT_ONCE = 2_000

_root, _parent = sessions.alias("root"), sessions.alias("parent")


def _figure(of: Property) -> ColumnElement[int]:
    first, *others = (sessions.c[column] for column in of.columns)
    return sum(others, start=first)


def _name(of: Property) -> ColumnElement[int]:
    (column,) = [clients.c[f"{of.names}_id"]] if of.by_client else [sessions.c[column] for column in of.columns]
    return column


_FIRST_FIGURE = 8
_FIRST_NAME = _FIRST_FIGURE + len(FIGURES) + len(COUNTED)
_RECORDS: Select[Any] = (
    select(
        sessions.c.stream_id,
        sessions.c.id,
        _root.c.stream_id.label("root"),
        _parent.c.stream_id.label("parent"),
        sessions.c.parent_id.is_(None).label("listed"),
        sessions.c.orphan,
        sessions.c.sealed_text,
        session_keys.c.wrapped,
        *(_figure(one).label(f"figure {one.name}") for one in FIGURES),
        *(sessions.c[name].label(f"counted {name}") for name in COUNTED),
        *(_name(one).label(f"name {one.name}") for one in NAMED),
    )
    .join(clients, clients.c.id == sessions.c.client_id)
    .outerjoin(_root, _root.c.id == sessions.c.root_id)
    .outerjoin(_parent, _parent.c.id == sessions.c.parent_id)
    .outerjoin(session_keys, session_keys.c.session_id == sessions.c.id)
)
_PAIRS = (
    select(sessions.c.stream_id, session_names.c.kind, session_names.c.name_id)
    .join(sessions, sessions.c.id == session_names.c.session_id)
    .order_by(session_names.c.session_id, session_names.c.kind)
)


class Feed:
    """Reads sessions of one organization into columns.

    Args:
        names: The organization's dictionary.
        keys: Opens titles and first prompts.
    """

    def __init__(self, names: Names, keys: SessionKeys) -> None:
        self._names = names
        self._keys = keys
        self._own = sessions.c.organization_id == keys.organization_key.organization

    def load(self, connection: Connection, is_stopped: Callable[[], bool] = lambda: False) -> Columns | None:
        """All sessions of the connection's snapshot; None where it was stopped."""
        columns = Columns()
        for kind, dictionary in columns.names.items():
            for name_id, text in self._names.all(connection, kind).items():
                dictionary.add(name_id, text)
        if not self._read(connection, columns, self._own, is_stopped):
            return None
        columns.number = visible_changes(connection).last
        return columns

    def follow(self, connection: Connection, columns: Columns, number: int) -> None:
        """Bring columns to ``number``, the last that the snapshot shows; no session was removed since theirs."""
        self._read(connection, columns, and_(self._own, sessions.c.change > columns.number), lambda: False)
        columns.number = number

    def _read(
        self,
        connection: Connection,
        columns: Columns,
        which: ColumnElement[bool],
        is_stopped: Callable[[], bool],
    ) -> bool:
        changed: list[NDArray[np.int32]] = []
        for rows in connection.execute(_RECORDS.where(which)).partitions(ROWS_AT_ONCE):
            if is_stopped():
                return False
            self._learn_names(connection, columns, rows)
            columns.put([self._record(columns, row) for row in rows])
            changed.append(columns.rows_of([row.stream_id for row in rows]))
        if changed:
            columns.settle()
            self._read_lists(connection, columns, which, np.concatenate(changed))
        return not is_stopped()

    def _learn_names(self, connection: Connection, columns: Columns, rows: Sequence[Row[Any]]) -> None:
        for place, one in enumerate(NAMED, start=_FIRST_NAME):
            if one.names:
                self._learn(connection, columns.names[one.names], {row[place] for row in rows})

    def _learn(self, connection: Connection, dictionary: Dictionary, name_ids: Iterable[int | None]) -> None:
        unknown = dictionary.unknown(name_ids)
        if unknown:
            for name_id, text in self._names.texts(connection, unknown).items():
                dictionary.add(name_id, text)

    def _record(self, columns: Columns, row: Row[Any]) -> Record:
        title, first_prompt = self._words(row.id, row.wrapped, row.sealed_text)
        codes = [
            columns.names[one.names].code(row[place]) for place, one in enumerate(NAMED, start=_FIRST_NAME) if one.names
        ]
        figures = row[_FIRST_FIGURE:_FIRST_NAME]
        return Record(
            row.stream_id, row.id, row.root, row.parent, row.listed, row.orphan, figures, codes, title, first_prompt
        )

    def _words(self, session_id: str, wrapped: bytes | None, sealed: bytes) -> tuple[bytes, bytes]:
        if wrapped is None:  # destroyed with its key
            return b"", b""
        # The keys of all sessions are not worth the memory of keeping them opened.
        secret = self._keys.open_key(session_id, bytes(wrapped))
        text = None if secret is None else self._keys.open_text(secret, session_id, bytes(sealed))
        if text is None:
            return b"", b""
        return (fold(text.title) or "").encode(), (fold(text.first_prompt) or "").encode()

    def _read_lists(
        self, connection: Connection, columns: Columns, which: ColumnElement[bool], changed: NDArray[np.int32]
    ) -> None:
        holders: dict[str, list[NDArray[np.int32]]] = {kind: [] for kind in columns.lists}
        codes: dict[str, list[NDArray[np.int32]]] = {kind: [] for kind in columns.lists}
        for pairs in connection.execute(_PAIRS.where(which)).partitions(ROWS_AT_ONCE * 10):
            streams, kinds, name_ids = zip(*pairs, strict=True)
            rows = columns.rows_of(streams)
            of_kind = np.array(kinds)
            for kind in columns.lists:
                places = np.flatnonzero(of_kind == kind)
                found = [name_ids[place] for place in places.tolist()]
                dictionary = columns.names[kind]
                self._learn(connection, dictionary, found)
                holders[kind].append(rows[places])
                codes[kind].append(np.array([dictionary.code(name_id) for name_id in found], np.int32))
        nothing = np.zeros(0, np.int32)
        for kind, lists in columns.lists.items():
            lists.replace(changed, np.concatenate([nothing, *holders[kind]]), np.concatenate([nothing, *codes[kind]]))
