"""However a file changes between intakes, the store ends where one import of the last file would."""

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.lines import (
    MAIN_ID,
    OWNER,
    SECOND_ID,
    WRITTEN_DAY,
    answered,
    catalogue,
    jsonl,
    opened,
    said,
    sealed_files,
    take_in,
    talk,
    write,
)
from session_replay.collector.discover import described, discover
from session_replay.ingest import growth
from session_replay.ingest.intake import Intake, Tally
from session_replay.ingest.workers import Workers

PIECES = st.one_of(
    st.binary(max_size=30),
    st.sampled_from([b"\n", b"\n\n", b'{"type":"us', b"\xff\x00", b"{}\n", b"[]", b'{"type":"summary"}\n']),
    st.integers(0, 9).map(lambda number: jsonl(said(number, f"text {number}"))),
    st.integers(0, 9).map(lambda number: jsonl(answered(number, "words", output_tokens=number))),
    st.integers(0, 9).map(lambda number: jsonl(answered(number, "words"))[:-20]),
)
CHANGES = st.lists(
    st.one_of(
        st.tuples(st.just("append"), PIECES),
        st.tuples(st.just("append"), PIECES),
        st.tuples(st.just("truncate"), st.integers(0, 3000)),
        st.tuples(st.just("flip"), st.integers(0, 3000)),
        st.tuples(st.just("delete"), st.none()),
        st.tuples(st.just("intake"), st.none()),
        st.tuples(st.just("intake"), st.none()),
    ),
    max_size=14,
)


def changed(raw, change, argument):
    if change == "append":
        return raw + argument
    if change == "truncate":
        return raw[:argument]
    if change == "flip" and raw:
        place = argument % len(raw)
        return raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]
    return raw


def figures(at):
    """Without what may differ: the number of rewrites, and the time of a file whose lines say none."""
    sessions, stats = catalogue(at)
    for session in sessions.values():
        session["generation"] = 0
        if session["started_at"] >= WRITTEN_DAY:
            session["started_at"] = session["ended_at"] = "of the file"
    return sessions, stats


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(changes=CHANGES, follows=st.booleans())
def test_however_a_file_changes_the_store_ends_as_one_import_would(changes, follows):
    with tempfile.TemporaryDirectory() as name:
        path = Path(name, "projects", "-p", f"{MAIN_ID}.jsonl")
        raw, stored, rewrites = b"", [b""], []
        with opened(Path(name, "a")) as at:
            intake = Intake(at, Workers(0), describe=described, follows=follows)

            def take():
                tally = Tally()
                intake.read(intake.store(discover([path.parent.parent], OWNER).files, tally), tally)
                intake.read(intake.pending(), tally)
                assert tally.faults == []
                if path.exists():
                    if not raw.startswith(stored[-1]):
                        rewrites.append(stored[-1])
                        stored.append(b"")
                    stored[-1] = raw

            write(path, raw)
            for change, argument in changes:
                if change == "intake":
                    take()
                elif change == "delete":
                    path.unlink(missing_ok=True)
                else:
                    raw = changed(raw, change, argument)
                    write(path, raw)
            write(path, raw)
            take()
            found, (_, generations, entries) = figures(at), sealed_files(at)[MAIN_ID]
            assert generations == [*rewrites, raw]
        with opened(Path(name, "b")) as once:
            take_in(once, path.parent.parent)
            assert sealed_files(once)[MAIN_ID] == (path.parent.name + "/" + path.name, [raw], entries)
            assert found == figures(once)


@pytest.mark.parametrize("counts", ["the rewritten one", "the other one"])
def test_a_rewritten_file_that_shares_messages_with_another(at, projects, counts):
    """What was noted of the older generation must not stand in the way of the newer one."""
    shared = [answered(number, "same", of=9, message=f"msg_shared_{number}", uuid=None) for number in (5, 7)]
    first = write(projects / "-p" / f"{MAIN_ID}.jsonl", jsonl(*talk(4), *shared))
    if counts == "the rewritten one":
        first.rename(projects / "kept")
    else:
        take_in(at, projects)
    other = projects / "-p" / "bbbbbbbb-0000-4000-8000-000000000002.jsonl"
    write(other, jsonl(*talk(4, of=2), *shared))
    take_in(at, projects)
    if counts == "the rewritten one":
        (projects / "kept").rename(first)
        take_in(at, projects)
    write(other, jsonl(said(0, "begun anew", of=3), *shared[:1]))
    tally = take_in(at, projects)
    assert tally.rewritten_files == 1
    with opened(projects.parent / "once") as once:
        take_in(once, projects)
        assert figures(at) == figures(once)


def test_a_fork_keeps_what_its_rewritten_origin_lost(at, projects):
    origin = write(projects / "-p" / f"{MAIN_ID}.jsonl", jsonl(*talk(6)))
    write(projects / "-p" / "bbbbbbbb-0000-4000-8000-000000000002.jsonl", jsonl(*talk(6), *talk(2, of=2, first=8)))
    take_in(at, projects)
    assert catalogue(at)[1]["messages"] == 8
    write(origin, jsonl(*talk(2), said(0, "begun anew", of=3)))
    take_in(at, projects)
    with opened(projects.parent / "once") as once:
        take_in(once, projects)
        assert figures(at) == figures(once)
    assert catalogue(at)[1]["messages"] == 8 + 1


def test_what_a_rewritten_file_held_alone_is_counted_no_more_and_free_for_others(at, projects):
    first = projects / "-p" / f"{MAIN_ID}.jsonl"
    write(first, jsonl(*talk(4)))
    take_in(at, projects)
    write(first, jsonl(said(0, "nothing left", of=4)))
    take_in(at, projects)
    write(projects / "-p" / "bbbbbbbb-0000-4000-8000-000000000002.jsonl", jsonl(*talk(4)))
    take_in(at, projects)
    _, stats = catalogue(at)
    assert stats["messages"] == 1 + 4
    assert stats["tokens"]["output"] == 1 + 3


def test_a_large_file_is_taken_in_several_steps(at, projects, monkeypatch):
    monkeypatch.setattr(growth, "CHUNK_BYTES", 65_536)
    monkeypatch.setattr(growth, "APPEND_BYTES_MAX", 70_000)
    raw = jsonl(*talk(700), b"x" * 20_000)
    path = write(projects / "-p" / f"{MAIN_ID}.jsonl", raw)
    take_in(at, projects)
    assert sealed_files(at)[MAIN_ID][1] == [raw]
    write(path, raw + jsonl(*talk(300, first=700)))  # goes on behind the cut line
    assert take_in(at, projects).stored_bytes == len(path.read_bytes()) - len(raw)
    for place in (0, 65_536, 131_072, len(raw) - 1):
        raw = path.read_bytes()
        write(path, raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :])
        assert take_in(at, projects).rewritten_files == 1
    assert len(sealed_files(at)[MAIN_ID][1]) == 5


def test_nothing_new_is_nothing_done(at, projects):
    path = write(projects / "-p" / f"{MAIN_ID}.jsonl", jsonl(*talk(4)))
    write(projects / "-p" / MAIN_ID / "tool-results" / "a.txt", b"spilled")
    first = take_in(at, projects)
    assert (first.files, first.unchanged_files) == (2, 0)
    again = take_in(at, projects)
    assert (again.files, again.unchanged_files, again.stored_bytes, again.read_bytes) == (2, 2, 0, 0)
    os.utime(path)
    touched = take_in(at, projects)
    assert (touched.unchanged_files, touched.stored_bytes, touched.rewritten_files) == (1, 0, 0)
    assert take_in(at, projects).unchanged_files == 2


def test_a_file_that_is_given_twice_is_stored_once(at, projects):
    raw = jsonl(*talk(6))
    write(projects / "-p" / f"{MAIN_ID}.jsonl", raw)
    tally = take_in(at, projects, projects)
    assert tally.faults == []
    assert sealed_files(at)[MAIN_ID][1] == [raw]
    assert catalogue(at)[0][MAIN_ID]["lines"] == 6


def test_a_file_that_moved_is_a_copy_and_counts_once(at, projects):
    path = write(projects / "-p" / f"{MAIN_ID}.jsonl", jsonl(*talk(6)))
    take_in(at, projects)
    before = catalogue(at)[1]
    (projects / "-q").mkdir()
    path.rename(projects / "-q" / path.name)
    take_in(at, projects)
    sessions, stats = catalogue(at)
    assert set(sessions) == {MAIN_ID, SECOND_ID}
    assert stats["messages"] == before["messages"]
    assert stats["tokens"] == before["tokens"]
    assert sorted(session["inherited_lines"] for session in sessions.values()) == [0, 6]
