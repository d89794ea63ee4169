"""Tool call or result → what it did to files.

The law: the client's own patch is drawn where there is one; else old and new
text are compared; a call whose result says nothing is shown as proposed.
Changes that a shell command made are in no transcript.
"""

from __future__ import annotations

import difflib
from typing import Literal

import msgspec
from msgspec import Raw, Struct

from session_replay.transcript.kinds import EDIT_TOOLS
from session_replay.transcript.line import NO_RAW, Line, ToolFacts, read_part
from session_replay.transcript.preview import clipped
from session_replay.wire import BLOCKS_PER_LINE, DiffHunk, Entry, FileDiff

COMPARED_LINES_MAX = 5_000
"""Longer texts are not compared line by line, but shown as replaced."""
SHOWN_LINES_MAX = 20_000
"""A diff is cut behind this many lines; the raw line has the rest."""
CONTEXT_LINES = 3

_Source = Literal["recorded", "computed", "proposed"]


class Patch(Struct, gc=False, rename="camel"):
    """One hunk as the client writes it."""

    old_start: int = 0
    old_lines: int = 0
    new_start: int = 0
    new_lines: int = 0
    lines: list[str] = []


class Replacement(Struct, gc=False):
    """One of the edits of a MultiEdit."""

    old_string: str = ""
    new_string: str = ""
    replace_all: bool = False


class _EditFacts(Struct, gc=False, rename="camel"):
    """``toolUseResult`` of a tool that changes files."""

    file_path: str | None = None
    type: str | None = None
    content: str | None = None
    old_string: str | None = None
    new_string: str | None = None
    original_file: str | None = None
    original_file_contents: str | None = None
    structured_patch: list[Patch] | None = None
    edits: list[Replacement] | None = None
    user_modified: bool = False
    new_source: str | None = msgspec.field(name="new_source", default=None)
    notebook_path: str | None = msgspec.field(name="notebook_path", default=None)
    cell_number: int | None = msgspec.field(name="cell_number", default=None)
    cell_id: str | None = msgspec.field(name="cell_id", default=None)
    edit_mode: str | None = msgspec.field(name="edit_mode", default=None)


class _EditInput(Struct, gc=False):
    """Parameters of a tool that changes files."""

    file_path: str | None = None
    notebook_path: str | None = None
    content: str | None = None
    old_string: str | None = None
    new_string: str | None = None
    new_source: str | None = None
    edit_mode: str | None = None
    cell_number: int | None = None
    cell_id: str | None = None
    edits: list[Replacement] | None = None


class _ResultOnly(Struct, gc=False, rename="camel"):
    tool_use_result: Raw = NO_RAW


class _InputBlock(Struct, gc=False):
    input: Raw = NO_RAW


class _InputMessage(Struct, gc=False):
    content: list[_InputBlock | str] = []


class _InputsOnly(Struct, gc=False):
    message: _InputMessage | None = None


class _Patches(Struct, gc=False):
    patches: list[Patch] = []


def has_diff(facts: ToolFacts | None, tool: str | None) -> bool:
    """Whether :func:`diffs_of` has something to draw for a result with these facts, or for a call of ``tool``."""
    if tool is not None and tool not in EDIT_TOOLS:
        return False
    if facts is None:
        return tool is not None
    return (
        facts.structured_patch != NO_RAW
        or facts.old_string != NO_RAW
        or facts.edits != NO_RAW
        or facts.new_source != NO_RAW
    )


def patch_preview(facts: ToolFacts) -> str | None:
    """What a row says about a change: lines added and removed, and the first of them; None if no patch says."""
    if facts.structured_patch == NO_RAW:
        return None
    patches = _patches(facts.structured_patch)
    changed = [line for patch in patches for line in patch.lines if line[:1] in ("+", "-")]
    if not changed:
        return "file created" if facts.type == "create" else None
    added = sum(line[0] == "+" for line in changed)
    first = next((line for line in changed if line[0] == "+" and line[1:].strip()), changed[0])
    return clipped(f"+{added} -{len(changed) - added}\n{first[0]} {first[1:]}")


def _patches(raw: Raw) -> list[Patch]:
    try:
        return msgspec.json.decode(raw, type=list[Patch])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return read_part(b'{"patches":' + bytes(raw) + b"}", _Patches).patches


def diffs_of(line: Line, entry: Entry, raw_line: bytes) -> list[FileDiff]:
    """The file changes of a tool entry; none for any other."""
    if not entry.has_diff:
        return []
    if entry.role == "result" and isinstance(line.tool_use_result, ToolFacts):
        raw = read_part(raw_line, _ResultOnly).tool_use_result
        return _result_diffs(read_part(raw, _EditFacts))
    if entry.role == "call":
        raw = call_input(raw_line, entry.seq % BLOCKS_PER_LINE)
        return _call_diffs(read_part(raw, _EditInput)) if raw != NO_RAW else []
    return []


def call_input(raw_line: bytes, block: int) -> Raw:
    """The raw parameters of the tool call in content block ``block``."""
    message = read_part(raw_line, _InputsOnly).message
    blocks = message.content if message is not None else []
    found = blocks[block] if block < len(blocks) else None
    return found.input if isinstance(found, _InputBlock) else NO_RAW


def _result_diffs(facts: _EditFacts) -> list[FileDiff]:
    path = facts.file_path or facts.notebook_path or ""
    original = facts.original_file if facts.original_file is not None else facts.original_file_contents
    if facts.structured_patch:
        diff = _drawn(path, "modified", [_hunk(patch) for patch in facts.structured_patch], "recorded")
    elif facts.new_source is not None:
        diff = _cell_diff(path, facts, "computed")
    elif facts.content is not None and facts.old_string is None:
        diff = _written(path, facts.content, original, facts.type, "computed")
    elif facts.edits:
        diff = _replaced(path, facts.edits, original, "computed")
    else:
        one = Replacement(facts.old_string or "", facts.new_string or "")
        diff = _replaced(path, [one], original, "computed")
    diff.user_modified = facts.user_modified
    return [diff]


def _call_diffs(given: _EditInput) -> list[FileDiff]:
    path = given.file_path or given.notebook_path or ""
    if given.new_source is not None or given.edit_mode is not None:
        return [_cell_diff(path, given, "proposed")]
    if given.edits:
        return [_replaced(path, given.edits, None, "proposed")]
    if given.content is not None:
        return [_written(path, given.content, None, None, "proposed")]
    one = Replacement(given.old_string or "", given.new_string or "")
    return [_replaced(path, [one], None, "proposed")]


def _hunk(patch: Patch) -> DiffHunk:
    return DiffHunk(patch.old_start, patch.old_lines, patch.new_start, patch.new_lines, patch.lines)


def _written(path: str, content: str, original: str | None, kind: str | None, source: _Source) -> FileDiff:
    if original is not None:
        return _drawn(path, "modified", _compared(original, content, 1), source)
    lines = _lines(content)
    hunks = [DiffHunk(0, 0, 1, len(lines), [f"+{line}" for line in lines])] if lines else []
    change: Literal["created", "unknown"] = "created" if kind == "create" else "unknown"
    diff = _drawn(path, change, hunks, source)
    if change == "unknown":
        diff.note = diff.note or "The whole file as written; what was there before is not in this line."
    return diff


def _replaced(path: str, edits: list[Replacement], original: str | None, source: _Source) -> FileDiff:
    hunks: list[DiffHunk] = []
    known = original is not None
    for edit in edits:
        at = original.find(edit.old_string) if original is not None and edit.old_string else -1
        known = known and at >= 0
        first = original.count("\n", 0, at) + 1 if original is not None and at >= 0 else 1
        hunks += _compared(edit.old_string, edit.new_string, first)
    created = not any(edit.old_string for edit in edits)
    diff = _drawn(path, "created" if created and not original else "modified", hunks, source)
    if hunks and not known and not created:
        diff.note = diff.note or "Line numbers count from the replaced text, not from the file's first line."
    return diff


def _cell_diff(path: str, facts: _EditFacts | _EditInput, source: _Source) -> FileDiff:
    lines = _lines(facts.new_source or "")
    cell = facts.cell_id if facts.cell_id is not None else facts.cell_number
    hunks = [DiffHunk(0, 0, 1, len(lines), [f"+{line}" for line in lines])] if lines else []
    diff = _drawn(path, "modified", hunks, source)
    which = "A cell" if cell is None else f"Cell {cell}"
    verb = {"insert": "inserted", "delete": "deleted"}.get(facts.edit_mode or "", "replaced")
    diff.note = diff.note or f"{which} of the notebook was {verb}; its old source is not in the transcript."
    return diff


def _lines(text: str) -> list[str]:
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    return lines


def _compared(old: str, new: str, first: int) -> list[DiffHunk]:
    """Hunks from ``old`` to ``new``, whose first line is line ``first`` of the file."""
    before, after = _lines(old), _lines(new)
    if before == after:
        return []
    if len(before) + len(after) > COMPARED_LINES_MAX:
        lines = [f"-{line}" for line in before] + [f"+{line}" for line in after]
        return [DiffHunk(first, len(before), first, len(after), lines)]
    hunks: list[DiffHunk] = []
    for group in difflib.SequenceMatcher(None, before, after).get_grouped_opcodes(CONTEXT_LINES):
        lines: list[str] = []
        for tag, old_from, old_to, new_from, new_to in group:
            if tag == "equal":
                lines += [f" {line}" for line in before[old_from:old_to]]
                continue
            lines += [f"-{line}" for line in before[old_from:old_to]]
            lines += [f"+{line}" for line in after[new_from:new_to]]
        old_from, old_to, new_from, new_to = group[0][1], group[-1][2], group[0][3], group[-1][4]
        hunks.append(DiffHunk(first + old_from, old_to - old_from, first + new_from, new_to - new_from, lines))
    return hunks


def _drawn(
    path: str, change: Literal["created", "modified", "unknown"], hunks: list[DiffHunk], source: _Source
) -> FileDiff:
    """The diff with its counts, cut where it is too long to show."""
    diff = FileDiff(path=path, change=change, source=source)
    left = SHOWN_LINES_MAX
    for hunk in hunks:
        diff.additions += sum(line[:1] == "+" for line in hunk.lines)
        diff.deletions += sum(line[:1] == "-" for line in hunk.lines)
        if any("\0" in line for line in hunk.lines):
            diff.note = "Contains NUL bytes: a binary file."
        if len(hunk.lines) > left:
            diff.truncated = True
            hunk.lines = hunk.lines[:left]
        if hunk.lines:
            diff.hunks.append(hunk)
        left -= len(hunk.lines)
    return diff
