"""``session-replay serve``: one process, the server and the collector of this machine's transcripts."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import signal
import socket
import sys
import webbrowser
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal

import uvicorn
from litestar.types import ASGIApp, Receive, Scope, Send

from session_replay.cli.administration import socket_path
from session_replay.cli.local import LocalTranscripts
from session_replay.cli.printed import LineFormatter
from session_replay.collector import machine
from session_replay.collector.discover import GONE, folder_problem
from session_replay.errors import InvalidRequest
from session_replay.ingest.reading import Reading
from session_replay.ingest.receive import Receiver
from session_replay.server import settings
from session_replay.server.access import LOCAL_SOCKET, LOOPBACK_NAMES
from session_replay.server.app import make_app, make_services
from session_replay.server.feed import Feed
from session_replay.server.services import Services
from session_replay.store.installation import Installation, open_installation

DRAIN_SECONDS = 5
THREADS = 12


def serve(host: str, port: int, data: Path | None, transcripts: Path | None) -> int:
    """Serve until a signal comes; exit code 0.

    Raises:
        InvalidRequest: The address is no loopback address, or cannot be listened on.
        ReplayError: The data folder cannot be opened.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(LineFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    if host not in LOOPBACK_NAMES:
        raise InvalidRequest(
            "without sign-in configured the server listens on 127.0.0.1 only; for other machines see docs/deploy.md"
        )
    folder = machine.transcripts_folder(transcripts)
    owner = machine.owner()
    with (
        _listening(host, port) as listener,
        open_installation(settings.data_folder(data), settings.key_source(), url=settings.database_url()) as at,
        _listening_locally(at.folder) as local_listener,
    ):
        at.database.checkpoint_beside()
        feed = Feed()
        reading = Reading(at, feed.announce)
        receiver = Receiver(at, reading.received)
        services = make_services(
            at, user=owner.user, api_key=settings.api_key(), host=host, feed=feed, receiver=receiver
        )
        local = LocalTranscripts(at, folder, owner, services.local, receiver, reading)
        _greet(at, folder)
        _offer_address(services, host, listener.getsockname()[1], opens=settings.opens_browser())
        reading.start()
        local.start()
        try:
            asyncio.run(_serve(services, listener, local_listener))
        finally:
            local.stop()
            reading.stop()
    return 0


@contextlib.contextmanager
def _listening(host: str, port: int) -> Generator[socket.socket]:
    """A bound socket: a port that is taken is found out before anything else is touched."""
    try:
        listener = socket.create_server(
            (host.strip("[]"), port), family=socket.AF_INET6 if ":" in host else socket.AF_INET
        )
    except OSError as error:
        # The library's words name the address once more, as a pair.
        why = "something else listens there already" if error.errno == errno.EADDRINUSE else error.strerror
        raise InvalidRequest(f"cannot listen on {host}:{port}: {why}; choose another --port") from error
    with listener:
        # Accepted sockets inherit it; without, each answer's body waits 40 ms for the acknowledgement of its head.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield listener


@contextlib.contextmanager
def _listening_locally(folder: Path) -> Generator[socket.socket | None]:
    """A socket in the data folder: who may read the folder may administer the server through it."""
    if not hasattr(socket, "AF_UNIX"):
        yield None
        return
    path = socket_path(folder)
    path.unlink(missing_ok=True)  # of a server that was killed: the folder's lock is ours
    with socket.socket(socket.AF_UNIX) as listener:
        before = os.umask(0o177)
        try:
            listener.bind(str(path))
        finally:
            os.umask(before)
        listener.listen()
        try:
            yield listener
        finally:
            path.unlink(missing_ok=True)


async def _serve(services: Services, listener: socket.socket, local_listener: socket.socket | None) -> None:
    app = make_app(services)
    servers = [_server(app, "on")]
    if local_listener is not None:
        servers.append(_server(_of_local_socket(app), "off"))

    def stop() -> None:
        services.feed.stop()  # ends every event stream, which would else keep the server waiting
        for server in servers:
            server.should_exit = True

    loop = asyncio.get_running_loop()
    # Questions and receptions wait in threads for the database, which has this many connections and some to spare.
    loop.set_default_executor(ThreadPoolExecutor(THREADS, thread_name_prefix="request"))
    for name in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(name, stop)
        except NotImplementedError:  # Windows
            signal.signal(name, lambda _number, _frame: loop.call_soon_threadsafe(stop))
    serving = [
        server.serve(sockets=[one]) for server, one in zip(servers, (listener, local_listener), strict=False) if one
    ]
    await asyncio.gather(*serving)


def _server(app: ASGIApp, lifespan: Literal["on", "off"]) -> _Server:
    return _Server(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=DRAIN_SECONDS,
            lifespan=lifespan,
        )
    )


def _of_local_socket(app: ASGIApp) -> ASGIApp:
    async def marked(scope: Scope, receive: Receive, send: Send) -> None:
        scope[LOCAL_SOCKET] = True  # type: ignore[literal-required] - the server's own word
        await app(scope, receive, send)

    return marked


class _Server(uvicorn.Server):
    """Leaves signals to whoever runs the loop."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


def _greet(at: Installation, folder: Path) -> None:
    if at.is_new and at.key_file:
        print(
            f"Made a new key: {at.key_file}\n"
            "Everything stored is sealed with it. Keep a copy elsewhere: without it nothing can be read."
        )
    print(f"Data:        {at.folder}")
    problem = folder_problem(folder)
    print(f"Transcripts: {folder}" + (f"  ({'not there yet' if problem == GONE else problem})" if problem else ""))


def _offer_address(services: Services, host: str, port: int, *, opens: bool) -> None:
    """Print an address that signs one browser in, and a new one each time one was used."""
    base = f"http://{host}:{port}/"

    def offer() -> str:
        address = f"{base}?token={services.access.make_token()}"
        print(address, flush=True)
        return address

    def offer_another() -> None:
        print("Signed in. For another browser:", end=" ")
        offer()

    services.token_was_redeemed = offer_another
    print("Open:        ", end="")
    address = offer()
    if opens and _has_screen():
        webbrowser.open(address)


def _has_screen() -> bool:
    """Whether somebody sits there: without a display a text browser would take over the terminal."""
    is_graphical = sys.platform in {"darwin", "win32"} or "DISPLAY" in os.environ or "WAYLAND_DISPLAY" in os.environ
    return is_graphical and sys.stdout.isatty()
