"""Who allowed or refused a call, with the traps of the client's own words."""

import pytest

from session_replay.transcript.line import Line, PermissionDecision
from session_replay.transcript.permission import permission


def verdict(kind=None, text="", *, is_error=False, **decision):
    line = Line(tool_denial_kind=kind, permission_decision=PermissionDecision(**decision) if decision else None)
    found = permission(line, text, is_error=is_error)
    return None if found is None else (found.decision, found.by, found.words)


@pytest.mark.parametrize(
    ("decision", "by", "words"),
    [
        (
            {"source": "user_permanent", "reason_type": "rule", "rule_source": "userSettings"},
            "rule",
            "a permission rule (userSettings)",
        ),
        ({"source": "user_permanent"}, "user", "the user, from now on"),
        ({"source": "user_temporary", "grant_scope": "once", "reason_code": "unknown"}, "user", "the user, once"),
        ({"source": "user_temporary", "grant_scope": "session"}, "user", "the user, for this session"),
        ({"source": "user_temporary", "grant_scope": "a week"}, "user", "the user"),
        ({"source": "config", "reason_type": "mode"}, "mode", "the permission mode"),
        ({"source": "config", "reason_type": "subcommandResults"}, "rule", "a permission rule"),
        ({"source": "config", "reason_type": "classifier"}, "client", "the client's classifier"),
        ({"source": "config", "reason_type": "permissionPromptTool"}, "client", "the program that runs the client"),
        ({"source": "hook"}, "hook", "a hook"),
    ],
)
def test_grants(decision, by, words):
    assert verdict(decision="accept", **decision) == ("allowed", by, f"Allowed by {words}.")


@pytest.mark.parametrize(
    ("kind", "decision", "by"),
    [
        # A block by a hook says "permission-rule".
        ("permission-rule", {"source": "hook", "reason_type": "hook", "reason_code": "hook:PreToolUse"}, "hook"),
        # A refusal without anybody to ask says "user-rejected".
        ("user-rejected", {"source": "config", "reason_code": "bashMiss:no-rule-match"}, "client"),
        ("user-rejected", {"source": "config", "reason_code": "unknown"}, "client"),
        ("user-rejected", {"source": "config", "reason_code": "mode:plan"}, "mode"),
        # A Read that a rule denies has the source "user_reject".
        (None, {"source": "user_reject", "reason_type": "rule", "rule_source": "userSettings"}, "rule"),
        ("permission-rule", {"source": "config", "reason_type": "subcommandResults"}, "rule"),
        ("user-rejected", {"source": "user_reject"}, "user"),
        ("permission-rule", {"source": "config", "reason_type": "safetyCheck"}, "client"),
    ],
)
def test_refusals_by_the_clients_decision(kind, decision, by):
    assert verdict(kind, decision="reject", **decision)[:2] == ("denied", by)


@pytest.mark.parametrize(
    ("kind", "text", "decision", "by"),
    [
        ("user-rejected", "The user doesn't want to proceed with this tool use.", "denied", "user"),  # Esc: no decision
        ("interrupted", "", "interrupted", "client"),
        (None, "PreToolUse:Bash hook error: [guard.py]: no", "denied", "hook"),
        (None, "Claude requested permissions to use Bash, but you haven't granted it yet.", "denied", "client"),
        (None, "Permission to use Bash with command rm has been denied.", "denied", "rule"),
        (None, "Cannot run rm while in plan mode", "denied", "mode"),
    ],
)
def test_refusals_by_words(kind, text, decision, by):
    assert verdict(kind, text, is_error=True)[:2] == (decision, by)


@pytest.mark.parametrize("text", ["Exit code 1", "cat: Permission to x has been lost", ""])
def test_a_failure_is_no_refusal(text):
    assert verdict(text=text, is_error=True) is None


def test_output_may_say_anything():
    assert verdict(text="The user doesn't want to proceed with this tool use") is None
