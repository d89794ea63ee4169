"""What `make help` promises is there, and the variables of `make run` reach the command."""

import os
import re
import shutil
import subprocess

import pytest

TARGETS = {"help", "setup", "soak", "run", "dev", "check", "test", "bench", "api", "golden", "pictures"}


@pytest.fixture
def make(checkout):
    if shutil.which("make") is None:
        pytest.skip("make is not installed")

    def run(*arguments):
        env = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("MAKE", "MFLAGS", "PORT", "DATA", "TRANSCRIPTS"))
        }
        return subprocess.run(
            ["make", "--no-print-directory", *arguments],
            cwd=checkout, env=env, check=True, capture_output=True, text=True,
        ).stdout  # fmt: skip

    return run


def test_help_lists_every_target_with_a_word_about_it(make, checkout):
    listed = dict(re.findall(r"^  make (\w+) +(\S.*)$", make("help"), re.MULTILINE))
    assert set(listed) == TARGETS
    makefile = (checkout / "Makefile").read_text()
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in TARGETS)


def test_help_is_what_make_alone_says(make):
    assert make() == make("help")


def last_command(text):
    return text.strip().splitlines()[-1]


def test_run_serves_with_the_commands_own_defaults(make):
    assert last_command(make("--dry-run", "run")) == "exec .venv/bin/session-replay serve --port 8420"


def test_run_passes_folders_and_port_on(make):
    command = last_command(make("--dry-run", "run", "TRANSCRIPTS=a folder", "DATA=/d", "PORT=9000"))
    assert command == 'exec .venv/bin/session-replay serve --port 9000 --transcripts "a folder" --data "/d"'


def test_ci_runs_check_and_test(checkout):
    script = checkout / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert last_command(script.read_text()) == "make check test"
    assert "set -euo pipefail" in script.read_text()
