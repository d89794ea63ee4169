"""The local transcripts of ``serve``: taken in while the page is already usable, then followed."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from importlib.resources import files as package_files
from pathlib import Path

from session_replay.collector.follow import Follower, Owner, discover
from session_replay.ingest.intake import Intake, Tally
from session_replay.ingest.workers import Workers
from session_replay.server.services import LocalImport
from session_replay.store.installation import Installation
from session_replay.wire import FileFault, ImportProgress, TranscriptFile

log = logging.getLogger(__name__)

BATCH_BYTES = 16 << 20
"""So much is stored, then read, before the next: sessions appear on the page one batch after the other."""
GROWTH_SMALL_BYTES = 1 << 20
"""What a session appends is read in the thread; only a larger burst pays for a worker."""
REST_LOOK_SECONDS = 30.0
RETRY_SECONDS = 5
Announce = Callable[[str], None]
SAMPLE_OWNER = Owner("sample", "sample")


class LocalTranscripts:
    """A thread that takes in the transcripts of a folder and follows them.

    Args:
        at: Where to.
        folder: The transcripts; may not exist yet.
        owner: Host and user they belong to.
        local: Told how far it is, and asked for samples.
        announce: Told which sessions changed.
    """

    def __init__(self, at: Installation, folder: Path, owner: Owner, local: LocalImport, announce: Announce) -> None:
        self._folder = folder
        self._owner = owner
        self._follower = Follower(folder, owner)
        self._local = local
        self._stopped = threading.Event()
        self._wants_samples = threading.Event()
        self._workers = Workers(small_bytes=GROWTH_SMALL_BYTES)
        self._intake = Intake(at, self._workers, announce=announce, is_stopped=self._stopped.is_set, follows=True)
        self._thread = threading.Thread(target=self._run, name="local-transcripts", daemon=True)
        local.progress = ImportProgress("scanning", str(folder))
        local.import_samples = self._wants_samples.set

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the step under way; nothing is lost."""
        self._stopped.set()
        self._thread.join()
        self._workers.close()

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                self._follow()
            except Exception as error:
                self._local.progress = ImportProgress("failed", str(self._folder), problem=type(error).__name__)
                # A full disk, say: nothing stored is lost, and a new look takes in what was missed.
                log.exception("following %s failed, trying again in %d s", self._folder, RETRY_SECONDS)
                self._stopped.wait(RETRY_SECONDS)

    def _follow(self) -> None:
        self._follower = Follower(self._folder, self._owner)
        self._local.progress = ImportProgress("scanning", str(self._folder))
        self._intake.read(self._intake.pending(), Tally())
        rested_at = time.monotonic()
        for changed in self._follower.changes(self._stopped):
            if changed or self._local.progress.state == "scanning":
                self._take(changed)
            if self._wants_samples.is_set():
                self._wants_samples.clear()
                self._take(discover(samples_folder(), SAMPLE_OWNER).files)
                self._local.has_samples = True
            if time.monotonic() - rested_at > REST_LOOK_SECONDS:
                rested_at = time.monotonic()
                self._intake.read(self._intake.pending(), Tally())

    def _take(self, files: list[TranscriptFile]) -> None:
        progress = self._local.progress = ImportProgress(
            "importing",
            str(self._folder),
            files=len(files),
            size_bytes=sum(file.size for file in files),
            faults=len(self._follower.faults),
        )
        faults: list[FileFault] = []
        for batch in _batches(files):
            if self._stopped.is_set():
                return
            tally = Tally()
            self._intake.read(self._intake.store(batch, tally), tally)
            faults += tally.faults
            progress.files_done += len(batch)
            progress.done_bytes += sum(file.size for file in batch)
            progress.faults = len(faults) + len(self._follower.faults)
        for fault in faults:
            log.warning("%s: %s", fault.path, fault.problem)
            self._follower.give_again(fault.path)
        progress.state = "following"
        if len(files) > 1:
            self._workers.close()  # their memory is better used elsewhere


def samples_folder() -> Path:
    """The sample sessions that are shipped with the package."""
    return Path(str(package_files("session_replay") / "samples" / "projects"))


def _batches(files: list[TranscriptFile]) -> list[list[TranscriptFile]]:
    batches: list[list[TranscriptFile]] = [[]]
    size = 0
    # Attachments first: what they say of subagents is then known when these are read.
    for file in sorted(files, key=lambda file: file.kind != "attachment"):
        if size > BATCH_BYTES:
            batches.append([])
            size = 0
        batches[-1].append(file)
        size += file.size
    return batches
