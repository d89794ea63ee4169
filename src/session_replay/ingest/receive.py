"""The server's side of the ingest protocol: bytes received → bytes acknowledged.

One ``Receiver`` serves all clients; ``Reception`` is one client's view of it.  An acknowledgement is given
after the commit that holds the bytes, so whatever is killed, at any moment, what was acknowledged is there.
Reading the bytes into entries follows behind (``ingest/reading.py``) and can never delay or refuse them.
"""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from typing import NamedTuple, Protocol, Self

import msgspec
from backports import zstd
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from session_replay.errors import InvalidRequest, NotFound, OffsetGap, TooLarge, Unreachable
from session_replay.ingest.enrol import own_client
from session_replay.ingest.enter import Registry
from session_replay.ingest.growth import MTIME_NS_MAX
from session_replay.protocol import (
    AGENTS_MAX,
    ATTACHMENT_BYTES_MAX,
    LEAF_BYTES,
    OPENINGS_MAX,
    PIECE_BYTES_MAX,
    PIECES_MAX,
    REQUEST_RAW_BYTES_MAX,
    STREAMS_NAMED_MAX,
    TEXT_CHARS_MAX,
    Attachment,
    AttachmentLook,
    Move,
    Opened,
    Opening,
    Piece,
    Refusal,
    Report,
    Rewrite,
    Standing,
    Stored,
    Told,
    root_of,
)
from session_replay.store import clients, streams
from session_replay.store.chunks import append_chunks, read_range
from session_replay.store.installation import Installation
from session_replay.store.sealed import SealedChunk, StreamKey, seal_chunk, seal_frame
from session_replay.store.streams import Stream
from session_replay.wire import BLOCK_BYTES, FileFault, TranscriptFile

log = logging.getLogger(__name__)

CANDIDATES_MAX = 8
HEADS_KEPT = 4_096
ENTERED_AT_ONCE = 256
"""Streams entered in one transaction, so that other writers are never held up for long."""
FAULTS_KEPT = 20
COPIED_AGAIN_MS = 3_600_000
"""Two that go on side by side are one event an hour."""
CLOCK_AHEAD_MS_MAX = 10**15
EXPIRED_MS = 29 * 86_400_000
"""Claude Code's ``cleanupPeriodDays`` is 30 unless somebody set it."""
STORE_RETRY_SECONDS = 5.0


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


class Receiver:
    """Takes in what collectors send, for one installation; any thread may call it.

    Args:
        at: Where to.
        received: Told which streams have bytes that were not read yet, after they are durable; from any thread.
    """

    def __init__(self, at: Installation, received: Callable[[Iterable[int]], None] = lambda _: None) -> None:
        self._at = at
        self._received = received
        self._registry = Registry(at)
        self._heads: OrderedDict[int, _Head] = OrderedDict()
        self._lock = threading.Lock()

    def of_owner(self, host: str, user: str) -> Reception:
        """What the server's own machine may do, as the client of this host and user."""
        return self.of(self._at.database.write(lambda tx: own_client(tx, self._at, host, user)))

    def of(self, client: str) -> Reception:
        """What a client may do."""
        return Reception(self, client)

    def open(self, client: str, openings: list[Opening]) -> list[Opened]:
        """See ``protocol.Ingest``."""
        if len(openings) > OPENINGS_MAX:
            raise TooLarge(f"at most {OPENINGS_MAX} files are opened at once, not {len(openings)}")
        problems = [_problem_of(opening) for opening in openings]
        digests = [streams.address(self._at.key, client, opening.address) for opening in openings]
        with self._at.database.read() as connection:
            known = streams.find_by_addresses(connection, client, list(dict.fromkeys(digests)))
            found = {
                digest: () if problem or digest in known else self._candidates(connection, client, opening)
                for opening, digest, problem in zip(openings, digests, problems, strict=True)
            }
        new = [
            opening
            for opening, digest, problem in zip(openings, digests, problems, strict=True)
            if not problem and digest not in known and (opening.is_new or not found[digest])
        ]
        # Main transcripts come before subagents, so that these find their parent.
        new.sort(key=lambda opening: opening.kind != "main")
        for start in range(0, len(new), ENTERED_AT_ONCE):
            batch = new[start : start + ENTERED_AT_ONCE]
            entered = self._at.database.write(lambda tx, batch=batch: self._enter(tx, client, batch))
            known |= entered
        present = [stream.id for stream in known.values()]
        follows = {digest for opening, digest in zip(openings, digests, strict=True) if opening.follows}
        followed = [stream.id for digest, stream in known.items() if digest in follows]

        def mark(tx: Connection) -> None:
            streams.mark_present(tx, present)
            streams.mark_followed(tx, client, followed)

        self._at.database.write(mark)
        return [
            Opened(problem=problem)
            if problem
            else Opened(_standing(known[digest]))
            if digest in known
            else Opened(candidates=found[digest])
            for digest, problem in zip(digests, problems, strict=True)
        ]

    def _candidates(self, connection: Connection, client: str, opening: Opening) -> tuple[Standing, ...]:
        if opening.is_new:
            return ()
        name = streams.name_digest(self._at.key, opening.address)
        return tuple(map(_standing, streams.find_by_name(connection, client, name, CANDIDATES_MAX)))

    def _enter(self, tx: Connection, client: str, batch: list[Opening]) -> dict[bytes, Stream]:
        now_ms = _now_ms()
        return {
            streams.address(self._at.key, client, opening.address): self._registry.stream(
                tx, client, _file_of(opening), now_ms
            )
            for opening in batch
        }

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
            now_ms = _now_ms()
            self._at.database.write(lambda tx: taking.commit(tx, now_ms))
            with self._lock:
                for part in taking.parts:
                    self._heads[part.head.stream.id] = part.head
                    self._heads.move_to_end(part.head.stream.id)
                for stream_id in taking.lost:
                    self._heads.pop(stream_id, None)
                while len(self._heads) > HEADS_KEPT:
                    self._heads.popitem(last=False)
        grown = dict.fromkeys(part.head.stream.id for part in taking.parts if part.chunks)
        self._received([stream_id for stream_id in grown if stream_id not in taking.lost])
        return [self._refreshed(stored) for stored in taking.answers]

    def _refreshed(self, stored: Stored) -> Stored:
        """A refusal says how the stream stands now, not what this process believed."""
        if stored.standing is None or stored.refusal not in {"offset-gap", "other-generation"}:
            return stored
        with self._at.database.read() as connection:
            stream = streams.find(connection, stored.standing.stream)
        with self._lock:
            self._heads.pop(stream.id, None)
        return msgspec.structs.replace(stored, standing=_standing(stream))

    def _find_heads(self, client: str, stream_ids: set[int]) -> dict[int, _Head]:
        """The heads of those of these streams that are the client's."""
        found: dict[int, _Head] = {}
        with self._lock:
            kept = [self._heads[stream_id] for stream_id in stream_ids if stream_id in self._heads]
        found |= {head.stream.id: head for head in kept if head.stream.client_id == client}
        missing = [stream_id for stream_id in stream_ids if stream_id not in found]
        if missing:
            with self._at.database.read() as connection:
                for stream_id in missing:
                    try:
                        stream = streams.find(connection, stream_id)
                    except (NotFound, OverflowError):
                        continue
                    if stream.client_id == client:
                        found[stream_id] = self._head(connection, stream)
        return found

    def _head(self, connection: Connection, stream: Stream) -> _Head:
        secret = self._at.session_keys.find(connection, [stream.session_id])[stream.session_id]
        key = StreamKey(secret, self._at.key.organization, stream.id, stream.generation)
        tail = hashlib.sha256(b"\x00")
        first = stream.length // BLOCK_BYTES * BLOCK_BYTES
        if first < stream.length:
            tail.update(read_range(connection, key, first, stream.length))
        return _Head(stream, key, tail)

    def rewrite(self, client: str, rewrite: Rewrite) -> Standing:
        """See ``protocol.Ingest``."""

        def begin(tx: Connection) -> Stream:
            stream = self._own(tx, client, rewrite.stream)
            if stream.generation != rewrite.generation:  # asked once more: the answer was lost
                return stream
            clients.add_event(tx, self._at.key.organization, client, rewrite.reason, _now_ms(), [stream.id])
            return streams.begin_generation(tx, stream)

        stream = self._at.database.write(begin)
        with self._lock:
            self._heads.pop(stream.id, None)
        return _standing(stream)

    def move(self, client: str, move: Move) -> Standing:
        """See ``protocol.Ingest``."""
        problem = _text_problem("address", move.address)
        if problem:
            raise InvalidRequest(problem)

        def change(tx: Connection) -> Stream:
            stream = self._own(tx, client, move.stream)
            secret = self._at.session_keys.find(tx, [stream.session_id])[stream.session_id]
            place = streams.place(self._at.key, secret, client, move.address)
            there = streams.find_by_address(tx, client, place.address)
            if there is not None:
                if there.id == stream.id:  # asked once more
                    return stream
                raise InvalidRequest("another stream has this address")
            if all(one.id != stream.id for one in streams.find_by_name(tx, client, place.name_digest, CANDIDATES_MAX)):
                raise InvalidRequest("a file that moves keeps its name")
            if (move.length, move.root) != (stream.length, root_of(stream.leaves)):
                raise InvalidRequest("the file does not begin with the stored bytes")
            streams.move(tx, stream.id, place)
            clients.add_event(tx, self._at.key.organization, client, "moved", _now_ms(), [stream.id])
            return stream

        return _standing(self._at.database.write(change))

    def _own(self, tx: Connection, client: str, stream_id: int) -> Stream:
        stream = streams.find(tx, stream_id)
        if stream.client_id != client:
            raise NotFound(f"no stream {stream_id}")
        return stream

    def missing(self, client: str, looks: list[AttachmentLook]) -> list[bool]:
        """See ``protocol.Ingest``."""
        if len(looks) > OPENINGS_MAX:
            raise TooLarge(f"at most {OPENINGS_MAX} attachments are asked for at once, not {len(looks)}")
        digests = [streams.address(self._at.key, client, look.address) for look in looks]
        with self._at.database.read() as connection:
            known = streams.looks(connection, client, digests)
        return [
            known.get(digest) != (look.size, min(look.mtime_ns, MTIME_NS_MAX))
            for digest, look in zip(digests, looks, strict=True)
        ]

    def attach(self, client: str, attachments: list[Attachment]) -> list[str]:
        """See ``protocol.Ingest``."""
        if sum(attachment.size for attachment in attachments) > ATTACHMENT_BYTES_MAX:
            raise TooLarge(f"attachments of at most {ATTACHMENT_BYTES_MAX} bytes are taken at once")
        opened = [_attached(attachment) for attachment in attachments]
        taken = [
            (_file_of_attachment(attachment), raw)
            for attachment, raw in zip(attachments, opened, strict=True)
            if isinstance(raw, bytes)
        ]
        if taken:
            self._at.database.write(lambda tx: [self._registry.attach(tx, client, file, raw) for file, raw in taken])
            self._received(())  # what they say of subagents is for the trees
        return [raw if isinstance(raw, str) else "" for raw in opened]

    def report(self, client: str, report: Report) -> Told:
        """See ``protocol.Ingest``; what is alarming becomes an event."""
        if len(report.gone) + len(report.present or ()) + len(report.held_back) > STREAMS_NAMED_MAX:
            raise TooLarge(f"a report names at most {STREAMS_NAMED_MAX} streams")
        now_ms = _now_ms()
        missed = self._at.database.write(lambda tx: self._write_report(tx, client, report, now_ms))
        return Told(now_ms, missed)

    def _write_report(self, tx: Connection, client: str, report: Report, now_ms: int) -> tuple[int, ...]:
        organization = self._at.key.organization
        row = clients.find(tx, organization, client)
        if row is None:
            raise NotFound(f"no client {client}")
        last = clients.open_report(self._at.key, client, row.sealed_report)
        boots, is_copied = _heard(last.boots, report, now_ms)
        copied_ms = last.copied_ms
        if is_copied and now_ms - copied_ms > COPIED_AGAIN_MS:
            copied_ms = now_ms
            clients.add_event(tx, organization, client, "copied", now_ms)
        machine = self._at.key.digest("machine", report.machine)
        if row.machine_digest is not None and machine != row.machine_digest:
            clients.add_event(tx, organization, client, "machine-changed", now_ms)
        missed: set[int] = set()
        if report.present is not None:
            digests = [streams.address(self._at.key, client, address) for address in report.held_back]
            held_back = {stream.id for stream in streams.find_by_addresses(tx, client, digests).values()}
            if last.folder not in {"", report.folder}:  # what lies in another folder is not looked for any more
                streams.forget_followed(tx, client)
            missed = set(streams.followed(tx, client)) - set(report.present) - held_back
            streams.mark_followed(tx, client, report.present)
        deleted = streams.mark_deleted(tx, client, report.gone, now_ms)
        # The coding agent removes transcripts by itself once nobody wrote to them for a month: no news to anybody.
        expired = [stream_id for stream_id, grown_ms in deleted if now_ms - grown_ms >= EXPIRED_MS]
        removed = [stream_id for stream_id, grown_ms in deleted if now_ms - grown_ms < EXPIRED_MS]
        if expired:
            clients.add_event(tx, organization, client, "expired", now_ms, expired)
        if removed:
            clients.add_event(tx, organization, client, "deleted", now_ms, removed)
        said = clients.LastReport(
            report.os[:200],
            report.version[:80],
            boots,
            [_cut(fault) for fault in report.faults[:FAULTS_KEPT]],
            report.folder[:80] if report.present is not None else last.folder,
            copied_ms,
        )
        clients.change(
            tx,
            client,
            machine_digest=machine,
            seen_ms=now_ms,
            files=min(report.files, 2**31 - 1),
            unshipped_bytes=min(report.unshipped_bytes, MTIME_NS_MAX),
            unshipped_since_ms=report.unshipped_since_ms,
            clock_ahead_ms=max(-CLOCK_AHEAD_MS_MAX, min(report.sent_ms - now_ms, CLOCK_AHEAD_MS_MAX)),
            paused=report.paused,
            sealed_report=clients.seal_report(self._at.key, client, said),
        )
        return tuple(sorted(missed))


def _heard(boots: list[clients.Boot], report: Report, now_ms: int) -> tuple[list[clients.Boot], bool]:
    """The starts of a collector with this report among them, and whether its start runs beside another one."""
    others = [boot for boot in boots if boot.id != report.boot[:64]]
    new = clients.Boot(report.boot[:64], report.sent_ms, report.sent_ms, now_ms, now_ms)
    known = next((boot for boot in boots if boot.id == new.id), new)
    this = clients.Boot(
        known.id,
        min(known.first_sent_ms, new.first_sent_ms),
        max(known.last_sent_ms, new.last_sent_ms),
        known.first_heard_ms,
        now_ms,
    )
    return [*others, this][-clients.BOOTS_KEPT :], any(this.runs_beside(other) for other in others)


class Reception:
    """The calls of one client, in this process; implements ``protocol.Ingest``.

    A store that cannot take anything now (a full disk, a lost connection) is ``Unreachable``: nothing of the call
    was acknowledged, and it may come again.
    """

    def __init__(self, receiver: Receiver, client: str) -> None:
        self._receiver = receiver
        self.client = client

    def open(self, openings: list[Opening]) -> list[Opened]:
        """See ``protocol.Ingest``."""
        with _store_faults():
            return self._receiver.open(self.client, openings)

    def append(self, pieces: list[Piece]) -> list[Stored]:
        """See ``protocol.Ingest``."""
        with _store_faults():
            return self._receiver.append(self.client, pieces)

    def rewrite(self, rewrite: Rewrite) -> Standing:
        """See ``protocol.Ingest``."""
        with _store_faults():
            return self._receiver.rewrite(self.client, rewrite)

    def move(self, move: Move) -> Standing:
        """See ``protocol.Ingest``."""
        with _store_faults():
            return self._receiver.move(self.client, move)

    def missing(self, looks: list[AttachmentLook]) -> list[bool]:
        """See ``protocol.Ingest``."""
        with _store_faults():
            return self._receiver.missing(self.client, looks)

    def attach(self, attachments: list[Attachment]) -> list[str]:
        """See ``protocol.Ingest``."""
        with _store_faults():
            return self._receiver.attach(self.client, attachments)

    def report(self, report: Report) -> Told:
        """See ``protocol.Ingest``."""
        with _store_faults():
            return self._receiver.report(self.client, report)


@contextmanager
def _store_faults() -> Generator[None]:
    try:
        yield
    except OperationalError as error:
        log.error("the store failed: %s", error.orig)  # noqa: TRY400 - the driver's words say it all
        raise Unreachable(f"the store cannot take this now: {error.orig}", STORE_RETRY_SECONDS) from error


class _Part(NamedTuple):
    """What one piece adds to its stream."""

    position: int
    head: _Head
    appended: streams.Appended
    chunks: list[SealedChunk]


class _Taking:
    """One request under way: its pieces checked and sealed, then committed together."""

    def __init__(self, at: Installation, client: str, heads: dict[int, _Head]) -> None:
        self._at = at
        self._client = client
        self._heads = heads
        self.answers: list[Stored] = []
        self.parts: list[_Part] = []
        self.lost: set[int] = set()
        """Streams that another request or process changed meanwhile."""

    def take(self, piece: Piece) -> None:
        """Check a piece against its stream and what this request added to it; adds its answer."""
        head = self._heads.get(piece.stream)
        if head is None:
            self.answers.append(Stored(None, "no-such-stream", f"this client has no stream {piece.stream}"))
            return
        refusal, problem = self._refusal(head, piece)
        if refusal:
            self.answers.append(Stored(_standing(head.stream), refusal, problem))

    def _refusal(self, head: _Head, piece: Piece) -> tuple[Refusal, str]:
        stream = head.stream
        if piece.generation != stream.generation:
            return "other-generation", f"the stream is at generation {stream.generation}"
        if piece.start > stream.length:
            return "offset-gap", f"the stream ends at {stream.length}: resume from there"
        raw = _unpacked(piece)
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
            file_mtime_ns=min(piece.file_mtime_ns, MTIME_NS_MAX) if complete else 0,
        )
        grown = stream._replace(
            length=end, leaves=leaves, file_size=appended.file_size, file_mtime_ns=appended.file_mtime_ns
        )
        moved = _Head(grown, head.key, tail)
        self._heads[stream.id] = moved
        self.parts.append(_Part(len(self.answers), moved, appended, chunks))
        self.answers.append(Stored(_standing(grown)))

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
            self.answers[part.position] = Stored(_standing(stream), "offset-gap", problem)


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


def _unpacked(piece: Piece) -> bytes | str:
    """The raw bytes of a piece, or what is wrong with it."""
    size = piece.end - piece.start
    if piece.start < 0 or not 0 <= size <= PIECE_BYTES_MAX:
        return f"a piece has at most {PIECE_BYTES_MAX} bytes, from 0 on"
    if not size:
        return b""
    return _opened(piece.frame, size)


def _opened(frame: bytes, size: int) -> bytes | str:
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


def _attached(attachment: Attachment) -> bytes | str:
    problem = _text_problem("address", attachment.address) or _text_problem("session", attachment.session or "-")
    if problem:
        return problem
    raw = _opened(attachment.frame, attachment.size) if attachment.size else b""
    if isinstance(raw, bytes) and hashlib.sha256(raw).digest() != attachment.sha256:
        return "the bytes are not those of its hash"
    return raw


def _problem_of(opening: Opening) -> str:
    if opening.kind not in {"main", "subagent"}:
        return f"{opening.kind} is no transcript"
    if len(opening.agents) > AGENTS_MAX:
        return f"an agent has at most {AGENTS_MAX} ancestors"
    texts = [("address", opening.address), ("session", opening.session or "-"), *(("agent", a) for a in opening.agents)]
    return next(filter(None, (_text_problem(name, text) for name, text in texts)), "")


def _text_problem(name: str, text: str) -> str:
    if not text or len(text) > TEXT_CHARS_MAX:
        return f"{name} has 1 to {TEXT_CHARS_MAX} characters"
    return ""


def _file_of(opening: Opening) -> TranscriptFile:
    agent = opening.agents[-1] if opening.agents else None
    return TranscriptFile(
        path="",
        address=opening.address,
        kind=opening.kind,
        session=opening.session,
        agent_id=(agent or "agent") if opening.kind == "subagent" else None,
        host="",
        user="",
        size=0,
        mtime_ns=max(0, min(opening.mtime_ns, MTIME_NS_MAX)),
        agents=opening.agents,
    )


def _file_of_attachment(attachment: Attachment) -> TranscriptFile:
    return TranscriptFile(
        path="",
        address=attachment.address,
        kind="attachment",
        session=attachment.session,
        agent_id=None,
        host="",
        user="",
        size=attachment.size,
        mtime_ns=max(0, min(attachment.mtime_ns, MTIME_NS_MAX)),
    )


def _standing(stream: Stream) -> Standing:
    return Standing(
        stream.id,
        stream.generation,
        stream.length,
        root_of(stream.leaves),
        stream.file_size,
        stream.file_mtime_ns,
    )


def _cut(fault: FileFault) -> FileFault:
    return FileFault(fault.path[-TEXT_CHARS_MAX:], fault.problem[:200])


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
