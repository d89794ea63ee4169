"""In whatever order files come, what is counted and how it is linked is the same."""

import json
from itertools import permutations
from pathlib import Path
from random import Random

import pytest

from ingest.lines import (
    MAIN_ID,
    SECOND_ID,
    answered,
    called,
    catalogue,
    contents,
    jsonl,
    opened,
    returned,
    said,
    sealed_files,
    take_in,
    talk,
    write,
)

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
OTHER = "bbbbbbbb-0000-4000-8000-000000000002"
THIRD = "cccccccc-0000-4000-8000-000000000003"
LATE = [said(5000, "goes on alone", of=7)]


def main_file(projects, session_id, *lines, project="-p"):
    return write(projects / project / f"{session_id}.jsonl", jsonl(*lines))


def one_by_one(at, projects, order):
    """Import the files of a folder in an order, each by an import of its own."""
    for path in order:
        take_in(at, projects, order=lambda files, path=path: [file for file in files if file.path == str(path)])


def results(tmp_path, projects, orders, how):
    for number, order in enumerate(orders):
        with opened(tmp_path / str(number)) as at:
            how(at, projects, order)
            take_in(at, projects)
            yield contents(at)


def together(at, projects, order):
    place = {str(path): position for position, path in enumerate(order)}
    take_in(at, projects, order=lambda files: sorted(files, key=lambda file: place[file.path]))


@pytest.mark.parametrize("how", [one_by_one, together])
def test_forks_and_copies(tmp_path, projects, how):
    history = talk(6)
    files = [
        main_file(projects, MAIN_ID, *history, *talk(2, first=20)),
        main_file(projects, OTHER, *history, *talk(4, of=2, first=30)),  # a fork
        main_file(projects, THIRD, *history[:4], *LATE),  # a fork from an earlier line
        main_file(projects, MAIN_ID, *history, *talk(2, first=20), project="-moved"),  # a copy
    ]
    first, *others = results(tmp_path, projects, permutations(files), how)
    sessions, stats, _ = first
    assert sessions[MAIN_ID]["inherited_lines"] + sessions[SECOND_ID]["inherited_lines"] == 8
    assert (sessions[OTHER]["inherited_lines"], sessions[THIRD]["inherited_lines"]) == (6, 4)
    assert stats["messages"] == 8 + 4 + 1
    assert stats["tokens"]["output"] == 1 + 3 + 5 + 21 + 31 + 33
    for other in others:
        # Which of two equal copies has the plain id depends on which came first: all else does not.
        assert without_copies(other) == without_copies(first)
        assert other[1] == stats


def test_both_engines_hold_the_same(tmp_path, projects, new_database_url):
    history = talk(6)
    main_file(projects, MAIN_ID, *history, called(9, "Task", "t1", {"prompt": "look"}), b"\0 damaged \xff\n")
    fork = main_file(projects, OTHER, *history, *talk(4, of=2, first=30))
    write(projects / "-p" / MAIN_ID / "subagents" / "agent-a1.jsonl", jsonl(*agent_lines("a1", "look", 2)))
    write(projects / "-p" / MAIN_ID / "subagents" / "agent-a1.meta.json", b'{"toolUseId":"t1"}')
    found = []
    for engine in ("sqlite", "postgresql"):
        write(fork, jsonl(*history, *talk(4, of=2, first=30)))
        with opened(tmp_path / engine, new_database_url(engine)) as at:
            take_in(at, projects)
            write(fork, jsonl(*history[:5], *talk(4, of=3, first=40)))
            take_in(at, projects)
            found.append(contents(at))
    assert found[0] == found[1]
    assert found[0][0][OTHER]["generation"] == 1
    assert found[0][0][f"{MAIN_ID}.a1"]["spawned_by_seq"] == 6 * 1024


def without_copies(found):
    sessions, _, files = found
    return [{name: one for name, one in part.items() if not name.startswith(MAIN_ID)} for part in (sessions, files)]


@pytest.mark.parametrize("seed", range(6))
def test_many_copies_are_settled_by_one_import(tmp_path, projects, seed):
    """Each may be found to repeat another one that was read after it, again and again: none is left to be read."""
    files = []
    for number in range(12):  # each goes on where the one before ended, so that all hold what is before them
        history = [line for part in range(number + 1) for line in talk(2, of=part, first=10 * part)]
        files.append(main_file(projects, f"dddddddd-0000-4000-8000-0000000000{number:02d}", *history))
    Random(seed).shuffle(files)
    with opened(tmp_path) as at:
        together(at, projects, files)  # which asserts that nothing is pending
        assert contents(at)[1]["messages"] == 24


@pytest.mark.parametrize("how", [one_by_one, together])
def test_a_fork_of_a_fork(tmp_path, projects, how):
    old, middle, young = talk(4), talk(4, of=2, first=10), talk(4, of=3, first=20)
    files = [
        main_file(projects, THIRD, *old, *middle, *young),
        main_file(projects, OTHER, *old, *middle, *talk(2, of=4, first=40)),
        main_file(projects, MAIN_ID, *old, *talk(2, of=5, first=50)),
    ]
    first, *others = results(tmp_path, projects, permutations(files), how)
    assert first[1]["messages"] == 4 + 4 + 4 + 2 + 2
    for other in others:
        assert other[1] == first[1]
        assert other[0] == first[0]


@pytest.mark.parametrize("how", [one_by_one, together])
def test_streams_that_share_single_messages(tmp_path, projects, how):
    def shared(*tokens):
        return [answered(900 + n, "s", uuid=None, message=f"msg_s{n}", output_tokens=t) for n, t in enumerate(tokens)]

    files = [
        main_file(projects, MAIN_ID, *talk(2), *shared(5, 1)),
        main_file(projects, OTHER, *talk(2, of=2), *shared(1, 9)),
        main_file(projects, THIRD, *talk(2, of=3), *shared(7, 3)),
    ]
    first, *others = results(tmp_path, projects, permutations(files), how)
    assert first[1]["messages"] == 6 + 2
    assert first[1]["tokens"]["output"] == 3 + 7 + 9
    assert all(other == first for other in others)


@pytest.mark.parametrize("scenario", ["client-2.1.330", "client-2.0.77", "client-1.0.128"])
def test_the_clients_own_forks(tmp_path, scenario):
    projects = CORPUS / scenario / "07-resume" / "config" / "projects"
    if not projects.is_dir():
        pytest.skip("the corpus is not here")
    files = sorted(projects.glob("*/*.jsonl"))
    orders = [files, files[::-1], files[1:] + files[:1]]
    first, *others = results(tmp_path, projects, orders, one_by_one)
    assert first[1]["messages"] > 0
    assert all(other == first for other in others)


# Subagents


def call(number, call_id, prompt, **fields):
    given = {"prompt": prompt, "subagent_type": "Explore", "description": f"d {call_id}"}
    return called(number, "Task", call_id, given, **fields)


def agent_lines(agent, prompt, of, **fields):
    fields = {"isSidechain": True, "agentId": agent, **fields}
    return [said(100, prompt, of=of, **fields), answered(101, "found", of=of, **fields)]


def tree(at):
    sessions, stats = catalogue(at)
    return {
        name: (one["parent_id"], one["spawned_by_seq"], one["description"], one["orphan"], one["subagents"])
        for name, one in sessions.items()
    }, stats


def test_client_2_1_with_an_agent_below_an_agent(tmp_path, projects):
    inner_call = [*agent_lines("a1", "look", 2), call(103, "t2", "deeper", of=2, isSidechain=True, agentId="a1")]
    folder = projects / "-p" / MAIN_ID / "subagents"
    files = [
        main_file(projects, MAIN_ID, said(0, "go"), call(1, "t1", "look"), returned(2, "t1", "done")),
        write(folder / "agent-a1.jsonl", jsonl(*inner_call)),
        write(folder / "agent-a2.jsonl", jsonl(*agent_lines("a2", "deeper", 3))),
        write(folder / "agent-a1.meta.json", json.dumps({"toolUseId": "t1"}).encode()),
        write(folder / "agent-a2.meta.json", json.dumps({"toolUseId": "t2", "parentAgentId": "a1"}).encode()),
    ]
    expected = {
        MAIN_ID: (None, None, None, False, 2),
        f"{MAIN_ID}.a1": (MAIN_ID, 1024, "d t1", False, 1),
        f"{MAIN_ID}.a1.a2": (f"{MAIN_ID}.a1", 2048, "d t2", False, 0),
    }
    for number, order in enumerate(permutations(files)):
        if number % 6:
            continue
        with opened(tmp_path / str(number)) as at:
            one_by_one(at, projects, order)
            found, stats = tree(at)
            assert found == expected, [path.name for path in order]
            assert stats["sessions"] == 1


def test_a_meta_file_that_comes_later(at, projects):
    main_file(projects, MAIN_ID, said(0, "go"), call(1, "t1", "one"), call(2, "t2", "two"))
    folder = projects / "-p" / MAIN_ID / "subagents"
    write(folder / "agent-a1.jsonl", jsonl(*agent_lines("a1", "not the prompt", 2)))
    take_in(at, projects)
    assert tree(at)[0][f"{MAIN_ID}.a1"] == (MAIN_ID, None, None, False, 0)
    write(folder / "agent-a1.meta.json", json.dumps({"toolUseId": "t2", "description": "mine"}).encode())
    take_in(at, projects)
    assert tree(at)[0][f"{MAIN_ID}.a1"] == (MAIN_ID, 2048, "mine", False, 0)


def test_client_2_0_files_lie_beside_the_main_one(tmp_path, projects):
    result = returned(2, "t1", "done", toolUseResult={"agentId": "a1", "status": "completed"})
    files = [
        write(projects / "-p" / "agent-a1.jsonl", jsonl(*agent_lines("a1", "look", 2))),
        write(projects / "-p" / "agent-w1.jsonl", jsonl(*agent_lines("w1", "Warmup", 3))),
        main_file(projects, MAIN_ID, said(0, "go"), call(1, "t1", "look"), result),
    ]
    for number, order in enumerate(permutations(files)):
        with opened(tmp_path / str(number)) as at:
            one_by_one(at, projects, order)
            found, stats = tree(at)
            assert found[f"{MAIN_ID}.a1"] == (MAIN_ID, 1024, "d t1", False, 0)
            assert found[f"{MAIN_ID}.w1"][0] == MAIN_ID
            assert found[MAIN_ID][4] == 2
            assert stats["sessions"] == 1


def test_orphans_are_listed_until_their_parent_comes(at, projects):
    folder = projects / "-p" / MAIN_ID / "subagents"
    write(folder / "agent-a1.jsonl", jsonl(*agent_lines("a1", "look", 2)))
    take_in(at, projects)
    found, stats = tree(at)
    assert found == {f"{MAIN_ID}.a1": (None, None, None, True, 0)}
    assert (stats["sessions"], stats["lines"], stats["messages"]) == (0, 2, 1)
    main_file(projects, MAIN_ID, said(0, "go"), call(1, "t1", "look"))
    take_in(at, projects)
    found, stats = tree(at)
    assert found[f"{MAIN_ID}.a1"] == (MAIN_ID, 1024, "d t1", False, 0)
    assert stats["sessions"] == 1


@pytest.mark.parametrize("version", ["client-2.1.330", "client-2.0.77", "client-1.0.128"])
def test_the_clients_own_trees(tmp_path, version):
    folders = sorted((CORPUS / version).glob("*/config/projects"))
    if not folders:
        pytest.skip("the corpus is not here")
    orders = {"given": lambda files: files, "reversed": lambda files: files[::-1]}
    found = {}
    for name, order in orders.items():
        with opened(tmp_path / name) as at:
            take_in(at, *folders, order=order)
            found[name] = tree(at)
    assert found["given"] == found["reversed"]
    sessions, _ = found["given"]
    agents = {name for name, session in sessions.items() if session[0]}
    assert bool(agents) == (version != "client-1.0.128")
    for name in agents:
        assert name.startswith(sessions[name][0] + ".")


# Two clients


@pytest.mark.parametrize(
    "how",
    [
        "at once",
        "main last",
    ],
)
def test_two_clients_with_one_session_keep_their_own_subagents(tmp_path, how):
    """A home folder that was copied to another machine: the same names, and each goes on alone."""
    root = tmp_path / "fleet"
    for host in ("one", "two"):
        projects = root / host / "projects"
        main_file(projects, MAIN_ID, said(0, "go"), call(1, "t1", "look"), said(3, f"on {host}", of=9))
        folder = projects / "-p" / MAIN_ID
        write(folder / "subagents" / "agent-a1.jsonl", jsonl(*agent_lines("a1", "look", 2)))
        write(folder / "tool-results" / "a.txt", host.encode())
    with opened(tmp_path) as at:
        if how == "main last":  # of the second client; in another batch, say
            take_in(at, root, host_from_path=True, order=lambda files: [f for f in files if f.host == "one"])
            take_in(at, root, host_from_path=True, order=lambda files: [f for f in files if f.kind != "main"])
        take_in(at, root, host_from_path=True)
        sessions, stats = catalogue(at)
        for session in sessions.values():
            if session["parent_id"]:
                assert session["host"] == sessions[session["parent_id"]]["host"]
        assert len(sessions) == 4
        assert stats["sessions"] == 2
        assert {path for path, _, _ in sealed_files(at).values()} == {
            f"-p/{MAIN_ID}.jsonl",
            f"-p/{MAIN_ID}/subagents/agent-a1.jsonl",
        }
