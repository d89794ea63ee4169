"""The ingest protocol: what a collector and the server say to each other about the bytes of transcripts.

The law: the server is the truth.  It says of every stream how many bytes it has and the root of their
hashes; a collector compares, sends what is missing, and may forget everything at any time.  Any cut and
any repeat of a request leaves the same stream.  docs/format.md describes each message, so that another
implementation can be written from it.

Messages are MessagePack maps (``POST /api/ingest/…``), errors problem+json.  Shapes and pure functions only.
"""

from __future__ import annotations

import hashlib
from typing import Annotated, Literal, Protocol

import msgspec

from session_replay.wire import FileFault, FileKind

PROTOCOL_VERSION = 1
PROTOCOL_HEADER = "session-replay-protocol"
BOOT_HEADER = "session-replay-boot"
"""Of every call of a client: a random word for each start of its collector, and when (ms) it was sent by its clock."""
MEDIA_TYPE = "application/x-msgpack"

LEAF_BYTES = 32
PIECE_BYTES_MAX = 1 << 20
"""Raw bytes of one piece: a chunk is stored as it came, and readers hold one in memory."""
PIECES_MAX = 128
REQUEST_RAW_BYTES_MAX = 8 << 20
"""Raw bytes of all pieces of a request; more is refused before it is decompressed."""
BODY_BYTES_MAX = 12 << 20
ATTACHMENT_BYTES_MAX = 64 << 20
ATTACHMENT_BODY_BYTES_MAX = ATTACHMENT_BYTES_MAX + (4 << 20)
OPENINGS_MAX = 1_000
STREAMS_NAMED_MAX = 200_000
TEXT_CHARS_MAX = 4_096
AGENTS_MAX = 16

StreamNumber = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
Size = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
"""In bytes.  Both fit the integers of a database; a message with others is not understood."""


class Opening(msgspec.Struct, frozen=True, omit_defaults=True):
    """A transcript that the collector has, to be found or made on the server.

    Attributes:
        address: Path relative to the projects folder, ``/`` between parts.
        kind: ``main`` or ``subagent``.
        session: The session that the file's name, folder or first line says.
        agents: Of a subagent: agent ids from the main session's child down to it.
        mtime_ns: When the file was last written; the time of a session without any.
        is_new: Make a stream where none has this address, also if others have its file name.
        follows: The collector goes on looking at the file, and will say when it is gone.
    """

    address: str
    kind: FileKind
    mtime_ns: int
    session: str | None = None
    agents: tuple[str, ...] = ()
    is_new: bool = False
    follows: bool = False


class Standing(msgspec.Struct, frozen=True):
    """What the server has of a stream.

    Attributes:
        stream: Its number.
        generation: Counts rewrites of the file from 0; everything here is of the newest.
        length: Bytes that are durable.
        root: RFC 6962 root over the hashes of their blocks, 32 bytes.
        file_size, file_mtime_ns: The file when all of it was stored; -1 and 0 while more is missing.
    """

    stream: int
    generation: int
    length: int
    root: bytes
    file_size: int
    file_mtime_ns: int


class Opened(msgspec.Struct, frozen=True, omit_defaults=True):
    """The answer to one ``Opening``: the stream, or what else has its file's name, or why it is refused."""

    standing: Standing | None = None
    candidates: tuple[Standing, ...] = ()
    """No stream has this address; these, of the same client, have its file name.  It was moved from there if the old
    file is gone and the bytes are equal; else it is opened again as new."""
    problem: str = ""


class Piece(msgspec.Struct, frozen=True):
    """Raw bytes ``[start, end)`` of one generation of a stream.

    Attributes:
        root: Over the blocks of bytes ``[0, end)`` as the collector read them.
        frame: One zstd frame of the bytes, with its content size.
        file_size, file_mtime_ns: The file when they were read.
    """

    stream: StreamNumber
    generation: int
    start: int
    end: int
    root: bytes
    frame: bytes
    file_size: int
    file_mtime_ns: int


Refusal = Literal["", "offset-gap", "other-generation", "bytes-differ", "no-such-stream", "invalid-piece", "damaged"]


class Stored(msgspec.Struct, frozen=True, omit_defaults=True):
    """The answer to one ``Piece``; with ``refusal`` empty its bytes are durable, and were before this was said.

    Attributes:
        standing: The stream afterwards, also where the piece was refused: from there the collector goes on.
        refusal: ``offset-gap``: begins past the end.  ``other-generation``: the file began anew meanwhile.
            ``bytes-differ``: the collector's bytes before the end are not the server's: the file was rewritten.
            ``damaged``: what is stored of it does not open, so nothing can be put behind it.
        problem: The same in words.
    """

    standing: Standing | None
    refusal: Refusal = ""
    problem: str = ""


class Rewrite(msgspec.Struct, frozen=True):
    """The file does not begin with the stored bytes: the stream begins again after ``generation``."""

    stream: StreamNumber
    generation: int
    reason: Literal["rewritten", "truncated"]


class Move(msgspec.Struct, frozen=True):
    """The file of a stream has another path now; ``root`` is over its first ``length`` bytes there."""

    stream: StreamNumber
    address: str
    length: int
    root: bytes


class AttachmentLook(msgspec.Struct, frozen=True):
    """A file of a session that is no transcript, as it lies there."""

    address: str
    session: str | None
    size: int
    mtime_ns: int


class Attachment(msgspec.Struct, frozen=True):
    """The whole of such a file: ``frame`` is a zstd frame of ``size`` bytes with this SHA-256."""

    address: str
    session: str | None
    size: Size
    mtime_ns: int
    sha256: bytes
    frame: bytes


class Report(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a collector is; sent twice a minute, and when something begins or ends.

    Attributes:
        sent_ms: The client's clock.
        machine: Digest of the machine's own id.
        folder: Digest of the path of the folder that it follows; of another one nothing is removed.
        files: Transcripts and attachments that it sees.
        unshipped_bytes, unshipped_since_ms: What the server does not have yet, and since when.
        faults: Files that could not be taken, some of them.
        gone: Streams whose file was removed since the last report.
        present: All streams whose files are there, once after a start: the answer names those that were followed before
            and are not among them.
        held_back: With ``present``: addresses of files that are there and, as somebody wished, are not sent.
    """

    sent_ms: int
    version: str
    os: str
    machine: str
    files: int = 0
    unshipped_bytes: int = 0
    unshipped_since_ms: int | None = None
    paused: bool = False
    faults: tuple[FileFault, ...] = ()
    gone: tuple[StreamNumber, ...] = ()
    present: tuple[StreamNumber, ...] | None = None
    held_back: tuple[str, ...] = ()
    folder: str = ""


class Told(msgspec.Struct, frozen=True, omit_defaults=True):
    """The answer to a report.

    Attributes:
        now_ms: The server's clock.
        missed: Streams that were followed and that a report of all present ones did not name.  Whether they are gone
            is for the collector to say: the report may have been on its way for long.
    """

    now_ms: int
    missed: tuple[int, ...] = ()


class Enrolment(msgspec.Struct, frozen=True):
    """A collector that has a token asks to be a client."""

    token: str
    host: str
    user: str
    os: str
    version: str
    machine: str


class Enrolled(msgspec.Struct, frozen=True):
    """The client, and the credential that only appends to its streams; it is told once."""

    client: str
    credential: str
    organization: str


class Ingest(Protocol):
    """The calls of one client, over HTTP or in the server's own process.

    Each raises ``ReplayError`` where the request as a whole is refused, and ``Unreachable`` where nobody knows
    whether it arrived: the same call again is always right.
    """

    def open(self, openings: list[Opening]) -> list[Opened]:
        """Find or make streams, an answer for each opening."""
        ...

    def append(self, pieces: list[Piece]) -> list[Stored]:
        """Make bytes durable, an answer for each piece."""
        ...

    def rewrite(self, rewrite: Rewrite) -> Standing:
        """Begin a new generation; a repeat finds it begun."""
        ...

    def move(self, move: Move) -> Standing:
        """Give a stream another address."""
        ...

    def missing(self, looks: list[AttachmentLook]) -> list[bool]:
        """Which of these attachments are not stored as they look."""
        ...

    def attach(self, attachments: list[Attachment]) -> list[str]:
        """Store attachments whole; for each an empty text, or why it was refused."""
        ...

    def report(self, report: Report) -> Told:
        """Tell how the collector is."""
        ...


def root_of(leaves: bytes) -> bytes:
    """RFC 6962 Merkle tree hash over leaf hashes of 32 bytes each; of none, SHA-256 of nothing."""
    if not leaves:
        return hashlib.sha256().digest()
    level = [leaves[at : at + LEAF_BYTES] for at in range(0, len(leaves), LEAF_BYTES)]
    # Section 2.1 splits at the largest power of two: the same as pairing from the left and lifting an odd one.
    while len(level) > 1:
        pairs = [hashlib.sha256(b"\x01" + level[at] + level[at + 1]).digest() for at in range(0, len(level) - 1, 2)]
        level = pairs + level[len(pairs) * 2 :]
    return level[0]
