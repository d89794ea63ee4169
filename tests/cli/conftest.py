import json
import subprocess
import sys

import pytest

from server.conftest import environment


@pytest.fixture
def projects(tmp_path):
    folder = tmp_path / "projects"
    folder.mkdir()
    return folder


class Run:
    """What a command did."""

    def __init__(self, ran):
        self.code, self.out, self.err = ran.returncode, ran.stdout, ran.stderr

    @property
    def summary(self):
        assert self.code == 0, self.err
        return json.loads(self.out)


@pytest.fixture
def run(tmp_path):
    """Runs the command in a home folder of its own."""

    def run(*words, **more):
        command = [sys.executable, "-m", "session_replay", *map(str, words)]
        env = {name: value for name, value in (environment(tmp_path) | more).items() if value is not None}
        return Run(subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=120))

    return run
