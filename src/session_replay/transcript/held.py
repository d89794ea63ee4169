"""Lines whose bytes come in pieces that are cut anywhere."""

from __future__ import annotations

from typing import NamedTuple

from session_replay.transcript.entry import DAMAGE_PREVIEW_BYTES
from session_replay.transcript.line import LINE_BYTES_MAX
from session_replay.transcript.session import TranscriptReader
from session_replay.wire import Entry


class Held(NamedTuple):
    """A line that goes on in the next chunk; of one that is too long to be parsed, no more than is shown.

    Attributes:
        parts: Its first bytes, as they came; all of them up to ``LINE_BYTES_MAX``.
        size: How many it has so far.
    """

    parts: tuple[bytes, ...] = ()
    size: int = 0

    @property
    def beginning(self) -> bytes:
        """Its first bytes: joined once, a line can come in hundreds of chunks."""
        return b"".join(self.parts)

    @property
    def is_oversized(self) -> bool:
        """Whatever comes, it is not parsed."""
        return self.size > LINE_BYTES_MAX

    def and_then(self, raw: bytes) -> Held:
        """The line with its next bytes."""
        if not raw:
            return self
        size = self.size + len(raw)
        if self.is_oversized:
            return Held(self.parts, size)
        longer = Held((*self.parts, raw), size)
        return Held((longer.beginning[:DAMAGE_PREVIEW_BYTES],), size) if longer.is_oversized else longer


def read_held(reader: TranscriptReader, held: Held, raw: bytes) -> tuple[list[Entry], int]:
    """The entries of a line that began before and of all that follow it, and how many bytes these lines have."""
    if not held.is_oversized:
        lines = held.beginning + raw
        return reader.read(lines), len(lines)
    line, newline, more = raw.partition(b"\n")
    entries = reader.read_oversized(held.beginning, held.size + len(line), has_newline=bool(newline))
    return entries + reader.read(more), held.size + len(raw)
