from __future__ import annotations

import threading

import pytest
from sqlalchemy import delete, insert, select, update

from session_replay.ingest.enter import Registry
from session_replay.store.changes import Changes, note_removal, visible_changes
from session_replay.store.database import Database
from session_replay.store.schema import sessions
from session_replay.wire import TranscriptFile


def file(number):
    name = f"{number:08}-0000-4000-8000-000000000000"
    return TranscriptFile(f"/none/{name}.jsonl", f"-p/{name}.jsonl", "main", name, None, "host", "user", 0, 0)


@pytest.fixture
def entered(at):
    """Ids of three sessions."""
    registry = Registry(at)
    files = [file(number) for number in range(3)]
    return [one.stream.session_id for one in at.database.write(lambda tx: registry.enter(tx, files, 1))]


def seen(at):
    with at.database.read() as connection:
        found = dict(connection.execute(select(sessions.c.id, sessions.c.change)).all())
        return visible_changes(connection), found


def touch(tx, session_id):
    tx.execute(update(sessions).where(sessions.c.id == session_id).values(messages=sessions.c.messages + 1))


def test_a_transaction_has_one_number_and_the_next_one_the_next(at, entered):
    first, changes = seen(at)
    assert set(changes.values()) == {first.last}

    def two(tx):
        touch(tx, entered[0])
        touch(tx, entered[1])

    at.database.write(two)
    at.database.write(lambda tx: touch(tx, entered[1]))
    last, changes = seen(at)
    assert [changes[name] - first.last for name in entered] == [1, 2, 0]
    assert last == Changes(first.last + 2, 0)


def test_before_the_first_write_there_is_none(at):
    assert seen(at) == (Changes(0, 0), {})


def test_what_is_undone_never_was(at, entered):
    before = seen(at)

    def failing(tx):
        touch(tx, entered[0])
        raise ZeroDivisionError

    assert at.database.submit(failing).exception()
    assert seen(at) == before
    at.database.write(lambda tx: touch(tx, entered[2]))
    last, changes = seen(at)
    assert changes[entered[2]] == last.last == before[0].last + 1


@pytest.mark.usefixtures("entered")
def test_a_write_that_touches_no_session_takes_no_number(at):
    before = seen(at)
    at.database.write(lambda tx: tx.execute(select(sessions.c.id)).all())
    assert seen(at) == before


def test_a_removal_is_noted_in_its_own_transaction(at, entered):
    before, _ = seen(at)

    def remove(tx):
        note_removal(tx)
        tx.execute(delete(sessions).where(sessions.c.id == entered[0]))

    at.database.write(remove)
    at.database.write(lambda tx: touch(tx, entered[1]))
    last, changes = seen(at)
    assert last == Changes(before.last + 2, before.last + 1)
    assert changes[entered[1]] == last.last


def test_many_rows_of_one_statement_have_the_number_too(at, entered):
    with at.database.read() as connection:
        rows = [dict(row) for row in connection.execute(select(sessions)).mappings()]
    for row in rows:
        del row["change"]

    def enter_again(tx):
        tx.execute(delete(sessions))
        tx.execute(insert(sessions), rows)

    at.database.write(enter_again)
    last, changes = seen(at)
    assert changes == dict.fromkeys(entered, last.last)


def test_numbers_of_several_processes_become_visible_in_their_order(database_url, tmp_path):
    """A second writer waits for the first where both write sessions; what a reader saw never lacks one below."""
    from session_replay.store.installation import open_installation
    from session_replay.vault.source import KeySource

    with open_installation(tmp_path / "data", KeySource(tmp_path / "keys"), url=database_url) as at:
        registry = Registry(at)
        files = [file(number) for number in range(2)]
        names = [one.stream.session_id for one in at.database.write(lambda tx: registry.enter(tx, files, 1))]
        other = Database(database_url)
        took, may_end = threading.Event(), threading.Event()

        def slow(tx):
            touch(tx, names[0])
            took.set()
            may_end.wait(20)

        first = at.database.submit(slow)
        assert took.wait(20)
        second = other.submit(lambda tx: touch(tx, names[1]))
        before, changes = seen(at)
        assert max(changes.values()) <= before.last
        assert not second.done()
        may_end.set()
        first.result()
        second.result()
        after, changes = seen(at)
        assert after.last == before.last + 2
        assert [changes[name] - before.last for name in names] == [1, 2]
        other.close()
