"""The inspector's Meta: what a line says about itself, in snake_case, absent facts left out."""

from __future__ import annotations

import re
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

from session_replay.transcript.kinds import MCP_PREFIX
from session_replay.transcript.line import (
    NO_RAW,
    Attachment,
    Block,
    Damage,
    Line,
    Message,
    Progress,
    ToolFacts,
    Usage,
    read_part,
)
from session_replay.transcript.permission import permission
from session_replay.transcript.preview import result_text
from session_replay.transcript.prices import PRICES_AS_OF, Used, cost_usd
from session_replay.wire import BLOCKS_PER_LINE, Entry, line_of

_EXIT_CODE = re.compile(r"(?:Error: )?Exit code (\d{1,5})\b")
_SPILL_PATH = re.compile(
    r"(?:Full output saved to|Output has been saved to):? ([^\n]{1,1000}?)(?:\.?\n|\.?$|\. )"
    r"|\[Image: source: ([^\n\]]{1,1000})\]"
)
_SPILL_FOLDER = "tool-results"
_SPILL_CHARS = 3_000
_USD_DIGITS = 6
_EXIT_CODES = 2**32
"""Windows has exit codes of 32 bits."""


def meta_of(line: Line | Damage, entry: Entry, raw_line: bytes) -> dict[str, Any]:
    """Facts about the line and the entry; times and sizes as numbers or as written."""
    meta: dict[str, Any] = {"line": line_of(entry.seq), "byte_size": len(raw_line), "at": entry.at}
    meta["raw_exact"] = _is_utf8(raw_line)
    if isinstance(line, Damage):
        meta["damage"] = line.reason
        return _present(meta)
    message = line.message if isinstance(line.message, Message) else None
    meta |= {
        "raw_at": line.timestamp,
        "uuid": line.uuid,
        "parent_uuid": line.parent_uuid,
        "session_id": line.session_id,
        "message_id": message.id if message is not None else None,
        "request_id": line.request_id,
        "model": message.model if message is not None else None,
        "stop_reason": message.stop_reason if message is not None else None,
        "client_version": line.version,
        "cwd": line.cwd,
        "git_branch": line.git_branch or None,
        "entrypoint": line.entrypoint,
        "permission_mode": line.permission_mode,
        "is_sidechain": line.is_sidechain,
        "agent_id": line.agent_id or entry.agent_id,
        "tokens": _tokens(message.usage) if message is not None and message.usage is not None else None,
        "cost": _cost(message, entry.at) if message is not None and message.usage is not None else None,
        "duration_ms": entry.duration_ms,
        "hook": _hook(line),
    }
    if entry.type == "tool":
        text, is_error = _result(line, entry)
        meta["tool"] = _tool(line, entry, text)
        if entry.role == "result":
            meta["permission"] = permission(line, text, is_error=is_error)
            meta["spill"] = spill(line, text)
    return _present(meta)


def spill(line: Line, text: str) -> dict[str, Any] | None:
    """Where the whole of a long output lies: its file name inside the session's ``tool-results`` folder.

    A path outside such a folder is not told: it may be any file of the machine.
    """
    facts = line.tool_use_result if isinstance(line.tool_use_result, ToolFacts) else None
    path = facts.persisted_output_path if facts is not None else None
    if path is None:
        found = _SPILL_PATH.search(text[:_SPILL_CHARS])
        path = (found[1] or found[2]).strip() if found is not None else None
    name = _spill_name(path, line.session_id) if path is not None else None
    if name is None:
        return None
    return _present({"path": name, "size": facts.persisted_output_size if facts is not None else None})


def _spill_name(path: str, session_id: str | None) -> str | None:
    pure = PureWindowsPath(path) if "\\" in path else PurePosixPath(path)
    parts = pure.parts
    if not pure.is_absolute() or ".." in parts or _SPILL_FOLDER not in parts:
        return None
    folder = len(parts) - 1 - parts[::-1].index(_SPILL_FOLDER)
    inside = parts[folder + 1 :]
    if not inside or session_id is None or parts[folder - 1] != session_id:
        return None
    return "/".join(inside)


def _present(meta: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in meta.items() if value is not None}


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


def _tokens(usage: Usage) -> dict[str, Any]:
    cached = usage.cache_creation
    counts = (
        usage.input_tokens,
        usage.output_tokens,
        usage.cache_creation_input_tokens,
        usage.cache_read_input_tokens,
    )
    return _present(
        {
            "input": counts[0] or 0,
            "output": counts[1] or 0,
            "cache_creation": counts[2] or 0,
            "cache_read": counts[3] or 0,
            "total": sum(count or 0 for count in counts),
            "cache_5m": cached.ephemeral_5m_input_tokens if cached is not None else None,
            "cache_1h": cached.ephemeral_1h_input_tokens if cached is not None else None,
            "service_tier": usage.service_tier,
        }
    )


def _cost(message: Message, at: str | None) -> dict[str, Any] | None:
    """What the whole message would have cost by list price."""
    usage = message.usage
    if usage is None:
        return None
    cached = usage.cache_creation
    used = Used(
        usage.input_tokens or 0,
        usage.output_tokens or 0,
        usage.cache_creation_input_tokens or 0,
        usage.cache_read_input_tokens or 0,
        cache_1h=(cached.ephemeral_1h_input_tokens or 0) if cached is not None else 0,
    )
    usd = cost_usd(message.model, at, used, tier=usage.service_tier, speed=usage.speed)
    return {"usd": round(usd, _USD_DIGITS), "prices_as_of": PRICES_AS_OF} if usd is not None else None


def _hook(line: Line) -> dict[str, Any] | None:
    if line.type == "attachment" and line.attachment != NO_RAW:
        data = read_part(line.attachment, Attachment)
        if not (data.type or "").startswith("hook_"):
            return None
        hook = {
            "name": data.hook_name,
            "event": data.hook_event,
            "command": data.command,
            "exit_code": _exit_code(data.exit_code),
            "outcome": (data.type or "").removeprefix("hook_"),
        }
        return _present(hook)
    if line.type == "progress" and line.data != NO_RAW:
        progress = read_part(line.data, Progress)
        if progress.type == "hook_progress":
            event = {"name": progress.hook_name, "event": progress.hook_event, "command": progress.command}
            return _present(event) or None
    if line.type == "system" and line.subtype == "stop_hook_summary":
        summary = {
            "event": "Stop",
            "count": line.hook_count,
            "errors": len(line.hook_errors or []),
            "prevented_continuation": line.prevented_continuation,
        }
        return _present(summary)
    return None


def _result(line: Line, entry: Entry) -> tuple[str, bool]:
    content = line.message.content if isinstance(line.message, Message) else None
    index = entry.seq % BLOCKS_PER_LINE
    block = content[index] if isinstance(content, list) and index < len(content) else None
    if not isinstance(block, Block):
        return "", entry.is_error
    return result_text(block), block.is_error is True


def _tool(line: Line, entry: Entry, text: str) -> dict[str, Any]:
    name = entry.tool
    server = name.split("__")[1] if name is not None and name.startswith(MCP_PREFIX) else None
    facts = line.tool_use_result if isinstance(line.tool_use_result, ToolFacts) else None
    found = _EXIT_CODE.match(text) if entry.is_error else None
    return _present(
        {
            "name": name,
            "use_id": entry.tool_use_id,
            "server": server,
            "exit_code": int(found.group(1)) if found is not None else None,
            "interrupted": (facts.interrupted if facts is not None else None) or None,
            "background_task_id": facts.background_task_id if facts is not None else None,
        }
    )


def _exit_code(value: float | None) -> int | None:
    return int(value) if value is not None and abs(value) < _EXIT_CODES else None
