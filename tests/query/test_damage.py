"""One bit of what is stored was flipped: what can be read is answered, and the rest says that it is damaged."""

import logging

import pytest
from sqlalchemy import select, update

from query.catalogue import plain_session
from session_replay.query.filter import parse_filter
from session_replay.query.mirror.keeper import Mirror
from session_replay.query.session_table import COLUMNS, session_row
from session_replay.query.sessions import Catalogue
from session_replay.store.names import Names
from session_replay.store.schema import names, session_keys, sessions, streams
from session_replay.store.sessions import SessionKeys

ROWS = [
    plain_session("a", title="Red", first_prompt="go", project="/shop", host="one", models=["opus"], messages=3),
    plain_session("b", title="Red too", first_prompt="go", project="/docs", host="two", models=["opus"], messages=4),
]


def flip(stored, column, where):
    """Flip one bit of a stored value, and look at all of it with fresh eyes."""
    table = column.table

    def change(tx):
        ((sealed,),) = tx.execute(select(column).where(where)).all()
        tampered = bytearray(sealed)
        tampered[len(tampered) // 2] ^= 1
        tx.execute(update(table).where(where).values({column: bytes(tampered)}))

    stored.database.write(change)
    stored.names, stored.keys = Names(stored.key), SessionKeys(stored.key)
    stored.mirror = Mirror(stored.names, stored.keys, from_sessions=0) if stored.mirrored else None
    stored.catalogue = Catalogue(stored.names, stored.keys, 1, stored.mirror)
    if stored.mirror:
        with stored.database.read() as connection:
            stored.mirror.make(connection)


def name_number(stored, kind, text):
    with stored.database.read() as connection:
        return next(number for number, one in Names(stored.key).all(connection, kind).items() if one == text)


def listed(stored, **asked):
    with stored.ask() as (catalogue, connection):
        return {one.id: one for one in catalogue.page(connection, **asked).items}


PARTS = {
    "text": (sessions.c.sealed_text, sessions.c.id == "a"),
    "path": (streams.c.sealed_path, streams.c.session_id == "a"),
    "key": (session_keys.c.wrapped, session_keys.c.session_id == "a"),
}


@pytest.mark.parametrize("part", PARTS)
def test_a_damaged_session_is_listed_with_what_can_be_read(stored, part, caplog):
    stored.fill(ROWS)
    whole = listed(stored)
    flip(stored, *PARTS[part])
    with caplog.at_level(logging.ERROR):
        for _ in range(2):
            found = listed(stored)
            with stored.ask() as (catalogue, connection):
                assert catalogue.session(connection, "a") == found["a"]
    assert found["b"] == whole["b"]
    assert not whole["a"].damaged
    assert found["a"].damaged
    assert (found["a"].title, found["a"].first_prompt) == ((None, None) if part != "path" else ("Red", "go"))
    assert found["a"].folder == ("-folder-1" if part == "text" else "")
    assert (found["a"].messages, found["a"].project, found["a"].client.host) == (3, "/shop", "one")
    told = [record.getMessage() for record in caplog.records]
    assert told == [f"stored data is damaged: session=a part={part}"]


@pytest.mark.parametrize("part", PARTS)
def test_questions_about_texts_pass_over_what_is_damaged(stored, part):
    stored.fill(ROWS)
    flip(stored, *PARTS[part])
    wanted = parse_filter('{"property": "text", "operator": ":", "value": "red"}')
    assert set(listed(stored, filter=wanted)) == ({"a", "b"} if part == "path" else {"b"})
    assert set(listed(stored, filter=parse_filter('{"property": "text", "operator": "!:", "value": "blue"}'))) == {
        "a",
        "b",
    }
    with stored.ask() as (catalogue, connection):
        assert catalogue.stats(connection).messages == 7


@pytest.mark.parametrize(
    ("kind", "text", "shown"),
    [
        ("project", "/shop", lambda session: session.project),
        ("host", "one", lambda session: session.client.host),
        ("model", "opus", lambda session: session.models[0]),
    ],
)
def test_a_damaged_name_says_so_wherever_it_stands(stored, kind, text, shown, caplog):
    stored.fill(ROWS)
    number = name_number(stored, kind, text)
    flip(stored, names.c.sealed, names.c.id == number)
    said = f"[damaged {kind} {number}]"
    with caplog.at_level(logging.ERROR):
        found = listed(stored)
    with stored.ask() as (catalogue, connection):
        facets = {one.value: one.count for one in catalogue.facets(connection, kind).items}
    assert shown(found["a"]) == said
    has = {"a", "b"} if kind == "model" else {"a"}
    assert {session_id for session_id, one in found.items() if one.damaged} == has
    assert facets[said] == len(has)
    wanted = parse_filter(f'{{"property": "{kind}", "operator": "=", "value": "{said}"}}')
    assert set(listed(stored, filter=wanted)) == has


def test_the_table_says_what_is_damaged(stored):
    stored.fill(ROWS)
    flip(stored, *PARTS["text"])
    cells = {
        session_id: dict(zip(COLUMNS, session_row(one), strict=True)) for session_id, one in listed(stored).items()
    }
    assert [cells[session_id]["damaged"] for session_id in "ab"] == ["true", "false"]
    assert not cells["a"]["title"]
