"""``session-replay collect``: the collector as a command; and ``import --server``, which ships once and ends."""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Generator
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import NamedTuple

import msgspec

from session_replay import __version__
from session_replay.cli.printed import LineFormatter, printed
from session_replay.collector import machine
from session_replay.collector.collect import Reporter, follow
from session_replay.collector.deliver import Shipper
from session_replay.collector.discover import discover
from session_replay.collector.follow import Follower
from session_replay.collector.known import Progress
from session_replay.collector.remote import Remote
from session_replay.collector.spool import Spool
from session_replay.collector.state import Identity, State, Status, known_identity, renewed_credential
from session_replay.errors import DataFolderBusy, InvalidRequest, Unreachable
from session_replay.wire import FileFault

log = logging.getLogger("session_replay.collector")

STATUS_SECONDS = 2.0
LOG_BYTES, LOGS_KEPT = 1_000_000, 3
ENROL_RETRY_SECONDS = 10.0
ROUND_SECONDS = 0.05


class Options(NamedTuple):
    """What ``collect`` was told."""

    server: str | None
    token: str | None
    transcripts: Path | None
    state: Path | None
    excluded: list[str]
    ca_file: str | None


def collect(options: Options) -> int:
    """Ship and follow until a signal comes; exit code 0.

    Raises:
        DataFolderBusy: Another collector runs with this state folder.
        InvalidRequest: It is not enrolled, and has no token.
        ReplayError: The state folder cannot be written.
        Revoked: The token is refused.
    """
    state = State(machine.state_folder(options.state))
    state.make()
    stopped = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda _number, _frame: stopped.set())
    with _alone(state):
        _log_to(state)
        identity = _enrolled(state, options, stopped)
        if identity is None:
            return 0
        folder = machine.transcripts_folder(options.transcripts)
        server = _remote(state, identity, options)
        shipper = Shipper(server, spool=Spool(state.spool_folder))
        shipper.paused = state.paused  # from the first request on
        reporter = Reporter(shipper, server, __version__, machine.machine_digest(), folder)
        follower = Follower(folder, machine.owner(), options.excluded)
        log.info("following %s for %s, state in %s", folder, identity.server, state.folder)
        telling = threading.Thread(
            target=_tell, args=(state, identity, folder, shipper, reporter, stopped), name="status", daemon=True
        )
        telling.start()
        follow(follower, shipper, reporter, stopped)
        telling.join()
        log.info("stopped")
    return 0


@contextlib.contextmanager
def _alone(state: State) -> Generator[None]:
    from filelock import FileLock, Timeout

    lock = FileLock(state.lock, blocking=False)
    with state.writing():
        try:
            lock.acquire()
        except Timeout:
            raise DataFolderBusy(f"another collector runs with the state folder {state.folder}") from None
    try:
        yield
    finally:
        lock.release()


def _log_to(state: State) -> None:
    handlers = [
        logging.StreamHandler(sys.stderr),
        RotatingFileHandler(state.log, maxBytes=LOG_BYTES, backupCount=LOGS_KEPT, encoding="utf-8", delay=True),
    ]
    for handler in handlers:
        handler.setFormatter(LineFormatter("%(asctime)s %(levelname)s %(message)s"))
    logging.getLogger("watchfiles").setLevel(logging.WARNING)
    logging.basicConfig(level=logging.INFO, handlers=handlers, force=True)


def _enrolled(state: State, options: Options, stopped: threading.Event) -> Identity | None:
    """Who this collector is; a server that is away is waited for. None: it was stopped."""
    while not stopped.is_set():
        try:
            return known_identity(state, options.server, options.token, __version__, options.ca_file)
        except Unreachable as error:
            log.warning("cannot enrol yet: %s", error)
            stopped.wait(ENROL_RETRY_SECONDS)
    return None


def _remote(state: State, identity: Identity, options: Options) -> Remote:
    """The server, which a token that is new opens again where it knows this client no more."""
    return Remote(
        identity.server,
        identity.credential,
        options.ca_file,
        lambda: renewed_credential(state, options.token, __version__, options.ca_file),
    )


def _tell(
    state: State, identity: Identity, folder: Path, shipper: Shipper, reporter: Reporter, stopped: threading.Event
) -> None:
    """Write the status now and then, log what changed, and look whether it is paused."""
    logged = ""
    while True:
        is_last = stopped.wait(STATUS_SECONDS)
        if shipper.paused != state.paused:
            shipper.paused = state.paused
            log.info("paused" if shipper.paused else "going on")
            shipper.files.wake()
        progress = shipper.files.progress()
        problem = shipper.problem or reporter.problem
        status = Status(
            at=time.time(),
            process=os.getpid(),
            server=identity.server,
            transcripts=str(folder),
            paused=shipper.paused,
            problem=problem,
            **progress._asdict(),
        )
        try:
            state.write_status(status)
        except OSError as error:
            log.warning("the status cannot be written: %s", error.strerror)
        said = _why(progress, problem)
        if said != logged:
            log.log(logging.WARNING if problem or progress.faults else logging.INFO, "%s", said)
            logged = said
        if is_last:
            return


def _why(progress: Progress, problem: str) -> str:
    """What is unshipped, and why, without figures that change all the time."""
    if progress.files == progress.files_done and not problem and not progress.faults:
        return f"all shipped: {progress.files} files"
    reasons = [problem] if problem else []
    reasons += [f"{fault.path}: {fault.problem}" for fault in progress.faults]
    return "not all shipped: " + ("; ".join(reasons) if reasons else "under way")


def show_status(state_folder: Path | None, *, as_json: bool) -> int:
    """Print how the collector is; exit code 0 if it runs and has shipped all, else 1.

    Raises:
        InvalidRequest: None ever ran with this state folder.
    """
    state = State(machine.state_folder(state_folder))
    status, runs = state.status()
    missing = status.total_bytes - status.done_bytes
    is_well = runs and not status.problem and not missing and not status.faults
    if as_json:
        print(msgspec.json.encode(msgspec.to_builtins(status) | {"running": runs}).decode())
        return 0 if is_well else 1
    print(f"{'running' if runs else 'not running'}{', paused' if state.paused else ''}; server {status.server}")
    print(f"{status.files_done} of {status.files} files shipped, {_size(missing)} to go")
    if status.unshipped_since is not None:
        since = dt.datetime.fromtimestamp(status.unshipped_since).astimezone()
        print(f"the oldest unshipped byte is of {since:%Y-%m-%d %H:%M:%S %Z}")
    if status.problem:
        print(f"why: {printed(status.problem)}")
    for fault in status.faults:
        print(printed(f"  {fault.path}: {fault.problem}"))
    print(printed(f"transcripts {status.transcripts}, log {state.log}"))
    return 0 if is_well else 1


def _size(count: int) -> str:
    """Bytes in words; a few that are missing are not none."""
    if count < 1_000:  # noqa: PLR2004 - of the unit
        return f"{count} byte{'' if count == 1 else 's'}"
    return f"{count / 1e3:.1f} kB" if count < 1e6 else f"{count / 1e6:.1f} MB"  # noqa: PLR2004


def set_paused(state_folder: Path | None, *, on: bool) -> int:
    """Pause the collector, or let it go on; nothing is lost meanwhile."""
    state = State(machine.state_folder(state_folder))
    state.pause(on=on)
    print("Paused: nothing is sent until session-replay collect --resume." if on else "Going on.")
    return 0


class Shipment(msgspec.Struct):
    """What an import to a server did; printed as JSON with ``--json``."""

    files: int
    bytes: int
    stored_bytes: int = 0
    faults: list[FileFault] = []
    seconds: float = 0


def import_to_server(paths: list[Path], options: Options, *, as_json: bool) -> int:
    """Ship all transcripts below ``paths`` once; exit code 0 also when some files could not be taken.

    Raises:
        DataFolderBusy: A collector runs with this state folder: two with one credential at once are alarming.
        InvalidRequest: A path is no folder.
        Revoked: The server refuses this client.
        Unreachable: It does not answer.
    """
    begun = time.monotonic()
    for path in paths:
        if not path.is_dir():
            raise InvalidRequest(f"{path} is no folder")
    state = State(machine.state_folder(options.state))
    state.make()
    with _alone(state):
        identity = known_identity(state, options.server, options.token, __version__, options.ca_file)
        shipper = Shipper(_remote(state, identity, options), follows=False)
        found = discover([path.absolute() for path in paths], machine.owner())
        shipper.files.looked(found.files, found.faults)
        _ship_all(shipper, shows_progress=not as_json and sys.stderr.isatty())
    after = shipper.files.progress()
    shipment = Shipment(after.files, after.total_bytes, shipper.sent_bytes, after.faults, time.monotonic() - begun)
    if as_json:
        print(msgspec.json.encode(shipment).decode())
    else:
        print(f"{shipment.files} files, {shipment.bytes / 1e6:.1f} MB are on the server, {shipment.seconds:.1f} s")
        for fault in shipment.faults:
            print(printed(f"  {fault.path}: {fault.problem}"))
    return 0


TRIES_MAX = 8


def _ship_all(shipper: Shipper, *, shows_progress: bool) -> None:
    """Ship until nothing is left but what cannot be taken; a server that stays away, or refuses, ends it."""
    told_at = time.monotonic()
    while not shipper.files.is_done:
        did = shipper.round("live")
        did = shipper.round("bulk") or did
        failure = shipper.failure
        if failure.error is not None and not isinstance(failure.error, Unreachable):
            raise failure.error
        if failure.error is not None and failure.times > TRIES_MAX:
            raise failure.error
        if not did:
            time.sleep(ROUND_SECONDS)
        if shows_progress and time.monotonic() - told_at > 1:
            told_at = time.monotonic()
            progress = shipper.files.progress()
            done = f"{progress.files_done}/{progress.files} files, {progress.done_bytes / 1e6:.0f}"
            print(f"\r{done} of {progress.total_bytes / 1e6:.0f} MB", end="", file=sys.stderr, flush=True)
    if shows_progress:
        print(file=sys.stderr)
