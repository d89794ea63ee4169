"""What grew → the store, in one transaction."""

from __future__ import annotations

from sqlalchemy import Connection

from session_replay.ingest.growth import LEAF_BYTES, AppendTask, Growth
from session_replay.store import streams
from session_replay.store.chunks import append_chunks
from session_replay.store.streams import Stream
from session_replay.wire import BLOCK_BYTES


def append(tx: Connection, task: AppendTask, growth: Growth, now_ms: int) -> Stream:
    """Store a growth and move the stream's end; in one transaction, so that a repeat changes nothing.

    Returns:
        The stream as it is then.

    Raises:
        OffsetGap: The stream's end has moved since the task was made.
    """
    whole_blocks = task.start // BLOCK_BYTES * LEAF_BYTES
    leaves = task.leaves[:whole_blocks] + growth.leaves
    complete = growth.end >= growth.file_size
    appended = streams.Appended(
        start=growth.start,
        length=growth.end,
        leaves=leaves,
        # Written down only when all of it was taken: size and time say "unchanged" to the next look.
        file_size=growth.file_size if complete else -1,
        file_mtime_ns=growth.file_mtime_ns if complete else 0,
    )
    stream = streams.move_end(tx, task.key.stream_id, task.key.generation, appended, now_ms)
    append_chunks(tx, task.key, growth.chunks)  # behind the check: what is there already would clash
    return stream
