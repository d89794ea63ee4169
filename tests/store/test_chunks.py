from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select, update

from session_replay.errors import Tampered
from session_replay.store.chunks import (
    append_chunks,
    append_summaries,
    drop_summaries,
    read_range,
    stored_summaries,
)
from session_replay.store.schema import chunks, summaries
from session_replay.store.sealed import StreamKey, open_summary, seal_chunk, seal_summary

KEY = StreamKey(bytes(range(32)), 1, 5, 0)
SAME_STORE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)


@SAME_STORE
@given(
    raw=st.binary(max_size=200),
    cuts=st.lists(st.integers(0, 200)),
    ranges=st.lists(st.tuples(*[st.integers(0, 220)] * 2)),
)
def test_however_a_stream_is_cut_any_range_is_the_slice(at, raw, cuts, ranges):
    edges = sorted({0, len(raw), *(cut for cut in cuts if cut < len(raw))})
    sealed = [seal_chunk(KEY, start, raw[start:end]) for start, end in pairwise(edges)]

    def replace(tx):
        tx.execute(delete(chunks))
        append_chunks(tx, KEY, sealed)

    at.database.write(replace)
    with at.database.read() as connection:
        for start, end in [(0, len(raw)), *ranges]:
            assert read_range(connection, KEY, start, end) == raw[start:end]
        assert read_range(connection, KEY._replace(generation=1), 0, 300) == b""


def test_a_chunk_in_another_place_does_not_open(at):
    at.database.write(lambda tx: append_chunks(tx, KEY, [seal_chunk(KEY, 0, b"ab"), seal_chunk(KEY, 2, b"cd")]))
    first = select(chunks.c.sealed).where(chunks.c.start == 0).scalar_subquery()
    at.database.write(lambda tx: tx.execute(update(chunks).where(chunks.c.start == 2).values(sealed=first)))
    with at.database.read() as connection:
        assert read_range(connection, KEY, 0, 2) == b"ab"
        with pytest.raises(Tampered):
            read_range(connection, KEY, 0, 4)


def test_summaries_are_replaced_from_a_line_on(at):
    made = [
        seal_summary(KEY, (line, line + 2), (line * 10, line * 10 + 20), [b"%d" % line, b"%d" % (line + 1)])
        for line in (0, 2, 4)
    ]
    at.database.write(lambda tx: append_summaries(tx, KEY, made))
    assert lines(at) == [b"0", b"1", b"2", b"3", b"4", b"5"]
    assert lines(at, from_line=3) == [b"2", b"3", b"4", b"5"]

    def again(tx):
        drop_summaries(tx, KEY, 2)
        append_summaries(tx, KEY, [seal_summary(KEY, (2, 5), (20, 50), [b"new"])])

    at.database.write(again)
    assert lines(at) == [b"0", b"1", b"new"]
    with at.database.read() as connection:
        assert connection.execute(select(func.count()).select_from(summaries)).scalar() == 2
        with pytest.raises(Tampered):
            open_summary(KEY, next(stored_summaries(connection, KEY))._replace(line_end=3))


def test_an_empty_run_of_lines_has_no_entries(at):
    at.database.write(lambda tx: append_summaries(tx, KEY, [seal_summary(KEY, (0, 1), (0, 1), [])]))
    assert lines(at) == []


def lines(at, from_line=0):
    with at.database.read() as connection:
        return [line for one in stored_summaries(connection, KEY, from_line) for line in open_summary(KEY, one)]
