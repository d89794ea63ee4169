"""Pieces of transcripts taken in: looked into, compared with what is stored, sealed, and written together.

A stream's head is kept in memory, so that an append costs its own bytes only.  Another process may write to
the same store: whether a head still is the stream's end is found out in the transaction that moves it.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol, Self

import msgspec
from backports import zstd
from sqlalchemy import Connection

from session_replay.errors import NotFound, OffsetGap, Tampered, TooLarge
from session_replay.ingest.growth import kept_time_ns
from session_replay.protocol import (
    LEAF_BYTES,
    PIECE_BYTES_MAX,
    PIECES_MAX,
    REQUEST_RAW_BYTES_MAX,
    Piece,
    Refusal,
    Standing,
    Stored,
    root_of,
)
from session_replay.store import streams
from session_replay.store.chunks import append_chunks, read_range
from session_replay.store.installation import Installation
from session_replay.store.sealed import SealedChunk, StreamKey, seal_chunk, seal_frame
from session_replay.store.streams import Stream
from session_replay.wire import BLOCK_BYTES

HEADS_KEPT = 4_096
_DAMAGED = "what the server has stored of it is damaged"


class Hash(Protocol):
    """A hash under way."""

    def update(self, data: bytes | memoryview, /) -> None:
        """More of what is hashed."""
        ...

    def digest(self) -> bytes:
        """The hash of what came so far."""
        ...

    def copy(self) -> Self:
        """Another one that has seen the same."""
        ...


class _Head(NamedTuple):
    """Where a stream ends, with the hash of its last block under way, so that an append hashes its own bytes only."""

    stream: Stream
    key: StreamKey
    tail: Hash
    """SHA-256 over 0x00 and the bytes of the last block that is not whole."""


class Pieces:
    """Appends to the streams of one installation; any thread may call it.

    Args:
        at: Where to.
        received: Told which streams have lines that were not read yet, with the time (ns) at which each one's file was
            written last, after they are durable.
    """

    def __init__(self, at: Installation, received: Callable[[Mapping[int, int]], None]) -> None:
        self._at = at
        self._received = received
        self._heads: OrderedDict[int, _Head] = OrderedDict()
        self._lock = threading.Lock()

    def append(self, client: str, pieces: list[Piece]) -> list[Stored]:
        """See ``protocol.Ingest``."""
        if len(pieces) > PIECES_MAX:
            raise TooLarge(f"at most {PIECES_MAX} pieces are taken at once, not {len(pieces)}")
        if sum(max(0, piece.end - piece.start) for piece in pieces) > REQUEST_RAW_BYTES_MAX:
            raise TooLarge(f"at most {REQUEST_RAW_BYTES_MAX} bytes are taken at once")
        taking = _Taking(self._at, client, self._find_heads(client, {piece.stream for piece in pieces}))
        for piece in pieces:
            taking.take(piece)
        if taking.parts:
            now_ms = time.time_ns() // 1_000_000
            self._at.database.write(lambda tx: taking.commit(tx, now_ms))
            with self._lock:
                for part in taking.parts:
                    self._heads[part.head.stream.id] = part.head
                    self._heads.move_to_end(part.head.stream.id)
                for stream_id in taking.lost:
                    self._heads.pop(stream_id, None)
                while len(self._heads) > HEADS_KEPT:
                    self._heads.popitem(last=False)
        # A line that goes on cannot be read: one of 100 MB would else be looked through with each of its pieces.
        parts = [part for part in taking.parts if part.ends_line and part.head.stream.id not in taking.lost]
        self._received({part.head.stream.id: part.written_ns for part in parts})
        return [self._refreshed(stored) for stored in taking.answers]

    def _refreshed(self, stored: Stored) -> Stored:
        """A refusal says how the stream stands now, not what this process believed."""
        if stored.standing is None or stored.refusal not in {"offset-gap", "other-generation"}:
            return stored
        with self._at.database.read() as connection:
            stream = streams.find(connection, stored.standing.stream)
        self.forget(stream.id)
        return msgspec.structs.replace(stored, standing=standing_of(stream))

    def _find_heads(self, client: str, stream_ids: set[int]) -> dict[int, _Head | None]:
        """The heads of those of these streams that are the client's; None: what is stored of it does not open."""
        found: dict[int, _Head | None] = {}
        with self._lock:
            kept = [self._heads[stream_id] for stream_id in stream_ids if stream_id in self._heads]
        found |= {head.stream.id: head for head in kept if head.stream.client_id == client}
        missing = [stream_id for stream_id in stream_ids if stream_id not in found]
        if missing:
            with self._at.database.read() as connection:
                for stream_id in missing:
                    try:
                        stream = streams.find(connection, stream_id)
                    except NotFound:
                        continue
                    if stream.client_id == client:
                        try:
                            found[stream_id] = self._head(connection, stream)
                        except Tampered:
                            found[stream_id] = None
        return found

    def _head(self, connection: Connection, stream: Stream) -> _Head:
        secret = self._at.session_keys.find(connection, [stream.session_id])[stream.session_id]
        key = StreamKey(secret, self._at.key.organization, stream.id, stream.generation)
        tail = hashlib.sha256(b"\x00")
        first = stream.length // BLOCK_BYTES * BLOCK_BYTES
        if first < stream.length:
            tail.update(read_range(connection, key, first, stream.length))
        return _Head(stream, key, tail)

    def forget(self, stream_id: int) -> None:
        """The stream ends elsewhere now."""
        with self._lock:
            self._heads.pop(stream_id, None)


class _Part(NamedTuple):
    """What one piece adds to its stream."""

    position: int
    head: _Head
    appended: streams.Appended
    written_ns: int
    """When the file was written last, as the collector found it."""
    ends_line: bool
    """Some of its bytes can be read now."""
    chunks: list[SealedChunk]


class _Taking:
    """One request under way: its pieces checked and sealed, then committed together."""

    def __init__(self, at: Installation, client: str, heads: dict[int, _Head | None]) -> None:
        self._at = at
        self._client = client
        self._heads = heads
        self.answers: list[Stored] = []
        self.parts: list[_Part] = []
        self.lost: set[int] = set()
        """Streams that another request or process changed meanwhile."""

    def take(self, piece: Piece) -> None:
        """Check a piece against its stream and what this request added to it; adds its answer."""
        if piece.stream not in self._heads:
            self.answers.append(Stored(None, "no-such-stream", f"this client has no stream {piece.stream}"))
            return
        head = self._heads[piece.stream]
        if head is None:
            self.answers.append(Stored(None, "damaged", _DAMAGED))
            return
        try:
            refusal, problem = self._refusal(head, piece)
        except Tampered:
            refusal, problem = "damaged", _DAMAGED
        if refusal:
            self.answers.append(Stored(standing_of(head.stream), refusal, problem))

    def _refusal(self, head: _Head, piece: Piece) -> tuple[Refusal, str]:
        stream = head.stream
        if piece.generation != stream.generation:
            return "other-generation", f"the stream is at generation {stream.generation}"
        if piece.start > stream.length:
            return "offset-gap", f"the stream ends at {stream.length}: resume from there"
        raw = _raw_of(piece)
        if isinstance(raw, str):
            return "invalid-piece", raw
        known = raw[: stream.length - piece.start]
        if known and known != self._stored(head, piece.start, piece.start + len(known)):
            return "bytes-differ", f"bytes from {piece.start} on are not the stored ones"
        new = raw[len(known) :]
        leaves, tail = _grown_leaves(head, new)
        if piece.end >= stream.length and root_of(leaves) != piece.root:
            return "bytes-differ", f"bytes before {stream.length} are not the stored ones"
        self._add(head, piece, new, leaves, tail)
        return "", ""

    def _stored(self, head: _Head, start: int, end: int) -> bytes:
        # Of this request's own pieces nothing is committed yet: they are looked at first.
        pieces = [part for part in self.parts if part.head.stream.id == head.stream.id and part.chunks]
        if pieces and end > pieces[0].appended.start:
            return b""  # an overlap within one request: it is answered as different, and sent again by itself
        with self._at.database.read() as connection:
            return read_range(connection, head.key, start, end)

    def _add(self, head: _Head, piece: Piece, new: bytes, leaves: bytes, tail: Hash) -> None:
        stream = head.stream
        chunks: list[SealedChunk] = []
        if new:
            is_whole = len(new) == piece.end - piece.start
            span = (stream.length, piece.end)
            chunks = [seal_frame(head.key, span, piece.frame) if is_whole else seal_chunk(head.key, span[0], new)]
        end = stream.length + len(new)
        complete = end == piece.file_size
        appended = streams.Appended(
            start=stream.length,
            length=end,
            leaves=leaves,
            # Written down only when all of it was taken: size and time say "unchanged" to the next look.
            file_size=piece.file_size if complete else -1,
            file_mtime_ns=kept_time_ns(piece.file_mtime_ns) if complete else 0,
        )
        grown = stream._replace(
            length=end, leaves=leaves, file_size=appended.file_size, file_mtime_ns=appended.file_mtime_ns
        )
        moved = _Head(grown, head.key, tail)
        self._heads[stream.id] = moved
        self.parts.append(_Part(len(self.answers), moved, appended, piece.file_mtime_ns, b"\n" in new, chunks))
        self.answers.append(Stored(standing_of(grown)))

    def commit(self, tx: Connection, now_ms: int) -> None:
        """Write all parts; one whose stream was changed meanwhile is refused, and the others of that stream with it."""
        self.lost.clear()
        for part in self.parts:
            stream = part.head.stream
            if stream.id not in self.lost:
                try:
                    streams.move_end(tx, stream.id, stream.generation, part.appended, now_ms)
                except (OffsetGap, NotFound):
                    self.lost.add(stream.id)
                else:
                    append_chunks(tx, part.head.key, part.chunks)
                    continue
            problem = "the stream was changed meanwhile"
            self.answers[part.position] = Stored(standing_of(stream), "offset-gap", problem)


def _grown_leaves(head: _Head, new: bytes) -> tuple[bytes, Hash]:
    """All leaves of a stream with ``new`` behind its end, and the hash of the last block under way."""
    whole_blocks = head.stream.length // BLOCK_BYTES
    leaves = [head.stream.leaves[: whole_blocks * LEAF_BYTES]]
    tail = head.tail.copy()
    filled = head.stream.length % BLOCK_BYTES
    view = memoryview(new)
    at = 0
    while at < len(view):
        part = view[at : at + BLOCK_BYTES - filled]
        tail.update(part)
        at += len(part)
        filled += len(part)
        if filled == BLOCK_BYTES:
            leaves.append(tail.digest())
            tail, filled = hashlib.sha256(b"\x00"), 0
    if filled:
        leaves.append(tail.digest())
    return b"".join(leaves), tail


def _raw_of(piece: Piece) -> bytes | str:
    """The raw bytes of a piece, or what is wrong with it."""
    size = piece.end - piece.start
    if piece.start < 0 or not 0 <= size <= PIECE_BYTES_MAX:
        return f"a piece has at most {PIECE_BYTES_MAX} bytes, from 0 on"
    if not size:
        return b""
    return unpacked(piece.frame, size)


def unpacked(frame: bytes, size: int) -> bytes | str:
    """What a zstd frame holds, which must be ``size`` bytes: one that explodes is found out at its head."""
    try:
        header = zstd.get_frame_info(frame)
        if header.decompressed_size != size:
            return f"the frame says that it holds {header.decompressed_size} bytes, not {size}"
        if zstd.get_frame_size(frame) != len(frame):
            return "there is something behind the frame"
        raw = zstd.decompress(frame)
    except zstd.ZstdError as error:
        return f"is no zstd frame: {error}"
    return raw if len(raw) == size else f"the frame holds {len(raw)} bytes, not {size}"


def standing_of(stream: Stream) -> Standing:
    """What the server says of a stream."""
    return Standing(
        stream.id,
        stream.generation,
        stream.length,
        root_of(stream.leaves),
        stream.file_size,
        stream.file_mtime_ns,
    )
