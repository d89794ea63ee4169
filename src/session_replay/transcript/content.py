"""The inspector's Content: all of an entry as parts to render.

The law: a part is data, never markup of ours.  An image is handed on only if
its first bytes say that it is one, whatever the line calls it.
"""

from __future__ import annotations

import base64
import binascii
from pathlib import PurePosixPath

import msgspec
from msgspec import Raw, Struct, field

from session_replay.transcript.edit import call_input
from session_replay.transcript.kinds import SPAWN_TOOLS
from session_replay.transcript.line import (
    NO_RAW,
    Attachment,
    Block,
    Damage,
    Line,
    Message,
    Part,
    Progress,
    ToolInput,
    read_part,
)
from session_replay.transcript.preview import result_text, size_words
from session_replay.transcript.record import queue_text, queued_text
from session_replay.wire import BLOCKS_PER_LINE, ContentPart, Entry

PART_BYTES_MAX = 2 * 2**20
"""A longer part is cut here; the raw line has all of it."""
IMAGE_BYTES_MAX = 16 * 2**20
"""As base64."""
KEPT_BYTES_MAX = 2_000_000
"""Of a file that was kept beside the transcript no more is shown."""

_IMAGE_HEAD_CHARS = 32
_ENCRYPTED = "The thinking is encrypted: only its signature is here."
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)
_SUFFIXES = {
    "python": "py pyi",
    "javascript": "js mjs cjs",
    "jsx": "jsx",
    "typescript": "ts",
    "tsx": "tsx",
    "rust": "rs",
    "go": "go",
    "java": "java",
    "kotlin": "kt",
    "ruby": "rb",
    "c": "c h",
    "cpp": "cc cpp hpp",
    "csharp": "cs",
    "php": "php",
    "swift": "swift",
    "bash": "sh bash zsh",
    "powershell": "ps1",
    "sql": "sql",
    "html": "html",
    "css": "css",
    "scss": "scss",
    "json": "json jsonl ipynb",
    "yaml": "yaml yml",
    "toml": "toml",
    "xml": "xml",
    "markdown": "md",
    "ini": "ini cfg",
    "lua": "lua",
    "r": "r",
    "scala": "scala",
    "elixir": "ex",
    "docker": "dockerfile",
    "makefile": "makefile",
    "vue": "vue",
    "svelte": "svelte",
    "hcl": "tf",
}
"""Names of languages as highlighters know them, and what their files end in."""
_LANGUAGES = {suffix: language for language, suffixes in _SUFFIXES.items() for suffix in suffixes.split()}


class _Source(Struct, gc=False):
    """Where an image block has its bytes."""

    type: str | None = None
    media_type: str | None = None
    data: str | None = None
    url: str | None = None


class _File(Struct, gc=False, rename="camel"):
    file_path: str | None = None
    content: str | None = None
    base64: str | None = None
    type: str | None = None
    start_line: float | None = None
    num_lines: float | None = None
    total_lines: float | None = None


class _ResultFacts(Struct, gc=False, rename="camel"):
    """``toolUseResult`` of a tool that shows something."""

    stdout: str | None = None
    stderr: str | None = None
    file: _File | None = None
    file_path: str | None = None
    url: str | None = None
    result: Raw = NO_RAW


class _RawBlocks(Struct, gc=False):
    content: Raw = NO_RAW


class _Raws(Struct, gc=False, rename="camel"):
    """The parts of a line that are shown as they stand."""

    tool_use_result: Raw = NO_RAW
    message: Raw = NO_RAW
    hook_infos: Raw = NO_RAW
    compact_metadata: Raw = field(name="compactMetadata", default=NO_RAW)


def content_of(line: Line | Damage, entry: Entry, raw_line: bytes) -> list[ContentPart]:
    """The parts of one entry, in the order of the line; at least one."""
    if isinstance(line, Damage):
        return _damage_parts(line, raw_line)
    parts = _parts_of(line, entry, raw_line)
    return parts or [_notice("There is nothing in this entry.")]


def _parts_of(line: Line, entry: Entry, raw_line: bytes) -> list[ContentPart]:
    if line.type in ("user", "assistant"):
        return _message_parts(line, entry, raw_line)
    if line.type == "attachment":
        return _attachment_parts(line)
    if line.type == "progress":
        return _progress_parts(line)
    return _record_parts(line, raw_line)


# Parts


def _cut(text: str) -> tuple[str, int]:
    """``text`` up to ``PART_BYTES_MAX`` bytes of UTF-8, and how many bytes were left out."""
    if len(text) * 4 <= PART_BYTES_MAX:
        return text, 0
    encoded = text.encode()
    if len(encoded) <= PART_BYTES_MAX:
        return text, 0
    kept = encoded[:PART_BYTES_MAX].decode("utf-8", "ignore")
    return kept, len(encoded) - len(kept.encode())


def _markdown(text: str, label: str | None = None) -> ContentPart:
    kept, left_out = _cut(text)
    return ContentPart("markdown", label=label, text=kept, truncated_bytes=left_out)


def _plain(text: str, label: str | None = None) -> ContentPart:
    kept, left_out = _cut(text)
    return ContentPart("text", label=label, text=kept, truncated_bytes=left_out)


def _terminal(text: str, label: str) -> ContentPart:
    kept, left_out = _cut(text)
    return ContentPart("terminal", label=label, text=kept, truncated_bytes=left_out)


def _code(text: str, language: str | None, label: str | None = None, path: str | None = None) -> ContentPart:
    kept, left_out = _cut(text)
    return ContentPart("code", label=label, text=kept, language=language, path=path, truncated_bytes=left_out)


def _json(raw: Raw, label: str) -> ContentPart:
    """A JSON value; one that is too long or no strict JSON comes as text."""
    whole = bytes(raw)
    if len(whole) > PART_BYTES_MAX:
        return _code(whole.decode("utf-8", "replace"), "json", label)
    try:
        msgspec.json.decode(whole)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _code(whole.decode("utf-8", "replace"), "json", label)
    return ContentPart("json", label=label, value=Raw(whole))


def _notice(text: str) -> ContentPart:
    return ContentPart("notice", text=text)


def kept_output(raw: bytes, name: str) -> ContentPart:
    """What a client kept in a file of its own beside the transcript: a text, an image, or neither.

    Args:
        raw: The whole file.
        name: Its name in the session's folder of such files.
    """
    if _magic_type(raw) is not None and len(raw) <= IMAGE_BYTES_MAX * 3 // 4:
        part = _image_of(base64.b64encode(raw).decode())
    elif b"\0" in raw[:KEPT_BYTES_MAX]:
        return _notice(f"The full output was kept in {name}: {size_words(len(raw))} that are no text.")
    else:
        part = ContentPart("terminal", text=raw[:KEPT_BYTES_MAX].decode("utf-8", "replace"))
        part.truncated_bytes = max(0, len(raw) - KEPT_BYTES_MAX)
    part.label, part.path = "full output", name
    return part


def _image(raw_source: Raw) -> ContentPart:
    source = read_part(raw_source, _Source) if raw_source != NO_RAW else _Source()
    if source.data is None:
        return _notice(f"An image that lies elsewhere: {source.url}" if source.url else "An image without its bytes.")
    return _image_of(source.data)


def _image_of(data: str) -> ContentPart:
    if len(data) > IMAGE_BYTES_MAX:
        return _notice(f"An image of {size_words(len(data) * 3 // 4)}: too large to show here.")
    media_type = _media_type(data)
    if media_type is None:
        return _notice(f"Called an image ({size_words(len(data))}), but no PNG, JPEG, GIF or WebP.")
    return ContentPart("image", media_type=media_type, data=data)


def _media_type(data: str) -> str | None:
    try:
        head = base64.b64decode(data[:_IMAGE_HEAD_CHARS], validate=True)
        base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        return None
    return _magic_type(head)


def _magic_type(head: bytes) -> str | None:
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    return next((media_type for magic, media_type in _MAGIC if head.startswith(magic)), None)


def language_of(path: str) -> str | None:
    """The language of a file by its name, in the names that highlighters know."""
    name = PurePosixPath(path.replace("\\", "/")).name.lower()
    return _LANGUAGES.get(name.rpartition(".")[2])


# Messages


def _message_parts(line: Line, entry: Entry, raw_line: bytes) -> list[ContentPart]:
    content = line.message.content if isinstance(line.message, Message) else line.message
    if not isinstance(content, list):
        text = content if content is not None else queue_text(line)
        return [_markdown(text)] if text else []
    index = entry.seq % BLOCKS_PER_LINE
    block = content[index] if index < len(content) else None
    if block is None:
        return []
    if isinstance(block, str):
        return [_markdown(block)]
    if entry.type == "tool":
        return _call_parts(block, index, raw_line) if entry.role == "call" else _result_parts(line, block, raw_line)
    if entry.type == "thinking":
        text = block.thinking or block.text
        return [_markdown(text, "thinking") if text else _notice(_ENCRYPTED)]
    parts = [_markdown(block.text)] if block.text else []
    if block.type == "image":
        parts.append(_image(block.source))
    elif block.type != "text" and not parts:
        parts.append(_block_json(raw_line, index))
    if entry.type == "user" and line.type == "user" and _owns_images(content, index):
        parts += [
            _image(other.source)
            for place, other in enumerate(content)
            if isinstance(other, Block) and other.type == "image" and place != index
        ]
    return parts


def _owns_images(content: list[Block | str], index: int) -> bool:
    """Whether block ``index`` is the first text of the prompt: the images of the line are shown there."""
    first = next((i for i, one in enumerate(content) if isinstance(one, Block) and one.type in ("text", "image")), 0)
    texts = [i for i, one in enumerate(content) if isinstance(one, Block) and one.type == "text" and one.text]
    prompts = [i for i in texts if not (_text_at(content, i)).lstrip().startswith("<")]
    return index == (prompts[0] if prompts else texts[0] if texts else first)


def _text_at(content: list[Block | str], index: int) -> str:
    block = content[index]
    return block if isinstance(block, str) else block.text or ""


def _block_json(raw_line: bytes, index: int) -> ContentPart:
    raw = read_part(read_part(raw_line, _Raws).message, _RawBlocks).content
    try:
        blocks = msgspec.json.decode(raw, type=list[Raw])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        blocks = []
    return _json(blocks[index], "block") if index < len(blocks) else _notice("A content block of an unknown kind.")


# Tool calls


def _call_parts(block: Block, index: int, raw_line: bytes) -> list[ContentPart]:
    name = block.name or ""
    raw = block.input if block.input != NO_RAW else call_input(raw_line, index)
    if raw == NO_RAW:
        return []
    given = read_part(raw, ToolInput)
    parts = _known_call_parts(name, given)
    return parts or [_json(raw, "input")]


def _known_call_parts(name: str, given: ToolInput) -> list[ContentPart]:
    if name in ("Bash", "PowerShell") and given.command is not None:
        description = [_plain(given.description, "description")] if given.description else []
        return [_code(given.command, "bash" if name == "Bash" else "powershell", "command"), *description]
    if name == "Write" and given.content is not None:
        path = given.file_path or ""
        return [_code(given.content, language_of(path), "content", path)]
    if name in ("Edit", "MultiEdit", "NotebookEdit") and (given.file_path or given.notebook_path):
        path = given.file_path or given.notebook_path or ""
        return [ContentPart("text", label="file", text=path, path=path)]
    if name in SPAWN_TOOLS and given.prompt is not None:
        described = [_plain(given.description, "description")] if given.description else []
        return [*described, _markdown(given.prompt, "prompt")]
    if name == "ExitPlanMode" and given.plan is not None:
        return [_markdown(given.plan, "plan")]
    return []


# Tool results


def _result_parts(line: Line, block: Block, raw_line: bytes) -> list[ContentPart]:
    raw = read_part(raw_line, _Raws).tool_use_result
    text = result_text(block)
    if block.is_error is True:
        return [_terminal(text, "error"), *_block_images(block)]
    spilled = text[:20].startswith("<persisted-output>")
    facts = read_part(raw, _ResultFacts) if raw != NO_RAW and bytes(memoryview(raw)[:1]) == b"{" else _ResultFacts()
    parts = [_notice("The output was too long for the transcript; this is its beginning.")] if spilled else []
    if facts.stdout is not None or facts.stderr is not None:
        return [*parts, *_terminal_parts(facts), *_block_images(block)]
    if facts.file is not None:
        return [*parts, *_file_parts(facts.file, block, text)]
    if facts.url is not None and facts.result != NO_RAW:
        return [*parts, _markdown(text, "result")]
    return [*parts, *_block_parts(line, block, text)]


def _terminal_parts(facts: _ResultFacts) -> list[ContentPart]:
    named = (("stdout", facts.stdout), ("stderr", facts.stderr))
    parts = [_terminal(text, label) for label, text in named if text]
    return parts or [_notice("No output.")]


def _file_parts(file: _File, block: Block, text: str) -> list[ContentPart]:
    path = file.file_path or ""
    if file.base64 is not None:
        return [_image_of(file.base64)] if not path.lower().endswith(".pdf") else [_notice("A PDF file.")]
    if file.content is None:
        return [_plain(text, "result"), *_block_images(block)]
    part = _code(file.content, language_of(path), "file", path)
    if file.start_line is not None and file.start_line > 1:
        part.label = f"from line {int(file.start_line)}" if file.start_line < PART_BYTES_MAX**2 else "file"
    return [part]


def _block_images(block: Block) -> list[ContentPart]:
    content = block.content if isinstance(block.content, list) else []
    return [_image(part.source) for part in content if isinstance(part, Part) and part.type == "image"]


def _block_parts(line: Line, block: Block, text: str) -> list[ContentPart]:
    content = block.content
    if not isinstance(content, list):
        return [_text_part(line, text)] if text else [_notice("No output.")]
    parts: list[ContentPart] = []
    for part in content:
        if isinstance(part, str):
            parts.append(_plain(part, "result"))
        elif part.type == "image":
            parts.append(_image(part.source))
        elif part.text is not None:
            parts.append(_text_part(line, part.text))
        else:
            parts.append(_notice(f"A block of kind {part.type or 'unknown'}."))
    return parts


def _text_part(line: Line, text: str) -> ContentPart:
    """The text of a result: JSON where it is JSON, else as it stands."""
    if text[:1] in ("{", "[") and len(text) <= PART_BYTES_MAX:
        encoded = text.encode()
        try:
            msgspec.json.decode(encoded)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            pass
        else:
            return ContentPart("json", label="result", value=Raw(encoded))
    facts = line.tool_use_result
    if not isinstance(facts, str | list) and facts is not None and facts.agent_id is not None:
        return _markdown(text, "result")
    return _plain(text, "result")


# Records


def _attachment_parts(line: Line) -> list[ContentPart]:
    if line.attachment == NO_RAW:
        return []
    data = read_part(line.attachment, Attachment)
    if data.type == "queued_command":
        images = [_image(one.source) for one in data.prompt or [] if isinstance(one, Block) and one.type == "image"]
        return [_markdown(queued_text(data), "prompt"), *images]
    parts: list[ContentPart] = []
    if (data.type or "").startswith("hook_"):
        if data.command:
            parts.append(_code(data.command, "bash", "hook"))
        parts += [_terminal(text, label) for label, text in (("stdout", data.stdout), ("stderr", data.stderr)) if text]
    if data.snippet is not None:
        path = data.filename or ""
        return [_code(data.snippet, language_of(path), "file", path)]
    return [*parts, _json(line.attachment, "attachment")]


def _progress_parts(line: Line) -> list[ContentPart]:
    if line.data == NO_RAW:
        return []
    data = read_part(line.data, Progress)
    if data.type == "bash_progress" and data.output:
        return [_terminal(data.output, "output so far")]
    if data.type == "hook_progress" and data.command:
        return [_code(data.command, "bash", "hook")]
    return [_json(line.data, "progress")]


def _record_parts(line: Line, raw_line: bytes) -> list[ContentPart]:
    text = line.summary if line.type == "summary" else None
    if text is None and line.type in ("system", "queue-operation"):
        text = queue_text(line)
    parts = [_markdown(text)] if text else []
    if line.type in ("summary", "queue-operation") and parts:
        return parts
    return [*parts, _json(Raw(raw_line), "record")]


def _damage_parts(damage: Damage, raw_line: bytes) -> list[ContentPart]:
    text = raw_line[:PART_BYTES_MAX].decode("utf-8", "replace")
    return [
        _notice(f"This line could not be read: {damage.reason}. It is kept as it came."),
        ContentPart("text", label="line", text=text, truncated_bytes=max(0, len(raw_line) - PART_BYTES_MAX)),
    ]
