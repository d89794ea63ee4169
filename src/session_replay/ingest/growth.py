"""Bytes of a file that the store does not have yet: checked against what it has, hashed, compressed, sealed.

Nothing here looks at lines; a stream is bytes, and the parser's matters are the parser's.  Needs no
database: it runs in worker processes, which stay small without one.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple, Protocol

from session_replay.store.sealed import SealedChunk, StreamKey, seal_chunk
from session_replay.wire import BLOCK_BYTES, block_hashes

CHUNK_BYTES = 1 << 20
APPEND_BYTES_MAX = 8 << 20
LEAF_BYTES = 32
MTIME_NS_MAX = 2**63 - 1
"""The column's limit, in the year 2262: some file systems know later ones."""


def kept_time_ns(mtime_ns: int) -> int:
    """A file's time as it is kept, and compared with what is kept: one before 1970 is as good as any."""
    return min(mtime_ns, MTIME_NS_MAX)


class Readable(Protocol):
    """An open file, unbuffered."""

    def read(self, size: int, /) -> bytes | None:
        """At most ``size`` bytes."""
        ...


class AppendTask(NamedTuple):
    """Take what grew in a file.

    Attributes:
        path: The file.
        key: Of its stream, at the generation that the stream has.
        start: Bytes that the store has.
        leaves: Their block hashes.
        inode: Of the file whose stored bytes this process has seen; 0: it has seen none of them.  All stored blocks
            are compared with another file, and with one that did not grow, else only the one that the append touches.
    """

    path: str
    key: StreamKey
    start: int
    leaves: bytes
    inode: int


class Growth(NamedTuple):
    """What a file has past the store's end, ready to be stored.

    Attributes:
        start, end: Raw bytes covered, at most ``APPEND_BYTES_MAX`` of them.
        chunks: The same, sealed.
        leaves: Block hashes from the block that holds ``start`` on.
        file_size: Size of the file in bytes; more than ``end`` if there is more to take.
        file_mtime_ns: Its modification time, read before the bytes.
        inode: Number of the file in its file system.
        rewritten: The file does not begin with the stored bytes; then nothing else is set.
    """

    start: int
    end: int
    chunks: list[SealedChunk]
    leaves: bytes
    file_size: int
    file_mtime_ns: int
    inode: int
    rewritten: bool


def seal_growth(task: AppendTask) -> Growth:
    """Read, check and seal what is new in a file; runs in a worker or a thread.

    Raises:
        OSError: The file cannot be read.
    """
    with Path(task.path).open("rb", buffering=0) as file:
        status = os.fstat(file.fileno())
        first_block = task.start // BLOCK_BYTES * BLOCK_BYTES
        is_seen = status.st_ino == task.inode and status.st_size > task.start
        if status.st_size < task.start or not (is_seen or _has_prefix(file, task, first_block)):
            return _rewritten(task, status)
        file.seek(first_block)
        end_max = min(status.st_size, task.start + APPEND_BYTES_MAX)
        raw = _read(file, end_max - first_block)
    known = task.start - first_block
    if known and block_hashes(raw[:known]) != task.leaves[-LEAF_BYTES:]:
        return _rewritten(task, status)
    end = first_block + len(raw)
    chunks = _sealed(task.key, task.start, memoryview(raw)[known:]) if end > task.start else []
    return Growth(
        start=task.start,
        end=max(end, task.start),
        chunks=chunks,
        leaves=block_hashes(raw),
        file_size=status.st_size,
        file_mtime_ns=kept_time_ns(status.st_mtime_ns),
        inode=status.st_ino,
        rewritten=False,
    )


def _rewritten(task: AppendTask, status: os.stat_result) -> Growth:
    return Growth(
        start=task.start,
        end=task.start,
        chunks=[],
        leaves=b"",
        file_size=status.st_size,
        file_mtime_ns=kept_time_ns(status.st_mtime_ns),
        inode=status.st_ino,
        rewritten=True,
    )


def _has_prefix(file: Readable, task: AppendTask, first_block: int) -> bool:
    """Whether the whole blocks before ``first_block`` are those that were stored."""
    for start in range(0, first_block, CHUNK_BYTES):
        size = min(CHUNK_BYTES, first_block - start)
        hashes = block_hashes(_read(file, size))
        at = start // BLOCK_BYTES * LEAF_BYTES
        if task.leaves[at : at + len(hashes)] != hashes:
            return False
    return True


def _sealed(key: StreamKey, start: int, raw: memoryview) -> list[SealedChunk]:
    """Chunks of at most ``CHUNK_BYTES``, cut behind a newline where there is one: readers then rarely join two."""
    chunks: list[SealedChunk] = []
    at = 0
    while at < len(raw):
        piece = bytes(raw[at : at + CHUNK_BYTES])
        if at + len(piece) < len(raw):
            piece = piece[: piece.rfind(b"\n") + 1] or piece
        chunks.append(seal_chunk(key, start + at, piece))
        at += len(piece)
    return chunks


def _read(file: Readable, size: int) -> bytes:
    """Exactly ``size`` bytes, or fewer at the end of the file; a raw read may stop early."""
    parts: list[bytes] = []
    while size > 0 and (part := file.read(size)):
        parts.append(part)
        size -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)
