import threading

from sqlalchemy import func, insert, select

from session_replay.store.names import NAME_BYTES_MAX, Names
from session_replay.store.schema import names


def texts(at, numbers):
    with at.database.read() as connection:
        return Names(at.key).texts(connection, numbers)


def rows(at):
    with at.database.read() as connection:
        return connection.execute(select(func.count()).select_from(names)).scalar()


def test_equal_names_of_a_kind_share_a_number(at):
    first = at.database.write(lambda tx: at.names.numbers(tx, "host", ["a", "b", "a"]))
    again = at.database.write(lambda tx: Names(at.key).numbers(tx, "host", ["b", "c"]))
    user = at.database.write(lambda tx: at.names.numbers(tx, "user", ["a"]))
    assert again["b"] == first["b"]
    assert len({first["a"], first["b"], again["c"], user["a"]}) == 4
    assert texts(at, [first["a"], user["a"], again["c"]]) == {first["a"]: "a", user["a"]: "a", again["c"]: "c"}
    with at.database.read() as connection:
        assert sorted(at.names.all(connection, "host").values()) == ["a", "b", "c"]


def test_any_text_is_a_name(at):
    odd = ["", "\0", "\ud800", "é" * NAME_BYTES_MAX, "é" * NAME_BYTES_MAX + "x"]
    numbers = at.database.write(lambda tx: at.names.numbers(tx, "project", odd))
    assert set(numbers) == set(odd)
    opened = texts(at, numbers.values())
    assert opened[numbers["\0"]] == "\0"
    assert opened[numbers[odd[3]]] == "é" * (NAME_BYTES_MAX // 2)
    assert numbers[odd[3]] == numbers[odd[4]]


def test_two_threads_that_enter_one_name_make_one_row(at):
    """Each with a dictionary of its own, as two processes on one database have."""
    results = []
    ready = threading.Barrier(2)

    def enter():
        ready.wait()
        results.append(at.database.write(lambda tx: Names(at.key).numbers(tx, "tool", [f"t{n}" for n in range(50)])))

    threads = [threading.Thread(target=enter) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results[0] == results[1]
    assert rows(at) == 50


def test_a_number_of_an_undone_write_is_not_remembered(at):
    def failing(tx):
        at.names.numbers(tx, "host", ["lost"])
        tx.execute(insert(names), [{}])  # refused

    at.database.submit(failing).exception()
    assert rows(at) == 0
    number = at.database.write(lambda tx: at.names.numbers(tx, "host", ["lost"]))["lost"]
    assert texts(at, [number]) == {number: "lost"}


def test_reading_goes_on_while_another_thread_forgets(at):
    numbers = at.database.write(lambda tx: at.names.numbers(tx, "tool", [str(n) for n in range(20)]))
    stop = threading.Event()

    def forget():
        while not stop.is_set():
            at.names.forget()

    thread = threading.Thread(target=forget)
    thread.start()
    try:
        with at.database.read() as connection:
            for _ in range(200):
                assert len(at.names.texts(connection, numbers.values())) == 20
    finally:
        stop.set()
        thread.join()
