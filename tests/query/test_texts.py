from __future__ import annotations

from sqlalchemy import update

from query.catalogue import plain_session
from session_replay.query.texts import Texts
from session_replay.store.schema import session_keys, sessions
from session_replay.store.sessions import SessionText


def ids_of(stored, texts, word):
    with stored.database.read() as connection:
        found = set(texts.matching(connection, lambda text: word in (text.title or "") + (text.first_prompt or "")))
        return {
            session_id
            for session_id, stream_id in connection.execute(
                sessions.select().with_only_columns(sessions.c.id, sessions.c.stream_id)
            )
            if stream_id in found
        }


def opened(stored, texts):
    """How many sealed texts a question opens."""
    count, open_text = 0, stored.keys.open_text

    def counting(*arguments):
        nonlocal count
        count += 1
        return open_text(*arguments)

    stored.keys.open_text = counting
    try:
        ids_of(stored, texts, "")
    finally:
        del stored.keys.open_text
    return count


ROWS = [plain_session("a", title="Red"), plain_session("b", first_prompt="GREEN and red"), plain_session("c")]


def test_texts_are_folded(stored):
    stored.fill(ROWS)
    texts = Texts(stored.keys)
    assert ids_of(stored, texts, "red") == {"a", "b"}
    assert ids_of(stored, texts, "green") == {"b"}


def test_a_text_is_opened_once(stored):
    stored.fill(ROWS)
    texts = Texts(stored.keys)
    assert opened(stored, texts) == 3
    assert opened(stored, texts) == 0


def test_a_text_that_was_sealed_anew_is_read_anew(stored):
    stored.fill(ROWS)
    texts = Texts(stored.keys)
    assert ids_of(stored, texts, "blue") == set()

    def change(tx):
        secret = stored.keys.find(tx, ["a"])["a"]
        sealed = stored.keys.seal_text(secret, "a", SessionText(title="Blue"))
        tx.execute(update(sessions).where(sessions.c.id == "a").values(sealed_text=sealed))

    stored.database.write(change)
    assert ids_of(stored, texts, "blue") == {"a"}
    assert ids_of(stored, texts, "red") == {"b"}


def test_what_is_gone_is_forgotten(stored):
    stored.fill(ROWS)
    texts = Texts(stored.keys)
    ids_of(stored, texts, "")
    stored.database.write(lambda tx: tx.execute(sessions.delete().where(sessions.c.id == "b")))
    stored.database.write(lambda tx: tx.execute(session_keys.delete().where(session_keys.c.session_id == "b")))
    assert ids_of(stored, texts, "red") == {"a"}
    assert not any("green" in (text.first_prompt or "") for text in texts._kept.values())


def test_memory_is_bounded_and_the_answer_is_not(stored):
    rows = [plain_session(f"s{number:04}", title="red " * 25) for number in range(700)]
    stored.fill(rows)
    texts = Texts(stored.keys, kept_characters_max=30_000)
    for _ in range(2):
        assert len(ids_of(stored, texts, "red")) == 700
        kept = sum(text.characters for text in texts._kept.values())
        assert 0 < kept == texts._kept_characters <= 30_000
