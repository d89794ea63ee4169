"""Reads behind the acknowledgements: stored bytes become entries in a thread of its own.

Whatever lines arrive are told to it; what it was not told (what an earlier process left, a line at rest without
its newline) it finds by looking at what is pending.  A fault of reading never delays or refuses bytes.
"""

from __future__ import annotations

import heapq
import logging
import threading
import time
from collections.abc import Callable, Mapping

from session_replay.ingest.intake import Intake, Tally
from session_replay.ingest.workers import Workers
from session_replay.store.installation import Installation

log = logging.getLogger(__name__)

GROWTH_SMALL_BYTES = 1 << 20
"""What a session appends is read in the thread; only a larger burst pays for a worker."""
PENDING_LOOK_SECONDS = 30.0
RETRY_SECONDS = 5.0
STREAMS_AT_ONCE = 64
"""Read before the next are looked at, so that what is written meanwhile does not wait for all that is older."""
WORKERS_KEPT_SECONDS = 20.0
WORKERS_NICE = 10
"""A large file that is read must not hold up those whose bytes are on their way."""


class Reading:
    """The thread that reads.

    Args:
        at: Where the bytes are.
        announce: Told which sessions have new entries, from the thread.
    """

    def __init__(self, at: Installation, announce: Callable[[str], None]) -> None:
        self._changed = threading.Condition()
        self._waiting: dict[int, int] = {}
        """Streams with the time (ns) at which the file of each was written last."""
        self._is_asked = False
        self._is_missed = True
        """There may be lines that nobody tells of: an earlier process stored them, or they could not be read."""
        self._under_way = 0
        self._stopped = threading.Event()
        self._workers = Workers(small_bytes=GROWTH_SMALL_BYTES, nice=WORKERS_NICE)
        self._intake = Intake(at, self._workers, announce=announce, is_stopped=self._stopped.is_set, follows=True)
        self._thread = threading.Thread(target=self._run, name="reading", daemon=True)
        self._worked_at = time.monotonic()
        self.problem: str | None = None
        """What kept it from reading, while it is tried again."""

    def start(self) -> None:
        """Begin, with what an earlier process left."""
        self._thread.start()

    def stop(self) -> None:
        """End after the step under way; nothing is lost."""
        self._stopped.set()
        with self._changed:
            self._changed.notify()
        self._thread.join()
        self._workers.close()

    def received(self, written_ns: Mapping[int, int]) -> None:
        """Read these soon, those whose files were written last first; none: trees may have to be linked.

        From any thread.

        Args:
            written_ns: Stream → when its file was written last, by its machine's clock.
        """
        now_ns = time.time_ns()
        with self._changed:
            for stream_id, at_ns in written_ns.items():
                # A clock that is ahead must not come before all that is being written.
                self._waiting[stream_id] = min(at_ns, now_ns)
            self._is_asked = True
            self._changed.notify()

    @property
    def behind(self) -> int:
        """Streams that wait to be read or are being read."""
        with self._changed:
            return len(self._waiting) + self._under_way

    def _run(self) -> None:
        looked_at = float("-inf")
        while not self._stopped.is_set():
            try:
                if time.monotonic() - looked_at > PENDING_LOOK_SECONDS:
                    is_missed, self._is_missed, looked_at = self._is_missed, False, time.monotonic()
                    pending = self._intake.pending(is_missed=is_missed)
                    with self._changed:
                        self.received(pending | self._waiting)  # what was told is known better
                self._read(self._next())
                self.problem = None
            except Exception as error:
                # A full disk, say: what is stored stays, and is pending with the next look.
                self.problem = type(error).__name__
                log.exception("reading failed, trying again in %d s", RETRY_SECONDS)
                self._is_missed, looked_at = True, float("-inf")
                self._stopped.wait(RETRY_SECONDS)

    def _next(self) -> list[int] | None:
        """The streams to read next, the newest files first; None where nothing is to be done for now."""
        with self._changed:
            if not self._is_asked and not self._stopped.is_set():
                self._changed.wait(PENDING_LOOK_SECONDS / 4)
            if not self._is_asked:
                return None
            taken = heapq.nlargest(STREAMS_AT_ONCE, self._waiting, key=self._waiting.__getitem__)
            for stream_id in taken:
                del self._waiting[stream_id]
            self._is_asked = bool(self._waiting)
            self._under_way = len(taken)
            return taken

    def _read(self, stream_ids: list[int] | None) -> None:
        if stream_ids is None:
            if time.monotonic() - self._worked_at > WORKERS_KEPT_SECONDS:
                self._workers.close()  # their memory is better used elsewhere
            return
        tally = Tally()
        try:
            self._intake.read(stream_ids, tally)
        finally:
            with self._changed:
                self._under_way = 0
        self._worked_at = time.monotonic()
        for fault in tally.faults:
            log.warning("%s: %s", fault.path, fault.problem)
            self._is_missed = True
