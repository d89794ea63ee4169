"""The wheel without extras is a collector: small, and whole without any part of the server."""

import subprocess
import sys
from pathlib import Path

import pytest

SERVER_ONLY = ("alembic", "cryptography", "litestar", "psutil", "psycopg", "rich", "sqlalchemy", "uvicorn")
COLLECTOR = (
    "session_replay.cli.collecting",
    "session_replay.collector.collect",
    "session_replay.collector.cut",
    "session_replay.collector.deliver",
    "session_replay.collector.discover",
    "session_replay.collector.files",
    "session_replay.collector.follow",
    "session_replay.collector.known",
    "session_replay.collector.machine",
    "session_replay.collector.remote",
    "session_replay.collector.spool",
    "session_replay.collector.state",
)


@pytest.fixture(scope="module")
def installed(wheel, checkout, tmp_path_factory) -> Path:
    """The wheel in an environment of its own, with what the lock file says of its base dependencies."""
    folder = tmp_path_factory.mktemp("base")
    uv = Path(sys.executable).with_name("uv")
    locked = folder / "requirements.txt"
    export = ("export", "--frozen", "--no-dev", "--no-emit-project", "--output-file", locked)
    environment = folder / "environment"
    python = environment / "bin" / "python"
    for command in (
        (*export, "--project", checkout),
        ("venv", "--python", sys.executable, environment),
        ("pip", "install", "--python", python, "--requirement", locked),
        ("pip", "install", "--python", python, "--no-deps", "--offline", wheel),
    ):
        ran = subprocess.run([uv, "--quiet", *command], capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr
    return environment / "bin"


def run(installed, *arguments, home):
    return subprocess.run(
        [installed / "session-replay", *arguments],
        env={"HOME": str(home), "PATH": str(installed)},
        capture_output=True,
        text=True,
        check=False,
    )


def python(installed, code, home):
    ran = subprocess.run(
        [installed / "python", "-W", "error", "-c", code],
        env={"HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.split()


def test_no_part_of_the_server_is_installed(installed, tmp_path):
    found = python(
        installed,
        f"from importlib.util import find_spec\nprint(*(name for name in {SERVER_ONLY} if find_spec(name)))",
        tmp_path,
    )
    assert found == []


def test_every_module_of_the_collector_is_there(installed, checkout, tmp_path):
    package = checkout / "src" / "session_replay" / "collector"
    written = {f"session_replay.collector.{path.stem}" for path in package.glob("[!_]*.py")}
    assert written <= set(COLLECTOR)
    loaded = python(installed, f"import sys, {', '.join(COLLECTOR)}\nprint(*sys.modules)", tmp_path)
    assert set(COLLECTOR) <= set(loaded)


def test_the_collector_loads_none_of_the_server_where_it_is_installed_too():
    code = f"import sys, {', '.join(COLLECTOR)}\nprint(*{{name.split('.')[0] for name in sys.modules}})"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(ran.stdout.split())
    assert "msgspec" in loaded
    assert loaded.isdisjoint(SERVER_ONLY)


def test_the_collector_answers(installed, tmp_path):
    helped = run(installed, "collect", "--help", home=tmp_path)
    assert helped.returncode == 0, helped.stderr
    assert "--server URL" in helped.stdout

    state = tmp_path / "state"
    status = run(installed, "collect", "--status", "--state", state, home=tmp_path)
    assert status.returncode == 2
    assert f"no collector ran yet with the state folder {state}" in status.stderr

    paused = run(installed, "collect", "--pause", "--state", state, home=tmp_path)
    assert paused.returncode == 0, paused.stderr
    resumed = run(installed, "collect", "--resume", "--state", state, home=tmp_path)
    assert (resumed.returncode, resumed.stdout) == (0, "Going on.\n")

    unknown = run(installed, "collect", "--state", state, home=tmp_path)
    assert unknown.returncode == 2
    assert "not enrolled yet" in unknown.stderr


def test_an_import_to_a_server_needs_no_more(installed, tmp_path):
    arguments = ("import", tmp_path, "--server", "http://127.0.0.1:9", "--token", "srt_x", "--state", tmp_path / "s")
    refused = run(installed, *arguments, home=tmp_path)
    assert refused.returncode == 2
    assert "127.0.0.1:9 cannot be reached" in refused.stderr


def test_a_command_of_the_server_says_what_is_missing(installed, tmp_path):
    refused = run(installed, "serve", "--data", tmp_path / "data", home=tmp_path)
    assert refused.returncode == 2
    assert "pip install 'session-replay[server]'" in refused.stderr
    assert "Traceback" not in refused.stderr
