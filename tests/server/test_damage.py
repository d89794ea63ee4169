"""One bit of a summary or a chunk was flipped: the rest of the session is there, and nothing of it is lost for good."""

import pytest
from litestar.testing import TestClient
from sqlalchemy import select, update

from ingest.lines import MAIN_ID, called, jsonl, opened, returned, said, take_in, talk, write
from server.conftest import API_KEY
from session_replay.ingest import intake
from session_replay.server.app import make_app, make_services
from session_replay.store.schema import chunks, sessions, streams, summaries

ENTRIES = f"/api/sessions/{MAIN_ID}/entries"
OTHER = "bbbbbbbb-0000-4000-8000-000000000002"
GROWTH = [
    [*talk(20), called(20, "Bash", "t1", {"command": "make"})],
    [returned(21, "t1", "a needle in the hay"), {"type": "x", "note": "no time of its own"}, *talk(18, first=23)],
    [*talk(20, first=41)],
]
"""What the second part says hangs on the first: whose call a result is, and when a line without a time was written."""


@pytest.fixture
def at(tmp_path, projects, database_url):
    """A session that came in three parts, and one beside it that repeats its beginning."""
    lines = []
    with opened(tmp_path, database_url) as at:
        for part in GROWTH:
            lines += part
            write(projects / "-p" / f"{MAIN_ID}.jsonl", jsonl(*lines))
            take_in(at, projects)
        write(projects / "-p" / f"{OTHER}.jsonl", jsonl(*lines[:30], said(500, "a fork")))
        take_in(at, projects)
        yield at


@pytest.fixture
def ask(at):
    def get(path, **parameters):
        answer = client.get(path, params=parameters)
        assert answer.status_code == 200, answer.text
        return answer

    services = make_services(at, user="ada", api_key=API_KEY, host="127.0.0.1")
    with TestClient(make_app(services), base_url="http://127.0.0.1:8420") as client:
        client.headers["Authorization"] = f"Bearer {API_KEY}"
        yield get


def spans(at, table, session_id=MAIN_ID):
    stream = select(streams.c.id).where(streams.c.session_id == session_id).scalar_subquery()
    with at.database.read() as connection:
        found = connection.execute(
            select(table.c.start, table.c.end).where(table.c.stream_id == stream).order_by(table.c.start)
        )
        return [tuple(row) for row in found]


def flip(at, table, start=None, session_id=MAIN_ID, column="sealed"):
    """Flip one bit of each stored value that is meant."""
    stream = select(streams.c.id).where(streams.c.session_id == session_id).scalar_subquery()
    where = (table.c.id if table is streams else table.c.stream_id) == stream
    if start is not None:
        where &= table.c.start == start

    def change(tx):
        for (sealed,) in tx.execute(select(table.c[column]).where(where)).all():
            tampered = bytearray(sealed)
            tampered[len(tampered) // 2] ^= 1
            same = where & (table.c[column] == sealed)
            assert tx.execute(update(table).where(same).values({column: bytes(tampered)})).rowcount == 1

    at.database.write(change)


def all_answers(ask, session_id=MAIN_ID):
    entries = f"/api/sessions/{session_id}/entries"
    page = ask(entries, limit=500).json()
    return {
        "entries": page,
        "around": ask(entries, around=str(30 * 1024), limit=20).json(),
        "audit": ask(entries, view="audit", limit=500).json(),
        "matches": ask(f"/api/sessions/{session_id}/matches", q="needle").json(),
        "whole": [ask(f"{entries}/{entry['seq']}").json() for entry in page["items"]],
        "csv": ask(f"/api/sessions/{session_id}/export.csv").text,
    }


@pytest.mark.parametrize("damaged", ["first", "second", "last", "all"])
def test_a_damaged_summary_is_read_again_from_the_bytes(at, ask, damaged):
    before = all_answers(ask)
    starts = [start for start, _ in spans(at, summaries)]
    assert len(starts) == 3
    result = next(entry for entry in before["entries"]["items"] if entry["role"] == "result")
    assert result["tool"] == "Bash"
    for start in {"first": starts[:1], "second": starts[1:2], "last": starts[2:], "all": starts}[damaged]:
        flip(at, summaries, start)
    assert all_answers(ask) == before


def test_what_a_fork_inherited_is_still_known(at, ask):
    before = all_answers(ask, OTHER)
    assert sum(entry["inherited"] for entry in before["entries"]["items"]) == 29  # all that have an id
    flip(at, summaries)
    flip(at, summaries, session_id=OTHER)
    assert all_answers(ask, OTHER) == before


def test_beside_damaged_bytes_a_session_can_be_read(at, ask):
    before = all_answers(ask)
    start, end = spans(at, chunks)[1]
    flip(at, chunks, start)
    assert ask(ENTRIES, limit=500).json() == before["entries"]
    assert ask(ENTRIES, around=str(30 * 1024), limit=20).json() == before["around"]
    # What the rows show is found, and what only the damaged bytes say is not.
    found = ask(f"/api/sessions/{MAIN_ID}/matches", q="answer", limit=500).json()
    assert found["total"] == len([e for e in before["entries"]["items"] if "answer" in e["preview"]])
    for was, seq in [(one, one["seq"]) for one in before["whole"]]:
        whole = ask(f"{ENTRIES}/{seq}").json()
        if 21 * 1024 <= seq < 41 * 1024:
            [part] = whole["content"]
            assert part["kind"] == "notice"
            assert f"{end - start:,} bytes" in part["text"]
            assert f"bytes {start:,} to {end:,}" in part["text"]
            assert whole["preview"] == was["preview"]
        else:
            assert whole == was


def test_where_summary_and_bytes_are_damaged_one_entry_says_what_is_lost(at, ask):
    before = all_answers(ask)["entries"]["items"]
    start, end = spans(at, chunks)[1]
    flip(at, chunks, start)
    flip(at, summaries, start)
    items = ask(ENTRIES, limit=500).json()["items"]
    assert [entry for entry in items if entry["seq"] != 21 * 1024] == [
        entry for entry in before if not 21 * 1024 <= entry["seq"] < 41 * 1024
    ]
    lost = next(entry for entry in items if entry["seq"] == 21 * 1024)
    assert (lost["raw_type"], lost["audit"]) == ("damaged", True)
    assert lost["preview"].startswith(f"Lines 22 to 41: {end - start:,} bytes")
    assert ask(f"{ENTRIES}/{lost['seq']}").json()["content"][0]["kind"] == "notice"
    assert ask(f"/api/sessions/{MAIN_ID}/matches", q="cannot be opened").json()["items"][0]["seq"] == lost["seq"]


def read_again(at, projects):
    at.database.write(lambda tx: tx.execute(update(streams).values(parser_version=-1)))
    return take_in(at, projects)


@pytest.mark.parametrize("window_bytes", [1, 4 << 20])
@pytest.mark.parametrize("part", [0, 1, 2])
def test_what_is_read_again_beside_damaged_bytes_is_as_before(at, ask, projects, monkeypatch, part, window_bytes):
    before = all_answers(ask)["entries"]["items"]
    monkeypatch.setattr(intake, "WINDOW_SEALED_BYTES", window_bytes)
    first, behind = [(0, 21), (21, 41), (41, 61)][part]
    start, end = spans(at, chunks)[part]
    flip(at, chunks, start)
    for _ in range(2):
        assert read_again(at, projects).faults == []
        items = ask(ENTRIES, limit=500).json()["items"]
        [lost] = [entry for entry in items if entry["label"] == "stored data is damaged"]
        assert lost["seq"] == first * 1024
        assert lost["preview"].startswith(f"Lines {first + 1} to {behind}: ")
        assert (
            f"{end - start:,} bytes of the transcript cannot be opened (bytes {start:,} to {end:,})" in lost["preview"]
        )
        assert ask(f"{ENTRIES}/{lost['seq']}").json()["content"][0]["kind"] == "notice"
        # A result does not know its tool where the call is lost; the numbers, which links have, are the same.
        numbers = [(e["seq"], e["uuid"], e["preview"]) for e in before if not first <= e["seq"] // 1024 < behind]
        assert [(e["seq"], e["uuid"], e["preview"]) for e in items if e is not lost] == numbers
    session = ask(f"/api/sessions/{MAIN_ID}").json()
    assert (session["lines"], session["lines_with_entries"]) == (61, 61 - (behind - first))
    # And it goes on.
    path = projects / "-p" / f"{MAIN_ID}.jsonl"
    write(path, path.read_bytes() + jsonl(*talk(3, first=61)))
    assert take_in(at, projects).faults == []
    assert ask(ENTRIES, limit=500).json()["items"][-1]["seq"] == 63 * 1024


@pytest.mark.parametrize(("table", "column"), [(sessions, "sealed_text"), (streams, "sealed_path")])
def test_a_session_without_words_or_path_can_be_read(at, ask, table, column):
    before = all_answers(ask)
    flip(at, table, column=column)
    assert all_answers(ask) == before
    assert ask(f"/api/sessions/{MAIN_ID}").json()["damaged"]
