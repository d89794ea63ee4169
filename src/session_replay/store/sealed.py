"""Sealed runs of a stream as bytes in memory; needs no database, so that worker processes stay small.

A chunk covers raw bytes ``[start, end)`` of one generation of a stream, cut anywhere; joined in
order they are the transcript.  A summary covers whole lines and holds one encoded ``wire.Entry``
an entry, newline between them; it can be made again from the chunks at any time.
"""

from __future__ import annotations

from typing import NamedTuple

from backports import zstd

from session_replay.vault.seal import Context, seal, unseal

ZSTD_LEVEL = 3
SUMMARY_ZSTD_LEVEL = 1
"""Summaries are small and made again at will: speed counts more than size."""


class StreamKey(NamedTuple):
    """What it takes to seal and open the bytes of one generation of a stream.

    Attributes:
        secret: Data key of the stream's session, 32 bytes.
        organization: Number of the organization.
        stream_id: The stream.
        generation: Counts rewrites of the file from 0.
    """

    secret: bytes
    organization: int
    stream_id: int
    generation: int

    def context(self, start: int, end: int) -> Context:
        """The place of raw bytes ``[start, end)``."""
        return Context("chunk", self.organization, str(self.stream_id), self.generation, start, end)

    def summary_context(self, line_start: int, line_end: int) -> Context:
        """The place of the summary of lines ``[line_start, line_end)``."""
        return Context("summary", self.organization, str(self.stream_id), self.generation, line_start, line_end)


class SealedChunk(NamedTuple):
    """Raw bytes ``[start, end)``, compressed and sealed."""

    start: int
    end: int
    sealed: bytes


class SealedSummary(NamedTuple):
    """The entries of lines ``[line_start, line_end)``, which lie at raw bytes ``[start, end)``."""

    line_start: int
    line_end: int
    start: int
    end: int
    entries: int
    sealed: bytes


def seal_chunk(key: StreamKey, start: int, raw: bytes) -> SealedChunk:
    """Compress and seal raw bytes that begin at ``start``."""
    return seal_frame(key, (start, start + len(raw)), zstd.compress(raw, ZSTD_LEVEL))


def seal_frame(key: StreamKey, span: tuple[int, int], frame: bytes) -> SealedChunk:
    """Seal the raw bytes ``span`` that somebody else compressed; whoever calls has looked into the frame."""
    return SealedChunk(*span, seal(key.secret, key.context(*span), frame))


def open_chunk(key: StreamKey, chunk: SealedChunk) -> bytes:
    """The raw bytes of a chunk.

    Raises:
        Tampered: The chunk does not belong there, or was changed.
    """
    return zstd.decompress(unseal(key.secret, key.context(chunk.start, chunk.end), chunk.sealed))


def seal_summary(key: StreamKey, lines: tuple[int, int], span: tuple[int, int], encoded: list[bytes]) -> SealedSummary:
    """Compress and seal the encoded entries of a run of lines; ``lines`` and ``span`` (bytes) are half-open."""
    packed = zstd.compress(b"\n".join(encoded), SUMMARY_ZSTD_LEVEL)
    sealed = seal(key.secret, key.summary_context(*lines), packed)
    return SealedSummary(*lines, *span, len(encoded), sealed)


def open_summary(key: StreamKey, summary: SealedSummary) -> list[bytes]:
    """One encoded ``wire.Entry`` (JSON) an item, in order.

    Raises:
        Tampered: The summary does not belong there, or was changed.
    """
    context = key.summary_context(summary.line_start, summary.line_end)
    packed = zstd.decompress(unseal(key.secret, context, summary.sealed))
    return packed.split(b"\n") if packed else []
