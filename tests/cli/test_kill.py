"""kill -9 at any moment, then again: the same as if nothing had happened."""

import json
import os
import random
import secrets
import signal
import subprocess
import sys
import time

import pytest

from ingest.lines import MAIN_ID, answered, contents, jsonl, said, talk, write
from server.conftest import environment
from session_replay.store.installation import open_installation
from session_replay.vault.source import KeySource

KILLS = 60 if "SOAK" in os.environ else 6
TRIES_MAX = 4 * KILLS


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    """10 MB, so that worker processes are used: sessions, a fork, subagents, attachments."""
    folder = tmp_path_factory.mktemp("fleet")
    text = secrets.token_hex(2000)
    for number in range(1, 5):
        lines = [
            said(n, f"{n} {text}", of=number) if n % 2 == 0 else answered(n, f"{n} {text}", of=number)
            for n in range(500)
        ]
        write(folder / "projects" / "-p" / f"{MAIN_ID[:-1]}{number}.jsonl", jsonl(*lines))
    write(folder / "projects" / "-p" / f"{MAIN_ID[:-1]}9.jsonl", jsonl(*lines[:100], *talk(20, of=9, first=600)))
    session = folder / "projects" / "-p" / f"{MAIN_ID[:-1]}1"
    for number in range(20):
        write(session / "subagents" / f"agent-a{number}.jsonl", jsonl(*talk(10, of=100 + number)))
        write(session / "subagents" / f"agent-a{number}.meta.json", json.dumps({"description": f"{number}"}).encode())
        write(session / "tool-results" / f"{number}.txt", b"spilled")
    return folder


def command(fleet, data, name):
    words = {"import": ["import", str(fleet / "projects"), "--json"], "serve": ["serve", "--port", "0"]}[name]
    more = ["--transcripts", str(fleet / "projects")] if name == "serve" else []
    return subprocess.Popen(
        [sys.executable, "-m", "session_replay", *words, *more, "--data", str(data)],
        env=environment(fleet),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def imported(fleet, data):
    with command(fleet, data, "import") as process:
        summary = json.loads(process.communicate()[0])
    assert process.returncode == 0
    assert summary["faults"] == []
    assert summary["rewritten_files"] == 0
    with open_installation(data, KeySource(fleet, file=fleet / "secret" / "the.key")) as at:
        return contents(at)


@pytest.fixture(scope="module")
def undisturbed(fleet, tmp_path_factory):
    data = tmp_path_factory.mktemp("undisturbed") / "data"
    begun = time.monotonic()
    with command(fleet, data, "import") as process:
        process.communicate()
    seconds = time.monotonic() - begun
    return imported(fleet, data), seconds


@pytest.mark.parametrize("name", ["import", "serve"])
def test_killed_at_random_and_done_again(name, fleet, undisturbed, tmp_path):
    expected, seconds = undisturbed
    assert len(expected[0]) == 5 + 20
    seed = random.randrange(1 << 32)
    when = random.Random(seed)
    killed = 0
    for number in range(TRIES_MAX):
        data = tmp_path / str(number)
        for _ in range(when.choice([1, 1, 2])):
            with command(fleet, data, name) as process:
                time.sleep(when.uniform(0.1, seconds))
                process.send_signal(signal.SIGKILL)
            killed += process.returncode == -signal.SIGKILL  # one that was over before was not killed
        assert imported(fleet, data) == expected, f"seed {seed}, folder {number}"
        if killed >= KILLS:
            return
    pytest.fail(f"only {killed} of {TRIES_MAX} were killed before they were over")
