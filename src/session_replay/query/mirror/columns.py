"""All sessions of an organization as columns; a session keeps its row as long as the columns live.

Which columns there are follows from the vocabulary: a figure for each property that is compared by number,
a code for each name, lists of codes where a session has several.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import tzinfo
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import BigInteger, SmallInteger

from session_replay.query.mirror.arrays import enlarged
from session_replay.query.mirror.days import local_days
from session_replay.query.mirror.lists import Lists
from session_replay.query.mirror.packed import Packed
from session_replay.query.rows import TOKEN_COLUMNS
from session_replay.query.vocabulary import VOCABULARY, Property
from session_replay.store.names import NameKind
from session_replay.store.schema import sessions

Mask: TypeAlias = NDArray[np.bool_]
Numbers: TypeAlias = NDArray[Any]

FIGURES = tuple(
    one for one in VOCABULARY.values() if one.columns and one.kind in {"number", "time", "boolean", "choice"}
)
"""Properties of which a column holds what is compared: the sum of their columns in ``sessions``."""
NAMED = tuple(one for one in VOCABULARY.values() if one.kind == "name" and (one.columns or one.by_client))
"""Properties of which a column holds the code of one name."""
LISTED = tuple(one for one in VOCABULARY.values() if one.kind == "name" and one.listed)
COUNTED_TOKENS = tuple(f"counted_{column}" for column in TOKEN_COLUMNS)
COUNTED = ("counted_messages", "counted_tool_calls", "lines", "lines_with_entries", "size_bytes", *COUNTED_TOKENS)
"""What the cards add up."""
HEAD_BYTES = 8
NO_STREAM = -1
ZONES_MAX = 4
SORTED_FROM = 4_096
DEPTH_MAX = 1_000
"""Far deeper than agents are spawned; ends where parents are each other's."""


class Record(NamedTuple):
    """A session as it comes from the database.

    Attributes:
        stream_id: Its stream, which identifies it here.
        id: Its id.
        root: Stream of the session ``root_id``, None where that is not stored.
        parent: Stream of the session ``parent_id``; None where it has none, or that is not stored.
        listed: It has no parent.
        orphan: A subagent's whose main session is not stored.
        figures: In the order of ``FIGURES``, then of ``COUNTED``.
        names: Codes in the order of ``NAMED``, -1 for none.
        title: Folded, UTF-8; empty for none.
        first_prompt: Likewise.
    """

    stream_id: int
    id: str
    root: int | None
    parent: int | None
    listed: bool
    orphan: bool
    figures: Sequence[int]
    names: Sequence[int]
    title: bytes
    first_prompt: bytes


class Dictionary:
    """The names of one kind, numbered by codes from 0 in the order in which they were met."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.folded: list[str] = []
        self._codes: dict[int, int] = {}

    def unknown(self, name_ids: Iterable[int | None]) -> set[int]:
        """Those that have no code yet."""
        return {name_id for name_id in name_ids if name_id is not None and name_id not in self._codes}

    def add(self, name_id: int, text: str) -> None:
        """Give a name the next code."""
        if name_id not in self._codes:
            self._codes[name_id] = len(self.texts)
            self.texts.append(text)
            self.folded.append(text.casefold())

    def code(self, name_id: int | None) -> int:
        """The code of a name, -1 for none."""
        return -1 if name_id is None else self._codes[name_id]


def id_head(session_id: bytes) -> int:
    """A number by which ids are in the order that their first bytes have."""
    return int.from_bytes(session_id[:HEAD_BYTES].ljust(HEAD_BYTES, b"\0"), "big")


def _dtype(of: Property) -> type[np.signedinteger[Any]]:
    kinds = {type(sessions.c[column].type) for column in of.columns}
    if kinds == {SmallInteger}:
        return np.int16
    return np.int64 if BigInteger in kinds else np.int32


class _Days:
    """Local days in one zone, of rows that were there when it was asked last; ``moved`` ones are to be found anew."""

    def __init__(self) -> None:
        self.days = np.zeros(0, np.int64)
        self.moved: set[int] = set()


class Columns:
    """The columns of one organization.

    Attributes:
        number: Of the last transaction that they show, see ``store/changes.py``.
        count: Rows.
    """

    def __init__(self) -> None:
        self.number = 0
        self.count = 0
        self.names: dict[NameKind, Dictionary] = {one.names: Dictionary() for one in (*NAMED, *LISTED) if one.names}
        self.lists: dict[NameKind, Lists] = {one.names: Lists() for one in LISTED if one.names}
        self.ids = Packed(ignores_case=True)
        self.titles, self.first_prompts = Packed(), Packed()
        self._columns: dict[str, Numbers] = {one.name: np.zeros(0, _dtype(one)) for one in FIGURES}
        for name in COUNTED:
            self._columns[name] = np.zeros(0, np.int64 if isinstance(sessions.c[name].type, BigInteger) else np.int32)
        for one in NAMED:
            self._columns[f"name {one.name}"] = np.zeros(0, np.int32)
        self._columns |= {
            "stream": np.zeros(0, np.int64),
            "head": np.zeros(0, np.uint64),  # the first bytes of the id, which order like it
            "listed": np.zeros(0, np.bool_),
            "orphan": np.zeros(0, np.bool_),
            "root": np.zeros(0, np.int32),
            "parent": np.zeros(0, np.int32),
        }
        self.tops: NDArray[np.int32] = np.full(1, -1, np.int32)
        """Row of the listed session at the top of each row's tree, -1 where none is stored; one place more at the end
        that stays -1, for what is the row -1."""
        self._sorted = np.zeros(0, np.int64)  # stream ids in ascending order, and the row of each
        self._sorted_rows = np.zeros(0, np.int32)
        self._later: dict[int, int] = {}  # row by stream id of those that came since they were sorted
        self.counts: dict[str, Numbers] = {}
        """How many trees have each name of a property, where it was asked for all of them; until sessions change."""
        self._days: dict[str, _Days] = {}
        self._unsettled: list[tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64]]] = []

    @property
    def size_bytes(self) -> int:
        """Memory of the arrays and texts."""
        packed = (self.ids, self.titles, self.first_prompts, *self.lists.values())
        days = (kept.days for kept in self._days.values())
        arrays = (*self._columns.values(), self.tops, self._sorted, *days)
        return sum(one.size_bytes for one in packed) + sum(array.nbytes for array in arrays)

    def figure(self, name: str) -> Numbers:
        """A column by its property or, of ``COUNTED``, by its own name."""
        return self._columns[name][: self.count]

    def name_codes(self, of: Property) -> NDArray[np.int32]:
        """The one name of each row."""
        return self._columns[f"name {of.name}"][: self.count]

    def days(self, zone: tzinfo) -> NDArray[np.int64]:
        """The local day of each row's start, see ``days.local_days``; kept for the zones asked last."""
        kept = self._days.pop(str(zone), None) or _Days()
        self._days[str(zone)] = kept  # the last asked stands last
        if len(self._days) > ZONES_MAX:
            del self._days[next(iter(self._days))]
        started_ms = self.figure("started_at")
        moved = np.fromiter(kept.moved, np.int64, len(kept.moved))
        rows = np.concatenate((moved, np.arange(len(kept.days), self.count)))
        kept.moved.clear()
        if len(rows):
            kept.days = np.concatenate((kept.days, np.zeros(self.count - len(kept.days), np.int64)))
            kept.days[rows] = local_days(started_ms[rows], zone)
        return kept.days

    def rows_of(self, stream_ids: Numbers | Sequence[int]) -> NDArray[np.int32]:
        """The row of each stream, -1 where it has none."""
        wanted = np.asarray(stream_ids, np.int64)
        found = np.full(len(wanted), -1, np.int32)
        if len(self._sorted):
            places = np.minimum(np.searchsorted(self._sorted, wanted), len(self._sorted) - 1)
            found = np.where(self._sorted[places] == wanted, self._sorted_rows[places], found)
        if self._later:
            for place in np.flatnonzero(found < 0):
                found[place] = self._later.get(int(wanted[place]), -1)
        return found

    def put(self, records: Sequence[Record]) -> None:
        """Add sessions, or replace what is known of them; ``settle`` must follow the last ones."""
        self.counts.clear()
        rows = self._rows_for(np.array([one.stream_id for one in records], np.int64))
        started_before = self._columns["started_at"][rows]
        for place, one in enumerate(FIGURES):
            self._columns[one.name][rows] = [record.figures[place] for record in records]
        for place, name in enumerate(COUNTED, start=len(FIGURES)):
            self._columns[name][rows] = [record.figures[place] for record in records]
        for place, one in enumerate(NAMED):
            self._columns[f"name {one.name}"][rows] = [record.names[place] for record in records]
        self._columns["listed"][rows] = [record.listed for record in records]
        self._columns["orphan"][rows] = [record.orphan for record in records]
        ids = [record.id.encode() for record in records]
        self._columns["head"][rows] = np.array([id_head(one) for one in ids], np.uint64)
        for row, session_id, record in zip(rows.tolist(), ids, records, strict=True):
            self.ids.put(row, session_id)
            self.titles.put(row, record.title)
            self.first_prompts.put(row, record.first_prompt)
        moved = rows[started_before != self._columns["started_at"][rows]]
        for kept in self._days.values():
            kept.moved.update(moved[moved < len(kept.days)].tolist())
        roots = np.array([NO_STREAM if record.root is None else record.root for record in records], np.int64)
        parents = np.array([NO_STREAM if record.parent is None else record.parent for record in records], np.int64)
        self._unsettled.append((rows, roots, parents))

    def _rows_for(self, stream_ids: NDArray[np.int64]) -> NDArray[np.int32]:
        rows = self.rows_of(stream_ids)
        new = np.flatnonzero(rows < 0)
        rows[new] = np.arange(self.count, self.count + len(new))
        added = stream_ids[new]
        self.count += len(new)
        for name, column in self._columns.items():
            self._columns[name] = enlarged(column, self.count, 0)
        self._columns["stream"][rows[new]] = added
        self._later.update(zip(added.tolist(), rows[new].tolist(), strict=True))
        if len(self._later) > max(SORTED_FROM, self.count // 8):
            self._sorted_rows = np.argsort(self._columns["stream"][: self.count]).astype(np.int32)
            self._sorted = self._columns["stream"][self._sorted_rows]
            self._later.clear()
        return rows

    def settle(self) -> None:
        """Find the trees, once all sessions that belong together are there."""
        root, parent = self._columns["root"], self._columns["parent"]
        for rows, roots, parents in self._unsettled:
            root[rows] = self.rows_of(roots)
            parent[rows] = self.rows_of(parents)
        self._unsettled.clear()
        self.tops = np.full(self.count + 1, -1, np.int32)
        self.tops[: self.count] = root[: self.count]
        orphans = np.flatnonzero(self._columns["orphan"][: self.count]).astype(np.int32)
        self.tops[orphans] = self._highest(orphans)

    def _highest(self, rows: NDArray[np.int32]) -> NDArray[np.int32]:
        """The listed session above each row by its parents, -1 where there is none; trees of orphans are few."""
        above = rows
        for _ in range(DEPTH_MAX):
            parents = self._columns["parent"][above]
            if not (parents >= 0).any():
                break
            above = np.where(parents >= 0, parents, above)
        return np.where(self._columns["listed"][above], above, -1).astype(np.int32)
