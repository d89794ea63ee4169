import base64
import os
import secrets
import socket

import pytest
from filelock import FileLock

from ingest.lines import MAIN_ID, answered, called, jsonl, said, talk, write


def files_of(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_an_import_sums_up_and_a_second_one_is_quick(run, projects, tmp_path):
    write(projects / "-p" / f"{MAIN_ID}.jsonl", jsonl(*talk(6), b"damaged\n"))
    write(projects / "-p" / MAIN_ID / "tool-results" / "a.txt", b"spilled")
    (projects / "-p" / "folder.jsonl").mkdir()
    first = run("import", projects, "--data", tmp_path / "data", "--json")
    summary = first.summary
    assert (summary["files"], summary["unchanged_files"], summary["sessions"]) == (2, 0, 1)
    assert summary["lines"] == summary["lines_with_entries"] == 7
    assert summary["damaged_lines"] == 1
    assert [fault["path"] for fault in summary["faults"]] == [str(projects / "-p" / "folder.jsonl")]
    assert "Made a new key" in first.err
    again = run("import", projects, "--data", tmp_path / "data", "--json")
    assert again.summary["unchanged_files"] == 2
    assert again.summary["stored_bytes"] == 0
    stored = ("sessions", "subagent_sessions", "entries", "lines", "lines_with_entries", "damaged_lines")
    assert [again.summary[name] for name in stored] == [summary[name] for name in stored]
    assert again.err == ""
    with FileLock(tmp_path / "data" / "lock"):  # the quick path needs nothing that a server holds
        assert run("import", projects, "--data", tmp_path / "data", "--json").summary["unchanged_files"] == 2
        write(projects / "-p" / "new.jsonl", jsonl(*talk(2, of=5)))
        busy = run("import", projects, "--data", tmp_path / "data", "--json")
        assert (busy.code, busy.out) == (2, "")
        assert "another session-replay process" in busy.err
    os.utime(projects / "-p" / f"{MAIN_ID}.jsonl")
    touched = run("import", projects, "--data", tmp_path / "data", "--json").summary
    assert touched["stored_bytes"] == (projects / "-p" / "new.jsonl").stat().st_size
    assert touched["rewritten_files"] == 0
    assert "1 line is damaged" in run("import", projects, "--data", tmp_path / "data").out


def test_what_is_said_for_people(run, projects, tmp_path):
    path = write(projects / "-p" / f"{MAIN_ID}.jsonl", jsonl(*talk(6)))
    assert "6 of 6 lines shown" in run("import", projects, "--data", tmp_path / "data").out
    write(path, jsonl(*talk(4, of=2)))
    assert "1 files were rewritten" in run("import", projects, "--data", tmp_path / "data").out


def test_hosts_may_be_taken_from_the_folders(run, tmp_path):
    for host in ("one", "two"):
        write(tmp_path / "fleet" / host / "projects" / "-p" / f"{MAIN_ID}.jsonl", jsonl(*talk(4)))
    ran = run("import", tmp_path / "fleet", "--host-from-path", "--data", tmp_path / "data", "--json")
    assert ran.summary["sessions"] == 2


def test_without_projects_there_is_nothing_and_no_error(run, projects, tmp_path):
    assert run("import", projects, "--data", tmp_path / "data", "--json").summary["files"] == 0


@pytest.mark.parametrize(
    ("words", "environment", "said"),
    [
        (["import", "{tmp}/nowhere"], {}, "nowhere"),
        (["import", "{tmp}/projects", "--data", "{tmp}/file"], {}, "file"),
        (["import", "{tmp}/file"], {}, "file"),
        (["import", "{tmp}/projects"], {"SESSION_REPLAY_KEY": "short"}, "key"),
        (
            ["import", "{tmp}/projects"],
            {"SESSION_REPLAY_CONTAINER": "1", "SESSION_REPLAY_KEY_FILE": None},
            "SESSION_REPLAY_KEY_FILE",
        ),
        (["serve", "--port", "0", "--host", "0.0.0.0"], {}, "127.0.0.1"),
        (["clients", "list", "--data", "{tmp}/nowhere"], {}, "holds no data"),
        (["collect", "--status", "--state", "{tmp}/nowhere"], {}, "nowhere"),
        (["serve", "--port", "0"], {"SESSION_REPLAY_API_KEY": "short"}, "32"),
    ],
)
@pytest.mark.usefixtures("projects")
def test_what_cannot_be_done_is_said_in_a_line(run, tmp_path, words, environment, said):
    write(tmp_path / "file", b"x")
    ran = run(*(word.format(tmp=tmp_path) for word in words), **environment)
    assert ran.code == 2
    assert ran.err.startswith("session-replay: ")
    assert said in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize("port", ["99999", "-1", "http"])
def test_a_wrong_port_is_said_before_anything_is_made(run, tmp_path, port):
    ran = run("serve", f"--port={port}", "--data", tmp_path / "data")
    assert ran.code == 2
    assert f"'{port}' is no port" in ran.err
    assert not (tmp_path / "data").exists()


def test_a_port_that_is_taken_is_said_before_anything_is_made(run, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ran = run("serve", "--port", str(port), "--data", tmp_path / "data")
    assert ran.code == 2
    assert (
        ran.err == f"session-replay: cannot listen on 127.0.0.1:{port}: something else listens there already; "
        "choose another --port\n"
    )
    assert not (tmp_path / "data").exists()


def test_without_a_command_the_commands_are_listed_and_each_says_what_it_does(run):
    ran = run()
    assert ran.code == 2
    for command in ("serve", "import", "collect", "clients", "export"):
        assert f"    {command} " in ran.out
        assert ".\n\n" in run(command, "--help").out


def test_a_missing_key_stops_it_and_makes_none(run, projects, tmp_path):
    write(projects / "-p" / f"{MAIN_ID}.jsonl", jsonl(*talk(2)))
    run("import", projects, "--data", tmp_path / "data")
    key = tmp_path / "secret" / "the.key"
    key_id = key.read_text().split()[1]
    key.unlink()
    for _ in range(2):
        ran = run("import", projects, "--data", tmp_path / "data")
        assert ran.code == 2
        assert key_id in ran.err
    assert not key.exists()


def test_a_folder_whose_making_was_cut_short_is_made_whole(run, projects, tmp_path):
    """Tables and no organization: what a kill between the two leaves."""
    from session_replay.store.database import Database, sqlite_url
    from session_replay.store.migrations import upgrade

    write(projects / "-p" / f"{MAIN_ID}.jsonl", jsonl(*talk(2)))
    (tmp_path / "data").mkdir()
    database = Database(sqlite_url(tmp_path / "data" / "catalogue.sqlite"))
    database.write(upgrade)
    database.close()
    assert run("import", projects, "--data", tmp_path / "data", "--json").summary["sessions"] == 1


def test_nothing_that_was_said_or_named_lies_readable_in_the_data_folder(run, tmp_path):
    """Every place a name or text can come from holds a canary of its own, long enough to be told from chance."""
    canaries = {place: "canary" + secrets.token_hex(12) for place in PLACES}
    projects = tmp_path / canaries["host"] / "projects"
    project = projects / f"-{canaries['folder']}"
    fields = {"cwd": f"/{canaries['cwd']}", "gitBranch": canaries["branch"], "version": canaries["version"]}
    lines = [
        said(0, canaries["prompt"], **fields),
        answered(1, canaries["answer"], **fields),
        called(2, canaries["tool"], "t1", {"command": canaries["command"]}, **fields),
        {"type": "custom-title", "customTitle": canaries["title"], "sessionId": MAIN_ID},
        said(3, "again", permissionMode=canaries["mode"]),
        canaries["damaged"].encode() + b"\n",
    ]
    lines[1]["message"]["model"] = canaries["model"]
    path = write(project / f"{MAIN_ID}.jsonl", jsonl(*lines))
    write(project / f"{canaries['name']}.jsonl", jsonl(*talk(2, of=2)))
    folder = project / MAIN_ID
    write(folder / "tool-results" / f"{canaries['attached']}.txt", canaries["attachment"].encode())
    write(folder / "subagents" / "agent-a1.jsonl", jsonl(*talk(2, of=3)))
    write(folder / "subagents" / "agent-a1.meta.json", b'{"description":"%s"}' % canaries["description"].encode())
    data = tmp_path / "data"
    assert run("import", tmp_path / canaries["host"], "--host-from-path", "--data", data, "--json").code == 0
    write(path, jsonl(*lines[:2]))
    assert run("import", tmp_path / canaries["host"], "--host-from-path", "--data", data, "--json").code == 0
    stored = files_of(data)
    assert sum(map(len, stored.values())) > 50_000
    for canary in canaries.values():
        forms = [
            canary.encode(),
            canary.encode("utf-16-le"),
            canary.encode("utf-16-be"),
            canary.encode().hex().encode(),
        ]
        forms += [base64.b64encode(b"." * shift + canary.encode())[4:-4] for shift in range(3)]
        for path, raw in stored.items():
            assert not [form for form in forms if form in raw], (canary, path)
            assert canary not in path.name


PLACES = (
    *("host", "folder", "cwd", "branch", "version", "prompt", "answer", "tool", "command", "title", "mode"),
    *("damaged", "model", "name", "attached", "attachment", "description"),
)


def test_whatever_is_taken_in_together_and_in_whichever_order_no_session_comes_twice(run, tmp_path):
    one, two = tmp_path / "above" / "one", tmp_path / "above" / "two"
    for number in range(3):
        write(one / "projects" / "-p" / f"{MAIN_ID[:-1]}{number}.jsonl", jsonl(*talk(4, of=number)))
        write(two / "projects" / "-p" / f"{MAIN_ID[:-1]}{number + 3}.jsonl", jsonl(*talk(4, of=number + 3)))

    def imported(*paths):
        summary = run("import", *paths, "--data", tmp_path / "data", "--json").summary
        assert summary["rewritten_files"] == 0
        return summary["files"], summary["sessions"]

    assert imported(tmp_path / "above") == (6, 6)
    copied = two / "projects" / "-p" / f"{MAIN_ID[:-1]}4.jsonl"
    write(one / "projects" / "-p" / copied.name, copied.read_bytes())
    assert imported(tmp_path / "above") == (7, 7)
    for paths in ([one, two], [two, one], [two, one, two], [tmp_path / "above", one], [two / "projects", one]):
        assert imported(*paths) == (7, 7)


def test_two_folders_with_one_address_are_both_taken_and_do_not_rewrite_each_other(run, tmp_path):
    folders = [tmp_path / name / "projects" for name in ("one", "two")]
    for number, folder in enumerate(folders):
        write(folder / "-p" / f"{MAIN_ID}.jsonl", jsonl(*talk(4, of=number)))
    for _ in range(2):
        summary = run("import", *folders, "--data", tmp_path / "data", "--json").summary
        assert (summary["files"], summary["rewritten_files"]) == (2, 0)
    assert summary["unchanged_files"] == 2


@pytest.mark.parametrize("command", ["import", "serve"])
def test_a_catalogue_or_key_that_cannot_be_used_is_one_sentence(run, projects, tmp_path, command):
    words = ["import", projects] if command == "import" else ["serve", "--port", 0, "--transcripts", projects]
    catalogue = write(tmp_path / "damaged" / "catalogue.sqlite", b"this is no database\n" * 50)
    key = write(tmp_path / "bad.key", b"YWJj")
    ran = run(*words, "--data", catalogue.parent)
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert f"{catalogue} cannot be read" in ran.err
    ran = run(*words, "--data", tmp_path / "data", SESSION_REPLAY_KEY_FILE=str(key))
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert f"{key} holds no key" in ran.err
    ran = run(*words, "--data", tmp_path / "data", SESSION_REPLAY_KEY="YWJj")
    assert (ran.code, ran.out, ran.err) == (
        2,
        "",
        "session-replay: SESSION_REPLAY_KEY is no key: a key is 32 bytes, this one has 3\n",
    )
