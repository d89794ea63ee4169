"""What people typed in transcripts, counted from their lines: nothing of the product is used here.

A prompt is a text or picture that a person gave to the agent.  It is none:
what the client put into a line of the person's (a tool's result, a note to
the model, the summary after a compaction), a command to the client itself and
what that printed, an interruption, the task of a subagent, and a line that
another file owns.
"""

import json
import re
from datetime import datetime

WRITTEN_BY_THE_CLIENT = re.compile(
    r"""\s*(?:
        <(?: command-(?:name|message)       # a command to the client
           | bash-(?:input|stdout|stderr)   # bash mode
           | local-command-[a-z]+
           | task-notification | teammate-message
           | session-start-hook | user-prompt-submit-hook
           | ide_[a-z_]+                    # what is open in the editor
           | system-reminder )
        [\s>]
      | \[Request\ interrupted
    )""",
    re.VERBOSE,
)
UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")


def objects_of(path):
    """Lines that are JSON objects."""
    for line in path.read_bytes().split(b"\n"):
        try:
            said = json.loads(line)
        except ValueError:
            continue
        if isinstance(said, dict):
            yield said


def first_moment(path):
    """The time of a file's first line that has one."""
    times = (datetime.fromisoformat(said["timestamp"]) for said in objects_of(path) if said.get("timestamp"))
    return next((time.timestamp() for time in times), float("inf"))


def uuid_of(said):
    """The line's uuid; lines made by hand, which are called ``u1`` and ``u2`` in many files, have none."""
    uuid = said.get("uuid")
    return uuid if isinstance(uuid, str) and UUID.fullmatch(uuid) else None


def owners_of(paths):
    """By uuid the file that owns the line: of those that have it, the one that began first."""
    owners = {}
    for path in sorted(paths, key=first_moment):
        for said in objects_of(path):
            owners.setdefault(uuid_of(said), path)
    return owners


def is_inherited(said, path, owners):
    return uuid_of(said) is not None and owners[uuid_of(said)] != path


def is_prompt(said):
    """Whether a person typed the line."""
    if said.get("type") == "attachment":
        attached = said.get("attachment") or {}
        return attached.get("type") == "queued_command" and attached.get("commandMode") == "prompt"
    machine = any(said.get(mark) for mark in ("isMeta", "isCompactSummary", "isSidechain"))
    if said.get("type") != "user" or machine:
        return False
    blocks = blocks_of(said)
    if any(block.get("type") == "tool_result" for block in blocks):
        return False
    if said.get("promptSource"):
        return said["promptSource"] in ("typed", "sdk")
    return any(is_typed(block) for block in blocks)


def blocks_of(said):
    message = said.get("message")
    content = message.get("content") if isinstance(message, dict) else message
    if isinstance(content, str):
        content = [content]
    return [{"type": "text", "text": block} if isinstance(block, str) else block for block in content or []]


def is_typed(block):
    if block.get("type") == "image":
        return True
    text = block.get("text") if block.get("type") == "text" else None
    return bool(text) and not WRITTEN_BY_THE_CLIENT.match(text)


def prompts_of(path, owners):
    """How many prompts a file has of its own.

    What was typed while the agent was busy can come twice: when it left the
    queue, and as the line that the queue's record names as its source.
    """
    prompts, queued = 0, set()
    for said in objects_of(path):
        if is_inherited(said, path, owners) or not is_prompt(said) or said.get("uuid") in queued:
            continue
        prompts += 1
        if said["type"] == "attachment":
            queued.add(said["attachment"].get("source_uuid"))
    return prompts
