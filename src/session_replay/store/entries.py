"""The entries of a stream: from its summaries; what of these does not open is read again from the chunks.

The law: a summary is a cache. One that is damaged costs the time of reading its stream anew, and no entry.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from sqlalchemy import Connection

from session_replay.errors import Tampered
from session_replay.store import streams
from session_replay.store.chunks import damaged_spans, readable_range, stored_summaries
from session_replay.store.installation import Installation
from session_replay.store.sealed import SealedSummary, StreamKey, open_summary
from session_replay.transcript.entry import lost_lines
from session_replay.transcript.held import Held, read_held
from session_replay.transcript.session import TranscriptReader
from session_replay.wire import Entry

UUID_CHARS = 36
"""A shorter \"uuid\" was made by hand: equal ones say nothing."""

_encode = msgspec.json.Encoder().encode


class StoredEntries:
    """Reads the entries of one generation of a stream.

    Args:
        at: Where it lies.
        connection: Snapshot, open as long as it is read.
        key: Opens the stream.
        inherited: Uuids of lines that an earlier stream owns; looked up where none are given.
    """

    def __init__(
        self, at: Installation, connection: Connection, key: StreamKey, inherited: frozenset[str] | None = None
    ) -> None:
        self.connection = connection
        self.key = key
        self._at = at
        self._inherited = inherited
        self._reader: TranscriptReader | None = None
        self._read_to = 0

    def of(self, summary: SealedSummary) -> list[bytes]:
        """One encoded ``wire.Entry`` (JSON) an item, in order."""
        try:
            return open_summary(self.key, summary)
        except Tampered:
            self.tell_damage("summary")
            return [_encode(entry) for entry in self._read_again(summary)]

    def tell_damage(self, part: str) -> None:
        """Say once in the log that something of the session does not open."""
        session_id = streams.find(self.connection, self.key.stream_id).session_id
        self._at.session_keys.tell_damage(session_id, part)

    def _read_again(self, summary: SealedSummary) -> list[Entry]:
        if self._reader is None or self._read_to > summary.start:
            self._reader, self._read_to = TranscriptReader(self._earlier_uuids()), 0
        reader = self._reader
        # What an entry owes to the lines before it hangs on their ids, not on their numbers: a gap among them is none.
        for _ in self._read(reader, self._read_to, summary.start):
            pass
        reader.line = summary.line_start
        self._read_to = summary.end
        if damaged := damaged_spans(self.connection, self.key, summary.start, summary.end):
            return [lost_lines((summary.line_start, summary.line_end), damaged, summary.end - summary.start)]
        return list(self._read(reader, summary.start, summary.end))

    def _read(self, reader: TranscriptReader, start: int, end: int) -> Iterator[Entry]:
        """The entries of the lines in raw bytes ``[start, end)``; what is damaged of them is passed over."""
        held = Held()
        for raw in readable_range(self.connection, self.key, start, end):
            cut = raw.rfind(b"\n") + 1
            if cut:
                yield from read_held(reader, held, raw[:cut])[0]
                held = Held()
            held = held.and_then(raw[cut:])
        if held.size:  # the file's last line, which was read without its newline
            yield from read_held(reader, held, b"")[0]

    def _earlier_uuids(self) -> frozenset[str]:
        if self._inherited is None:
            earlier = streams.find(self.connection, self.key.stream_id).earlier
            uuids = (line_uuids(self.connection, self._at, number) for number in earlier)
            self._inherited = frozenset[str]().union(*uuids)
        return self._inherited


class _Line(msgspec.Struct):
    uuid: str | None = None


_decode_line = msgspec.json.Decoder(_Line).decode


def line_uuids(connection: Connection, at: Installation, stream_id: int) -> frozenset[str]:
    """The uuids of all lines of a stream, from its entries."""
    stream = streams.find(connection, stream_id)
    secret = at.session_keys.find(connection, [stream.session_id]).get(stream.session_id)
    if secret is None:
        return frozenset()
    key = StreamKey(secret, at.key.organization, stream.id, stream.generation)
    # Which of its lines are inherited changes none of their uuids.
    entries = StoredEntries(at, connection, key, inherited=frozenset())
    lines = (_decode_line(encoded) for summary in stored_summaries(connection, key) for encoded in entries.of(summary))
    return frozenset(line.uuid for line in lines if line.uuid and len(line.uuid) == UUID_CHARS)
