"""The questions about many sessions, which two sources answer alike: the SQL, and the mirror while it can."""

from __future__ import annotations

from datetime import tzinfo
from typing import NamedTuple, Protocol

from session_replay.query.cursor import Cursor
from session_replay.query.filter import Filter
from session_replay.query.vocabulary import Property
from session_replay.wire import Activity, Facet, Stats


class Order(NamedTuple):
    """Order of a list; equal ones follow by id.

    Attributes:
        name: Binds cursors to it.
        key: Property by whose figure it sorts; None where all are equal.
        descending: The largest first, ids too.
    """

    name: str
    key: str | None
    descending: bool


class Parent(NamedTuple):
    """The session whose subagent sessions are listed."""

    id: str
    stream_id: int


class Listing(NamedTuple):
    """Which sessions are on a page.

    Attributes:
        stream_ids: Numbers of their streams, in their order.
        next_cursor: Where the next page begins; None on the last one.
        total: How many there are on all pages.
    """

    stream_ids: list[int]
    next_cursor: Cursor | None
    total: int


class Answers(Protocol):
    """A source of answers, at one moment."""

    def listing(
        self, asked: Filter | None, order: Order, *, parent: Parent | None, after: Cursor | None, limit: int | None
    ) -> Listing:
        """A page of the listed sessions whose trees match; all of them without ``limit``.

        With ``parent`` a page of the subagent sessions of this session that match by themselves.
        """
        ...

    def stats(self, asked: Filter | None) -> Stats:
        """The cards above the list."""
        ...

    def activity(self, asked: Filter | None, zone: tzinfo) -> Activity:
        """The heatmap: each tree's figures on the local day on which its main session started."""
        ...

    def facets(self, of: Property, asked: Filter | None) -> list[Facet]:
        """Every value of a property with the number of listed trees that have it, in no order.

        The count of a value is the length of the list when it is filtered by ``= value`` too; a
        property without suggestions (figures, times, texts) has none.
        """
        ...
