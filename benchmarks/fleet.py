"""Collectors and their server: from an append to its acknowledgement, beside poison files, at rest, and after a loss.

The appends and their acknowledgements are timed in this process, with the collector's own classes over HTTP to a
server of its own; what a collector costs at rest is read from a process that runs nothing else.
"""

from __future__ import annotations

import os
import random
import subprocess
import threading
import time
import uuid
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, nullcontext
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec
import urllib3

import measure
from session_replay.collector import machine, remote
from session_replay.collector.deliver import Shipper
from session_replay.collector.follow import Follower
from session_replay.collector.remote import Remote
from session_replay.collector.spool import Spool
from session_replay.protocol import Enrolment, Opened, Opening, Piece, Stored

SESSIONS = 100
ROUNDS = 4
"""Pairs of a calm and a poisoned round: what else the machine does changes from one minute to the next."""
ROUND_SECONDS = 20.0
"""The huge line is shipped and read in one."""
AT_REST_CPU_SHARE = 0.1
APPENDS_PER_SECOND = 50
POISON_BYTES = 100_000_000
IDLE_FILES = 1_000
IDLE_SECONDS = 30.0
CAUGHT_UP_SECONDS = 180.0


class Timed(Remote):
    """Notes when which bytes of which file were acknowledged."""

    def __init__(self, url: str, credential: str) -> None:
        super().__init__(url, credential)
        self.addresses: dict[int, str] = {}
        self.acknowledged: dict[str, list[tuple[int, float]]] = {}
        self.sent_bytes = 0

    def open(self, openings: list[Opening]) -> list[Opened]:
        """See ``protocol.Ingest``."""
        answers = super().open(openings)
        for opening, answer in zip(openings, answers, strict=True):
            if answer.standing:
                self.addresses[answer.standing.stream] = opening.address
        return answers

    def append(self, pieces: list[Piece]) -> list[Stored]:
        """See ``protocol.Ingest``."""
        answers = super().append(pieces)
        now = time.perf_counter()
        for piece in pieces:
            self.sent_bytes += piece.end - piece.start
            self.acknowledged.setdefault(self.addresses[piece.stream], []).append((piece.end, now))
        return answers


class Collector:
    """A collector in this process, as a client of its own."""

    def __init__(self, url: str, headers: Mapping[str, str], folder: Path, name: str) -> None:
        self.projects = folder / "projects"
        self.projects.mkdir(parents=True, exist_ok=True)
        enrolment = Enrolment(new_token(url, headers, name), name, "bench", machine.system(), "bench", name)
        self.credential = remote.enrol(url, enrolment).credential
        self._url = url
        self._spool = folder / "spool"
        self._stopped = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Follow and ship until stopped."""
        self._stopped = threading.Event()
        self.server = Timed(self._url, self.credential)
        self.shipper = Shipper(self.server, spool=Spool(self._spool))
        follower = Follower(self.projects, machine.owner())

        def follow() -> None:
            looks = 0
            for changed in follower.changes(self._stopped):
                if follower.looks != looks:
                    looks = follower.looks
                    self.shipper.files.looked(follower.files, follower.faults)
                else:
                    self.shipper.files.found(changed)

        self._threads = [*self.shipper.run(self._stopped), threading.Thread(target=follow, daemon=True)]
        self._threads[-1].start()

    def wait(self) -> None:
        """Wait until everything that was found is shipped."""
        deadline = time.monotonic() + CAUGHT_UP_SECONDS
        while not (self.shipper.files.looks and self.shipper.files.is_done):
            if time.monotonic() > deadline:
                raise measure.RunFailed(f"the collector did not catch up: {self.shipper.files.progress()}")
            time.sleep(0.05)

    def stop(self) -> None:
        """End it; what it knows is gone."""
        self._stopped.set()
        self.shipper.files.wake()
        for thread in self._threads:
            thread.join()


def new_token(url: str, headers: Mapping[str, str], name: str) -> str:
    """A token for a new client."""
    answer = urllib3.request("POST", f"{url}/api/clients", json={"label": name}, headers=dict(headers))
    if answer.status != 201:  # noqa: PLR2004 - made
        raise measure.RunFailed(f"no token: {answer.status} {answer.data[:200]!r}")
    return str(msgspec.json.decode(answer.data)["token"])


def line(size: int) -> bytes:
    """A transcript line of about ``size`` bytes that does not compress to nothing."""
    text = random.randbytes(size // 2).hex()
    return b'{"type":"user","uuid":"%s","message":{"role":"user","content":"%s"}}\n' % (
        str(uuid.uuid4()).encode(),
        text.encode(),
    )


def append_seconds(collector: Collector, paths: list[Path], seconds: float) -> list[float]:
    """Append to the files in turn; from each append to the acknowledgement of its last byte, sorted."""
    written: list[tuple[str, int, float]] = []
    ends_at = time.perf_counter() + seconds
    while (now := time.perf_counter()) < ends_at:
        path = random.choice(paths)
        with path.open("ab") as file:
            file.write(line(random.choice([200, 2_000, 20_000])))
            end = file.tell()
        written.append((path.relative_to(collector.projects).as_posix(), end, time.perf_counter()))
        time.sleep(max(0.0, 1 / APPENDS_PER_SECOND - (time.perf_counter() - now)))
    deadline = time.monotonic() + CAUGHT_UP_SECONDS
    last = {address: end for address, end, _ in written}
    acknowledged = collector.server.acknowledged
    while any(max((e for e, _ in acknowledged.get(a, [])), default=0) < end for a, end in last.items()):
        if time.monotonic() > deadline:
            raise measure.RunFailed("not everything was acknowledged")
        time.sleep(0.05)
    return sorted(
        next(at for reached, at in acknowledged[address] if reached >= end) - begun for address, end, begun in written
    )


def rewrite_endlessly(path: Path, is_over: threading.Event) -> None:
    """Other bytes in the file's place, several times a second."""
    while not is_over.wait(0.2):
        path.write_bytes(line(50_000))


def wait_for_rest(process: int) -> None:
    """Wait until a server and its workers have nothing to do."""
    deadline = time.monotonic() + CAUGHT_UP_SECONDS
    while True:
        before = {pid: cpu_seconds(pid) for pid in measure.tree(process)}
        time.sleep(0.5)
        after = {pid: cpu_seconds(pid) for pid in measure.tree(process)}
        if sum(after.values()) - sum(before.get(pid, 0) for pid in after) < 0.5 * AT_REST_CPU_SHARE:
            return
        if time.monotonic() > deadline:
            raise measure.RunFailed("the server never came to rest")


@contextmanager
def poisoned(collector: Collector, huge: bytes) -> Generator[None]:
    """Files that are bad for a collector, beside the others: unreadable, rewritten all the time, one huge line."""
    is_over = threading.Event()
    folder = collector.projects / "-poison"
    folder.mkdir(exist_ok=True)
    os.mkfifo(folder / f"{uuid.uuid4()}.jsonl")  # root can read all: this it cannot
    rewritten = folder / f"{uuid.uuid4()}.jsonl"
    rewriter = threading.Thread(target=rewrite_endlessly, args=(rewritten, is_over), daemon=True)
    rewriter.start()
    with (folder / f"{uuid.uuid4()}.jsonl").open("wb") as file:
        file.write(b'{"round":"%s",' % str(uuid.uuid4()).encode())
        file.write(memoryview(huge)[1:])
    try:
        yield
    finally:
        is_over.set()
        rewriter.join()
        for path in folder.iterdir():
            path.unlink()


def append_figures(collector: Collector, paths: list[Path], server: int) -> dict[str, float]:
    """From append to acknowledgement, calm and beside poison files in turn; the change, and how noisy it is."""
    huge = line(POISON_BYTES)
    rounds: dict[bool, list[list[float]]] = {False: [], True: []}
    for number in range(ROUNDS):
        for is_poisoned in (False, True) if number % 2 == 0 else (True, False):
            wait_for_rest(server)
            with poisoned(collector, huge) if is_poisoned else nullcontext():
                rounds[is_poisoned].append(append_seconds(collector, paths, ROUND_SECONDS))
            collector.wait()  # for the rest of the poison
    calm, beside = (sorted(chain.from_iterable(rounds[is_poisoned])) for is_poisoned in (False, True))
    p99 = measure.percentile(calm, 0.99)
    calm_p99s = [measure.percentile(taken, 0.99) for taken in rounds[False]]
    return {
        "fleet_append_p50_ms": 1000 * measure.percentile(calm, 0.5),
        "fleet_append_p99_ms": 1000 * p99,
        "fleet_append_poison_p99_ms": 1000 * measure.percentile(beside, 0.99),
        "fleet_poison_p99_change": measure.percentile(beside, 0.99) / p99 - 1,
        "fleet_calm_p99_spread": (max(calm_p99s) - min(calm_p99s)) / p99,
    }


def figures(
    serving: Callable[[Path], Any],
    url: str,
    headers: Mapping[str, str],
    command: str,
    env: Mapping[str, str],
    scratch: Path,
) -> dict[str, float]:
    """All of the fleet's figures.

    Args:
        serving: The server on a data folder.
        url: Its address.
        headers: Of who may make tokens.
        command: Of the product.
        env: Its environment.
        scratch: An empty folder.

    Raises:
        measure.RunFailed: Something did not come about.
    """
    found: dict[str, float] = {}
    with serving(scratch / "data") as server:
        collector = Collector(url, headers, scratch / "active", "active")
        paths = [collector.projects / f"-p{number % 10}" / f"{uuid.uuid4()}.jsonl" for number in range(SESSIONS)]
        for path in paths:
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(line(2_000))
        collector.start()
        collector.wait()
        found |= append_figures(collector, paths, server.memory.pid)
        collector.stop()

        collector.start()  # with nothing that it knew
        collector.wait()
        found["fleet_sent_again_bytes"] = collector.server.sent_bytes
        collector.stop()
        found |= idle_figures(url, headers, command, env, scratch / "idle")
    return found


def idle_figures(
    url: str, headers: Mapping[str, str], command: str, env: Mapping[str, str], folder: Path
) -> dict[str, float]:
    """Memory and processor time of a collector process with 1,000 files that rest."""
    projects = folder / "projects"
    yesterday = time.time() - 86_400
    for number in range(IDLE_FILES):
        path = projects / f"-p{number % 40}" / f"{uuid.uuid4()}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(line(20_000))
        os.utime(path, (yesterday, yesterday))
    words = ["collect", "--server", url, "--token", new_token(url, headers, "idle"), "--transcripts", str(projects)]
    with subprocess.Popen(
        [command, *words, "--state", str(folder / "state")], env=dict(env), stderr=subprocess.DEVNULL
    ) as process:
        try:
            wait_for_log(folder / "state" / "collector.log", f"all shipped: {IDLE_FILES} files")
            time.sleep(5)
            before = cpu_seconds(process.pid)
            time.sleep(IDLE_SECONDS)
            return {
                "collector_idle_cpu_percent": 100 * (cpu_seconds(process.pid) - before) / IDLE_SECONDS,
                "collector_idle_mb": resident_bytes(process.pid) / 1e6,
            }
        finally:
            process.terminate()


def wait_for_log(log: Path, words: str) -> None:
    """Wait until a log says so."""
    deadline = time.monotonic() + CAUGHT_UP_SECONDS
    while not log.is_file() or words not in log.read_text():
        if time.monotonic() > deadline:
            raise measure.RunFailed(f"{log} never said: {words}")
        time.sleep(0.2)


def cpu_seconds(pid: int) -> float:
    """User and system time of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_bytes(pid: int) -> int:
    """What a process holds in memory."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def local_import_mb_per_second(serving: Callable[[Path], Any], data: Path, raw_bytes: int) -> float:
    """How fast ``serve`` takes in the local transcripts that it follows, everything done."""
    started = time.perf_counter()
    with serving(data) as server:
        while msgspec.json.decode(server.get("/api/status"))["local_import"]["state"] != "following":
            if time.perf_counter() - started > CAUGHT_UP_SECONDS:
                raise measure.RunFailed("the local import did not end")
            time.sleep(0.05)
        return raw_bytes / 1e6 / (time.perf_counter() - started)
