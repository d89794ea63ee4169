"""The lines that are neither a person nor the model: progress, attachments, and the client's own records."""

from __future__ import annotations

import re
from collections.abc import Callable

from msgspec import Raw, Struct

from session_replay.transcript.kinds import UNKNOWN, kind_of
from session_replay.transcript.line import (
    NO_RAW,
    Attachment,
    Block,
    Line,
    Message,
    Progress,
    ProgressMessage,
    read_part,
)
from session_replay.transcript.preview import (
    bare,
    call_words,
    clipped,
    command_words,
    headline,
    json_head,
    result_preview,
    result_text,
    size_words,
    text_of,
)
from session_replay.wire import Act

_KIND_CHARS = 80
_TAGGED = "<command-name>"
_NOTIFICATION_ID = re.compile(r"<task-id>([^<]{1,80})</task-id>")
_NOTIFICATION_CALL = re.compile(r"<tool-use-id>([^<]{1,80})</tool-use-id>")
_NOTIFICATION_SUMMARY = re.compile(r"<summary>([^<]{1,400})</summary>")
_NOTIFICATION_CHARS = 2_000
_SNAPSHOT_FILES = 20
_RAW_HEAD_BYTES = 2_000
_PLAIN_NAME = re.compile(r"[a-z][a-z0-9_]*")


class Record(Struct, gc=False):
    """What the row of such a line says."""

    raw_type: str
    mark: str
    """The name under which ``KINDS`` has the line; most often its raw type."""
    label: str = ""
    preview: str = ""
    is_error: bool = False
    audit: bool = False
    act: Act = ""
    permission_mode: str | None = None
    tool: str | None = None
    tool_use_id: str | None = None
    agent_id: str | None = None
    duration_ms: float | None = None


class _ApiError(Struct, gc=False):
    """``error`` of a failed request that the client tries again."""

    formatted: str | None = None
    message: str | None = None


class _Snapshot(Struct, gc=False, rename="camel"):
    """``snapshot`` of a file checkpoint: the files by their paths."""

    tracked_file_backups: dict[str, Raw] | None = None


class _Worktree(Struct, gc=False, rename="camel"):
    """``worktreeSession``: where the session works now."""

    worktree_path: str | None = None
    worktree_branch: str | None = None


class _Blocked(Struct, gc=False, rename="camel"):
    """``blockingError`` of a hook that stopped a call."""

    blocking_error: str | None = None


class Notification(Struct, gc=False):
    """News of a background task, as the client tells the model."""

    task_id: str | None
    tool_use_id: str | None
    summary: str | None


def notification_of(text: str) -> Notification | None:
    """What a text that begins with ``<task-notification>`` says; None for any other text."""
    head = text[:_NOTIFICATION_CHARS].lstrip()
    if not head.startswith("<task-notification"):
        return None
    return Notification(
        *(
            found.group(1) if (found := pattern.search(head)) is not None else None
            for pattern in (_NOTIFICATION_ID, _NOTIFICATION_CALL, _NOTIFICATION_SUMMARY)
        )
    )


def notification_words(text: str) -> str:
    """What a row says about a notification."""
    news = notification_of(text)
    return clipped(news.summary) if news is not None and news.summary else bare(text) or "(empty)"


def record_of(line: Line, raw_line: bytes) -> Record:
    """The row of a line that is neither ``user`` nor ``assistant``.

    Args:
        line: What was read of the line.
        raw_line: The line itself, shown where nothing in it is known.
    """
    size_bytes = len(raw_line)
    if line.type == "progress":
        return _progress(line)
    if line.type == "attachment":
        return _attachment(line, size_bytes)
    if line.type == "system":
        return _system(line)
    raw_type = clipped(line.type, _KIND_CHARS) if line.type else "unknown"
    if kind_of(raw_type) is UNKNOWN:
        text = text_of(line.content) or raw_line[:_RAW_HEAD_BYTES].decode("utf-8", "replace")
        label = _unknown_words(raw_type) if line.type else "line without a type"
        return Record(raw_type, raw_type, label=label, preview=clipped(text))
    record = Record(raw_type, raw_type, label=kind_of(raw_type).words)
    told = _OTHER.get(raw_type)
    record.preview = clipped(told(line)) if told is not None else ""
    if raw_type in ("started", "result"):
        record.agent_id = line.agent_id
    if raw_type == "permission-mode":
        record.permission_mode = line.permission_mode
    if raw_type == "queue-operation":
        record.label = f"queue: {line.operation or '?'}"
    if not record.preview:
        record.preview = f"{record.label or raw_type}, {size_words(size_bytes)}"
    return record


def _unknown_words(raw_type: str) -> str:
    return f"{UNKNOWN.words}: {raw_type}"


def queue_text(line: Line) -> str:
    """The text of a queue operation."""
    return text_of(line.content)


def _title(line: Line) -> str:
    return line.custom_title or line.ai_title or line.agent_name or ""


def _summary(line: Line) -> str:
    message = line.message
    if line.summary is None and isinstance(message, Message):
        return message.content if isinstance(message.content, str) else ""
    return line.summary or (message if isinstance(message, str) else "") or ""


def _queue(line: Line) -> str:
    text = queue_text(line)
    return notification_words(text) if text.lstrip().startswith("<task-notification") else clipped(text)


def _snapshot(line: Line) -> str:
    if line.tracking_path or line.snapshot == NO_RAW:
        return line.tracking_path or ""
    files = read_part(line.snapshot, _Snapshot).tracked_file_backups
    if files is None:
        return json_head(line.snapshot)
    if not files:
        return "no files"
    return f"{len(files)} file{'' if len(files) == 1 else 's'}: {', '.join(list(files)[:_SNAPSHOT_FILES])}"


def _worktree(line: Line) -> str:
    if line.worktree_session == NO_RAW:
        return ""
    if bytes(line.worktree_session) == b"null":
        return "left"
    place = read_part(line.worktree_session, _Worktree)
    branch = f" on branch {place.worktree_branch}" if place.worktree_branch else ""
    return f"{place.worktree_path or '?'}{branch}"


_OTHER: dict[str, Callable[[Line], str]] = {
    "summary": _summary,
    "queue-operation": _queue,
    "permission-mode": lambda line: f"Permission mode: {line.permission_mode or '?'}",
    "mode": lambda line: line.mode or "",
    "last-prompt": lambda line: line.last_prompt or "",
    "custom-title": _title,
    "ai-title": _title,
    "agent-name": _title,
    "pr-link": lambda line: line.pr_url or "",
    "worktree-state": _worktree,
    "relocated": lambda line: line.relocated_cwd or "",
    "file-history-snapshot": _snapshot,
    "file-history-delta": _snapshot,
    "started": lambda line: line.label or "",
    "result": lambda line: json_head(line.result),
}


# Progress


def _progress(line: Line) -> Record:
    data = read_part(line.data, Progress) if line.data != NO_RAW else Progress()
    subtype = clipped(data.type or "unknown", _KIND_CHARS)
    raw_type = f"progress/{subtype}"
    label, preview = _progress_words(data)
    return Record(
        raw_type,
        raw_type,
        label=headline(label or subtype),
        preview=clipped(preview or subtype),
        # A hook that runs because a tool failed ("PostToolUseFailure") has not failed itself.
        is_error=data.status == "failed",
        tool_use_id=line.parent_tool_use_id or line.tool_use_id,
        agent_id=data.agent_id,
        duration_ms=_elapsed_ms(data),
    )


def _elapsed_ms(data: Progress) -> float | None:
    if data.elapsed_time_ms is None and data.elapsed_time_seconds is not None:
        return data.elapsed_time_seconds * 1000
    return data.elapsed_time_ms


def _progress_words(data: Progress) -> tuple[str, str]:
    if data.type == "bash_progress":
        seconds = f"{data.elapsed_time_seconds:g} s" if data.elapsed_time_seconds is not None else "running"
        return seconds, (data.output or "").strip("\n") or f"running, {data.total_lines or 0} lines so far"
    if data.type == "hook_progress":
        return data.hook_name or data.hook_event or "", data.command or ""
    if data.type == "agent_progress":
        return _copied_words(data)
    if data.type == "mcp_progress":
        return f"{data.server_name or '?'} {data.tool_name or ''}", data.status or ""
    if data.result_count is not None:
        return data.query or "", f"{data.result_count} results: {data.query or ''}"
    text = data.query or data.task_description or data.output or data.status or ""
    return text, text


def _copied_words(data: Progress) -> tuple[str, str]:
    """A line of a subagent, copied into its parent's file."""
    copied = read_part(data.message, ProgressMessage) if data.message != NO_RAW else ProgressMessage()
    content = copied.message.content if isinstance(copied.message, Message) else copied.message
    if isinstance(content, list):
        first = content[0] if content else None
        if isinstance(first, Block):
            return _block_words(first)
        content = first
    return f"subagent {copied.type or ''}".rstrip(), content or data.prompt or ""


def _block_words(block: Block) -> tuple[str, str]:
    if block.name is not None:
        label, preview = call_words(block.name, block.input)
        return f"subagent: {block.name} {label}", preview
    if block.type == "tool_result":
        return "subagent: result", result_preview(result_text(block))
    return "subagent", block.text or block.thinking or ""


# Attachments


def _attachment(line: Line, size_bytes: int) -> Record:
    data = read_part(line.attachment, Attachment) if line.attachment != NO_RAW else Attachment()
    subtype = clipped(data.type or "unknown", _KIND_CHARS)
    raw_type = f"attachment/{subtype}"
    if subtype == "queued_command":
        return _queued(data, raw_type)
    if subtype.startswith("hook_"):
        return _hook(data, raw_type, size_bytes)
    kind = kind_of(raw_type)
    words = _unknown_words(raw_type) if kind is UNKNOWN else kind.words or subtype
    preview = _attachment_words(data) or (json_head(line.attachment) if kind is UNKNOWN else "")
    preview = preview or f"{words}, {size_words(size_bytes)}"
    # Servers that come into a session bring instructions from outside.
    added = subtype == "mcp_instructions_delta" and bool(data.added_names)
    return Record(raw_type, raw_type, label=words, preview=clipped(preview), audit=added)


def queued_text(data: Attachment) -> str:
    """The text of a queued command; images are left out."""
    if isinstance(data.prompt, list):
        texts = (block if isinstance(block, str) else block.text for block in data.prompt)
        return "\n".join(text for text in texts if text)
    return data.prompt or ""


def is_queued_prompt(data: Attachment) -> bool:
    """Whether a person typed it while the agent was busy."""
    if data.type != "queued_command":
        return False
    if data.command_mode is None:
        return not queued_text(data).lstrip().startswith("<task-notification")
    return data.command_mode == "prompt"


def _queued(data: Attachment, raw_type: str) -> Record:
    text = queued_text(data)
    if is_queued_prompt(data):
        return Record(raw_type, raw_type, label="typed while busy", preview=clipped(text) or "(image)")
    news = notification_of(text)
    record = Record(raw_type, f"{raw_type}/notification", label="notification", preview=notification_words(text))
    if news is not None:
        record.tool_use_id = news.tool_use_id
    return record


def _hook(data: Attachment, raw_type: str, size_bytes: int) -> Record:
    said = (text for text in _hook_texts(data) if text and text.strip())
    preview = next(said, None) or data.message or data.decision or data.command or f"hook, {size_words(size_bytes)}"
    return Record(
        raw_type,
        raw_type,
        label=headline(data.hook_name or data.hook_event or "hook"),
        preview=clipped(preview.strip("\n")),
        is_error=raw_type.endswith("_error") or raw_type == "attachment/hook_error_during_execution",
        tool_use_id=data.tool_use_id,
        duration_ms=data.duration_ms,
    )


def _hook_texts(data: Attachment) -> tuple[str | None, ...]:
    blocked = data.blocking_error
    reason = read_part(blocked, _Blocked).blocking_error if blocked != NO_RAW else None
    return reason or text_of(blocked), text_of(data.content), data.stderr, data.stdout


def _attachment_words(data: Attachment) -> str:
    place = data.filename or data.path or data.plan_file_path
    if place is not None:
        return place
    if data.allowed_tools is not None:
        return "Allowed tools: " + (", ".join(data.allowed_tools[:40]) or "none")
    if data.added_names or data.removed_names:
        signed = [f"+{name}" for name in (data.added_names or [])[:40]]
        return " ".join([*signed, *(f"-{name}" for name in (data.removed_names or [])[:40])])
    return data.text or data.date or data.new_date or data.condition or ""


# System


def _system(line: Line) -> Record:
    subtype = clipped(line.subtype or "unknown", _KIND_CHARS)
    raw_type = f"system/{subtype}"
    record = Record(raw_type, raw_type, label=_subtype_words(subtype), duration_ms=line.duration_ms)
    record.tool_use_id = line.tool_use_id
    if subtype == "stop_hook_summary":
        return _stop_hooks(line, record)
    if subtype == "api_error":
        return _api_error(line, record)
    if subtype == "turn_duration":
        record.preview = f"Turn took {(line.duration_ms or 0) / 1000:.1f} s"
        return record
    text = text_of(line.content)
    record.audit = text.lstrip().startswith(_TAGGED)
    record.preview = (command_words(text) if record.audit else bare(text)) or record.label
    record.is_error = line.level == "error"
    return record


def _subtype_words(subtype: str) -> str:
    return subtype.replace("_", " ") if _PLAIN_NAME.fullmatch(subtype) else subtype


def _stop_hooks(line: Line, record: Record) -> Record:
    errors = [text for text in map(text_of, line.hook_errors or []) if text]
    record.is_error = bool(line.hook_errors)
    if line.prevented_continuation is True:
        record.audit, record.act = True, "hook-block"
    count = line.hook_count or 0
    record.preview = clipped("\n".join(errors)) or f"{count} hook{'' if count == 1 else 's'} ran at the end of the turn"
    return record


def _api_error(line: Line, record: Record) -> Record:
    record.is_error = True
    tries = f"attempt {line.retry_attempt} of {line.max_retries}" if line.retry_attempt is not None else ""
    said = read_part(line.error, _ApiError) if line.error != NO_RAW else _ApiError()
    words = said.formatted or said.message or json_head(line.error)
    record.preview = clipped("\n".join(text for text in (tries, words) if text)) or "API error"
    return record
