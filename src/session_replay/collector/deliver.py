"""Brings the server up to what the files hold: compares, sends what is missing, waits for the acknowledgement.

The server is the truth, so nothing about streams is kept on disk.  Every file has its own time to be tried
again, and at most one request in which it takes part: a file that cannot be read, is endlessly rewritten or
is very large never holds another one up.  Two lanes send side by side: what a running session appends, and
all that is more.
"""

from __future__ import annotations

import hashlib
import logging
import os
import random
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import BinaryIO, Literal, NamedTuple

import msgspec
from backports import zstd

from session_replay.collector.follow import described, readable
from session_replay.collector.spool import Spool
from session_replay.errors import ReplayError, Unreachable
from session_replay.protocol import (
    ATTACHMENT_BYTES_MAX,
    LEAF_BYTES,
    PIECE_BYTES_MAX,
    PIECES_MAX,
    Attachment,
    AttachmentLook,
    Ingest,
    Move,
    Opening,
    Piece,
    Rewrite,
    Standing,
    Stored,
    root_of,
)
from session_replay.wire import BLOCK_BYTES, FileFault, TranscriptFile, block_hashes

log = logging.getLogger(__name__)

Lane = Literal["live", "bulk"]

ZSTD_LEVEL = 3
LIVE_BYTES_MAX = 256 << 10
"""More than this to send of one file goes by the bulk lane."""
RECENT_SECONDS = 900
"""A new file that was written to lately is opened by the live lane."""
BATCH_BYTES = 4 << 20
OPENED_AT_ONCE = 500
BACKOFF_SECONDS = (0.5, 60.0)
"""First and longest wait after a failure, doubled each time, of which a random part is waited."""
REWRITES_FREE = 2
REWRITE_FORGOTTEN_SECONDS = 1_800.0
REWRITE_WAIT_SECONDS_MAX = 600.0
SPOOLED_AFTER_SECONDS = 20.0
"""What is not shipped by then is linked: the server is away, or the file cannot be taken."""
GONE_AFTER_SECONDS = 10.0
"""A removed file may turn up under another path with the next look: then it was moved."""
RETRY_LOOK_SECONDS = 0.05
IDLE_SECONDS = 5.0
BUG_SECONDS = 5.0


class _File:
    """One transcript or attachment and how far the server has it."""

    def __init__(self, file: TranscriptFile) -> None:
        self.file = file
        self.standing: Standing | None = None
        self.leaves: bytes | None = None
        """Hashes of the blocks up to the standing's length as this process read them; None: not compared yet."""
        self.inode = 0
        """Of the file that ``leaves`` were read from."""
        self.shipped: tuple[int, int] | None = None
        """Size and time of the file when all of it was acknowledged."""
        self.dirty_since: float | None = None
        """Wall clock, in seconds, since when the server lacks something."""
        self.looks = 0
        """How often it was found to look different: what was read before the last time may not be all."""
        self.busy = False
        self.is_new = False
        self.not_before = 0.0
        self.failures = 0
        self.problem = ""
        self.rewrites = 0
        self.rewritten_at = float("-inf")

    @property
    def length(self) -> int:
        return self.standing.length if self.standing else 0

    @property
    def unshipped_bytes(self) -> int:
        if self.file.kind == "attachment":
            return self.file.size
        return max(0, self.file.size - self.length)


class Progress(NamedTuple):
    """How far the server has the files that were seen; sizes in bytes."""

    files: int
    files_done: int
    total_bytes: int
    done_bytes: int
    unshipped_since: float | None
    """Wall clock, in seconds, of the oldest byte that the server lacks."""
    faults: list[FileFault]


class _Cut(NamedTuple):
    """What is sent of one file, and how its hashes are then."""

    pieces: list[Piece]
    leaves: list[bytes]
    """After each piece."""
    inode: int
    look: tuple[int, int]
    """Size and time of the file when it was read."""
    looks: int
    is_other: bool
    """It was read from the link to a file whose path another one has taken."""


class Failure(NamedTuple):
    """Why a lane cannot send, how often in a row it could not, and when it tries again (by the clock)."""

    error: ReplayError | None = None
    times: int = 0
    not_before: float = 0


_NO_FAILURE = Failure()


class Shipper:
    """Keeps one server up to date with a collector's files.

    ``found`` and ``looked`` say what there is, ``round`` sends; ``run`` does so in threads until it is stopped.

    Args:
        server: What the files are sent to.
        spool: Keeps what is not shipped; None: nothing is kept (the server is this process).
        clock: Monotonic seconds.
        wall: Seconds since the Unix epoch.
        piece_bytes: Raw bytes of a piece at most.
    """

    def __init__(
        self,
        server: Ingest,
        *,
        spool: Spool | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        piece_bytes: int = PIECE_BYTES_MAX,
    ) -> None:
        self._server = server
        self._spool = spool
        self._clock = clock
        self._wall = wall
        self._piece_bytes = piece_bytes
        self._lock = threading.RLock()
        self._files: dict[str, _File] = {}
        self._dirty: dict[str, _File] = {}
        """In the order in which they are served: who was served goes to the end."""
        self._gone: dict[int, float] = {}
        self._lanes: dict[Lane, Failure] = {"live": _NO_FAILURE, "bulk": _NO_FAILURE}
        self._changed = threading.Condition(self._lock)
        self._look_faults: list[FileFault] = []
        self.held_back: tuple[str, ...] = ()
        self.looks = 0
        """How often all files were looked at."""
        self.paused = False
        self.sent_bytes = 0
        """Raw bytes that were sent and acknowledged."""
        for link, file in spool.kept() if spool else ():
            self._add(msgspec.structs.replace(file, path=str(link)))

    # What there is.

    def found(self, files: Iterable[TranscriptFile]) -> None:
        """These files are new or look different."""
        with self._changed:
            for file in files:
                known = self._files.get(file.address)
                if known is None:
                    self._add(file)
                    continue
                known.file = file
                if known.shipped != (file.size, file.mtime_ns):
                    self._mark(known)
            self._changed.notify_all()

    def looked(self, files: list[TranscriptFile], faults: list[FileFault], held_back: Sequence[str] = ()) -> None:
        """All files that there are now: those that are known and missing were removed or moved."""
        with self._lock:
            self._look_faults = faults
            self.held_back = tuple(held_back)
            there = {file.address for file in files}
            for known in [file for address, file in self._files.items() if address not in there]:
                if _is_gone(known.file.path) or self._is_deleted(known):
                    self._lose(known)
            self.found(files)
            self._keep_unshipped()
            self.looks += 1

    def _add(self, file: TranscriptFile) -> None:
        made = self._files[file.address] = _File(file)
        self._mark(made)

    def _mark(self, file: _File) -> None:
        file.looks += 1
        file.dirty_since = file.dirty_since or self._wall()
        self._dirty.setdefault(file.file.address, file)

    def _lose(self, file: _File) -> None:
        address = file.file.address
        link = self._spool.link(address) if self._spool else None
        if file.dirty_since is not None and link is not None:
            if file.file.path != str(link):  # deleted before all of it was shipped: the link still has it
                file.file = msgspec.structs.replace(file.file, path=str(link))
                self._mark(file)
            return
        if file.busy:
            return  # with the next look
        self._forget(file)

    def _forget(self, file: _File) -> None:
        self._files.pop(file.file.address, None)
        self._dirty.pop(file.file.address, None)
        if file.standing is not None:
            self._gone[file.standing.stream] = self._clock()

    def _keep_unshipped(self) -> None:
        """Link what was not shipped for a while: it may be deleted any day."""
        if self._spool is None:
            return
        for file in self._dirty.values():
            if file.dirty_since is not None and self._wall() - file.dirty_since >= SPOOLED_AFTER_SECONDS:
                try:
                    self._spool.keep(file.file)
                except OSError as error:
                    file.problem = file.problem or f"cannot be kept from deletion: {_words(error)}"

    # How it is.

    def progress(self) -> Progress:
        """How far the server has what was found."""
        with self._lock:
            dirty = list(self._dirty.values())
            total = sum(file.file.size for file in self._files.values())
            missing = sum(file.unshipped_bytes for file in dirty)
            since = [file.dirty_since for file in dirty if file.dirty_since is not None and file.unshipped_bytes]
            faults = [FileFault(readable(file.file.path), file.problem) for file in dirty if file.problem]
            faults += [FileFault(readable(fault.path), fault.problem) for fault in self._look_faults]
            return Progress(
                len(self._files),
                len(self._files) - len(dirty),
                total,
                total - missing,
                min(since, default=None),
                faults,
            )

    @property
    def problem(self) -> str:
        """Why nothing can be sent now; empty where all is well."""
        return str(self.failure.error or "")

    @property
    def failure(self) -> Failure:
        """Of the lane that could not send for longer."""
        with self._lock:
            return max(self._lanes.values(), key=lambda lane: lane.times)

    def streams_present(self) -> tuple[int, ...] | None:
        """All streams whose files are there; None as long as some were not opened yet."""
        with self._lock:
            transcripts = [file for file in self._files.values() if file.file.kind != "attachment"]
            is_unknown = any(file.standing is None for file in transcripts)
            if is_unknown or not self.looks or self._look_faults:  # behind a fault there may be more files
                return None
            return tuple(file.standing.stream for file in transcripts if file.standing)

    def take_gone(self) -> tuple[int, ...]:
        """Streams whose files were removed, each told once."""
        with self._lock:
            now = self._clock()
            told = [stream for stream, at in self._gone.items() if now - at >= GONE_AFTER_SECONDS]
            for stream in told:
                del self._gone[stream]
            return tuple(told)

    def give_back_gone(self, streams: tuple[int, ...]) -> None:
        """These could not be told: tell them again."""
        with self._lock:
            self._gone |= {stream: self._clock() - GONE_AFTER_SECONDS for stream in streams}

    @property
    def is_done(self) -> bool:
        """Nothing is left to send, but for files that cannot be taken."""
        with self._lock:
            return all(file.problem and not file.busy for file in self._dirty.values())

    # Sending.

    def run(self, is_stopped: threading.Event) -> list[threading.Thread]:
        """Start a thread for each lane; they end when stopped, after the request under way."""
        threads = [
            threading.Thread(target=self._run_lane, args=(lane, is_stopped), name=f"ship-{lane}", daemon=True)
            for lane in self._lanes
        ]
        for thread in threads:
            thread.start()
        return threads

    def wake(self) -> None:
        """Let the lanes look whether they are stopped, or not paused any more."""
        with self._changed:
            self._changed.notify_all()

    def _run_lane(self, lane: Lane, is_stopped: threading.Event) -> None:
        while not is_stopped.is_set():
            try:
                did = not self.paused and self.round(lane)
            except Exception as error:  # a bug must not end the lane: the other files are shipped all the same
                log.exception("shipping failed")
                self._wait_for_server(lane, Unreachable(f"{type(error).__name__}: {error}", BUG_SECONDS))
                did = False
            if not did:
                with self._changed:
                    if not is_stopped.is_set():
                        self._changed.wait(RETRY_LOOK_SECONDS if self._dirty and not self.paused else IDLE_SECONDS)

    def round(self, lane: Lane) -> bool:
        """Send once what a lane can send now; false where there was nothing to do."""
        if self._lanes[lane].not_before > self._clock():
            return False
        try:
            did = self._open(lane) or (lane == "bulk" and self._attach()) or self._ship(lane)
        except ReplayError as error:
            self._wait_for_server(lane, error)
            return False
        if did:
            self._lanes[lane] = _NO_FAILURE
        return did

    def _wait_for_server(self, lane: Lane, error: ReplayError) -> None:
        times = self._lanes[lane].times + 1
        at_least = error.retry_after_seconds if isinstance(error, Unreachable) else 0
        self._lanes[lane] = Failure(error, times, self._clock() + max(at_least, _backoff(times)))

    def _take(self, wanted: Callable[[_File], bool], most: int) -> list[_File]:
        """Files that something can be done for now; nobody else does until they are released."""
        now = self._clock()
        with self._lock:
            taken: list[_File] = []
            for file in list(self._dirty.values()):
                if file.busy or file.not_before > now or not wanted(file):
                    continue
                if file.failures and taken:
                    continue  # one that failed goes alone: it may be what spoils a request
                taken.append(file)
                file.busy = True
                if file.failures or len(taken) == most:
                    break
            return taken

    def _release(self, files: Iterable[_File]) -> None:
        with self._lock:
            for file in files:
                file.busy = False

    # Transcripts are opened first.

    def _open(self, lane: Lane) -> bool:
        recent_ns = int((self._wall() - RECENT_SECONDS) * 1e9)

        def wanted(file: _File) -> bool:
            if file.file.kind == "attachment" or file.standing is not None:
                return False
            return (file.file.mtime_ns > recent_ns) == (lane == "live")

        files = self._take(wanted, OPENED_AT_ONCE)
        try:
            if files:
                self._open_all(files)
        finally:
            self._release(files)
        return bool(files)

    def _open_all(self, files: list[_File]) -> None:
        answers = self._server.open([_opening(file) for file in files])
        for file, opened in zip(files, answers, strict=True):
            if opened.problem:
                self._fail(file, opened.problem)
            elif opened.standing is not None:
                self._stand(file, opened.standing)
            else:
                self._find_moved(file, opened.candidates)

    def _find_moved(self, file: _File, candidates: Iterable[Standing]) -> None:
        """Continue the stream of a file that was moved here; where there is none, the next opening makes a new one."""
        with self._lock:
            holders = {other.standing.stream: other for other in self._files.values() if other.standing is not None}
            claimed = {stream for stream, other in holders.items() if not self._is_deleted(other)}
        file.is_new = True
        for candidate in candidates:
            if candidate.stream in claimed or not candidate.length:
                continue
            try:
                with Path(file.file.path).open("rb", buffering=0) as opened:
                    leaves = _leaves_of(opened, candidate.length)
            except OSError:
                return
            if leaves is None or root_of(leaves) != candidate.root:
                continue
            move = Move(candidate.stream, file.file.address, candidate.length, candidate.root)
            try:
                standing = self._server.move(move)
            except Unreachable:
                raise
            except ReplayError:
                continue
            with self._lock:
                self._gone.pop(candidate.stream, None)
                before = holders.get(candidate.stream)
                if before is not None and self._spool is not None:  # its link is this file, which now ships the rest
                    self._spool.drop(before.file.address)
                    self._files.pop(before.file.address, None)
                    self._dirty.pop(before.file.address, None)
            self._stand(file, standing)
            return

    def _is_deleted(self, file: _File) -> bool:
        """Only its link is left."""
        link = self._spool.link(file.file.address) if self._spool else None
        return link is not None and file.file.path == str(link)

    def _stand(self, file: _File, standing: Standing) -> None:
        """The server says how it has a file."""
        with self._lock:
            before = file.standing
            file.standing = standing
            if before is None or (before.generation, before.length, before.root) != (
                standing.generation,
                standing.length,
                standing.root,
            ):
                file.leaves = None
            if (standing.file_size, standing.file_mtime_ns) == (file.file.size, file.file.mtime_ns):
                self._clean(file, (standing.file_size, standing.file_mtime_ns), file.looks)

    def _clean(self, file: _File, look: tuple[int, int], looks: int, *, is_other: bool = False) -> None:
        """All of a file that looked like this is acknowledged; ``looks`` is how often it had been found then."""
        file.failures = 0
        file.problem = ""
        address = file.file.address
        link = self._spool.link(address) if self._spool else None
        if link is not None and self._spool is not None:
            is_deleted = file.file.path == str(link)
            self._spool.drop(address)
            if is_deleted:  # and now nothing of it is missing
                self._forget(file)
                return
        if is_other:  # the file that has the path now comes next
            file.leaves = None
            return
        file.shipped = look
        if looks == file.looks:
            file.file = msgspec.structs.replace(file.file, size=look[0], mtime_ns=look[1])
            file.dirty_since = None
            self._dirty.pop(address, None)

    def _fail(self, file: _File, problem: str) -> None:
        with self._lock:
            file.failures += 1
            file.problem = problem
            file.not_before = self._clock() + _backoff(file.failures)

    # What transcripts grew by.

    def _ship(self, lane: Lane) -> bool:
        def wanted(file: _File) -> bool:
            if file.standing is None or file.file.kind == "attachment":
                return False
            is_live = file.unshipped_bytes <= LIVE_BYTES_MAX and file.leaves is not None and not file.failures
            is_small = file.file.size <= LIVE_BYTES_MAX and not file.failures
            return (is_live or is_small) == (lane == "live")

        files = self._take(wanted, PIECES_MAX)
        try:
            if files:
                self._ship_all(files)
        finally:
            self._release(files)
        return bool(files)

    def _ship_all(self, files: list[_File]) -> None:
        cuts: list[tuple[_File, _Cut]] = []
        size = pieces = 0
        for file in files:
            if size >= BATCH_BYTES or pieces >= PIECES_MAX:
                break
            cut = self._cut(file, BATCH_BYTES - size, PIECES_MAX - pieces)
            if cut is not None and cut.pieces:
                cuts.append((file, cut))
                size += sum(piece.end - piece.start for piece in cut.pieces)
                pieces += len(cut.pieces)
            with self._lock:  # who was served goes to the end
                if self._dirty.pop(file.file.address, None):
                    self._dirty[file.file.address] = file
        if not cuts:
            return
        sent = [piece for _, cut in cuts for piece in cut.pieces]
        try:
            answers = iter(self._server.append(sent))
        except Unreachable:
            raise
        except ReplayError as error:
            for file, _ in cuts:
                self._fail(file, str(error))
            raise
        for file, cut in cuts:
            answered = [next(answers) for _ in cut.pieces]
            self._acknowledged(file, cut, answered)

    def _cut(self, file: _File, bytes_max: int, pieces_max: int) -> _Cut | None:
        """What is to be sent of a file; None where there is nothing, or it could not be read."""
        looks, source = file.looks, self._source(file)
        try:
            with Path(source).open("rb", buffering=0) as opened:
                cut = self._cut_opened(file, opened, bytes_max, pieces_max)
                return cut and cut._replace(looks=looks, is_other=source != file.file.path)
        except FileNotFoundError:
            with self._lock:
                if self._spool and self._spool.link(file.file.address):
                    self._lose(file)
                else:
                    self._forget(file)
        except OSError as error:
            self._fail(file, _words(error))
        return None

    def _source(self, file: _File) -> str:
        """The file, or its link while another file has taken its path and the link has more to send."""
        link = self._spool.link(file.file.address) if self._spool else None
        if link is not None and file.file.path != str(link):
            try:
                if not link.samefile(file.file.path):
                    return str(link)
            except OSError:
                return str(link)
        return file.file.path

    def _cut_opened(self, file: _File, opened: BinaryIO, bytes_max: int, pieces_max: int) -> _Cut | None:
        standing = file.standing
        if standing is None:
            return None
        status = os.fstat(opened.fileno())
        look = (status.st_size, status.st_mtime_ns)
        if look == file.shipped and standing.length == look[0] and file.inode == status.st_ino:
            with self._lock:
                self._clean(file, look, file.looks)
            return None
        # A file that is another one, or that changed without growing, is compared whole again.
        if file.leaves is None or file.inode != status.st_ino or status.st_size <= standing.length:
            file.leaves = None
            if status.st_size < standing.length:
                return self._begin_again(file, "truncated")
            leaves = _leaves_of(opened, standing.length)
            if leaves is None or root_of(leaves) != standing.root:
                return self._begin_again(file, "rewritten")
            file.leaves, file.inode = leaves, status.st_ino
        first_block = standing.length // BLOCK_BYTES * BLOCK_BYTES
        opened.seek(first_block)
        known = standing.length - first_block
        raw = _read(opened, min(status.st_size, standing.length + bytes_max) - first_block)
        if len(raw) < known or (known and block_hashes(raw[:known]) != file.leaves[-LEAF_BYTES:]):
            file.leaves = None
            return self._begin_again(file, "truncated" if len(raw) < known else "rewritten")
        return self._pieces(file, standing, raw, known, pieces_max, status.st_ino, look)

    def _pieces(
        self,
        file: _File,
        standing: Standing,
        raw: bytes,
        known: int,
        pieces_max: int,
        inode: int,
        look: tuple[int, int],
    ) -> _Cut | None:
        whole = (file.leaves or b"")[: standing.length // BLOCK_BYTES * LEAF_BYTES]
        pieces: list[Piece] = []
        leaves_after: list[bytes] = []
        at = known
        while True:
            end = self._piece_end(raw, at)
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
                return _Cut(pieces, leaves_after, inode, look, looks=0, is_other=False)

    def _piece_end(self, raw: bytes, start: int) -> int:
        """Where a piece that begins at ``start`` ends: behind a newline where there is one, so readers rarely join."""
        end = min(len(raw), start + self._piece_bytes)
        if end < len(raw):
            newline = raw.rfind(b"\n", start, end)
            end = newline + 1 if newline >= start else end
        return end

    def _begin_again(self, file: _File, reason: Literal["rewritten", "truncated"]) -> None:
        """The file is not what was stored: a new generation begins; one that is rewritten all the time has to wait."""
        now = self._clock()
        if now - file.rewritten_at > REWRITE_FORGOTTEN_SECONDS:
            file.rewrites = 0
        file.rewrites += 1
        file.rewritten_at = now
        standing = file.standing
        if standing is None:
            return
        self._stand(file, self._server.rewrite(Rewrite(standing.stream, standing.generation, reason)))
        with self._lock:
            self._mark(file)
            if file.rewrites > REWRITES_FREE:
                wait = min(REWRITE_WAIT_SECONDS_MAX, 2.0 ** (file.rewrites - REWRITES_FREE))
                file.not_before = now + wait
                file.problem = f"is rewritten again and again: waits {wait:.0f} s"

    def _acknowledged(self, file: _File, cut: _Cut, answers: list[Stored]) -> None:
        for piece, leaves, answer in zip(cut.pieces, cut.leaves, answers, strict=True):
            if answer.refusal:
                self._refused(file, answer)
                return
            with self._lock:
                self.sent_bytes += piece.end - piece.start
                file.standing, file.leaves, file.inode = answer.standing, leaves, cut.inode
                file.failures = 0
                file.problem = ""
                file.dirty_since = self._wall()  # what is missing now was written after this was read
        if cut.pieces[-1].end >= cut.look[0]:
            with self._lock:
                self._clean(file, cut.look, cut.looks, is_other=cut.is_other)

    def _refused(self, file: _File, answer: Stored) -> None:
        with self._lock:
            file.leaves = None
            if answer.refusal == "no-such-stream" or answer.standing is None:
                file.standing = None  # the server was set back: opened again
            else:
                file.standing = answer.standing
            file.failures += 1
            if file.failures > 1:  # the first time it is only compared anew, at once
                file.problem = answer.problem
                file.not_before = self._clock() + _backoff(file.failures)

    # Attachments travel whole.

    def _attach(self) -> bool:
        files = self._take(lambda file: file.file.kind == "attachment", OPENED_AT_ONCE)
        try:
            if files:
                self._attach_all(files)
        finally:
            self._release(files)
        return bool(files)

    def _attach_all(self, files: list[_File]) -> None:
        missing = self._server.missing([_look(file.file) for file in files])
        looks = {file.file.address: file.looks for file in files}
        batch: list[tuple[_File, Attachment]] = []
        size = 0
        for file, is_missing in zip(files, missing, strict=True):
            if not is_missing:
                with self._lock:
                    self._clean(file, (file.file.size, file.file.mtime_ns), file.looks)
                continue
            attachment = self._read_attachment(file)
            if attachment is None:
                continue
            if batch and size + attachment.size > BATCH_BYTES:
                self._send(batch, looks)
                batch, size = [], 0
            batch.append((file, attachment))
            size += attachment.size
        if batch:
            self._send(batch, looks)

    def _send(self, batch: list[tuple[_File, Attachment]], looks: dict[str, int]) -> None:
        try:
            problems = self._server.attach([attachment for _, attachment in batch])
        except Unreachable:
            raise
        except ReplayError as error:
            for file, _ in batch:
                self._fail(file, str(error))
            raise
        for (file, attachment), problem in zip(batch, problems, strict=True):
            if problem:
                self._fail(file, problem)
            else:
                with self._lock:
                    self.sent_bytes += attachment.size
                    self._clean(file, (attachment.size, attachment.mtime_ns), looks[file.file.address])

    def _read_attachment(self, file: _File) -> Attachment | None:
        try:
            with Path(self._source(file)).open("rb") as opened:
                status = os.fstat(opened.fileno())
                if status.st_size > ATTACHMENT_BYTES_MAX:
                    self._fail(file, f"is larger than {ATTACHMENT_BYTES_MAX >> 20} MB")
                    return None
                raw = opened.read(ATTACHMENT_BYTES_MAX)
        except FileNotFoundError:
            with self._lock:
                self._lose(file)
            return None
        except OSError as error:
            self._fail(file, _words(error))
            return None
        return Attachment(
            address=file.file.address,
            session=file.file.session,
            size=len(raw),
            mtime_ns=status.st_mtime_ns,
            sha256=hashlib.sha256(raw).digest(),
            frame=zstd.compress(raw, ZSTD_LEVEL) if raw else b"",
        )


def _is_gone(path: str) -> bool:
    """Not only out of reach for now."""
    try:
        Path(path).lstat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False


def _opening(file: _File) -> Opening:
    known = described(file.file)
    return Opening(
        address=known.address,
        kind=known.kind,
        mtime_ns=known.mtime_ns,
        session=known.session,
        agents=known.agents,
        is_new=file.is_new,
    )


def _look(file: TranscriptFile) -> AttachmentLook:
    return AttachmentLook(file.address, file.session, file.size, file.mtime_ns)


def _leaves_of(opened: BinaryIO, length: int) -> bytes | None:
    """Block hashes of the first ``length`` bytes of a file; None where it has fewer."""
    opened.seek(0)
    leaves: list[bytes] = []
    for start in range(0, length, PIECE_BYTES_MAX):
        size = min(PIECE_BYTES_MAX, length - start)
        raw = _read(opened, size)
        if len(raw) < size:
            return None
        leaves.append(block_hashes(raw))
    return b"".join(leaves)


def _read(opened: BinaryIO, size: int) -> bytes:
    """Exactly ``size`` bytes, or fewer at the end of the file; a raw read may stop early."""
    parts: list[bytes] = []
    while size > 0 and (part := opened.read(size)):
        parts.append(part)
        size -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _backoff(failures: int) -> float:
    """Full jitter: a random part of a wait that doubles, so that many collectors do not come back at once."""
    first, longest = BACKOFF_SECONDS
    return random.uniform(0, min(longest, first * 2.0 ** min(failures, 30)))  # noqa: S311 - no secret


def _words(error: OSError) -> str:
    return {13: "may not be read", 28: "the disk is full"}.get(
        error.errno or 0, (error.strerror or "cannot be read").lower()
    )
