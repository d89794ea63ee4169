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
from collections.abc import Callable, Iterable
from typing import Literal, NamedTuple

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
from session_replay.collector.discover import open_regular
from session_replay.collector.files import Files, is_same
from session_replay.collector.known import Known, backoff
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

log = logging.getLogger(__name__)

Lane = Literal["live", "bulk"]

LIVE_BYTES_MAX = 256 << 10
"""More than this to send of one file goes by the bulk lane."""
RECENT_SECONDS = 900
"""A new file that was written to lately is opened by the live lane."""
BATCH_BYTES = 4 << 20
BESIDE_LIVE_BYTES = 128 << 10
"""A request of the bulk lane while sessions run: what they append waits as long for its disk and processors."""
LIVE_SECONDS = 2.0
"""A session that appended so lately runs."""
RESTS_BESIDE_LIVE = 3.0
"""So many times as long as a request of the bulk lane took it rests then."""
REST_SECONDS_MAX = 1.0
"""A server that answers slowly must not keep what is large waiting for minutes."""
OPENED_AT_ONCE = 500
REWRITES_FREE = 2
REWRITE_FORGOTTEN_SECONDS = 1_800.0
REWRITE_WAIT_SECONDS_MAX = 600.0
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


class Shipper:
    """Keeps one server up to date with a collector's files.

    ``files`` is told what there is, ``round`` sends; ``run`` does so in threads until it is stopped.

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
        self.files = Files(spool, clock=clock, wall=wall)
        self._server = server
        self._clock = clock
        self._wall = wall
        self._piece_bytes = piece_bytes
        self._follows = follows
        self._lanes: dict[Lane, Failure] = {"live": _NO_FAILURE, "bulk": _NO_FAILURE}
        self._live_at = float("-inf")
        """When (by the clock) a session last appended something."""
        self.paused = False
        self.sent_bytes = 0
        """Raw bytes that were sent and acknowledged."""

    @property
    def problem(self) -> str:
        """Why nothing can be sent now; empty where all is well."""
        return str(self.failure.error or "")

    @property
    def failure(self) -> Failure:
        """Of the lane that could not send for longer."""
        return max(self._lanes.values(), key=lambda lane: lane.times)

    def run(self, is_stopped: threading.Event) -> list[threading.Thread]:
        """Start a thread for each lane; they end when stopped, after the request under way."""
        threads = [
            threading.Thread(target=self._run_lane, args=(lane, is_stopped), name=f"ship-{lane}", daemon=True)
            for lane in self._lanes
        ]
        for thread in threads:
            thread.start()
        return threads

    def _run_lane(self, lane: Lane, is_stopped: threading.Event) -> None:
        while not is_stopped.is_set():
            changes = self.files.changes
            begun = self._clock()
            did = not self.paused and self.round(lane)
            if did and lane == "bulk" and self._is_beside_live:
                is_stopped.wait(min(REST_SECONDS_MAX, RESTS_BESIDE_LIVE * (self._clock() - begun)))
            if not did and not is_stopped.is_set():
                self.files.wait(changes, self._idle_seconds(lane))

    @property
    def _is_beside_live(self) -> bool:
        return self._clock() - self._live_at < LIVE_SECONDS

    def _idle_seconds(self, lane: Lane) -> float:
        """How long a lane that found nothing to do waits, unless something comes."""
        if self.paused:
            return IDLE_SECONDS
        now = self._clock()
        due = [self._lanes[lane].not_before]
        if due[0] <= now:  # else nothing of it can be sent before
            due += self.files.due()
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
        if did or self.files.waits_for_nothing:
            self._lanes[lane] = _NO_FAILURE
        if did and failure.error is not None:
            self.files.confirm_all()
        return did

    def _wait_for_server(self, lane: Lane, error: ReplayError) -> None:
        times = self._lanes[lane].times + 1
        at_least = error.retry_after_seconds if isinstance(error, Unreachable) else 0
        self._lanes[lane] = Failure(error, times, self._clock() + max(at_least, backoff(times)))

    def _do(self, lane: Lane, wanted: Callable[[Known], bool], most: int, act: Callable[[list[Known]], None]) -> bool:
        is_alone = self._lanes[lane].times >= FAILURES_TOGETHER
        files = self.files.take(wanted, 1 if is_alone else most)
        if not files:
            return False
        try:
            act(files)
        except Exception as error:
            if is_alone:
                self.files.fail(files[0], str(error) or type(error).__name__)
            raise
        finally:
            self.files.release(files)
        return True

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
            self.files.serve_next(file)
        try:
            answers = self._server.open([file.opening(follows=self._follows) for file in files])
        except _OF_THE_FILES as error:
            for file in files:
                self.files.fail(file, str(error))
            return
        unknown: list[tuple[Known, Opened]] = []
        for file, opened in zip(files, answers, strict=True):
            file.is_asked = True
            file.problem = ""
            if opened.problem:
                self.files.fail(file, opened.problem)
            elif opened.standing is not None:
                self.files.stand(file, opened.standing)
            else:
                unknown.append((file, opened))
        for file, opened in unknown:
            self._find_moved(file, opened.candidates)

    def _find_moved(self, file: Known, candidates: Iterable[Standing]) -> None:
        """Continue the stream of a file that was moved here; where there is none, the next opening makes a new one.

        A stream belongs to another file as long as that one is there, so all files of this name are asked for first.
        """
        with self.files.lock:
            rivals = self.files.others_of_name(file)
            if any(other.standing is None and not other.is_asked for other in rivals):
                self.files.wait_a_little(file)
                return
            holders = {other.standing.stream: other for other in rivals if other.standing is not None}
        for candidate in candidates:
            holder = holders.get(candidate.stream)
            if holder is not None and not self.files.is_deleted(holder) and not is_gone(holder.file.path):
                continue  # this file is a copy
            if holder is not None and holder.busy:  # its stream may be about to grow
                self.files.wait_a_little(file)
                return
            continues = self._continues(file, candidate, holder)
            if continues is None:
                return
            if continues:
                self._take_over(file, candidate, holder)
                return
        file.is_new = True

    def _continues(self, file: Known, candidate: Standing, holder: Known | None) -> bool | None:
        """Whether a stream whose file is not there any more was this file's; None: that cannot be said yet."""
        link = self.files.link(holder) if holder else None
        if holder and link:
            if is_same(link, file.file.path):
                return True  # whatever it holds now, its link proves that it is that file
            if holder.problem:
                return False
            self.files.wait_a_little(file)  # what only the link has is sent first
            return None
        if not candidate.length:
            # Nothing else proves it, and subagents of two sessions may have one name.
            return file.file.kind == "main"
        return self._begins_with(file, candidate)

    def _take_over(self, file: Known, candidate: Standing, holder: Known | None) -> None:
        try:
            standing = self._server.move(Move(candidate.stream, file.file.address, candidate.length, candidate.root))
        except _OF_THE_FILES as error:  # it grew meanwhile, say: asked for again
            self.files.fail(file, str(error))
            return
        if holder is not None:  # its link, if any, is this file, which now ships the rest
            self.files.drop(holder.file.address)
        self.files.stand(file, standing)

    def _begins_with(self, file: Known, candidate: Standing) -> bool | None:
        try:
            with open_regular(file.file.path) as opened:
                leaves = leaves_of(opened, candidate.length)
        except FileNotFoundError:
            self.files.lose(file)
            return None
        except OSError as error:
            self.files.fail(file, words(error))
            return None
        return leaves is not None and root_of(leaves) == candidate.root

    # What transcripts grew by.

    def _ship(self, lane: Lane) -> bool:
        def wanted(file: Known) -> bool:
            if file.standing is None or file.is_attachment:
                return False
            is_live = file.unshipped_bytes <= LIVE_BYTES_MAX and file.read is not None and not file.failures
            is_small = file.file.size <= LIVE_BYTES_MAX and not file.failures
            return (is_live or is_small) == (lane == "live")

        def act(files: list[Known]) -> None:
            if lane == "live" and any(file.shipped is not None for file in files):  # else they are new, or an end
                self._live_at = self._clock()
            self._ship_all(files, BESIDE_LIVE_BYTES if lane == "bulk" and self._is_beside_live else BATCH_BYTES)

        return self._do(lane, wanted, PIECES_MAX, act)

    def _ship_all(self, files: list[Known], bytes_max: int) -> None:
        cuts: list[tuple[Known, _Taken]] = []
        size = pieces = 0
        for file in files:
            if size >= bytes_max or pieces >= PIECES_MAX:
                break
            self.files.serve_next(file)  # first: whatever is wrong with this one, the next one's turn comes
            taken = self._cut(file, bytes_max - size, PIECES_MAX - pieces)
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
                self.files.fail(file, str(error))
            return
        for file, taken in cuts:
            self._acknowledged(file, taken, [next(answers) for _ in taken.cut.pieces])

    def _cut(self, file: Known, bytes_max: int, pieces_max: int) -> _Taken | None:
        """What is to be sent of a file; None where there is nothing, or it could not be read."""
        looks, source, standing = file.looks, self.files.source(file), file.standing
        if standing is None:
            return None
        try:
            with open_regular(source) as opened:
                status = os.fstat(opened.fileno())
                look, inode = (status.st_size, status.st_mtime_ns), file.read and file.read.inode
                if look == file.shipped and standing.length == look[0] and inode == status.st_ino:
                    self.files.clean(file, look, looks)
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
            self.files.lose(file)
            return None
        except OSError as error:
            self.files.fail(file, words(error))
            if source != file.file.path:  # what cannot be read must not hold up the file that has its path now
                self._let_go(file, error)
            return None
        if isinstance(cut, str):
            self._begin_again(file, standing, cut)
            return None
        return _Taken(cut, looks, is_other=source != file.file.path)

    def _let_go(self, file: Known, error: OSError) -> None:
        log.warning("%s: what was there before cannot be read, and is let go: %s", file.file.path, words(error))
        self.files.let_go_of_link(file)

    def _begin_again(self, file: Known, standing: Standing, reason: Difference) -> None:
        """The file is not what was stored: a new generation begins; one that is rewritten all the time has to wait."""
        file.read = None
        try:
            begun = self._server.rewrite(Rewrite(standing.stream, standing.generation, reason))
        except _OF_THE_FILES as error:  # the server was set back, and has no such stream: opened again
            file.standing = None
            self.files.fail(file, str(error))
            return
        self.files.stand(file, begun)
        with self.files.lock:
            now = self._clock()
            if now - file.rewritten_at > REWRITE_FORGOTTEN_SECONDS:
                file.rewrites = 0
            file.rewrites += 1
            file.rewritten_at = now
            self.files.mark(file)
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
            with self.files.lock:
                self.sent_bytes += piece.end - piece.start
                file.standing = answer.standing
                # A larger piece of it may have been stored before, and its answer lost: then more is to be compared.
                is_end = answer.standing.length == piece.end
                file.read = Read(leaves, cut.inode, cut.is_whole) if is_end else None
                file.failures = 0
                file.problem = ""
        # All that was there when it was looked at: what is missing now was written after that.
        if cut.pieces[-1].end >= cut.look[0]:
            with self.files.lock:
                file.dirty_since, file.waits_since = self._wall(), self._clock()
            self.files.clean(file, cut.look, taken.looks, is_other=taken.is_other)

    def _refused(self, file: Known, answer: Stored) -> None:
        with self.files.lock:
            file.read = None
            file.standing = None if answer.refusal == "no-such-stream" else answer.standing  # None: opened again
            file.failures += 1
            if file.failures > 1:  # the first time it is only compared anew, at once
                file.problem = answer.problem
                file.not_before = self._clock() + backoff(file.failures)

    # What was shipped is looked after.

    def _confirm(self) -> bool:
        """Ask for some files what the server has of them; what it has no more is shipped again."""
        with self.files.lock:
            asked = self.files.take_unconfirmed(OPENED_AT_ONCE)
            # What is under way is told by its own answers how the server stands.
            clean = [(file, file.looks) for file in asked if file.dirty_since is None and not file.busy]
        transcripts = [(file, looks) for file, looks in clean if not file.is_attachment]
        attachments = [(file, looks) for file, looks in clean if file.is_attachment]
        try:
            lost = self._lost_transcripts(transcripts) + self._lost_attachments(attachments)
        except _OF_THE_FILES as error:
            log.warning("cannot be confirmed: %s", error)
            return True
        except Exception:
            self.files.give_back_unconfirmed(file for file, _ in clean)
            raise
        for file in lost:
            self.files.unship(file)
        return bool(asked)

    def _lost_transcripts(self, asked: list[tuple[Known, int]]) -> list[Known]:
        answers = self._server.open([file.opening(follows=self._follows) for file, _ in asked]) if asked else []
        lost: list[Known] = []
        for (file, looks), opened in zip(asked, answers, strict=True):
            with self.files.lock:
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
        taken = self.files.take_uncompared()
        if taken is None:
            return False
        file, standing = taken
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
            self.files.give_back_uncompared(file)
            raise
        finally:
            self.files.release([file])
        return True

    # Attachments travel whole.

    def _attach(self, lane: Lane) -> bool:
        return self._do(lane, lambda file: file.is_attachment, OPENED_AT_ONCE, self._attach_all)

    def _attach_all(self, files: list[Known]) -> None:
        with self.files.lock:
            for file in files:
                self.files.serve_next(file)
            seen = [(file.look, file.looks) for file in files]
            asked = [file.attachment_look() for file in files]
        try:
            missing = self._server.missing(asked)
        except _OF_THE_FILES as error:
            for file in files:
                self.files.fail(file, str(error))
            return
        batch: list[tuple[Known, Attachment, int]] = []
        size = 0
        for file, (look, looks), is_missing in zip(files, seen, missing, strict=True):
            if not is_missing:
                self.files.clean(file, look, looks)
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
                self.files.fail(file, str(error))
            return
        for (file, attachment, looks), problem in zip(batch, problems, strict=True):
            if problem:
                self.files.fail(file, problem)
            else:
                with self.files.lock:
                    self.sent_bytes += attachment.size
                    self.files.clean(file, (attachment.size, attachment.mtime_ns), looks)

    def _read_attachment(self, file: Known) -> Attachment | None:
        try:
            with open_regular(file.file.path) as opened:
                status = os.fstat(opened.fileno())
                if status.st_size > ATTACHMENT_BYTES_MAX:
                    self.files.fail(file, f"is larger than {ATTACHMENT_BYTES_MAX >> 20} MB")
                    return None
                raw = read_exactly(opened, status.st_size)
        except FileNotFoundError:
            self.files.lose(file)
            return None
        except OSError as error:
            self.files.fail(file, words(error))
            return None
        return Attachment(
            address=file.file.address,
            session=file.file.session,
            size=len(raw),
            mtime_ns=status.st_mtime_ns,
            sha256=hashlib.sha256(raw).digest(),
            frame=zstd.compress(raw, ZSTD_LEVEL) if raw else b"",
        )


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
