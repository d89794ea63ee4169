"""What is cut from a file: its bytes past the stream's end in pieces, if those before are still the stored ones.

Reads only, and only regular files under their own names: a path that became a link, a pipe or a device
while it was followed is a fault and is not waited for.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO, Literal, NamedTuple

from backports import zstd

from session_replay.protocol import LEAF_BYTES, PIECE_BYTES_MAX, Piece, Standing, root_of
from session_replay.wire import BLOCK_BYTES, block_hashes

ZSTD_LEVEL = 3
COMPARED_BYTES = 256 << 10
"""So many bytes before the end of a stream are compared at each append; what lies before, when the file rests."""

Difference = Literal["rewritten", "truncated"]


class Read(NamedTuple):
    """How far a process itself compared or sent a file.

    Attributes:
        leaves: Hashes of the blocks up to the stream's length.
        inode: Of the file that they were read from.
        is_whole: Every block was read after the file's last change before them that this process knows of; false
            once an append compared only the last ones.
    """

    leaves: bytes
    inode: int
    is_whole: bool


class Cut(NamedTuple):
    """What is sent of one file, and how its hashes are then.

    Attributes:
        pieces: At least one; an empty one says only how the file looks.
        leaves: After each piece, up to its end.
        inode: Of the file.
        is_whole: As in ``Read``.
        look: Size in bytes and modification time of the file when it was read.
    """

    pieces: list[Piece]
    leaves: list[bytes]
    inode: int
    is_whole: bool
    look: tuple[int, int]


def is_gone(path: str) -> bool:
    """Not only out of reach for now."""
    try:
        Path(path).lstat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False


def compared(opened: BinaryIO, standing: Standing) -> Read | Difference:
    """Read all that is stored of a file again and compare it."""
    status = os.fstat(opened.fileno())
    if status.st_size < standing.length:
        return "truncated"
    leaves = leaves_of(opened, standing.length)
    if leaves is None:
        return "truncated"
    return Read(leaves, status.st_ino, is_whole=True) if root_of(leaves) == standing.root else "rewritten"


def cut_from(
    opened: BinaryIO, standing: Standing, read: Read | None, *, bytes_max: int, piece_bytes: int, pieces_max: int
) -> Cut | Difference:
    """Cut what a file has past its stream's end, or say that its stored part is another one.

    Args:
        opened: The file.
        standing: What the server has of it.
        read: How far it was read before; None: compare all.
        bytes_max: Raw bytes to cut at most.
        piece_bytes: Raw bytes of a piece at most.
        pieces_max: How many pieces at most.
    """
    status = os.fstat(opened.fileno())
    # A file that is another one, or that changed without growing, is compared whole again.
    if read is None or read.inode != status.st_ino or status.st_size <= standing.length:
        again = compared(opened, standing)
        if isinstance(again, str):
            return again
        read = again
        first = standing.length // BLOCK_BYTES * BLOCK_BYTES
    else:
        first = max(0, standing.length - COMPARED_BYTES) // BLOCK_BYTES * BLOCK_BYTES
        if first:
            read = read._replace(is_whole=False)
    opened.seek(first)
    known = standing.length - first
    raw = read_exactly(opened, min(status.st_size, standing.length + bytes_max) - first)
    if len(raw) < known:
        return "truncated"
    if block_hashes(raw[:known]) != read.leaves[first // BLOCK_BYTES * LEAF_BYTES :]:
        return "rewritten"
    # Of the blocks before the last one only the hashes are needed from here on.
    kept = known // BLOCK_BYTES * BLOCK_BYTES
    whole = read.leaves[: standing.length // BLOCK_BYTES * LEAF_BYTES]
    raw, known = raw[kept:], known - kept
    look = (status.st_size, status.st_mtime_ns)
    pieces: list[Piece] = []
    leaves_after: list[bytes] = []
    at = known
    while True:
        end = _piece_end(raw, at, piece_bytes)
        leaves = whole + block_hashes(raw[:end])
        pieces.append(
            Piece(
                stream=standing.stream,
                generation=standing.generation,
                start=standing.length + at - known,
                end=standing.length + end - known,
                root=root_of(leaves),
                frame=zstd.compress(raw[at:end], ZSTD_LEVEL) if end > at else b"",
                file_size=look[0],
                file_mtime_ns=look[1],
            )
        )
        leaves_after.append(leaves)
        at = end
        if at >= len(raw) or len(pieces) >= pieces_max:
            return Cut(pieces, leaves_after, status.st_ino, read.is_whole, look)


def _piece_end(raw: bytes, start: int, piece_bytes: int) -> int:
    """Where a piece that begins at ``start`` ends: behind a newline where there is one, so readers rarely join."""
    end = min(len(raw), start + piece_bytes)
    if end < len(raw):
        newline = raw.rfind(b"\n", start, end)
        end = newline + 1 if newline >= start else end
    return end


def leaves_of(opened: BinaryIO, length: int) -> bytes | None:
    """Block hashes of the first ``length`` bytes of a file; None where it has fewer."""
    opened.seek(0)
    leaves: list[bytes] = []
    for start in range(0, length, PIECE_BYTES_MAX):
        size = min(PIECE_BYTES_MAX, length - start)
        raw = read_exactly(opened, size)
        if len(raw) < size:
            return None
        leaves.append(block_hashes(raw))
    return b"".join(leaves)


def read_exactly(opened: BinaryIO, size: int) -> bytes:
    """``size`` bytes, or fewer at the end of the file; a raw read may stop early."""
    parts: list[bytes] = []
    while size > 0 and (part := opened.read(size)):
        parts.append(part)
        size -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def words(error: OSError) -> str:
    """Why a file could not be read."""
    known = {13: "may not be read", 28: "the disk is full", 40: "is a link now"}
    return known.get(error.errno or 0, (error.strerror or "cannot be read").lower())
