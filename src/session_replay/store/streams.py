"""Streams as stored: where each one ends, how far it was read, and the hashes of its blocks.

A stream is the append-only byte sequence of one transcript file of one client.  Its address is a
keyed digest of the path relative to the projects folder; the path itself is sealed.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, insert, select, update

from session_replay.errors import NotFound, OffsetGap
from session_replay.store.schema import attachments, sessions, streams
from session_replay.vault.keys import OrganizationKey
from session_replay.vault.seal import Context, seal, unseal

TO_BE_READ = -1
ADDRESSES_PER_QUERY = 500


class Stream(NamedTuple):
    """One stream's row.

    Attributes:
        id: Random 63-bit number.
        session_id: The session that its lines are.
        generation: Counts rewrites of the file from 0.
        length: Bytes stored and acknowledged.
        leaves: SHA-256 of each 64 KiB block, the last one perhaps shorter; see ``wire.block_hashes``.
        parsed_to: Bytes read into entries, at most ``length``.
        parser_version: Of the parser that read them, ``TO_BE_READ`` when they must be read again.
        inherits: See ``earlier``.
        file_size: Size of the file when all of it was stored, in bytes; -1 while more is missing.
        file_mtime_ns: Its modification time then.
        received_ms: When bytes last came.
    """

    id: int
    client_id: str
    session_id: str
    generation: int
    length: int
    leaves: bytes
    parsed_to: int
    parser_version: int
    file_size: int
    file_mtime_ns: int
    received_ms: int
    inherits: str

    @property
    def earlier(self) -> frozenset[int]:
        """The streams whose lines this one repeats: its forks' and copies' origins."""
        return frozenset(int(number) for number in self.inherits.split(",") if number)

    @property
    def is_read_again(self) -> bool:
        """It was read, and must be once more."""
        return self.parser_version == TO_BE_READ and self.parsed_to > 0


_columns = (
    streams.c.id,
    streams.c.client_id,
    streams.c.session_id,
    streams.c.generation,
    streams.c.length,
    streams.c.leaves,
    streams.c.parsed_to,
    streams.c.parser_version,
    streams.c.file_size,
    streams.c.file_mtime_ns,
    streams.c.received_ms,
    streams.c.inherits,
)


class Place(NamedTuple):
    """Where a stream's file lies on its machine: digests to find it by, and the path itself, sealed."""

    address: bytes
    sealed_path: bytes
    name_digest: bytes


def place(key: OrganizationKey, secret: bytes, client_id: str, path: str) -> Place:
    """The place of a client's file at ``path``; ``secret`` is its session's key."""
    digest = address(key, client_id, path)
    return Place(digest, seal_path(key, secret, digest, path), name_digest(key, path))


def address(key: OrganizationKey, client_id: str, path: str) -> bytes:
    """The keyed digest under which a client's file is found."""
    return key.digest("path", f"{client_id}\0{path}")


def seal_path(key: OrganizationKey, secret: bytes, digest: bytes, path: str) -> bytes:
    """Seal a path under its session's key, bound to its address."""
    return seal(secret, Context("path", key.organization, digest.hex()), path.encode("utf-8", "surrogateescape"))


def open_path(key: OrganizationKey, secret: bytes, digest: bytes, sealed: bytes) -> str:
    """The path relative to the projects folder."""
    return unseal(secret, Context("path", key.organization, digest.hex()), sealed).decode("utf-8", "surrogateescape")


def name_digest(key: OrganizationKey, path: str) -> bytes:
    """Keyed digest of a file's name, by which a file that was moved is found again."""
    return key.digest("file name", path.rpartition("/")[2])


def find_by_address(connection: Connection, client: str, digest: bytes) -> Stream | None:
    """The stream of a client's file."""
    row = connection.execute(_FIND_BY_ADDRESS, {"client": client, "digest": digest}).one_or_none()
    return Stream(*row) if row else None


def find_by_addresses(connection: Connection, client: str, digests: list[bytes]) -> dict[bytes, Stream]:
    """The streams of a client's files, by their addresses."""
    found: dict[bytes, Stream] = {}
    for start in range(0, len(digests), ADDRESSES_PER_QUERY):
        rows = connection.execute(
            select(streams.c.address, *_columns).where(
                streams.c.client_id == client, streams.c.address.in_(digests[start : start + ADDRESSES_PER_QUERY])
            )
        )
        found |= {row[0]: Stream(*row[1:]) for row in rows}
    return found


def find_by_name(connection: Connection, client: str, digest: bytes, most: int) -> list[Stream]:
    """The streams of a client whose files have a name, by its digest."""
    rows = connection.execute(
        select(*_columns)
        .where(streams.c.client_id == client, streams.c.name_digest == digest)
        .order_by(streams.c.id)
        .limit(most)
    )
    return [Stream(*row) for row in rows]


# Made once: building a statement costs more than executing it, and these run for every append.
_FIND = select(*_columns).where(streams.c.id == bindparam("stream_id"))
_FIND_BY_ADDRESS = select(*_columns).where(
    streams.c.client_id == bindparam("client"), streams.c.address == bindparam("digest")
)
_MOVE_END = update(streams).where(streams.c.id == bindparam("stream_id"))
_MOVE_PARSED_TO = update(streams).where(
    streams.c.id == bindparam("stream_id"), streams.c.generation == bindparam("of_generation")
)


def find(connection: Connection, stream_id: int) -> Stream:
    """A stream by its number.

    Raises:
        NotFound: There is none.
    """
    row = connection.execute(_FIND, {"stream_id": stream_id}).one_or_none()
    if row is None:
        raise NotFound(f"no stream {stream_id}")
    return Stream(*row)


def pending(connection: Connection, parser_version: int) -> list[Stream]:
    """Streams with bytes that were stored and not read by this parser, in no order."""
    rows = connection.execute(
        select(*_columns).where((streams.c.parsed_to < streams.c.length) | (streams.c.parser_version != parser_version))
    )
    return [Stream(*row) for row in rows]


def to_be_read_again(connection: Connection) -> list[int]:
    """Streams that were read and turned out to repeat another one."""
    rows = connection.execute(
        select(streams.c.id).where(streams.c.parser_version == TO_BE_READ, streams.c.parsed_to > 0)
    )
    return list(rows.scalars())


def looks(connection: Connection, client: str, addresses: list[bytes]) -> dict[bytes, tuple[int, int]]:
    """Size in bytes and modification time of these files of a client when all of each was stored."""
    known: dict[bytes, tuple[int, int]] = {}
    for start in range(0, len(addresses), ADDRESSES_PER_QUERY):
        asked = addresses[start : start + ADDRESSES_PER_QUERY]
        rows = connection.execute(
            select(streams.c.address, streams.c.file_size, streams.c.file_mtime_ns)
            .where(streams.c.client_id == client, streams.c.address.in_(asked))
            .union_all(
                select(attachments.c.address, attachments.c.size, attachments.c.file_mtime_ns).where(
                    attachments.c.client_id == client, attachments.c.address.in_(asked)
                )
            )
        ).all()
        known |= {row.address: (row.file_size, row.file_mtime_ns) for row in rows}
    return known


def enter(
    tx: Connection,
    organization: int,
    client: str,
    place: Place,
    session_id: str,
    now_ms: int,
) -> Stream:
    """Enter a new, empty stream."""
    stream = Stream(secrets.randbits(63), client, session_id, 0, 0, b"", 0, TO_BE_READ, -1, 0, now_ms, "")
    more = {"organization_id": organization, "followed": False}
    tx.execute(insert(streams), [stream._asdict() | place._asdict() | more])
    return stream


def move(tx: Connection, stream_id: int, place: Place) -> None:
    """Give a stream another address."""
    tx.execute(update(streams).where(streams.c.id == stream_id).values(**place._asdict(), deleted_ms=None))


class Appended(NamedTuple):
    """Where a stream ends after an append.

    Attributes:
        start: The append's first byte, for checking.
        length: New end in bytes.
        leaves: All block hashes of the stream up to ``length``.
        file_size, file_mtime_ns: What the file looked like.
    """

    start: int
    length: int
    leaves: bytes
    file_size: int
    file_mtime_ns: int


def move_end(tx: Connection, stream_id: int, generation: int, appended: Appended, now_ms: int) -> Stream:
    """Write down the new end of a stream, and return the stream as it is then.

    Raises:
        OffsetGap: The append does not begin where the stream ends: another writer was here.
        NotFound: The stream is gone.
    """
    stream = find(tx, stream_id)
    expected = stream.length if stream.generation == generation else -1
    if appended.start != expected:
        raise OffsetGap(expected=expected, received=appended.start)
    moved = appended._asdict()
    moved.pop("start")
    received = {"received_ms": now_ms} if appended.length > appended.start else {}
    tx.execute(_MOVE_END, moved | received | {"stream_id": stream_id})
    return stream._replace(**moved)


def begin_generation(tx: Connection, stream: Stream) -> Stream:
    """Begin again at byte 0 because the file was rewritten or truncated; the older bytes are kept."""
    # Not what the file looked like, either: it may look so again, and nothing of it is stored.
    looks = {"file_size": -1, "file_mtime_ns": 0}
    values = looks | {"generation": stream.generation + 1, "length": 0, "leaves": b"", "parsed_to": 0, "inherits": ""}
    tx.execute(
        update(streams)
        .where(streams.c.id == stream.id, streams.c.generation == stream.generation)
        .values(values | {"parser_version": TO_BE_READ})
    )
    _disinherit(tx, stream.id)
    return find(tx, stream.id)


def _disinherit(tx: Connection, stream_id: int) -> None:
    """What repeated the lines of a rewritten file may now be all that has them: it is read again without them."""
    rows = tx.execute(select(*_columns).where(streams.c.inherits.contains(str(stream_id)))).all()
    for heir in (Stream(*row) for row in rows):
        inherits = ",".join(str(number) for number in sorted(heir.earlier - {stream_id}))
        tx.execute(update(streams).where(streams.c.id == heir.id).values(inherits=inherits, parser_version=TO_BE_READ))


def move_parsed_to(tx: Connection, stream_id: int, generation: int, parsed_to: int, parser_version: int) -> None:
    """Write down how far a stream was read."""
    of = {"stream_id": stream_id, "of_generation": generation}
    tx.execute(_MOVE_PARSED_TO, of | {"parsed_to": parsed_to, "parser_version": parser_version})


def inherit(tx: Connection, stream: Stream, earlier: frozenset[int]) -> None:
    """Write down whose lines a stream repeats; it must be read again, leaving them out of its figures."""
    inherits = ",".join(str(number) for number in sorted(stream.earlier | earlier))
    tx.execute(update(streams).where(streams.c.id == stream.id).values(inherits=inherits, parser_version=TO_BE_READ))


def mark_deleted(tx: Connection, client: str, stream_ids: Iterable[int], now_ms: int) -> list[tuple[int, int]]:
    """Write down that these files were removed on the client's machine; the bytes stay.

    Returns:
        Those that were not marked yet, with the time (ms) at which each had last grown: by the file's own time or by
        its last line, whichever is later. A file's time alone can be set to any.
    """
    marked: list[tuple[int, int]] = []
    for asked in batched(stream_ids, ADDRESSES_PER_QUERY):
        rows = tx.execute(
            select(streams.c.id, streams.c.file_mtime_ns, streams.c.received_ms, sessions.c.ended_ms)
            .outerjoin(sessions, sessions.c.stream_id == streams.c.id)
            .where(streams.c.client_id == client, streams.c.deleted_ms.is_(None), streams.c.id.in_(asked))
        )
        found = [(row.id, max(row.file_mtime_ns // 1_000_000 or row.received_ms, row.ended_ms or 0)) for row in rows]
        tx.execute(update(streams).where(streams.c.id.in_([number for number, _ in found])).values(deleted_ms=now_ms))
        marked += found
    return marked


def mark_present(tx: Connection, stream_ids: Iterable[int]) -> None:
    """The files are there, perhaps again."""
    for asked in batched(stream_ids, ADDRESSES_PER_QUERY):
        tx.execute(
            update(streams).where(streams.c.id.in_(asked), streams.c.deleted_ms.is_not(None)).values(deleted_ms=None)
        )


def followed(connection: Connection, client: str) -> list[int]:
    """The streams of a client whose files its collector said to be there, and did not say to be removed."""
    return list(
        connection.execute(
            select(streams.c.id).where(
                streams.c.client_id == client, streams.c.followed.is_(True), streams.c.deleted_ms.is_(None)
            )
        ).scalars()
    )


def mark_followed(tx: Connection, client: str, stream_ids: Iterable[int]) -> None:
    """A collector of the client looks at the files of these streams, and would say if they are gone."""
    for asked in batched(stream_ids, ADDRESSES_PER_QUERY):
        tx.execute(
            update(streams)
            .where(streams.c.client_id == client, streams.c.id.in_(asked), streams.c.followed.is_(False))
            .values(followed=True)
        )


def forget_followed(tx: Connection, client: str) -> None:
    """Nobody looks at the files of a client's streams any more."""
    tx.execute(update(streams).where(streams.c.client_id == client).values(followed=False))


def batched(numbers: Iterable[int], size: int) -> Iterator[list[int]]:
    """Lists of at most ``size``: a statement has a limit on its parameters."""
    listed = list(numbers)
    for start in range(0, len(listed), size):
        yield listed[start : start + size]
