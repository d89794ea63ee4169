"""``session-replay export``: to a file or a pipe, also beside a server."""

import csv
import io
import signal
import stat
import subprocess
import sys

import pytest

from ingest.lines import MAIN_ID, jsonl, said, talk, write
from server.conftest import Running, environment
from server.test_serve import awaited

OTHER_ID = "aaaaaaaa-0000-4000-8000-000000000002"
AGENT_ID = f"{MAIN_ID}.a1"


@pytest.fixture
def data(tmp_path, projects, run):
    """A session with a subagent's, and one whose id begins alike."""
    write(projects / "-p" / f"{MAIN_ID}.jsonl", jsonl(*talk(300)))
    write(projects / "-p" / f"{OTHER_ID}.jsonl", jsonl(said(0, "=other")))
    agent = said(0, "look", isSidechain=True, agentId="a1")
    write(projects / "-p" / MAIN_ID / "subagents" / "agent-a1.jsonl", jsonl(agent))
    folder = tmp_path / "data"
    assert run("import", projects, "--data", folder).code == 0
    return folder


def seen(folder):
    return {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in folder.iterdir()}


def test_a_session_is_printed(run, data, projects):
    raw = (projects / "-p" / f"{MAIN_ID}.jsonl").read_text()
    before = seen(data)
    assert run("export", MAIN_ID, "--format", "jsonl", "--data", data).out == raw
    table = run("export", OTHER_ID, "--format", "csv", "--data", data)
    (row,) = csv.DictReader(io.StringIO(table.out))
    assert row["text"] == "'=other"
    assert (table.code, table.err) == (0, "")
    assert {name: seen(data)[name] for name in before} == before


def test_a_file_is_written_whole_for_its_owner_alone(run, data, projects, tmp_path):
    file = tmp_path / "out" / "session.jsonl"
    file.parent.mkdir()
    file.write_text("older")
    ran = run("export", MAIN_ID, "--format", "jsonl", "--data", data, "--output", file)
    assert (ran.code, ran.out) == (0, "")
    assert file.read_bytes() == (projects / "-p" / f"{MAIN_ID}.jsonl").read_bytes()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.parametrize(
    ("name", "found"),
    [(MAIN_ID, MAIN_ID), (f"{MAIN_ID}.", AGENT_ID), (AGENT_ID, AGENT_ID)],
)
def test_the_beginning_of_an_id_is_enough(run, data, name, found):
    ran = run("export", name, "--format", "jsonl", "--data", data)
    assert ran.code == 0, ran.err
    assert ("look" in ran.out) == (found == AGENT_ID)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("aaaaaaaa", f"several sessions begin with aaaaaaaa: {MAIN_ID}, {OTHER_ID}"),
        ("AAAAAAAA", "no session AAAAAAAA: ids look like"),
        ("bbbb", "no session bbbb: ids look like"),
        ("%", "no session %"),
        ("", "no session"),
        ("é", "no session"),
    ],
)
def test_what_names_no_session_is_refused(run, data, name, words):
    ran = run("export", name, "--format", "csv", "--data", data)
    assert (ran.code, ran.out) == (2, "")
    assert words in ran.err


def test_where_nothing_is_nothing_is_made(run, tmp_path):
    ran = run("export", MAIN_ID, "--format", "csv", "--data", tmp_path / "none")
    assert ran.code == 2
    assert "holds no data" in ran.err
    assert not (tmp_path / "none").exists()


def test_a_file_that_cannot_be_written_is_said(run, data, tmp_path):
    for place in (tmp_path / "none" / "x.csv", tmp_path):
        ran = run("export", MAIN_ID, "--format", "csv", "--data", data, "--output", place)
        assert ran.code == 2
        assert f"{place} cannot be written: " in ran.err


def test_without_its_key_nothing_is_read(run, data, tmp_path):
    ran = run("export", MAIN_ID, "--format", "csv", "--data", data, SESSION_REPLAY_KEY_FILE=str(tmp_path / "other"))
    assert ran.code == 2
    assert "key" in ran.err


def test_a_reader_that_goes_is_no_error(data, tmp_path, projects, run):
    write(projects / "-p" / f"{MAIN_ID}.jsonl", jsonl(*talk(20_000)))
    assert run("import", projects, "--data", data).code == 0
    command = [sys.executable, "-m", "session_replay", "export", MAIN_ID, "--format", "jsonl", "--data", str(data)]
    with subprocess.Popen(
        command, env=environment(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        process.stdout.read(10)
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(timeout=60) == 141


@pytest.mark.parametrize("ends", [None, signal.SIGKILL])
def test_a_server_may_hold_the_data_or_have_died_with_it(run, serve_on, data, projects, ends):
    server = serve_on(data)
    raw = (projects / "-p" / f"{MAIN_ID}.jsonl").read_bytes() + jsonl(said(500, "grown"))
    write(projects / "-p" / f"{MAIN_ID}.jsonl", raw)
    awaited(lambda: server.get(f"/api/sessions/{MAIN_ID}")["lines"] == 301)
    if ends is not None:
        server.end(ends)
        (data / "catalogue.sqlite-shm").unlink()
        assert (data / "catalogue.sqlite-wal").stat().st_size > 0
    ran = run("export", MAIN_ID, "--format", "jsonl", "--data", data)
    assert ran.code == 0, ran.err
    assert ran.out.encode() == raw
    if ends is None:
        assert server.get("/api/status")


@pytest.fixture
def serve_on(tmp_path, projects):
    """Starts a server on a data folder; it is ended after the test."""
    started = []

    def start(data):
        command = [sys.executable, "-m", "session_replay", "serve", "--port", "0", "--data", str(data)]
        process = subprocess.Popen(
            [*command, "--transcripts", str(projects)],
            env=environment(tmp_path),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(process)
        server = Running(process)
        started.append(server.http)
        return server

    yield start
    for one in started:
        if isinstance(one, subprocess.Popen):
            if one.poll() is None:
                one.kill()
            one.wait()
            one.stdout.close()
        else:
            one.close()
