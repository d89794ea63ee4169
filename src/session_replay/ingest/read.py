"""Stored bytes → entries: opens a window of a stream's chunks, reads its whole lines, seals the summaries.

Runs in a worker or a thread and touches no database; what it needs from window to window (figures,
line number, time of the line before, a line that goes on) travels in what it returns.
"""

from __future__ import annotations

import pickle
from typing import NamedTuple

import msgspec

from session_replay.errors import Tampered
from session_replay.store.sealed import SealedChunk, SealedSummary, StreamKey, open_chunk, seal_summary
from session_replay.transcript.held import Held, read_held
from session_replay.transcript.session import Figures, TranscriptReader
from session_replay.wire import Entry

WINDOW_SEALED_BYTES = 4 << 20

_encode = msgspec.json.Encoder().encode


class ReadTask(NamedTuple):
    """Read what comes next in a stream.

    Attributes:
        key: Opens the chunks and seals the summaries.
        reader: Pickled ``TranscriptReader`` after the lines before; None: begin at byte 0.
        inherited: For a new reader: uuids of lines that an earlier stream owns.
        start: First byte that was not looked at yet.
        held: The line that begins before ``start`` and goes on there.
        chunks: All chunks that hold bytes from ``start`` on, as many as fit a window.
        at_rest: The last chunk ends the stream and the file grows no more: an unterminated last line is a line.
        keeps_reader: More windows follow.
        numbers: Of a stream that is read again, the number of the line that begins at a byte, as far as it was known:
            how many lines a damaged chunk has, nobody else can tell.
    """

    key: StreamKey
    reader: bytes | None
    inherited: frozenset[str]
    start: int
    held: Held
    chunks: list[SealedChunk]
    at_rest: bool
    keeps_reader: bool
    numbers: dict[int, int]


class Reading(NamedTuple):
    """What a window holds.

    Attributes:
        reader: Pickled reader for the next window, if one follows.
        parsed_to: One past the last byte of the last line that was read.
        held: What follows there of a line that goes on.
        from_line: Number of the first line that was read.
        summaries: Its entries, sealed.
        figures: Of the stream from byte 0 to ``parsed_to``.
        cut_line: The last line had no newline; what follows in the file belongs to it.
        is_damaged: A chunk does not open; one entry stands for its lines.
    """

    reader: bytes | None
    parsed_to: int
    held: Held
    from_line: int
    summaries: list[SealedSummary]
    figures: Figures
    cut_line: bool
    is_damaged: bool


def read_window(task: ReadTask) -> Reading:
    """Read the whole lines of a window; what a damaged chunk cuts off of its neighbours' lines is read as it is."""
    reader: TranscriptReader = pickle.loads(task.reader) if task.reader else TranscriptReader(task.inherited)  # noqa: S301 - made by this module, never stored
    from_line, at, held = reader.line, task.start - task.held.size, task.held
    summaries: list[SealedSummary] = []
    cut_line = is_damaged = False

    def keep(line_start: int, entries: list[Entry], size: int) -> None:
        nonlocal at
        if reader.line > line_start:
            encoded = [_encode(entry) for entry in entries]
            summaries.append(seal_summary(task.key, (line_start, reader.line), (at, at + size), encoded))
        at += size

    for position, chunk in enumerate(task.chunks):
        try:
            raw = open_chunk(task.key, chunk)[max(0, task.start - chunk.start) :]
        except Tampered:
            is_damaged = True
            keep(reader.line, *read_held(reader, held, b""))
            held = Held()
            keep(reader.line, [reader.read_lost(at, chunk.end, task.numbers.get(chunk.end))], chunk.end - at)
            continue
        end = raw.rfind(b"\n") + 1
        if task.at_rest and position == len(task.chunks) - 1 and end < len(raw):
            end, cut_line = len(raw), True
        if end:
            if task.numbers:
                _number(reader, raw[:end], task.numbers.get(at + held.size + end))
            keep(reader.line, *read_held(reader, held, raw[:end]))
            held = Held()
        held = held.and_then(raw[end:])
    return Reading(
        reader=pickle.dumps(reader, pickle.HIGHEST_PROTOCOL) if task.keeps_reader else None,
        parsed_to=at,
        held=held,
        from_line=from_line,
        summaries=summaries,
        figures=reader.figures,
        cut_line=cut_line,
        is_damaged=is_damaged,
    )


def _number(reader: TranscriptReader, raw: bytes, behind: int | None) -> None:
    """Let lines have the numbers that they had, by that of the line behind them."""
    if behind is not None:
        count = raw.count(b"\n") + (not raw.endswith(b"\n"))
        reader.line = max(reader.line, behind - count)
