"""The catalogue: every question about sessions that the HTTP routes and commands may ask."""

from __future__ import annotations

import time
from array import array
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Row, func, select

from session_replay.errors import InvalidRequest, NotFound
from session_replay.query.answers import Answers, Order, Parent
from session_replay.query.condition import Scope, among
from session_replay.query.cursor import FacetCursor, parse_cursor, parse_facet_cursor
from session_replay.query.filter import Filter, tokens
from session_replay.query.instant import time_zone
from session_replay.query.mirror.keeper import Mirror
from session_replay.query.rows import TOKEN_COLUMNS, Words, stored_rows, token_counts
from session_replay.query.stored_answers import StoredAnswers
from session_replay.query.texts import Texts
from session_replay.query.vocabulary import VOCABULARY
from session_replay.store.names import Names
from session_replay.store.schema import sessions
from session_replay.store.sessions import SessionKeys
from session_replay.wire import PAGE_DEFAULT, PAGE_MAX, Activity, FacetPage, Session, SessionPage, Stats

TOKENS_KEPT_MAX = 4
"""The statement of a larger filter is not kept: it takes up to a megabyte, and is hardly asked twice."""
SORT_DEFAULT = "-started_at"

_SORTS: dict[str, str | None] = {
    "started_at": "started_at",
    "duration_ms": "duration_ms",
    "messages": "messages",
    "tokens": "tokens",
    "findings": None,  # nothing has any yet
}
"""Property by whose figure the list is sorted."""

_TREE_FIGURES = (
    "messages",
    "prompts",
    "tool_calls",
    "entries",
    "lines",
    "lines_with_entries",
    "damaged_lines",
    "size_bytes",
    "inherited_lines",
)


class Catalogue:
    """Reads the sessions of one organization.

    Every method takes a connection of ``Database.read`` and answers from its snapshot.

    Args:
        names: The organization's dictionary.
        keys: The data keys of its sessions.
        organization: Its number.
        mirror: Answers in the place of the database while it can; see ``query/mirror``.
    """

    def __init__(self, names: Names, keys: SessionKeys, organization: int, mirror: Mirror | None = None) -> None:
        self._mirror = mirror
        self._names = names
        self._texts = Texts(keys)
        self._words = Words(names, keys)
        self._organization = organization

    def page(
        self,
        connection: Connection,
        *,
        filter: Filter | None = None,  # noqa: A002 - the API's word for it
        sort: str = SORT_DEFAULT,
        limit: int = PAGE_DEFAULT,
        cursor: str | None = None,
        parent: str | None = None,
        now_ms: int | None = None,
    ) -> SessionPage:
        """A page of the session list.

        Args:
            connection: Snapshot to read from.
            filter: Only sessions whose tree matches; with ``parent``, only subagent sessions that match themselves.
            sort: ``started_at``, ``duration_ms``, ``messages``, ``tokens`` or ``findings``, with ``-`` for descending;
                equal ones follow by id.
            limit: Sessions on a page, at most 500.
            cursor: ``next_cursor`` of the page before, of the same order.
            parent: List the direct subagent sessions of this session instead, warm-ups too, in the order they started.
            now_ms: What ``live`` is measured from; now, unless told otherwise.

        Raises:
            InvalidRequest: Unknown ``sort``, or a ``limit`` out of bounds.
            InvalidCursor: The cursor is none of this order.
            NotFound: There is no session ``parent``.
        """
        limit = _checked_limit(limit)
        order = _order(sort, parent)
        after = parse_cursor(cursor, order=order.name) if cursor else None
        now_ms = _now_ms() if now_ms is None else now_ms
        above = None if parent is None else self._parent(connection, parent)
        with self._answers(connection, filter, now_ms) as answers:
            found = answers.listing(filter, order, parent=above, after=after, limit=limit)
        next_cursor = found.next_cursor and found.next_cursor.encode()
        return SessionPage(self.those(connection, found.stream_ids, now_ms=now_ms), next_cursor, found.total)

    def fixed(
        self,
        connection: Connection,
        *,
        filter: Filter | None = None,  # noqa: A002 - the API's word for it
        sort: str = SORT_DEFAULT,
        now_ms: int | None = None,
    ) -> array[int]:
        """The whole list at one moment: numbers of the streams of its sessions in their order, 8 bytes each.

        Raises:
            InvalidRequest: Unknown ``sort``.
        """
        with self._answers(connection, filter, now_ms) as answers:
            found = answers.listing(filter, _order(sort, None), parent=None, after=None, limit=None)
        return array("q", found.stream_ids)

    def those(self, connection: Connection, stream_ids: Sequence[int], *, now_ms: int | None = None) -> list[Session]:
        """The sessions of these streams in their order; those that are gone are left out."""
        scope = self._scope(connection, now_ms)
        rows = connection.execute(stored_rows().where(among(sessions.c.stream_id, stream_ids, scope))).all()
        by_stream = {row.stream_id: row for row in rows}
        found = [by_stream[stream_id] for stream_id in stream_ids if stream_id in by_stream]
        return self._words.presented(connection, found, now_ms=scope.now_ms)

    def session(
        self, connection: Connection, session_id: str, *, tree: bool = False, now_ms: int | None = None
    ) -> Session:
        """One session.

        Args:
            connection: Snapshot to read from.
            session_id: Its id.
            tree: Add the figures of all subagent sessions below it.
            now_ms: What ``live`` is measured from.

        Raises:
            NotFound: There is no such session.
        """
        row = self._row(connection, session_id)
        (found,) = self._words.presented(connection, [row], now_ms=self._scope(connection, now_ms).now_ms)
        if tree:
            self._add_tree(connection, found)
        return found

    def stats(
        self,
        connection: Connection,
        *,
        filter: Filter | None = None,  # noqa: A002 - the API's word for it
        now_ms: int | None = None,
    ) -> Stats:
        """The cards.

        ``sessions`` and the average count main sessions that are no orphans; all else adds up whole trees and orphans.
        """
        with self._answers(connection, filter, now_ms) as answers:
            return answers.stats(filter)

    def activity(
        self,
        connection: Connection,
        *,
        filter: Filter | None = None,  # noqa: A002 - the API's word for it
        tz: str = "UTC",
        now_ms: int | None = None,
    ) -> Activity:
        """The heatmap: days of the time zone ``tz`` with something to count, in their order.

        Raises:
            InvalidRequest: ``tz`` is no time zone.
        """
        zone = time_zone(tz)
        with self._answers(connection, filter, now_ms) as answers:
            return answers.activity(filter, zone)

    def facets(
        self,
        connection: Connection,
        property: str,  # noqa: A002 - the API's word for it
        *,
        q: str = "",
        limit: int = PAGE_DEFAULT,
        cursor: str | None = None,
        filter: Filter | None = None,  # noqa: A002 - the API's word for it
        now_ms: int | None = None,
    ) -> FacetPage:
        """Values of a property to suggest, most frequent first.

        Args:
            connection: Snapshot to read from.
            property: Of the vocabulary; one that has no suggestions answers an empty list.
            q: Only values that contain this, in upper or lower case.
            limit: At most so many.
            cursor: ``next_cursor`` of the page before, of the same property.
            filter: Count only trees that match.
            now_ms: What ``live`` is measured from.

        Raises:
            InvalidRequest: Unknown property, or a ``limit`` out of bounds.
            InvalidCursor: The cursor is none of this property.
        """
        of = VOCABULARY.get(property)
        if of is None:
            raise InvalidRequest(f"there is no property {property[:60]!r}; there are {', '.join(VOCABULARY)}")
        limit = _checked_limit(limit)
        after = parse_facet_cursor(cursor, property=property) if cursor else None
        folded = q.casefold()
        with self._answers(connection, filter, now_ms) as answers:
            counted = answers.facets(of, filter)
        found = [facet for facet in counted if folded in facet.value.casefold()]
        found.sort(key=lambda facet: (-facet.count, facet.value))
        total = len(found)
        if after is not None:
            found = [facet for facet in found if (-facet.count, facet.value) > (-after.count, after.value)]
        next_cursor = None
        if len(found) > limit:
            found = found[:limit]
            next_cursor = FacetCursor(property, found[-1].count, found[-1].value).encode()
        return FacetPage(found, next_cursor, total)

    def _scope(self, connection: Connection, now_ms: int | None) -> Scope:
        return Scope(connection, self._organization, self._names, self._texts, _now_ms() if now_ms is None else now_ms)

    @contextmanager
    def _answers(self, connection: Connection, asked: Filter | None, now_ms: int | None) -> Generator[Answers]:
        """The mirror's where it stands at the connection's snapshot, else the database's."""
        if asked is not None and sum(1 for _ in tokens(asked)) > TOKENS_KEPT_MAX:
            connection.execution_options(compiled_cache=None)
        scope = self._scope(connection, now_ms)
        if self._mirror is None:
            yield StoredAnswers(scope)
            return
        with self._mirror.answers(connection, now_ms=scope.now_ms) as mirrored:
            if mirrored is None:
                yield StoredAnswers(scope)
            else:
                self._texts.clear()  # the mirror has them
                yield mirrored

    def _parent(self, connection: Connection, session_id: str) -> Parent:
        row = self._row(connection, session_id)
        return Parent(row.id, row.stream_id)

    def _row(self, connection: Connection, session_id: str) -> Row[Any]:
        row = None
        if session_id.isascii() and session_id.isprintable():  # ids are; PostgreSQL refuses a NUL in a text
            row = connection.execute(
                stored_rows().where(sessions.c.id == session_id, sessions.c.organization_id == self._organization)
            ).one_or_none()
        if row is None:
            raise NotFound(f"there is no session {session_id[:400]!r}")
        return row

    def _add_tree(self, connection: Connection, session: Session) -> None:
        below = select(sessions.c.id).where(sessions.c.id == session.id).cte("below", recursive=True)
        below = below.union(select(sessions.c.id).join(below, sessions.c.parent_id == below.c.id))
        figures = [*_TREE_FIGURES, *TOKEN_COLUMNS]
        sums = connection.execute(
            select(*(func.sum(sessions.c[figure]) for figure in figures)).join(below, below.c.id == sessions.c.id)
        ).one()
        for figure, added in zip(_TREE_FIGURES, sums, strict=False):
            setattr(session, figure, int(added))
        session.tokens = token_counts(*sums[len(_TREE_FIGURES) :])


def _checked_limit(limit: int) -> int:
    if not 1 <= limit <= PAGE_MAX:
        raise InvalidRequest(f"limit is from 1 to {PAGE_MAX}, not {limit}")
    return limit


def check_sort(sort: str) -> None:
    """Make sure that the list can be sorted so.

    Raises:
        InvalidRequest: It cannot.
    """
    if sort.removeprefix("-") not in _SORTS:
        raise InvalidRequest(f"sort is one of {', '.join(_SORTS)}, with - before it for descending, not {sort[:60]!r}")


def _order(sort: str, parent: str | None) -> Order:
    check_sort(sort)
    if parent is not None:
        return Order(f"parent {parent}", "started_at", descending=False)
    return Order(sort, _SORTS[sort.removeprefix("-")], descending=sort.startswith("-"))


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
