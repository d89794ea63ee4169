"""What every test may ask for: a database of each engine."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from time import sleep

import psycopg
import pytest
from hypothesis import HealthCheck, settings

# Tests are no package; what several test files of a folder share is imported as `query.evaluator`.
sys.path.insert(0, str(Path(__file__).parent))

# A busy machine is slow; how fast something is, the benchmarks say.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

ENGINES = ("sqlite", "postgresql")

_STARTED_TRIES_MAX = 600
_TRY_SECONDS = 0.05
_NOT_SAFE_BUT_FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """The folder of the socket of a PostgreSQL server that lives as long as the tests."""
    binaries = _postgresql_binaries()
    if binaries is None:
        pytest.skip("no PostgreSQL server is installed (apt-get install postgresql-15)")
    account = _account()
    # Not pytest's own folder: the path of a socket has a limit of 107 bytes.
    folder = Path(tempfile.mkdtemp(prefix="replay-pg-"))
    try:
        if account:
            shutil.chown(folder, account)
        as_account = {"user": account, "cwd": folder, "env": {"LC_ALL": "C.UTF-8", "PATH": os.defpath}}
        initdb = [binaries / "initdb", "-D", folder / "data", "-U", "tests", "-E", "UTF8", "--auth=trust", "--no-sync"]
        subprocess.run(initdb, check=True, stdout=subprocess.DEVNULL, **as_account)
        settings = ["listen_addresses=", f"unix_socket_directories={folder}", *_NOT_SAFE_BUT_FAST]
        serve = [binaries / "postgres", "-D", folder / "data", *(word for one in settings for word in ("-c", one))]
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(serve, stdout=log, stderr=log, **as_account)
        try:
            _wait_until_up(server, folder)
            yield str(folder)
        finally:
            server.send_signal(signal.SIGINT)  # "fast": does not wait for clients
            server.wait()
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def new_database_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """Makes the URL of an empty database of an engine; for tests that need more than one."""

    def make(engine: str) -> str:
        if engine == "sqlite":
            return f"sqlite:///{tmp_path_factory.mktemp('database') / 'catalogue.db'}"
        folder = request.getfixturevalue("postgresql_server")
        name = f"replay_{uuid.uuid4().hex}"
        with _connected(folder) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return f"postgresql+psycopg://tests@/{name}?host={folder}"

    return make


@pytest.fixture(params=ENGINES)
def database_url(request: pytest.FixtureRequest, new_database_url: Callable[[str], str]) -> str:
    """The URL of an empty database, of each engine in turn."""
    return new_database_url(request.param)


def _postgresql_binaries() -> Path | None:
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[4]))
    if installed:
        return installed[-1].parent
    found = shutil.which("postgres")
    return Path(found).resolve().parent if found else None


def _account() -> str | None:
    """The server refuses to run as root."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres").pw_name
    except KeyError:
        pytest.skip("PostgreSQL does not run as root, and there is no account postgres")


def _wait_until_up(server: subprocess.Popen[bytes], folder: Path) -> None:
    for _ in range(_STARTED_TRIES_MAX):
        assert server.poll() is None, (folder / "log").read_text()
        try:
            _connected(folder).close()
        except psycopg.OperationalError:
            sleep(_TRY_SECONDS)
        else:
            return
    raise AssertionError((folder / "log").read_text())


def _connected(folder: Path | str) -> psycopg.Connection:
    return psycopg.connect(host=str(folder), user="tests", dbname="postgres", autocommit=True)
