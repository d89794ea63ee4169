"""The fleet from the command line: real servers, real collectors."""

import contextlib
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time

import pytest

from ingest.lines import MAIN_ID, jsonl, talk, write
from server.conftest import Running, environment
from session_replay.collector import remote
from session_replay.collector.state import State, Status
from session_replay.protocol import Enrolment

DEADLINE_SECONDS = 30


def waited(true, what):
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not (found := true()):
        assert time.monotonic() < deadline, f"waited in vain: {what}"
        time.sleep(0.05)
    return found


@pytest.fixture
def start(tmp_path):
    """Starts commands that go on; ends them after the test."""
    started = []

    def start(*words):
        process = subprocess.Popen(
            [sys.executable, "-m", "session_replay", *map(str, words)],
            env=environment(tmp_path),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        process.wait()
        process.stdout.close()


@pytest.fixture
def serve(tmp_path, start):
    """Starts servers that follow nothing of their own."""
    with contextlib.ExitStack() as opened:

        def serve(port=0):
            data, none = tmp_path / "data", tmp_path / "none"
            running = Running(start("serve", "--port", port, "--data", data, "--transcripts", none))
            opened.callback(running.http.close)
            return running

        yield serve


@pytest.fixture
def server(serve):
    return serve()


@pytest.fixture
def token(tmp_path, run, server):
    assert server.process.poll() is None  # which is asked by its socket
    made = run("clients", "add", "The builder", "--data", tmp_path / "data", "--print-token")
    assert made.code == 0, made.err
    return made.out.split()[-1]


def session_file(projects, number=1):
    return projects / "-p" / f"{MAIN_ID[:-1]}{number}.jsonl"


def clients(server):
    """Those of collectors: the server is a client of its own, too."""
    return [one for one in server.get("/api/clients")["items"] if one["enrolled_at"]]


def test_a_collector_ships_follows_and_says_how_it_is(server, token, run, start, tmp_path, projects):
    write(session_file(projects), jsonl(*talk(10)))
    write(session_file(projects, 2), jsonl(*talk(4, of=2)))
    state = tmp_path / "state"
    words = ["collect", "--server", server.base, "--state", state, "--transcripts", projects]
    collector = start(*words, "--token", token, "--exclude", f"*{MAIN_ID[:-1]}2.jsonl")
    waited(lambda: server.get("/api/sessions")["total"] == 1, "the session")
    waited(lambda: server.get(f"/api/sessions/{MAIN_ID}")["lines"] == 10, "its lines")
    with session_file(projects).open("ab") as file:
        file.write(jsonl(*talk(2, first=10)))
    waited(lambda: server.get(f"/api/sessions/{MAIN_ID}")["lines"] == 12, "what it grew by")
    (client,) = waited(lambda: [one for one in clients(server) if one["state"] == "online"], "the report")
    assert client["label"] == "The builder"
    waited(lambda: run("collect", "--status", "--state", state).code == 0, "all is well")
    said = run("collect", "--status", "--state", state, "--json").summary
    assert (said["running"], said["files"], said["files_done"], said["faults"]) == (True, 1, 1, [])

    assert run("collect", "--pause", "--state", state).code == 0
    waited(lambda: run("collect", "--status", "--state", state, "--json").out.find('"paused":true') > 0, "the pause")
    with session_file(projects).open("ab") as file:
        file.write(jsonl(*talk(2, first=12)))
    waited(lambda: run("collect", "--status", "--state", state).code == 1, "something is unshipped")
    assert server.get(f"/api/sessions/{MAIN_ID}")["lines"] == 12
    assert run("collect", "--resume", "--state", state).code == 0
    waited(lambda: server.get(f"/api/sessions/{MAIN_ID}")["lines"] == 14, "it went on")

    # Two with one state folder would be one too many.
    for more in (words, ["import", projects, "--server", server.base, "--state", state]):
        second = run(*more)
        assert second.code == 2
        assert "another collector runs" in second.err
    collector.send_signal(signal.SIGTERM)
    assert collector.wait(timeout=DEADLINE_SECONDS) == 0
    stopped = run("collect", "--status", "--state", state)
    assert stopped.code == 1
    assert "not running" in stopped.out


def test_a_collector_that_is_paused_before_it_starts_sends_nothing(server, token, run, start, tmp_path, projects):
    write(session_file(projects), jsonl(*talk(10)))
    state = tmp_path / "state"
    assert run("collect", "--pause", "--state", state).code == 0
    start("collect", "--server", server.base, "--token", token, "--state", state, "--transcripts", projects)
    found = waited(lambda: one_file(run("collect", "--status", "--state", state, "--json")), "its first words")
    assert (found["paused"], found["files_done"]) == (True, 0)
    assert server.get("/api/sessions")["total"] == 0


def one_file(status):
    """What a collector that has found its file says."""
    said = json.loads(status.out) if status.out else {}
    return said.get("files") == 1 and said


def test_a_collector_that_lost_its_state_sends_nothing_twice(server, token, run, tmp_path, projects):
    write(session_file(projects), jsonl(*talk(10)))
    words = ["import", projects, "--server", server.base, "--token", token, "--json"]
    first = run(*words, "--state", tmp_path / "one").summary
    assert (first["files"], first["stored_bytes"]) == (1, session_file(projects).stat().st_size)
    again = run(*words, "--state", tmp_path / "two").summary
    assert (again["files"], again["stored_bytes"]) == (1, 0)
    (client,) = clients(server)
    assert [alarm["kind"] for alarm in client["alarms"]] == ["enrolled-again"]
    assert re.search(
        r"! Its token was redeemed again: .* First on \d{4}-", run("clients", "list", "--data", tmp_path / "data").out
    )
    waited(lambda: server.get("/api/stats")["lines"] == 10, "the lines")
    data = server.get("/api/stats")
    assert (data["sessions"], data["lines_with_entries"]) == (1, 10)


def test_a_revoked_collector_is_told_so(server, token, run, tmp_path, projects):
    write(session_file(projects), jsonl(*talk(4)))
    words = ["import", projects, "--server", server.base, "--token", token, "--state", tmp_path / "state", "--json"]
    assert run(*words).code == 0
    revoked = run("clients", "revoke", "The builder", "--data", tmp_path / "data")
    assert revoked.code == 0, revoked.err
    with session_file(projects).open("ab") as file:
        file.write(jsonl(*talk(2, first=4)))
    refused = run(*words)
    assert refused.code == 2
    assert "revoked" in refused.err
    assert run("clients", "revoke", "The builder", "--undo", "--data", tmp_path / "data").code == 0
    assert run(*words).summary["stored_bytes"] > 0


def test_a_new_token_lets_a_collector_go_on_that_the_server_does_not_know_any_more(
    serve, run, start, tmp_path, projects
):
    data, state = tmp_path / "data", tmp_path / "state"

    def token():
        return run("clients", "add", "laptop", "--data", data, "--print-token").out.split()[-1]

    def collect(token):
        return start("collect", "--server", server.base, "--token", token, "--state", state, "--transcripts", projects)

    first, server = token(), serve()
    write(session_file(projects), jsonl(*talk(10)))
    collector = collect(first)
    waited(lambda: server.get("/api/stats")["lines"] == 10, "the lines")
    # The server's data is made anew, at the same address.
    server.end()
    data.rename(tmp_path / "before")
    second, server = token(), serve(server.base.rpartition(":")[2])
    with session_file(projects).open("ab") as file:
        file.write(jsonl(*talk(2, first=10)))
    waited(lambda: "enrol again with a token" in run("collect", "--status", "--state", state).out, "the refusal")
    collector.send_signal(signal.SIGTERM)
    assert collector.wait(timeout=DEADLINE_SECONDS) == 0
    collect(second)
    waited(lambda: server.get("/api/stats")["lines"] == 12, "the lines, on the new server")
    waited(lambda: run("collect", "--status", "--state", state).code == 0, "all is well")
    (client,) = clients(server)
    assert (client["label"], client["alarms"]) == ("laptop", [])


def test_a_token_that_was_redeemed_is_not_redeemed_again_by_itself(server, token, run, tmp_path, projects):
    write(session_file(projects), jsonl(*talk(4)))
    words = ["import", projects, "--server", server.base, "--token", token]
    assert run(*words, "--state", tmp_path / "one").code == 0
    assert run(*words, "--state", tmp_path / "two").code == 0
    refused = run(*words, "--state", tmp_path / "one")
    assert refused.code == 2
    assert "enrol again" in refused.err
    (client,) = clients(server)
    assert [(alarm["kind"], alarm["count"]) for alarm in client["alarms"]] == [("enrolled-again", 1)]


def test_what_a_client_calls_itself_forges_no_rows_of_the_list(server, token, run, tmp_path):
    hostile = Enrolment(token, "srv\x1b[2J\u202e", "root\nfffffff  online    ok@build", "Linux", "1", "m")
    made = remote.enrol(server.base, hostile)
    listed = run("clients", "list", "--data", tmp_path / "data").out
    (row,) = [line for line in listed.splitlines() if made.client in line]
    assert r"root\nfffffff  online    ok@build@srv\x1b[2J\u202e (The builder)" in row
    revoked = run("clients", "revoke", made.client, "--data", tmp_path / "data").out
    assert revoked.startswith(r"root\nfffffff")
    assert not any(ord(character) < 32 for character in listed + revoked if character != "\n")


def test_clients_are_administered_with_and_without_a_server(run, serve, tmp_path):
    data = tmp_path / "data"

    def labels():
        listed = json.loads(run("clients", "list", "--json", "--data", data).out)["items"]
        return [one["label"] for one in listed if one["label"]]

    unmade = run("clients", "list", "--data", data)
    assert (unmade.code, data.exists()) == (2, False)
    assert "holds no data" in unmade.err
    made = run("clients", "add", "laptop", "--data", data, "--server", "https://replay.example")
    assert f"There was no data in {data}" in made.err
    assert "Made a new key" in made.err
    assert "No clients yet" in run("clients", "list", "--data", data).out
    assert re.search(r"session-replay collect --server https://replay\.example --token srt_\S+", made.out)
    assert run("clients", "add", "  ", "--data", data).code == 2
    assert run("clients", "revoke", "laptop", "--data", data).code == 2  # nobody redeemed the token yet
    server = serve()
    (tmp_path / "projects").mkdir()
    token = made.out.split("--token ")[1].split()[0]
    shipped = run("import", tmp_path / "projects", "--server", server.base, "--token", token)
    assert shipped.code == 0, shipped.err
    assert run("clients", "rename", "laptop", "desk", "--data", data).code == 0
    assert labels() == ["desk"]
    # Another account of the machine may not use the server's socket.
    assert (data / "admin.sock").stat().st_mode & 0o077 == 0
    server.end()
    assert not (data / "admin.sock").exists()
    assert labels() == ["desk"]


@pytest.mark.parametrize(
    "url",
    [
        "http://replay.example",
        "ftp://127.0.0.1",
        "replay.example",
        "https://",
        "http://[::1",
        "https://replay.example:port",
        "https://replay.example/a b;rm",
        "https://replay.example/\x1b",
    ],
)
def test_transcripts_never_travel_in_clear(run, tmp_path, projects, url):
    refused = run("collect", "--server", url, "--token", "srt_x", "--state", tmp_path / "state")
    assert refused.code == 2
    assert "https" in refused.err
    assert "not enrolled" in run("collect", "--state", tmp_path / "state").err
    assert run("import", projects, "--server", url, "--token", "srt_x", "--state", tmp_path / "state").code == 2
    # Nobody is told to collect for it, either.
    added = run("clients", "add", "laptop", "--server", url, "--data", tmp_path / "data")
    assert (added.code, added.out, (tmp_path / "data").exists()) == (2, "", False)


def test_the_command_to_paste_is_one_command_whatever_the_address_holds(run, tmp_path):
    url = "https://replay.example/$(id);rm"
    made = run("clients", "add", "laptop", "--server", url, "--data", tmp_path / "data")
    command = next(line for line in made.out.splitlines() if "--server" in line)
    assert shlex.split(command)[:4] == ["session-replay", "collect", "--server", url]


@pytest.mark.parametrize("words", [[], ["--pause"]])
def test_a_state_folder_that_cannot_be_made_is_said_to_be_so(run, tmp_path, words):
    (tmp_path / "file").touch()
    said = run("collect", "--state", tmp_path / "file" / "state", *words)
    assert said.code == 2
    assert said.err.splitlines() == [f"session-replay: {tmp_path}/file/state cannot be written: Not a directory"]


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_certificates_that_are_none_are_said_at_once(run, tmp_path, content):
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)
    words = ["collect", "--server", "https://127.0.0.1:1", "--token", "srt_x", "--state", tmp_path / "state"]
    why = "cannot be read: No such file or directory" if content is None else "holds no certificates (PEM)"
    said = run(*words, "--ca-file", file)
    assert (said.code, said.err) == (2, f"session-replay: --ca-file {file} {why}\n")
    said = run(*words, SSL_CERT_FILE=str(file))
    assert (said.code, said.err) == (2, f"session-replay: SSL_CERT_FILE {file} {why}\n")


@pytest.mark.parametrize(
    ("size", "words"),
    [(0, "0 bytes"), (1, "1 byte"), (999, "999 bytes"), (1_000, "1.0 kB"), (48_300_000, "48.3 MB")],
)
def test_the_status_tells_a_few_missing_bytes_from_none(run, tmp_path, size, words):
    state = State(tmp_path / "state")
    state.make()
    state.write_status(Status(0, 0, "https://x", "/p", False, 2, 1, 50_000_000, 50_000_000 - size, None, ""))
    said = run("collect", "--status", "--state", tmp_path / "state").out
    assert f"1 of 2 files shipped, {words} to go" in said


def test_a_token_without_a_server_is_not_taken_for_an_import_into_the_own_data(run, tmp_path, projects):
    refused = run("import", projects, "--token", "srt_x")
    assert refused.code == 2
    assert "--server" in refused.err
    assert not (tmp_path / "home" / "data").exists()


def test_a_server_that_is_away_is_waited_for(run, start, serve, tmp_path, projects):
    data = tmp_path / "data"
    token = run("clients", "add", "laptop", "--data", data, "--print-token").out.split()[-1]
    probe = serve()
    port = probe.base.rpartition(":")[2]
    write(session_file(projects), jsonl(*talk(4)))
    words = ["--server", probe.base, "--token", token, "--state", tmp_path / "state", "--transcripts", projects]
    collector = start("collect", *words)
    waited(lambda: probe.get("/api/sessions")["total"] == 1, "the session")
    os.kill(probe.process.pid, signal.SIGKILL)
    probe.process.wait()
    with session_file(projects).open("ab") as file:
        file.write(jsonl(*talk(4, first=4)))
    status = ["collect", "--status", "--state", tmp_path / "state"]
    waited(lambda: "cannot be reached" in run(*status).out, "the status says why")
    again = serve(port)
    waited(lambda: again.get(f"/api/sessions/{MAIN_ID}")["lines"] == 8, "the rest")
    assert collector.poll() is None
