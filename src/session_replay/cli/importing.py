"""``session-replay import``: take transcripts in once, with progress, and sum up."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from session_replay.cli.printed import printed
from session_replay.collector import machine
from session_replay.collector.discover import Found, described, discover
from session_replay.errors import NotFound
from session_replay.server import settings
from session_replay.store.unchanged import TOTALS, Totals, totals_of_unchanged
from session_replay.transcript.entry import PARSER_VERSION
from session_replay.wire import FileFault

if TYPE_CHECKING:
    from session_replay.ingest.intake import Progress

WORTH_WORKERS_BYTES = 8 << 20


class Summary(msgspec.Struct):
    """What an import did, and what is stored then; printed as JSON with ``--json``."""

    files: int
    bytes: int
    unchanged_files: int
    rewritten_files: int = 0
    stored_bytes: int = 0
    # Of everything that is stored, whenever it was taken in:
    sessions: int = 0
    """Main ones, as the page lists them."""
    subagent_sessions: int = 0
    entries: int = 0
    lines: int = 0
    lines_with_entries: int = 0
    damaged_lines: int = 0
    faults: list[FileFault] = []
    seconds_stored: float = 0
    cpu_seconds_stored: float = 0
    seconds: float = 0
    cpu_seconds: float = 0


def import_once(paths: list[Path], data: Path | None, *, host_from_path: bool, as_json: bool) -> int:
    """Import all transcripts below ``paths``; exit code 0 also when some files could not be taken: the summary says so.

    Raises:
        NotFound: A path does not exist, or is no folder.
    """
    begun = time.perf_counter()
    found = _discover(paths, host_from_path=host_from_path)
    folder, source = settings.data_folder(data), settings.key_source()
    summary = Summary(len(found.files), sum(file.size for file in found.files), len(found.files), faults=found.faults)
    url = settings.database_url()
    totals = None if url else totals_of_unchanged(folder, source, found.files, PARSER_VERSION)
    if totals is not None:
        _add(summary, totals)
        summary.seconds = summary.seconds_stored = time.perf_counter() - begun
        summary.cpu_seconds = summary.cpu_seconds_stored = time.process_time()
    else:
        _import(found, folder, summary, begun, shows_progress=not as_json)
    print(msgspec.json.encode(summary).decode() if as_json else _words(summary))
    return 0


def _discover(paths: list[Path], *, host_from_path: bool) -> Found:
    for path in paths:
        if not path.is_dir():
            raise NotFound(f"{path} is no folder" if path.exists() else f"there is no {path}")
    return discover([path.absolute() for path in paths], machine.owner(), host_from_path=host_from_path)


def _import(found: Found, folder: Path, summary: Summary, begun: float, *, shows_progress: bool) -> None:
    from sqlalchemy import text

    from session_replay.ingest.intake import Intake, Tally
    from session_replay.ingest.workers import Workers
    from session_replay.store.installation import open_installation

    source, url = settings.key_source(), settings.database_url()
    is_worth_it = summary.bytes >= WORTH_WORKERS_BYTES
    with open_installation(folder, source, url=url) as at, _progress(shows_progress) as report:
        if at.is_new and at.key_file:
            print(f"Made a new key: {at.key_file}\nKeep a copy: without it nothing can be read.", file=sys.stderr)
        workers = Workers(None if is_worth_it else 0)
        intake = Intake(at, workers, report=report, describe=described)
        tally = Tally()
        try:
            # The largest first: the last to finish is then a small one.
            grown = intake.store(sorted(found.files, key=lambda file: -file.size), tally)
            summary.seconds_stored = time.perf_counter() - begun
            summary.cpu_seconds_stored = _cpu_seconds()
            intake.read([*grown, *intake.pending()], tally)
            summary.cpu_seconds = _cpu_seconds()
        finally:
            workers.close()
        with at.database.read() as connection:
            _add(summary, Totals(*connection.execute(text(TOTALS)).one()))
    summary.unchanged_files = tally.unchanged_files
    summary.rewritten_files = tally.rewritten_files
    summary.stored_bytes = tally.stored_bytes
    summary.faults = found.faults + tally.faults
    summary.seconds = time.perf_counter() - begun


def _add(summary: Summary, totals: Totals) -> None:
    for name, total in totals._asdict().items():
        setattr(summary, name, total)


def _cpu_seconds() -> float:
    """Processor time of this process and its workers so far."""
    import psutil

    me = psutil.Process()
    times = [process.cpu_times() for process in (me, *me.children(recursive=True))]
    return sum(spent.user + spent.system for spent in times)


@contextmanager
def _progress(shows: bool) -> Generator[Callable[[Progress], None]]:
    if not shows or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn
    from rich.progress import Progress as Bar

    columns: list[Any] = [
        TextColumn("{task.description:8}"),
        BarColumn(),
        TextColumn("{task.fields[done]}/{task.fields[files]} files"),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    ]
    with Bar(*columns, console=Console(stderr=True)) as bar:
        tasks = {
            phase: bar.add_task(words, total=None, done=0, files=0, start=False)
            for phase, words in (("store", "Storing"), ("read", "Reading"))
        }

        def report(progress: Progress) -> None:
            task = tasks[progress.phase]
            bar.start_task(task)
            bar.update(
                task,
                total=progress.total_bytes,
                completed=progress.done_bytes,
                done=progress.files_done,
                files=progress.files,
            )

        yield report


def _words(summary: Summary) -> str:
    stored = f"{summary.stored_bytes / 1e6:.1f} MB stored in {summary.seconds:.1f} s"
    lines = [f"{summary.files} files, {summary.unchanged_files} unchanged, {stored}"]
    if summary.lines:
        subagents = f" and {summary.subagent_sessions:,} subagent sessions" if summary.subagent_sessions else ""
        lines.append(
            f"In all there are {summary.sessions:,} sessions{subagents}, {summary.entries:,} entries,"
            f" {summary.lines_with_entries:,} of {summary.lines:,} lines shown"
        )
    if summary.damaged_lines:
        damaged = "line is" if summary.damaged_lines == 1 else "lines are"
        lines.append(f"{summary.damaged_lines:,} {damaged} damaged or too long to be parsed, and shown as they came")
    if summary.rewritten_files:
        lines.append(f"{summary.rewritten_files} files were rewritten since the last import; the older bytes are kept")
    if summary.faults:
        lines.append(f"{len(summary.faults)} could not be taken:")
        lines += [printed(f"  {fault.path}: {fault.problem}") for fault in summary.faults]
    return "\n".join(lines)
