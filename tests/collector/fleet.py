"""A server and many collectors as processes, with a middleman between each two; any of them may be killed."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import ExitStack, suppress

import httpx
import msgspec
from sqlalchemy import select

from collector.middleman import Middleman
from server.conftest import API_KEY, Running, environment
from session_replay.collector.state import State, Status
from session_replay.store import schema
from session_replay.store.chunks import read_range, stored_chunks
from session_replay.store.clients import ALARMING
from session_replay.store.installation import open_installation
from session_replay.store.sealed import StreamKey
from session_replay.store.streams import open_path
from session_replay.vault.source import KeySource
from session_replay.wire import block_hashes

WAIT_SECONDS_MAX = 120
NOTICED_SECONDS = 5.0
COMMAND = [sys.executable, "-m", "session_replay"]


class Fleet:
    """The server's side of it.

    Args:
        folder: An empty one; data, key, and a folder for each client go below.
    """

    def __init__(self, folder):
        self.folder = folder
        self._empty = folder / "nothing"
        self._empty.mkdir()
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.kills = 0
        self.rewritten = set()
        """Paths of transcripts that were rewritten, once each."""
        self.removed = {}
        """What was in transcripts that are gone, by their paths."""
        self._lock = threading.Lock()
        self._stack = ExitStack()
        self.clients = []
        self._start()

    def _start(self):
        words = ["serve", "--port", str(self.port), "--data", str(self.folder / "data")]
        self._process = subprocess.Popen(
            [*COMMAND, *words, "--transcripts", str(self._empty)],
            env=environment(self.folder),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        Running(self._process).http.close()
        self._drain = threading.Thread(target=self._process.stdout.read, daemon=True)
        self._drain.start()

    def _end(self):
        self._process.wait(30)
        self._drain.join()
        self._process.stdout.close()

    def kill_server(self):
        """Kill -9, and start it again."""
        with self._lock:
            self._process.kill()
            self._end()
            self.kills += 1
            self._start()

    def add(self, name, victim=None, moment=None, **more):
        """A new client; ``victim`` (``collector`` or ``server``) is killed at ``moment``: (call, nth, when)."""
        headers = {"Authorization": f"Bearer {API_KEY}"}
        with self._lock:  # it may be killed for those that are there already
            made = httpx.post(
                f"http://127.0.0.1:{self.port}/api/clients", headers=headers, json={"label": name}, timeout=30
            )
        made.raise_for_status()
        client = Client(self, self.folder / name, made.json()["token"], victim, moment, **more)
        self.clients.append(client)
        self._stack.callback(client.close)
        return client

    def wait_until_shipped(self):
        """Wait until each collector says that everything is shipped, and nothing is under way."""
        ends_at = time.monotonic() + WAIT_SECONDS_MAX
        waiting = list(self.clients)
        while waiting:
            assert time.monotonic() < ends_at, "\n".join(f"{one.folder}: {one.said()}" for one in waiting)
            waiting = [one for one in waiting if not one.is_shipped()]
            time.sleep(0.2)

    def stop(self):
        """End everything as a service does."""
        self._stack.close()
        self._process.terminate()
        self._end()

    def close(self):
        """End what a failed test left."""
        self._stack.close()
        if self._process.returncode is None:
            self._process.kill()
            self._end()

    @property
    def _expected(self):
        """Alarms that must be there, once each."""
        return {("rewritten", path) for path in self.rewritten}

    def faults(self):
        """What is wrong with what the stopped server has; nothing, if all is well."""
        source = KeySource(self.folder, file=self.folder / "secret" / "the.key")
        with open_installation(self.folder / "data", source) as at, at.database.read() as connection:
            found, stored, paths = [], {}, {}
            for row in connection.execute(select(schema.streams)).all():
                path, raw = _bytes_of(at, connection, row, found)
                paths[row.id] = path
                stored.setdefault(path, []).append((row.generation, raw))
            events = connection.execute(select(schema.client_events)).all()
            # Who was killed before the credential was written down redeems the token again.
            alarming = set(ALARMING) - {"enrolled-again"}
            alarms = Counter((event.kind, paths.get(event.stream_id)) for event in events if event.kind in alarming)
            may_be = {("deleted", path) for path in self.removed}
            found += [f"an alarm: {alarm}" for alarm in alarms if alarm not in self._expected and alarm not in may_be]
            found += [f"{alarms[alarm]} times: {alarm}" for alarm in self._expected if alarms[alarm] != 1]
        on_disk = {
            path.relative_to(client.projects).as_posix(): path.read_bytes()
            for client in self.clients
            for path in client.projects.rglob("*.jsonl")
            if path.name != "journal.jsonl"  # of a workflow: an attachment
        }
        on_disk |= self.removed
        for path, raw in on_disk.items():
            if stored.get(path) != [(int(path in self.rewritten), raw)]:
                sizes = [(generation, len(kept)) for generation, kept in stored.get(path, [])]
                found.append(f"{path}: has {len(raw)} bytes, stored are (generation, bytes) {sizes}")
        return found + [f"{path}: nobody has it" for path in stored.keys() - on_disk.keys()]


def _bytes_of(at, connection, row, found):
    """The path of a stream, and its bytes; what is wrong with them is added to ``found``."""
    secret = at.session_keys.find(connection, [row.session_id])[row.session_id]
    path = open_path(at.key, secret, row.address, row.sealed_path)
    key = StreamKey(secret, at.key.organization, row.id, row.generation)
    end = 0
    for chunk in stored_chunks(connection, key, 0):
        if chunk.start != end:
            found.append(f"{path}: a gap or an overlap at {chunk.start}")
        end = chunk.end
    raw = read_range(connection, key, 0, 1 << 40)
    if row.leaves != block_hashes(raw):
        found.append(f"{path}: other hashes than those of its bytes")
    return path, raw


class Client:
    """One machine: its transcripts, and the collector that ships them.

    Args:
        fleet: It belongs to.
        folder: For all that it has.
        token: That it redeems.
        victim: Killed at the moment: ``collector`` or ``server``.
        moment: (call, nth, when).
        command: Another one than the product's own.
        is_paused: From its first start on.
    """

    def __init__(self, fleet, folder, token, victim, moment, command=COMMAND, *, is_paused=False):
        self.fleet = fleet
        self.folder = folder
        self.projects = folder / "projects"
        self.projects.mkdir(parents=True)
        self._token = token
        self._victim = victim
        self._moment = list(moment or ())
        self._command = command
        self.state = State(self.folder / "state")
        self.state.pause(on=is_paused)
        self._lock = threading.Lock()
        self.kills = 0
        self.is_over = moment is None
        """Its moment came."""
        self._middleman = Middleman(lambda: fleet.port, self._watch)
        self._start()

    def _start(self):
        words = ["collect", "--server", self._middleman.url, "--token", self._token]
        folders = ["--transcripts", str(self.projects), "--state", str(self.state.folder)]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*self._command, *words, *folders], env=environment(self.folder), stdout=log, stderr=log
            )

    def _watch(self, call, when):
        with self._lock:
            if self.is_over or [call, when] != [self._moment[0], self._moment[2]]:
                return False
            self._moment[1] -= 1
            if self._moment[1]:
                return False
            self.is_over = True
        if self._victim == "server":
            self.fleet.kill_server()
        else:
            self.kill()
        return True

    def kill(self):
        """Kill -9, and start it again."""
        self._process.kill()
        self._process.wait()
        self.kills += 1
        self._start()

    def start_again(self):
        """Wait until it was killed by itself, and start it again."""
        assert self._process.wait(WAIT_SECONDS_MAX) == -signal.SIGKILL, self.said()
        self.kills += 1
        self._start()

    def said(self):
        """The end of the collector's log."""
        return (self.folder / "log").read_text()[-1_000:]

    def is_shipped(self):
        """Whether the collector that runs says so, of the files as they are now."""
        try:
            status = msgspec.json.decode((self.folder / "state" / "status.json").read_bytes(), type=Status)
        except (OSError, msgspec.MsgspecError):
            return False
        files = [path.stat() for path in self.projects.rglob("*") if path.is_file()]
        # A file of the same size may have taken the path of another one since the collector looked.
        if status.at < max((file.st_ctime for file in files), default=0) + NOTICED_SECONDS:
            return False
        size = sum(file.st_size for file in files)
        done = (status.files, status.files_done, status.total_bytes, status.done_bytes)
        return status.process == self._process.pid and done == (len(files), len(files), size, size)

    def close(self):
        """End it as a service does."""
        self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(30)
        self._process.kill()
        self._process.wait()
        self._middleman.close()
