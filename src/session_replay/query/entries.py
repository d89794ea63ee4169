"""Looking through the entries of one session: which of them are wanted, in order or backwards, and one by its name.

The law: summaries are opened one after the other and never all at once; where a text is looked for, the raw
lines of a summary are opened beside it.
"""

from __future__ import annotations

import uuid as uuids
from collections.abc import Callable, Generator, Iterable
from typing import NamedTuple

import msgspec

from session_replay.errors import InvalidRequest, NotFound
from session_replay.query.phrase import Phrase
from session_replay.store.chunks import RawBytes, stored_summaries, summaries_before
from session_replay.store.entries import StoredEntries
from session_replay.store.sealed import SealedSummary
from session_replay.transcript.line import Damage, Line, read_line
from session_replay.transcript.said import texts_of
from session_replay.wire import ENTRY_TYPES, Entry, line_of

SEQ_MAX = 2**63 - 1
"""Who asks for what is behind a larger number gets nothing, and no error of the database."""

decode_entry = msgspec.json.Decoder(Entry).decode


class _Seq(msgspec.Struct):
    seq: int
    uuid: str | None = None


_decode_seq = msgspec.json.Decoder(_Seq).decode


def seq_of(encoded: bytes) -> int:
    """The number of an encoded ``Entry``."""
    return _decode_seq(encoded).seq


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


def question(types: Iterable[str] | None, text: str | None, view: str | None) -> Question:
    """Understand the parameters ``type`` (several of them, and comma between several in one), ``q`` and ``view``.

    Raises:
        InvalidRequest: An unknown type or view.
    """
    wanted = frozenset(name for several in types or () for name in several.split(",") if name)
    if unknown := wanted - set(ENTRY_TYPES):
        raise InvalidRequest(f"no entry type {', '.join(sorted(unknown))}; there are {', '.join(ENTRY_TYPES)}")
    if view not in (None, "", "dev", "audit"):
        raise InvalidRequest("view is dev or audit")
    return Question(wanted, Phrase(text) if text else None, view == "audit")


class Looked(NamedTuple):
    """An entry that was looked at; where none is wanted, the last of those that were passed over stands for them.

    Attributes:
        seq: Its number.
        encoded: ``Entry`` as it is stored; None: not wanted.
        excerpt: Around the phrase, where only the entry's full text has it.
    """

    seq: int
    encoded: bytes | None
    excerpt: str | None = None


def look(stored: StoredEntries, after: int, wanted: Question, stop: Stop) -> Generator[Looked]:
    """The entries behind ``after``, in order."""
    raw: RawBytes | None = None
    for summary in stored_summaries(stored.connection, stored.key, _line_behind(after)):
        if stop():
            raise Abandoned
        if wanted.phrase is None:
            looked = _listed(stored.of(summary), wanted)
        else:
            raw = raw or RawBytes(stored.connection, stored.key, summary.start)
            looked = _looked_through(stored, summary, raw, wanted, wanted.phrase)
        yield from (one for one in looked if one.seq > after)


def runs(stored: StoredEntries, after: int, stop: Stop) -> Generator[list[bytes]]:
    """All entries behind ``after``, encoded and in order, a summary of them at a time: none is looked into."""
    for summary in stored_summaries(stored.connection, stored.key, _line_behind(after)):
        if stop():
            raise Abandoned
        entries = stored.of(summary)
        if entries and seq_of(entries[0]) <= after:
            entries = [encoded for encoded in entries if seq_of(encoded) > after]
        if entries:
            yield entries


def look_back(stored: StoredEntries, before: int, wanted: Question, stop: Stop) -> Generator[Looked]:
    """The wanted entries before ``before``, the last first."""
    for summary in summaries_before(stored.connection, stored.key, line_of(before) + 1):
        if stop():
            raise Abandoned
        if wanted.phrase is None:
            looked = list(_listed(stored.of(summary), wanted))
        else:
            raw = RawBytes(stored.connection, stored.key, summary.start)
            looked = list(_looked_through(stored, summary, raw, wanted, wanted.phrase))
        yield from (one for one in reversed(looked) if one.seq < before and one.encoded is not None)


def find_entry(stored: StoredEntries, seq_or_uuid: str) -> tuple[SealedSummary, Entry]:
    """An entry by its number or its uuid, and the summary that it is in; a uuid is looked for from the start.

    Raises:
        NotFound: No such entry.
    """
    wanted = _wanted(seq_or_uuid)
    from_line = line_of(wanted) if isinstance(wanted, int) else 0
    for summary in stored_summaries(stored.connection, stored.key, from_line):
        for encoded in stored.of(summary):
            short = _decode_seq(encoded)
            if short.seq == wanted if isinstance(wanted, int) else wanted(short):
                return summary, decode_entry(encoded)
        if isinstance(wanted, int):
            break
    raise NotFound("no such entry in this session")


def _line_behind(after: int) -> int:
    return line_of(min(after, SEQ_MAX)) if after >= 0 else 0


def _wanted(seq_or_uuid: str) -> Callable[[_Seq], bool] | int:
    if seq_or_uuid.isdecimal() and len(seq_or_uuid) < 19:  # noqa: PLR2004 - fits 63 bits
        return int(seq_or_uuid)
    try:
        wanted = str(uuids.UUID(seq_or_uuid))
    except ValueError:
        raise NotFound("an entry is named by its number or its uuid") from None
    return lambda short: short.uuid == wanted


def _listed(entries: list[bytes], wanted: Question) -> Generator[Looked]:
    """Those of a summary that type and view want."""
    for encoded in entries:
        is_wanted = wanted.is_all or wanted.lists(decode_entry(encoded))
        yield Looked(seq_of(encoded), encoded if is_wanted else None)


def _looked_through(
    stored: StoredEntries, summary: SealedSummary, raw: RawBytes, wanted: Question, phrase: Phrase
) -> Generator[Looked]:
    """Those of a summary that hold the phrase; of lines that are damaged, those whose row does."""
    lines = raw.read(summary.start, summary.end)
    if lines is None:
        stored.tell_damage("chunk")
        lines = b"\n" * (summary.line_end - summary.line_start)
    yield from _holding(stored.of(summary), lines, summary.line_start, wanted, phrase)


def _holding(entries: list[bytes], raw: bytes, line_start: int, wanted: Question, phrase: Phrase) -> Generator[Looked]:
    """Those of a summary that hold the phrase, on their row or in their lines ``raw``."""
    if not entries:
        return
    may_show, may_say = phrase.may_be_in(b"\n".join(entries)), phrase.may_be_in(raw)
    if not (may_show or may_say):
        yield Looked(seq_of(entries[-1]), None)
        return
    lines = raw.split(b"\n")
    read: tuple[int, Line | Damage] | None = None
    for encoded in entries:
        seq = seq_of(encoded)
        line = lines[line_of(seq) - line_start]
        may_say_it = may_say and phrase.may_be_in(line)
        looked = Looked(seq, None)
        if may_say_it or (may_show and phrase.may_be_in(encoded)):
            entry = decode_entry(encoded)
            if wanted.lists(entry):
                if any(phrase.is_in(text) for text in (entry.preview, entry.label, entry.tool or "", entry.raw_type)):
                    looked = Looked(seq, encoded)
                elif may_say_it:
                    if read is None or read[0] != line_of(seq):
                        read = line_of(seq), read_line(line)
                    excerpt = phrase.hit(texts_of(read[1], entry, line))
                    if excerpt is not None:
                        looked = Looked(seq, encoded, excerpt)
        yield looked
