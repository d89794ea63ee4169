"""Which files belong to sessions: finds them below folders.

The layout is Claude Code's: ``projects/<encoded cwd>/<session>.jsonl`` for main transcripts,
``agent-<id>.jsonl`` beside them (client 2.0) or below ``<session>/subagents/`` (client 2.1) for
subagents; whatever else lies in ``<session>/`` is an attachment.  Other folders are none of ours.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections import defaultdict
from collections.abc import Container, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

import msgspec

from session_replay.wire import FileFault, FileKind, TranscriptFile

DEPTH_MAX = 12
HEAD_BYTES = 1 << 16
AGENT_DEPTH_MAX = 16
PROJECTS = "projects"
SUBAGENTS = "subagents"
SESSION_ID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
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


def discover(folders: Sequence[Path], owner: Owner, *, host_from_path: bool = False) -> Found:
    """Find all files of sessions below ``folders``, each once.

    Args:
        folders: ``projects`` folders, ``.claude`` folders, or any folders above several of them.
        owner: Host and user of the files.
        host_from_path: Take the host from the name of the folder that holds each ``projects`` folder.

    Two ``projects`` folders may hold files of the same relative path and host; the addresses of that session in the
    later folder then begin with the way to it, so that neither hides the other.
    """
    scan = _Scan(folders)
    roots = {Path(os.path.realpath(root)): root for folder in folders for root in scan.projects_folders(folder)}
    found: list[tuple[Path, list[TranscriptFile]]] = []
    for real, root in sorted(roots.items()):
        host = (root.parent.name or owner.host) if host_from_path else owner.host
        found.append((real, list(scan.files(root, Owner(host, owner.user)))))
    return Found(_apart(found), scan.faults)


def _apart(found: list[tuple[Path, list[TranscriptFile]]]) -> list[TranscriptFile]:
    """The files of all ``projects`` folders, no two of one host with one address.

    Which sessions are set apart depends on nothing but the folders that hold them, so that the same files get the
    same addresses whatever else is taken in, from whichever folder above, and in whichever order.
    """
    holders: dict[tuple[str, str], list[Path]] = defaultdict(list)
    for root, files in found:
        for file in files:
            holders[file.host, file.address].append(root)
    shared = {key: roots for key, roots in holders.items() if len(roots) > 1}
    if not shared:
        return [file for _, files in found for file in files]
    projects = {(host, address.partition("/")[0]) for host, address in shared}
    apart: list[TranscriptFile] = []
    taken: set[tuple[str, str]] = set()
    for root, files in found:
        grouped: dict[tuple[str, str, str | None], list[TranscriptFile]] = defaultdict(list)
        for file in files:
            project = file.address.partition("/")[0]
            is_beside = file.session is None and (file.host, project) in projects
            session = _session_in(file.path) if is_beside else file.session
            grouped[file.host, project, session].append(file)
        for of_session in grouped.values():
            rivals = {rival for file in of_session for rival in shared.get((file.host, file.address), ())}
            moved = of_session
            if rivals and root != min(rivals):
                moved = _moved(of_session, root, _above(rivals))
                if any((file.host, file.address) in taken for file in moved):
                    moved = _moved(of_session, root, Path(root.anchor))
            taken.update((file.host, file.address) for file in moved)
            apart += moved
    return apart


def _above(folders: set[Path]) -> Path:
    try:
        return Path(os.path.commonpath(folders))
    except ValueError:  # on several drives
        return Path(min(folders).anchor)


def _moved(files: list[TranscriptFile], root: Path, above: Path) -> list[TranscriptFile]:
    """The files of a folder with the way to it in their addresses."""
    way = root.relative_to(above) if root.is_relative_to(above) else root.relative_to(root.anchor)
    return [msgspec.structs.replace(file, address=f"{way.as_posix()}/{file.address}") for file in files]


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
    """One walk over some folders; collects what could not be read."""

    def __init__(self, tops: Sequence[Path]) -> None:
        self.faults: list[FileFault] = []
        self._tops = [os.path.realpath(top) + os.sep for top in tops]

    def projects_folders(self, folder: Path) -> Iterator[Path]:
        """The folder itself if it is named or shaped like one, else every ``projects`` folder below it."""
        if folder.name == PROJECTS:
            yield folder
            return
        found = False
        for path, folders, _ in os.walk(folder, onerror=self._closed):
            if PROJECTS in folders:
                folders.remove(PROJECTS)  # a project may itself hold a folder of that name
                found = True
                yield Path(path, PROJECTS)
            if len(Path(path).relative_to(folder).parts) >= DEPTH_MAX:
                if folders:
                    self.faults.append(
                        FileFault(path, f"lies {DEPTH_MAX} folders deep: below it nothing is looked for")
                    )
                folders.clear()
        if not found and folder_problem(folder) is None:
            yield folder

    def _closed(self, error: OSError) -> None:
        if error.errno != errno.ENOENT:  # removed meanwhile
            self.faults.append(FileFault(str(error.filename), _words(error)))

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
        entries = self._entries(project.path)
        names = {entry.name for entry in entries}
        for entry in entries:
            address = f"{project.name}/{entry.name}"
            if _is_folder(entry):
                if entry.name.endswith(".jsonl"):
                    self.faults.append(FileFault(entry.path, "is a folder, not a transcript"))
                elif _is_of_session(entry, names):
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
        return os.path.realpath(path).startswith(tuple(self._tops))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _is_of_session(folder: os.DirEntry[str], beside: Container[str]) -> bool:
    """Whether a folder of a project belongs to a session; another one may hold anything, secrets too."""
    if f"{folder.name}.jsonl" in beside or SESSION_ID.search(folder.name):
        return True
    return Path(folder.path, SUBAGENTS).is_dir()


def _is_subagent(address: str) -> bool:
    """Transcripts below ``<session>/subagents/``; a workflow's ``journal.jsonl`` is an attachment."""
    folder, _, name = address.rpartition("/")
    return f"/{SUBAGENTS}" in folder and name.startswith("agent-") and name.endswith(".jsonl")


def _agent_id(name: str) -> str:
    return name.removesuffix(".jsonl").removeprefix("agent-")


def readable(name: str) -> str:
    """A file's name as text that can be encoded: what is no UTF-8 is written with backslashes."""
    return name.encode("utf-8", "surrogatepass").decode("utf-8", "backslashreplace")


def _words(error: OSError) -> str:
    known = {errno.EACCES: "may not be read", errno.ENOENT: GONE}
    return known.get(error.errno or 0, error.strerror or "cannot be read")
