"""What real clients appended to their transcripts, and when: recorded beside the corpus, written again.

The law: the same bytes in the same pieces with the same pauses; nothing of it is made up.
"""

from __future__ import annotations

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

CORPUS = Path(__file__).resolve().parents[2] / "shared" / "corpus"
RECORDED = ("client-2.1.330/11-interactive", "client-2.1.330/02-tools", "client-1.0.128/02-tools")
"""A person's session of a minute, and two that write quickly: 73 s and nearly 150 appends in all."""


class WriteTrace:
    """The appends to the session of one recorded run, written again below ``to``."""

    def __init__(self, recorded: str, to: Path) -> None:
        self._source = CORPUS / recorded / "config" / "projects"
        told = (CORPUS / recorded / "truth" / "write_trace.jsonl").read_text().splitlines()
        writes: list[dict[str, Any]] = [write for write in map(json.loads, told) if write.get("lines")]
        self._path = writes[0]["path"]
        self._writes = [write for write in writes if write["path"] == self._path]
        self._to = to
        self.session = Path(self._path).stem

    def appends(self) -> Generator[tuple[float, bytes]]:
        """The bytes of each, with the seconds since the first."""
        whole, start = (self._source / self._path).read_bytes(), 0
        for write in self._writes:
            yield write["t"] - self._writes[0]["t"], whole[start : write["size"]]
            start = write["size"]

    def append(self, piece: bytes) -> None:
        """Write as a client does: open, append, close."""
        file = self._to / self._path
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("ab", buffering=0) as out:
            out.write(piece)
