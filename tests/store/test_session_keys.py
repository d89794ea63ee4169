from session_replay.store.sessions import SessionKeys


def test_a_session_has_one_key_whoever_asks(at):
    first = at.database.write(lambda tx: at.session_keys.make_missing(tx, "a"))
    assert at.database.write(lambda tx: SessionKeys(at.key).make_missing(tx, "a")) == first
    assert at.database.write(lambda tx: at.session_keys.make_missing(tx, "b")) != first
    with at.database.read() as connection:
        assert SessionKeys(at.key).find(connection, ["a", "gone"]) == {"a": first}


def test_a_key_of_an_undone_write_is_not_used_later(at):
    lost = []

    def failing(tx):
        lost.append(at.session_keys.make_missing(tx, "a"))
        raise ZeroDivisionError

    at.database.submit(failing).exception()
    kept = at.database.write(lambda tx: at.session_keys.make_missing(tx, "a"))
    assert kept not in lost
    with at.database.read() as connection:
        assert SessionKeys(at.key).find(connection, ["a"]) == {"a": kept}


def test_every_key_is_found_also_when_memory_is_full(at, monkeypatch):
    monkeypatch.setattr(SessionKeys, "KEPT_MAX", 3)
    names = [f"s{number}" for number in range(6)]
    keys = SessionKeys(at.key)
    for name in names:
        at.database.write(lambda tx, name=name: keys.make_missing(tx, name))
    with at.database.read() as connection:
        for count in range(1, 7):
            assert sorted(keys.find(connection, names[:count])) == names[:count]
