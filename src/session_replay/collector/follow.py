"""Which files belong to sessions: finds them below a folder, and tells which ones grew.

The layout is Claude Code's: ``projects/<encoded cwd>/<session>.jsonl`` for main transcripts,
``agent-<id>.jsonl`` beside them (client 2.0) or below ``<session>/subagents/`` (client 2.1) for
subagents; whatever else lies in ``<session>/`` is an attachment.
"""

from __future__ import annotations

import errno
import os
import stat
import threading
import time
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import BinaryIO, NamedTuple

import msgspec

from session_replay.wire import FileFault, FileKind, TranscriptFile

DEPTH_MAX = 12
HEAD_BYTES = 1 << 16
AGENT_DEPTH_MAX = 16
PROJECTS = "projects"
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
GONE = "is gone"
_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)  # a pipe that nobody writes would be waited for
    | getattr(os, "O_BINARY", 0)
)


class Owner(NamedTuple):
    """Whose files they are: the transcripts themselves don't say."""

    host: str
    user: str


class Found(NamedTuple):
    """The files of a folder, and those that could not be taken with the reason."""

    files: list[TranscriptFile]
    faults: list[FileFault]
    projects_folders: int


def discover(folder: Path, owner: Owner, *, host_from_path: bool = False) -> Found:
    """Find all files of sessions below ``folder``.

    Args:
        folder: A ``projects`` folder, a ``.claude`` folder, or any folder above several of them.
        owner: Host and user of the files.
        host_from_path: Take the host from the name of the folder that holds each ``projects`` folder.

    Two ``projects`` folders may hold files of the same relative path and host; the address of the
    later one then begins with the way to its folder, so that neither hides the other.
    """
    scan = _Scan(folder)
    taken: set[tuple[str, str]] = set()
    files: list[TranscriptFile] = []
    roots = sorted(_projects_folders(folder))
    for root in roots:
        host = (root.parent.name or owner.host) if host_from_path else owner.host
        of_root = list(scan.files(root, Owner(host, owner.user)))
        if any((file.host, file.address) in taken for file in of_root):
            way = f"{root.relative_to(folder).as_posix()}/"
            of_root = [_moved(file, way) for file in of_root]
        taken.update((file.host, file.address) for file in of_root)
        files += of_root
    return Found(files, scan.faults, len(roots))


def described(file: TranscriptFile) -> TranscriptFile:
    """A transcript with what its own file and those beside it say of a subagent: its session, and its ancestors."""
    if file.kind != "subagent":
        return file
    return msgspec.structs.replace(
        file, session=file.session or _session_in(file.path), agents=tuple(_ancestry(file.path, file.agent_id))
    )


class _Head(msgspec.Struct):
    sessionId: object = None  # noqa: N815 - the transcript's word


class _Meta(msgspec.Struct):
    parentAgentId: object = None  # noqa: N815 - the transcript's word


def _session_in(path: str) -> str | None:
    """The session id that the first lines of a subagent's file (client 2.0) say."""
    try:
        with open_regular(path) as file:
            head = file.read(HEAD_BYTES) or b""
    except OSError:
        return None
    for line in head.split(b"\n"):
        try:
            said = msgspec.json.decode(line, type=_Head).sessionId
        except (msgspec.MsgspecError, ValueError, RecursionError):
            continue
        if isinstance(said, str) and said:
            return said
    return None


def _ancestry(path: str, agent_id: str | None) -> list[str]:
    """Agent ids from the main session's child down to this one, as the ``.meta.json`` beside each file say."""
    agents = [agent_id or "agent"]
    folder = Path(path).parent
    while len(agents) < AGENT_DEPTH_MAX:
        try:
            with open_regular(str(folder / f"agent-{agents[0]}.meta.json")) as meta:
                raw = meta.read(HEAD_BYTES) or b""
            parent = msgspec.json.decode(raw, type=_Meta).parentAgentId
        except (OSError, ValueError, msgspec.MsgspecError, RecursionError):
            break
        if not isinstance(parent, str) or not parent or parent in agents:
            break
        agents.insert(0, parent)
    return agents


def _moved(file: TranscriptFile, way: str) -> TranscriptFile:
    return msgspec.structs.replace(file, address=way + file.address)


def _projects_folders(folder: Path) -> Iterator[Path]:
    """The folder itself if it is named or shaped like one, else every ``projects`` folder below it."""
    if folder.name == PROJECTS:
        yield folder
        return
    found = False
    for path, folders, _ in os.walk(folder):
        if PROJECTS in folders:
            folders.remove(PROJECTS)  # a project may itself hold a folder of that name
            found = True
            yield Path(path, PROJECTS)
        if len(Path(path).relative_to(folder).parts) >= DEPTH_MAX:
            folders.clear()
    if not found and folder_problem(folder) is None:
        yield folder


def folder_problem(folder: Path) -> str | None:
    """Why a folder cannot be looked into, in words; None where it can. What lies above it may be closed, too."""
    try:
        return None if stat.S_ISDIR(folder.stat().st_mode) else "is no folder"
    except OSError as error:
        return _words(error)


def open_regular(path: str) -> BinaryIO:
    """Open a file to read, unbuffered.

    Raises:
        OSError: It cannot be opened, or is no regular file.
    """
    descriptor = os.open(path, _FLAGS)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(0, "is no regular file")
    return os.fdopen(descriptor, "rb", buffering=0)


class _Scan:
    """One walk over a folder; collects what could not be read."""

    def __init__(self, top: Path) -> None:
        self.faults: list[FileFault] = []
        self._top = os.path.realpath(top)

    def files(self, root: Path, owner: Owner) -> Iterator[TranscriptFile]:
        for entry in self._entries(root):
            if _is_folder(entry):
                if entry.name.endswith(".jsonl"):
                    self.faults.append(FileFault(entry.path, "is a folder, not a transcript"))
                else:
                    yield from self._project(entry, owner)
            elif entry.name.endswith(".jsonl"):
                yield from self._transcript(entry, entry.name, owner)

    def _project(self, project: os.DirEntry[str], owner: Owner) -> Iterator[TranscriptFile]:
        for entry in self._entries(project.path):
            address = f"{project.name}/{entry.name}"
            if _is_folder(entry):
                if entry.name.endswith(".jsonl"):
                    self.faults.append(FileFault(entry.path, "is a folder, not a transcript"))
                else:
                    yield from self._session_folder(entry.path, address, entry.name, owner, 1)
            elif entry.name.endswith(".jsonl"):
                yield from self._transcript(entry, address, owner)

    def _session_folder(
        self, path: str, address: str, session: str, owner: Owner, depth: int
    ) -> Iterator[TranscriptFile]:
        if depth > DEPTH_MAX:
            self.faults.append(FileFault(path, f"lies more than {DEPTH_MAX} folders deep"))
            return
        for entry in self._entries(path):
            inner = f"{address}/{entry.name}"
            if _is_folder(entry):
                if entry.name.endswith(".jsonl"):
                    self.faults.append(FileFault(entry.path, "is a folder, not a transcript"))
                else:
                    yield from self._session_folder(entry.path, inner, session, owner, depth + 1)
            elif _is_subagent(inner):
                yield from self._file(entry, inner, "subagent", session, owner)
            elif ".tmp." not in entry.name:
                yield from self._file(entry, inner, "attachment", session, owner)

    def _transcript(self, entry: os.DirEntry[str], address: str, owner: Owner) -> Iterator[TranscriptFile]:
        stem = entry.name.removesuffix(".jsonl")
        if stem.startswith("agent-"):
            yield from self._file(entry, address, "subagent", None, owner)
        else:
            yield from self._file(entry, address, "main", stem, owner)

    def _file(
        self, entry: os.DirEntry[str], address: str, kind: FileKind, session: str | None, owner: Owner
    ) -> Iterator[TranscriptFile]:
        try:
            status = entry.stat()
        except OSError as error:
            self.faults.append(FileFault(entry.path, _words(error)))
            return
        if not stat.S_ISREG(status.st_mode):
            self.faults.append(FileFault(entry.path, "is no regular file"))
        elif entry.is_symlink() and not self._is_inside(entry.path):
            self.faults.append(FileFault(entry.path, "is a link that leads out of the folder"))
        elif not os.access(entry.path, os.R_OK):
            self.faults.append(FileFault(entry.path, "may not be read"))
        else:
            yield TranscriptFile(
                # A link may lead elsewhere at any time: what it leads to now is what is read.
                path=os.path.realpath(entry.path) if entry.is_symlink() else entry.path,
                address=readable(address),
                kind=kind,
                session=session and readable(session),
                agent_id=readable(_agent_id(entry.name)) if kind == "subagent" else None,
                host=owner.host,
                user=owner.user,
                size=status.st_size,
                mtime_ns=status.st_mtime_ns,
            )

    def _entries(self, path: str | Path) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(path) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            self.faults.append(FileFault(str(path), _words(error)))
            return []
        kept: list[os.DirEntry[str]] = []
        for entry in found:
            if entry.is_symlink() and _is_folder(entry):
                # A linked folder could lead anywhere, or in a circle.
                self.faults.append(FileFault(entry.path, "is a link to a folder"))
            else:
                kept.append(entry)
        return kept

    def _is_inside(self, path: str) -> bool:
        return os.path.realpath(path).startswith(self._top + os.sep)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _is_subagent(address: str) -> bool:
    """Transcripts below ``<session>/subagents/``; a workflow's ``journal.jsonl`` is an attachment."""
    folder, _, name = address.rpartition("/")
    return "/subagents" in folder and name.startswith("agent-") and name.endswith(".jsonl")


def _agent_id(name: str) -> str:
    return name.removesuffix(".jsonl").removeprefix("agent-")


def readable(name: str) -> str:
    """A file's name as text that can be encoded: what is no UTF-8 is written with backslashes."""
    return name.encode("utf-8", "surrogatepass").decode("utf-8", "backslashreplace")


def _words(error: OSError) -> str:
    known = {errno.EACCES: "may not be read", errno.ENOENT: GONE}
    return known.get(error.errno or 0, error.strerror or "cannot be read")


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
        found = discover(self._folder, self._owner)
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
