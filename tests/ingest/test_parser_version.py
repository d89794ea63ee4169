"""What an older parser made is made again by itself."""

import msgspec
from sqlalchemy import select, update

from ingest.lines import MAIN_ID, called, jsonl, sealed_files, take_in, write
from session_replay.store import schema
from session_replay.transcript import entry
from session_replay.transcript.entry import PARSER_VERSION
from session_replay.wire import Entry


def test_summaries_of_an_older_parser_are_read_again(at, projects, monkeypatch):
    write(projects / "-p" / f"{MAIN_ID}.jsonl", jsonl(called(1, "Bash", "t1", {"command": "curl https://example.com"})))
    with monkeypatch.context() as before:
        before.setattr(entry, "call_facts", lambda *_: None)
        take_in(at, projects)
    assert facts(at) == [None]

    at.database.write(lambda tx: tx.execute(update(schema.streams).values(parser_version=PARSER_VERSION - 1)))
    take_in(at, projects)

    assert [one.hosts for one in facts(at)] == [["example.com"]]
    with at.database.read() as connection:
        assert connection.execute(select(schema.streams.c.parser_version)).scalars().all() == [PARSER_VERSION]


def facts(at):
    [(_, _, entries)] = sealed_files(at).values()
    return [msgspec.json.decode(one, type=Entry).facts for one in entries]
