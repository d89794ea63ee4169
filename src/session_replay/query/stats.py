"""Figures over many sessions: the cards, the heatmap, the suggestions.

Main sessions are counted; messages, tokens and tool calls are those of their whole trees, and an id
that several transcripts repeat counts once in the organization (the ``counted_*`` columns say where).
Each figure is one statement over the matching trees, so that another source may answer in its place.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import tzinfo
from typing import Any

from sqlalchemy import ColumnElement, Connection, Integer, Select, and_, case, func, literal, not_, select, union_all

from session_replay.query.condition import Scope, holds, matching
from session_replay.query.filter import Filter, Token
from session_replay.query.instant import local_day
from session_replay.query.rows import TOKEN_COLUMNS, token_counts
from session_replay.query.tree import Member, member
from session_replay.query.vocabulary import Property
from session_replay.store.schema import clients, session_names, sessions, streams
from session_replay.wire import Activity, ActivityDay, Facet, FindingCounts, Stats

_COUNTED_TOKENS = tuple(f"counted_{column}" for column in TOKEN_COLUMNS)
_SUMMED = ("counted_messages", "counted_tool_calls", "lines", "lines_with_entries", "size_bytes", *_COUNTED_TOKENS)


def stats_of(asked: Filter | None, scope: Scope) -> Stats:
    """The cards above the list."""
    one = member("counted")
    listed = one.row.c.parent_id.is_(None)
    main = and_(listed, not_(one.row.c.orphan))
    row = scope.connection.execute(
        select(
            func.count().filter(main).label("sessions"),
            func.count().filter(and_(listed, one.row.c.orphan)).label("orphans"),
            _sum(case((main, one.row.c.duration_ms), else_=0)).label("duration_ms"),
            *(_sum(one.row.c[column]).label(column) for column in _SUMMED),
        )
        .select_from(one.source)
        .where(_asked(asked, scope, one))
    ).one()
    return Stats(
        sessions=row.sessions,
        messages=int(row.counted_messages),
        tokens=token_counts(*(getattr(row, column) for column in _COUNTED_TOKENS)),
        average_duration_ms=round(int(row.duration_ms) / row.sessions) if row.sessions else 0,
        tool_calls=int(row.counted_tool_calls),
        findings=FindingCounts(),
        pending_bytes=_pending_bytes(asked, scope),
        lines=int(row.lines),
        lines_with_entries=int(row.lines_with_entries),
        size_bytes=int(row.size_bytes),
        orphans=row.orphans,
    )


def _pending_bytes(asked: Filter | None, scope: Scope) -> int:
    # Streams, not sessions: what has just arrived has no session yet.
    pending = select(_sum(streams.c.length - streams.c.parsed_to)).where(
        streams.c.organization_id == scope.organization, streams.c.parsed_to < streams.c.length
    )
    if asked is not None:
        one = member("pending")
        pending = pending.where(
            streams.c.id.in_(
                select(one.row.c.stream_id).select_from(one.source).where(_asked(asked, scope, one)),
            )
        )
    return int(scope.connection.execute(pending).scalar_one())


def pending_streams(connection: Connection, organization: int) -> dict[int, int]:
    """Bytes that are stored and not read yet, by stream; an index holds just these."""
    rows = connection.execute(
        select(streams.c.id, streams.c.length - streams.c.parsed_to).where(
            streams.c.organization_id == organization, streams.c.parsed_to < streams.c.length
        )
    )
    return {stream_id: int(size) for stream_id, size in rows}


def activity_of(asked: Filter | None, scope: Scope, zone: tzinfo) -> Activity:
    """The heatmap: each tree's figures on the local day on which its main session started."""
    one, top = member("counted"), sessions.alias("top")
    tokens = sum((one.row.c[column] for column in _COUNTED_TOKENS), start=literal(0, Integer))
    trees = scope.connection.execute(
        select(top.c.started_ms, top.c.orphan, _sum(one.row.c.counted_messages), _sum(tokens))
        .select_from(one.source.join(top, top.c.id == one.tree))
        .where(_asked(asked, scope, one))
        .group_by(top.c.id)
    )
    days: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for started_ms, orphan, messages, tokens_counted in trees:
        day = days[local_day(started_ms, zone)]
        day[0] += not orphan
        day[1] += int(messages)
        day[2] += int(tokens_counted)
    return sorted_days(days)


def sorted_days(days: Mapping[str, Sequence[int]]) -> Activity:
    """Sessions, messages and tokens of each day that has any of them."""
    items = [ActivityDay(day, *figures, findings=0) for day, figures in sorted(days.items()) if any(figures)]
    return Activity(items, None, len(items))


def facet_counts(of: Property, asked: Filter | None, scope: Scope) -> list[Facet]:
    """Every value of a property with the number of listed trees that have it, in no order.

    The count of a value is the length of the list when it is filtered by ``= value`` too; a
    property without suggestions (figures, times, texts) has none.
    """
    if of.kind == "name":
        return _name_counts(of, asked, scope)
    if of.kind == "choice" and of.columns:
        return _value_counts(of, of.choices, asked, scope)
    if of.kind == "boolean":
        return _value_counts(of, (True, False), asked, scope)
    return []


def _name_counts(of: Property, asked: Filter | None, scope: Scope) -> list[Facet]:
    if of.names is None:
        return []
    carried = union_all(*_carriers(of, asked, scope)).subquery()
    trees = func.count(carried.c.tree.distinct())
    rows = scope.connection.execute(select(carried.c.name_id, trees).group_by(carried.c.name_id)).all()
    texts = scope.names.texts(scope.connection, [number for number, _ in rows])
    return [Facet(texts[number], count) for number, count in rows]


def _carriers(of: Property, asked: Filter | None, scope: Scope) -> list[Select[Any, Any]]:
    """(tree, name) pairs from each place where a session may have a name of this property."""
    one = member("carrier")
    where = _asked(asked, scope, one)  # one for all, so that the matching trees are found once
    found = [
        select(one.tree.label("tree"), one.row.c[column].label("name_id"))
        .select_from(one.source)
        .where(where, one.row.c[column].is_not(None))
        for column in of.columns
    ]
    if of.by_client:
        owned = one.source.join(clients, clients.c.id == one.row.c.client_id)
        name = clients.c[f"{of.names}_id"].label("name_id")
        found.append(select(one.tree.label("tree"), name).select_from(owned).where(where))
    if of.listed:
        listed = one.source.join(session_names, session_names.c.session_id == one.row.c.id)
        held = select(one.tree.label("tree"), session_names.c.name_id).select_from(listed)
        found.append(held.where(where, session_names.c.kind == of.names))
    return found


def _value_counts(
    of: Property, values: tuple[str, ...] | tuple[bool, ...], asked: Filter | None, scope: Scope
) -> list[Facet]:
    one = member("counted")
    counts = [func.count(case((holds(Token(of, "=", value), scope, one), one.tree)).distinct()) for value in values]
    row = scope.connection.execute(select(*counts).select_from(one.source).where(_asked(asked, scope, one))).one()
    words = [value if isinstance(value, str) else str(value).lower() for value in values]
    return [Facet(word, count) for word, count in zip(words, row, strict=True) if count]


def _asked(asked: Filter | None, scope: Scope, one: Member) -> ColumnElement[bool]:
    own = one.row.c.organization_id == scope.organization
    return own if asked is None else and_(own, one.tree.in_(select(matching(asked, scope).c.id)))


def _sum(column: ColumnElement[Any]) -> ColumnElement[Any]:
    return func.coalesce(func.sum(column), 0)
