"""Transcript line → entries.

The law: every line becomes at least one entry, whatever is in it, and one
block of a message is one entry (images of a prompt belong to the prompt).
:func:`entries_of` reads one line and knows nothing of the others;
:func:`entry_whole` reads the same line again and adds all that the inspector
shows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec
from msgspec import Raw, Struct

from session_replay.transcript.clock import moment
from session_replay.transcript.content import PART_BYTES_MAX, content_of
from session_replay.transcript.edit import diffs_of, has_diff, patch_preview
from session_replay.transcript.facts import call_facts, command_facts, result_facts, said
from session_replay.transcript.kinds import KINDS, Kind, kind_of, tool_act
from session_replay.transcript.line import (
    COUNT_MAX,
    LINE_BYTES_MAX,
    NO_RAW,
    Block,
    Damage,
    Line,
    Message,
    ToolFacts,
    Usage,
    read_line,
)
from session_replay.transcript.meta import meta_of
from session_replay.transcript.permission import is_denied
from session_replay.transcript.preview import (
    bare,
    call_words,
    clipped,
    command_words,
    headline,
    person_command,
    result_preview,
    result_text,
    text_of,
)
from session_replay.transcript.record import Record, notification_words, record_of
from session_replay.wire import BLOCKS_PER_LINE, Entry, EntryType, EntryWhole, Facts, Tokens, seq_of

__all__ = ["LINE_BYTES_MAX", "PARSER_VERSION", "entries_of", "entry_whole"]

PARSER_VERSION: int = 5
"""Grows whenever the same line would give other entries or figures."""

SYNTHETIC_MODEL = "<synthetic>"
"""Model name of messages that the client wrote itself."""

_NO_CALLS: Mapping[str, str] = {}
_ENTRY_FIELDS = tuple(field.name for field in msgspec.structs.fields(Entry))
DAMAGE_PREVIEW_BYTES = 2_000
"""So much of a line that cannot be read makes its row."""
_TAG_CHARS = 48

_TAG_MARKS = {
    "<command-name": "user/command",
    "<command-message": "user/command",
    "<bash-input": "user/command",
    "<local-command-stdout": "user/output",
    "<local-command-stderr": "user/output",
    "<local-command-caveat": "user/output",
    "<bash-stdout": "user/output",
    "<bash-stderr": "user/output",
    "<task-notification": "user/notification",
    "<teammate-message": "user/notification",
    "<session-start-hook": "user/hook",
    "<user-prompt-submit-hook": "user/hook",
    "<ide_opened_file": "user/ide",
    "<ide_selection": "user/ide",
    "<ide_diagnostics": "user/ide",
    "<system-reminder": "user/ide",
}
"""Texts in a user line that no person typed, by the tag that they begin with."""

_MARK_LABELS = {
    "user/command": "command",
    "user/output": "command output",
    "user/meta": "note to the model",
    "user/notification": "notification",
    "user/hook": "hook",
    "user/ide": "editor context",
    "user/interrupted": "interrupted",
    "user/beside_result": "note to the model",
    "user/compact_summary": "summary of the conversation so far",
}
_PREVIEWS: dict[str, Callable[[str], str]] = {
    "user": clipped,
    "user/beside_result": clipped,
    "user/compact_summary": clipped,
    "user/command": command_words,
    "user/notification": notification_words,
}


class _Place(Struct, gc=False):
    """Where a line stands, and what all its entries share."""

    line: Line
    number: int
    at: str | None
    size_bytes: int
    sidechain: bool
    calls: Mapping[str, str]


def entries_of(
    line: Line | Damage, raw_line: bytes, number: int, at: str | None, calls: Mapping[str, str] = _NO_CALLS
) -> list[Entry]:
    """The entries of one line, at least one, in the order of its blocks.

    Args:
        line: What :func:`read_line` made of ``raw_line``.
        raw_line: The line without its newline.
        number: The line's number in its stream, from 0.
        at: The line's own time, or that of the line before.
        calls: Tool names by tool_use id, as far as calls were seen before.
    """
    if isinstance(line, Damage):
        return [damaged(line, raw_line, len(raw_line), number, at)]
    # A subagent's line with an agent id stands in a file of its own.
    sidechain = line.is_sidechain is True and line.agent_id is None
    place = _Place(line, number, at, len(raw_line), sidechain, calls)
    if line.type == "assistant":
        entries = _assistant(place)
    elif line.type == "user":
        entries = _user(place)
    else:
        return [_record(place, raw_line)]
    if not entries:
        return [_empty(place)]
    if len(entries) > 1:
        _set_block_sizes(entries, raw_line)
    return entries


def entry_whole(raw_line: bytes, line: int, block: int, at: str | None) -> EntryWhole:
    """One entry with content, diff, meta and the raw line; never raises.

    Facts that come from other lines are missing: the tool of a result, whether
    the line is inherited, findings.

    Args:
        raw_line: The line without its newline.
        line: The line's number in its stream.
        block: The entry's content block; the line's first entry if it has no such block.
        at: The time of the line before, used where the line has none.
    """
    fields = read_line(raw_line)
    own = None if isinstance(fields, Damage) else moment(fields.timestamp)[0]
    entries = entries_of(fields, raw_line, line, own or at)
    seq = seq_of(line, block)
    entry = next((one for one in entries if one.seq == seq), entries[0])
    is_oversized = isinstance(fields, Damage) and fields.oversized
    raw = (raw_line[:PART_BYTES_MAX] if is_oversized else raw_line).decode("utf-8", "replace")
    whole = EntryWhole(**{name: getattr(entry, name) for name in _ENTRY_FIELDS}, raw=raw)
    whole.content = content_of(fields, entry, raw_line)
    if not isinstance(fields, Damage):
        whole.diff = diffs_of(fields, entry, raw_line)
    whole.meta = meta_of(fields, entry, raw_line)
    return whole


# A person, tool results


def _user(place: _Place) -> list[Entry]:
    line = place.line
    content = content_blocks(line)
    if isinstance(content, str):
        return [_text(place, 0, content, user_mark(line, content))] if content else []
    has_result = any(isinstance(block, Block) and block.type == "tool_result" for block in content)
    entries: list[Entry] = []
    images: list[int] = []
    for index, block in enumerate(content):
        if index >= BLOCKS_PER_LINE:
            break
        if isinstance(block, str):
            entries.append(_text(place, index, block, user_mark(line, block)))
        elif block.type == "tool_result":
            entries.append(_result(place, index, block))
        elif block.type == "text" or (block.type is None and block.text is not None):
            text = block.text or ""
            mark = user_mark(line, text)
            entries.append(_text(place, index, text, "user/beside_result" if has_result and mark == "user" else mark))
        elif block.type == "image":
            images.append(index)
        else:
            entries.append(_unknown_block(place, index, block))
    prompt = next((entry for entry in entries if entry.type == "user"), None)
    if images and prompt and not prompt.label:
        prompt.label = "1 image" if len(images) == 1 else f"{len(images)} images"
    elif images and not any(entry.type in ("user", "tool") for entry in entries):
        mark = user_mark(line, "") if not has_result else "user/beside_result"
        entries.append(_text(place, images[0], "(image)", mark))
        entries.sort(key=lambda entry: entry.seq)
    return entries


def content_blocks(line: Line) -> str | list[Block | str]:
    """The content of a line's message; of hand-made lines without one, their ``content``."""
    message = line.message
    if isinstance(message, Message):
        return message.content if message.content is not None else []
    if message is not None:
        return message
    return text_of(line.content)


def user_mark(line: Line, text: str) -> str:
    """``user`` for what a person typed, else the mark of the machine text (see ``KINDS``)."""
    if line.is_compact_summary:
        return "user/compact_summary"
    head = text[:_TAG_CHARS].lstrip()
    if head.startswith("[Request interrupted"):
        return "user/interrupted"
    if line.is_meta:
        return "user/meta"
    source = line.prompt_source
    if source in ("typed", "sdk"):
        return "user"
    if head.startswith("<"):
        mark = _TAG_MARKS.get(head.partition(">")[0].partition(" ")[0])
        if mark is not None:
            return mark
    return "user" if source is None else "user/notification"


def _text(place: _Place, index: int, text: str, mark: str) -> Entry:
    kind = KINDS[mark]
    command = person_command(text) if mark == "user/command" else None
    mode = place.line.permission_mode if mark == "user" else None
    facts = said(command_facts(command)) if command is not None else Facts(permission_mode=mode) if mode else None
    return Entry(
        seq=seq_of(place.number, index),
        type=kind.type,
        raw_type="user",
        at=place.at,
        uuid=place.line.uuid,
        preview=_PREVIEWS.get(mark, bare)(text),
        size_bytes=place.size_bytes,
        label=_MARK_LABELS.get(mark, ""),
        audit=kind.audit,
        act="command" if command is not None else kind.act,
        facts=facts,
        folded=kind.folded,
        sidechain=place.sidechain,
    )


def _result(place: _Place, index: int, block: Block) -> Entry:
    line = place.line
    text = result_text(block)
    is_error = block.is_error is True
    denied = is_denied(line, text, is_error=is_error)
    facts = line.tool_use_result
    tool = place.calls.get(block.tool_use_id) if block.tool_use_id is not None else None
    label, preview, diff, agent_id, duration_ms = "", None, False, None, None
    if isinstance(facts, ToolFacts):
        diff = not is_error and has_diff(facts, tool)
        label = headline(facts.file_path or "")
        agent_id = facts.agent_id or facts.run_id
        duration_ms = facts_duration_ms(facts)
        if diff:
            preview = patch_preview(facts)
    return Entry(
        seq=seq_of(place.number, index),
        type="tool",
        raw_type="user",
        at=place.at,
        uuid=line.uuid,
        tool=tool,
        tool_use_id=block.tool_use_id,
        preview=preview if preview is not None else result_preview(text),
        size_bytes=place.size_bytes,
        is_error=is_error,
        is_denied=denied,
        has_diff=diff,
        label=label,
        role="result",
        agent_id=agent_id,
        audit=is_error or denied or diff,
        facts=result_facts(line, text, is_error=is_error, changes=diff),
        sidechain=place.sidechain,
        duration_ms=duration_ms,
    )


def facts_duration_ms(facts: ToolFacts) -> int | None:
    """How long the call took, if its result says so."""
    if facts.duration_ms is not None:
        return milliseconds(facts.duration_ms)
    if facts.total_duration_ms is not None:
        return milliseconds(facts.total_duration_ms)
    return milliseconds(facts.duration_seconds * 1000) if facts.duration_seconds is not None else None


def milliseconds(value: float | None) -> int | None:
    """A duration as a whole number; None for one that no clock can have measured."""
    return int(value) if value is not None and 0 <= value < COUNT_MAX else None


# The model


def _assistant(place: _Place) -> list[Entry]:
    line = place.line
    message = line.message if isinstance(line.message, Message) else None
    synthetic = line.is_api_error_message is True or (message is not None and message.model == SYNTHETIC_MODEL)
    tokens = None if message is None or synthetic else tokens_of(message.usage)
    content = content_blocks(line)
    if isinstance(content, str):
        return [_said(place, 0, content, message, tokens, synthetic=synthetic)] if content else []
    entries: list[Entry] = []
    for index, block in enumerate(content):
        if index >= BLOCKS_PER_LINE:
            break
        if isinstance(block, str):
            entries.append(_said(place, index, block, message, tokens, synthetic=synthetic))
        elif block.type in ("tool_use", "server_tool_use", "mcp_tool_use"):
            entries.append(_call(place, index, block, message, tokens))
        elif block.type in ("thinking", "redacted_thinking"):
            entries.append(_thought(place, index, block, message, tokens))
        elif block.type == "text" or (block.type is None and block.text is not None):
            entries.append(_said(place, index, block.text or "", message, tokens, synthetic=synthetic))
        elif block.type is not None and block.type.endswith("tool_result"):
            entries.append(_result(place, index, block))
        else:
            entries.append(_unknown_block(place, index, block))
    return entries


def tokens_of(usage: Usage | None) -> Tokens | None:
    """The four counters of a message, and their sum."""
    if usage is None:
        return None
    read, written = usage.cache_read_input_tokens or 0, usage.cache_creation_input_tokens or 0
    given, made = usage.input_tokens or 0, usage.output_tokens or 0
    return Tokens(given, made, written, read, given + made + written + read)


def _said(
    place: _Place, index: int, text: str, message: Message | None, tokens: Tokens | None, *, synthetic: bool
) -> Entry:
    kind = KINDS["assistant"]
    is_error = place.line.is_api_error_message is True
    if synthetic:
        kind = KINDS["assistant/api_error" if is_error else "assistant/synthetic"]
    return Entry(
        seq=seq_of(place.number, index),
        type=kind.type,
        raw_type="assistant",
        at=place.at,
        uuid=place.line.uuid,
        preview=clipped(text),
        size_bytes=place.size_bytes,
        is_error=is_error,
        tokens=tokens,
        label="API error" if is_error else "written by the client" if synthetic else "",
        message_id=message.id if message is not None else None,
        model=message.model if message is not None else None,
        audit=kind.audit or is_error,
        sidechain=place.sidechain,
    )


def _thought(place: _Place, index: int, block: Block, message: Message | None, tokens: Tokens | None) -> Entry:
    text = block.thinking or block.text or ""
    return Entry(
        seq=seq_of(place.number, index),
        type="thinking",
        raw_type="assistant",
        at=place.at,
        uuid=place.line.uuid,
        preview=clipped(text) if text else "(thinking is encrypted)",
        size_bytes=place.size_bytes,
        tokens=tokens,
        message_id=message.id if message is not None else None,
        model=message.model if message is not None else None,
        sidechain=place.sidechain,
        duration_ms=milliseconds(place.line.thinking_duration_ms),
    )


def _call(place: _Place, index: int, block: Block, message: Message | None, tokens: Tokens | None) -> Entry:
    name = block.name or "(unnamed tool)"
    label, preview = call_words(name, block.input)
    act = tool_act(name)
    return Entry(
        seq=seq_of(place.number, index),
        type="tool",
        raw_type="assistant",
        at=place.at,
        uuid=place.line.uuid,
        tool=name,
        tool_use_id=block.id,
        preview=preview,
        size_bytes=place.size_bytes,
        tokens=tokens,
        has_diff=has_diff(None, name) and block.input != NO_RAW,
        label=label,
        role="call",
        message_id=message.id if message is not None else None,
        model=message.model if message is not None else None,
        audit=act != "",
        act=act,
        facts=call_facts(name, block.input),
        sidechain=place.sidechain,
    )


# Everything else


def _unknown_block(place: _Place, index: int, block: Block) -> Entry:
    return Entry(
        seq=seq_of(place.number, index),
        type="system",
        raw_type=f"{place.line.type}/{clipped(block.type or 'unknown', 80)}",
        at=place.at,
        uuid=place.line.uuid,
        preview=clipped(block.text or result_text(block)),
        size_bytes=place.size_bytes,
        label="unknown content block",
        audit=True,
        sidechain=place.sidechain,
    )


def _empty(place: _Place) -> Entry:
    """A message with nothing in it; its line still has a place in the trace."""
    message = place.line.message if isinstance(place.line.message, Message) else None
    tokens = tokens_of(message.usage) if message is not None and message.model != SYNTHETIC_MODEL else None
    return Entry(
        seq=seq_of(place.number, 0),
        type="assistant" if place.line.type == "assistant" else "system",
        raw_type=place.line.type or "unknown",
        at=place.at,
        uuid=place.line.uuid,
        preview="(empty)",
        size_bytes=place.size_bytes,
        tokens=tokens,
        message_id=message.id if message is not None else None,
        model=message.model if message is not None else None,
        sidechain=place.sidechain,
    )


def _record(place: _Place, raw_line: bytes) -> Entry:
    line = place.line
    record: Record = record_of(line, raw_line)
    kind: Kind = kind_of(record.mark)
    entry_type: EntryType = kind.type
    return Entry(
        seq=seq_of(place.number, 0),
        type=entry_type,
        raw_type=record.raw_type,
        at=place.at,
        uuid=line.uuid,
        tool=record.tool,
        tool_use_id=record.tool_use_id,
        preview=record.preview,
        size_bytes=place.size_bytes,
        is_error=record.is_error,
        label=record.label,
        agent_id=record.agent_id,
        audit=kind.audit or record.is_error or record.audit,
        act=record.act or kind.act,
        facts=Facts(permission_mode=record.permission_mode) if record.permission_mode else None,
        folded=kind.folded and not record.is_error and not record.audit,
        sidechain=place.sidechain,
        duration_ms=milliseconds(record.duration_ms),
    )


def damaged(damage: Damage, beginning: bytes, size: int, number: int, at: str | None) -> Entry:
    """The entry of a line that could not be read, from its first ``DAMAGE_PREVIEW_BYTES`` and its size in bytes."""
    mark = "oversized" if damage.oversized else "damaged"
    return Entry(
        seq=seq_of(number, 0),
        type="system",
        raw_type=mark,
        at=at,
        preview=clipped(beginning[:DAMAGE_PREVIEW_BYTES].decode("utf-8", "replace")),
        size_bytes=size,
        label=damage.reason,
        audit=True,
    )


def lost_lines(lines: tuple[int, int], damaged: list[tuple[int, int]], size: int) -> Entry:
    """What stands for lines (half-open) whose bytes are stored and do not open, at the place of the first of them."""
    first, last = lines[0] + 1, lines[1]
    which = f"Line {first:,}" if first == last else f"Lines {first:,} to {last:,}"
    return Entry(
        seq=seq_of(lines[0], 0),
        type="system",
        raw_type="damaged",
        at=None,
        preview=f"{which}: {lost_words(damaged)}",
        size_bytes=size,
        label="stored data is damaged",
        audit=True,
    )


def lost_words(damaged: list[tuple[int, int]]) -> str:
    """Says which raw bytes of a transcript (half-open ranges) are stored and do not open."""
    count = sum(end - start for start, end in damaged)
    where = ", ".join(f"{start:,} to {end:,}" for start, end in damaged)
    return f"{count:,} bytes of the transcript cannot be opened (bytes {where}): what is stored of them is damaged."


class _BlocksOnly(Struct, gc=False):
    content: list[Raw] = []


class _MessageOnly(Struct, gc=False):
    message: _BlocksOnly


def _set_block_sizes(entries: list[Entry], raw_line: bytes) -> None:
    try:
        blocks = msgspec.json.decode(raw_line, type=_MessageOnly).message.content
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return  # A line that was put right has no raw blocks to measure: each entry keeps the line's size.
    for entry in entries:
        index = entry.seq % BLOCKS_PER_LINE
        if index < len(blocks):
            entry.size_bytes = len(memoryview(blocks[index]))
