"""The trace of one session: its entries in file order, in frames, windows and pages.

Summaries hold facts of one line each and are passed through as they are stored; what other lines and
sessions add (which subagent a call spawned) is sent beside them as patches.
"""

from __future__ import annotations

from collections.abc import Generator
from itertools import islice
from typing import NamedTuple

from sqlalchemy import Connection

from session_replay.errors import InvalidRequest
from session_replay.query.entries import Question, Stop, decode_entry, find_entry, look, look_back, runs, seq_of
from session_replay.query.stored import StoredSession, stored_session, subagent_links
from session_replay.query.whole import whole_entry
from session_replay.store.entries import StoredEntries
from session_replay.store.installation import Installation
from session_replay.wire import (
    ENTRIES_FIRST_EVENT_MAX,
    PAGE_MAX,
    Entry,
    EntryPage,
    EntryPatch,
    EntryWhole,
    Match,
    MatchPage,
)

FRAME_BYTES = 1 << 17


class Place(NamedTuple):
    """How far a reader of a trace is: the generation of its file and the last entry that was sent."""

    generation: int
    seq: int


class Frame(NamedTuple):
    """A run of entries as they are sent.

    Attributes:
        entries: Encoded ``Entry``, one an item.
        last: The last of them, or of those that were passed over.
    """

    entries: list[bytes]
    last: Place


class Trace:
    """Reads traces of one installation.

    Args:
        at: The installation.
    """

    def __init__(self, at: Installation) -> None:
        self._at = at

    def generation(self, connection: Connection, session_id: str) -> int:
        """The generation of a session's file.

        Raises:
            NotFound: No such session.
        """
        return self._find(connection, session_id).stream.generation

    def frames(
        self,
        connection: Connection,
        session_id: str,
        after: int,
        wanted: Question,
        *,
        is_first: bool,
        stop: Stop = lambda: False,
    ) -> list[Frame]:
        """The next entries behind ``after`` (-1: from the start), in frames of about ``FRAME_BYTES``; few at first.

        The next ones are asked for when these were sent: nothing is held open for a slow reader.

        Returns:
            As many frames as come from one look at the store, about a megabyte; none where nothing is behind.

        Raises:
            NotFound: No such session.
            Abandoned: Somebody said stop.
        """
        found = self._find(connection, session_id)
        generation = found.stream.generation
        if wanted.is_all and not is_first:
            behind = next(runs(self._entries(connection, found), after, stop), list[bytes]())
            return [Frame(part, Place(generation, seq_of(part[-1]))) for part in _parts(behind)]
        entries_max = ENTRIES_FIRST_EVENT_MAX if is_first else None
        run: list[bytes] = []
        size, last = 0, after
        for looked in look(self._entries(connection, found), after, wanted, stop):
            last = looked.seq
            if looked.encoded is not None:
                run.append(looked.encoded)
                size += len(looked.encoded)
                if len(run) == entries_max or size >= FRAME_BYTES:
                    break
        return [Frame(run, Place(generation, last))] if last > after else []

    def window(
        self,
        connection: Connection,
        session_id: str,
        seq_or_uuid: str,
        wanted: Question,
        limit: int = ENTRIES_FIRST_EVENT_MAX,
        stop: Stop = lambda: False,
    ) -> Frame:
        """At most ``limit`` entries around one, half of them before it if there are so many.

        Only the summaries around it are opened; a uuid is looked for from the start.

        Raises:
            NotFound: No such session or entry.
            Abandoned: Somebody said stop.
        """
        found = self._find(connection, session_id)
        entries = self._entries(connection, found)
        _, centre = find_entry(entries, seq_or_uuid)
        before = list(islice(look_back(entries, centre.seq, wanted, stop), limit // 2))
        run = [looked.encoded for looked in reversed(before) if looked.encoded is not None]
        last = centre.seq
        for looked in look(entries, centre.seq - 1, wanted, stop):
            if looked.encoded is not None:
                run.append(looked.encoded)
                last = looked.seq
            if len(run) >= limit:
                break
        return Frame(run, Place(found.stream.generation, last))

    def page(
        self,
        connection: Connection,
        session_id: str,
        after: int,
        wanted: Question,
        limit: int,
        stop: Stop = lambda: False,
    ) -> EntryPage:
        """A page of entries behind ``after``.

        Raises:
            NotFound: No such session.
            InvalidRequest: ``limit`` is out of range.
            Abandoned: Somebody said stop.
        """
        _check(limit)
        found = self._find(connection, session_id)
        links = subagent_links(self._at, connection, found)
        items: list[Entry] = []
        total, has_more = 0, False
        if wanted.is_all:
            total = found.entries
        for looked in look(self._entries(connection, found), -1 if not wanted.is_all else after, wanted, stop):
            if looked.encoded is None:
                continue
            if len(items) == limit and wanted.is_all:
                has_more = True
                break
            total += not wanted.is_all
            if looked.seq > after:
                if len(items) == limit:
                    has_more = True
                    continue
                entry = decode_entry(looked.encoded)
                entry.subagent_session_id = links.get(entry.seq)
                items.append(entry)
        return EntryPage(items, str(items[-1].seq) if has_more and items else None, total)

    def page_around(
        self,
        connection: Connection,
        session_id: str,
        seq_or_uuid: str,
        wanted: Question,
        limit: int,
        stop: Stop = lambda: False,
    ) -> EntryPage:
        """A page of the entries around one; what is behind them is the next page.

        Raises:
            NotFound: No such session or entry.
            InvalidRequest: ``limit`` is out of range.
            Abandoned: Somebody said stop.
        """
        _check(limit)
        around = self.window(connection, session_id, seq_or_uuid, wanted, limit, stop)
        behind = self.page(connection, session_id, around.last.seq, wanted, 1, stop)
        links = subagent_links(self._at, connection, self._find(connection, session_id))
        items = [decode_entry(encoded) for encoded in around.entries]
        for entry in items:
            entry.subagent_session_id = links.get(entry.seq)
        return EntryPage(items, str(around.last.seq) if behind.items else None, behind.total)

    def matches(
        self,
        connection: Connection,
        session_id: str,
        after: int,
        wanted: Question,
        limit: int,
        stop: Stop = lambda: False,
    ) -> MatchPage:
        """The entries behind ``after`` that hold the phrase of a question.

        Raises:
            NotFound: No such session.
            InvalidRequest: ``limit`` is out of range, or there is no phrase.
            Abandoned: Somebody said stop.
        """
        _check(limit)
        if wanted.phrase is None:
            raise InvalidRequest("q is the text to look for")
        found = self._find(connection, session_id)
        items: list[Match] = []
        searched_to, has_more = after, False
        for looked in look(self._entries(connection, found), after, wanted, stop):
            if looked.encoded is not None:
                if len(items) == limit:
                    has_more = True
                    break
                items.append(Match(looked.seq, looked.excerpt))
            searched_to = looked.seq
        total = len(items) if after < 0 and not has_more else None
        return MatchPage(items, str(items[-1].seq) if has_more else None, total, searched_to)

    def patches(self, connection: Connection, session_id: str) -> list[EntryPatch]:
        """What is known about entries beyond their own lines.

        Raises:
            NotFound: No such session.
        """
        links = subagent_links(self._at, connection, self._find(connection, session_id))
        return [EntryPatch(seq, subagent_session_id=child) for seq, child in sorted(links.items())]

    def whole(self, connection: Connection, session_id: str, seq_or_uuid: str) -> EntryWhole:
        """One entry with content, diff, meta and raw line.

        Raises:
            NotFound: No such session or entry.
        """
        found = self._find(connection, session_id)
        whole = whole_entry(self._at, connection, found, seq_or_uuid)
        whole.subagent_session_id = subagent_links(self._at, connection, found).get(whole.seq)
        return whole

    def _entries(self, connection: Connection, found: StoredSession) -> StoredEntries:
        return StoredEntries(self._at, connection, found.key)

    def _find(self, connection: Connection, session_id: str) -> StoredSession:
        return stored_session(self._at, connection, session_id)


def _parts(run: list[bytes]) -> Generator[list[bytes]]:
    part: list[bytes] = []
    size = 0
    for encoded in run:
        part.append(encoded)
        size += len(encoded)
        if size >= FRAME_BYTES:
            yield part
            part, size = [], 0
    if part:
        yield part


def _check(limit: int) -> None:
    if not 1 <= limit <= PAGE_MAX:
        raise InvalidRequest(f"limit is 1 to {PAGE_MAX}")
