"""The trace of one session: its entries in file order, from the summaries; one entry whole, from the raw bytes.

Summaries hold facts of one line each and are passed through as they are stored; what other lines and
sessions add (which subagent a call spawned) is sent beside them as patches.
"""

from __future__ import annotations

import uuid as uuids
from collections.abc import Callable, Generator
from itertools import islice
from typing import NamedTuple

import msgspec
from sqlalchemy import Connection, select

from session_replay.errors import InvalidRequest, NotFound
from session_replay.query.phrase import Phrase
from session_replay.store import streams
from session_replay.store.attachments import attachment
from session_replay.store.chunks import RawBytes, opened_range, read_range, stored_summaries, summaries_before
from session_replay.store.installation import Installation
from session_replay.store.schema import sessions
from session_replay.store.schema import streams as streams_table
from session_replay.store.sealed import SealedSummary, StreamKey, open_summary
from session_replay.store.streams import Stream, open_path
from session_replay.transcript.content import PART_BYTES_MAX
from session_replay.transcript.entry import LINE_BYTES_MAX, entry_whole
from session_replay.transcript.line import Damage, Line, read_line
from session_replay.transcript.said import texts_of
from session_replay.wire import (
    ENTRIES_FIRST_EVENT_MAX,
    ENTRY_TYPES,
    PAGE_MAX,
    ContentPart,
    Entry,
    EntryPage,
    EntryPatch,
    EntryWhole,
    Match,
    MatchPage,
    line_of,
)

FRAME_BYTES = 1 << 17
SEQ_MAX = 2**63 - 1
"""Who asks for what is behind a larger number gets nothing, and no error of the database."""
SPILL_CHARS_MAX = 2_000_000

_decode = msgspec.json.Decoder(Entry).decode


class _Seq(msgspec.Struct):
    seq: int
    uuid: str | None = None


_decode_seq = msgspec.json.Decoder(_Seq).decode


class Question(NamedTuple):
    """Which entries of a trace are wanted.

    Attributes:
        types: Entry types; empty: all.
        phrase: Must be in something that the entry says or that its row shows; None: any.
        is_audit: Only what the Audit view shows.
    """

    types: frozenset[str] = frozenset()
    phrase: Phrase | None = None
    is_audit: bool = False

    @property
    def is_all(self) -> bool:
        """Every entry is wanted, so none needs to be looked into."""
        return not (self.types or self.phrase or self.is_audit)

    def lists(self, entry: Entry) -> bool:
        """Whether type and view want an entry, whatever it says."""
        if self.types and entry.type not in self.types:
            return False
        return not self.is_audit or entry.audit or bool(entry.findings)


Stop = Callable[[], bool]
"""Asked again and again while a trace is looked through; true: nobody waits for the answer any more."""


class Abandoned(Exception):
    """Looking through a trace ended since nobody waits for it."""


def question(types: str | None, text: str | None, view: str | None) -> Question:
    """Understand the parameters ``type`` (comma between several), ``q`` and ``view``.

    Raises:
        InvalidRequest: An unknown type or view.
    """
    wanted = frozenset(name for name in (types or "").split(",") if name)
    if unknown := wanted - set(ENTRY_TYPES):
        raise InvalidRequest(f"no entry type {', '.join(sorted(unknown))}; there are {', '.join(ENTRY_TYPES)}")
    if view not in (None, "", "dev", "audit"):
        raise InvalidRequest("view is dev or audit")
    return Question(wanted, Phrase(text) if text else None, view == "audit")


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


class _Looked(NamedTuple):
    """An entry that was looked at; where none is wanted, the last of those that were passed over stands for them.

    Attributes:
        seq: Its number.
        encoded: ``Entry`` as it is stored; None: not wanted.
        excerpt: Around the phrase, where only the entry's full text has it.
    """

    seq: int
    encoded: bytes | None
    excerpt: str | None = None


class _At(NamedTuple):
    stream: Stream
    key: StreamKey
    parent_id: str | None


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

    def frame(
        self,
        connection: Connection,
        session_id: str,
        after: int,
        wanted: Question,
        *,
        is_first: bool,
        stop: Stop = lambda: False,
    ) -> Frame | None:
        """The next entries behind ``after`` (-1: from the start), about ``FRAME_BYTES`` of them; few at first.

        A frame is asked for when the one before was sent: nothing is held open for a slow reader.

        Raises:
            NotFound: No such session.
            Abandoned: Somebody said stop.
        """
        found = self._find(connection, session_id)
        entries_max = ENTRIES_FIRST_EVENT_MAX if is_first else None
        run: list[bytes] = []
        size, last = 0, after
        for looked in self._look(connection, found.key, after, wanted, stop):
            last = looked.seq
            if looked.encoded is not None:
                run.append(looked.encoded)
                size += len(looked.encoded)
                if len(run) == entries_max or size >= FRAME_BYTES:
                    break
        return Frame(run, Place(found.stream.generation, last)) if last > after else None

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
        _, centre = self._entry(connection, found.key, _wanted(seq_or_uuid))
        before = list(islice(self._look_back(connection, found.key, centre.seq, wanted, stop), limit // 2))
        run = [looked.encoded for looked in reversed(before) if looked.encoded is not None]
        last = centre.seq
        for looked in self._look(connection, found.key, centre.seq - 1, wanted, stop):
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
        links = self._links(connection, session_id)
        items: list[Entry] = []
        total, has_more = 0, False
        if wanted.is_all:
            total = self._count(connection, session_id)
        for looked in self._look(connection, found.key, -1 if not wanted.is_all else after, wanted, stop):
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
                entry = _decode(looked.encoded)
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
        links = self._links(connection, session_id)
        items = [_decode(encoded) for encoded in around.entries]
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
        for looked in self._look(connection, found.key, after, wanted, stop):
            if looked.encoded is not None:
                if len(items) == limit:
                    has_more = True
                    break
                items.append(Match(looked.seq, looked.excerpt))
            searched_to = looked.seq
        total = len(items) if after < 0 and not has_more else None
        return MatchPage(items, str(items[-1].seq) if has_more else None, total, searched_to)

    def patches(self, connection: Connection, session_id: str) -> list[EntryPatch]:
        """What is known about entries beyond their own lines."""
        return [
            EntryPatch(seq, subagent_session_id=child)
            for seq, child in sorted(self._links(connection, session_id).items())
        ]

    def whole(self, connection: Connection, session_id: str, seq_or_uuid: str) -> EntryWhole:
        """One entry with content, diff, meta and raw line.

        Raises:
            NotFound: No such session or entry.
        """
        found = self._find(connection, session_id)
        summary, entry = self._entry(connection, found.key, _wanted(seq_or_uuid))
        line, byte_start = self._raw_line(connection, found.key, summary, line_of(entry.seq))
        whole = entry_whole(line, line_of(entry.seq), entry.seq % 1024, entry.at)
        whole.meta["byte_start"] = byte_start
        if entry.raw_type == "oversized":
            whole.size_bytes = whole.meta["byte_size"] = entry.size_bytes
            for part in whole.content:
                if part.truncated_bytes:
                    part.truncated_bytes = entry.size_bytes - PART_BYTES_MAX
        # What the reader knew from other lines when it came by.
        whole.tool = whole.tool or entry.tool
        whole.agent_id = whole.agent_id or entry.agent_id
        whole.inherited, whole.audit, whole.folded = entry.inherited, entry.audit, entry.folded
        whole.subagent_session_id = self._links(connection, session_id).get(entry.seq)
        self._join_spill(connection, found, whole)
        return whole

    def _find(self, connection: Connection, session_id: str) -> _At:
        if not (session_id.isascii() and session_id.isprintable()):  # PostgreSQL refuses a NUL in a text
            raise NotFound(f"no session {session_id!r}")
        row = connection.execute(
            select(sessions.c.stream_id, sessions.c.parent_id).where(sessions.c.id == session_id)
        ).one_or_none()
        secret = self._at.session_keys.find(connection, [session_id]).get(session_id)
        if row is None or secret is None:
            raise NotFound(f"no session {session_id}")
        stream = streams.find(connection, row.stream_id)
        key = StreamKey(secret, self._at.key.organization, stream.id, stream.generation)
        return _At(stream, key, row.parent_id)

    def _look(
        self, connection: Connection, key: StreamKey, after: int, wanted: Question, stop: Stop
    ) -> Generator[_Looked]:
        """The entries behind ``after``, in order."""
        from_line = line_of(min(after, SEQ_MAX)) if after >= 0 else 0
        raw: RawBytes | None = None
        for summary in stored_summaries(connection, key, from_line):
            if stop():
                raise Abandoned
            if wanted.phrase is None:
                looked = _listed(open_summary(key, summary), wanted)
            else:
                raw = raw or RawBytes(connection, key, summary.start)
                lines = raw.read(summary.start, summary.end)
                looked = _holding(open_summary(key, summary), lines, summary.line_start, wanted, wanted.phrase)
            yield from (one for one in looked if one.seq > after)

    def _look_back(
        self, connection: Connection, key: StreamKey, before: int, wanted: Question, stop: Stop
    ) -> Generator[_Looked]:
        """The wanted entries before ``before``, the last first."""
        for summary in summaries_before(connection, key, line_of(before) + 1):
            if stop():
                raise Abandoned
            if wanted.phrase is None:
                looked = list(_listed(open_summary(key, summary), wanted))
            else:
                lines = read_range(connection, key, summary.start, summary.end)
                looked = list(_holding(open_summary(key, summary), lines, summary.line_start, wanted, wanted.phrase))
            yield from (one for one in reversed(looked) if one.seq < before and one.encoded is not None)

    def _count(self, connection: Connection, session_id: str) -> int:
        return connection.execute(select(sessions.c.entries).where(sessions.c.id == session_id)).scalar_one()

    def _links(self, connection: Connection, session_id: str) -> dict[int, str]:
        """The subagent session that each call, and its result, of this session stands for."""
        rows = connection.execute(
            select(sessions.c.spawned_by_seq, sessions.c.id).where(
                sessions.c.parent_id == session_id, sessions.c.spawned_by_seq.is_not(None)
            )
        )
        links = {int(row.spawned_by_seq): str(row.id) for row in rows}
        if not links:
            return links
        sealed = connection.execute(select(sessions.c.sealed_text).where(sessions.c.id == session_id)).scalar_one()
        secret = self._at.session_keys.find(connection, [session_id])[session_id]
        spawns = self._at.session_keys.open_text(secret, session_id, sealed).spawns
        by_call = {spawn.tool_use_id: links[spawn.seq] for spawn in spawns if spawn.seq in links and spawn.tool_use_id}
        return links | {
            spawn.seq: by_call[spawn.tool_use_id]
            for spawn in spawns
            if spawn.role == "result" and spawn.tool_use_id in by_call
        }

    def _entry(
        self, connection: Connection, key: StreamKey, wanted: Callable[[_Seq], bool] | int
    ) -> tuple[SealedSummary, Entry]:
        from_line = line_of(wanted) if isinstance(wanted, int) else 0
        for summary in stored_summaries(connection, key, from_line):
            for encoded in open_summary(key, summary):
                short = _decode_seq(encoded)
                if short.seq == wanted if isinstance(wanted, int) else wanted(short):
                    return summary, _decode(encoded)
            if isinstance(wanted, int):
                break
        raise NotFound("no such entry in this session")

    def _raw_line(self, connection: Connection, key: StreamKey, summary: SealedSummary, line: int) -> tuple[bytes, int]:
        """The line without its line feed, and where in the file it starts, in bytes.

        Of an oversized line no more than shows that it is one: the whole could fill the memory.
        """
        before = line - summary.line_start
        byte_start = summary.start
        found = bytearray()
        for raw in opened_range(connection, key, summary.start, summary.end):
            start = 0
            while before and (newline := raw.find(b"\n", start)) >= 0:
                start, before = newline + 1, before - 1
            if before:
                byte_start += len(raw)
                continue
            if not found:
                byte_start += start
            end = raw.find(b"\n", start)
            found += raw[start : end if end >= 0 else len(raw)]
            if end >= 0:
                break
            if len(found) > LINE_BYTES_MAX:
                del found[LINE_BYTES_MAX + 1 :]
                break
        return bytes(found), byte_start

    def _join_spill(self, connection: Connection, found: _At, whole: EntryWhole) -> None:
        """Add the full output that the client kept in a file of its own because it was long."""
        spill: dict[str, object] = whole.meta.get("spill") or {}
        name = spill.get("path")
        if not isinstance(name, str):
            return
        row = connection.execute(
            select(streams_table.c.address, streams_table.c.sealed_path).where(streams_table.c.id == found.stream.id)
        ).one()
        path = open_path(self._at.key, found.key.secret, row.address, row.sealed_path)
        folder = path.split("/subagents/", 1)[0].removesuffix(".jsonl")
        raw = attachment(connection, self._at, found.stream.client_id, f"{folder}/tool-results/{name}")
        if raw is None:
            whole.content.append(
                ContentPart("notice", text=f"The full output was kept in {name}, which is not stored.")
            )
            return
        text = raw[:SPILL_CHARS_MAX].decode("utf-8", "replace")
        part = ContentPart("terminal", label="full output", text=text, path=name)
        part.truncated_bytes = max(0, len(raw) - SPILL_CHARS_MAX)
        whole.content.append(part)


def _wanted(seq_or_uuid: str) -> Callable[[_Seq], bool] | int:
    if seq_or_uuid.isdecimal() and len(seq_or_uuid) < 19:  # noqa: PLR2004 - fits 63 bits
        return int(seq_or_uuid)
    try:
        wanted = str(uuids.UUID(seq_or_uuid))
    except ValueError:
        raise NotFound("an entry is named by its number or its uuid") from None
    return lambda short: short.uuid == wanted


def _check(limit: int) -> None:
    if not 1 <= limit <= PAGE_MAX:
        raise InvalidRequest(f"limit is 1 to {PAGE_MAX}")


def _listed(entries: list[bytes], wanted: Question) -> Generator[_Looked]:
    """Those of a summary that type and view want."""
    for encoded in entries:
        is_wanted = wanted.is_all or wanted.lists(_decode(encoded))
        yield _Looked(_decode_seq(encoded).seq, encoded if is_wanted else None)


def _holding(entries: list[bytes], raw: bytes, line_start: int, wanted: Question, phrase: Phrase) -> Generator[_Looked]:
    """Those of a summary that hold the phrase, on their row or in their lines ``raw``."""
    if not entries:
        return
    may_show, may_say = phrase.may_be_in(b"\n".join(entries)), phrase.may_be_in(raw)
    if not (may_show or may_say):
        yield _Looked(_decode_seq(entries[-1]).seq, None)
        return
    lines = raw.split(b"\n")
    read: tuple[int, Line | Damage] | None = None
    for encoded in entries:
        seq = _decode_seq(encoded).seq
        line = lines[line_of(seq) - line_start]
        may_say_it = may_say and phrase.may_be_in(line)
        looked = _Looked(seq, None)
        if may_say_it or (may_show and phrase.may_be_in(encoded)):
            entry = _decode(encoded)
            if wanted.lists(entry):
                if any(phrase.is_in(text) for text in (entry.preview, entry.label, entry.tool or "", entry.raw_type)):
                    looked = _Looked(seq, encoded)
                elif may_say_it:
                    if read is None or read[0] != line_of(seq):
                        read = line_of(seq), read_line(line)
                    excerpt = phrase.hit(texts_of(read[1], entry, line))
                    if excerpt is not None:
                        looked = _Looked(seq, encoded, excerpt)
        yield looked
