"""Takes in files: first what is new of them is stored and acknowledged, then it is read into entries.

The caller decides the order.  The store has the last word on what is there: an intake that was
killed goes on where its last commit was, and repeating one changes nothing.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import BrokenExecutor
from typing import Any, NamedTuple

from sqlalchemy import Connection

from session_replay.errors import OffsetGap, ReplayError
from session_replay.ingest.append import append
from session_replay.ingest.enter import Entered, Registry
from session_replay.ingest.growth import AppendTask, Growth, kept_time_ns, seal_growth
from session_replay.ingest.link import link_tree, unlinked_trees
from session_replay.ingest.read import WINDOW_SEALED_BYTES, Reading, ReadTask, read_window
from session_replay.ingest.record import record
from session_replay.ingest.workers import Job, Step, Work, Workers
from session_replay.store import streams
from session_replay.store.attachments import read_attachment
from session_replay.store.chunks import line_numbers, stored_chunks
from session_replay.store.entries import line_uuids
from session_replay.store.installation import Installation
from session_replay.store.sealed import SealedChunk, StreamKey
from session_replay.store.streams import Stream
from session_replay.transcript.entry import PARSER_VERSION
from session_replay.transcript.held import Held
from session_replay.wire import FileFault, TranscriptFile

REST_MS = 300_000
"""A file that did not grow for 5 minutes is at rest: an unterminated last line is then read too."""
ATTACHED_BYTES_MAX = 8 << 20
"""Attachments are held in memory until their transaction is done; one alone may be larger."""
ENTERED_AT_ONCE = 256
"""Files entered in one transaction, so that other writers are never held up for long."""
LINKED_AT_ONCE = 32
TRIES = 3
"""How often the same bytes are tried when a worker dies or another writer was faster."""
SETTLING_ROUNDS_MAX = 32
READERS_BYTES_MAX = 64 << 20


class Progress(NamedTuple):
    """How far an intake is: ``store`` until everything is acknowledged, then ``read``; bytes are raw bytes."""

    phase: str
    files: int
    files_done: int
    total_bytes: int
    done_bytes: int


class Tally:
    """What an intake did."""

    def __init__(self) -> None:
        self.files = 0
        self.unchanged_files = 0
        self.rewritten_files = 0
        self.stored_bytes = 0
        self.read_bytes = 0
        self.faults: list[FileFault] = []


class _Meter:
    """Adds up one phase and reports it."""

    def __init__(self, report: Callable[[Progress], None], phase: str, files: int, total_bytes: int) -> None:
        self._report = report
        self._now = Progress(phase, files, 0, total_bytes, 0)

    def add(self, files: int, size: int) -> None:
        now = self._now
        self._now = now._replace(files_done=now.files_done + files, done_bytes=now.done_bytes + size)
        self._report(self._now)


class Intake:
    """Takes files into one installation.

    Args:
        at: Where to.
        workers: Does the work.
        report: Told after each step, in the calling thread.
        announce: Told the id of a session that has new entries, from the calling thread.
        describe: Looks into a subagent's file for what its name does not say; asked for new files only.
        is_stopped: Asked between steps; True ends an intake early, with nothing lost.
        follows: Files may grow later: an unterminated last line waits until its file is at rest, and
            the readers of files that grow are kept.
    """

    def __init__(
        self,
        at: Installation,
        workers: Workers,
        *,
        report: Callable[[Progress], None] = lambda _: None,
        is_stopped: Callable[[], bool] = lambda: False,
        announce: Callable[[str], None] = lambda _: None,
        describe: Callable[[TranscriptFile], TranscriptFile] = lambda file: file,
        follows: bool = False,
    ) -> None:
        self._at = at
        self._workers = workers
        self._registry = Registry(at)
        self._report = report
        self._is_stopped = is_stopped
        self._announce = announce
        self._describe = describe
        self._follows = follows
        self._readers = _Readers()
        self._seen: dict[int, _Seen] = {}

    def store(self, files: list[TranscriptFile], tally: Tally) -> list[int]:
        """Store and acknowledge what is new in these files, in their order; returns the streams that grew."""
        changed = self._changed(files)
        tally.files += len(files)
        tally.unchanged_files += len(files) - len(changed)
        meter = _Meter(self._report, "store", len(changed), sum(file.size for file in changed))
        attached = [file for file in changed if file.kind == "attachment"]
        # Transcripts are entered first: what belongs to a session finds it by its file.
        entered_batches = [
            self._enter(batch) for batch in _batches([file for file in changed if file.kind != "attachment"])
        ]
        for batch in _batches(attached, ATTACHED_BYTES_MAX):
            self._attach(batch, tally, meter)
        grown: list[int] = []
        for entered in entered_batches:
            self._workers.run((self._store(one, tally, meter, grown) for one in entered), self._is_stopped)
        return grown

    def read(self, stream_ids: Iterable[int], tally: Tally) -> None:
        """Read what these streams have past their watermark, and again those that turned out to repeat others."""
        waiting = list(dict.fromkeys(stream_ids))
        # Of several copies each may be found to repeat another one that was read after it; what a stream inherits only
        # grows, so this ends. The bound is for what nobody has thought of: the rest is read with the next look.
        for _ in range(SETTLING_ROUNDS_MAX):
            with self._at.database.read() as connection:
                found = [streams.find(connection, stream_id) for stream_id in waiting]
            meter = _Meter(self._report, "read", len(found), sum(stream.length for stream in found))
            self._workers.run((self._read(stream, tally, meter) for stream in found), self._is_stopped)
            with self._at.database.read() as connection:
                waiting = streams.to_be_read_again(connection)
            if not waiting or self._is_stopped():
                break
        self._link()

    def pending(self, *, is_missed: bool = True) -> dict[int, int]:
        """Streams with bytes that are stored and were not read, or not by this parser; the newest files first.

        Each with the time (ns) at which its file was written last; of one of which more is missing nobody wrote
        that down: when its bytes came is the best that is known.

        Args:
            is_missed: Some may have lines that nobody was told of.  Without it only what has come to rest is looked
                for, or is to be read again: a line of which more is to come would be looked through in vain.
        """
        with self._at.database.read() as connection:
            found = streams.pending(connection, PARSER_VERSION)
        if not is_missed:
            found = [stream for stream in found if stream.is_read_again or _rests(stream)]
        written_ns = {stream.id: stream.file_mtime_ns or stream.received_ms * 1_000_000 for stream in found}
        return dict(sorted(written_ns.items(), key=lambda one: -one[1]))

    def _changed(self, files: list[TranscriptFile]) -> list[TranscriptFile]:
        """The files that do not look as they did when all of them was stored."""
        by_owner: dict[tuple[str, str], list[TranscriptFile]] = {}
        for file in files:
            by_owner.setdefault((file.host, file.user), []).append(file)
        known: set[TranscriptFile] = set()
        for owner, owned in by_owner.items():
            client = self._registry.client(*owner, _now_ms())
            addresses = {streams.address(self._at.key, client, file.address): file for file in owned}
            with self._at.database.read() as connection:
                looks = streams.looks(connection, client, list(addresses))
            known.update(
                file
                for digest, file in addresses.items()
                if looks.get(digest) == (file.size, kept_time_ns(file.mtime_ns))
            )
        return [file for file in files if file not in known]

    def _enter(self, files: list[TranscriptFile]) -> list[Entered]:
        described = [self._describe(file) for file in files]
        entered = self._at.database.write(lambda tx: self._registry.enter(tx, described, _now_ms()))
        order = {file.path: position for position, file in enumerate(files)}
        return sorted(entered, key=lambda one: order[one.file.path])

    def _attach(self, files: list[TranscriptFile], tally: Tally, meter: _Meter) -> None:
        contents: list[tuple[TranscriptFile, bytes]] = []
        for file in files:
            try:
                contents.append((file, read_attachment(file)))
            except (OSError, ReplayError) as error:
                tally.faults.append(FileFault(file.path, _problem(error)))

        clients = {(file.host, file.user): self._registry.client(file.host, file.user, _now_ms()) for file in files}

        def write(tx: Connection) -> None:
            for file, raw in contents:
                self._registry.attach(tx, clients[file.host, file.user], file, raw)

        self._at.database.write(write)
        tally.stored_bytes += sum(len(raw) for _, raw in contents)
        meter.add(len(files), sum(file.size for file in files))

    def _link(self) -> None:
        """Link the trees that are left to be linked, some in one transaction."""
        with self._at.database.read() as connection:
            roots = unlinked_trees(connection)
        for start in range(0, len(roots), LINKED_AT_ONCE):
            changed = self._at.database.write(_linking(self._at, roots[start : start + LINKED_AT_ONCE]))
            for session_id in changed:
                self._announce(session_id)

    def _store(self, entered: Entered, tally: Tally, meter: _Meter, grown: list[int]) -> Job:
        """Bring one stream to the end of its file."""
        file, stream = entered
        problem = ""
        for _ in range(TRIES):
            try:
                stored = yield from self._store_growth(file, stream, tally, meter)
            except (BrokenExecutor, OffsetGap) as error:
                problem = _problem(error)
                with self._at.database.read() as connection:
                    stream = streams.find(connection, stream.id)
            except (OSError, ReplayError) as error:
                problem = _problem(error)
                break
            else:
                if stored or stream.parsed_to < stream.length:
                    grown.append(stream.id)
                meter.add(1, 0)
                return
        tally.faults.append(FileFault(file.path, problem))
        meter.add(1, 0)

    def _store_growth(
        self, file: TranscriptFile, stream: Stream, tally: Tally, meter: _Meter
    ) -> Generator[Step, Any, int]:
        stored = 0
        with self._at.database.read() as connection:
            secret = self._at.session_keys.find(connection, [stream.session_id])[stream.session_id]
        while True:
            key = StreamKey(secret, self._at.key.organization, stream.id, stream.generation)
            seen = self._seen.get(stream.id)
            inode = seen.inode if seen and (seen.generation, seen.length) == (stream.generation, stream.length) else 0
            task = AppendTask(file.path, key, stream.length, stream.leaves, inode)
            growth: Growth = yield Work(seal_growth, task, max(0, file.size - stream.length))
            if growth.rewritten:
                tally.rewritten_files += 1
                stream = yield self._at.database.submit(lambda tx, stream=stream: streams.begin_generation(tx, stream))
                continue
            stream = yield self._at.database.submit(
                lambda tx, task=task, growth=growth: append(tx, task, growth, _now_ms())
            )
            self._seen[stream.id] = _Seen(stream.generation, stream.length, growth.inode)
            stored += growth.end - growth.start
            tally.stored_bytes += growth.end - growth.start
            meter.add(0, growth.end - growth.start)
            if growth.end >= growth.file_size or growth.end == growth.start:
                return stored

    def _read(self, stream: Stream, tally: Tally, meter: _Meter) -> Job:
        """Bring one stream's watermark to its end, or to its last newline while its file grows."""
        problem = ""
        for _ in range(TRIES):
            try:
                yield from self._read_windows(stream, tally, meter)
            except BrokenExecutor as error:
                problem = _problem(error)
                with self._at.database.read() as connection:
                    stream = streams.find(connection, stream.id)
            except ReplayError as error:
                problem = _problem(error)
                break
            else:
                meter.add(1, 0)
                return
        # The bytes are safe; the stream stays pending and is tried again at the next start.
        tally.faults.append(FileFault(stream.session_id, f"is stored, but could not be read: {problem}"))
        meter.add(1, 0)

    def _read_windows(self, stream: Stream, tally: Tally, meter: _Meter) -> Generator[Step, Any, None]:
        kept = self._readers.take(stream)
        start, reader = (stream.parsed_to, kept) if kept else (0, None)
        inherited = frozenset[str]()
        numbers: dict[int, int] = {}
        with self._at.database.read() as connection:
            secret = self._at.session_keys.find(connection, [stream.session_id])[stream.session_id]
            if reader is None:
                inherited = inherited.union(*(line_uuids(connection, self._at, number) for number in stream.earlier))
                numbers = line_numbers(connection, stream)
        key = StreamKey(secret, self._at.key.organization, stream.id, stream.generation)
        at_rest = not self._follows or _rests(stream)
        held, parsed_to = Held(), start
        recorded = True
        while True:
            window, is_last = self._window(key, start, stream.length)
            keeps_reader = self._follows or not is_last
            task = ReadTask(key, reader, inherited, start, held, window, at_rest and is_last, keeps_reader, numbers)
            reading: Reading = yield Work(read_window, task, stream.length - start)
            if reading.is_damaged:
                self._at.session_keys.tell_damage(stream.session_id, "chunk")
            held, reader = reading.held, reading.reader
            start = reading.parsed_to + held.size
            if reading.parsed_to > parsed_to or is_last:  # else one line is longer than the window
                recorded = yield self._at.database.submit(_recording(self._at, stream, reading, is_last=is_last))
                self._announce(stream.session_id)
                tally.read_bytes += reading.parsed_to - parsed_to
                meter.add(0, reading.parsed_to - parsed_to)
                parsed_to = reading.parsed_to
            if is_last or not recorded:
                break
        if self._follows and not at_rest and not reading.cut_line and recorded and reader:
            self._readers.keep(stream, parsed_to, reader)

    def _window(self, key: StreamKey, start: int, end: int) -> tuple[list[SealedChunk], bool]:
        """The next chunks of a stream, up to a size; and whether they reach its end."""
        window: list[SealedChunk] = []
        size = 0
        with self._at.database.read() as connection:
            for chunk in stored_chunks(connection, key, start, end):
                window.append(chunk)
                size += len(chunk.sealed)
                if size >= WINDOW_SEALED_BYTES:
                    break
        return window, not window or window[-1].end >= end


class _Seen(NamedTuple):
    """How far this process itself has compared or stored a stream, and from which file."""

    generation: int
    length: int
    inode: int


class _Readers:
    """Pickled readers of streams that grow, so that an append costs its own lines only."""

    def __init__(self) -> None:
        self._kept: OrderedDict[int, tuple[int, int, bytes]] = OrderedDict()
        self._size = 0

    def take(self, stream: Stream) -> bytes | None:
        """The reader that stands exactly at the stream's watermark."""
        kept = self._kept.pop(stream.id, None)
        if kept is None:
            return None
        self._size -= len(kept[2])
        is_usable = kept[:2] == (stream.generation, stream.parsed_to) and stream.parser_version == PARSER_VERSION
        return kept[2] if is_usable else None

    def keep(self, stream: Stream, parsed_to: int, reader: bytes) -> None:
        """Keep a reader; the longest unused ones go when they are too large together."""
        self._kept[stream.id] = (stream.generation, parsed_to, reader)
        self._size += len(reader)
        while self._size > READERS_BYTES_MAX and self._kept:
            _, (_, _, dropped) = self._kept.popitem(last=False)
            self._size -= len(dropped)


def _linking(at: Installation, roots: list[str]) -> Callable[[Connection], set[str]]:
    return lambda tx: set[str]().union(*(link_tree(tx, at, root_id) for root_id in roots))


def _recording(at: Installation, stream: Stream, reading: Reading, *, is_last: bool) -> Callable[[Connection], bool]:
    return lambda tx: record(tx, at, stream, reading, is_last=is_last)


def _batches(files: list[TranscriptFile], bytes_max: int | None = None) -> Iterable[list[TranscriptFile]]:
    batch: list[TranscriptFile] = []
    size = 0
    for file in files:
        is_full = bytes_max is not None and size + file.size > bytes_max
        if batch and (is_full or len(batch) == ENTERED_AT_ONCE):
            yield batch
            batch, size = [], 0
        batch.append(file)
        size += file.size
    if batch:
        yield batch


def _problem(error: BaseException) -> str:
    if isinstance(error, OSError):
        return (error.strerror or "cannot be read").lower()
    if isinstance(error, BrokenExecutor):
        return "the worker process died over it"
    return str(error)


def _rests(stream: Stream) -> bool:
    """Whether a file grows no more; one of which more is missing, whether nothing came for as long."""
    grown_ms = stream.file_mtime_ns // 1_000_000 if stream.file_size == stream.length else stream.received_ms
    # A clock that is ahead must not keep a file from ever being at rest.
    return abs(_now_ms() - grown_ms) > REST_MS


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
