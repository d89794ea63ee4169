"""The server's side of the ingest protocol, on both engines."""

import datetime as dt
import hashlib
import time

import msgspec
import pytest
from backports import zstd
from sqlalchemy import select, update

from collector.histories import Faults, World
from ingest.lines import opened
from session_replay.collector.discover import described
from session_replay.errors import InvalidRequest, NotFound, TooLarge
from session_replay.ingest.intake import Intake, Tally
from session_replay.ingest.receive import Receiver
from session_replay.ingest.workers import Workers
from session_replay.protocol import Attachment, AttachmentLook, Move, Opening, Piece, Report, Rewrite, root_of
from session_replay.store import clients, schema
from session_replay.store.attachments import attachment
from session_replay.wire import BLOCK_BYTES, FileFault, block_hashes

MAIN = "-p/aaaaaaaa-0000-4000-8000-00000000f1ee.jsonl"
LINE = b'{"type":"user","message":{"role":"user","content":"hello"}}\n'
DAY_NS = 86_400 * 10**9
LONG = LINE * (3 * BLOCK_BYTES // len(LINE))


@pytest.fixture
def at(tmp_path, database_url):
    with opened(tmp_path, database_url) as at:
        yield at


@pytest.fixture
def receiver(at):
    return Receiver(at)


@pytest.fixture
def reception(receiver):
    return receiver.of_owner("build-1", "ci")


def open_one(reception, address=MAIN, **more):
    (answer,) = reception.open([Opening(address, "main", 0, **more)])
    return answer


def piece(standing, raw, start, end, **changed):
    made = Piece(
        standing.stream,
        standing.generation,
        start,
        end,
        root_of(block_hashes(raw[:end])),
        zstd.compress(raw[start:end], 3) if end > start else b"",
        len(raw),
        1,
    )
    return msgspec.structs.replace(made, **changed)


def send(reception, standing, raw, *spans):
    return reception.append([piece(standing, raw, *span) for span in spans])


def test_pieces_overlaps_and_gaps(receiver, reception):
    standing = open_one(reception).standing
    first, second = send(reception, standing, LONG, (0, 100), (100, BLOCK_BYTES + 5))
    assert (first.refusal, second.refusal, second.standing.length) == ("", "", BLOCK_BYTES + 5)
    (overlap,) = send(reception, standing, LONG, (50, 2 * BLOCK_BYTES))
    assert (overlap.refusal, overlap.standing.length) == ("", 2 * BLOCK_BYTES)
    (again,) = send(reception, standing, LONG, (0, 100))
    assert (again.refusal, again.standing.length) == ("", 2 * BLOCK_BYTES)
    (gap,) = send(reception, standing, LONG, (2 * BLOCK_BYTES + 1, len(LONG)))
    assert (gap.refusal, gap.standing) == ("offset-gap", overlap.standing)
    other = b"x" + LONG[1:]
    (differs,) = send(reception, standing, other, (50, 60))
    assert differs.refusal == ""  # those ten bytes are equal
    assert send(reception, standing, other, (0, 60))[0].refusal == "bytes-differ"
    assert send(reception, standing, other, (2 * BLOCK_BYTES, len(LONG)))[0].refusal == "bytes-differ"
    # Another process of the server knows the same, and one that was overtaken says so.
    second_process = Receiver(receiver._at).of(reception.client)
    (last,) = send(second_process, standing, LONG, (2 * BLOCK_BYTES, len(LONG)))
    assert last.standing.root == root_of(block_hashes(LONG))
    (late,) = send(reception, standing, LONG, (2 * BLOCK_BYTES, len(LONG)))
    assert late.standing.length == len(LONG)
    assert open_one(reception).standing == msgspec.structs.replace(last.standing)


@pytest.mark.parametrize("damaged", [schema.chunks.c.sealed, schema.session_keys.c.wrapped], ids=["chunk", "key"])
def test_a_damaged_stream_spoils_no_other_ones_append(at, reception, damaged):
    hurt, whole = (open_one(reception, f"-p/{name}.jsonl").standing for name in ("hurt", "whole"))
    send(reception, hurt, LONG, (0, 100))
    at.database.write(lambda tx: tx.execute(update(damaged.table).values({damaged: b"x" * 80})))
    at.session_keys.forget()
    other_process = Receiver(at).of(reception.client)
    if damaged.table is schema.session_keys:
        whole = open_one(other_process, "-p/later.jsonl").standing
    refused, taken = other_process.append([piece(hurt, LONG, 100, 200), piece(whole, LONG, 0, 50)])
    assert (refused.refusal, refused.problem) == ("damaged", "what the server has stored of it is damaged")
    assert (taken.refusal, taken.standing.length) == ("", 50)


def test_what_completes_no_line_is_not_told_to_who_reads(at):
    told = []
    reception = Receiver(at, told.append).of_owner("build-1", "ci")
    standing = open_one(reception).standing
    raw = LINE + LINE
    ends = (10, 20, len(LINE) + 5, len(raw) - 1, len(raw))
    for end in ends:
        (stored,) = send(reception, standing, raw[:end], (standing.length, end))
        standing = stored.standing
    assert [list(streams) for streams in told] == [[], [], [standing.stream], [], [standing.stream]]


def test_a_look_is_written_down_only_when_all_of_it_is_stored(reception):
    standing = open_one(reception).standing
    (half,) = send(reception, standing, LINE, (0, 10))
    assert (half.standing.file_size, half.standing.file_mtime_ns) == (-1, 0)
    (whole,) = send(reception, standing, LINE, (10, len(LINE)))
    assert (whole.standing.file_size, whole.standing.file_mtime_ns) == (len(LINE), 1)
    # The file begins anew, and looks as it once did: nothing of it is there.
    begun = reception.rewrite(Rewrite(standing.stream, 0, "rewritten"))
    assert (begun.generation, begun.length, begun.file_size, begun.file_mtime_ns) == (1, 0, -1, 0)
    assert open_one(reception).standing == begun
    assert reception.rewrite(Rewrite(standing.stream, 0, "rewritten")) == begun
    assert send(reception, standing, LINE, (0, 10))[0].refusal == "other-generation"


def test_moves(reception, receiver):
    standing = open_one(reception).standing
    (stored,) = send(reception, standing, LINE, (0, len(LINE)))
    there = MAIN.replace("-p", "-q")
    assert open_one(reception, there).candidates == (stored.standing,)
    move = Move(standing.stream, there, len(LINE), stored.standing.root)
    for wrong in (
        msgspec.structs.replace(move, root=b"x" * 32),
        msgspec.structs.replace(move, length=1),
        msgspec.structs.replace(move, address="-q/other.jsonl"),
        msgspec.structs.replace(move, address=""),
    ):
        with pytest.raises(InvalidRequest):
            reception.move(wrong)
    with pytest.raises(NotFound):
        receiver.of_owner("build-2", "ci").move(move)
    assert reception.move(move) == reception.move(move) == stored.standing
    assert open_one(reception, there).standing == stored.standing
    other = open_one(reception, is_new=True).standing
    assert other.stream != standing.stream
    with pytest.raises(InvalidRequest, match="another stream"):
        reception.move(msgspec.structs.replace(move, address=MAIN))


def test_attachments(at, reception):
    address = "-p/s/tool-results/a.txt"

    def sent(raw, mtime_ns):
        return Attachment(address, "s", len(raw), mtime_ns, hashlib.sha256(raw).digest(), zstd.compress(raw, 3))

    assert reception.missing([AttachmentLook(address, "s", 3, 1)]) == [True]
    assert reception.attach([sent(b"one", 1), sent(b"other", 2)]) == ["", ""]
    assert reception.missing([AttachmentLook(address, "s", 3, 1), AttachmentLook(address, "s", 5, 2)]) == [True, False]
    with at.database.read() as connection:
        assert attachment(connection, at, reception.client, address) == b"other"


def test_what_is_gone_is_written_down_once_and_comes_back(at, reception):
    standing = open_one(reception, follows=True).standing

    def deleted():
        with at.database.read() as connection:
            return connection.execute(select(schema.streams.c.deleted_ms)).scalar_one()

    def report(**more):
        return reception.report(Report(1, "1.0", "Linux", "m1", **more))

    report(present=(standing.stream,))
    assert deleted() is None
    report(gone=(standing.stream,))
    first = deleted()
    report(gone=(standing.stream,))
    assert deleted() == first
    assert open_one(reception).standing.stream == standing.stream
    assert deleted() is None
    told = report(present=())
    assert told.missed == (standing.stream,)
    assert deleted() is None  # it may be an old report, and the file new
    report(gone=told.missed)
    assert deleted() is not None
    with at.database.read() as connection:
        kinds = connection.execute(select(schema.client_events.c.kind)).scalars().all()
    assert kinds == ["deleted", "deleted"]


@pytest.mark.parametrize(("days_ago", "kind"), [(0, "deleted"), (40, "expired")])
def test_a_file_is_as_old_as_its_last_line_says_whatever_time_it_was_given(at, reception, days_ago, kind):
    """Removed by the coding agent's own cleaning it would be no news, so a file must not be made to look old."""
    old_ns = time.time_ns() - 40 * DAY_NS
    said = dt.datetime.fromtimestamp(time.time() - days_ago * 86_400, dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    raw = LINE.replace(b'"type"', b'"timestamp":"' + said.encode() + b'","type"', 1)
    standing = open_one(reception, follows=True).standing
    (stored,) = reception.append([piece(standing, raw, 0, len(raw), file_size=len(raw), file_mtime_ns=old_ns)])
    assert not stored.refusal
    intake = Intake(at, Workers(0), describe=described)
    intake.read(intake.pending(), Tally())
    reception.report(Report(1, "1.0", "Linux", "m1", gone=(standing.stream,)))
    with at.database.read() as connection:
        assert connection.execute(select(schema.client_events.c.kind)).scalars().all() == [kind]


def test_whatever_a_report_says_is_stored_within_bounds(at, reception):
    faults = tuple(FileFault("p" * 10_000, "x" * 10_000) for _ in range(100))
    most = 2**64 - 1
    long = "w" * 10_000
    said = Report(most, long, long, long, most, most, most, faults=faults, folder=long, held_back=(long,))
    for _ in range(2):  # the second one meets what was kept of the first
        reception.report(msgspec.structs.replace(said, present=()))
    with at.database.read() as connection:
        row = clients.find(connection, at.key.organization, reception.client)
    assert (row.files, row.unshipped_bytes) == (2**31 - 1, 2**63 - 1)
    assert 0 < row.clock_ahead_ms < 2**63
    assert abs(row.unshipped_since_ms) < 2**63
    kept = clients.open_report(at.key, reception.client, row.sealed_report)
    assert [len(text) for text in (kept.os, kept.version, kept.folder)] == [200, 80, 80]
    assert [(len(fault.path), len(fault.problem)) for fault in kept.faults] == [(4_096, 200)] * 20
    reception.report(Report(-(2**63), "", "", "", -1, -1, -1))
    with at.database.read() as connection:
        row = clients.find(connection, at.key.organization, reception.client)
    assert (row.files, row.unshipped_bytes) == (0, 0)
    with pytest.raises(TooLarge, match="at most 200000 streams"):
        reception.report(msgspec.structs.replace(said, gone=(1,) * 200_001))


def test_a_collector_ships_a_history_to_either_engine(at, tmp_path):
    world = World(at, Faults(at.database.engine), tmp_path / "world")
    path = world.path("-a", "aaaaaaaa-0000-4000-8000-00000000f1ee")
    world.create(path, 300)
    for change in (
        lambda: world.append(path, 200, cut=7),
        lambda: world.overwrite(path, 10),
        lambda: world.truncate(path, 100),
        world.start_server,
        lambda: world.replace(path, 400),
        lambda: world.move(path, world.path("-b", path.stem)),
        world.start_collector,
    ):
        world.look()
        world.ship(10)
        change()
    world.settle()
    world.check_at_rest()
