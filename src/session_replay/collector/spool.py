"""Files that were not shipped yet, kept from being deleted: hard links beside the collector's state.

The coding agent removes old transcripts by itself.  A link costs nothing, holds the same bytes, and still
grows with the file; it is dropped when all of it was acknowledged.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import msgspec

from session_replay.wire import TranscriptFile

_LINK, _ABOUT = ".link", ".json"


class Spool:
    """The links of one collector.

    Args:
        folder: On the file system of the transcripts, or nothing can be linked.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held = {file.address for _, file in self.kept()}

    def keep(self, file: TranscriptFile) -> None:
        """Link a file, unless one of this address is kept already.

        Raises:
            OSError: It is gone, no regular file, or lies on another file system.
        """
        if file.address in self._held and not self._is_outdated(file):
            return
        if not stat.S_ISREG(Path(file.path).lstat().st_mode):
            raise OSError(0, "is no regular file")
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        link, about = self._paths(file.address)
        written = about.with_suffix(".new")
        written.write_bytes(msgspec.json.encode(msgspec.structs.replace(file, path="")))
        written.replace(about)  # first what it is: a link alone says nothing
        link.unlink(missing_ok=True)
        os.link(file.path, link)
        self._held.add(file.address)

    def _is_outdated(self, file: TranscriptFile) -> bool:
        """Whether an attachment was replaced: of a transcript each version counts, of an attachment the last one."""
        link, _ = self._paths(file.address)
        return file.kind == "attachment" and file.path != str(link) and not link.samefile(file.path)

    def link(self, address: str) -> Path | None:
        """The link of a file that is kept."""
        return self._paths(address)[0] if address in self._held else None

    def drop(self, address: str) -> None:
        """Let go of a file."""
        if address in self._held:
            self._held.discard(address)
            for path in self._paths(address):
                path.unlink(missing_ok=True)

    def kept(self) -> Iterator[tuple[Path, TranscriptFile]]:
        """Every link with the file that it is of; what was cut short by a kill is cleared away."""
        if not self._folder.is_dir():
            return
        for about in sorted(self._folder.glob(f"*{_ABOUT}")):
            link = about.with_suffix(_LINK)
            try:
                file = msgspec.json.decode(about.read_bytes(), type=TranscriptFile)
            except (OSError, msgspec.MsgspecError):
                file = None
            if file is None or not link.exists():
                about.unlink(missing_ok=True)
                link.unlink(missing_ok=True)
            else:
                yield link, file

    def _paths(self, address: str) -> tuple[Path, Path]:
        name = hashlib.sha256(address.encode()).hexdigest()[:32]
        return self._folder / f"{name}{_LINK}", self._folder / f"{name}{_ABOUT}"
