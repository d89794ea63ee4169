"""The entries of a session as rows of a table: one per entry, in columns that scripts rely on.

The law: a row has what its entry says; tokens stand once per message, so that their columns sum up.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from typing import NamedTuple

import msgspec

from session_replay.query.spreadsheet import Cell, fitted
from session_replay.transcript.content import content_of
from session_replay.transcript.edit import diffs_of
from session_replay.transcript.entry import SYNTHETIC_MODEL, tokens_of
from session_replay.transcript.line import LINE_BYTES_MAX, Damage, Line, Message
from session_replay.wire import ContentPart, Entry, FileDiff, Tokens

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

Counters = tuple[int, int, int, int]
_NO_TOKENS: Counters = (0, 0, 0, 0)


class _Usage(msgspec.Struct):
    message_id: str | None = None
    tokens: Tokens | None = None
    inherited: bool = False


def largest_usage(entries: Iterable[bytes]) -> dict[str, Counters]:
    """The largest of each counter that the entries of a message repeat, by message id.

    Args:
        entries: Encoded ``Entry``, all of a session.
    """
    largest: dict[str, Counters] = {}
    decode = msgspec.json.Decoder(_Usage).decode
    for encoded in entries:
        entry = decode(encoded)
        if entry.message_id and entry.tokens and not entry.inherited:
            counters = _counters_of(entry.tokens)
            known = largest.get(entry.message_id)
            largest[entry.message_id] = _maximum(known, counters) if known else counters
    return largest


class RawLine(NamedTuple):
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


def lines_of(pieces: Iterable[bytes]) -> Generator[RawLine]:
    """Lines of any length, none of which takes more memory than the longest that is parsed."""
    begun = bytearray()
    number, size, end = 0, 0, 0
    for piece in pieces:
        *whole, rest = piece.split(b"\n")
        for part in whole:
            begun += part[: LINE_BYTES_MAX + 1 - len(begun)]
            size += len(part)
            end += len(part) + 1
            yield RawLine(number, bytes(begun), size - len(begun), end)
            begun.clear()
            number, size = number + 1, 0
        begun += rest[: LINE_BYTES_MAX + 1 - len(begun)]
        size += len(rest)
        end += len(rest)
    if size:
        yield RawLine(number, bytes(begun), size - len(begun), end)


class Spent:
    """Puts the tokens of a message where it begins, so that a column sums up to the session's figure.

    A message's lines repeat its usage, and each counter counts once, with the largest that any of them says.

    Args:
        largest: What is known of messages ahead of their first line.
    """

    def __init__(self, largest: dict[str, Counters]) -> None:
        self._largest = largest
        self._given: dict[str, Counters] = {}

    def by(self, line: Line | Damage, first: Entry, number: int) -> Counters | None:
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


def _counters_of(tokens: Tokens | None) -> Counters:
    return (tokens.input, tokens.output, tokens.cache_creation, tokens.cache_read) if tokens else _NO_TOKENS


def _maximum(*several: Counters) -> Counters:
    inputs, outputs, written, read = zip(*several, strict=True)
    return (max(inputs), max(outputs), max(written), max(read))


def _difference(more: Counters, less: Counters) -> Counters:
    return (more[0] - less[0], more[1] - less[1], more[2] - less[2], more[3] - less[3])


def entry_row(
    entry: Entry, line: Line | Damage, raw: RawLine, tokens: Counters | None, subagent: str | None
) -> list[Cell]:
    """The cells of one entry, in the order of ``COLUMNS``.

    Args:
        entry: The entry.
        line: Its line, as it was read.
        raw: Its line, as it is stored.
        tokens: What the row adds to the token columns; None: nothing.
        subagent: The subagent session that it stands for.
    """
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


def pending_row(size: int) -> list[Cell]:
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
