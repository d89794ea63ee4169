"""The files of a collector and how each stands: which there are, what of them the server lacks, which are gone.

One table that those who look at the folder, the lanes that send and the reports share; nothing here sends.
A file that changed is waiting until all of it was acknowledged; who sends takes some that wait, which are
busy until they are released.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from session_replay.collector.cut import is_gone, words
from session_replay.collector.discover import readable
from session_replay.collector.known import Known, Progress, backoff
from session_replay.collector.spool import Spool
from session_replay.protocol import Standing
from session_replay.wire import FileFault, TranscriptFile

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


class _Gone(NamedTuple):
    """A removed file: since when (by the clock) and how it was called."""

    at: float
    name: str


class Files:
    """What a collector has found, and how far the server has it; any thread may ask.

    Args:
        spool: Keeps what is not shipped; None: nothing is kept (the server is this process).
        clock: Monotonic seconds.
        wall: Seconds since the Unix epoch.
    """

    def __init__(
        self,
        spool: Spool | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.lock = threading.RLock()
        """Held while several things are asked or changed that belong together."""
        self._spool = spool
        self._clock = clock
        self._wall = wall
        self._known: dict[str, Known] = {}
        self._waiting: dict[str, Known] = {}
        """In the order in which they are served: after a look the newest first; who was served goes to the end."""
        self._gone: dict[int, _Gone] = {}
        self._unconfirmed: dict[str, None] = {}
        """Addresses of shipped files of which the server is asked again what it has."""
        self._confirmed_at = clock()
        self._uncompared: dict[str, float] = {}
        """Addresses of shipped files that were not compared whole, with the time of their last append."""
        self._changed = threading.Condition(self.lock)
        self._changes = 0
        self._faults: list[FileFault] = []
        self.held_back: tuple[str, ...] = ()
        """Addresses of files that are there and, as somebody wished, are not sent."""
        self.looks = 0
        """How often all files were looked at."""
        for link, file in spool.kept() if spool else ():
            self._add(msgspec.structs.replace(file, path=str(link)))

    # What there is.

    def found(self, files: Iterable[TranscriptFile]) -> None:
        """These files are new or look different."""
        with self.lock:
            before = self._changes
            for file in files:
                known = self._known.get(file.address)
                if known is None:
                    self._add(file)
                    continue
                known.file = file
                if known.shipped != known.look:
                    self.mark(known)
            if self._changes != before:
                self._changed.notify_all()

    def looked(self, files: list[TranscriptFile], faults: list[FileFault], held_back: Sequence[str] = ()) -> None:
        """All files that there are now: those that are known and missing were removed or moved.

        Of what waits, that which was written last is served first, however long the server was away.
        """
        with self.lock:
            self._faults = faults
            self.held_back = tuple(held_back)
            for address in held_back:  # kept by a collector that was told nothing of it
                self.drop(address)
            there = {file.address for file in files}
            for known in [file for address, file in self._known.items() if address not in there]:
                if not known.busy and (self.is_deleted(known) or is_gone(known.file.path)):
                    self.lose(known)  # one that is busy with the next look
                    self._let_go_of_moved(known, files)
            self.found(files)
            newest = sorted(self._waiting.values(), key=lambda file: -file.file.mtime_ns)
            self._waiting = {file.file.address: file for file in newest}
            self._keep_unshipped()
            self.looks += 1

    def _add(self, file: TranscriptFile) -> None:
        made = self._known[file.address] = Known(file)
        self.mark(made)

    def mark(self, file: Known) -> None:
        """The server may lack something of it."""
        with self.lock:
            file.looks += 1
            self._changes += 1
            if file.dirty_since is None:
                file.dirty_since, file.waits_since = self._wall(), self._clock()
            self._waiting.setdefault(file.file.address, file)

    def lose(self, file: Known) -> None:
        """The file has no path any more: its link has what was not shipped, else it is forgotten."""
        with self.lock:
            link = self.link(file)
            if file.dirty_since is None or link is None:
                self._forget(file)
            elif file.file.path != str(link):
                file.file = msgspec.structs.replace(file.file, path=str(link))
                self.mark(file)

    def _let_go_of_moved(self, file: Known, files: list[TranscriptFile]) -> None:
        """Forget a file whose link is another one that is there: it was renamed, or moved before it was opened.

        All of it is shipped from there.  One that has a stream, and its name still, hands that over first.
        """
        if not self.is_deleted(file):
            return
        link = Path(file.file.path)
        try:
            if link.stat().st_nlink == 1:
                return
        except OSError:
            return
        for other in files:
            has_other_name = other.address.rpartition("/")[2] != file.name
            if (file.standing is None or has_other_name) and is_same(link, other.path):
                self._forget(file)
                return

    def _forget(self, file: Known) -> None:
        self.drop(file.file.address)
        if file.standing is not None:
            self._gone[file.standing.stream] = _Gone(self._clock(), file.name)

    def drop(self, address: str) -> None:
        """Know nothing of a file any more, and let go of its link."""
        with self.lock:
            if self._spool:
                self._spool.drop(address)
            for kept in (self._known, self._waiting, self._unconfirmed, self._uncompared):
                kept.pop(address, None)

    def _keep_unshipped(self) -> None:
        """Link what was not shipped for a while: it may be deleted any day."""
        if self._spool is None:
            return
        for file in self._waiting.values():
            if file.dirty_since is not None and self._clock() - file.waits_since >= SPOOLED_AFTER_SECONDS:
                try:
                    self._spool.keep(file.file)
                except OSError as error:
                    file.problem = file.problem or f"cannot be kept from deletion: {words(error)}"

    # How it is.

    def progress(self) -> Progress:
        """How far the server has what was found."""
        with self.lock:
            waiting = list(self._waiting.values())
            total = sum(file.file.size for file in self._known.values())
            missing = sum(file.unshipped_bytes for file in waiting)
            faults = [FileFault(readable(file.file.path), file.problem) for file in waiting if file.problem]
            faults += [FileFault(readable(fault.path), fault.problem) for fault in self._faults]
            return Progress(
                len(self._known),
                len(self._known) - len(waiting),
                total,
                total - missing,
                _oldest(waiting),
                faults,
            )

    @property
    def unshipped_since(self) -> float | None:
        """Wall clock, in seconds, of the oldest byte that the server lacks."""
        with self.lock:
            return _oldest(self._waiting.values())

    @property
    def is_done(self) -> bool:
        """Nothing is left to send, but for files that cannot be taken."""
        with self.lock:
            return all(file.problem and not file.busy for file in self._waiting.values())

    @property
    def waits_for_nothing(self) -> bool:
        """Nothing at all is left to send."""
        return not self._waiting

    def streams_present(self) -> tuple[int, ...] | None:
        """All streams whose files are there; None as long as some were not opened yet."""
        with self.lock:
            transcripts = [file for file in self._known.values() if not file.is_attachment]
            is_unknown = any(file.standing is None for file in transcripts)
            if is_unknown or not self.looks or self._faults:  # behind a fault there may be more files
                return None
            return tuple(file.standing.stream for file in transcripts if file.standing)

    def take_gone(self) -> tuple[int, ...]:
        """Streams whose files were removed, each told once; one that may have been moved is not told yet."""
        with self.lock:
            now = self._clock()
            unopened = {file.name for file in self._waiting.values() if file.standing is None}
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
        with self.lock:
            there = {file.standing.stream for file in self._known.values() if file.standing}
            at = self._clock() - GONE_AFTER_SECONDS
            self._gone |= {stream: _Gone(at, "") for stream in streams if stream not in there}

    def missed(self, streams: tuple[int, ...]) -> bool:
        """The server has these of this collector, and does not know where they are; false: it is too early to say."""
        with self.lock:
            if self.streams_present() is None:
                return False
            self.give_back_gone(streams)
            return True

    # Who waits for what.

    @property
    def changes(self) -> int:
        """How often there may have come something to do: who saw the last one may wait."""
        with self.lock:
            return self._changes

    def wake(self) -> None:
        """There may be something to do: files, a stop, or the end of a pause."""
        with self.lock:
            self._changes += 1
            self._changed.notify_all()

    def wait(self, changes: int, seconds: float) -> None:
        """Wait until there may be something to do since ``changes``, and no longer than so many seconds."""
        with self.lock:
            if self._changes == changes:  # else it came meanwhile
                self._changed.wait(seconds)

    def due(self) -> list[float]:
        """When (by the clock) files may be tried again or are to be compared, whatever comes."""
        with self.lock:
            waits = [file.not_before for file in self._waiting.values()]
            return waits + [at + COMPARED_AFTER_SECONDS for at in self._uncompared.values()]

    # Taken by who sends.

    def take(self, wanted: Callable[[Known], bool], most: int) -> list[Known]:
        """Waiting files that something can be done for now; nobody else does until they are released."""
        now = self._clock()
        with self.lock:
            taken: list[Known] = []
            for file in self._waiting.values():
                if file.busy or file.not_before > now or not wanted(file):
                    continue
                if file.failures and taken:
                    continue  # one that failed goes alone
                taken.append(file)
                file.busy = True
                if file.failures or len(taken) == most:
                    break
            return taken

    def release(self, files: Iterable[Known]) -> None:
        """They are free for whatever comes next."""
        with self.lock:
            for file in files:
                file.busy = False
            self.wake()

    def serve_next(self, file: Known) -> None:
        """Who was served goes to the end."""
        with self.lock:
            if self._waiting.pop(file.file.address, None):
                self._waiting[file.file.address] = file

    def others_of_name(self, file: Known) -> list[Known]:
        """Other transcripts that are called like this one."""
        with self.lock:
            return [
                other
                for other in self._known.values()
                if other is not file and other.name == file.name and not other.is_attachment
            ]

    def is_known(self, file: Known) -> bool:
        """It was not forgotten meanwhile."""
        return self._known.get(file.file.address) is file

    def is_deleted(self, file: Known) -> bool:
        """Only its link is left."""
        link = self.link(file)
        return link is not None and file.file.path == str(link)

    def link(self, file: Known) -> Path | None:
        """What keeps the file, or the one that had its path before, from deletion."""
        return self._spool.link(file.file.address) if self._spool else None

    def source(self, file: Known) -> str:
        """The file, or its link while another file has taken its path and the link has more to send."""
        link = self.link(file)
        if link is not None and file.file.path != str(link) and not is_same(link, file.file.path):
            return str(link)
        return file.file.path

    def let_go_of_link(self, file: Known) -> None:
        """What was there before another file took its path is not kept any more."""
        if self._spool is not None:
            self._spool.drop(file.file.address)

    # How the server stands.

    def stand(self, file: Known, standing: Standing) -> None:
        """The server says how it has a file."""
        with self.lock:
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
                self.clean(file, file.look, file.looks)

    def clean(self, file: Known, look: tuple[int, int], looks: int, *, is_other: bool = False) -> None:
        """All of a file that looked like this is acknowledged; ``looks`` is how often it had been found then.

        Args:
            file: Which.
            look: Size and time when it was read.
            looks: A file that was found again since is not clean.
            is_other: It was read from the link to a file whose path another one has taken.
        """
        with self.lock:
            file.failures = 0
            file.problem = ""
            address = file.file.address
            if self._spool is not None and self._spool.link(address) is not None:
                is_deleted = self.is_deleted(file)
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
                self._waiting.pop(address, None)
                if file.read is not None and not file.read.is_whole:
                    self._uncompared[address] = self._clock()

    def fail(self, file: Known, problem: str) -> None:
        """It could not be sent: it waits longer each time."""
        with self.lock:
            file.failures += 1
            file.problem = problem
            file.not_before = self._clock() + backoff(file.failures)

    def wait_a_little(self, file: Known) -> None:
        """Something else has to be done before."""
        file.not_before = self._clock() + NOT_YET_SECONDS

    # What was shipped is looked after.

    def confirm_all(self) -> None:
        """Ask the server again what it has of all files: it was away, and may have been set back to a backup."""
        with self.lock:
            self._confirmed_at = self._clock()
            self._unconfirmed = dict.fromkeys(self._known)
            self.wake()

    def take_unconfirmed(self, most: int) -> list[Known]:
        """Files of which the server is to be asked again what it has."""
        with self.lock:
            if self._clock() - self._confirmed_at > CONFIRMED_EVERY_SECONDS:
                self.confirm_all()
            asked = [self._known[address] for address in list(self._unconfirmed)[:most]]
            for file in asked:
                del self._unconfirmed[file.file.address]
            return asked

    def give_back_unconfirmed(self, files: Iterable[Known]) -> None:
        """The server could not be asked."""
        with self.lock:
            self._unconfirmed |= {file.file.address: None for file in files if self.is_known(file)}

    def unship(self, file: Known) -> None:
        """The server has no more what it had."""
        with self.lock:
            if self.is_known(file):
                file.shipped = None
                self.mark(file)

    def take_uncompared(self) -> tuple[Known, Standing] | None:
        """A file that rests, busy now, and was not compared whole since it grew."""
        with self.lock:
            now = self._clock()
            for address in [a for a, at in self._uncompared.items() if now - at >= COMPARED_AFTER_SECONDS]:
                del self._uncompared[address]
                file = self._known[address]
                if not file.busy and file.dirty_since is None and file.standing is not None:  # else it grows again
                    file.busy = True
                    return file, file.standing
            return None

    def give_back_uncompared(self, file: Known) -> None:
        """The server could not be told what was found: compare it with the next chance."""
        with self.lock:
            if self.is_known(file):
                self._uncompared[file.file.address] = self._clock() - COMPARED_AFTER_SECONDS


def is_same(link: Path, path: str) -> bool:
    """Whether both are one file; false where one of them is not there."""
    try:
        return link.samefile(path)
    except OSError:
        return False


def _oldest(waiting: Iterable[Known]) -> float | None:
    return min(
        (file.dirty_since for file in waiting if file.dirty_since is not None and file.unshipped_bytes), default=None
    )
