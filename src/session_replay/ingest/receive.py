"""The server's side of the ingest protocol: bytes received → bytes acknowledged.

One ``Receiver`` serves all clients; ``Reception`` is one client's view of it.  An acknowledgement is given
after the commit that holds the bytes, so whatever is killed, at any moment, what was acknowledged is there.
Reading the bytes into entries follows behind (``ingest/reading.py``) and can never delay or refuse them.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from session_replay.errors import InvalidRequest, NotFound, TooLarge, Unreachable
from session_replay.ingest.boots import Boots
from session_replay.ingest.enrol import own_client
from session_replay.ingest.enter import Registry
from session_replay.ingest.growth import kept_time_ns
from session_replay.ingest.pieces import Pieces, standing_of, unpacked
from session_replay.ingest.reports import take_report
from session_replay.protocol import (
    AGENTS_MAX,
    ATTACHMENT_BYTES_MAX,
    OPENINGS_MAX,
    TEXT_CHARS_MAX,
    Attachment,
    AttachmentLook,
    Move,
    Opened,
    Opening,
    Piece,
    Report,
    Rewrite,
    Standing,
    Stored,
    Told,
    root_of,
)
from session_replay.store import clients, streams
from session_replay.store.installation import Installation
from session_replay.store.streams import Stream
from session_replay.wire import TranscriptFile

log = logging.getLogger(__name__)

CANDIDATES_MAX = 8
ENTERED_AT_ONCE = 256
"""Streams, or attachments, entered in one transaction, so that other writers are never held up for long."""
STORE_RETRY_SECONDS = 5.0


class Receiver:
    """Takes in what collectors send, for one installation; any thread may call it.

    Args:
        at: Where to.
        received: Told which streams have lines that were not read yet, with the time (ns) at which each one's file was
            written last, after they are durable; from any thread.
    """

    def __init__(self, at: Installation, received: Callable[[Mapping[int, int]], None] = lambda _: None) -> None:
        self._at = at
        self._received = received
        self._registry = Registry(at)
        self._pieces = Pieces(at, received)
        self._boots = Boots(at)

    def of_owner(self, host: str, user: str) -> Reception:
        """What the server's own machine may do, as the client of this host and user."""
        return self.of(self._at.database.write(lambda tx: own_client(tx, self._at, host, user)))

    def of(self, client: str) -> Reception:
        """What a client may do."""
        return Reception(self, client)

    def hear(self, client: str, boot: str, sent_ms: int) -> None:
        """A call comes from this start of the client's collector, sent at this time by its own clock."""
        self._boots.hear(client, boot, sent_ms)

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
            else Opened(standing_of(known[digest]))
            if digest in known
            else Opened(candidates=found[digest])
            for digest, problem in zip(digests, problems, strict=True)
        ]

    def _candidates(self, connection: Connection, client: str, opening: Opening) -> tuple[Standing, ...]:
        if opening.is_new:
            return ()
        name = streams.name_digest(self._at.key, opening.address)
        return tuple(map(standing_of, streams.find_by_name(connection, client, name, CANDIDATES_MAX)))

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
        return self._pieces.append(client, pieces)

    def rewrite(self, client: str, rewrite: Rewrite) -> Standing:
        """See ``protocol.Ingest``."""

        def begin(tx: Connection) -> Stream:
            stream = self._own(tx, client, rewrite.stream)
            if stream.generation != rewrite.generation:  # asked once more: the answer was lost
                return stream
            clients.add_event(tx, self._at.key.organization, client, rewrite.reason, _now_ms(), [stream.id])
            return streams.begin_generation(tx, stream)

        stream = self._at.database.write(begin)
        self._pieces.forget(stream.id)
        return standing_of(stream)

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

        return standing_of(self._at.database.write(change))

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
            known.get(digest) != (look.size, kept_time_ns(look.mtime_ns))
            for digest, look in zip(digests, looks, strict=True)
        ]

    def attach(self, client: str, attachments: list[Attachment]) -> list[str]:
        """See ``protocol.Ingest``."""
        if len(attachments) > OPENINGS_MAX:
            raise TooLarge(f"at most {OPENINGS_MAX} attachments are stored at once, not {len(attachments)}")
        if sum(max(0, attachment.size) for attachment in attachments) > ATTACHMENT_BYTES_MAX:
            raise TooLarge(f"attachments of at most {ATTACHMENT_BYTES_MAX} bytes are taken at once")
        opened = [_attached(attachment) for attachment in attachments]
        taken = [
            (_file_of_attachment(attachment), raw)
            for attachment, raw in zip(attachments, opened, strict=True)
            if isinstance(raw, bytes)
        ]
        for start in range(0, len(taken), ENTERED_AT_ONCE):
            batch = taken[start : start + ENTERED_AT_ONCE]
            self._at.database.write(lambda tx, batch=batch: self._attach(tx, client, batch))
        if taken:
            self._received({})  # what they say of subagents is for the trees
        return [raw if isinstance(raw, str) else "" for raw in opened]

    def _attach(self, tx: Connection, client: str, batch: list[tuple[TranscriptFile, bytes]]) -> None:
        for file, raw in batch:
            self._registry.attach(tx, client, file, raw)

    def report(self, client: str, report: Report) -> Told:
        """See ``protocol.Ingest``."""
        now_ms = _now_ms()
        heard = self._boots.of(client)
        missed = self._at.database.write(lambda tx: take_report(tx, self._at, client, report, heard, now_ms))
        return Told(now_ms, missed)


class Reception:
    """The calls of one client, in this process; implements ``protocol.Ingest``.

    A store that cannot take anything now (a full disk, a lost connection) is ``Unreachable``: nothing of the call
    was acknowledged, and it may come again.
    """

    def __init__(self, receiver: Receiver, client: str) -> None:
        self._receiver = receiver
        self.client = client

    def hear(self, boot: str, sent_ms: int) -> None:
        """See ``Receiver``."""
        with _store_faults():
            self._receiver.hear(self.client, boot, sent_ms)

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


def _attached(attachment: Attachment) -> bytes | str:
    problem = _text_problem("address", attachment.address) or _text_problem("session", attachment.session or "-")
    if problem:
        return problem
    raw = unpacked(attachment.frame, attachment.size) if attachment.size else b""
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
        mtime_ns=max(0, kept_time_ns(opening.mtime_ns)),
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
        mtime_ns=kept_time_ns(attachment.mtime_ns),
    )


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
