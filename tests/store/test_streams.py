import pytest

from session_replay.collector.discover import Owner, discover
from session_replay.errors import NotFound, OffsetGap
from session_replay.ingest.enter import Registry
from session_replay.ingest.link import link_tree
from session_replay.store import streams
from session_replay.store.clients import client_of_owner
from session_replay.store.installation import open_installation
from session_replay.store.unchanged import Totals, totals_of_unchanged
from session_replay.transcript.entry import PARSER_VERSION
from session_replay.vault.source import KeySource


@pytest.fixture
def stream(at):
    def enter(tx):
        client = client_of_owner(tx, 1, *(at.names.numbers(tx, "host", [name])[name] for name in "hu"), 0)
        place = streams.place(at.key, b"k" * 32, client, "p/a.jsonl")
        return streams.enter(tx, 1, client, place, "session", 0)

    return at.database.write(enter)


def test_an_end_moves_from_where_it_is_only(at, stream):
    def move(start, length, generation=0):
        appended = streams.Appended(start, length, b"", length, 1)
        at.database.write(lambda tx: streams.move_end(tx, stream.id, generation, appended, 1))

    move(0, 10)
    with pytest.raises(OffsetGap) as gap:
        move(0, 20)
    assert gap.value.expected == 10
    move(10, 12)
    again = at.database.write(lambda tx: streams.begin_generation(tx, stream))
    assert (again.generation, again.length, again.leaves) == (1, 0, b"")
    # Whoever still has the older generation in hand neither appends nor begins another one.
    with pytest.raises(OffsetGap):
        move(12, 13)
    assert at.database.write(lambda tx: streams.begin_generation(tx, stream)).generation == 1
    move(0, 3, generation=1)


def test_a_stream_is_found_by_its_address_and_number(at, stream):
    with at.database.read() as connection:
        digest = streams.address(at.key, stream.client_id, "p/a.jsonl")
        assert streams.find_by_address(connection, stream.client_id, digest) == stream
        assert streams.find_by_address(connection, "other", digest) is None
        assert streams.find(connection, stream.id) == stream
        with pytest.raises(NotFound):
            streams.find(connection, 1)


def test_the_quick_path_computes_the_same_address(tmp_path):
    """``unchanged`` says yes for exactly what ``streams`` wrote down, odd names included."""
    folder = tmp_path / "projects" / "-p é"
    folder.mkdir(parents=True)
    (folder / "a.jsonl").touch()
    data, source = tmp_path / "data", KeySource(tmp_path / "keys")
    files = discover([tmp_path / "projects"], Owner("hôst", "u")).files
    assert totals_of_unchanged(data, source, files, PARSER_VERSION) is None
    with open_installation(data, source) as at:
        (entered,) = at.database.write(lambda tx: Registry(at).enter(tx, files, 0))
        (file,) = files
        end = streams.Appended(0, 0, b"", file.size, file.mtime_ns)
        at.database.write(lambda tx: streams.move_end(tx, entered.stream.id, 0, end, 1))
        assert totals_of_unchanged(data, source, files, PARSER_VERSION) is None  # not read yet
        at.database.write(lambda tx: streams.move_parsed_to(tx, entered.stream.id, 0, 0, PARSER_VERSION))
        assert totals_of_unchanged(data, source, files, PARSER_VERSION) is None  # not linked yet
        at.database.write(lambda tx: link_tree(tx, at, entered.stream.session_id))
    assert totals_of_unchanged(data, source, files, PARSER_VERSION) == Totals(1, 0, 0, 0, 0, 0)
    assert totals_of_unchanged(data, source, files, PARSER_VERSION + 1) is None
    assert totals_of_unchanged(data, KeySource(tmp_path / "no keys"), files, PARSER_VERSION) is None
    others = discover([tmp_path / "projects"], Owner("other", "u")).files
    assert totals_of_unchanged(data, source, others, PARSER_VERSION) is None
