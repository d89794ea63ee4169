"""A transcript line as typed structs, read without ever refusing one.

The law: :func:`read_line` answers for any bytes.  A line in the shape that the
client writes is decoded once, and what nobody needs is skipped unread; a line
with a field of another type keeps all other fields; what is no JSON object
comes back as a :class:`Damage` that says why.
"""

from __future__ import annotations

import json
import math
from functools import cache
from types import UnionType
from typing import Annotated, TypeVar, Union, cast, get_args, get_origin

import msgspec
from msgspec import Meta, Raw, Struct, field

LINE_BYTES_MAX = 32 * 2**20
"""Longer lines are kept and shown by their beginning, not parsed."""

COUNT_MAX = 2**53
"""Largest count that JSON readers of every language hold exactly."""

NAME_CHARS_MAX = 1_024
"""Longer ids and names are cut: they go into rows and figures."""
PATH_CHARS_MAX = 4_096

Name = Annotated[str, Meta(max_length=NAME_CHARS_MAX)]
Path = Annotated[str, Meta(max_length=PATH_CHARS_MAX)]
Count = Annotated[int, Meta(ge=0, le=COUNT_MAX)]
NO_RAW = Raw(b"")

S = TypeVar("S", bound=Struct)


class Part(Struct, gc=False):
    """A block inside the content of a tool result."""

    type: Name | None = None
    text: str | None = None
    source: Raw = NO_RAW


class Block(Struct, gc=False):
    """One content block of a message, of any type."""

    type: Name | None = None
    text: str | None = None
    thinking: str | None = None
    id: Name | None = None
    name: Name | None = None
    input: Raw = NO_RAW
    tool_use_id: Name | None = None
    content: str | list[Part | str] | Part | None = None
    is_error: bool | None = None
    source: Raw = NO_RAW


class CacheCreation(Struct, gc=False):
    """Tokens written to the prompt cache, by lifetime."""

    ephemeral_5m_input_tokens: Count | None = None
    ephemeral_1h_input_tokens: Count | None = None


class Usage(Struct, gc=False):
    """Token counters of one API message as this line repeats them."""

    input_tokens: Count | None = None
    output_tokens: Count | None = None
    cache_creation_input_tokens: Count | None = None
    cache_read_input_tokens: Count | None = None
    cache_creation: CacheCreation | None = None
    service_tier: Name | None = None
    speed: Name | None = None


class Message(Struct, gc=False):
    """The API message, or the part of it, that a line carries."""

    id: Name | None = None
    model: Name | None = None
    content: str | list[Block | str] | None = None
    usage: Usage | None = None
    stop_reason: Name | None = None


class PermissionDecision(Struct, gc=False, rename="camel"):
    """How a tool call came to be allowed or refused (client 2.1.330)."""

    decision: Name | None = None
    source: Name | None = None
    reason_type: Name | None = None
    rule_source: Name | None = None
    reason_code: Name | None = None
    grant_scope: Name | None = None


class ToolFacts(Struct, gc=False, rename="camel"):
    """What ``toolUseResult`` says about a call, where it is an object."""

    agent_id: Name | None = None
    run_id: Name | None = None
    file_path: str | None = None
    structured_patch: Raw = NO_RAW
    edits: Raw = NO_RAW
    old_string: Raw = NO_RAW
    new_source: Raw = field(name="new_source", default=NO_RAW)
    type: Name | None = None
    interrupted: bool | None = None
    background_task_id: Name | None = None
    persisted_output_path: str | None = None
    persisted_output_size: Count | None = None
    duration_ms: float | None = None
    duration_seconds: float | None = None
    total_duration_ms: float | None = None


class Line(Struct, gc=False, rename="camel"):
    """The fields of a line that rows, figures and meta are made from."""

    type: Name | None = None
    subtype: Name | None = None
    uuid: Name | None = None
    parent_uuid: Name | None = None
    timestamp: str | float | None = None
    session_id: Name | None = None
    cwd: Path | None = None
    git_branch: Name | None = None
    version: Name | None = None
    is_sidechain: bool | None = None
    agent_id: Name | None = None
    is_meta: bool | None = None
    is_compact_summary: bool | None = None
    is_api_error_message: bool | None = None
    permission_mode: Name | None = None
    prompt_source: Name | None = None
    message: Message | str | None = None
    tool_use_result: ToolFacts | str | list[Raw] | None = None
    permission_decision: PermissionDecision | None = None
    tool_denial_kind: Name | None = None
    request_id: Name | None = None
    entrypoint: Name | None = None
    data: Raw = NO_RAW
    attachment: Raw = NO_RAW
    content: Raw = NO_RAW
    error: Raw = NO_RAW
    result: Raw = NO_RAW
    snapshot: Raw = NO_RAW
    tool_use_id: Name | None = field(name="toolUseID", default=None)
    parent_tool_use_id: Name | None = field(name="parentToolUseID", default=None)
    duration_ms: float | None = None
    thinking_duration_ms: float | None = None
    level: Name | None = None
    hook_count: Count | None = None
    hook_errors: list[Raw] | None = None
    prevented_continuation: bool | None = None
    operation: Name | None = None
    summary: str | None = None
    leaf_uuid: Name | None = None
    custom_title: Name | None = None
    ai_title: Name | None = None
    agent_name: Name | None = None
    last_prompt: str | None = None
    pr_url: Path | None = None
    relocated_cwd: Path | None = None
    worktree_session: Raw = NO_RAW
    tracking_path: Path | None = None
    retry_attempt: Count | None = None
    max_retries: Count | None = None
    label: str | None = None
    mode: str | None = None


class ProgressMessage(Struct, gc=False):
    """A subagent's line as ``agent_progress`` copies it."""

    type: Name | None = None
    message: Message | str | None = None


class Progress(Struct, gc=False, rename="camel"):
    """``data`` of a progress line."""

    type: Name | None = None
    output: str | None = None
    elapsed_time_seconds: float | None = None
    elapsed_time_ms: float | None = None
    total_lines: Count | None = None
    hook_event: Name | None = None
    hook_name: Name | None = None
    command: str | None = None
    agent_id: Name | None = None
    prompt: str | None = None
    message: Raw = NO_RAW
    status: str | None = None
    server_name: Name | None = None
    tool_name: Name | None = None
    query: str | None = None
    result_count: Count | None = None
    task_description: str | None = None


class Attachment(Struct, gc=False, rename="camel"):
    """``attachment`` of an attachment line; the big records stay unread."""

    type: Name | None = None
    prompt: str | list[Block | str] | None = None
    command_mode: Name | None = None
    source_uuid: Name | None = field(name="source_uuid", default=None)
    hook_name: Name | None = None
    hook_event: Name | None = None
    tool_use_id: Name | None = field(name="toolUseID", default=None)
    content: Raw = NO_RAW
    blocking_error: Raw = NO_RAW
    stdout: str | None = None
    stderr: str | None = None
    exit_code: float | None = None
    message: str | None = None
    decision: str | None = None
    command: str | None = None
    duration_ms: float | None = None
    filename: str | None = None
    path: str | None = None
    snippet: str | None = None
    text: str | None = None
    allowed_tools: list[str] | None = None
    added_names: list[str] | None = None
    removed_names: list[str] | None = None
    plan_file_path: str | None = None
    date: str | None = None
    new_date: str | None = None
    condition: str | None = None


class ToolInput(Struct, gc=False):
    """The parameters of the known tools that head a row."""

    command: str | None = None
    description: str | None = None
    file_path: str | None = None
    absolute_path: str | None = None
    notebook_path: str | None = None
    path: str | None = None
    pattern: str | None = None
    glob: str | None = None
    url: str | None = None
    query: str | None = None
    prompt: str | None = None
    subagent_type: Name | None = None
    old_string: str | None = None
    new_string: str | None = None
    new_source: str | None = None
    content: str | None = None
    edits: list[ToolInput] | None = None
    offset: float | None = None
    limit: float | None = None
    skill: str | None = None
    args: str | None = None
    subject: str | None = None
    plan: str | None = None
    task_id: str | None = None
    bash_id: str | None = None
    shell_id: str | None = None
    todos: list[Raw] | None = None
    questions: list[Raw] | None = None
    recipient: str | None = None
    status: str | None = None


class Damage(Struct, gc=False):
    """Why a line could not be read as a JSON object."""

    reason: str
    oversized: bool = False


OVERSIZED = Damage("longer than this reader parses", oversized=True)
"""Of a line of more than ``LINE_BYTES_MAX``."""

_decode_line = msgspec.json.Decoder(Line).decode
_decode_any = msgspec.json.Decoder().decode
_MISFIT = object()


def read_line(raw_line: bytes) -> Line | Damage:
    """The line's fields; never raises.

    Bytes that are no UTF-8 inside a JSON string, and numbers where text is
    expected, are put right; fields of any other wrong type are left out.
    """
    if len(raw_line) > LINE_BYTES_MAX:
        return OVERSIZED
    try:
        return _decode_line(raw_line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _read_line_tolerantly(raw_line)


def _read_line_tolerantly(raw_line: bytes) -> Line | Damage:
    try:
        value = json_value(raw_line)
        if not isinstance(value, dict):
            return Damage("JSON, but no object")
        return _fitted(Line, cast("dict[str, object]", value))
    except RecursionError:
        return Damage("nested too deep")
    except ValueError:
        return Damage("no JSON" if raw_line[:1] != b"{" else "no JSON: cut or damaged")


def json_value(raw: bytes | Raw) -> object:
    """The value in ``raw`` with nothing in it that JSON cannot say again.

    Wrong UTF-8 and lone surrogates become U+FFFD; NaN and infinities, which
    Python would read, become null.

    Raises:
        ValueError: It is no JSON.
        RecursionError: It is nested too deep.
    """
    try:
        return _decode_any(raw)  # it refuses whatever would have to be put right
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        text = bytes(raw).decode("utf-8", "replace")
        return _sayable(json.loads(text, parse_constant=_null))


def _null(_constant: str) -> None:
    return None


def _sayable(value: object) -> object:
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, list):
        return [_sayable(one) for one in cast("list[object]", value)]
    if isinstance(value, dict):
        return {str(_sayable(key)): _sayable(one) for key, one in cast("dict[str, object]", value).items()}
    return value


def read_part(raw: bytes | Raw, kind: type[S]) -> S:
    """``raw``, a JSON value of a line, as ``kind``; what does not fit is left out."""
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        pass
    try:
        value = json_value(raw)
        return _fitted(kind, cast("dict[str, object]", value)) if isinstance(value, dict) else kind()
    except (ValueError, RecursionError):
        return kind()


def _fitted(kind: type[S], value: dict[str, object]) -> S:
    fields: dict[str, object] = {}
    for name, written, type_ in _fields(kind):
        if written not in value:
            continue
        fitted = _fit(value[written], type_)
        if fitted is not _MISFIT:
            fields[name] = fitted
    return kind(**fields)


@cache
def _fields(kind: type[Struct]) -> list[tuple[str, str, object]]:
    """Name in Python, name in JSON and type of each field; msgspec works them out anew on each call."""
    return [(one.name, one.encode_name, one.type) for one in msgspec.structs.fields(kind)]


def _fit(value: object, kind: object) -> object:
    """``value`` as ``kind``, or as much of it as fits, or ``_MISFIT``."""
    try:
        return msgspec.json.decode(json.dumps(value), type=cast("type[object]", kind))
    except msgspec.MsgspecError:
        pass
    members = _members(kind)
    for member in members:
        if isinstance(value, dict) and isinstance(member, type) and issubclass(member, Struct):
            return _fitted(member, cast("dict[str, object]", value))
        if isinstance(value, list) and get_origin(member) is list:
            return _fit_list(cast("list[object]", value), get_args(member)[0])
    for member in members:
        text, longest = _text_limit(member)
        if text and isinstance(value, str | int | float):
            return (value if isinstance(value, str) else json.dumps(value))[:longest]
    return _MISFIT


def _text_limit(kind: object) -> tuple[bool, int | None]:
    """Whether ``kind`` is text, and how long it may be."""
    if get_origin(kind) is Annotated:
        text, limit = get_args(kind)
        return text is str, cast("Meta", limit).max_length
    return kind is str, None


def _fit_list(values: list[object], kind: object) -> list[object]:
    """A list of the same length: positions are the addresses of blocks."""
    members = _members(kind)
    empty = next((one for one in members if isinstance(one, type) and issubclass(one, Struct)), None)
    fitted = [_fit(value, kind) for value in values]
    if empty is None:
        return [one for one in fitted if one is not _MISFIT]
    return [empty() if one is _MISFIT else one for one in fitted]


def _members(kind: object) -> tuple[object, ...]:
    return get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)
