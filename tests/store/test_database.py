import threading
import time

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, event, func, insert, select
from sqlalchemy.exc import IntegrityError

from session_replay.store import database as database_module
from session_replay.store.database import Database, insert_missing, sqlite_url

numbers = Table("numbers", MetaData(), Column("number", Integer, primary_key=True, autoincrement=False))


@pytest.fixture
def database(database_url):
    database = Database(database_url)
    database.write(numbers.metadata.create_all)
    yield database
    database.close()


def put(number):
    def write(tx):
        tx.execute(insert(numbers).values(number=number))
        return number

    return write


def stored(database):
    with database.read() as connection:
        return list(connection.execute(select(numbers.c.number).order_by(numbers.c.number)).scalars())


def blocked(database):
    """Hold the writer until the returned event is set, so that what is submitted meanwhile is one group."""
    entered, released = threading.Event(), threading.Event()

    def wait(_):
        entered.set()
        released.wait()

    database.submit(wait)
    entered.wait()
    return released


def test_the_log_is_copied_beside_the_writer_before_it_is_large(tmp_path, monkeypatch):
    monkeypatch.setattr(database_module, "CHECKPOINT_SECONDS", 0.05)
    path = tmp_path / "x.sqlite"
    database = Database(sqlite_url(path))
    database.checkpoint_beside()
    try:
        database.write(numbers.metadata.create_all)
        database.write(lambda tx: tx.execute(insert(numbers), [{"number": number} for number in range(50_000)]))
        deadline = time.monotonic() + 20
        while path.stat().st_size < 200_000 and time.monotonic() < deadline:  # it grows by a checkpoint only
            time.sleep(0.02)
        assert path.stat().st_size >= 200_000
        assert len(stored(database)) == 50_000
    finally:
        database.close()


def test_writes_that_wait_together_are_one_commit_in_their_order(database):
    commits = []
    event.listen(database.engine, "commit", lambda _: commits.append(1))
    released = blocked(database)
    waiting = [database.submit(put(number)) for number in range(50)]
    released.set()
    assert [one.result() for one in waiting] == list(range(50))
    assert len(commits) == 2  # the one that held the writer, and the group
    assert stored(database) == list(range(50))


def test_a_failing_write_leaves_its_neighbours_right(database):
    released = blocked(database)
    first, same, failing, last = (
        database.submit(put(1)),
        database.submit(put(1)),
        database.submit(lambda _: 1 / 0),
        database.submit(put(2)),
    )
    released.set()
    assert first.result() == 1
    with pytest.raises(IntegrityError):
        same.result()
    with pytest.raises(ZeroDivisionError):
        failing.result()
    assert last.result() == 2
    assert stored(database) == [1, 2]


def test_a_failed_write_leaves_nothing_behind(database):
    def half(tx):
        put(1)(tx)
        raise ValueError("half")

    with pytest.raises(ValueError, match="half"):
        database.write(half)
    assert stored(database) == []


def test_a_result_comes_after_the_commit(database):
    seen = []
    for number in range(20):
        database.submit(put(number)).add_done_callback(lambda _: seen.append(len(stored(database))))
    database.write(lambda _: None)
    assert len(seen) == 20
    assert all(rows > position for position, rows in enumerate(seen))


def test_what_was_kept_of_an_undone_write_is_forgotten(database):
    forgotten = []
    database.on_undone(lambda: forgotten.append(1))
    database.write(put(1))
    assert forgotten == []
    with pytest.raises(IntegrityError):
        database.write(put(1))
    assert forgotten


def test_a_reader_sees_one_snapshot(database):
    database.write(put(1))
    count = select(func.count()).select_from(numbers)
    with database.read() as connection:
        assert connection.execute(count).scalar() == 1
        database.write(put(2))
        assert connection.execute(count).scalar() == 1
    with database.read() as connection:
        assert connection.execute(count).scalar() == 2


def test_what_a_reader_writes_is_not_kept(database):
    with database.read() as connection:
        connection.execute(insert(numbers).values(number=1))
    assert stored(database) == []


def test_a_write_that_nobody_waits_for_any_more_is_left_out(database):
    released = blocked(database)
    given_up, kept = database.submit(put(1)), database.submit(put(2))
    assert given_up.cancel()
    released.set()
    assert kept.result() == 2
    assert stored(database) == [2]


def test_closing_finishes_what_is_queued(database_url):
    database = Database(database_url)
    database.write(numbers.metadata.create_all)
    released = blocked(database)
    waiting = [database.submit(put(number)) for number in range(600)]  # more than one group
    released.set()
    database.close()
    assert [one.result(timeout=0) for one in waiting] == list(range(600))
    again = Database(database_url)
    assert stored(again) == list(range(600))
    again.close()


def test_rows_that_are_there_stay_as_they_are(database):
    database.write(put(1))
    database.write(lambda tx: insert_missing(tx, numbers, [{"number": 1}, {"number": 2}, {"number": 2}]))
    database.write(lambda tx: insert_missing(tx, numbers, []))
    assert stored(database) == [1, 2]


def test_many_threads_write_and_read_at_once(database):
    def work(first):
        for number in range(first, first + 20):
            database.write(put(number))
            assert number in stored(database)

    threads = [threading.Thread(target=work, args=(first,)) for first in (0, 100, 200, 300)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(stored(database)) == 80
