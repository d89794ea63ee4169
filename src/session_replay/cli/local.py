"""The local transcripts of ``serve``: a collector and the server it ships to, in one process.

It says the same to the server as any other collector, only without HTTP between: one protocol, one code.
"""

from __future__ import annotations

import logging
import threading
from importlib.resources import files as package_files
from pathlib import Path

from session_replay import __version__
from session_replay.collector import machine
from session_replay.collector.collect import Reporter, follow
from session_replay.collector.deliver import Shipper
from session_replay.collector.discover import Owner, described, discover, folder_problem
from session_replay.collector.follow import Follower
from session_replay.collector.known import Progress
from session_replay.ingest.intake import Intake, Tally
from session_replay.ingest.reading import Reading
from session_replay.ingest.receive import Receiver
from session_replay.ingest.workers import Workers
from session_replay.server.services import LocalImport
from session_replay.store.installation import Installation
from session_replay.wire import FileFault, ImportProgress

log = logging.getLogger(__name__)

RETRY_SECONDS = 5
PROGRESS_SECONDS = 0.2
LITTLE_BYTES = 1 << 20
SAMPLE_OWNER = Owner("sample", "sample")


class LocalTranscripts:
    """Threads that take in the transcripts of a folder and follow them.

    Args:
        at: Where to.
        folder: The transcripts; may not exist yet.
        owner: Host and user they belong to.
        local: Told how far it is, and asked for samples.
        receiver: What the transcripts are shipped to.
        reading: Reads what was shipped.
    """

    def __init__(
        self,
        at: Installation,
        folder: Path,
        owner: Owner,
        local: LocalImport,
        receiver: Receiver,
        reading: Reading,
    ) -> None:
        self._at = at
        self._folder = folder
        self._owner = owner
        self._local = local
        self._receiver = receiver
        self._reading = reading
        self._stopped = threading.Event()
        self._wants_samples = threading.Event()
        self._shipper: Shipper | None = None
        self._thread = threading.Thread(target=self._run, name="local-transcripts", daemon=True)
        self._progress_thread = threading.Thread(target=self._tell, name="local-progress", daemon=True)
        local.progress = ImportProgress("scanning", str(folder))
        local.import_samples = self._wants_samples.set

    def start(self) -> None:
        """Begin."""
        self._thread.start()
        self._progress_thread.start()

    def stop(self) -> None:
        """End after the step under way; nothing is lost."""
        self._stopped.set()
        shipper = self._shipper
        if shipper is not None:
            shipper.files.wake()
        self._thread.join()
        self._progress_thread.join()

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                reception = self._receiver.of_owner(*self._owner)
                shipper = self._shipper = Shipper(reception)
                reporter = Reporter(shipper, reception, __version__, machine.machine_digest(), self._folder)
                follow(Follower(self._folder, self._owner), shipper, reporter, self._stopped)
            except Exception as error:
                # Nothing stored is lost, and a new look takes in what was missed.
                self._local.progress = ImportProgress("failed", str(self._folder), problem=type(error).__name__)
                log.exception("following %s failed, trying again in %d s", self._folder, RETRY_SECONDS)
                self._stopped.wait(RETRY_SECONDS)

    def _tell(self) -> None:
        told: set[FileFault] = set()
        summed: tuple[Shipper, int, int] | None = None
        progress: Progress | None = None
        while not self._stopped.wait(PROGRESS_SECONDS):
            if self._wants_samples.is_set():
                self._wants_samples.clear()
                self._import_samples()
            shipper = self._shipper
            if shipper is None:
                continue
            now = (shipper, shipper.files.changes, shipper.files.looks)
            if progress is None or now != summed:  # to sum up many files takes long
                summed = now
                progress = shipper.files.progress()
                for fault in set(progress.faults) - told:
                    log.warning("%s: %s", fault.path, fault.problem)
                told = set(progress.faults)
            self._local.progress = self._said(shipper, progress)

    def _said(self, shipper: Shipper, progress: Progress) -> ImportProgress:
        behind = self._reading.behind
        problem = shipper.problem or self._reading.problem
        if problem:
            state = "failed"
        elif not shipper.files.looks and folder_problem(self._folder) is None:
            state = "scanning"
        elif shipper.files.is_done and not behind:
            state = "following"
        else:
            # A running session is nearly always some bytes ahead.
            is_little = progress.total_bytes - progress.done_bytes < LITTLE_BYTES and behind <= 1
            state = "following" if self._local.progress.state == "following" and is_little else "importing"
        return ImportProgress(
            state,
            str(self._folder),
            files=progress.files,
            files_done=max(0, progress.files_done - behind),
            size_bytes=progress.total_bytes,
            done_bytes=progress.done_bytes,
            faults=len(progress.faults),
            problem=problem or None,
        )

    def _import_samples(self) -> None:
        workers = Workers(0)
        intake = Intake(self._at, workers, describe=described)
        tally = Tally()
        intake.store(discover([samples_folder()], SAMPLE_OWNER).files, tally)
        self._reading.received(intake.pending())
        self._local.has_samples = True


def samples_folder() -> Path:
    """The sample sessions that are shipped with the package."""
    return Path(str(package_files("session_replay") / "samples" / "projects"))
