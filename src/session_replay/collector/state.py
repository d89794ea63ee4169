"""What a collector keeps on its machine: who it is, whether it is paused, how it last was, and a spool.

Nothing here says what was shipped: the server knows.  All of it may be deleted; a collector that has a
token then redeems it again and goes on.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from session_replay.collector import machine, remote
from session_replay.errors import InvalidRequest, ReplayError
from session_replay.protocol import Enrolment
from session_replay.wire import FileFault

STATUS_STALE_SECONDS = 30.0


class Identity(msgspec.Struct, frozen=True):
    """The client that this collector is on one server; ``token_digest`` is of the token that it redeemed for that."""

    server: str
    client: str
    credential: str
    organization: str
    token_digest: str = ""


class Status(msgspec.Struct):
    """How a running collector is; ``unshipped_since`` in seconds since the Unix epoch."""

    at: float
    process: int
    server: str
    transcripts: str
    paused: bool
    files: int
    files_done: int
    total_bytes: int
    done_bytes: int
    unshipped_since: float | None
    problem: str
    faults: list[FileFault] = []


class State:
    """A collector's folder.

    Args:
        folder: Made when something is written into it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.spool_folder = folder / "spool"
        self.log = folder / "collector.log"
        self.lock = folder / "lock"
        self._identity = folder / "client.json"
        self._status = folder / "status.json"
        self._paused = folder / "paused"

    def make(self) -> None:
        """Make the folder, for this user alone.

        Raises:
            ReplayError: It cannot be made there.
        """
        with self.writing():
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    @contextmanager
    def writing(self) -> Generator[None]:
        """Something is written into the folder.

        Raises:
            ReplayError: It cannot be.
        """
        try:
            yield
        except OSError as error:
            raise ReplayError(f"{self.folder} cannot be written: {error.strerror}") from error

    def identity(self) -> Identity | None:
        """Who this collector is, if it was enrolled."""
        try:
            return msgspec.json.decode(self._identity.read_bytes(), type=Identity)
        except (OSError, msgspec.MsgspecError):
            return None

    def enrol(self, server: str, token: str, version: str, ca_file: str | None) -> Identity:
        """Redeem a token and keep who this collector is then.

        Raises:
            Revoked: The token is refused.
            Unreachable: The server did not answer.
            ReplayError: The folder cannot be written.
        """
        host, user = machine.owner()
        enrolment = Enrolment(token, host, user, machine.system(), version, machine.machine_digest())
        enrolled = remote.enrol(server, enrolment, ca_file)
        identity = Identity(
            remote.checked_url(server), enrolled.client, enrolled.credential, enrolled.organization, _digest(token)
        )
        self.make()
        with self.writing():
            self._replace(self._identity, msgspec.json.encode(identity))
        return identity

    @property
    def paused(self) -> bool:
        """Nothing is to be sent for now."""
        return self._paused.exists()

    def pause(self, *, on: bool) -> None:
        """Let the collector that runs, and the next one, send nothing; or go on.

        Raises:
            ReplayError: The folder cannot be written.
        """
        if on:
            self.make()
        with self.writing():
            if on:
                self._paused.touch(mode=0o600)
            else:
                self._paused.unlink(missing_ok=True)

    def write_status(self, status: Status) -> None:
        """Say how the collector is."""
        self._replace(self._status, msgspec.json.encode(status))

    def status(self) -> tuple[Status, bool]:
        """How the collector was when it last said so, and whether it runs.

        Raises:
            InvalidRequest: None ever ran with this folder.
        """
        try:
            status = msgspec.json.decode(self._status.read_bytes(), type=Status)
        except (OSError, msgspec.MsgspecError):
            raise InvalidRequest(f"no collector ran yet with the state folder {self.folder}") from None
        return status, time.time() - status.at < STATUS_STALE_SECONDS and _runs(status.process)

    def _replace(self, path: Path, content: bytes) -> None:
        new = path.with_name(f"{path.name}.new")
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)


def _runs(process: int) -> bool:
    if os.name == "nt":  # a signal 0 would end it there
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def known_identity(state: State, server: str | None, token: str | None, version: str, ca_file: str | None) -> Identity:
    """Who this collector is on a server: as it was enrolled, else by redeeming the token.

    Raises:
        InvalidRequest: It was never enrolled there, and has no token.
        ReplayError: The token could not be redeemed.
    """
    identity = state.identity()
    if identity is not None and (server is None or identity.server == remote.checked_url(server)):
        return identity
    if server is None or token is None:
        missing = "--server URL --token TOKEN" if server is None else "--token TOKEN"
        raise InvalidRequest(
            f"this collector is not enrolled yet: {missing} (session-replay clients add NAME makes one)"
        )
    return state.enrol(server, token, version, ca_file)


def renewed_credential(state: State, token: str | None, version: str, ca_file: str | None) -> str | None:
    """Another credential, where the server refuses the one that is kept: by a token that was not redeemed yet.

    The one that was redeemed is not redeemed again for this: two collectors with one token would void each other's
    credential for ever.

    Raises:
        ReplayError: The token could not be redeemed.
    """
    identity = state.identity()
    if identity is None or token is None or identity.token_digest == _digest(token):
        return None
    return state.enrol(identity.server, token, version, ca_file).credential


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
