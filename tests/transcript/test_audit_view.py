"""Which kinds of line the Audit view shows: a row of the format's description each, and what counts there as an act."""

import json
from pathlib import Path

import pytest

from session_replay.transcript.session import TranscriptReader

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
YES, NO = True, False


def user(content, **fields):
    return {"type": "user", "message": {"content": content}, **fields}


def assistant(*blocks, **fields):
    return {"type": "assistant", "message": {"id": "m", "model": "m-1", "content": list(blocks)}, **fields}


def tool(name, **given):
    return assistant({"type": "tool_use", "id": "t1", "name": name, "input": given})


def result(facts="ok", *, is_error=False, text="ok", **fields):
    block = {"type": "tool_result", "tool_use_id": "t1", "content": text, "is_error": is_error}
    return user([block], toolUseResult=facts, **fields)


def attachment(kind, **fields):
    return {"type": "attachment", "attachment": {"type": kind, **fields}}


def progress(kind, **fields):
    return {"type": "progress", "data": {"type": kind, **fields}}


def system(subtype, **fields):
    return {"type": "system", "subtype": subtype, **fields}


def record(kind, **fields):
    return {"type": kind, **fields}


PATCH = {"filePath": "/a", "structuredPatch": [{"oldStart": 1, "lines": ["+a"]}]}

ROWS = [
    # Prompts
    ("user", user("do it", promptSource="typed"), YES, ""),
    ("user", user([{"type": "image", "source": {}}]), YES, ""),
    ("user", attachment("queued_command", prompt="stop", commandMode="prompt"), YES, ""),
    ("system", attachment("queued_command", prompt="<task-notification>", commandMode="task-notification"), YES, ""),
    ("system", user("<command-name>/clear</command-name>"), YES, ""),
    ("system", user("<command-message>init</command-message>"), YES, ""),
    ("system", user("<bash-input>ls</bash-input>"), YES, "command"),
    ("system", user("note", isMeta=True), NO, ""),
    ("system", user("<local-command-stdout>x"), NO, ""),
    ("system", user("<task-notification>x"), NO, ""),
    ("system", user("<teammate-message from=x>y"), NO, ""),
    ("system", user("[Request interrupted by user]"), YES, ""),
    # Compaction
    ("summary", user("so far", isCompactSummary=True), NO, ""),
    ("summary", system("compact_boundary", content="Compacted"), NO, ""),
    ("summary", system("microcompact_boundary"), NO, ""),
    ("summary", record("summary", summary="x", leafUuid="u"), NO, ""),
    # Results
    ("tool", result({"stdout": "x"}), NO, ""),
    ("tool", result("Error: x", is_error=True, text="Exit code 1"), YES, ""),
    ("tool", result("x", toolDenialKind="user-rejected"), YES, ""),
    ("tool", result("x", permissionDecision={"decision": "reject", "source": "hook"}), YES, ""),
    ("tool", result("x", is_error=True, text="Claude requested permissions to write"), YES, ""),
    ("tool", result(PATCH), YES, ""),
    # The model
    ("assistant", assistant({"type": "text", "text": "hi"}), NO, ""),
    ("thinking", assistant({"type": "thinking", "thinking": ""}), NO, ""),
    ("tool", tool("Bash", command="ls"), YES, "command"),
    ("tool", tool("PowerShell", command="dir"), YES, "command"),
    ("tool", tool("Monitor", command="tail -f x"), YES, "command"),
    ("tool", tool("Write", file_path="/a", content="x"), YES, "file-write"),
    ("tool", tool("Edit", file_path="/a"), YES, "file-write"),
    ("tool", tool("MultiEdit", file_path="/a"), YES, "file-write"),
    ("tool", tool("NotebookEdit", notebook_path="/a"), YES, "file-write"),
    ("tool", tool("WebFetch", url="https://a.example"), YES, "network"),
    ("tool", tool("WebSearch", query="x"), YES, "network"),
    ("tool", tool("mcp__a__b"), YES, "mcp"),
    ("tool", tool("Agent", prompt="x"), YES, "subagent"),
    ("tool", tool("Task", prompt="x"), YES, "subagent"),
    ("tool", tool("Workflow", script="x"), YES, "subagent"),
    ("tool", tool("ExitPlanMode", plan="x"), YES, "permission"),
    ("tool", tool("Read", file_path="/a"), NO, ""),
    ("tool", tool("Grep", pattern="x"), NO, ""),
    ("system", {**assistant({"type": "text", "text": "x"}), "isApiErrorMessage": True}, YES, ""),
    ("system", {"type": "assistant", "message": {"model": "<synthetic>", "content": "x"}}, NO, ""),
    ("system", system("api_error", error={"message": "x"}), YES, ""),
    # Progress and hooks
    ("progress", progress("bash_progress", output="x"), NO, ""),
    ("progress", progress("agent_progress"), NO, ""),
    ("progress", progress("mcp_progress", status="started"), NO, ""),
    ("progress", progress("mcp_progress", status="failed"), YES, ""),
    ("progress", progress("hook_progress", hookEvent="PreToolUse"), NO, ""),
    ("progress", progress("hook_progress", hookEvent="PostToolUseFailure"), NO, ""),
    ("progress", attachment("hook_success"), NO, ""),
    ("progress", attachment("hook_blocking_error", blockingError="no"), YES, "hook-block"),
    ("progress", attachment("hook_stopped_continuation"), YES, "hook-block"),
    ("progress", attachment("hook_non_blocking_error", stderr="x"), YES, ""),
    ("progress", attachment("hook_error_during_execution"), YES, ""),
    ("progress", attachment("hook_permission_decision", decision="allow"), YES, "permission"),
    ("progress", attachment("hook_cancelled"), NO, ""),
    ("progress", attachment("hook_system_message", content="x"), NO, ""),
    ("progress", attachment("hook_additional_context", content=["x"]), NO, ""),
    ("progress", attachment("hook_of_the_future"), NO, ""),
    ("system", system("stop_hook_summary", hookCount=1, hookErrors=[]), NO, ""),
    ("system", system("stop_hook_summary", hookCount=1, hookErrors=["x"]), YES, ""),
    ("system", system("stop_hook_summary", preventedContinuation=True), YES, "hook-block"),
    ("system", system("turn_duration", durationMs=5), NO, ""),
    ("system", system("local_command", content="<command-name>/mcp</command-name>"), YES, ""),
    ("system", system("local_command", content="<local-command-stdout>x"), NO, ""),
    ("system", system("informational", content="x"), NO, ""),
    ("system", system("informational", content="x", level="error"), YES, ""),
    ("progress", record("queue-operation", operation="enqueue"), NO, ""),
    ("progress", record("api-request"), NO, ""),
    ("progress", record("started", agentId="a"), NO, ""),
    # Permissions
    ("system", record("permission-mode", permissionMode="plan"), YES, "permission"),
    ("system", attachment("auto_mode"), YES, "permission"),
    ("system", attachment("auto_mode_exit"), YES, "permission"),
    ("system", attachment("plan_mode"), YES, "permission"),
    ("system", attachment("plan_mode_of_the_future"), YES, "permission"),
    ("system", attachment("command_permissions", allowedTools=["Bash(git *)"]), YES, "permission"),
    # What the client puts before the model, and its records
    ("system", attachment("file", filename="/a"), NO, ""),
    ("system", attachment("nested_memory", path="/a"), NO, ""),
    ("system", attachment("mcp_instructions_delta", addedNames=["evil"]), YES, ""),
    ("system", attachment("mcp_instructions_delta", removedNames=["evil"]), NO, ""),
    ("system", attachment("deferred_tools_delta", addedNames=["X"]), NO, ""),
    ("system", attachment("prompt_snapshot"), NO, ""),
    ("system", record("api-request-shape"), NO, ""),
    ("system", record("mode", mode="normal"), NO, ""),
    ("snapshot", record("file-history-snapshot", snapshot={}), NO, ""),
    ("snapshot", record("file-history-delta", trackingPath="a"), NO, ""),
    ("system", record("ai-title", aiTitle="x"), NO, ""),
    # Where the session lives
    ("system", record("pr-link", prUrl="https://a.example/1"), YES, ""),
    ("system", record("worktree-state", worktreeSession={"worktreePath": "/w"}), YES, ""),
    ("system", record("relocated", relocatedCwd="/w"), YES, ""),
    ("system", record("bridge-session"), YES, ""),
    # Not to be read
    ("system", record("kind-of-the-future"), YES, ""),
    ("system", attachment("kind_of_the_future"), YES, ""),
    ("system", [1, 2], YES, ""),
]


@pytest.mark.parametrize(("entry_type", "line", "is_shown", "act"), ROWS, ids=lambda value: json.dumps(value)[:60])
def test_a_kind_of_line(entry_type, line, is_shown, act):
    [entry] = TranscriptReader().read(json.dumps(line).encode())

    assert (entry.type, entry.audit, entry.act) == (entry_type, is_shown, act)


@pytest.mark.parametrize("raw", [b'{"type":"user","mess', b"\0\xff", b"{}"])
def test_a_damaged_line(raw):
    [entry] = TranscriptReader().read(raw)

    assert (entry.type, entry.audit) == ("system", True)


def test_words_of_places():
    lines = [
        record("worktree-state", worktreeSession={"worktreePath": "/w", "worktreeBranch": "x"}),
        record("worktree-state", worktreeSession=None),
    ]
    entries = TranscriptReader().read(b"\n".join(json.dumps(line).encode() for line in lines))

    assert [entry.preview for entry in entries] == ["/w on branch x", "left"]


@pytest.mark.skipif(not CORPUS.is_dir(), reason="no corpus beside the checkout")
def test_every_act_of_the_corpus_is_shown_and_has_a_reason():
    shown = 0
    for path in CORPUS.rglob("*.jsonl"):
        if "projects" not in path.parts:
            continue
        for entry in TranscriptReader().read(path.read_bytes()):
            assert entry.audit or not entry.act
            assert entry.role != "result" or not entry.act
            assert entry.role != "call" or entry.audit == (entry.act != "")
            shown += entry.audit

    assert shown > 1_000
