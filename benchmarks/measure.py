"""Measuring other processes from outside: wall time, CPU time, memory, answers over HTTP.

The law: nothing is taken from what a measured program says about itself without a second figure from the kernel.
"""

from __future__ import annotations

import http.client
import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SAMPLE_SECONDS = 0.05
READY_SECONDS = 60
COLD_RUNS = 3
"""A cold import is done that often, each into a fresh folder; the one in the middle counts."""


class RunFailed(Exception):
    """A measured program ended with an error; the text holds the end of what it said."""


@dataclass(frozen=True)
class Run:
    """One run of a program, from its start to its end."""

    wall_seconds: float
    cpu_seconds: float
    """Of the program and of all its children that it waited for, as the kernel counted them."""
    peak_bytes: int | None
    """Largest sum of PSS over the process tree that a sample saw, None where nothing was sampled."""
    output: str


def tree(pid: int) -> list[int]:
    """A process and all its descendants, those of threads included."""
    found = [pid]
    for parent in found:
        for children in Path(f"/proc/{parent}/task").glob("*/children"):
            try:
                found += [int(child) for child in children.read_text().split()]
            except OSError:
                continue  # the process ended between the two looks
    return found


def pss_bytes(pid: int) -> int:
    """Proportional set size of one process, 0 once it has ended."""
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


class Memory:
    """Samples the memory of a process tree in a thread until it is stopped."""

    def __init__(self, pid: int) -> None:
        self.peak_bytes = 0
        self.pid = pid
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._thread.start()

    def _sample(self) -> None:
        while not self._stop.wait(SAMPLE_SECONDS):
            self.peak_bytes = max(self.peak_bytes, sum(pss_bytes(pid) for pid in tree(self.pid)))

    def stop(self) -> int | None:
        """End the sampling; the peak in bytes, None where the kernel has no such figures."""
        self._stop.set()
        self._thread.join()
        return self.peak_bytes or None


def run(command: list[str], env: Mapping[str, str], *, memory: bool = False) -> Run:
    """Run a program to its end.

    Args:
        command: The program and its arguments.
        env: Its whole environment.
        memory: Sample its memory.  That takes CPU from it on a small machine, so times are measured without.

    Raises:
        RunFailed: It ended with another code than 0.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        started = time.perf_counter()
        with subprocess.Popen(command, env=dict(env), stdin=subprocess.DEVNULL, stdout=out, stderr=err) as process:
            sampler = Memory(process.pid) if memory else None
            _, status, used = os.wait4(process.pid, 0)
            wall = time.perf_counter() - started
            process.returncode = os.waitstatus_to_exitcode(status)
        peak = sampler.stop() if sampler else None
        out.seek(0)
        err.seek(0)
        output, complaint = (file.read().decode(errors="replace") for file in (out, err))
    if process.returncode != 0:
        raise RunFailed(f"{' '.join(command)} ended with code {process.returncode}:\n{(complaint or output)[-2000:]}")
    return Run(wall, used.ru_utime + used.ru_stime, peak, output)


class Server:
    """A running server, asked over one kept connection."""

    def __init__(self, port: int, headers: Mapping[str, str], memory: Memory) -> None:
        self.port = port
        self.headers = dict(headers)
        self.memory = memory
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def get(self, path: str) -> bytes:
        """The body of a 200.

        Raises:
            RunFailed: Any other answer.
        """
        try:
            self._connection.request("GET", path, headers=self.headers)
            answer = self._connection.getresponse()
        except http.client.RemoteDisconnected:  # it lay idle for too long
            self._connection.close()
            self._connection.request("GET", path, headers=self.headers)
            answer = self._connection.getresponse()
        body = answer.read()
        if answer.status != http.HTTPStatus.OK:
            raise RunFailed(f"GET {path} answered {answer.status}: {body[:500].decode(errors='replace')}")
        return body

    def first_event_seconds(self, path: str) -> float:
        """From the request on a fresh connection to the end of the first event that carries data.

        Raises:
            RunFailed: The stream ended before, or was refused.
        """
        started = time.perf_counter()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request("GET", path, headers={**self.headers, "Accept": "text/event-stream"})
            answer = connection.getresponse()
            if answer.status != http.HTTPStatus.OK:
                raise RunFailed(f"GET {path} answered {answer.status}: {answer.read(500).decode(errors='replace')}")
            seen_data = False
            while line := answer.readline():
                seen_data = seen_data or line.startswith(b"data:")
                if seen_data and not line.strip():
                    return time.perf_counter() - started
            raise RunFailed(f"GET {path} ended without an event")
        finally:
            connection.close()


@contextmanager
def serving(
    command: list[str], env: Mapping[str, str], port: int, ready: str, log: Path, headers: Mapping[str, str]
) -> Generator[Server]:
    """Start a server, wait until ``ready`` answers 200, and stop it at the end.

    Raises:
        RunFailed: It ended, or was not ready within a minute; the text holds the end of its log.
    """
    with (
        log.open("wb") as output,
        subprocess.Popen(command, env=dict(env), stdin=subprocess.DEVNULL, stdout=output, stderr=output) as process,
    ):
        memory = Memory(process.pid)
        try:
            server = Server(port, headers, memory)
            deadline = time.monotonic() + READY_SECONDS
            while True:
                try:
                    server.get(ready)
                    break
                except (OSError, http.client.HTTPException, RunFailed) as error:
                    server = Server(port, headers, memory)
                    if process.poll() is not None or time.monotonic() > deadline:
                        said = log.read_text(errors="replace")[-2000:]
                        raise RunFailed(f"{' '.join(command)} is not ready ({error}):\n{said}") from error
                    time.sleep(0.05)
            yield server
        finally:
            memory.stop()
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


def timed(count: int, act: Callable[[int], object]) -> list[float]:
    """Seconds that each of ``count`` calls took, sorted; one call before them warms up."""
    act(0)
    taken: list[float] = []
    for number in range(count):
        started = time.perf_counter()
        act(number)
        taken.append(time.perf_counter() - started)
    return sorted(taken)


def percentile(ordered: list[float], share: float) -> float:
    """The value below which ``share`` of the sorted values lie (nearest rank)."""
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))]


def folder_bytes(folder: Path) -> int:
    """Bytes that the files of a folder take on disk."""
    return sum(path.stat().st_blocks * 512 for path in folder.rglob("*") if path.is_file())
