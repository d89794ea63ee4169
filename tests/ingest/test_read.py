"""However a stream is cut into chunks and windows, its entries and figures are those of its lines."""

import pickle
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.lines import jsonl, talk
from session_replay.ingest.read import ReadTask, read_window
from session_replay.store.sealed import StreamKey, open_summary, seal_chunk
from session_replay.transcript import held as held_module
from session_replay.transcript import line as line_module
from session_replay.transcript.held import Held
from session_replay.transcript.session import TranscriptReader
from session_replay.wire import Entry

KEY = StreamKey(b"k" * 32, 1, 1, 0)
LINE_BYTES_MAX = 3_000
"""Above what a row shows of a line, and small enough to be tried often."""


@pytest.fixture(autouse=True)
def _short_lines(monkeypatch):
    for module in (held_module, line_module):
        monkeypatch.setattr(module, "LINE_BYTES_MAX", LINE_BYTES_MAX)


def read_in_windows(raw: bytes, cuts: list[int], window_chunks: int, *, at_rest: bool):
    """Read a stream that was stored in chunks, a few at a time; returns the encoded entries and the last reading."""
    edges = sorted({0, len(raw), *(cut for cut in cuts if cut < len(raw))})
    chunks = [seal_chunk(KEY, start, raw[start:end]) for start, end in pairwise(edges)]
    encoded, reading, reader, held, start = [], None, None, Held(), 0
    for first in range(0, len(chunks), window_chunks):
        window = chunks[first : first + window_chunks]
        is_last = first + window_chunks >= len(chunks)
        reading = read_window(
            ReadTask(KEY, reader, frozenset(), start, held, window, at_rest and is_last, not is_last, {})
        )
        for summary in reading.summaries:
            assert summary.line_end > summary.line_start
            encoded += open_summary(KEY, summary)
        reader, held = reading.reader, reading.held
        start = reading.parsed_to + held.size
    return encoded, reading


def lines_of(sizes):
    """Lines of so many bytes, some of them too long to be parsed."""
    return [b'{"type":"user","message":{"role":"user","content":"' + b"x" * size + b'"}}' for size in sizes]


@given(
    sizes=st.lists(st.integers(0, 2 * LINE_BYTES_MAX), max_size=6),
    cuts=st.lists(st.integers(0, 8 * LINE_BYTES_MAX), max_size=12),
    window_chunks=st.integers(1, 3),
    ends=st.booleans(),
    at_rest=st.booleans(),
)
def test_cuts_change_nothing(sizes, cuts, window_chunks, ends, at_rest):
    raw = jsonl(*talk(2)) + b"".join(line + b"\n" for line in lines_of(sizes))
    if not ends:
        raw += b'{"type":"user","message":{"role":"user","content":"' + b"y" * (sum(sizes) % 5_000)
    encoded, reading = read_in_windows(raw, cuts, window_chunks, at_rest=at_rest)
    read_to = len(raw) if at_rest else raw.rfind(b"\n") + 1
    whole = TranscriptReader()
    assert encoded == [msgspec.json.encode(entry) for entry in whole.read(raw[:read_to])]
    assert reading.parsed_to == read_to
    assert reading.held.size == len(raw) - read_to
    assert reading.cut_line == (at_rest and not ends)
    assert reading.figures == whole.figures


def test_of_a_line_too_long_to_be_parsed_only_what_is_shown_is_carried_on():
    raw = lines_of([50_000])[0]
    _, reading = read_in_windows(raw, list(range(1_000, len(raw), 1_000)), 2, at_rest=False)
    assert (reading.parsed_to, reading.held.size) == (0, len(raw))
    assert len(reading.held.beginning) < LINE_BYTES_MAX
    assert len(pickle.dumps(reading.held)) < LINE_BYTES_MAX


@given(cuts=st.lists(st.integers(1, 6_000), max_size=8), damaged=st.integers(0, 8), window_chunks=st.integers(1, 3))
def test_lines_beside_a_damaged_chunk_are_read_and_keep_their_numbers(cuts, damaged, window_chunks):
    raw = jsonl(*talk(20))
    edges = sorted({0, len(raw), *(cut for cut in cuts if cut < len(raw))})
    chunks = [seal_chunk(KEY, start, raw[start:end]) for start, end in pairwise(edges)]
    numbers = {}
    before, _ = read_chunks(chunks, numbers, window_chunks)
    numbers |= {summary.end: summary.line_end for summary in before}
    lost = chunks[damaged % len(chunks)]
    chunks[damaged % len(chunks)] = lost._replace(sealed=lost.sealed[:-1] + bytes([lost.sealed[-1] ^ 1]))
    summaries, is_damaged = read_chunks(chunks, numbers, window_chunks)
    assert is_damaged
    assert [one.end for one in summaries[:-1]] == [one.start for one in summaries[1:]]
    assert (summaries[0].start, summaries[-1].end) == (0, len(raw))
    read = entries_in(summaries)
    assert sum(entry.label == "stored data is damaged" for entry in read) == 1
    assert [entry.seq for entry in read] == sorted({entry.seq for entry in read})
    found = {entry.uuid: entry for entry in read}
    start = 0
    for entry in entries_in(before):
        end = start + entry.size_bytes + 1
        if end <= lost.start or start >= lost.end:
            same = found[entry.uuid]
            assert same.preview == entry.preview
            # Fewer lines than stand for what is lost: the chunk was inside of a line, or cut two.
            if end <= lost.start or raw[lost.start : lost.end].count(b"\n") > 1:
                assert same.seq == entry.seq
        start = end


def read_chunks(chunks, numbers, window_chunks):
    """The summaries of chunks that are read a few at a time, and whether one of them was damaged."""
    summaries, is_damaged, reader, held, start = [], False, None, Held(), 0
    for first in range(0, len(chunks), window_chunks):
        is_last = first + window_chunks >= len(chunks)
        window = chunks[first : first + window_chunks]
        reading = read_window(ReadTask(KEY, reader, frozenset(), start, held, window, is_last, not is_last, numbers))
        summaries += reading.summaries
        is_damaged |= reading.is_damaged
        reader, held = reading.reader, reading.held
        start = reading.parsed_to + held.size
    return summaries, is_damaged


def entries_in(summaries):
    return [msgspec.json.decode(one, type=Entry) for summary in summaries for one in open_summary(KEY, summary)]
