"""What a dense row says about a line: at most 480 characters of plain text, and a few words that head it."""

from __future__ import annotations

import re
from typing import cast

from msgspec import Raw, Struct

from session_replay.transcript.kinds import MCP_PREFIX
from session_replay.transcript.line import NO_RAW, Block, Part, ToolInput, json_value, read_part

PREVIEW_CHARS = 480
LABEL_CHARS = 160

_KIBIBYTE = 1024
_COMMAND_NAME = re.compile(r"<command-name>([^<]*)")
_COMMAND_ARGS = re.compile(r"<command-args>([^<]*)")
_SHELL_INPUT = re.compile(r"<bash-input>([^<]*)")
_TAGS = re.compile(
    r"</?(?:tool_use_error|system-reminder|persisted-output|task-notification|teammate-message"
    r"|local-command-(?:caveat|stderr|stdout)|bash-(?:input|stderr|stdout)|command-(?:args|message|name)"
    r"|(?:session-start|user-prompt-submit)-hook|ide_(?:diagnostics|opened_file|selection))>"
)
"""The client's own wrappers only: a tag that a tool or a person wrote is part of what they said."""
_RAW_HEAD_BYTES = 4 * PREVIEW_CHARS


class _Todo(Struct, gc=False):
    """A member of ``todos``."""

    content: str | None = None
    status: str | None = None


class _Option(Struct, gc=False):
    """An answer that a question offers."""

    label: str | None = None


class _Question(Struct, gc=False):
    """A member of ``questions``."""

    question: str | None = None
    header: str | None = None
    options: list[_Option] = []


def clipped(text: str, chars: int = PREVIEW_CHARS) -> str:
    """``text``, cut to ``chars`` characters with an ellipsis."""
    return text if len(text) <= chars else text[: chars - 1] + "…"


def headline(text: str) -> str:
    """The first line of ``text``, short enough to head a row."""
    return clipped(text[: 2 * LABEL_CHARS].strip().partition("\n")[0], LABEL_CHARS)


def bare(text: str) -> str:
    """The beginning of ``text`` without the tags that the client puts around machine texts."""
    head = text[: 2 * PREVIEW_CHARS]
    return clipped(_TAGS.sub(" ", head).strip() if "<" in head else head)


def command_words(text: str) -> str:
    """What a person ran: ``/compact keep names``, ``!ls``."""
    head = text[: 4 * PREVIEW_CHARS]
    name, args = _COMMAND_NAME.search(head), _COMMAND_ARGS.search(head)
    if name is not None:
        words = f"{name.group(1).strip()} {args.group(1).strip() if args is not None else ''}".rstrip()
        return clipped(words if words.startswith("/") else f"/{words}")
    shell = _SHELL_INPUT.search(head)
    return clipped(f"!{shell.group(1).strip()}") if shell is not None else bare(text)


def person_command(text: str) -> str | None:
    """The shell command that a person ran (``!ls``), whole; None for any other text."""
    start = text.find("<bash-input>", 0, 4 * PREVIEW_CHARS)
    if start < 0 or "<command-name>" in text[:start]:
        return None
    start += len("<bash-input>")
    end = text.rfind("</bash-input>", start)
    return text[start : end if end >= 0 else len(text)]


def size_words(size_bytes: int) -> str:
    """``850 B``, ``12 KB``, ``3.4 MB``."""
    if size_bytes < _KIBIBYTE:
        return f"{size_bytes} B"
    if size_bytes < _KIBIBYTE**2:
        return f"{size_bytes / _KIBIBYTE:.0f} KB"
    return f"{size_bytes / _KIBIBYTE**2:.1f} MB"


def json_head(raw: Raw) -> str:
    """The beginning of a JSON value as it stands; of a string, its text."""
    if raw == NO_RAW:
        return ""
    text = bytes(memoryview(raw)[:_RAW_HEAD_BYTES]).decode("utf-8", "replace")
    if not text.startswith('"'):
        return "" if text in ("null", "{}", "[]") else clipped(text)
    return clipped(text_of(raw))


def text_of(raw: Raw) -> str:
    """The text in a JSON value: a string, or the texts in a list of strings or blocks; else the JSON itself."""
    if raw == NO_RAW:
        return ""
    try:
        value = json_value(raw)
    except (ValueError, RecursionError):
        return bytes(raw).decode("utf-8", "replace")
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        texts = [_member_text(one) for one in cast("list[object]", value)]
        if texts and None not in texts:
            return "\n".join(text for text in texts if text is not None)
    return "" if value is None else bytes(raw).decode("utf-8", "replace")


def _member_text(member: object) -> str | None:
    if isinstance(member, dict):
        member = cast("dict[str, object]", member).get("text")
    return member if isinstance(member, str) else None


def result_text(block: Block) -> str:
    """The text of a tool result, images left out."""
    content = block.content
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if isinstance(content, Part):
        return content.text or ""
    if len(content) == 1:
        return _part_text(content[0])
    return "\n".join(text for text in map(_part_text, content) if text)


def _part_text(part: Part | str) -> str:
    if isinstance(part, str):
        return part
    return part.text or (f"({part.type.replace('_', ' ')})" if part.type and part.type != "text" else "")


def result_preview(text: str) -> str:
    """The first lines of a tool's output."""
    if not text:
        return "(no output)"
    head = text[: 2 * PREVIEW_CHARS]
    if head.startswith("<"):
        return bare(head)
    return clipped(head.strip("\n")) or "(no output)"


def call_words(name: str, raw_input: Raw) -> tuple[str, str]:
    """Label and preview of a tool call."""
    if raw_input == NO_RAW:
        return "", ""
    words = _CALL_WORDS.get(name)
    if words is not None:
        label, preview = words(read_part(raw_input, ToolInput))
        if preview:
            return headline(label), clipped(preview)
    server = name.split("__")[1] if name.startswith(MCP_PREFIX) and name.count("__") > 1 else ""
    return headline(server), json_head(raw_input)


def _command(given: ToolInput) -> tuple[str, str]:
    return given.description or "", given.command or ""


def _read(given: ToolInput) -> tuple[str, str]:
    path = given.file_path or given.absolute_path or given.notebook_path or given.path or ""
    if given.offset is None and given.limit is None:
        return path, path
    start = int(given.offset or 1)
    return path, f"{path}:{start}" if given.limit is None else f"{path}:{start}-{start + int(given.limit) - 1}"


def _edit(given: ToolInput) -> tuple[str, str]:
    path = given.file_path or given.notebook_path or ""
    first = given.edits[0] if given.edits else given
    return path, f"{path}\n{changed_line(first.old_string or '', first.new_string or first.new_source or '')}".rstrip()


def _write(given: ToolInput) -> tuple[str, str]:
    path = given.file_path or ""
    return path, f"{path}\n{changed_line('', given.content or '')}".rstrip()


def changed_line(old: str, new: str) -> str:
    """The first line of ``new`` that ``old`` has not, else the first that went; with its sign."""
    before, after = old[:4000].split("\n"), new[:4000].split("\n")
    kept = set(before) if old else set[str]()
    added = next((line for line in after if line not in kept and line.strip()), None)
    if added is not None:
        return f"+ {added}"
    kept = set(after)
    gone = next((line for line in before if line not in kept and line.strip()), None)
    return "" if gone is None else f"- {gone}"


def _search(given: ToolInput) -> tuple[str, str]:
    places = [place for place in (given.path, given.glob) if place]
    return given.pattern or "", f"{given.pattern or ''}{' in ' if places else ''}{' '.join(places)}"


def _fetch(given: ToolInput) -> tuple[str, str]:
    return given.url or "", "\n".join(text for text in (given.url, given.prompt) if text)


def _query(given: ToolInput) -> tuple[str, str]:
    return given.query or "", given.query or ""


def _spawn(given: ToolInput) -> tuple[str, str]:
    return given.description or given.subagent_type or "", given.prompt or given.description or ""


def _skill(given: ToolInput) -> tuple[str, str]:
    name = given.skill or given.command or ""
    return name, f"{name} {given.args or ''}".rstrip()


def _task(given: ToolInput) -> tuple[str, str]:
    return given.subject or given.description or "", given.description or given.subject or ""


def _plan(given: ToolInput) -> tuple[str, str]:
    return headline(given.plan or "plan"), given.plan or "(plan)"


def _todos(given: ToolInput) -> tuple[str, str]:
    if given.todos is None:
        return "", ""
    todos = [read_part(raw, _Todo) for raw in given.todos]
    done = sum(todo.status == "completed" for todo in todos)
    label = f"{len(todos)} todo{'' if len(todos) == 1 else 's'}{f', {done} done' if done else ''}"
    for status, words in (("in_progress", "in progress"), ("pending", "next")):
        found = [todo.content for todo in todos if todo.status == status and todo.content]
        if found:
            return label, f"{words}: {'; '.join(found) if status == 'in_progress' else found[0]}"
    return label, label


def _questions(given: ToolInput) -> tuple[str, str]:
    questions = [read_part(raw, _Question) for raw in given.questions or []]
    asked = [_question_words(one) for one in questions if one.question]
    return ", ".join(one.header for one in questions if one.header), "\n".join(asked)


def _question_words(one: _Question) -> str:
    labels = [option.label for option in one.options if option.label]
    return f"{one.question} ({' / '.join(labels)})" if labels else one.question or ""


def _process(given: ToolInput) -> tuple[str, str]:
    name = given.bash_id or given.shell_id or given.task_id or ""
    return name, name


_CALL_WORDS = {
    "Bash": _command,
    "PowerShell": _command,
    "Read": _read,
    "NotebookRead": _read,
    "read_file": _read,
    "LS": _read,
    "Edit": _edit,
    "MultiEdit": _edit,
    "NotebookEdit": _edit,
    "replace": _edit,
    "Write": _write,
    "Grep": _search,
    "Glob": _search,
    "WebFetch": _fetch,
    "WebSearch": _query,
    "ToolSearch": _query,
    "Task": _spawn,
    "Agent": _spawn,
    "Skill": _skill,
    "SlashCommand": _skill,
    "TaskCreate": _task,
    "ExitPlanMode": _plan,
    "TodoWrite": _todos,
    "AskUserQuestion": _questions,
    "BashOutput": _process,
    "TaskOutput": _process,
    "TaskStop": _process,
    "KillBash": _process,
    "KillShell": _process,
}
"""How the calls of known tools are put on a row; other tools show their input as JSON."""
