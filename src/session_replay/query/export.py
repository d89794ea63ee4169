"""One session as a file: its transcript byte for byte, or its entries as rows of a table.

The law: an export is fixed when it begins (generation and end of the file), and holds nothing open
between two pieces, however slowly they are taken.  What can no longer be read ends it with an error,
never with a file that looks whole.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Generator, Iterator
from itertools import groupby
from typing import Literal, NamedTuple

from sqlalchemy import Connection

from session_replay.errors import Tampered
from session_replay.query.entries import decode_entry
from session_replay.query.spreadsheet import Cell, csv_lines
from session_replay.query.stored import stored_session, subagent_links
from session_replay.query.table import COLUMNS, Spent, entry_row, largest_usage, lines_of, pending_row
from session_replay.store.chunks import stored_chunks, stored_summaries
from session_replay.store.entries import StoredEntries
from session_replay.store.installation import Installation
from session_replay.store.sealed import StreamKey, open_chunk
from session_replay.transcript.line import read_line
from session_replay.wire import Entry, line_of

Format = Literal["csv", "jsonl"]
FORMATS: tuple[Format, ...] = ("csv", "jsonl")

PIECE_BYTES = 1 << 20
"""About so many raw bytes are opened at a time."""
ROWS_BYTES = 1 << 17
"""About so many bytes of rows are handed on at a time."""
RUN_ENTRIES = 1_000
TITLE_CHARS_MAX = 48
ID_CHARS_MAX = 120


class Fixed(NamedTuple):
    """What an export is of; later growth of the session is left to the next one.

    Attributes:
        session_id: The session.
        key: Opens the stream in the generation that was current.
        length: End of the stream in bytes.
        parsed_to: End of what was read into entries.
        name: A file name without suffix, ASCII, from title and id.
        subagents: The subagent session that an entry (by ``seq``) stands for.
    """

    session_id: str
    key: StreamKey
    length: int
    parsed_to: int
    name: str
    subagents: dict[int, str]


class Piece(NamedTuple):
    """A part of the exported file.

    Attributes:
        content: Its bytes.
        raw_end: How far in the transcript it reaches, in bytes.
    """

    content: bytes
    raw_end: int


class Export:
    """Exports sessions of one installation.

    Args:
        at: The installation.
    """

    def __init__(self, at: Installation) -> None:
        self._at = at

    def fix(self, connection: Connection, session_id: str) -> Fixed:
        """Begin an export.

        Raises:
            NotFound: No such session.
        """
        found = stored_session(self._at, connection, session_id)
        words = found.text(self._at)
        return Fixed(
            session_id,
            found.key,
            found.stream.length,
            found.stream.parsed_to,
            file_name(session_id, words.title or words.description or words.first_prompt or ""),
            subagent_links(self._at, connection, found),
        )

    def pieces(self, fixed: Fixed, wanted: Format) -> Iterator[Piece]:
        """The file in pieces; each is read when it is asked for, in whatever thread asks.

        Raises:
            Tampered: Bytes are gone, or do not authenticate; what came before is the file's beginning.
        """
        return self._raw(fixed, fixed.length) if wanted == "jsonl" else self._table(fixed)

    def _raw(self, fixed: Fixed, end: int) -> Generator[Piece]:
        at = 0
        while at < end:
            parts: list[bytes] = []
            upto = min(at + PIECE_BYTES, end)
            with self._at.database.read() as connection:
                for chunk in stored_chunks(connection, fixed.key, at, upto):
                    if chunk.start > at:
                        break
                    parts.append(open_chunk(fixed.key, chunk)[at - chunk.start : end - chunk.start])
                    at += len(parts[-1])
            if at < upto:
                raise Tampered(f"bytes from {at} of session {fixed.session_id} are stored no more")
            yield Piece(b"".join(parts), at)

    def _table(self, fixed: Fixed) -> Generator[Piece]:
        yield Piece(csv_lines([COLUMNS]), 0)
        rows: list[bytes] = []
        size, at = 0, 0
        for row, end in self._rows(fixed):
            rows.append(csv_lines([row]))
            size, at = size + len(rows[-1]), end
            if size >= ROWS_BYTES:
                yield Piece(b"".join(rows), at)
                rows, size = [], 0
        if rows:
            yield Piece(b"".join(rows), at)

    def _rows(self, fixed: Fixed) -> Generator[tuple[list[Cell], int]]:
        """Each entry's row, and the end of its line in bytes; at last what has no entries yet."""
        with self._at.database.read() as connection:
            summaries = stored_summaries(connection, fixed.key)
            entries = StoredEntries(self._at, connection, fixed.key)
            spent = Spent(largest_usage(one for summary in summaries for one in entries.of(summary)))
        lines = lines_of(piece.content for piece in self._raw(fixed, fixed.parsed_to))
        read_to = 0
        for run, run_end in self._runs(fixed):
            for number, entries in groupby(run, lambda entry: line_of(entry.seq)):
                raw = next((line for line in lines if line.number == number), None)
                if raw is None:
                    raise Tampered(f"line {number} of session {fixed.session_id} is not where its entries say")
                # Of a longer line the beginning is one byte too long: it is found too long by itself.
                line = read_line(raw.begin)
                for position, entry in enumerate(entries):
                    tokens = spent.by(line, entry, number) if position == 0 else None
                    yield entry_row(entry, line, raw, tokens, fixed.subagents.get(entry.seq)), raw.end
            read_to = run_end
        if read_to < fixed.length:
            yield pending_row(fixed.length - read_to), fixed.length

    def _runs(self, fixed: Fixed) -> Generator[tuple[list[Entry], int]]:
        """All entries in order, those of some summaries at a time, and the end of their lines in bytes."""
        line, end = 0, 0
        while True:
            encoded: list[bytes] = []
            first = line
            with self._at.database.read() as connection:
                entries = StoredEntries(self._at, connection, fixed.key)
                for summary in stored_summaries(connection, fixed.key, line):
                    # A session that is being read anew has summaries of its beginning only; a live one has more.
                    if summary.line_start > line or summary.end > fixed.parsed_to:
                        break
                    encoded += entries.of(summary)
                    line, end = summary.line_end, summary.end
                    if len(encoded) >= RUN_ENTRIES:
                        break
            if line == first:
                return
            yield [entry for entry in map(decode_entry, encoded) if line_of(entry.seq) >= first], end


def file_name(session_id: str, title: str) -> str:
    """A file name that every system takes, in ASCII: words of the title and the session's id."""
    plain = unicodedata.normalize("NFKD", title[: TITLE_CHARS_MAX * 4]).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain)[:TITLE_CHARS_MAX].strip("-")
    name = re.sub(r"[^A-Za-z0-9_~-]", "-", session_id)[:ID_CHARS_MAX]
    return f"{words or 'session'}_{name}"
