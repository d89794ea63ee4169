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
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec
from backports import zstd

from session_replay.collector.cut import (
    ZSTD_LEVEL,
    Cut,
    Difference,
    Read,
    compared,
    cut_from,
    is_gone,
    leaves_of,
    read_exactly,
    words,
)
from session_replay.collector.follow import open_regular, readable
from session_replay.collector.known import Known, Progress, backoff
from session_replay.collector.spool import Spool
from session_replay.errors import InvalidRequest, NotFound, ReplayError, TooLarge, Unreachable
from session_replay.protocol import (
    ATTACHMENT_BYTES_MAX,
    PIECE_BYTES_MAX,
    PIECES_MAX,
    Attachment,
    Ingest,
    Move,
    Opened,
    Rewrite,
    Standing,
    Stored,
    root_of,
)
from session_replay.wire import FileFault, TranscriptFile

log = logging.getLogger(__name__)

Lane = Literal["live", "bulk"]

LIVE_BYTES_MAX = 256 << 10
"""More than this to send of one file goes by the bulk lane."""
RECENT_SECONDS = 900
"""A new file that was written to lately is opened by the live lane."""
BATCH_BYTES = 4 << 20
OPENED_AT_ONCE = 500
REWRITES_FREE = 2
REWRITE_FORGOTTEN_SECONDS = 1_800.0
REWRITE_WAIT_SECONDS_MAX = 600.0
SPOOLED_AFTER_SECONDS = 20.0
"""What is not shipped by then is linked: the server is away, or the file cannot be taken."""
GONE_AFTER_SECONDS = 10.0
"""A removed file may turn up under another path with the next look: then it was moved."""
GONE_AT_LATEST_SECONDS = 600.0
"""As long as a file of its name waits to be opened, perhaps in vain."""
CONFIRMED_EVERY_SECONDS = 3_600.0
"""The server is asked again what it has: it may have been set back to a backup."""
COMPARED_AFTER_SECONDS = 60.0
"""A file that rests so long is compared whole, where the appends before compared its end only."""
NOT_YET_SECONDS = 0.2
IDLE_SECONDS = 30.0
BUG_SECONDS = 5.0
FAILURES_TOGETHER = 3
"""After so many failures in a row of a lane its files go one by one: one of them may be what spoils the request."""
_OF_THE_FILES = (InvalidRequest, TooLarge, NotFound)
"""Refusals that are about what was sent, not about who sends it or when."""


class Failure(NamedTuple):
    """Why a lane cannot send, how often in a row it could not, and when it tries again (by the clock)."""

    error: ReplayError | None = None
    times: int = 0
    not_before: float = 0


_NO_FAILURE = Failure()


class _Gone(NamedTuple):
    """A removed file: since when (by the clock) and how it was called."""

    at: float
    name: str


class Shipper:
    """Keeps one server up to date with a collector's files.

    ``found`` and ``looked`` say what there is, ``round`` sends; ``run`` does so in threads until it is stopped.

    Args:
        server: What the files are sent to.
        spool: Keeps what is not shipped; None: nothing is kept (the server is this process).
        clock: Monotonic seconds.
        wall: Seconds since the Unix epoch.
        piece_bytes: Raw bytes of a piece at most.
        follows: The files are looked at again and again: the server may miss one that is gone.
    """

    def __init__(
        self,
        server: Ingest,
        *,
        spool: Spool | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        piece_bytes: int = PIECE_BYTES_MAX,
        follows: bool = True,
    ) -> None:
        self._server = server
        self._spool = spool
        self._clock = clock
        self._wall = wall
        self._piece_bytes = piece_bytes
        self._follows = follows
        self._lock = threading.RLock()
        self._files: dict[str, Known] = {}
        self._dirty: dict[str, Known] = {}
        """In the order in which they are served: who was served goes to the end."""
        self._gone: dict[int, _Gone] = {}
        self._unconfirmed: dict[str, None] = {}
        """Addresses of shipped files of which the server is asked again what it has."""
        self._confirmed_at = clock()
        self._uncompared: dict[str, float] = {}
        """Addresses of shipped files that were not compared whole, with the time of their last append."""
        self._lanes: dict[Lane, Failure] = {"live": _NO_FAILURE, "bulk": _NO_FAILURE}
        self._changed = threading.Condition(self._lock)
        self._changes = 0
        """How often there may have come something to do: a lane that saw the last one may wait."""
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
        with self._lock:
            before = self._changes
            for file in files:
                known = self._files.get(file.address)
                if known is None:
                    self._add(file)
                    continue
                known.file = file
                if known.shipped != known.look:
                    self._mark(known)
            if self._changes != before:
                self._changed.notify_all()

    def looked(self, files: list[TranscriptFile], faults: list[FileFault], held_back: Sequence[str] = ()) -> None:
        """All files that there are now: those that are known and missing were removed or moved."""
        with self._lock:
            self._look_faults = faults
            self.held_back = tuple(held_back)
            for address in held_back:  # kept by a collector that was told nothing of it
                self._drop(address)
            there = {file.address for file in files}
            for known in [file for address, file in self._files.items() if address not in there]:
                if not known.busy and (self._is_deleted(known) or is_gone(known.file.path)):
                    self._lose(known)  # one that is busy with the next look
                    self._let_go_of_moved(known, files)
            self.found(files)
            self._keep_unshipped()
            self.looks += 1

    def _add(self, file: TranscriptFile) -> None:
        made = self._files[file.address] = Known(file)
        self._mark(made)

    def _mark(self, file: Known) -> None:
        file.looks += 1
        self._changes += 1
        if file.dirty_since is None:
            file.dirty_since, file.waits_since = self._wall(), self._clock()
        self._dirty.setdefault(file.file.address, file)

    def _lose(self, file: Known) -> None:
        """The file has no path any more: its link has what was not shipped, else it is forgotten."""
        link = self._spool.link(file.file.address) if self._spool else None
        if file.dirty_since is None or link is None:
            self._forget(file)
        elif file.file.path != str(link):
            file.file = msgspec.structs.replace(file.file, path=str(link))
            self._mark(file)

    def _let_go_of_moved(self, file: Known, files: list[TranscriptFile]) -> None:
        """Forget a file whose link is another one that is there: it was renamed, or moved before it was opened.

        All of it is shipped from there.  One that has a stream, and its name still, hands that over first.
        """
        if not self._is_deleted(file):
            return
        link = Path(file.file.path)
        try:
            if link.stat().st_nlink == 1:
                return
        except OSError:
            return
        for other in files:
            has_other_name = other.address.rpartition("/")[2] != file.name
            if (file.standing is None or has_other_name) and _is_same(link, other.path):
                self._forget(file)
                return

    def _forget(self, file: Known) -> None:
        self._drop(file.file.address)
        if file.standing is not None:
            self._gone[file.standing.stream] = _Gone(self._clock(), file.name)

    def _drop(self, address: str) -> None:
        if self._spool:
            self._spool.drop(address)
        for kept in (self._files, self._dirty, self._unconfirmed, self._uncompared):
            kept.pop(address, None)

    def _keep_unshipped(self) -> None:
        """Link what was not shipped for a while: it may be deleted any day."""
        if self._spool is None:
            return
        for file in self._dirty.values():
            if file.dirty_since is not None and self._clock() - file.waits_since >= SPOOLED_AFTER_SECONDS:
                try:
                    self._spool.keep(file.file)
                except OSError as error:
                    file.problem = file.problem or f"cannot be kept from deletion: {words(error)}"

    def _is_deleted(self, file: Known) -> bool:
        """Only its link is left."""
        link = self._spool.link(file.file.address) if self._spool else None
        return link is not None and file.file.path == str(link)

    # How it is.

    def progress(self) -> Progress:
        """How far the server has what was found."""
        with self._lock:
            dirty = list(self._dirty.values())
            total = sum(file.file.size for file in self._files.values())
            missing = sum(file.unshipped_bytes for file in dirty)
            faults = [FileFault(readable(file.file.path), file.problem) for file in dirty if file.problem]
            faults += [FileFault(readable(fault.path), fault.problem) for fault in self._look_faults]
            return Progress(
                len(self._files),
                len(self._files) - len(dirty),
                total,
                total - missing,
                _oldest(dirty),
                faults,
            )

    @property
    def unshipped_since(self) -> float | None:
        """Wall clock, in seconds, of the oldest byte that the server lacks."""
        with self._lock:
            return _oldest(self._dirty.values())

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
            transcripts = [file for file in self._files.values() if not file.is_attachment]
            is_unknown = any(file.standing is None for file in transcripts)
            if is_unknown or not self.looks or self._look_faults:  # behind a fault there may be more files
                return None
            return tuple(file.standing.stream for file in transcripts if file.standing)

    def take_gone(self) -> tuple[int, ...]:
        """Streams whose files were removed, each told once; one that may have been moved is not told yet."""
        with self._lock:
            if self.paused:  # nothing is opened, hence nothing is found to be moved
                return ()
            now = self._clock()
            unopened = {file.name for file in self._dirty.values() if file.standing is None}
            waits = {
                stream: GONE_AT_LATEST_SECONDS if gone.name in unopened else GONE_AFTER_SECONDS
                for stream, gone in self._gone.items()
            }
            told = [stream for stream, gone in self._gone.items() if now - gone.at >= waits[stream]]
            for stream in told:
                del self._gone[stream]
            return tuple(told)

    def give_back_gone(self, streams: tuple[int, ...]) -> None:
        """These could not be told: tell them again, unless their files came back."""
        with self._lock:
            there = {file.standing.stream for file in self._files.values() if file.standing}
            at = self._clock() - GONE_AFTER_SECONDS
            self._gone |= {stream: _Gone(at, "") for stream in streams if stream not in there}

    def missed(self, streams: tuple[int, ...]) -> bool:
        """The server has these of this collector, and does not know where they are; false: it is too early to say."""
        with self._lock:
            if self.streams_present() is None:
                return False
            self.give_back_gone(streams)
            return True

    def confirm_all(self) -> None:
        """Ask the server again what it has of all files: it was away, and may have been set back to a backup."""
        with self._lock:
            self._confirmed_at = self._clock()
            self._unconfirmed = dict.fromkeys(self._files)
            self.wake()

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
        """There may be something to do: files, a stop, or the end of a pause."""
        with self._changed:
            self._changes += 1
            self._changed.notify_all()

    def _run_lane(self, lane: Lane, is_stopped: threading.Event) -> None:
        while not is_stopped.is_set():
            with self._lock:
                changes = self._changes
            did = not self.paused and self.round(lane)
            if did:
                continue
            with self._changed:
                if self._changes == changes and not is_stopped.is_set():  # else it came meanwhile
                    self._changed.wait(self._idle_seconds(lane))

    def _idle_seconds(self, lane: Lane) -> float:
        """How long a lane that found nothing to do waits, unless something comes."""
        if self.paused:
            return IDLE_SECONDS
        now = self._clock()
        due = [self._lanes[lane].not_before]
        if due[0] <= now:  # else nothing of it can be sent before
            due += [file.not_before for file in self._dirty.values()]
            due += [at + COMPARED_AFTER_SECONDS for at in self._uncompared.values()]
        return min([IDLE_SECONDS, *(at - now for at in due if at > now)])

    def round(self, lane: Lane) -> bool:
        """Send once what a lane can send now; false where there was nothing to do."""
        failure = self._lanes[lane]
        if failure.not_before > self._clock():
            return False
        did, error = False, None
        steps = (self._open, self._ship) if lane == "live" else (self._open, self._attach, self._ship)
        for step in steps:  # each of them, so that what spoils one does not starve the others
            try:
                did = step(lane) or did
            except Exception as raised:  # noqa: BLE001 - a bug must not end the lane: the other files are shipped
                error = _unreachable(raised)
        if lane == "bulk" and not did and error is None:
            try:
                did = self._confirm() or self._compare()
            except Exception as raised:  # noqa: BLE001 - likewise
                error = _unreachable(raised)
        if error is not None:
            self._wait_for_server(lane, error)
            return False
        # Also where nothing is left to do: what failed here may have been shipped by the other lane.
        if did or not self._dirty:
            self._lanes[lane] = _NO_FAILURE
        if did and failure.error is not None:
            self.confirm_all()
        return did

    def _wait_for_server(self, lane: Lane, error: ReplayError) -> None:
        times = self._lanes[lane].times + 1
        at_least = error.retry_after_seconds if isinstance(error, Unreachable) else 0
        self._lanes[lane] = Failure(error, times, self._clock() + max(at_least, backoff(times)))

    def _take(self, lane: Lane, wanted: Callable[[Known], bool], most: int) -> list[Known]:
        """Files that something can be done for now; nobody else does until they are released."""
        now = self._clock()
        with self._lock:
            if self._lanes[lane].times >= FAILURES_TOGETHER:
                most = 1
            taken: list[Known] = []
            for file in list(self._dirty.values()):
                if file.busy or file.not_before > now or not wanted(file):
                    continue
                if file.failures and taken:
                    continue  # one that failed goes alone
                taken.append(file)
                file.busy = True
                if file.failures or len(taken) == most:
                    break
            return taken

    def _do(self, lane: Lane, wanted: Callable[[Known], bool], most: int, act: Callable[[list[Known]], None]) -> bool:
        files = self._take(lane, wanted, most)
        if not files:
            return False
        try:
            act(files)
        except Exception as error:
            if len(files) == 1 and self._lanes[lane].times >= FAILURES_TOGETHER:
                self._fail(files[0], str(error) or type(error).__name__)
            raise
        finally:
            self._release(files)
        return True

    def _release(self, files: Iterable[Known]) -> None:
        with self._lock:
            for file in files:
                file.busy = False
            self.wake()

    def _serve_next(self, file: Known) -> None:
        """Who was served goes to the end."""
        with self._lock:
            if self._dirty.pop(file.file.address, None):
                self._dirty[file.file.address] = file

    # Transcripts are opened first.

    def _open(self, lane: Lane) -> bool:
        recent_ns = int((self._wall() - RECENT_SECONDS) * 1e9)

        def wanted(file: Known) -> bool:
            if file.is_attachment or file.standing is not None:
                return False
            return (file.file.mtime_ns > recent_ns) == (lane == "live")

        return self._do(lane, wanted, OPENED_AT_ONCE, self._open_all)

    def _open_all(self, files: list[Known]) -> None:
        for file in files:
            self._serve_next(file)
        try:
            answers = self._server.open([file.opening(follows=self._follows) for file in files])
        except _OF_THE_FILES as error:
            for file in files:
                self._fail(file, str(error))
            return
        unknown: list[tuple[Known, Opened]] = []
        for file, opened in zip(files, answers, strict=True):
            file.is_asked = True
            if opened.problem:
                self._fail(file, opened.problem)
            elif opened.standing is not None:
                self._stand(file, opened.standing)
            else:
                unknown.append((file, opened))
        for file, opened in unknown:
            self._find_moved(file, opened.candidates)

    def _find_moved(self, file: Known, candidates: Iterable[Standing]) -> None:
        """Continue the stream of a file that was moved here; where there is none, the next opening makes a new one.

        A stream belongs to another file as long as that one is there, so all files of this name are asked for first.
        """
        with self._lock:
            rivals = [
                other
                for other in self._files.values()
                if other is not file and other.name == file.name and not other.is_attachment
            ]
            if any(other.standing is None and not other.is_asked for other in rivals):
                self._wait_a_little(file)
                return
            holders = {other.standing.stream: other for other in rivals if other.standing is not None}
        for candidate in candidates:
            holder = holders.get(candidate.stream)
            if holder is not None and not self._is_deleted(holder) and not is_gone(holder.file.path):
                continue  # this file is a copy
            if holder is not None and holder.busy:  # its stream may be about to grow
                self._wait_a_little(file)
                return
            if self._continues(file, candidate, holder):
                self._take_over(file, candidate, holder)
                return
            if file.problem or file.file.address not in self._files:  # it could not be read
                return
        file.is_new = True

    def _continues(self, file: Known, candidate: Standing, holder: Known | None) -> bool:
        """Whether a stream whose file is not there any more was this file's."""
        if holder is not None and self._is_deleted(holder) and _is_same(Path(holder.file.path), file.file.path):
            return True  # whatever it holds now, its link proves that it is that file
        if not candidate.length:
            # Nothing else proves it, and subagents of two sessions may have one name.
            return file.file.kind == "main"
        return self._begins_with(file, candidate)

    def _take_over(self, file: Known, candidate: Standing, holder: Known | None) -> None:
        try:
            standing = self._server.move(Move(candidate.stream, file.file.address, candidate.length, candidate.root))
        except _OF_THE_FILES as error:  # it grew meanwhile, say: asked for again
            self._fail(file, str(error))
            return
        with self._lock:
            if holder is not None:  # its link, if any, is this file, which now ships the rest
                self._drop(holder.file.address)
        self._stand(file, standing)

    def _begins_with(self, file: Known, candidate: Standing) -> bool:
        try:
            with open_regular(file.file.path) as opened:
                leaves = leaves_of(opened, candidate.length)
        except FileNotFoundError:
            self._vanished(file)
            return False
        except OSError as error:
            self._fail(file, words(error))
            return False
        return leaves is not None and root_of(leaves) == candidate.root

    def _stand(self, file: Known, standing: Standing) -> None:
        """The server says how it has a file."""
        with self._lock:
            before = file.standing
            file.standing = standing
            self._gone.pop(standing.stream, None)
            if before is None or (before.generation, before.length, before.root) != (
                standing.generation,
                standing.length,
                standing.root,
            ):
                file.read = None
            if standing.length == standing.file_size and (standing.file_size, standing.file_mtime_ns) == file.look:
                self._clean(file, file.look, file.looks)

    def _clean(self, file: Known, look: tuple[int, int], looks: int, *, is_other: bool = False) -> None:
        """All of a file that looked like this is acknowledged; ``looks`` is how often it had been found then.

        Args:
            file: Which.
            look: Size and time when it was read.
            looks: A file that was found again since is not clean.
            is_other: It was read from the link to a file whose path another one has taken.
        """
        file.failures = 0
        file.problem = ""
        address = file.file.address
        if self._spool is not None and self._spool.link(address) is not None:
            is_deleted = self._is_deleted(file)
            self._spool.drop(address)
            if is_deleted:  # and now nothing of it is missing
                self._forget(file)
                return
        if is_other:  # the file that has the path now comes next
            file.read = None
            return
        file.shipped = look
        if looks == file.looks:
            file.file = msgspec.structs.replace(file.file, size=look[0], mtime_ns=look[1])
            file.dirty_since = None
            self._dirty.pop(address, None)
            if file.read is not None and not file.read.is_whole:
                self._uncompared[address] = self._clock()

    def _fail(self, file: Known, problem: str) -> None:
        with self._lock:
            file.failures += 1
            file.problem = problem
            file.not_before = self._clock() + backoff(file.failures)

    def _wait_a_little(self, file: Known) -> None:
        file.not_before = self._clock() + NOT_YET_SECONDS

    def _vanished(self, file: Known) -> None:
        with self._lock:
            self._lose(file)

    # What transcripts grew by.

    def _ship(self, lane: Lane) -> bool:
        def wanted(file: Known) -> bool:
            if file.standing is None or file.is_attachment:
                return False
            is_live = file.unshipped_bytes <= LIVE_BYTES_MAX and file.read is not None and not file.failures
            is_small = file.file.size <= LIVE_BYTES_MAX and not file.failures
            return (is_live or is_small) == (lane == "live")

        return self._do(lane, wanted, PIECES_MAX, self._ship_all)

    def _ship_all(self, files: list[Known]) -> None:
        cuts: list[tuple[Known, _Taken]] = []
        size = pieces = 0
        for file in files:
            if size >= BATCH_BYTES or pieces >= PIECES_MAX:
                break
            self._serve_next(file)  # first: whatever is wrong with this one, the next one's turn comes
            taken = self._cut(file, BATCH_BYTES - size, PIECES_MAX - pieces)
            if taken is not None:
                cuts.append((file, taken))
                size += sum(piece.end - piece.start for piece in taken.cut.pieces)
                pieces += len(taken.cut.pieces)
        if not cuts:
            return
        try:
            answers = iter(self._server.append([piece for _, taken in cuts for piece in taken.cut.pieces]))
        except _OF_THE_FILES as error:
            for file, _ in cuts:
                self._fail(file, str(error))
            return
        for file, taken in cuts:
            self._acknowledged(file, taken, [next(answers) for _ in taken.cut.pieces])

    def _cut(self, file: Known, bytes_max: int, pieces_max: int) -> _Taken | None:
        """What is to be sent of a file; None where there is nothing, or it could not be read."""
        looks, source, standing = file.looks, self._source(file), file.standing
        if standing is None:
            return None
        try:
            with open_regular(source) as opened:
                status = os.fstat(opened.fileno())
                look, inode = (status.st_size, status.st_mtime_ns), file.read and file.read.inode
                if look == file.shipped and standing.length == look[0] and inode == status.st_ino:
                    with self._lock:
                        self._clean(file, look, looks)
                    return None
                cut = cut_from(
                    opened,
                    standing,
                    file.read,
                    bytes_max=bytes_max,
                    piece_bytes=self._piece_bytes,
                    pieces_max=pieces_max,
                )
        except FileNotFoundError:
            self._vanished(file)
            return None
        except OSError as error:
            self._fail(file, words(error))
            if source != file.file.path:  # what cannot be read must not hold up the file that has its path now
                self._let_go(file, error)
            return None
        if isinstance(cut, str):
            self._begin_again(file, standing, cut)
            return None
        return _Taken(cut, looks, is_other=source != file.file.path)

    def _let_go(self, file: Known, error: OSError) -> None:
        log.warning("%s: what was there before cannot be read, and is let go: %s", file.file.path, words(error))
        if self._spool is not None:
            self._spool.drop(file.file.address)

    def _source(self, file: Known) -> str:
        """The file, or its link while another file has taken its path and the link has more to send."""
        link = self._spool.link(file.file.address) if self._spool else None
        if link is not None and file.file.path != str(link):
            try:
                if not link.samefile(file.file.path):
                    return str(link)
            except OSError:
                return str(link)
        return file.file.path

    def _begin_again(self, file: Known, standing: Standing, reason: Difference) -> None:
        """The file is not what was stored: a new generation begins; one that is rewritten all the time has to wait."""
        file.read = None
        try:
            begun = self._server.rewrite(Rewrite(standing.stream, standing.generation, reason))
        except _OF_THE_FILES as error:  # the server was set back, and has no such stream: opened again
            file.standing = None
            self._fail(file, str(error))
            return
        self._stand(file, begun)
        with self._lock:
            now = self._clock()
            if now - file.rewritten_at > REWRITE_FORGOTTEN_SECONDS:
                file.rewrites = 0
            file.rewrites += 1
            file.rewritten_at = now
            self._mark(file)
            if file.rewrites > REWRITES_FREE:
                wait = min(REWRITE_WAIT_SECONDS_MAX, 2.0 ** (file.rewrites - REWRITES_FREE))
                file.not_before = now + wait
                file.problem = f"is rewritten again and again: waits {wait:.0f} s"

    def _acknowledged(self, file: Known, taken: _Taken, answers: list[Stored]) -> None:
        cut = taken.cut
        for piece, leaves, answer in zip(cut.pieces, cut.leaves, answers, strict=True):
            if answer.refusal or answer.standing is None:
                self._refused(file, answer)
                return
            with self._lock:
                self.sent_bytes += piece.end - piece.start
                file.standing = answer.standing
                file.read = Read(leaves, cut.inode, cut.is_whole)
                file.failures = 0
                file.problem = ""
                # What is missing now was written after this was read.
                file.dirty_since, file.waits_since = self._wall(), self._clock()
        if cut.pieces[-1].end >= cut.look[0]:
            with self._lock:
                self._clean(file, cut.look, taken.looks, is_other=taken.is_other)

    def _refused(self, file: Known, answer: Stored) -> None:
        with self._lock:
            file.read = None
            file.standing = None if answer.refusal == "no-such-stream" else answer.standing  # None: opened again
            file.failures += 1
            if file.failures > 1:  # the first time it is only compared anew, at once
                file.problem = answer.problem
                file.not_before = self._clock() + backoff(file.failures)

    # What was shipped is looked after.

    def _confirm(self) -> bool:
        """Ask for some files what the server has of them; what it has no more is shipped again."""
        if self._clock() - self._confirmed_at > CONFIRMED_EVERY_SECONDS:
            self.confirm_all()
        with self._lock:
            asked = [self._files[address] for address in list(self._unconfirmed)[:OPENED_AT_ONCE]]
            for file in asked:
                del self._unconfirmed[file.file.address]
            # What is under way is told by its own answers how the server stands.
            clean = [file for file in asked if file.dirty_since is None and not file.busy]
            looks = [file.looks for file in clean]
        transcripts = [(file, n) for file, n in zip(clean, looks, strict=True) if not file.is_attachment]
        attachments = [(file, n) for file, n in zip(clean, looks, strict=True) if file.is_attachment]
        try:
            lost = self._lost_transcripts(transcripts) + self._lost_attachments(attachments)
        except _OF_THE_FILES as error:
            log.warning("cannot be confirmed: %s", error)
            return True
        except Exception:
            with self._lock:
                self._unconfirmed |= {file.file.address: None for file in clean if file.file.address in self._files}
            raise
        with self._lock:
            for file in lost:
                if file.file.address in self._files:
                    file.shipped = None
                    self._mark(file)
        return bool(asked)

    def _lost_transcripts(self, asked: list[tuple[Known, int]]) -> list[Known]:
        answers = self._server.open([file.opening(follows=self._follows) for file, _ in asked]) if asked else []
        lost: list[Known] = []
        for (file, looks), opened in zip(asked, answers, strict=True):
            with self._lock:
                if opened.problem or file.looks != looks or file.standing is None:
                    continue
                before, now = file.standing, opened.standing
                if now is None or (before.stream, before.generation, before.length, before.root) != (
                    now.stream,
                    now.generation,
                    now.length,
                    now.root,
                ):
                    file.standing, file.read = now, None
                    lost.append(file)
        return lost

    def _lost_attachments(self, asked: list[tuple[Known, int]]) -> list[Known]:
        answers = self._server.missing([file.attachment_look() for file, _ in asked]) if asked else []
        return [
            file for (file, looks), is_missing in zip(asked, answers, strict=True) if is_missing and file.looks == looks
        ]

    def _compare(self) -> bool:
        """Compare one file that rests with all that is stored of it."""
        with self._lock:
            now = self._clock()
            due = [address for address, at in self._uncompared.items() if now - at >= COMPARED_AFTER_SECONDS]
            if not due:
                return False
            del self._uncompared[due[0]]
            file = self._files[due[0]]
            standing = file.standing
            if file.busy or file.dirty_since is not None or standing is None:
                return True  # it grows again
            file.busy = True
        try:
            with open_regular(file.file.path) as opened:
                found = compared(opened, standing)
            if isinstance(found, str):
                self._begin_again(file, standing, found)
            elif file.read is not None:
                file.read = found
        except OSError:
            pass  # the next look says what became of it
        except Unreachable:
            self._uncompared[due[0]] = now
            raise
        finally:
            self._release([file])
        return True

    # Attachments travel whole.

    def _attach(self, lane: Lane) -> bool:
        return self._do(lane, lambda file: file.is_attachment, OPENED_AT_ONCE, self._attach_all)

    def _attach_all(self, files: list[Known]) -> None:
        with self._lock:
            for file in files:
                self._serve_next(file)
            seen = [(file.look, file.looks) for file in files]
            asked = [file.attachment_look() for file in files]
        try:
            missing = self._server.missing(asked)
        except _OF_THE_FILES as error:
            for file in files:
                self._fail(file, str(error))
            return
        batch: list[tuple[Known, Attachment, int]] = []
        size = 0
        for file, (look, looks), is_missing in zip(files, seen, missing, strict=True):
            if not is_missing:
                with self._lock:
                    self._clean(file, look, looks)
                continue
            attachment = self._read_attachment(file)
            if attachment is None:
                continue
            if batch and size + attachment.size > BATCH_BYTES:
                self._send(batch)
                batch, size = [], 0
            batch.append((file, attachment, looks))
            size += attachment.size
        if batch:
            self._send(batch)

    def _send(self, batch: list[tuple[Known, Attachment, int]]) -> None:
        try:
            problems = self._server.attach([attachment for _, attachment, _ in batch])
        except _OF_THE_FILES as error:
            for file, _, _ in batch:
                self._fail(file, str(error))
            return
        for (file, attachment, looks), problem in zip(batch, problems, strict=True):
            if problem:
                self._fail(file, problem)
            else:
                with self._lock:
                    self.sent_bytes += attachment.size
                    self._clean(file, (attachment.size, attachment.mtime_ns), looks)

    def _read_attachment(self, file: Known) -> Attachment | None:
        try:
            with open_regular(file.file.path) as opened:
                status = os.fstat(opened.fileno())
                if status.st_size > ATTACHMENT_BYTES_MAX:
                    self._fail(file, f"is larger than {ATTACHMENT_BYTES_MAX >> 20} MB")
                    return None
                raw = read_exactly(opened, status.st_size)
        except FileNotFoundError:
            self._vanished(file)
            return None
        except OSError as error:
            self._fail(file, words(error))
            return None
        return Attachment(
            address=file.file.address,
            session=file.file.session,
            size=len(raw),
            mtime_ns=status.st_mtime_ns,
            sha256=hashlib.sha256(raw).digest(),
            frame=zstd.compress(raw, ZSTD_LEVEL) if raw else b"",
        )


def _oldest(dirty: Iterable[Known]) -> float | None:
    return min(
        (file.dirty_since for file in dirty if file.dirty_since is not None and file.unshipped_bytes), default=None
    )


def _is_same(link: Path, path: str) -> bool:
    try:
        return link.samefile(path)
    except OSError:
        return False


def _unreachable(error: Exception) -> ReplayError:
    if isinstance(error, ReplayError):
        return error
    log.error("shipping failed", exc_info=error)
    return Unreachable(f"{type(error).__name__}: {error}", BUG_SECONDS)


class _Taken(NamedTuple):
    """What is sent of a file, with how often it had been found before it was read.

    ``is_other``: it was read from the link to a file whose path another one has taken.
    """

    cut: Cut
    looks: int
    is_other: bool
