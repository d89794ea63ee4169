"""Sealed runs of streams in the database: the raw bytes (chunks) and what was read from them (summaries)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, bindparam, delete, insert, select

from session_replay.errors import Tampered
from session_replay.store.schema import chunks, summaries
from session_replay.store.sealed import SealedChunk, SealedSummary, StreamKey, open_chunk
from session_replay.store.streams import Stream

# Made once: building a statement costs more than executing it, and these run for every stream.
_FROM = (
    select(chunks.c.start, chunks.c.end, chunks.c.sealed)
    .where(
        chunks.c.stream_id == bindparam("of_stream"),
        chunks.c.generation == bindparam("of_generation"),
        chunks.c.end > bindparam("from_byte"),
    )
    .order_by(chunks.c.start)
    # A chunk can have a megabyte, a stream hundreds of them.
    .execution_options(yield_per=8)
)
_BETWEEN = _FROM.where(chunks.c.start < bindparam("to_byte"))


def append_chunks(tx: Connection, key: StreamKey, appended: list[SealedChunk]) -> None:
    """Store chunks; the caller has made sure that they follow what is there."""
    if appended:
        place = {"stream_id": key.stream_id, "generation": key.generation}
        tx.execute(insert(chunks), [place | chunk._asdict() for chunk in appended])


def stored_chunks(connection: Connection, key: StreamKey, start: int, end: int | None = None) -> Iterator[SealedChunk]:
    """The chunks that hold raw bytes ``[start, end)``, in order; without ``end`` all from ``start`` on."""
    wanted = {"of_stream": key.stream_id, "of_generation": key.generation, "from_byte": start}
    statement, bounds = (_FROM, wanted) if end is None else (_BETWEEN, wanted | {"to_byte": end})
    with connection.execute(statement, bounds) as rows:
        for row in rows:
            yield SealedChunk(*row)


class _Piece(NamedTuple):
    """A chunk, opened; ``raw`` is None where it is damaged."""

    start: int
    end: int
    raw: bytes | None


def _piece(key: StreamKey, chunk: SealedChunk) -> _Piece:
    try:
        return _Piece(chunk.start, chunk.end, open_chunk(key, chunk))
    except Tampered:
        return _Piece(chunk.start, chunk.end, None)


class RawBytes:
    """The raw bytes of a stream, read forward: each chunk is opened once.

    Args:
        connection: Open as long as it is read.
        key: Whose bytes.
        start: Nothing before is asked for.
    """

    def __init__(self, connection: Connection, key: StreamKey, start: int) -> None:
        self._chunks = stored_chunks(connection, key, start)
        self._key = key
        self._held: list[_Piece] = []

    def read(self, start: int, end: int) -> bytes | None:
        """Raw bytes ``[start, end)``, cut at the stream's end; None where some of them are damaged.

        ``start`` is never before the last one.
        """
        self._held = [piece for piece in self._held if piece.end > start]
        held_end = self._held[-1].end if self._held else start
        for chunk in self._chunks if held_end < end else ():
            self._held.append(_piece(self._key, chunk))
            if chunk.end >= end:
                break
        parts: list[bytes] = []
        for piece in self._held:
            if piece.start >= end:
                break
            if piece.raw is None:
                return None
            parts.append(piece.raw[max(0, start - piece.start) : end - piece.start])
        return b"".join(parts)


def opened_range(connection: Connection, key: StreamKey, start: int, end: int) -> Iterator[bytes]:
    """Raw bytes ``[start, end)``, cut at the stream's end, a chunk at a time: all of them may be too many."""
    for chunk in stored_chunks(connection, key, start, end):
        yield open_chunk(key, chunk)[max(0, start - chunk.start) : end - chunk.start]


def readable_range(connection: Connection, key: StreamKey, start: int, end: int) -> Iterator[bytes]:
    """As ``opened_range``, without the chunks that are damaged."""
    for chunk in stored_chunks(connection, key, start, end):
        raw = _piece(key, chunk).raw
        if raw is not None:
            yield raw[max(0, start - chunk.start) : end - chunk.start]


def damaged_spans(connection: Connection, key: StreamKey, start: int, end: int) -> list[tuple[int, int]]:
    """Raw bytes of the damaged chunks that hold some of ``[start, end)``; half-open."""
    return [
        (chunk.start, chunk.end)
        for chunk in stored_chunks(connection, key, start, end)
        if _piece(key, chunk).raw is None
    ]


def read_range(connection: Connection, key: StreamKey, start: int, end: int) -> bytes:
    """Raw bytes ``[start, end)``, cut at the stream's end."""
    return b"".join(opened_range(connection, key, start, end))


def drop_summaries(tx: Connection, key: StreamKey, from_line: int) -> None:
    """Delete the summaries of lines from ``from_line`` on."""
    tx.execute(
        delete(summaries).where(
            summaries.c.stream_id == key.stream_id,
            summaries.c.generation == key.generation,
            summaries.c.line_end > from_line,
        )
    )


def append_summaries(tx: Connection, key: StreamKey, made: list[SealedSummary]) -> None:
    """Store summaries of lines that have none."""
    if made:
        place = {"stream_id": key.stream_id, "generation": key.generation}
        tx.execute(insert(summaries), [place | summary._asdict() for summary in made])


_SUMMARY = (
    summaries.c.line_start,
    summaries.c.line_end,
    summaries.c.start,
    summaries.c.end,
    summaries.c.entries,
    summaries.c.sealed,
)


def stored_summaries(connection: Connection, key: StreamKey, from_line: int = 0) -> Iterator[SealedSummary]:
    """The summaries of lines from ``from_line`` on, in order; the first may begin before it."""
    wanted = (
        select(*_SUMMARY)
        .where(
            summaries.c.stream_id == key.stream_id,
            summaries.c.generation == key.generation,
            summaries.c.line_end > from_line,
        )
        .order_by(summaries.c.line_start)
    )
    yield from _summaries_of(connection, wanted)


def line_numbers(connection: Connection, stream: Stream) -> dict[int, int]:
    """The number of the line that begins at each byte where a summary of the stream ends."""
    rows = connection.execute(
        select(summaries.c.end, summaries.c.line_end).where(
            summaries.c.stream_id == stream.id, summaries.c.generation == stream.generation
        )
    )
    return {row.end: row.line_end for row in rows}


def summaries_before(connection: Connection, key: StreamKey, line: int) -> Iterator[SealedSummary]:
    """The summaries of lines before ``line``, the last of them first; that one may end after it."""
    wanted = (
        select(*_SUMMARY)
        .where(
            summaries.c.stream_id == key.stream_id,
            summaries.c.generation == key.generation,
            summaries.c.line_start < line,
        )
        .order_by(summaries.c.line_start.desc())
    )
    yield from _summaries_of(connection, wanted)


def _summaries_of(connection: Connection, wanted: Select[Any, Any, Any, Any, Any, Any]) -> Iterator[SealedSummary]:
    # Most readers stop early: the cursor is closed with the generator.
    with connection.execute(wanted, execution_options={"yield_per": 8}) as rows:
        for row in rows:
            yield SealedSummary(*row)
