"""Administration commands: through the server that holds the data, or on the data folder itself where none does."""

from __future__ import annotations

import http.client
import os
import socket
import tempfile
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec

from session_replay.errors import DataFolderBusy, InvalidRequest, ReplayError
from session_replay.wire import Problem

SOCKET = "admin.sock"
SOCKET_PATH_BYTES_MAX = 100
"""The kernel's limit is 108, on macOS 104."""


def socket_path(folder: Path) -> Path:
    """The server's socket of a data folder; elsewhere, in a folder of this user's own, where its path is too long."""
    path = folder / SOCKET
    if len(bytes(path)) <= SOCKET_PATH_BYTES_MAX:
        return path
    apart = Path(tempfile.gettempdir()) / f"session-replay-{sha256(bytes(folder.resolve())).hexdigest()[:16]}"
    apart.mkdir(mode=0o700, exist_ok=True)
    if apart.stat().st_uid != os.getuid() or apart.stat().st_mode & 0o077:
        raise InvalidRequest(f"{apart} belongs to somebody else: give the data folder a shorter path")
    return apart / SOCKET


class _LocalConnection(http.client.HTTPConnection):
    """HTTP over the socket in a data folder."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=60)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def ask_server(folder: Path, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON
    """Ask the server that holds a data folder.

    Raises:
        DataFolderBusy: Some other process holds it: there is no server to ask.
        ReplayError: The server refuses.
    """
    connection = _LocalConnection(socket_path(folder))
    try:
        sent = None if body is None else msgspec.json.encode(body)
        connection.request(method, path, sent, {"Content-Type": "application/json", "Host": "localhost"})
        response = connection.getresponse()
        said = response.read()
    except (OSError, http.client.HTTPException) as error:
        raise DataFolderBusy(f"another session-replay process holds {folder}, and it is no server to ask") from error
    finally:
        connection.close()
    if response.status >= 400:  # noqa: PLR2004 - errors
        raise _problem(said, response.status)
    return msgspec.json.decode(said) if said else None


def _problem(said: bytes, status: int) -> ReplayError:
    try:
        return ReplayError(msgspec.json.decode(said, type=Problem).detail)
    except msgspec.MsgspecError:
        return ReplayError(f"the server answers {status}")
