"""The mirror stays what the database says, whatever is written and whoever writes it."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
import threading

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, update

from query.catalogue import MISSING_MAIN_ID, NOON_MS, Stored, descendants, plain_session, top_of
from query.evaluator import matching_ids
from query.test_condition import nested, trees
from session_replay.query.filter import parse_filter
from session_replay.query.instant import local_day, time_zone
from session_replay.query.mirror.days import local_days
from session_replay.query.mirror.keeper import Mirror
from session_replay.query.mirror.lists import Lists
from session_replay.query.mirror.packed import Packed
from session_replay.query.sessions import Catalogue
from session_replay.query.vocabulary import VOCABULARY
from session_replay.store import schema
from session_replay.store.changes import note_removal, visible_changes
from session_replay.store.database import Database

ZONES = ("UTC", "America/St_Johns", "Pacific/Apia")


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def mirrored(request, new_database_url):
    stored = Stored(new_database_url(request.param), mirrored=True)
    yield stored
    stored.database.close()


def answered(catalogue, connection, asked):
    """Everything that is answered about many sessions."""
    named = {"filter": asked, "now_ms": NOON_MS}
    found = [catalogue.stats(connection, **named)]
    found += [catalogue.activity(connection, tz=tz, **named) for tz in ZONES]
    found += [catalogue.facets(connection, name, **named) for name in VOCABULARY]
    for sort in ("-started_at", "started_at", "tokens", "-messages", "findings", "-duration_ms"):
        pages, cursor = [], None
        while not pages or cursor:
            page = catalogue.page(connection, sort=sort, limit=3, cursor=cursor, **named)
            pages.append(page)
            cursor = page.next_cursor
        found.append(pages)
    return found


def check(stored, asked=None):
    """The mirror answers, and says what the database says."""
    asked = None if asked is None else parse_filter(json.dumps(asked), now_ms=NOON_MS)
    plain = Catalogue(stored.names, stored.keys, 1)
    with stored.database.read() as connection:
        with stored.mirror.answers(connection, now_ms=NOON_MS) as answers:
            assert answers is not None
        assert answered(stored.catalogue, connection, asked) == answered(plain, connection, asked)


over_trees = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], database=None)


@settings(over_trees, max_examples=15)
@given(states=st.lists(trees(), min_size=2, max_size=4), asked=nested)
def test_it_follows_what_is_written(mirrored, states, asked):
    """Sessions appear, change in every respect and move between trees; only rows that changed are written."""
    rows, stored = {}, {}
    for number, state in enumerate(states):
        # A parent's number is the smaller one in every state, so that states put together have no circle.
        rows |= {row["id"]: row for row in state}
        rows = {one: row | {"orphan": top_of(row, rows.values())["orphan"]} for one, row in rows.items()}
        now = list(rows.values())
        before, stored = stored, {row["id"]: as_stored(row, now) for row in now}
        if number == 0:
            mirrored.fill(now)
        else:
            mirrored.change(now, {one for one in stored if before.get(one) != stored[one]})
        check(mirrored)
        check(mirrored, asked)
        assert listed(mirrored, asked) == matching_ids(asked, now, NOON_MS)


def as_stored(row, rows):
    """What the row of a session says; not where the tree of an orphan ends."""
    root_id = MISSING_MAIN_ID if row["orphan"] else top_of(row, rows)["id"]
    return row, root_id, len(descendants(row, rows))


def listed(stored, asked):
    with stored.ask() as (catalogue, connection):
        found = catalogue.page(
            connection, filter=parse_filter(json.dumps(asked), now_ms=NOON_MS), now_ms=NOON_MS, limit=500
        )
        return {one.id for one in found.items}


def touch(stored, session_id, database=None, **values):
    same = schema.sessions.c.id == session_id
    (database or stored.database).write(lambda tx: tx.execute(update(schema.sessions).where(same).values(values)))


def messages(stored, connection):
    return stored.catalogue.stats(connection, now_ms=NOON_MS).messages


def test_an_answer_is_as_new_as_the_last_commit(mirrored):
    mirrored.fill([plain_session("a", messages=1), plain_session("b", messages=10)])
    for number in range(3):
        touch(mirrored, "a", counted_messages=number)
        with mirrored.database.read() as connection:
            assert messages(mirrored, connection) == 10 + number
    check(mirrored)


def test_what_another_process_writes_is_in_the_answer_too(mirrored):
    mirrored.fill([plain_session("a", messages=1)])
    other = Database(mirrored.database.engine.url)
    touch(mirrored, "a", database=other, counted_messages=5)
    other.close()
    with mirrored.database.read() as connection:
        assert messages(mirrored, connection) == 5
    check(mirrored)


def test_a_write_that_was_undone_is_in_no_answer(mirrored):
    mirrored.fill([plain_session("a", messages=1)])

    def failing(tx):
        tx.execute(update(schema.sessions).values(counted_messages=7))
        raise ZeroDivisionError

    assert mirrored.database.submit(failing).exception()
    check(mirrored)
    touch(mirrored, "a", counted_messages=3)
    with mirrored.database.read() as connection:
        assert messages(mirrored, connection) == 3
    check(mirrored)


def test_an_older_snapshot_is_answered_by_the_database(mirrored):
    mirrored.fill([plain_session("a", messages=1)])
    with mirrored.database.read() as older:
        assert messages(mirrored, older) == 1
        touch(mirrored, "a", counted_messages=2)
        with mirrored.database.read() as newer:
            assert messages(mirrored, newer) == 2
        assert messages(mirrored, older) == 1
        with mirrored.mirror.answers(older, now_ms=NOON_MS) as answers:
            assert answers is None


def test_what_was_removed_leaves_memory_and_the_database_answers_until_it_is_made_anew(mirrored):
    mirrored.fill([plain_session("a", title="secret plan", messages=1), plain_session("b", messages=10)])

    def remove(tx):
        note_removal(tx)
        tx.execute(delete(schema.sessions).where(schema.sessions.c.id == "a"))
        tx.execute(delete(schema.session_keys).where(schema.session_keys.c.session_id == "a"))

    mirrored.database.write(remove)
    with mirrored.database.read() as connection:
        assert messages(mirrored, connection) == 10
        assert mirrored.mirror._columns is None
        mirrored.mirror.make(connection)
    check(mirrored)
    assert b"secret" not in mirrored.mirror._columns.titles._bytes


def test_it_is_dropped_when_following_fails(mirrored, monkeypatch):
    mirrored.fill([plain_session("a", messages=1)])
    touch(mirrored, "a", counted_messages=2)
    with mirrored.database.read() as connection:
        with monkeypatch.context() as broken:
            broken.setattr(mirrored.keys, "open_text", lambda *_: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                messages(mirrored, connection)
        assert messages(mirrored, connection) == 2
        assert mirrored.mirror._columns is None


def test_too_few_sessions_are_not_mirrored(mirrored):
    mirrored.fill([plain_session("a"), plain_session("b")])
    mirror = Mirror(mirrored.names, mirrored.keys, from_sessions=3)
    for expected in (False, True):
        with mirrored.database.read() as connection:
            mirror.make(connection)
            with mirror.answers(connection, now_ms=NOON_MS) as answers:
                assert (answers is not None) == expected
        rows = [plain_session("a"), plain_session("b"), plain_session("c")]
        mirrored.change(rows, {"c"})


def test_a_thread_makes_it_and_follows_and_ends(mirrored):
    mirrored.fill([plain_session("a", messages=1)])
    mirror = Mirror(mirrored.names, mirrored.keys, from_sessions=0)
    mirror.start(mirrored.database)
    try:
        until(lambda: mirror._columns is not None)
        touch(mirrored, "a", counted_messages=2)
        with mirrored.database.read() as connection:
            number = visible_changes(connection).last
        until(lambda: mirror._columns.number == number)
    finally:
        mirror.stop()
    assert not mirror._thread.is_alive()


def until(holds):
    """Wait for what another thread does; a test that waits for ever is ended from outside."""
    waiting = threading.Event()
    while not holds():
        waiting.wait(0.01)


def test_many_questions_at_once_during_writes_are_each_answered_for_their_snapshot(mirrored):
    """Two columns that each write changes together are never seen apart."""
    mirrored.fill([plain_session(f"s{number}", messages=1) for number in range(20)])
    wrong, stop = [], threading.Event()

    def ask():
        while not stop.is_set():
            with mirrored.database.read() as connection:
                stats = mirrored.catalogue.stats(connection, now_ms=NOON_MS)
                if stats.messages != stats.tool_calls:
                    wrong.append(stats)

    def same(tx, number):
        tx.execute(update(schema.sessions).values(counted_messages=number, counted_tool_calls=number))

    mirrored.database.write(lambda tx: same(tx, 0))
    asking = [threading.Thread(target=ask) for _ in range(3)]
    for thread in asking:
        thread.start()
    for number in range(40):
        mirrored.database.write(lambda tx, number=number: same(tx, number))
    stop.set()
    for thread in asking:
        thread.join()
    assert wrong == []
    check(mirrored)


def test_only_a_server_with_many_sessions_loads_numpy():
    loads = "import sys, session_replay.{}; print('numpy' in sys.modules)"
    for module in ("cli.importing, session_replay.ingest.intake", "collector.follow", "server.app", "cli.serving"):
        ran = subprocess.run([sys.executable, "-c", loads.format(module)], check=True, capture_output=True, text=True)
        assert ran.stdout == "False\n"


def test_memory_of_what_was_replaced_is_given_back():
    packed, lists = Packed(), Lists()
    rows = np.arange(3, dtype=np.int32)
    for turn in range(200):
        for row in range(3):
            packed.put(row, f"{turn} ".encode() * 5_000)
        for _ in range(30):
            lists.replace(rows, np.repeat(rows, 20), np.tile(np.arange(20, dtype=np.int32), 3))
    assert packed.size_bytes < 3 << 20
    assert [packed.get(row) for row in range(3)] == [b"199 " * 5_000] * 3
    assert lists.size_bytes < 3 << 20
    assert lists.lacking(4).tolist() == [False, False, False, True]
    assert sorted(lists.codes[lists.holders == 1].tolist()) == list(range(20))


PART = st.text(alphabet="aAbß\0ÿ", max_size=4)


@given(puts=st.lists(st.tuples(st.integers(0, 5), PART), max_size=30), part=PART.filter(bool), count=st.integers(0, 8))
def test_packed_texts_are_found_as_single_ones_are(puts, part, count):
    packed, texts = Packed(), {}
    for row, text in puts:
        packed.put(row, text.encode())
        texts[row] = text
    kept = [texts.get(row, "") for row in range(count)]
    wanted = part.encode()
    assert packed.containing(wanted, count).tolist() == [part in text for text in kept]
    assert packed.starting(wanted, count).tolist() == [text.startswith(part) for text in kept]
    assert packed.equal(wanted, count).tolist() == [text == part for text in kept]
    assert packed.lacking(count).tolist() == [not text for text in kept]
    assert [packed.get(row).decode() for row in range(count)] == kept


@given(
    times=st.lists(st.integers(-(2**62), 2**62) | st.integers(1_500_000_000_000, 1_900_000_000_000), max_size=20),
    zone=st.sampled_from(
        ["UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "Pacific/Apia", "Africa/Monrovia", "Asia/Beirut"]
    ),
)
def test_days_at_once_are_the_days_one_by_one(times, zone):
    zone = time_zone(zone)
    found = local_days(np.array(times, np.int64), zone).tolist()
    assert [dt.date.fromordinal(719_163 + day).isoformat() for day in found] == [local_day(one, zone) for one in times]


def test_an_hour_in_which_clocks_change_belongs_to_its_days():
    """At 00:01 on 2006-10-29 clocks in St. John's went back to 23:01 of the day before: that day began twice."""
    zone = time_zone("America/St_Johns")
    change_ms = int(dt.datetime(2006, 10, 29, 2, 31, tzinfo=dt.UTC).timestamp() * 1000)
    times = [change_ms - 60_000, change_ms - 1, change_ms, change_ms + 59 * 60_000 - 1, change_ms + 59 * 60_000]
    found = [dt.date.fromordinal(719_163 + day).day for day in local_days(np.array(times), zone).tolist()]
    assert found == [29, 29, 28, 28, 29]
