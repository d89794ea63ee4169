"""What can happen to transcripts, their collector, its server and the way between: one world, driven step by step.

Real files, the real collector and the real server on a real store; only the clocks are the test's, and the wire
between drops, repeats and delays what it is told to.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import shutil
import sqlite3
import stat
import uuid
from pathlib import Path

from sqlalchemy import event, select
from sqlalchemy.exc import OperationalError

from session_replay.collector.collect import Reporter
from session_replay.collector.deliver import Shipper
from session_replay.collector.discover import Owner, described
from session_replay.collector.follow import Follower
from session_replay.collector.spool import Spool
from session_replay.errors import ReplayError, Unreachable
from session_replay.ingest.intake import Intake, Tally
from session_replay.ingest.receive import Receiver
from session_replay.ingest.workers import Workers
from session_replay.protocol import root_of
from session_replay.store import schema
from session_replay.store.attachments import attachment
from session_replay.store.chunks import read_range, stored_chunks
from session_replay.store.sealed import StreamKey
from session_replay.store.streams import find, open_path
from session_replay.wire import BLOCK_BYTES, block_hashes

FOLDERS = ("-a", "-b", "-c")
LANES = ("live", "bulk")
SECRET = b"not a transcript: nobody asked for it\n"
_NUMBERS = itertools.count(1)


class Killed(BaseException):
    """The collector's process ends here."""

    def __init__(self, *, state_is_lost=False):
        super().__init__()
        self.state_is_lost = state_is_lost


class Wire:
    """The way to the server: each call has a fate, by default the good one."""

    def __init__(self, world):
        self._world = world
        self.fates = []
        self.late = []
        """Requests that were sent and did not arrive yet."""
        self.arrived = 0
        self.broken = False
        self.is_cut = False
        self._to_break = ["", 0, ""]

    def break_at(self, call, nth, fault):
        """The nth request of this name has this fate."""
        self._to_break = [call, nth, fault]

    def _fate(self, name):
        if name == self._to_break[0] and not self.broken:
            self._to_break[1] -= 1
            if not self._to_break[1]:
                self.broken = True
                return self._to_break[2]
        return self.fates.pop(0) if self.fates else "good"

    def _befall(self, fate):
        """What happens to either side before the request arrives."""
        world = self._world
        match fate:
            case "collector-killed-before":
                raise Killed
            case "server-killed-before":
                world.start_server()
                raise Unreachable("the connection was closed")
            case "disk-full" | "disk-full-at-commit":
                world.faults.at = "statement" if fate == "disk-full" else "commit"
            case "closed":
                for path in transcripts(world):
                    path.chmod(0)
            case "clock-ahead" | "clock-behind":
                world.wall += 365 * 86_400 * (1 if fate == "clock-ahead" else -1)

    def _afterwards(self, fate):
        """What happens to either side before the answer is heard."""
        match fate:
            case "collector-killed-after" | "state-lost":
                raise Killed(state_is_lost=fate == "state-lost")
            case "server-killed-after":
                self._world.start_server()
                raise Unreachable("the connection was closed")

    def __getattr__(self, name):
        def call(message):
            if self.is_cut:
                raise Unreachable("there is no way")
            fate = self._fate(name)
            self._befall(fate)
            if fate == "lost":
                raise Unreachable("the request was lost")
            if fate == "late":
                self.late.append((name, message))
                raise Unreachable("nothing came back")
            self.arrived += 1
            try:
                answer = getattr(self._world.reception, name)(message)
            finally:
                if fate.startswith("disk-full"):
                    self._world.faults.at = None
            self._afterwards(fate)
            if fate == "unanswered":
                raise Unreachable("the answer was lost")
            if fate == "twice":
                with contextlib.suppress(ReplayError):
                    getattr(self._world.reception, name)(message)
            return answer

        return call

    def deliver_late(self, position=0):
        """What was delayed arrives; nobody waits for its answer any more."""
        if self.late:
            self.arrived += 1
            name, message = self.late.pop(position % len(self.late))
            with contextlib.suppress(ReplayError):
                getattr(self._world.reception, name)(message)


class Faults:
    """A store that takes nothing for a while, as one on a full disk."""

    def __init__(self, engine):
        self.at = None
        """``statement`` or ``commit``: where it fails; None: it does not."""
        event.listen(engine, "before_cursor_execute", self._statement)
        event.listen(engine, "commit", self._commit)

    def _statement(self, _connection, _cursor, statement, *_):
        if self.at == "statement" and statement.startswith(("INSERT", "UPDATE", "DELETE")):
            self._fail()

    def _commit(self, _connection):
        if self.at == "commit":
            self._fail()

    def _fail(self):
        raise OperationalError("", {}, sqlite3.OperationalError("database or disk is full"))


class World:
    """One machine with its collector, and its server.

    Args:
        at: The installation, shared with other worlds: each is a client of its own.
        faults: Of its store.
        home: An empty folder of this world alone.
        piece_bytes: As for a shipper.
    """

    def __init__(self, at, faults, home, piece_bytes=64):
        self.at = at
        self.faults = faults
        self.home = home
        self.number = next(_NUMBERS)
        self._checked = 0
        self.owner = Owner(f"host-{self.number}", "ada")
        self.projects = home / "projects"
        self.projects.mkdir(parents=True)
        self.outside = home / "outside"
        self.outside.mkdir()
        self.clock = 1_000.0
        self.wall = 1_700_000_000.0
        self.piece_bytes = piece_bytes
        self._ticks = 0
        self._lines = 0
        self.had = []
        """Every content that any transcript had."""
        self.kept = []
        """What was in transcripts that were deleted while the spool held them."""
        self.repeats = {}
        """Lineage of a content → how many streams more than one may hold it."""
        self.lived = {}
        """Path → the lineages that were there."""
        self.wire = Wire(self)
        faults.at = None
        self.start_server()
        self.start_collector()

    # The server and the collector.

    def start_server(self):
        self.receiver = Receiver(self.at)
        faulty, self.faults.at = self.faults.at, None
        self.reception = self.receiver.of_owner(*self.owner)  # its client is known since it was enrolled
        self.faults.at = faulty

    def start_collector(self, *, state_is_lost=False):
        if state_is_lost:
            shutil.rmtree(self.home / "spool", ignore_errors=True)
            self.kept.clear()
        self.spool = Spool(self.home / "spool")
        self.shipper = Shipper(
            self.wire,
            spool=self.spool,
            clock=lambda: self.clock,
            wall=lambda: self.wall,
            piece_bytes=self.piece_bytes,
        )
        self.follower = Follower(self.projects, self.owner)
        self.reporter = Reporter(self.shipper, self.wire, "1.0", "machine", self.projects, wall=lambda: self.wall)

    def look(self):
        self.follower._discovered()
        self.shipper.files.looked(self.follower.files, self.follower.faults, self.follower.held_back)

    def glance(self):
        self.shipper.files.found(self.follower._grown(self.follower._active))

    def ship(self, rounds=1):
        did = False
        for _ in range(rounds):
            did = sum(self.shipper.round(lane) for lane in LANES) > 0
        return did

    def pass_time(self, seconds):
        self.clock += seconds
        self.wall += seconds

    def settle(self):
        """Everything works again and nothing changes: bring it to rest."""
        self.open_all()
        self.faults.at = None
        self.wire.is_cut = False
        self.wire.fates.clear()
        while self.wire.late:
            self.wire.deliver_late()
        for seconds in (1, 30, 60, 700, 4_000, 700, 60):
            self.pass_time(seconds)
            self.look()
            for _ in range(5_000):
                if not self.ship():
                    self.pass_time(0.3)
                    if not self.ship():
                        break
            else:
                raise AssertionError("it sends for ever")
            self.reporter.report()

    # What happens to files.

    def path(self, folder, name):
        return self.projects / folder / f"{name}.jsonl"

    def lines(self, lineage, size):
        """Whole lines of at least ``size`` bytes, no two alike; they begin with their lineage."""
        made = []
        while sum(map(len, made)) < size:
            self._lines += 1
            text = "x" * random.Random(self._lines).randrange(2_000 if size > 20_000 else 60)
            head = f'{{"lineage":"{lineage:08}","type":"user","uuid":"{uuid.uuid4()}",'
            made.append(f'{head}"message":{{"role":"user","content":"{text}"}}}}\n'.encode())
        return b"".join(made)

    def new_lineage(self):
        self._lines += 1
        self.repeats[self._lines] = 0
        return self._lines

    def happened(self, path):
        """A transcript was written: no two writes have one time, as on a disk with a fine clock."""
        self._ticks += 1
        at = int(self.wall * 1e9) + self._ticks * 1_000
        os.utime(path, ns=(at, at))
        self.had.append(path.read_bytes())
        self.lived.setdefault(path, set()).add(lineage_of(self.had[-1]))

    def create(self, path, size):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(self.lines(self.new_lineage(), size))
        self.happened(path)

    def replace(self, path, size):
        """A new file takes the path."""
        new = self.home / "new"
        new.write_bytes(self.lines(self.new_lineage(), size))
        new.replace(path)
        self.happened(path)

    def append(self, path, size, cut=0):
        """Grow by whole lines, the last one without its last ``cut`` bytes."""
        with path.open("ab") as file:
            raw = self.lines(lineage_of(path.read_bytes()) or self.new_lineage(), size)
            file.write(raw[: len(raw) - min(cut, len(raw) - 1)])
        self.happened(path)

    def overwrite(self, path, start, *, more=0):
        """Other bytes from ``start`` on, in place, and perhaps some behind the end."""
        raw = path.read_bytes()
        self.repeats_more(path)  # changed and moved between two looks, it is another file
        start = min(start, len(raw))
        lines = self.lines(self.new_lineage(), len(raw) - start + 1)[: len(raw) - start]
        with path.open("r+b") as file:
            file.seek(start)
            file.write(lines)
            if more:
                file.seek(0, os.SEEK_END)
                file.write(self.lines(self.new_lineage(), more))
        self.happened(path)

    def truncate(self, path, size):
        self.repeats_more(path)
        with path.open("r+b") as file:
            file.truncate(min(size, path.stat().st_size))
        self.happened(path)

    def move(self, path, to):
        to.parent.mkdir(exist_ok=True)
        lineage = lineage_of(path.read_bytes())
        # A path where another transcript was has its stream, which begins again with what comes there.
        if to.exists() or to.name != path.name or self.lived.get(to, set()) - {lineage}:
            self.repeats_more(path)
        path.rename(to)
        self.lived.setdefault(to, set()).add(lineage)

    def copy(self, path, to):
        to.parent.mkdir(exist_ok=True)
        self.repeats_more(path)
        shutil.copyfile(path, to)
        self.happened(to)

    def delete(self, path):
        link = self.spool.link(path.relative_to(self.projects).as_posix())
        if link is not None and link.samefile(path):
            self.kept.append(path.read_bytes())
        path.unlink()

    def open_all(self):
        """Nothing is closed to the collector any more."""
        for folder in (self.projects, self.home / "spool"):
            for path in [*folder.glob("*"), *folder.glob("*/*.jsonl")]:
                if not path.is_symlink() and not path.stat().st_mode & stat.S_IRUSR:
                    path.chmod(0o700)

    def repeats_more(self, path):
        lineage = lineage_of(path.read_bytes())
        self.repeats[lineage] = self.repeats.get(lineage, 0) + 1

    # What must be so.

    def stored(self):
        """The client's streams: path, generation, deleted and the bytes of each generation."""
        found = []
        with self.at.database.read() as connection:
            rows = connection.execute(
                select(schema.streams).where(schema.streams.c.client_id == self.reception.client)
            ).all()
            for row in rows:
                secret = self.at.session_keys.find(connection, [row.session_id])[row.session_id]
                path = open_path(self.at.key, secret, row.address, row.sealed_path)
                generations = []
                for generation in range(row.generation + 1):
                    key = StreamKey(secret, self.at.key.organization, row.id, generation)
                    ends = [(chunk.start, chunk.end) for chunk in stored_chunks(connection, key, 0)]
                    assert [start for start, _ in ends] == [0, *(end for _, end in ends)][: len(ends)], "gap or overlap"
                    generations.append(read_range(connection, key, 0, 1 << 40))
                stream = find(connection, row.id)
                assert stream.length == len(generations[-1])
                assert root_of(stream.leaves) == root_of(block_hashes(generations[-1]))
                assert len(stream.leaves) == 32 * -(-stream.length // BLOCK_BYTES)
                found.append((path, stream, row.deleted_ms, generations))
        return found

    def check(self):
        """At any time: whatever is stored is the beginning of something that was there."""
        if self._checked == self.wire.arrived:
            return  # nothing can have changed
        self._checked = self.wire.arrived
        for path, _, _, generations in self.stored():
            for raw in generations:
                assert SECRET not in raw
                assert not raw or any(content.startswith(raw) for content in self.had), path

    def check_at_rest(self):
        """All of every file is there, once, and was read."""
        self.check()
        stored = self.stored()
        streams = {path: (stream, deleted, generations[-1]) for path, stream, deleted, generations in stored}
        assert len(streams) == len(stored)
        there = {
            path.relative_to(self.projects).as_posix(): path.read_bytes()
            for path in self.projects.glob("*/*.jsonl")
            if path.is_file() and not path.is_symlink()
        }
        for address, content in there.items():
            assert address in streams, f"{address} was never stored"
            _, deleted_ms, raw = streams[address]
            assert raw == content, f"{address}: {len(raw)} of {len(content)} bytes"
            assert deleted_ms is None, f"{address} is there"
        for address, (_, deleted_ms, _) in streams.items():
            # Behind what cannot be looked at there may be more files.
            if not self.follower.faults and not os.path.lexists(self.projects / address):
                assert deleted_ms is not None, f"{address} was deleted"
        generations = [raw for _, _, _, generations in stored for raw in generations]
        for raw in self.kept:
            is_stored = any(stored.startswith(raw) for stored in generations)  # a copy may have gone on as it
            assert is_stored, f"{len(raw)} bytes that were deleted were in the spool, and are lost"
        holders = {}
        for address, (_, _, raw) in streams.items():
            if lineage := lineage_of(raw):
                holders.setdefault(lineage, []).append(address)
        for lineage, addresses in holders.items():
            assert len(addresses) <= 1 + self.repeats.get(lineage, 0), addresses
        self._check_read(streams)
        for path in self.projects.glob("*/*/tool-results/*"):
            address = path.relative_to(self.projects).as_posix()
            with self.at.database.read() as connection:
                assert attachment(connection, self.at, self.reception.client, address) == path.read_bytes()

    def _check_read(self, streams):
        intake = Intake(self.at, Workers(0), describe=described)
        tally = Tally()
        intake.read(intake.pending(), tally)
        assert tally.faults == []
        assert intake.pending() == {}
        with self.at.database.read() as connection:
            for address, (stream, _, raw) in streams.items():
                row = connection.execute(
                    select(schema.sessions.c.lines, schema.sessions.c.size_bytes).where(
                        schema.sessions.c.stream_id == stream.id
                    )
                ).one()
                lines = sum(1 for line in raw.split(b"\n") if line.strip())
                assert (row.lines, row.size_bytes) == (lines, len(raw)), address


def lineage_of(raw):
    head = raw[12:20]
    return int(head) if raw.startswith(b'{"lineage":"') and head.isdigit() else None


def swap_for_link(world, path):
    """Somebody lets the path lead to what is none of ours."""
    other = world.outside / "secret.txt"
    other.write_bytes(SECRET)
    path.unlink()
    path.symlink_to(other)
    left_behind(world, path)


def swap_for_pipe(world, path):
    path.unlink()
    os.mkfifo(path)
    left_behind(world, path)


def left_behind(world, path):
    """What moved away from here before anybody looked seems to be there still: it is a copy where it went."""
    for lineage in world.lived.get(path, ()):
        world.repeats[lineage] = world.repeats.get(lineage, 0) + 1


def transcripts(world) -> list[Path]:
    """Those that can be read."""
    return sorted(
        path
        for path in world.projects.glob("*/*.jsonl")
        if path.is_file() and not path.is_symlink() and os.access(path, os.R_OK)
    )
