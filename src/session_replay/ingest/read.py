"""Stored bytes → entries: opens a window of a stream's chunks, reads its whole lines, seals the summaries.

Runs in a worker or a thread and touches no database; what it needs from window to window (figures,
line number, time of the line before) travels in the pickled reader.
"""

from __future__ import annotations

import pickle
from typing import NamedTuple

import msgspec

from session_replay.store.sealed import SealedChunk, SealedSummary, StreamKey, open_chunk, seal_summary
from session_replay.transcript.session import Figures, TranscriptReader

WINDOW_SEALED_BYTES = 4 << 20

_encode = msgspec.json.Encoder().encode


class ReadTask(NamedTuple):
    """Read what comes next in a stream.

    Attributes:
        key: Opens the chunks and seals the summaries.
        reader: Pickled ``TranscriptReader`` after the bytes before ``start``; None: begin at byte 0.
        inherited: For a new reader: uuids of lines that an earlier stream owns.
        start: First byte that was not read yet.
        chunks: All chunks that hold bytes from ``start`` on, as many as fit a window.
        at_rest: The last chunk ends the stream and the file grows no more: an unterminated last line is a line.
        keeps_reader: More windows follow.
    """

    key: StreamKey
    reader: bytes | None
    inherited: frozenset[str]
    start: int
    chunks: list[SealedChunk]
    at_rest: bool
    keeps_reader: bool


class Reading(NamedTuple):
    """What a window holds.

    Attributes:
        reader: Pickled reader for the next window, if one follows.
        parsed_to: One past the last byte that was read.
        from_line: Number of the first line that was read.
        summaries: Its entries, sealed.
        figures: Of the stream from byte 0 to ``parsed_to``.
        cut_line: The last line had no newline; what follows in the file belongs to it.
    """

    reader: bytes | None
    parsed_to: int
    from_line: int
    summaries: list[SealedSummary]
    figures: Figures
    cut_line: bool


def read_window(task: ReadTask) -> Reading:
    """Read the whole lines of a window.

    Raises:
        Tampered: A chunk does not authenticate.
    """
    reader: TranscriptReader = pickle.loads(task.reader) if task.reader else TranscriptReader(task.inherited)  # noqa: S301 - made by this module, never stored
    from_line, at = reader.line, task.start
    summaries: list[SealedSummary] = []
    rest = bytearray()
    cut_line = False
    for position, chunk in enumerate(task.chunks):
        raw = open_chunk(task.key, chunk)[max(0, task.start - chunk.start) :]
        end = raw.rfind(b"\n") + 1
        if task.at_rest and position == len(task.chunks) - 1 and end < len(raw):
            end, cut_line = len(raw), True
        if end:
            lines = bytes(rest) + raw[:end]
            summaries += _read_lines(task.key, reader, lines, at)
            at += len(lines)
            rest.clear()
        rest += raw[end:]  # the beginning of a line that goes on in the next chunk
    return Reading(
        reader=pickle.dumps(reader, pickle.HIGHEST_PROTOCOL) if task.keeps_reader else None,
        parsed_to=at,
        from_line=from_line,
        summaries=summaries,
        figures=reader.figures,
        cut_line=cut_line,
    )


def _read_lines(key: StreamKey, reader: TranscriptReader, lines: bytes, at: int) -> list[SealedSummary]:
    line_start = reader.line
    encoded = [_encode(entry) for entry in reader.read(lines)]
    if reader.line == line_start:
        return []
    return [seal_summary(key, (line_start, reader.line), (at, at + len(lines)), encoded)]
