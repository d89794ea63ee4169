"""What a collector knows of each file while it runs; nothing of it is kept on disk, since the server is the truth."""

from __future__ import annotations

import random
from typing import NamedTuple

from session_replay.collector.cut import Read
from session_replay.collector.discover import described
from session_replay.protocol import AttachmentLook, Opening, Standing
from session_replay.wire import FileFault, TranscriptFile

BACKOFF_SECONDS = (0.5, 60.0)
"""First and longest wait after a failure, doubled each time, of which a random part is waited."""


class Known:
    """One transcript or attachment and how far the server has it.

    Args:
        file: As it was found last.
    """

    def __init__(self, file: TranscriptFile) -> None:
        self.file = file
        self.standing: Standing | None = None
        self.read: Read | None = None
        """Up to the standing's length, as this process read it; None: not compared yet."""
        self.shipped: tuple[int, int] | None = None
        """Size and time of the file when all of it was acknowledged."""
        self.dirty_since: float | None = None
        """Wall clock, in seconds, since when the server lacks something; to be told, never to be reckoned with."""
        self.waits_since = 0.0
        """The same by the monotonic clock."""
        self.looks = 0
        """How often it was found to look different: what was read before the last time may not be all."""
        self.busy = False
        self.is_asked = False
        """The server said once what it has of it, if anything."""
        self.is_new = False
        """None of the streams that have its name is its own."""
        self.not_before = 0.0
        self.failures = 0
        self.problem = ""
        self.rewrites = 0
        self.rewritten_at = float("-inf")

    @property
    def look(self) -> tuple[int, int]:
        """Size in bytes and modification time, as it was found last."""
        return self.file.size, self.file.mtime_ns

    @property
    def is_attachment(self) -> bool:
        """It travels whole."""
        return self.file.kind == "attachment"

    @property
    def name(self) -> str:
        """The file's own name, which it keeps when it is moved."""
        return self.file.address.rpartition("/")[2]

    @property
    def unshipped_bytes(self) -> int:
        """Of a file that is not all shipped."""
        if self.is_attachment:
            return self.file.size
        return max(0, self.file.size - (self.standing.length if self.standing else 0))

    def opening(self, *, follows: bool) -> Opening:
        """The question what the server has of it; ``follows``: it will be told when the file is gone."""
        known = described(self.file)
        return Opening(
            address=known.address,
            kind=known.kind,
            mtime_ns=known.mtime_ns,
            session=known.session,
            agents=known.agents,
            is_new=self.is_new,
            follows=follows,
        )

    def attachment_look(self) -> AttachmentLook:
        """The question whether the server has it as it looks."""
        return AttachmentLook(self.file.address, self.file.session, self.file.size, self.file.mtime_ns)


class Progress(NamedTuple):
    """How far the server has the files that were seen; sizes in bytes."""

    files: int
    files_done: int
    total_bytes: int
    done_bytes: int
    unshipped_since: float | None
    """Wall clock, in seconds, of the oldest byte that the server lacks."""
    faults: list[FileFault]


def backoff(failures: int) -> float:
    """Full jitter: a random part of a wait that doubles, so that many collectors do not come back at once."""
    first, longest = BACKOFF_SECONDS
    return random.uniform(0, min(longest, first * 2.0 ** min(failures, 30)))  # noqa: S311 - no secret
