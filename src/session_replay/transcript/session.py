"""Lines of one stream, in order → entries and the figures of its session.

The law: figures depend on the lines and their order alone, never on how the
stream was cut into reads; what was copied from another session makes entries,
but no figures.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections import deque
from collections.abc import Container
from hashlib import blake2b

import msgspec
from msgspec import Struct

from session_replay.transcript.clock import is_valid, moment
from session_replay.transcript.entry import SYNTHETIC_MODEL, content_blocks, damaged, entries_of, lost_lines, user_mark
from session_replay.transcript.kinds import SPAWN_TOOLS
from session_replay.transcript.line import (
    NO_RAW,
    OVERSIZED,
    Attachment,
    Block,
    Damage,
    Line,
    Message,
    ToolInput,
    Usage,
    read_line,
    read_part,
)
from session_replay.transcript.record import is_queued_prompt, notification_of, queue_text, queued_text
from session_replay.wire import Entry, seq_of

PAUSE_MS = 5 * 60 * 1000
"""A longer gap between two lines is no active time."""
FIRST_PROMPT_CHARS = 500
NAMES_MAX = 1_000
"""More distinct branches, models, tools, … of one session are not told apart."""
WARMUP_PROMPT = "Warmup"
"""The prompt of the subagents that client 2.0 starts on its own."""
SIDECHAIN_ID_CHARS = 8

Counters = tuple[int, int, int, int]
"""Input, output, cache-creation and cache-read tokens."""


class Spawn(Struct):
    """A trace of a subagent in its parent's stream: what is needed to link the two."""

    seq: int
    tool_use_id: str | None
    role: str
    """``call``, ``result``, or ``progress`` for what is told while it runs or after."""
    agent_id: str | None = None
    """The subagent; of a workflow's result the run, whose folder has that name; ``sidechain-…`` for client 1.0."""
    prompt_hash: str | None = None
    """Of a call's prompt, to be compared with a subagent's ``first_user_text_hash``."""
    agent_type: str | None = None
    description: str | None = None
    refused: bool = False
    """The result is an error: no subagent came of the call."""


class Figures(Struct):
    """What the list shows of a session, and what links it to others; sizes in bytes, times in epoch ms."""

    lines: int = 0
    """Lines with at least one byte."""
    lines_with_entries: int = 0
    damaged_lines: int = 0
    """Lines that are no JSON object, or too long to be parsed: shown as they came."""
    entries: int = 0
    size_bytes: int = 0
    """Every byte read, newlines included."""
    messages: int = 0
    prompts: int = 0
    tool_calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cache_creation_tokens: int = 0
    cache_read_tokens: int = 0
    started_ms: int | None = None
    ended_ms: int | None = None
    active_ms: int = 0
    first_line_ms: int | None = None
    inherited_lines: int = 0
    first_prompt: str | None = None
    title: str | None = None
    project: str | None = None
    git_branch: str | None = None
    git_branches: list[str] = []
    models: list[str] = []
    tools: list[str] = []
    client_versions: list[str] = []
    permission_modes: list[str] = []
    entry_types: list[str] = []
    session_ids: list[str] = []
    agent_id: str | None = None
    is_warmup: bool = False
    first_user_text_hash: str | None = None
    messages_by_id: dict[str, Counters] = {}
    tool_use_ids: list[str] = []
    spawns: list[Spawn] = []


def text_hash(text: str) -> str:
    """16 hex digits that tell prompts apart, white space around them left out."""
    return blake2b(text.strip().encode("utf-8", "replace"), digest_size=8).hexdigest()


class ActiveTime:
    """Time between the first and the last of some moments, long gaps left out; moments come in any order."""

    def __init__(self) -> None:
        self.total_ms = 0
        self._times = array("q")

    @property
    def first(self) -> int | None:
        """The earliest moment."""
        return self._times[0] if self._times else None

    @property
    def last(self) -> int | None:
        """The latest moment."""
        return self._times[-1] if self._times else None

    def add(self, time: int) -> None:
        """Count a moment, in epoch milliseconds."""
        times = self._times
        if not times or time >= times[-1]:
            if times:
                self.total_ms += _active(time - times[-1])
            times.append(time)
            return
        place = bisect_right(times, time)
        after = times[place]
        if place:
            before = times[place - 1]
            self.total_ms -= _active(after - before)
            self.total_ms += _active(time - before)
        self.total_ms += _active(after - time)
        times.insert(place, time)


def _active(gap_ms: int) -> int:
    return gap_ms if gap_ms <= PAUSE_MS else 0


class Sidechains:
    """Which subagent a line of client 1.0 belongs to, which kept them in its parent's file without an id.

    A sidechain's root carries the prompt of the call that spawned it.  Calls
    and roots with the same prompt are matched in the order of the file.
    """

    def __init__(self) -> None:
        self._agent_by_uuid: dict[str, str] = {}
        self._waiting_calls: dict[str, deque[str]] = {}
        self._waiting_roots: dict[str, deque[str]] = {}
        self._agent_by_call: dict[str, str] = {}
        self._refused: set[str] = set()

    def call(self, tool_use_id: str, prompt_hash: str) -> str | None:
        """The subagent of a new call, where its lines came first."""
        roots = self._waiting_roots.get(prompt_hash)
        if not roots:
            self._waiting_calls.setdefault(prompt_hash, deque()).append(tool_use_id)
            return None
        agent_id = self._agent_by_call[tool_use_id] = roots.popleft()
        return agent_id

    def result(self, tool_use_id: str, *, refused: bool) -> str | None:
        """The subagent whose call has ended; a refused call waits for none any more."""
        if refused:
            self._refused.add(tool_use_id)
        return self._agent_by_call.get(tool_use_id)

    def line(self, uuid: str, parent_uuid: str | None) -> str | None:
        """The subagent of a sidechain line, by the line that it follows."""
        agent_id = self._agent_by_uuid.get(parent_uuid) if parent_uuid is not None else None
        if agent_id is not None:
            self._agent_by_uuid[uuid] = agent_id
        return agent_id

    def root(self, uuid: str, prompt_hash: str) -> tuple[str, str | None]:
        """A new subagent, and the call that it answers, where that came first."""
        agent_id = self._agent_by_uuid[uuid] = f"sidechain-{uuid[:SIDECHAIN_ID_CHARS]}"
        calls = self._waiting_calls.get(prompt_hash, deque())
        while calls:
            call = calls.popleft()
            if call not in self._refused:
                self._agent_by_call[call] = agent_id
                return agent_id, call
        self._waiting_roots.setdefault(prompt_hash, deque()).append(agent_id)
        return agent_id, None


TITLE_TYPES = frozenset({"custom-title", "ai-title", "agent-name", "summary"})


class Title:
    """The best name that a stream has for its session."""

    def __init__(self) -> None:
        self._custom: str | None = None
        self._ai: str | None = None
        self._agent: str | None = None
        self._summaries: dict[str, str] = {}
        self._summary: str | None = None
        self._uuids: set[str] = set()

    @property
    def text(self) -> str | None:
        """Given by the person, else by the model, else the agent's, else the summary of this very file."""
        return self._custom or self._ai or self._agent or self._summary

    def line(self, line: Line) -> None:
        """Take what the line says."""
        if line.type == "custom-title":
            self._custom = line.custom_title or self._custom
        elif line.type == "ai-title":
            self._ai = line.ai_title or self._ai
        elif line.type == "agent-name":
            self._agent = line.agent_name or self._agent
        elif line.type == "summary" and line.summary and line.leaf_uuid:
            if line.leaf_uuid in self._uuids:
                self._summary = line.summary
            else:
                self._summaries[line.leaf_uuid] = line.summary

    def uuid(self, uuid: str) -> None:
        """A line of this file: most summaries belong to lines of other files."""
        self._uuids.add(uuid)
        if self._summaries:
            self._summary = self._summaries.pop(uuid, None) or self._summary


class TranscriptReader:
    """Reads the lines of one stream in order and keeps its figures.

    Nothing of the lines is kept but what the figures say; the reader starts
    at the stream's beginning, it cannot resume.

    Args:
        inherited: uuids of lines that an earlier stream owns.

    Attributes:
        line: Number of the next line; every newline ends one, empty lines count.
    """

    def __init__(self, inherited: Container[str] = frozenset()) -> None:
        self.line = 0
        self._inherited = inherited
        self._figures = Figures()
        self._at: str | None = None
        self._active = ActiveTime()
        self._title = Title()
        self._sidechains = Sidechains()
        self._calls: dict[str, str] = {}
        self._own_calls: dict[str, None] = {}
        self._idless_messages: set[str] = set()
        self._queued: set[str] = set()
        self._told: set[tuple[str | None, str | None]] = set()
        self._first_sidechain_prompt: str | None = None
        self._branches: dict[str, None] = {}
        self._models: dict[str, None] = {}
        self._tools: dict[str, None] = {}
        self._versions: dict[str, None] = {}
        self._modes: dict[str, None] = {}
        self._types: set[str] = set()
        self._session_ids: dict[str, None] = {}

    def read(self, raw: bytes) -> list[Entry]:
        """The entries of the next run of whole lines; the last line may lack its newline.

        Never raises.  Figures and entries are the same however the stream is
        cut, as long as it is cut between lines.
        """
        lines = raw.split(b"\n")
        if not lines[-1]:
            lines.pop()
        read: list[Entry] = []
        with_bytes = with_entries = 0
        for raw_line in lines:
            if raw_line:
                entries = self._entries(raw_line)
                with_bytes += 1
                with_entries += bool(entries)
                read += entries
            self.line += 1
        figures = self._figures
        figures.size_bytes += len(raw)
        figures.lines += with_bytes
        figures.lines_with_entries += with_entries
        figures.entries += len(read)
        return read

    def read_oversized(self, beginning: bytes, size: int, *, has_newline: bool) -> list[Entry]:
        """The entries of one line of more than ``LINE_BYTES_MAX``, without all of it in memory.

        Args:
            beginning: Its first ``DAMAGE_PREVIEW_BYTES``, or more.
            size: Bytes of the line, its newline left out.
            has_newline: Whether it ends in one.
        """
        entry = damaged(OVERSIZED, beginning, size, self.line, self._at)
        self._types.add(entry.type)
        figures = self._figures
        figures.size_bytes += size + has_newline
        figures.lines += 1
        figures.lines_with_entries += 1
        figures.damaged_lines += 1
        figures.entries += 1
        self.line += 1
        return [entry]

    def read_lost(self, start: int, end: int, behind: int | None) -> Entry:
        """The entry that stands for raw bytes ``[start, end)``, which do not open.

        Args:
            start: Where the next line begins.
            end: Where they end.
            behind: Number of the line that begins there; None where it is not known: they are taken for one line.
        """
        lines = (self.line, max(self.line + 1, behind or 0))
        entry = lost_lines(lines, [(start, end)], end - start)
        self._types.add(entry.type)
        figures = self._figures
        figures.size_bytes += end - start
        figures.lines += lines[1] - lines[0]  # and none with entries: the coverage says that something is missing
        figures.entries += 1
        self.line = lines[1]
        return entry

    @property
    def figures(self) -> Figures:
        """The figures of all lines read so far; later reads leave it as it is."""
        now = msgspec.structs.replace(
            self._figures,
            started_ms=self._active.first,
            ended_ms=self._active.last,
            active_ms=self._active.total_ms,
            title=self._title.text,
            git_branches=list(self._branches),
            models=list(self._models),
            tools=list(self._tools),
            client_versions=list(self._versions),
            permission_modes=list(self._modes),
            entry_types=sorted(self._types),
            session_ids=list(self._session_ids),
            messages_by_id=dict(self._figures.messages_by_id),
            tool_use_ids=list(self._own_calls),
            spawns=list(self._figures.spawns),
        )
        if now.first_prompt is None:
            now.first_prompt = self._first_sidechain_prompt
        now.is_warmup = now.agent_id is not None and now.first_prompt == WARMUP_PROMPT
        now.messages = now.prompts + len(now.messages_by_id) + len(self._idless_messages)
        return now

    # One line

    def _entries(self, raw_line: bytes) -> list[Entry]:
        line = read_line(raw_line)
        if isinstance(line, Damage):
            entries = entries_of(line, raw_line, self.line, self._at)
            self._types.add("system")
            self._figures.damaged_lines += 1
            return entries
        at, time = moment(line.timestamp)
        if time is not None and is_valid(time):
            self._at = at
        else:
            time = None
        entries = entries_of(line, raw_line, self.line, at or self._at, self._calls)
        for entry in entries:
            self._types.add(entry.type)
        self._facts(line, time)
        inherited = line.uuid is not None and line.uuid in self._inherited
        if inherited:
            self._figures.inherited_lines += 1
            for entry in entries:
                entry.inherited = True
        elif time is not None:
            self._active.add(time)
        if line.type == "assistant":
            self._assistant(line, entries, own=not inherited)
        elif line.type == "user":
            self._user(line, entries, own=not inherited)
        elif not inherited:
            self._record(line, entries[0])
        return entries

    def _facts(self, line: Line, time: int | None) -> None:
        """What any line says about its session, inherited or not."""
        figures = self._figures
        if time is not None and figures.first_line_ms is None:
            figures.first_line_ms = time
        if line.cwd and figures.project is None:
            figures.project = line.cwd
        if line.git_branch and line.git_branch != figures.git_branch:
            _note(self._branches, line.git_branch)
            figures.git_branch = line.git_branch
        if line.version and next(reversed(self._versions), None) != line.version:
            self._versions.pop(line.version, None)
            _note(self._versions, line.version)
        if line.session_id and line.session_id not in self._session_ids:
            _note(self._session_ids, line.session_id)
        if line.agent_id and figures.agent_id is None and line.is_sidechain:
            figures.agent_id = line.agent_id
        if line.uuid is not None:
            self._title.uuid(line.uuid)
        if line.type in TITLE_TYPES:
            self._title.line(line)

    # The model

    def _assistant(self, line: Line, entries: list[Entry], *, own: bool) -> None:
        message = line.message if isinstance(line.message, Message) else None
        if own:
            self._message(line, message)
        if line.is_sidechain:
            self._sidechain(line, entries, None, own=own)
        content = message.content if message is not None else None
        for index, block in enumerate(content if isinstance(content, list) else ()):
            if isinstance(block, Block) and block.type in ("tool_use", "server_tool_use", "mcp_tool_use"):
                self._call(line, index, block, entries, own=own)

    def _message(self, line: Line, message: Message | None) -> None:
        """Count an API message once, with the largest of each counter that its lines report."""
        if line.is_api_error_message or (message is not None and message.model == SYNTHETIC_MODEL):
            return
        if message is not None and message.model:
            _note(self._models, message.model)
        if message is None or not message.id:
            uuid = line.uuid or f"line {self.line}"
            if uuid not in self._idless_messages:
                self._idless_messages.add(uuid)
                self._count_tokens((0, 0, 0, 0), _counters(message.usage if message is not None else None))
            return
        by_id = self._figures.messages_by_id
        known, new = by_id.get(message.id), _counters(message.usage)
        if known is None:
            by_id[message.id] = new
            self._count_tokens((0, 0, 0, 0), new)
        elif known != new:
            largest = (max(known[0], new[0]), max(known[1], new[1]), max(known[2], new[2]), max(known[3], new[3]))
            by_id[message.id] = largest
            self._count_tokens(known, largest)

    def _count_tokens(self, before: Counters, after: Counters) -> None:
        figures = self._figures
        figures.input_tokens += after[0] - before[0]
        figures.output_tokens += after[1] - before[1]
        figures.cache_creation_tokens += after[2] - before[2]
        figures.cache_read_tokens += after[3] - before[3]

    def _call(self, line: Line, index: int, block: Block, entries: list[Entry], *, own: bool) -> None:
        name = block.name or ""
        if block.id:
            self._calls[block.id] = name
        if not own:
            return
        if name:
            _note(self._tools, name)
        if block.id is None or block.id not in self._own_calls:
            self._figures.tool_calls += 1
        if block.id is not None:
            self._own_calls[block.id] = None
        if name in SPAWN_TOOLS:
            self._spawn(line, index, block, entries)

    def _spawn(self, line: Line, index: int, block: Block, entries: list[Entry]) -> None:
        given = read_part(block.input, ToolInput) if block.input != NO_RAW else ToolInput()
        prompt_hash = text_hash(given.prompt) if given.prompt else None
        seq = seq_of(self.line, index)
        spawn = Spawn(seq, block.id, "call", None, prompt_hash, given.subagent_type, given.description)
        self._figures.spawns.append(spawn)
        if block.id is None or prompt_hash is None or line.agent_id is not None:
            return
        agent_id = self._sidechains.call(block.id, prompt_hash)
        if agent_id is None:
            return
        for entry in entries:
            if entry.tool_use_id == block.id:
                entry.agent_id = agent_id

    # A person, tool results

    def _user(self, line: Line, entries: list[Entry], *, own: bool) -> None:
        if line.permission_mode and own:
            _note(self._modes, line.permission_mode)
        text = _person_text(line, entries)
        if text is not None:
            self._prompt(line, text, own=own)
        if own:
            for entry in entries:
                if entry.role == "result":
                    self._result(entry)
                elif entry.label == "notification":
                    self._notification(_line_text(line), entry)
        if line.is_sidechain:
            self._sidechain(line, entries, text, own=own)

    def _prompt(self, line: Line, text: str, *, own: bool) -> None:
        figures = self._figures
        if figures.first_user_text_hash is None:
            figures.first_user_text_hash = text_hash(text)
        if line.is_sidechain:
            if self._first_sidechain_prompt is None:
                self._first_sidechain_prompt = text.strip()[:FIRST_PROMPT_CHARS]
            return
        if figures.first_prompt is None:
            figures.first_prompt = text.strip()[:FIRST_PROMPT_CHARS] or None
        if own and line.uuid not in self._queued:
            figures.prompts += 1

    def _result(self, entry: Entry) -> None:
        name = self._calls.get(entry.tool_use_id or "")
        if name not in SPAWN_TOOLS and entry.agent_id is None:
            return
        if entry.agent_id is None and entry.tool_use_id is not None:
            entry.agent_id = self._sidechains.result(entry.tool_use_id, refused=entry.is_error)
        if entry.is_error:
            entry.agent_id = None
        spawn = Spawn(entry.seq, entry.tool_use_id, "result", entry.agent_id, refused=entry.is_error)
        self._figures.spawns.append(spawn)

    def _sidechain(self, line: Line, entries: list[Entry], prompt: str | None, *, own: bool) -> None:
        if line.agent_id is not None or line.uuid is None:
            return  # A file of its own: client 2.0 and later.
        if line.parent_uuid is None and prompt is not None:
            agent_id, call = self._sidechains.root(line.uuid, text_hash(prompt))
            if call is not None and own:
                self._figures.spawns.append(Spawn(entries[0].seq, call, "progress", agent_id))
        else:
            agent_id = self._sidechains.line(line.uuid, line.parent_uuid)
        for entry in entries:
            entry.agent_id = entry.agent_id or agent_id

    # Everything else

    def _record(self, line: Line, entry: Entry) -> None:
        if line.type == "progress":
            self._progress(line, entry)
        elif line.type == "attachment":
            self._attachment(line, entry)
        elif line.type == "queue-operation":
            self._notification(queue_text(line), entry)
        elif line.type == "permission-mode" and line.permission_mode:
            _note(self._modes, line.permission_mode)

    def _progress(self, line: Line, entry: Entry) -> None:
        if entry.agent_id is None:
            return
        self._tell(entry, entry.agent_id, line.parent_tool_use_id)

    def _attachment(self, line: Line, entry: Entry) -> None:
        if entry.raw_type != "attachment/queued_command":
            return
        data = read_part(line.attachment, Attachment)
        text = queued_text(data)
        if not is_queued_prompt(data):
            self._notification(text, entry)
            return
        if data.source_uuid is not None:
            self._queued.add(data.source_uuid)
        self._prompt(line, text, own=True)

    def _notification(self, text: str, entry: Entry) -> None:
        """News of a background task: of a subagent, or of a command, which is none of ours."""
        news = notification_of(text)
        if news is None or news.task_id is None:
            return
        name = self._calls.get(news.tool_use_id or "")
        if name in SPAWN_TOOLS or (name is None and (news.summary or "").startswith("Agent ")):
            entry.agent_id = news.task_id
            self._tell(entry, news.task_id, news.tool_use_id)

    def _tell(self, entry: Entry, agent_id: str, tool_use_id: str | None) -> None:
        """Note once which call an agent belongs to."""
        if (agent_id, tool_use_id) not in self._told:
            self._told.add((agent_id, tool_use_id))
            self._figures.spawns.append(Spawn(entry.seq, tool_use_id, "progress", agent_id))


def _note(names: dict[str, None], name: str) -> None:
    if len(names) < NAMES_MAX:
        names[name] = None


def _counters(usage: Usage | None) -> Counters:
    if usage is None:
        return (0, 0, 0, 0)
    return (
        usage.input_tokens or 0,
        usage.output_tokens or 0,
        usage.cache_creation_input_tokens or 0,
        usage.cache_read_input_tokens or 0,
    )


def _person_text(line: Line, entries: list[Entry]) -> str | None:
    """What a person typed in this line; None if nobody did."""
    if not any(entry.type == "user" for entry in entries):
        return None
    content = content_blocks(line)
    if isinstance(content, str):
        return content
    texts = (block if isinstance(block, str) else block.text for block in content)
    return next((text for text in texts if text and user_mark(line, text) == "user"), "")


def _line_text(line: Line) -> str:
    content = content_blocks(line)
    if isinstance(content, str):
        return content
    return next((block if isinstance(block, str) else block.text or "" for block in content), "")
