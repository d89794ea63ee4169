"""Sealed runs of streams in the database: the raw bytes (chunks) and what was read from them (summaries)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Select, bindparam, delete, insert, select

from session_replay.store.schema import chunks, summaries
from session_replay.store.sealed import SealedChunk, SealedSummary, StreamKey, open_chunk

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
        self._held = b""
        self._held_start = start

    def read(self, start: int, end: int) -> bytes:
        """Raw bytes ``[start, end)``, cut at the stream's end; ``start`` is never before the last one."""
        parts = [self._held[start - self._held_start :]]
        held_end = self._held_start + len(self._held)
        for chunk in self._chunks if held_end < end else ():
            raw = open_chunk(self._key, chunk)
            parts.append(raw[max(0, start - chunk.start) :])
            held_end = chunk.end
            if held_end >= end:
                break
        self._held, self._held_start = b"".join(parts), start
        return self._held[: end - start]


def opened_range(connection: Connection, key: StreamKey, start: int, end: int) -> Iterator[bytes]:
    """Raw bytes ``[start, end)``, cut at the stream's end, a chunk at a time: all of them may be too many."""
    for chunk in stored_chunks(connection, key, start, end):
        yield open_chunk(key, chunk)[max(0, start - chunk.start) : end - chunk.start]


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
