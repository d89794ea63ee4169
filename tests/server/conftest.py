import contextlib
import os
import re
import signal
import subprocess
import sys

import httpx
import pytest
from litestar.testing import TestClient

from ingest.lines import MAIN_ID, jsonl, opened, take_in, talk, write
from session_replay.server.app import make_app, make_services

API_KEY = "k" * 32
ADDRESS = re.compile(r"(http://[^/]+)/\?token=(\S+)")


@pytest.fixture
def projects(tmp_path):
    folder = tmp_path / "projects"
    folder.mkdir()
    return folder


@pytest.fixture
def at(tmp_path, projects):
    """A store with one session of 200 lines, 400 bytes each."""
    write(projects / "-p" / f"{MAIN_ID}.jsonl", jsonl(*talk(200)))
    with opened(tmp_path) as at:
        take_in(at, projects)
        yield at


@pytest.fixture
def services(at):
    return make_services(at, user="ada", api_key=API_KEY, host="127.0.0.1")


@pytest.fixture
def anonymous(services):
    with TestClient(make_app(services), base_url="http://127.0.0.1:8420", raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def client(anonymous):
    anonymous.headers["Authorization"] = f"Bearer {API_KEY}"
    return anonymous


class Running:
    """A server process; signed in."""

    def __init__(self, process):
        self.process = process
        while True:
            line = process.stdout.readline()
            assert line, "the server ended"
            if found := ADDRESS.search(line):
                break
        self.base, self.token = found.groups()
        self.http = httpx.Client(base_url=self.base, headers={"Authorization": f"Bearer {API_KEY}"}, timeout=20)

    def get(self, path, **parameters):
        answer = self.http.get(path, params=parameters)
        answer.raise_for_status()
        return answer.json()

    def end(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        return self.process.wait(timeout=20)


def environment(tmp_path):
    """Nothing of the developer's own: every folder that is asked for lies below the test's."""
    home = tmp_path / "home"
    home.mkdir(exist_ok=True)
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    return kept | {
        "HOME": str(home),
        "XDG_DATA_HOME": str(home / "data"),
        "XDG_CONFIG_HOME": str(home / "config"),
        "SESSION_REPLAY_NO_BROWSER": "1",
        "SESSION_REPLAY_API_KEY": API_KEY,
        "SESSION_REPLAY_KEY_FILE": str(tmp_path / "secret" / "the.key"),
        "PYTHONUNBUFFERED": "1",
    }


@pytest.fixture
def serve(tmp_path, projects):
    """Starts servers that follow ``projects``; ends those that the test leaves."""
    command = [sys.executable, "-m", "session_replay", "serve", "--port", "0", "--data", str(tmp_path / "data")]
    with contextlib.ExitStack() as started:

        def start():
            process = started.enter_context(
                subprocess.Popen(
                    [*command, "--transcripts", str(projects)],
                    env=environment(tmp_path),
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    text=True,
                )
            )
            started.callback(lambda: process.poll() is None and process.kill())
            running = Running(process)
            started.callback(running.http.close)
            return running

        yield start
