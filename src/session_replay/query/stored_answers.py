"""What the database answers: see ``query/answers.py`` for the questions."""

from __future__ import annotations

from datetime import tzinfo

from sqlalchemy import ColumnElement, and_, collate, func, literal, select, tuple_

from session_replay.query.answers import Listing, Order, Parent
from session_replay.query.condition import Scope, matching, matching_themselves
from session_replay.query.cursor import Cursor
from session_replay.query.filter import Filter
from session_replay.query.rows import TOKEN_COLUMNS
from session_replay.query.stats import activity_of, facet_counts, stats_of
from session_replay.query.vocabulary import Property
from session_replay.store.schema import sessions
from session_replay.wire import Activity, Facet, Stats

_KEYS: dict[str, ColumnElement[int]] = {
    "started_at": sessions.c.started_ms,
    "duration_ms": sessions.c.duration_ms,
    "messages": sessions.c.messages,
    "tokens": sum((sessions.c[column] for column in TOKEN_COLUMNS[1:]), start=sessions.c[TOKEN_COLUMNS[0]]),
}
_NO_KEY = sessions.c.messages * 0  # a bare 0 in ORDER BY would name a column


class StoredAnswers:
    """Answers in SQL.

    Args:
        scope: Where and when it is asked.
    """

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def listing(
        self, asked: Filter | None, order: Order, *, parent: Parent | None, after: Cursor | None, limit: int | None
    ) -> Listing:
        """A page."""
        listed, counted = self._listed(asked, parent)
        key = _KEYS[order.key] if order.key else _NO_KEY
        # By its bytes in every database, as cursors compare it, whatever the database's language.
        session_id = collate(sessions.c.id, "BINARY" if self._is_sqlite else "C")
        rows = select(sessions.c.stream_id, sessions.c.id, key.label("sort_key"), counted.label("total")).where(listed)
        if after:
            here = tuple_(key, session_id)
            there = tuple_(literal(after.key, sessions.c.started_ms.type), literal(after.id, sessions.c.id.type))
            rows = rows.where(here < there if order.descending else here > there)
        rows = rows.order_by(*((key.desc(), session_id.desc()) if order.descending else (key, session_id)))
        found = self._scope.connection.execute(rows.limit(None if limit is None else limit + 1)).all()
        # A page may be empty because all that followed is gone.
        total = found[0].total if found else self._scope.connection.execute(select(counted)).scalar_one()
        next_cursor = None
        if limit is not None and len(found) > limit:
            found = found[:limit]
            next_cursor = Cursor(order.name, found[-1].sort_key, found[-1].id)
        return Listing([row.stream_id for row in found], next_cursor, total)

    def stats(self, asked: Filter | None) -> Stats:
        """The cards."""
        return stats_of(asked, self._scope)

    def activity(self, asked: Filter | None, zone: tzinfo) -> Activity:
        """The heatmap."""
        return activity_of(asked, self._scope, zone)

    def facets(self, of: Property, asked: Filter | None) -> list[Facet]:
        """Suggestions."""
        return facet_counts(of, asked, self._scope)

    @property
    def _is_sqlite(self) -> bool:
        return self._scope.connection.dialect.name == "sqlite"

    def _listed(self, asked: Filter | None, parent: Parent | None) -> tuple[ColumnElement[bool], ColumnElement[int]]:
        """Which rows of ``sessions`` are in the list, and how many there are."""
        own = sessions.c.organization_id == self._scope.organization
        if parent is not None:
            own = and_(own, sessions.c.parent_id == parent.id)
            listed = own if asked is None else and_(own, matching_themselves(asked, self._scope))
        elif asked is None:
            listed = and_(own, sessions.c.parent_id.is_(None))
        else:
            matched = matching(asked, self._scope)
            count = select(func.count()).select_from(matched).scalar_subquery()
            return and_(own, sessions.c.parent_id.is_(None), sessions.c.id.in_(select(matched.c.id))), count
        return listed, select(func.count()).select_from(sessions).where(listed).correlate(None).scalar_subquery()
