"""``session-replay export``: one session to a file or to standard output, also beside a running server."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from session_replay.errors import InvalidRequest
from session_replay.query.export import Export, Fixed, Format, Piece
from session_replay.query.stored import named_session
from session_replay.server import settings
from session_replay.store.installation import read_installation

STANDARD_OUTPUT = "-"
PIPE_CLOSED = 141
"""Exit code of a program that was ended because nobody reads its output any more: 128 + SIGPIPE."""
WORTH_PROGRESS_BYTES = 8 << 20


def export(session: str, wanted: Format, output: str, data: Path | None) -> int:
    """Export a session; exit code 0, 1 where a CSV lacks bytes that were not read yet, 141 when the pipe was closed.

    Raises:
        NotFound: No data, or no such session.
        InvalidRequest: Several sessions are meant, or the file cannot be written.
        Tampered: What is stored cannot be read; a file is then not made.
    """
    folder, url = settings.data_folder(data), settings.database_url()
    with read_installation(folder, settings.key_source(), url=url) as at:
        exported = Export(at)
        with at.database.read() as connection:
            fixed = exported.fix(connection, named_session(connection, session))
        try:
            with _opened(output) as file, _progress(fixed, output) as report:
                for piece in exported.pieces(fixed, wanted):
                    file.write(piece.content)
                    report(piece)
                file.flush()
        except BrokenPipeError:
            # Whoever read has gone; a second flush at exit must not complain.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return PIPE_CLOSED
        except OSError as error:
            raise InvalidRequest(f"{output} cannot be written: {error.strerror}") from error
    if wanted == "csv" and fixed.parsed_to < fixed.length:
        left = fixed.length - fixed.parsed_to
        print(f"session-replay: the last {left} bytes were not read yet and have no rows", file=sys.stderr)
        return 1
    return 0


@contextmanager
def _opened(output: str) -> Generator[BinaryIO]:
    """The file to write: the named one is whole or as it was, and readable by its owner alone."""
    if output == STANDARD_OUTPUT:
        yield sys.stdout.buffer
        return
    path = Path(output).resolve()
    if path.exists() and not path.is_file() and not path.is_dir():  # a pipe or a device
        with path.open("wb") as file:
            yield file
        return
    made = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
        made.replace(path)
    finally:
        made.unlink(missing_ok=True)


@contextmanager
def _progress(fixed: Fixed, output: str) -> Generator[Callable[[Piece], None]]:
    fills_terminal = output == STANDARD_OUTPUT and sys.stdout.isatty()
    if fixed.length < WORTH_PROGRESS_BYTES or not sys.stderr.isatty() or fills_terminal:
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("Exporting"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=fixed.length)
        yield lambda piece: bar.update(task, completed=piece.raw_end)
