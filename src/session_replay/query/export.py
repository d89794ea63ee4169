"""One session as a file: its transcript byte for byte, or its entries as rows of a table.

The law: an export is fixed when it begins (generation and end of the file), and holds nothing open
between two pieces, however slowly they are taken.  What can no longer be read ends it with an error,
never with a file that looks whole.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Generator, Iterable, Iterator, Sequence
from itertools import groupby
from typing import Literal, NamedTuple

import msgspec
from sqlalchemy import Connection, select

from session_replay.errors import InvalidRequest, NotFound, Tampered
from session_replay.query.spreadsheet import Cell, csv_lines, fitted
from session_replay.query.trace import Trace
from session_replay.store import streams
from session_replay.store.chunks import stored_chunks, stored_summaries
from session_replay.store.installation import Installation
from session_replay.store.schema import sessions
from session_replay.store.sealed import StreamKey, open_chunk, open_summary
from session_replay.transcript.content import content_of
from session_replay.transcript.edit import diffs_of
from session_replay.transcript.entry import SYNTHETIC_MODEL, tokens_of
from session_replay.transcript.line import LINE_BYTES_MAX, Damage, Line, Message, read_line
from session_replay.wire import ContentPart, Entry, FileDiff, Tokens, line_of

Format = Literal["csv", "jsonl"]
FORMATS: tuple[Format, ...] = ("csv", "jsonl")

PIECE_BYTES = 1 << 20
"""About so many raw bytes are opened at a time."""
ROWS_BYTES = 1 << 17
"""About so many bytes of rows are handed on at a time."""
RUN_ENTRIES = 1_000
TITLE_CHARS_MAX = 48
ID_CHARS_MAX = 120
NAMES_SHOWN = 5

COLUMNS = (
    "seq",
    "line",
    "at",
    "type",
    "raw_type",
    "role",
    "tool",
    "label",
    "text",
    "text_cut",
    "is_error",
    "is_denied",
    "inherited",
    "sidechain",
    "duration_ms",
    "input_tokens",
    "output_tokens",
    "cache_creation_tokens",
    "cache_read_tokens",
    "model",
    "message_id",
    "tool_use_id",
    "uuid",
    "agent_id",
    "subagent_session_id",
    "files",
    "size_bytes",
    "findings",
)
"""Names that scripts rely on: add behind them, never rename; ``docs/export.md`` says what each holds."""

_Counters = tuple[int, int, int, int]
_NO_TOKENS: _Counters = (0, 0, 0, 0)
_decode = msgspec.json.Decoder(Entry).decode


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
        trace: Says what is known about entries beyond their own lines.
    """

    def __init__(self, at: Installation, trace: Trace) -> None:
        self._at = at
        self._trace = trace

    def fix(self, connection: Connection, session_id: str) -> Fixed:
        """Begin an export.

        Raises:
            NotFound: No such session.
        """
        if not (session_id.isascii() and session_id.isprintable()):  # PostgreSQL refuses a NUL in a text
            raise NotFound(f"no session {session_id!r}")
        row = connection.execute(
            select(sessions.c.stream_id, sessions.c.sealed_text).where(sessions.c.id == session_id)
        ).one_or_none()
        secret = self._at.session_keys.find(connection, [session_id]).get(session_id)
        if row is None or secret is None:
            raise NotFound(f"no session {session_id}")
        stream = streams.find(connection, row.stream_id)
        words = self._at.session_keys.open_text(secret, session_id, bytes(row.sealed_text))
        patches = self._trace.patches(connection, session_id)
        return Fixed(
            session_id,
            StreamKey(secret, self._at.key.organization, stream.id, stream.generation),
            stream.length,
            stream.parsed_to,
            file_name(session_id, words.title or words.description or words.first_prompt or ""),
            {patch.seq: patch.subagent_session_id for patch in patches if patch.subagent_session_id},
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
        spent = _Spent(self._largest(fixed))
        lines = _lines(self._raw(fixed, fixed.parsed_to))
        read_to = 0
        for run, run_end in self._runs(fixed):
            for number, entries in groupby(run, lambda entry: line_of(entry.seq)):
                raw = next((line for line in lines if line.number == number), None)
                if raw is None:
                    raise Tampered(f"line {number} of session {fixed.session_id} is not where its entries say")
                # Of a longer line the beginning is one byte too long: it is found too long by itself.
                line = read_line(raw.begin)
                tokens = None
                for position, entry in enumerate(entries):
                    if position == 0:
                        tokens = spent.by(line, entry, number)
                    subagent = fixed.subagents.get(entry.seq)
                    yield _row(entry, line, raw, tokens if position == 0 else None, subagent), raw.end
            read_to = run_end
        if read_to < fixed.length:
            yield _pending_row(fixed.length - read_to), fixed.length

    def _runs(self, fixed: Fixed) -> Generator[tuple[list[Entry], int]]:
        """All entries in order, those of some summaries at a time, and the end of their lines in bytes."""
        line, end = 0, 0
        while True:
            encoded: list[bytes] = []
            first = line
            with self._at.database.read() as connection:
                for summary in stored_summaries(connection, fixed.key, line):
                    # A session that is being read anew has summaries of its beginning only; a live one has more.
                    if summary.line_start > line or summary.end > fixed.parsed_to:
                        break
                    encoded += open_summary(fixed.key, summary)
                    line, end = summary.line_end, summary.end
                    if len(encoded) >= RUN_ENTRIES:
                        break
            if line == first:
                return
            yield [entry for entry in map(_decode, encoded) if line_of(entry.seq) >= first], end

    def _largest(self, fixed: Fixed) -> dict[str, _Counters]:
        """The largest of each counter that the entries of a message repeat, by message id."""
        largest: dict[str, _Counters] = {}
        decode = msgspec.json.Decoder(_Usage).decode
        with self._at.database.read() as connection:
            for summary in stored_summaries(connection, fixed.key):
                for encoded in open_summary(fixed.key, summary):
                    entry = decode(encoded)
                    if entry.message_id and entry.tokens and not entry.inherited:
                        counters = _counters_of(entry.tokens)
                        known = largest.get(entry.message_id)
                        largest[entry.message_id] = _maximum(known, counters) if known else counters
        return largest


class _Usage(msgspec.Struct):
    message_id: str | None = None
    tokens: Tokens | None = None
    inherited: bool = False


class _RawLine(NamedTuple):
    """One line of a transcript.

    Attributes:
        number: Counted from 0; every newline ends one.
        begin: The line, or so much of its beginning as is ever parsed.
        cut_bytes: What ``begin`` lacks.
        end: End of the line in the transcript, its newline included.
    """

    number: int
    begin: bytes
    cut_bytes: int
    end: int


def _lines(pieces: Iterable[Piece]) -> Generator[_RawLine]:
    """Lines of any length, none of which takes more memory than the longest that is parsed."""
    begun = bytearray()
    number, size, end = 0, 0, 0
    for piece in pieces:
        *whole, rest = piece.content.split(b"\n")
        for part in whole:
            begun += part[: LINE_BYTES_MAX + 1 - len(begun)]
            size += len(part)
            end += len(part) + 1
            yield _RawLine(number, bytes(begun), size - len(begun), end)
            begun.clear()
            number, size = number + 1, 0
        begun += rest[: LINE_BYTES_MAX + 1 - len(begun)]
        size += len(rest)
        end += len(rest)
    if size:
        yield _RawLine(number, bytes(begun), size - len(begun), end)


class _Spent:
    """Puts the tokens of a message where it begins, so that a column sums up to the session's figure.

    A message's lines repeat its usage, and each counter counts once, with the largest that any of them says.

    Args:
        largest: What is known of messages ahead of their first line.
    """

    def __init__(self, largest: dict[str, _Counters]) -> None:
        self._largest = largest
        self._given: dict[str, _Counters] = {}

    def by(self, line: Line | Damage, first: Entry, number: int) -> _Counters | None:
        """What a line adds; None where it says nothing new.

        Args:
            line: The line.
            first: Its first entry.
            number: Its number.
        """
        if isinstance(line, Damage) or line.type != "assistant" or first.inherited or line.is_api_error_message:
            return None
        message = line.message if isinstance(line.message, Message) else None
        if message is None or message.usage is None or message.model == SYNTHETIC_MODEL:
            return None
        counters = _counters_of(tokens_of(message.usage))
        if not message.id:
            key = f"\0{line.uuid or number}"  # no message's id: such a line counts once by its own
            if key in self._given:
                return None
            self._given[key] = counters
            return counters
        given = self._given.get(message.id)
        upto = _maximum(counters, self._largest.get(message.id, _NO_TOKENS), given or _NO_TOKENS)
        self._given[message.id] = upto
        if given is None:
            return upto
        return None if upto == given else _difference(upto, given)


def _counters_of(tokens: Tokens | None) -> _Counters:
    return (tokens.input, tokens.output, tokens.cache_creation, tokens.cache_read) if tokens else _NO_TOKENS


def _maximum(*several: _Counters) -> _Counters:
    inputs, outputs, written, read = zip(*several, strict=True)
    return (max(inputs), max(outputs), max(written), max(read))


def _difference(more: _Counters, less: _Counters) -> _Counters:
    return (more[0] - less[0], more[1] - less[1], more[2] - less[2], more[3] - less[3])


# Rows


def _row(
    entry: Entry, line: Line | Damage, raw: _RawLine, tokens: _Counters | None, subagent: str | None
) -> list[Cell]:
    diffs = [] if isinstance(line, Damage) else diffs_of(line, entry, raw.begin)
    parts = content_of(line, entry, raw.begin)
    text = _text(parts, diffs)
    kept = fitted(text)
    cut = len(text) - len(kept) + sum(part.truncated_bytes for part in parts) + raw.cut_bytes
    spent = tokens or (None, None, None, None)
    findings = "; ".join(f"{finding.severity} {finding.rule}" for finding in entry.findings)
    return [
        entry.seq,
        raw.number + 1,
        entry.at,
        entry.type,
        entry.raw_type,
        entry.role,
        entry.tool,
        entry.label,
        kept,
        cut,
        _flag(is_so=entry.is_error),
        _flag(is_so=entry.is_denied),
        _flag(is_so=entry.inherited),
        _flag(is_so=entry.sidechain),
        entry.duration_ms,
        *spent,
        entry.model,
        entry.message_id,
        entry.tool_use_id,
        entry.uuid,
        entry.agent_id,
        subagent,
        fitted("\n".join(dict.fromkeys(diff.path for diff in diffs if diff.path))),
        entry.size_bytes,
        findings,
    ]


def _pending_row(size: int) -> list[Cell]:
    """Says what the rows do not have, so that nobody takes them for the whole session."""
    said: dict[str, Cell] = {
        "type": "system",
        "raw_type": "pending",
        "label": "not read yet",
        "text": f"[{size} bytes at the end of the transcript were received and not read into entries yet. "
        "The JSONL export has them.]",
        "size_bytes": size,
    }
    return [said.get(name) for name in COLUMNS]


def _flag(*, is_so: bool) -> str:
    return "true" if is_so else "false"


def _text(parts: Sequence[ContentPart], diffs: Sequence[FileDiff]) -> str:
    """All of an entry in plain words: its parts, those after the first under their labels, then what it changed."""
    words: list[str] = []
    for part in parts:
        text = _part_text(part)
        words.append(f"[{part.label}]\n{text}" if words and part.label else text)
    words += [_diff_text(diff) for diff in diffs if diff.hunks]
    return "\n\n".join(words)


def _part_text(part: ContentPart) -> str:
    if part.kind == "image":
        data = part.data or ""
        size = len(data) * 3 // 4 - data[-2:].count("=")
        return f"[{part.media_type}, {size} bytes]"
    if part.kind == "notice":
        return f"[{part.text}]"
    if part.value is not None:
        return bytes(part.value).decode("utf-8", "replace")
    return part.text or ""


def _diff_text(diff: FileDiff) -> str:
    lines = [f"[{diff.source} change of {diff.path}]"]
    for hunk in diff.hunks:
        lines.append(f"@@ -{hunk.old_start},{hunk.old_lines} +{hunk.new_start},{hunk.new_lines} @@")
        lines += hunk.lines
    return "\n".join(lines)


# Names


def file_name(session_id: str, title: str) -> str:
    """A file name that every system takes, in ASCII: words of the title and the session's id."""
    plain = unicodedata.normalize("NFKD", title[: TITLE_CHARS_MAX * 4]).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain)[:TITLE_CHARS_MAX].strip("-")
    name = re.sub(r"[^A-Za-z0-9_~-]", "-", session_id)[:ID_CHARS_MAX]
    return f"{words or 'session'}_{name}"


def named_session(connection: Connection, name: str) -> str:
    """The id of the session that is meant by its id, or by the beginning of it that no other has.

    A beginning that a session shares only with its own subagent sessions means that session.

    Raises:
        NotFound: No session's id begins so.
        InvalidRequest: Several do.
    """
    hint = "ids look like 248a405e-3c0a-4b15-b76b-b43c5a3e4eed, a subagent's has a dot and its agent's id behind it"
    if not name or not (name.isascii() and name.isprintable()):
        raise NotFound(f"no session {name!r}: {hint}")
    begins = sessions.c.id.startswith(name, autoescape=True)
    # As few as show that there are several; SQLite's LIKE does not tell upper from lower case.
    nested = sessions.c.id.like(_escaped(name) + "%.%", escape="/")
    for wanted in (sessions.c.id == name, begins & ~nested, begins):
        rows = connection.execute(select(sessions.c.id).where(wanted).order_by(sessions.c.id).limit(NAMES_SHOWN + 1))
        found = [str(one) for one in rows.scalars() if str(one).startswith(name)]
        if len(found) == 1:
            return found[0]
        if found:
            shown = ", ".join(found[:NAMES_SHOWN]) + (", …" if len(found) > NAMES_SHOWN else "")
            raise InvalidRequest(f"several sessions begin with {name}: {shown}")
    raise NotFound(f"no session {name}: {hint}")


def _escaped(text: str) -> str:
    return text.replace("/", "//").replace("%", "/%").replace("_", "/_")
