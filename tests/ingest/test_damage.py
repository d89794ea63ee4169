"""One bit of what is stored of a session was flipped: the others are read and linked, and it is mended by its bytes."""

import pytest
from sqlalchemy import select, update

from ingest.lines import MAIN_ID, called, catalogue, jsonl, opened, said, take_in, write
from session_replay.store.schema import attachments, session_keys, sessions, streams

AGENT = f"{MAIN_ID}.a1"
LATER = f"{MAIN_ID}.a2"
DAMAGED = {
    "text of the main session": (sessions.c.sealed_text, sessions.c.id == MAIN_ID),
    "text of the agent": (sessions.c.sealed_text, sessions.c.id == AGENT),
    "path of the agent": (streams.c.sealed_path, streams.c.session_id == AGENT),
    "key of the agent": (session_keys.c.wrapped, session_keys.c.session_id == AGENT),
    "metadata of the agent": (attachments.c.sealed, attachments.c.session_id == MAIN_ID),
}


@pytest.fixture
def at(tmp_path, database_url):
    with opened(tmp_path, database_url) as at:
        yield at


def flip(at, column, where):
    def change(tx):
        sealed = bytearray(tx.execute(select(column).where(where)).scalar_one())
        sealed[len(sealed) // 2] ^= 1
        tx.execute(update(column.table).where(where).values({column: bytes(sealed)}))

    at.database.write(change)
    at.names.forget()
    at.session_keys.forget()


def spawn(number, call, prompt):
    return called(number, "Task", call, {"prompt": prompt, "subagent_type": "Explore", "description": f"d {call}"})


def agent(folder, name, call, prompt):
    write(folder / f"agent-{name}.jsonl", jsonl(said(0, prompt, of=int(name[1:]), isSidechain=True, agentId=name)))
    write(folder / f"agent-{name}.meta.json", b'{"toolUseId":"%b"}' % call.encode())


@pytest.mark.parametrize("damaged", DAMAGED)
def test_a_tree_is_linked_beside_what_is_damaged(at, projects, damaged):
    folder = projects / "-p" / MAIN_ID / "subagents"
    lines = [said(0, "begin"), spawn(1, "t1", "look")]
    write(projects / "-p" / f"{MAIN_ID}.jsonl", jsonl(*lines))
    agent(folder, "a1", "t1", "look")
    take_in(at, projects)
    flip(at, *DAMAGED[damaged])

    # Both are read on, and a new agent belongs to the tree.
    write(projects / "-p" / f"{MAIN_ID}.jsonl", jsonl(*lines, spawn(2, "t2", "look on")))
    agent(folder, "a2", "t2", "look on")
    assert take_in(at, projects).faults == []
    found, _ = catalogue(at)
    assert (found[LATER]["parent_id"], found[LATER]["description"]) == (MAIN_ID, "d t2")
    assert found[AGENT]["parent_id"] == MAIN_ID
    assert (found[MAIN_ID]["first_prompt"], found[MAIN_ID]["subagents"]) == ("begin", 2)
    assert found[AGENT]["damaged"] == (damaged in {"text of the agent", "path of the agent", "key of the agent"})
    assert not found[MAIN_ID]["damaged"]


def test_damaged_words_are_made_again_when_the_transcript_is_read(at, projects):
    folder = projects / "-p" / MAIN_ID / "subagents"
    write(projects / "-p" / f"{MAIN_ID}.jsonl", jsonl(said(0, "begin"), spawn(1, "t1", "look")))
    agent(folder, "a1", "t1", "look")
    take_in(at, projects)
    whole, _ = catalogue(at)
    for session_id in (MAIN_ID, AGENT):
        flip(at, sessions.c.sealed_text, sessions.c.id == session_id)
    assert [one["damaged"] for one in catalogue(at)[0].values()] == [True, True]
    at.database.write(lambda tx: tx.execute(update(streams).values(parser_version=-1)))
    take_in(at, projects)
    assert catalogue(at)[0] == whole
