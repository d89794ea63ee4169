"""A collector at work: follows the files, ships them, and says how it is."""

from __future__ import annotations

import hashlib
import logging
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

from session_replay.collector import machine
from session_replay.collector.deliver import Shipper
from session_replay.collector.follow import Follower
from session_replay.errors import ReplayError
from session_replay.protocol import Ingest, Report

log = logging.getLogger(__name__)

REPORT_SECONDS = 30.0
SHIPPING_REPORT_SECONDS = 5.0
"""After a report of something unshipped: it is mostly shipped by then, and nobody should read otherwise."""
BEHIND_SECONDS = 5.0
"""What is unshipped for so long is told at once; a session at work is always some bytes ahead."""
FAULTS_TOLD = 20


class Reporter:
    """Tells the server twice a minute how the collector is.

    Args:
        shipper: What there is, and what of it is shipped.
        server: Whom to tell.
        version: Of the collector.
        machine_digest: Tells this machine from a copy of it.
        folder: That is followed; its path never leaves.
        wall: Seconds since the Unix epoch.
    """

    def __init__(
        self,
        shipper: Shipper,
        server: Ingest,
        version: str,
        machine_digest: str,
        folder: Path,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._shipper = shipper
        self._files = shipper.files
        self._server = server
        self._version = version
        self._machine = machine_digest
        self._folder = hashlib.sha256(os.fsencode(folder)).hexdigest()
        self._wall = wall
        self._system = machine.system()
        self._told_present = False
        self._told_unshipped = False
        self._told: tuple[bool, bool] | None = None
        self.problem = ""
        """Why the last report could not be told; empty: it was."""

    def run(self, is_stopped: threading.Event) -> None:
        """Report until stopped; at once when it is paused or goes on, and when it fell behind or caught up."""
        reported_at = float("-inf")
        while not is_stopped.wait(1.0):
            state = (self._shipper.paused, self._is_behind())
            every = SHIPPING_REPORT_SECONDS if self._told_unshipped else REPORT_SECONDS
            if state != self._told or time.monotonic() - reported_at > every:
                reported_at = time.monotonic()
                self._told = state
                try:
                    self.report()
                except Exception:  # a bug must not make this client a silent one
                    log.exception("reporting failed")

    def _is_behind(self) -> bool:
        since = self._files.unshipped_since
        return since is not None and self._wall() - since > BEHIND_SECONDS

    def report(self) -> None:
        """Tell how it is now; what could not be told is told with the next report."""
        present = None if self._told_present else self._files.streams_present()
        progress = self._files.progress()
        paused = self._shipper.paused
        # While it is paused nothing is opened, hence nothing is found to be moved.
        gone = () if paused else self._files.take_gone()
        since = progress.unshipped_since
        report = Report(
            sent_ms=int(self._wall() * 1000),
            version=self._version,
            os=self._system,
            machine=self._machine,
            files=progress.files,
            unshipped_bytes=progress.total_bytes - progress.done_bytes,
            unshipped_since_ms=None if since is None else int(since * 1000),
            paused=paused,
            faults=tuple(progress.faults[:FAULTS_TOLD]),
            gone=gone,
            present=present,
            held_back=self._files.held_back if present is not None else (),
            folder=self._folder,
        )
        self._told_unshipped = report.unshipped_bytes > 0
        try:
            told = self._server.report(report)
        except ReplayError as error:
            self._files.give_back_gone(gone)
            self.problem = str(error)
        else:
            if self.problem:
                self._files.confirm_all()
            self.problem = ""
            if present is not None:
                self._told_present = self._files.missed(told.missed)


def follow(follower: Follower, shipper: Shipper, reporter: Reporter, is_stopped: threading.Event) -> None:
    """Follow, ship and report until stopped; the files that are then under way are shipped at the next start."""
    ended = threading.Event()
    threads: list[threading.Thread] = []
    looks = 0
    try:
        for changed in follower.changes(is_stopped):
            if follower.looks != looks:
                looks = follower.looks
                shipper.files.looked(follower.files, follower.faults, follower.held_back)
            else:
                shipper.files.found(changed)
            if not threads:  # after the first look: what was kept may be excluded by now
                threads = shipper.run(ended)
                threads.append(threading.Thread(target=reporter.run, args=(ended,), name="report", daemon=True))
                threads[-1].start()
    finally:
        ended.set()
        shipper.files.wake()
        for thread in threads:
            thread.join()
