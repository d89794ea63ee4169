"""Which files grew: all of them at first, then as it happens."""

from __future__ import annotations

import os
import stat
import threading
import time
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

import msgspec

from session_replay.collector.discover import GONE, PROJECTS, Owner, discover, folder_problem, readable
from session_replay.wire import FileFault, TranscriptFile

POLL_SECONDS = 0.03
QUIET_SECONDS = 1.0
IDLE_SECONDS = 0.25
"""While no file was written to lately; a notice of the operating system ends it."""
FULL_LOOK_SECONDS = 30.0
LOOKS_SHARE = 0.1
"""Of the time at most is spent on full looks: something that is written all the time must not cost a processor."""
LOOKS_APART_SECONDS = 0.1
ACTIVE_SECONDS = 900
BUSY_SECONDS = 60
"""A file that grew so lately is looked at each ``POLL_SECONDS``, the other active ones each ``IDLE_SECONDS``."""
WATCH_STEP_MS = 50
WATCH_CHECK_MS = 2_000
"""So often it is looked whether the folder is still the one that is watched."""


class Follower:
    """Tells which files of a folder grew: all at first, then as it happens.

    Files that changed lately are looked at every ``POLL_SECONDS``; the operating system's notices only
    tell that there may be new ones, and a full look now and then makes up for notices that were lost.

    Args:
        folder: As for ``discover``; may not exist yet.
        owner: Host and user of the files.
        excluded: Patterns of addresses (``*`` also for ``/``) that are left alone.
    """

    def __init__(self, folder: Path, owner: Owner, excluded: Sequence[str] = ()) -> None:
        self._folder = folder
        self._owner = owner
        self._excluded = excluded
        self._known: dict[str, tuple[int, int]] = {}
        self._active: dict[str, TranscriptFile] = {}
        self._busy: dict[str, TranscriptFile] = {}
        self.looks = 0
        """How often all of the folder was looked at; the following are of the last time."""
        self.files: list[TranscriptFile] = []
        self.held_back: list[str] = []
        """Addresses of the files that are excluded."""
        self.faults: list[FileFault] = []

    def changes(self, is_stopped: threading.Event) -> Iterator[list[TranscriptFile]]:
        """Files that are new or look different, the latest first; an empty list about once a second.

        The first list is everything.
        """
        noticed, ended = threading.Event(), threading.Event()
        watcher = threading.Thread(target=self._watch, args=(noticed, ended), name="watch-files", daemon=True)
        watcher.start()
        try:
            yield self._discovered()
            yield from self._followed(noticed, is_stopped)
        finally:
            ended.set()

    def _followed(self, noticed: threading.Event, is_stopped: threading.Event) -> Iterator[list[TranscriptFile]]:
        quiet_since = looked_at = glanced_at = time.monotonic()
        next_look = looked_at
        while not is_stopped.is_set():
            now = time.monotonic()
            if (noticed.is_set() and now >= next_look) or now - looked_at > FULL_LOOK_SECONDS:
                noticed.clear()
                changed = self._discovered()
                looked_at = time.monotonic()
                next_look = looked_at + max(LOOKS_APART_SECONDS, (looked_at - now) / LOOKS_SHARE)
            elif now - glanced_at >= IDLE_SECONDS:
                changed = self._grown(self._active)
                glanced_at = now
            else:
                changed = self._grown(self._busy)
            if changed or now - quiet_since > QUIET_SECONDS:
                yield changed
                quiet_since = now
            elif self._busy or noticed.is_set():
                is_stopped.wait(POLL_SECONDS)
            else:
                noticed.wait(IDLE_SECONDS if self._active else QUIET_SECONDS)

    def _discovered(self) -> list[TranscriptFile]:
        problem = folder_problem(self._folder)
        if problem is not None:
            # Before it was there it is waited for; a folder that went away, or was closed, is told. Its files are not
            # taken for removed: a disk that is not mounted looks the same.
            if self.looks or problem != GONE:
                self.faults = [FileFault(str(self._folder), problem)]
                self.looks += 1
            return []
        found = discover([self._folder], self._owner)
        self.faults = [fault for fault in found.faults if not self._is_fault_excluded(fault)]
        self.held_back = [file.address for file in found.files if self._is_excluded(file.address)]
        left_out = set(self.held_back)
        self.files = [file for file in found.files if file.address not in left_out]
        self.looks += 1
        there = {file.path for file in self.files}
        recent_ns = time.time_ns() - ACTIVE_SECONDS * 1_000_000_000
        self._active = {
            file.path: file for file in self.files if file.kind != "attachment" and file.mtime_ns > recent_ns
        }
        self._known = {path: look for path, look in self._known.items() if path in there}
        changed = self._changed(self.files)
        busy_ns = recent_ns + (ACTIVE_SECONDS - BUSY_SECONDS) * 1_000_000_000
        self._busy = {path: file for path, file in self._active.items() if file.mtime_ns > busy_ns}
        return changed

    def _is_excluded(self, address: str) -> bool:
        return any(fnmatchcase(address, pattern) for pattern in self._excluded)

    def _is_fault_excluded(self, fault: FileFault) -> bool:
        """Whether it is about a file, or about a folder all of whose files are left alone."""
        below = Path(fault.path).relative_to(self._folder)
        if below.parts[:1] == (PROJECTS,):  # addresses begin below it
            below = below.relative_to(PROJECTS)
        return self._is_excluded(readable(below.as_posix())) or self._is_excluded(f"{readable(below.as_posix())}/")

    def _grown(self, looked_at: dict[str, TranscriptFile]) -> list[TranscriptFile]:
        grown: list[TranscriptFile] = []
        for path, file in looked_at.items():
            try:
                status = os.lstat(path)  # many a second
            except OSError:
                continue
            look = (status.st_size, status.st_mtime_ns)
            if look != self._known.get(path) and stat.S_ISREG(status.st_mode):
                grown.append(msgspec.structs.replace(file, size=status.st_size, mtime_ns=status.st_mtime_ns))
        self._busy |= {file.path: file for file in grown}
        return self._changed(grown)

    def _changed(self, files: list[TranscriptFile]) -> list[TranscriptFile]:
        changed = [file for file in files if self._known.get(file.path) != (file.size, file.mtime_ns)]
        self._known.update((file.path, (file.size, file.mtime_ns)) for file in changed)
        return sorted(changed, key=lambda file: -file.mtime_ns)

    def _identity(self) -> tuple[int, int] | None:
        try:
            status = self._folder.stat()
        except OSError:
            return None
        return status.st_dev, status.st_ino

    def _watch(self, noticed: threading.Event, ended: threading.Event) -> None:
        from watchfiles import Change, watch

        def is_news(_: Change, path: str) -> bool:
            return path not in self._active  # those are looked at all the time

        while not ended.is_set():
            watched = self._identity()
            if watched is None:
                ended.wait(QUIET_SECONDS)
                continue
            noticed.set()  # what came before the watch began
            changes = watch(
                self._folder,
                watch_filter=is_news,
                debounce=2 * WATCH_STEP_MS,
                step=WATCH_STEP_MS,
                stop_event=ended,
                rust_timeout=WATCH_CHECK_MS,
                yield_on_timeout=True,
                ignore_permission_denied=True,
                raise_interrupt=False,
            )
            try:
                for found in changes:
                    if found:
                        noticed.set()
                    # A watch stays with the folder that it began with, also when another has its name; a new one may
                    # have the number of one that was removed.
                    if (Change.deleted, str(self._folder.absolute())) in found or self._identity() != watched:
                        break
            except (OSError, RuntimeError):  # the folder went away, or the system has no watches left
                ended.wait(QUIET_SECONDS)
