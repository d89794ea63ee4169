"""The product as a user starts it: ``session-replay serve`` as a process of its own, on folders of its own."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from time import monotonic, sleep
from typing import TypeVar

import httpx

HERE = Path(__file__).parent
SAMPLES = HERE.parents[1] / "src" / "session_replay" / "samples" / "projects"
TRANSCRIPTS = HERE / "transcripts"
"""Sessions that the samples lack: a hostile one, and one that goes on while it is looked at."""
LONG_SESSION = "e2e00000-0000-4000-8000-000000010009"
LONG_AGO = 1_750_000_000
"""Modification time of copied transcripts, in seconds: none of them is live."""

WAIT_SECONDS_MAX = 60.0
TRY_SECONDS = 0.05

Answer = TypeVar("Answer")


def until(question: Callable[[], Answer], what: str) -> Answer:
    """The first answer that is true; fails with ``what`` was waited for."""
    ends_at = monotonic() + WAIT_SECONDS_MAX
    while monotonic() < ends_at:
        answer = question()
        if answer:
            return answer
        sleep(TRY_SECONDS)
    raise AssertionError(f"waited {WAIT_SECONDS_MAX:.0f} s in vain: {what}")


def copy_transcripts(sources: Iterable[Path], to: Path) -> Path:
    """Copy projects folders into one, all of whose files are old."""
    for source in sources:
        shutil.copytree(source, to, dirs_exist_ok=True)
    for path in to.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
        if path.is_file():
            os.utime(path, (LONG_AGO, LONG_AGO))
    to.mkdir(exist_ok=True)
    return to


def main_sessions(transcripts: Path) -> set[str]:
    """Ids of the sessions that a projects folder holds, told from the names of its files alone."""
    return {path.stem for path in transcripts.glob("*/*.jsonl") if not path.stem.startswith("agent-")}


class Served:
    """One server: started, stopped and started again on the same folders and port.

    Args:
        transcripts: What it follows.
        home: Where its data, key and log go.
    """

    def __init__(self, transcripts: Path, home: Path) -> None:
        self.transcripts = transcripts
        self._home = home
        self._log = home / "log"
        self._process: subprocess.Popen[bytes] | None = None
        self._port = 0
        self.cookies: dict[str, str] = {}

    @property
    def base(self) -> str:
        """The address without the token, with a slash at its end."""
        return f"http://127.0.0.1:{self._port}/"

    @property
    def data(self) -> Path:
        """Its data folder."""
        return self._home / "data"

    def start(self) -> Served:
        """Start, and wait for the printed address."""
        command = [
            *(Path(sys.executable).with_name("session-replay"), "serve"),
            *("--port", str(self._port), "--data", self.data, "--transcripts", self.transcripts),
        ]
        environment = {
            **os.environ,
            "SESSION_REPLAY_KEY_FILE": str(self._home / "key"),
            "SESSION_REPLAY_NO_BROWSER": "1",
        }
        self._log.unlink(missing_ok=True)
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
        printed = until(self._printed_address, "the address on the line that begins with Open:")
        self._port = int(printed.split(":")[2].split("/")[0])
        return self

    def stop(self) -> None:
        """Stop as Ctrl C does."""
        if self._process and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            assert self._process.wait(WAIT_SECONDS_MAX) == 0, self._log.read_text()
        self._process = None

    def peak_bytes(self) -> int:
        """The most memory that the server's own process has held, as the kernel counted it."""
        assert self._process
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        found = re.search(r"^VmHWM:\s+(\d+) kB", status, re.MULTILINE)
        assert found, status
        return int(found[1]) * 1024

    def address(self) -> str:
        """The last address that was printed: it signs one browser in."""
        return re.findall(r"http://\S+\?token=\S+", self._log.read_text())[-1]

    def sign_in(self) -> None:
        """Take the cookie of a signed-in browser."""
        answer = httpx.get(self.address())
        assert answer.is_redirect, answer.text
        self.cookies = dict(answer.cookies)

    def get(self, path: str) -> dict:
        """The answer of an API call below ``/api/``."""
        answer = httpx.get(f"{self.base}api/{path}", cookies=self.cookies, timeout=WAIT_SECONDS_MAX)
        answer.raise_for_status()
        return answer.json()

    def wait_for_import(self) -> Served:
        """Wait until all transcripts are in."""
        until(lambda: self.get("status")["local_import"]["state"] == "following", "the import to end")
        return self

    def _printed_address(self) -> str | None:
        assert self._process
        assert self._process.poll() is None, self._log.read_text()
        found = re.search(r"^Open:\s+(http://\S+)", self._log.read_text(), re.MULTILINE)
        return found[1] if found else None


def serve_fleet(hosts: Path, home: Path) -> Served:
    """A server whose data is that of several machines, ``<host>/projects`` each; its own has no transcripts."""
    command = Path(sys.executable).with_name("session-replay")
    subprocess.run(
        [command, "import", hosts, "--host-from-path", "--data", home / "data"],
        check=True,
        capture_output=True,
        env={**os.environ, "SESSION_REPLAY_KEY_FILE": str(home / "key")},
    )
    (home / "projects").mkdir()
    served = Served(home / "projects", home).start()
    served.sign_in()
    return served.wait_for_import()
