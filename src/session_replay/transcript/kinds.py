"""Which entry each kind of transcript line becomes: one table, in the order of the format's description.

A kind is named by the line's own words: its ``type``, followed by its subtype
where it has one.  Lines of a person and of the model need a look at their
content first; the names after the slash in ``user/…`` are the marks that
:mod:`session_replay.transcript.entry` finds there.
"""

from __future__ import annotations

from msgspec import Struct

from session_replay.wire import Act, EntryType

ALWAYS, ON_ERROR = True, False
"""Audit view: shown always; or when it is an error (a rule that matches shows any entry)."""


class Kind(Struct, frozen=True, gc=False):
    """The entry that a kind of line becomes."""

    type: EntryType
    audit: bool = ON_ERROR
    folded: bool = False
    act: Act = ""
    words: str = ""
    """Says what a machine record is, where its fields say nothing that a reader would want."""


KINDS: dict[str, Kind] = {
    # A person
    "user": Kind("user", ALWAYS),
    "attachment/queued_command": Kind("user", ALWAYS),
    "attachment/queued_command/notification": Kind("system", ALWAYS),
    "user/command": Kind("system", ALWAYS),
    "user/meta": Kind("system"),
    "user/output": Kind("system"),
    "user/notification": Kind("system"),
    "user/hook": Kind("system"),
    "user/ide": Kind("system"),
    "user/interrupted": Kind("system", ALWAYS),
    "user/beside_result": Kind("system"),
    # Compaction
    "user/compact_summary": Kind("summary"),
    "system/compact_boundary": Kind("summary"),
    "system/microcompact_boundary": Kind("summary"),
    "summary": Kind("summary"),
    # Tools and the model; which tools the Audit view shows: see TOOL_ACTS
    "user/tool_result": Kind("tool"),
    "assistant": Kind("assistant"),
    "assistant/thinking": Kind("thinking"),
    "assistant/tool_use": Kind("tool"),
    "assistant/synthetic": Kind("system"),
    "assistant/api_error": Kind("system"),
    "system/api_error": Kind("system"),
    # Progress
    "progress": Kind("progress", folded=True),
    "progress/bash_progress": Kind("progress", folded=True),
    "progress/hook_progress": Kind("progress", folded=True),
    "progress/agent_progress": Kind("progress", folded=True),
    "progress/mcp_progress": Kind("progress", folded=True),
    "progress/waiting_for_task": Kind("progress", folded=True),
    "progress/query_update": Kind("progress", folded=True),
    "progress/search_results_received": Kind("progress", folded=True),
    "attachment/hook_success": Kind("progress"),
    "attachment/hook_blocking_error": Kind("progress", ALWAYS, act="hook-block"),
    "attachment/hook_stopped_continuation": Kind("progress", ALWAYS, act="hook-block"),
    "attachment/hook_non_blocking_error": Kind("progress", ALWAYS),
    "attachment/hook_error_during_execution": Kind("progress", ALWAYS),
    "attachment/hook_permission_decision": Kind("progress", ALWAYS, act="permission"),
    "attachment/hook_cancelled": Kind("progress"),
    "attachment/hook_system_message": Kind("progress"),
    "attachment/hook_additional_context": Kind("progress"),
    # The client
    "system": Kind("system"),
    "system/stop_hook_summary": Kind("system"),
    "system/turn_duration": Kind("system"),
    "system/local_command": Kind("system"),
    "system/informational": Kind("system"),
    "queue-operation": Kind("progress"),
    "api-request": Kind("progress", folded=True, words="request to the model"),
    "launched": Kind("progress", words="workflow launched"),
    "started": Kind("progress", words="workflow step started"),
    "result": Kind("progress", words="workflow step ended"),
    # Permissions
    "permission-mode": Kind("system", ALWAYS, act="permission", words="permission mode"),
    "attachment/auto_mode": Kind("system", ALWAYS, act="permission", words="auto mode"),
    "attachment/auto_mode_exit": Kind("system", ALWAYS, act="permission", words="auto mode ended"),
    "attachment/plan_mode": Kind("system", ALWAYS, act="permission", words="plan mode"),
    "attachment/plan_mode_exit": Kind("system", ALWAYS, act="permission", words="plan mode ended"),
    "attachment/plan_mode_reentry": Kind("system", ALWAYS, act="permission", words="plan mode again"),
    "attachment/command_permissions": Kind("system", ALWAYS, act="permission", words="permissions of a command"),
    # What the client puts before the model
    "attachment/file": Kind("system", folded=True, words="file"),
    "attachment/edited_text_file": Kind("system", folded=True, words="file edited outside"),
    "attachment/compact_file_reference": Kind("system", folded=True, words="file kept through compaction"),
    "attachment/nested_memory": Kind("system", folded=True, words="memory file"),
    "attachment/diagnostics": Kind("system", folded=True, words="diagnostics"),
    "attachment/mcp_instructions_delta": Kind("system", folded=True, words="MCP servers"),
    "attachment/deferred_tools_delta": Kind("system", folded=True, words="tools on request"),
    "attachment/deferred_tools_record": Kind("system", folded=True, words="tools loaded"),
    "attachment/agent_listing_delta": Kind("system", folded=True, words="agent types"),
    "attachment/skill_listing": Kind("system", folded=True, words="skills"),
    "attachment/invoked_skills": Kind("system", folded=True, words="skills in use"),
    "attachment/output_style": Kind("system", folded=True, words="output style"),
    "attachment/task_reminder": Kind("system", folded=True, words="reminder of tasks"),
    "attachment/task_status": Kind("system", folded=True, words="task status"),
    "attachment/todo_reminder": Kind("system", folded=True, words="reminder of to-dos"),
    "attachment/goal_status": Kind("system", folded=True, words="goal"),
    "attachment/date_change": Kind("system", folded=True, words="date"),
    "attachment/silent_turn_reminder": Kind("system", folded=True, words="reminder"),
    "attachment/total_tokens_reminder": Kind("system", folded=True, words="reminder of tokens left"),
    "attachment/remote_session_change": Kind("system", folded=True, words="attribution of commits"),
    # Machine records
    "attachment/environment": Kind("system", folded=True, words="environment"),
    "attachment/model": Kind("system", folded=True, words="model"),
    "attachment/session_context": Kind("system", folded=True, words="session context"),
    "attachment/date": Kind("system", folded=True, words="date"),
    "attachment/prompt_snapshot": Kind("system", folded=True, words="system prompt"),
    "api-request-shape": Kind("system", folded=True, words="system prompt and tools of requests"),
    "api-request-blob": Kind("system", folded=True, words="message of a request"),
    "atis-latch": Kind("system", folded=True, words="client state"),
    "tools-used": Kind("system", folded=True, words="tools used"),
    "cost-state": Kind("system", folded=True, words="running cost"),
    "mode": Kind("system", folded=True, words="mode"),
    "last-prompt": Kind("system", folded=True, words="last prompt"),
    "agent-setting": Kind("system", folded=True, words="agent setting"),
    # File history
    "file-history-snapshot": Kind("snapshot", words="file checkpoint"),
    "file-history-delta": Kind("snapshot", words="file checkpoint"),
    # Titles
    "ai-title": Kind("system", words="title"),
    "custom-title": Kind("system", words="title"),
    "agent-name": Kind("system", words="name"),
    # Where the session lives
    "pr-link": Kind("system", ALWAYS, words="pull request"),
    "worktree-state": Kind("system", ALWAYS, words="worktree"),
    "relocated": Kind("system", ALWAYS, words="moved to another folder"),
    "bridge-session": Kind("system", ALWAYS, words="remote session"),
    # Not to be read
    "damaged": Kind("system", ALWAYS),
    "oversized": Kind("system", ALWAYS),
}

UNKNOWN = Kind("system", ALWAYS, words="unknown kind of line")
"""A kind that this table has never seen: somebody should look."""

_FAMILIES: tuple[tuple[str, Kind], ...] = (
    ("attachment/auto_mode", Kind("system", ALWAYS, act="permission")),
    ("attachment/plan_mode", Kind("system", ALWAYS, act="permission")),
    ("attachment/deferred_tools_", Kind("system", folded=True)),
    ("attachment/hook_", Kind("progress")),
    ("progress/", Kind("progress", folded=True)),
    ("system/", Kind("system")),
)
"""Kinds that a newer client adds to a known family."""

TOOL_ACTS: dict[str, Act] = {
    **dict.fromkeys(("Bash", "PowerShell", "Monitor"), "command"),
    **dict.fromkeys(("Write", "Edit", "MultiEdit", "NotebookEdit", "replace"), "file-write"),
    **dict.fromkeys(("WebFetch", "WebSearch", "web_fetch", "web_search"), "network"),
    **dict.fromkeys(("Agent", "Task", "Workflow"), "subagent"),
    **dict.fromkeys(("EnterPlanMode", "ExitPlanMode"), "permission"),
}
"""What a call of a tool does that matters to security."""
MCP_PREFIX = "mcp__"
SPAWN_TOOLS = frozenset({"Agent", "Task"})
EDIT_TOOLS = frozenset({"Edit", "MultiEdit", "Write", "NotebookEdit", "replace"})


def kind_of(raw_type: str) -> Kind:
    """The kind of a line by its own words."""
    kind = KINDS.get(raw_type)
    if kind is not None:
        return kind
    return next((kind for prefix, kind in _FAMILIES if raw_type.startswith(prefix)), UNKNOWN)


def tool_act(name: str) -> Act:
    """What every call of the tool does; such calls are shown in the Audit view."""
    return TOOL_ACTS.get(name) or ("mcp" if name.startswith(MCP_PREFIX) else "")
