"""Who allowed or refused a tool call, in one sentence.

The law: a refusal is believed only where the line itself says so, in a field
or, for clients that have none, in the exact words of that client inside a
failed result; the output of a command may say anything.
"""

from __future__ import annotations

from typing import Literal

from session_replay.transcript.line import Line, PermissionDecision
from session_replay.wire import Permission

_REFUSALS = (
    "Claude requested permissions to ",
    "The user doesn't want to proceed with this tool use",
    "The user doesn't want to take this action right now",
    "File is in a directory that is denied by your permission settings",
    "File has been denied by your permission settings",
    "This command requires approval",
    "User rejected tool use",
)
"""How failed results begin when clients 1.0 to 2.1 refuse a call."""
_HEAD_CHARS = 400
_BY_CLIENT = {
    "classifier": "the client's classifier",
    "permissionPromptTool": "the program that runs the client",
    "safetyCheck": "the client's safety check",
    "sandboxOverride": "the sandbox's settings",
    "workingDir": "the client: the place lies outside of the working directories",
    "asyncAgent": "the client: a background agent has nobody to ask",
}
"""Reasons that are neither a person's, a rule's nor a mode's."""
_GRANT_WORDS = {"once": ", once", "session": ", for this session"}
_BY_USER = ("The user doesn't want", "User rejected")


def is_refusal(text: str) -> bool:
    """Whether a failed tool result is a refusal, by its words."""
    head = _bare(text)
    if head.startswith(_REFUSALS) or _is_hook_block(head):
        return True
    if head.startswith("Permission to "):
        return "has been denied" in head
    return head.startswith("Cannot ") and "while in plan mode" in head


def is_denied(line: Line, text: str, *, is_error: bool) -> bool:
    """Whether the line's tool result is a refusal and not a failure."""
    if line.tool_denial_kind is not None:
        return line.tool_denial_kind != "interrupted"
    decision = line.permission_decision
    if decision is not None and decision.decision is not None:
        return decision.decision == "reject"
    return is_error and is_refusal(text)


def permission(line: Line, text: str, *, is_error: bool) -> Permission | None:
    """Who allowed or refused the call; None where the line says nothing."""
    kind, decision = line.tool_denial_kind, line.permission_decision
    if kind == "interrupted":
        return Permission("interrupted", "client", "The session ended before the outcome of this call was recorded.")
    if is_denied(line, text, is_error=is_error):
        return _denial(kind, decision, text)
    if decision is not None and decision.decision == "accept":
        return _grant(decision)
    return None


def _denial(kind: str | None, decision: PermissionDecision | None, text: str) -> Permission:
    head = _bare(text)
    if (decision is not None and "hook" in (decision.source, decision.reason_type)) or _is_hook_block(head):
        # The client calls a block by a hook "permission-rule".
        return Permission("denied", "hook", "Blocked by a hook.")
    if decision is None:
        return _denial_without_decision(kind, head)
    return _denial_by_decision(kind, decision)


def _denial_by_decision(kind: str | None, decision: PermissionDecision) -> Permission:
    if decision.reason_type in ("rule", "subcommandResults") or (decision.reason_code or "").startswith("rule:"):
        # A rule-denied Read says source "user_reject": nobody was asked.
        return Permission("denied", "rule", f"Denied by a permission rule{_place(decision.rule_source)}.")
    if (decision.reason_code or "").startswith("mode:"):
        return Permission("denied", "mode", f"Not allowed in {(decision.reason_code or '')[5:]} mode.")
    if decision.reason_type in _BY_CLIENT:
        return Permission("denied", "client", f"Refused by {_BY_CLIENT[decision.reason_type]}.")
    if decision.source == "config":
        # Refusals without anybody to ask (claude -p) say "user-rejected".
        return Permission("denied", "client", "Refused: no rule allows it and nobody could be asked.")
    if decision.source == "user_reject" or kind == "user-rejected":
        return Permission("denied", "user", "Rejected by the user.")
    return Permission("denied", "unknown", "Denied.")


def _denial_without_decision(kind: str | None, head: str) -> Permission:
    if kind == "user-rejected" or head.startswith(_BY_USER):
        return Permission("denied", "user", "Rejected by the user.")
    if head.startswith("Cannot "):
        return Permission("denied", "mode", "Not allowed in plan mode.")
    if head.startswith(("Claude requested", "This command requires")):
        return Permission("denied", "client", "Refused: no rule allows it and nobody could be asked.")
    if kind == "permission-rule" or "permission settings" in head or head.startswith("Permission to "):
        return Permission("denied", "rule", "Denied by a permission rule.")
    return Permission("denied", "unknown", "Denied.")


def _grant(decision: PermissionDecision) -> Permission:
    by, words = _granted(decision)
    return Permission("allowed", by, f"Allowed{words}.")


def _granted(decision: PermissionDecision) -> tuple[Literal["user", "rule", "hook", "mode", "client", "unknown"], str]:
    source, reason = decision.source, decision.reason_type
    if "hook" in (source, reason):
        granted = "hook", " by a hook"
    elif source == "user_temporary":
        granted = "user", f" by the user{_GRANT_WORDS.get(decision.grant_scope or '', '')}"
    elif reason == "mode":
        granted = "mode", " by the permission mode"
    elif reason in _BY_CLIENT:
        granted = "client", f" by {_BY_CLIENT[reason]}"
    elif source == "user_permanent" and reason != "rule":
        # With a reason of type "rule" nobody was asked: the answer was given in settings before.
        granted = "user", " by the user, from now on"
    elif source in ("user_permanent", "config"):
        granted = "rule", f" by a permission rule{_place(decision.rule_source)}"
    else:
        granted = "unknown", ""
    return granted


def _place(rule_source: str | None) -> str:
    return f" ({rule_source})" if rule_source else ""


def _is_hook_block(head: str) -> bool:
    return (head.startswith("PreToolUse:") and " hook error" in head) or " operation blocked by hook" in head[:80]


def _bare(text: str) -> str:
    return text[:_HEAD_CHARS].removeprefix("<tool_use_error>").removeprefix("Error: ")
