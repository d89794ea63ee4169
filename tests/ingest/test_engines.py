import msgspec
import pytest

from session_replay.cli.local import samples_folder
from session_replay.collector.discover import Owner, described, discover
from session_replay.ingest.intake import Intake, Tally
from session_replay.ingest.workers import Workers
from session_replay.query.entries import Question
from session_replay.query.sessions import Catalogue
from session_replay.query.trace import Trace
from session_replay.store.installation import open_installation
from session_replay.vault.source import KeySource

EVERYTHING = Question()


def _imported(folder, url):
    """Sessions and entries as they are asked for after an import of the samples."""
    with open_installation(folder / "data", KeySource(folder / "keys"), url=url) as at:
        intake = Intake(at, Workers(0), describe=described)
        tally = Tally()
        found = discover([samples_folder()], Owner("host", "user"))
        intake.read(intake.store(found.files, tally), tally)
        assert tally.faults == []
        catalogue, trace = Catalogue(at.names, at.session_keys, at.key.organization), Trace(at)
        with at.database.read() as connection:
            stats = catalogue.stats(connection)
            pages = [catalogue.page(connection, limit=500)]
            pages += [catalogue.page(connection, parent=one.id) for one in pages[0].items if one.subagents]
            sessions = {one.id: msgspec.to_builtins(one) for page in pages for one in page.items}
            traces = {name: trace.page(connection, name, -1, EVERYTHING, 500) for name in sessions}
            whole = {
                name: [msgspec.json.encode(trace.whole(connection, name, str(entry.seq))) for entry in page.items]
                for name, page in traces.items()
            }
    for session in sessions.values():
        session["client"].pop("id")  # random
    return msgspec.to_builtins(stats), sessions, msgspec.to_builtins(traces), whole


@pytest.fixture(scope="module")
def on_sqlite(tmp_path_factory):
    return _imported(tmp_path_factory.mktemp("sqlite"), None)


def test_an_import_gives_the_same_sessions_and_entries_on_each_engine(tmp_path, database_url, on_sqlite):
    assert _imported(tmp_path, database_url) == on_sqlite


def test_the_samples_are_told_whole(on_sqlite):
    stats, sessions, traces, _ = on_sqlite
    assert stats["sessions"] == 8
    assert stats["lines"] == stats["lines_with_entries"] > 400
    assert stats["pending_bytes"] == 0
    assert {entry["type"] for page in traces.values() for entry in page["items"]} == {
        *("user", "assistant", "tool", "thinking", "progress", "system", "summary", "snapshot")
    }
    assert all(one["entries"] == traces[name]["total"] for name, one in sessions.items())
