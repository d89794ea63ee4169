import pytest
from sqlalchemy import select

from session_replay.errors import InvalidRequest, NameTaken, NotFound, Tampered
from session_replay.store.saved_filters import FILTERS_MAX, SavedFilter, SavedFilters, checked_name
from session_replay.store.schema import saved_filters

LONG_RUNS = SavedFilter("Long runs", {"property": "duration_ms", "operator": ">", "value": 3_600_000}, "-duration_ms")
FOREIGN_KEYS = SavedFilter("Keys", {"and": []}, "-started_at")


@pytest.fixture
def kept(at):
    return SavedFilters(at.key)


def all_of(at, kept):
    with at.database.read() as connection:
        return kept.all(connection)


def test_what_is_saved_is_read_back_by_name(at, kept):
    first = at.database.write(lambda tx: kept.add(tx, LONG_RUNS, 5))
    second = at.database.write(lambda tx: kept.add(tx, FOREIGN_KEYS, 6))
    assert all_of(at, kept) == [second, first]
    assert (first.saved, first.created_ms) == (LONG_RUNS, 5)


def test_a_name_is_taken_whatever_its_case(at, kept):
    at.database.write(lambda tx: kept.add(tx, LONG_RUNS, 1))
    other = at.database.write(lambda tx: kept.add(tx, FOREIGN_KEYS, 1))
    for name in ("Long runs", "LONG RUNS"):
        renamed = LONG_RUNS.__class__(name, {"and": []}, "-tokens")
        with pytest.raises(NameTaken):
            at.database.write(lambda tx, renamed=renamed: kept.add(tx, renamed, 2))
        with pytest.raises(NameTaken):
            at.database.write(lambda tx, renamed=renamed: kept.replace(tx, other.id, renamed))
    assert [one.saved.name for one in all_of(at, kept)] == ["Keys", "Long runs"]


def test_it_can_be_renamed_to_its_own_name_in_another_case_and_keeps_its_id(at, kept):
    made = at.database.write(lambda tx: kept.add(tx, LONG_RUNS, 5))
    renamed = SavedFilter("LONG RUNS", {"or": []}, "tokens")
    assert at.database.write(lambda tx: kept.replace(tx, made.id, renamed)).id == made.id
    assert [(one.id, one.saved, one.created_ms) for one in all_of(at, kept)] == [(made.id, renamed, 5)]


def test_it_is_deleted_once_and_its_name_is_free_again(at, kept):
    made = at.database.write(lambda tx: kept.add(tx, LONG_RUNS, 5))
    at.database.write(lambda tx: kept.remove(tx, made.id))
    for wrong in (made.id, "none", "a\0b", ""):
        with pytest.raises(NotFound):
            at.database.write(lambda tx, wrong=wrong: kept.remove(tx, wrong))
        with pytest.raises(NotFound):
            at.database.write(lambda tx, wrong=wrong: kept.replace(tx, wrong, LONG_RUNS))
    at.database.write(lambda tx: kept.add(tx, LONG_RUNS, 6))


def test_there_are_at_most_so_many(at, kept):
    def fill(tx):
        for number in range(FILTERS_MAX):
            kept.add(tx, SavedFilter(f"filter {number}", {"and": []}, "tokens"), 1)

    at.database.write(fill)
    with pytest.raises(InvalidRequest, match="200"):
        at.database.write(lambda tx: kept.add(tx, LONG_RUNS, 1))


def test_nothing_of_it_is_stored_in_clear_and_no_row_opens_as_another(at, kept):
    made = at.database.write(lambda tx: kept.add(tx, LONG_RUNS, 1))
    other = at.database.write(lambda tx: kept.add(tx, FOREIGN_KEYS, 1))
    with at.database.read() as connection:
        row = connection.execute(select(saved_filters).where(saved_filters.c.id == made.id)).one()
    stored = b"".join(value for value in row if isinstance(value, bytes))
    assert b"ong runs" not in stored
    assert b"duration" not in stored
    at.database.write(
        lambda tx: tx.execute(saved_filters.update().where(saved_filters.c.id == other.id).values(sealed=row.sealed))
    )
    with pytest.raises(Tampered):
        all_of(at, kept)


@pytest.mark.parametrize(
    ("written", "kept_as"),
    [("  Long \t runs\n", "Long runs"), ("e\u0301", "\u00e9"), ("x" * 80, "x" * 80), ("日本", "日本")],
)
def test_a_name_is_tidied(written, kept_as):
    assert checked_name(written) == kept_as


@pytest.mark.parametrize("written", ["", "  ", "x" * 81, "a\0b", "a\x7fb", "\ud800"])
def test_a_name_that_cannot_be_is_refused(written):
    with pytest.raises(InvalidRequest):
        checked_name(written)
