"""What an entry says, as plain texts: all that a search looks through.

The law: every text here stands in the raw line, apart from JSON's escapes; words of ours (labels,
notices) and the bytes of images are left out.  So a text that is not in the line is not in the entry.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import cast

from msgspec import Raw

from session_replay.transcript.content import content_of
from session_replay.transcript.edit import call_input
from session_replay.transcript.entry import content_blocks
from session_replay.transcript.line import NO_RAW, Block, Damage, Line, json_value
from session_replay.wire import BLOCKS_PER_LINE, Entry


def texts_of(line: Line | Damage, entry: Entry, raw_line: bytes) -> Iterator[str]:
    """The texts of one entry: of a tool call its whole input, of all others the parts of their content.

    A JSON value is there as it stands, after each of its strings where it has escapes. Parts of content
    end where Content cuts them (2 MiB).

    Args:
        line: What ``read_line`` made of ``raw_line``.
        entry: One of the entries of that line.
        raw_line: The line without its newline.
    """
    if not isinstance(line, Damage) and entry.type == "tool" and entry.role == "call":
        given = _input(line, entry.seq % BLOCKS_PER_LINE, raw_line)
        if given != NO_RAW:
            yield from _json_texts(bytes(given))
            return
    for part in content_of(line, entry, raw_line):
        if part.kind in ("image", "notice"):
            continue
        if part.path:
            yield part.path
        if part.text:
            yield part.text
        if part.value is not None:
            yield from _json_texts(bytes(part.value))


def _input(line: Line, index: int, raw_line: bytes) -> Raw:
    blocks = content_blocks(line)
    block = blocks[index] if index < len(blocks) else None
    if isinstance(block, Block) and block.input != NO_RAW:
        return block.input
    return call_input(raw_line, index)


def _json_texts(raw: bytes) -> Iterator[str]:
    text = raw.decode("utf-8", "replace")
    if "\\" in text:
        with suppress(ValueError, RecursionError):
            yield from _strings(json_value(raw))
    yield text


def _strings(value: object) -> Iterator[str]:
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, list):
            waiting += cast("list[object]", one)
        elif isinstance(one, dict):
            for key, member in cast("dict[str, object]", one).items():
                yield key
                waiting.append(member)
