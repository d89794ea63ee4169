"""What the mirror answers: see ``query/answers.py`` for the questions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from session_replay.query.answers import Listing, Order, Parent
from session_replay.query.cursor import Cursor
from session_replay.query.filter import Filter, Token
from session_replay.query.mirror.arrays import numbered
from session_replay.query.mirror.columns import COUNTED_TOKENS, Columns, Mask, Numbers, id_head
from session_replay.query.mirror.evaluate import Evaluation
from session_replay.query.rows import token_counts
from session_replay.query.stats import pending_streams, sorted_days
from session_replay.query.vocabulary import Property
from session_replay.wire import Activity, Facet, FindingCounts, Stats

SEEN_CELLS_MAX = 8_000_000
"""Names times trees, up to which each pair is ticked off on a table; beyond it pairs are sorted."""
EXACT_MAX = 1 << 53
"""Below it sums of whole numbers are exact as floating-point ones, which are quicker to make."""
_EPOCH_DAY = dt.date(1970, 1, 1).toordinal()


class MirrorAnswers:
    """Answers from columns; holds only while nobody changes them.

    Args:
        columns: Of the organization.
        connection: A snapshot at the columns' number, for what is not in them.
        organization: Its number.
        now_ms: What ``live`` is measured from.
    """

    def __init__(self, columns: Columns, connection: Connection, organization: int, now_ms: int) -> None:
        self._columns = columns
        self._connection = connection
        self._organization = organization
        self._asking = Evaluation(columns, now_ms)

    @property
    def size_bytes(self) -> int:
        """Memory of the columns."""
        return self._columns.size_bytes

    def listing(
        self, asked: Filter | None, order: Order, *, parent: Parent | None, after: Cursor | None, limit: int | None
    ) -> Listing:
        """A page."""
        if parent is None:
            wanted = self._asking.trees(asked)[:-1] & self._columns.figure("listed")
        else:
            wanted = self._columns.figure("parent") == self._columns.rows_of([parent.stream_id])[0]
            if asked is not None:
                wanted = wanted & self._asking.holds(asked)
        rows = np.flatnonzero(wanted).astype(np.int32)
        total = len(rows)
        if after is not None:
            rows = self._after(rows, order, after)
        shown = self._first(rows, order, None if limit is None else limit + 1)
        next_cursor = None
        if limit is not None and len(shown) > limit:
            shown = shown[:limit]
            key, session_id = self._key(shown[-1], order), self._columns.ids.get(shown[-1]).decode()
            next_cursor = Cursor(order.name, key, session_id)
        return Listing(self._columns.figure("stream")[shown].tolist(), next_cursor, total)

    def stats(self, asked: Filter | None) -> Stats:
        """The cards."""
        columns = self._columns
        trees = self._asking.trees(asked)
        inside = slice(None) if asked is None else self._asking.within(trees)
        listed = trees[:-1] & columns.figure("listed")
        main = listed & ~columns.figure("orphan")
        count = int(np.count_nonzero(main))
        duration_ms = int(columns.figure("duration_ms")[main].sum(dtype=np.int64))

        def total(name: str) -> int:
            return int(columns.figure(name)[inside].sum(dtype=np.int64))

        return Stats(
            sessions=count,
            messages=total("counted_messages"),
            tokens=token_counts(*(total(name) for name in COUNTED_TOKENS)),
            average_duration_ms=round(duration_ms / count) if count else 0,
            tool_calls=total("counted_tool_calls"),
            findings=FindingCounts(),
            pending_bytes=self._pending_bytes(None if asked is None else trees),
            lines=total("lines"),
            lines_with_entries=total("lines_with_entries"),
            size_bytes=total("size_bytes"),
            orphans=int(np.count_nonzero(listed)) - count,
        )

    def _pending_bytes(self, trees: Mask | None) -> int:
        pending = pending_streams(self._connection, self._organization)
        if trees is None or not pending:
            return sum(pending.values())
        rows = self._columns.rows_of(list(pending))
        inside = trees[self._columns.tops[rows]]
        return sum(size for size, is_inside in zip(pending.values(), inside.tolist(), strict=True) if is_inside)

    def activity(self, asked: Filter | None, zone: dt.tzinfo) -> Activity:
        """The heatmap."""
        columns = self._columns
        tops = columns.tops[:-1]
        inside = self._asking.within(self._asking.trees(asked))
        if asked is None:
            inside = tops >= 0
        members = np.flatnonzero(inside)
        days = columns.days(zone)[tops[members]]
        if not len(days):
            return sorted_days({})
        found, places = numbered(days)
        is_main = columns.figure("listed")[members] & ~columns.figure("orphan")[members]
        mains = np.bincount(places[is_main], minlength=len(found))
        messages = _sums(places, columns.figure("counted_messages")[members], len(found))
        tokens_counted = np.sum([columns.figure(name)[members] for name in COUNTED_TOKENS], axis=0)
        tokens = _sums(places, tokens_counted, len(found))
        figures = zip(mains.tolist(), messages.tolist(), tokens.tolist(), strict=True)
        return sorted_days(
            {
                dt.date.fromordinal(_EPOCH_DAY + day).isoformat(): of_day
                for day, of_day in zip(found.tolist(), figures, strict=True)
                if any(of_day)
            }
        )

    def facets(self, of: Property, asked: Filter | None) -> list[Facet]:
        """Suggestions."""
        trees = self._asking.trees(asked) & np.append(self._columns.figure("listed"), np.False_)
        if of.kind == "name" and of.names:
            texts = self._columns.names[of.names].texts
            counts = self._columns.counts.get(of.name) if asked is None else None
            if counts is None:
                counts = self._name_counts(of, trees)
            if asked is None:
                self._columns.counts[of.name] = counts
            return [Facet(texts[code], int(counts[code])) for code in np.flatnonzero(counts).tolist()]
        if of.kind == "choice" and of.columns:
            return self._value_counts(of, of.choices, trees)
        if of.kind == "boolean":
            return self._value_counts(of, (True, False), trees)
        return []

    def _value_counts(self, of: Property, values: Sequence[str | bool], trees: Mask) -> list[Facet]:
        counts = [int(np.count_nonzero(self._asking.trees(Token(of, "=", value)) & trees)) for value in values]
        words = [value if isinstance(value, str) else str(value).lower() for value in values]
        return [Facet(word, count) for word, count in zip(words, counts, strict=True) if count]

    def _name_counts(self, of: Property, trees: Mask) -> Numbers:
        """How many of these trees have each name, by code."""
        columns = self._columns
        names = len(columns.names[of.names].texts) if of.names else 0
        counts = np.zeros(names, np.int64)
        tops: list[Numbers] = []
        codes: list[Numbers] = []
        if of.columns or of.by_client:
            # A tree's top counts for its own name; of its other members only names that differ are looked at.
            own = columns.name_codes(of)
            named = own[trees[:-1]]
            counts += np.bincount(named[named >= 0], minlength=names)
            others = np.flatnonzero((own >= 0) & self._asking.within(trees) & (own != own[columns.tops[:-1]]))
            tops.append(columns.tops[others])
            codes.append(own[others])
        if of.listed and of.names:
            lists = columns.lists[of.names]
            above = columns.tops[lists.holders]
            inside = trees[above]
            if tops:
                inside &= lists.codes != columns.name_codes(of)[above]
            tops.append(above[inside])
            codes.append(lists.codes[inside])
        return counts + _distinct(np.concatenate(tops), np.concatenate(codes), trees, names)

    def _key(self, row: int, order: Order) -> int:
        return int(self._columns.figure(order.key)[row]) if order.key else 0

    def _keys(self, rows: Numbers, order: Order) -> Numbers:
        return self._columns.figure(order.key)[rows] if order.key else np.zeros(len(rows), np.int8)

    def _after(self, rows: Numbers, order: Order, cursor: Cursor) -> Numbers:
        """Those of the rows that follow the cursor."""
        wanted_id = cursor.id.encode()
        head = np.uint64(id_head(wanted_id))
        keys, heads = self._keys(rows, order), self._columns.figure("head")[rows]
        further, later = (np.less, "__lt__") if order.descending else (np.greater, "__gt__")
        same = keys == cursor.key
        follows = further(keys, cursor.key) | (same & further(heads, head))
        for place in np.flatnonzero(same & (heads == head)).tolist():
            follows[place] = getattr(self._columns.ids.get(int(rows[place])), later)(wanted_id)
        return rows[follows]

    def _first(self, rows: Numbers, order: Order, count: int | None) -> list[int]:
        """The first of the rows in their order; all where there is no count."""
        if count is not None and len(rows) > 2 * count:
            # Rows that cannot be among the first are left out before ids are compared: by key, then by head.
            keys = self._keys(rows, order)
            edge = _edge(keys, count, descending=order.descending)
            tied = rows[keys == edge]
            rows = rows[keys > edge] if order.descending else rows[keys < edge]
            heads = self._columns.figure("head")[tied]
            edge = _edge(heads, count - len(rows), descending=order.descending)
            rows = np.concatenate((rows, tied[heads >= edge if order.descending else heads <= edge]))
        keys = self._keys(rows, order).tolist()
        ids = [self._columns.ids.get(row) for row in rows.tolist()]
        ordered = sorted(zip(keys, ids, rows.tolist(), strict=True), reverse=order.descending)
        return [row for _, _, row in ordered[:count]]


def _edge(values: Numbers, count: int, *, descending: bool) -> Any:  # noqa: ANN401 - a number of the array's kind
    """The value of the one that is number ``count`` in the order, from 1."""
    place = len(values) - count if descending else count - 1
    return np.partition(values, place)[place]


def _sums(places: Numbers, values: Numbers, count: int) -> NDArray[np.int64]:
    """The sum of the values at each of ``count`` places."""
    if int(np.abs(values).sum(dtype=np.int64)) < EXACT_MAX:
        return np.bincount(places, weights=values, minlength=count).astype(np.int64)
    sums = np.zeros(count, np.int64)
    np.add.at(sums, places, values)
    return sums


def _distinct(tops: Numbers, codes: Numbers, trees: Mask, names: int) -> Numbers:
    """How many different tops each code stands beside."""
    count = max(1, int(np.count_nonzero(trees)))
    if names * count > SEEN_CELLS_MAX:
        pairs = np.sort(codes.astype(np.int64) * len(trees) + tops)
        is_new = np.diff(pairs, prepend=-1) > 0
        return np.bincount(pairs[is_new] // len(trees), minlength=names)
    numbers = np.cumsum(trees, dtype=np.int32) - 1
    seen = np.zeros(names * count, np.bool_)
    seen[codes * np.int32(count) + numbers[tops]] = True
    return np.count_nonzero(seen.reshape(names, count), axis=1)
