"""Messages between collector, server and browser: shapes only, no behaviour.

The law: a field has one name everywhere (SQL column, Python, JSON, TypeScript),
times are RFC 3339 UTC with milliseconds (``2026-11-22T19:16:44.065Z``), durations end in ``_ms``,
sizes in ``_bytes``, and ranges are half-open ``[start, end)``.
"""

from __future__ import annotations

import hashlib
from typing import Any, Literal

import msgspec

EntryType = Literal["user", "assistant", "tool", "thinking", "progress", "system", "summary", "snapshot"]
ENTRY_TYPES: tuple[EntryType, ...] = (
    "user",
    "assistant",
    "tool",
    "thinking",
    "progress",
    "system",
    "summary",
    "snapshot",
)

Act = Literal["command", "file-write", "network", "mcp", "subagent", "permission", "hook-block", ""]
"""What an entry did that matters to security: a tool call's act, a change of permissions, a block by a hook."""

BLOCKS_PER_LINE = 1024
"""``seq`` = line number x 1,024 + content-block index; block 1,023 and later share the last number."""

ENTRIES_FIRST_EVENT_MAX = 64
"""The first event of a trace is small, so that something is on the screen at once; a window around one entry, too."""

PAGE_DEFAULT = 50
PAGE_MAX = 500


class Tokens(msgspec.Struct, frozen=True, gc=False):
    """Token counts as the API recorded them; ``total`` is the sum of the four parts."""

    input: int = 0
    output: int = 0
    cache_creation: int = 0
    cache_read: int = 0
    total: int = 0


class FindingMark(msgspec.Struct, gc=False):
    """A detection rule that matched an entry, as shown on its row."""

    rule: str
    severity: Literal["critical", "high", "medium", "low", "informational"]


class Permission(msgspec.Struct, gc=False):
    """Who allowed or refused a tool call."""

    decision: Literal["allowed", "denied", "interrupted"]
    by: Literal["user", "rule", "hook", "mode", "client", "unknown"]
    words: str
    """The same in one sentence."""


class Facts(msgspec.Struct, omit_defaults=True, gc=False):
    """What an entry names in full, where its preview may be cut; each list without doubles, bounded."""

    programs: list[str] = []
    """Programs of a shell command, those in pipes, substitutions and nested scripts included."""
    hosts: list[str] = []
    """Hosts that a call names, with the port where it says one; not proof that they were reached."""
    paths: list[str] = []
    """Files that a call writes, or that a command sends its output into, as they are written there."""
    truncated: bool = False
    """It names more than is listed here."""
    lines: int | None = None
    """Lines of a file that is written whole."""
    permission_mode: str | None = None
    """The mode from here on."""
    permission: Permission | None = None


class Entry(msgspec.Struct, gc=False):
    """One row of a trace: facts of one transcript line only.

    ``findings`` and ``subagent_session_id`` come from other places and are filled in when a trace is served.
    A tool call and its result are two entries with the same ``tool_use_id``; the screen joins them.
    """

    seq: int
    type: EntryType
    raw_type: str
    """The line's own words: ``assistant``, ``system/turn_duration``, ``attachment/hook_success``, ``damaged``, …"""
    at: str | None
    """RFC 3339 UTC; the time of the line before where the line has none, null before the first time."""
    uuid: str | None = None
    tool: str | None = None
    tool_use_id: str | None = None
    preview: str = ""
    """Plain text of at most 480 characters, white space kept, never markup."""
    size_bytes: int = 0
    """Bytes of the raw line, or of the raw block where a line has several entries."""
    is_error: bool = False
    is_denied: bool = False
    findings: list[FindingMark] = []
    tokens: Tokens | None = None
    """Usage that this line repeats for its whole message: never sum it over entries, see ``message_id``."""
    has_diff: bool = False
    subagent_session_id: str | None = None
    # Beyond the stable names:
    label: str = ""
    """A few words that head the row: the tool's target (file, command's description, url), a hook's name, a subtype."""
    role: Literal["call", "result", ""] = ""
    """For tool entries: the call, or its result."""
    message_id: str | None = None
    model: str | None = None
    agent_id: str | None = None
    """The subagent that this entry spawned, reports on, or was copied from."""
    audit: bool = False
    """Shown in the Audit view even without a finding."""
    act: Act = ""
    """What it did; only calls name the acts of tools, results add to them."""
    facts: Facts | None = None
    folded: bool = False
    """A machine record: folded into one row per run of them in the Dev view."""
    sidechain: bool = False
    """A subagent's line inside its parent's file (client 1.0)."""
    inherited: bool = False
    """Copied from another session by a fork or resume."""
    duration_ms: int | None = None
    """What the line itself says about how long it took."""


class ContentPart(msgspec.Struct):
    """One part of an entry's content, in the order of the line."""

    kind: Literal["markdown", "text", "terminal", "code", "json", "image", "notice"]
    label: str | None = None
    """What it is: ``input``, ``stdout``, ``stderr``, ``prompt``, ``result``, ``plan``, …"""
    text: str | None = None
    value: msgspec.Raw | None = None
    """For ``json``: the value as it stands in the line."""
    language: str | None = None
    media_type: str | None = None
    data: str | None = None
    """For ``image``: base64 of a PNG, JPEG, GIF or WebP whose bytes say so themselves."""
    path: str | None = None
    truncated_bytes: int = 0
    """Bytes left out here because the part is very long; the raw line has them."""


class DiffHunk(msgspec.Struct):
    """A run of changed lines as in unified diff; each line begins with ``+``, ``-``, a space or a backslash."""

    old_start: int
    old_lines: int
    new_start: int
    new_lines: int
    lines: list[str]


class FileDiff(msgspec.Struct):
    """What one tool call did to one file."""

    path: str
    change: Literal["created", "modified", "deleted", "unknown"]
    hunks: list[DiffHunk] = []
    additions: int = 0
    deletions: int = 0
    source: Literal["recorded", "computed", "proposed"] = "recorded"
    """``recorded``: the client's own patch; ``computed``: from old and new text; ``proposed``: the call's wish."""
    user_modified: bool = False
    truncated: bool = False
    note: str | None = None


class EntryWhole(Entry):
    """One entry with everything: rendered content, diff, meta and the raw line."""

    content: list[ContentPart] = []
    diff: list[FileDiff] = []
    meta: dict[str, Any] = {}
    raw: str = ""
    """The raw line, of an oversized one its beginning.

    Bytes that are no UTF-8 are replaced by U+FFFD, and ``meta.raw_exact`` is then false.
    """


class EntryPage(msgspec.Struct):
    """A page of a trace as JSON. ``next_cursor`` is the ``after`` of the next page."""

    items: list[Entry]
    next_cursor: str | None
    total: int
    """Entries of the whole trace that match."""


class Match(msgspec.Struct):
    """An entry that holds the text looked for."""

    seq: int
    excerpt: str | None = None
    """At most 160 characters around the first place of the text, on one line; null where what the entry's row
    shows (preview, label, tool, raw type) has the text itself."""


class MatchPage(msgspec.Struct):
    """A page of the entries that hold a text, in file order. ``next_cursor`` is the ``after`` of the next page."""

    items: list[Match]
    next_cursor: str | None
    total: int | None
    """Matches of the whole trace; null where they are not on one page, since nobody looked further yet."""
    searched_to: int
    """The last entry that was looked at; what a live session adds is behind it. -1: there was none."""


class EntryPatch(msgspec.Struct, omit_defaults=True):
    """Later facts about an entry that is already shown (``event: patch``)."""

    seq: int
    findings: list[FindingMark] | None = None
    subagent_session_id: str | None = None
    inherited: bool | None = None


class ClientMark(msgspec.Struct):
    """The client of a session, as shown on a row."""

    id: str
    host: str
    user: str


class FindingCounts(msgspec.Struct):
    """Findings by severity."""

    critical: int = 0
    high: int = 0
    medium: int = 0
    low: int = 0
    informational: int = 0


class Session(msgspec.Struct):
    """One session with its figures; a subagent session has ``parent_id`` and ``agent_id``."""

    id: str
    parent_id: str | None
    agent_id: str | None
    client: ClientMark
    project: str | None
    git_branch: str | None
    title: str | None
    first_prompt: str | None
    models: list[str]
    client_version: str | None
    started_at: str | None
    ended_at: str | None
    duration_ms: int
    active_ms: int
    live: bool
    messages: int
    prompts: int
    tool_calls: int
    entries: int
    lines: int
    size_bytes: int
    tokens: Tokens
    cost_usd: float | None
    findings: FindingCounts
    subagents: int
    inherited_lines: int
    # Beyond the stable names:
    orphan: bool = False
    """A subagent file whose parent session is not stored."""
    warmup: bool = False
    """A subagent that the client started on its own to warm up (client 2.0)."""
    agent_type: str | None = None
    description: str | None = None
    """What the spawning call said that the subagent is for."""
    lines_with_entries: int = 0
    """Coverage is ``lines_with_entries`` of ``lines``."""
    damaged_lines: int = 0
    """Of these: no JSON, or too long to be parsed; each is shown as it came."""
    pending_bytes: int = 0
    """Stored, but not yet read into entries."""
    tools: list[str] = []
    git_branches: list[str] = []
    permission_modes: list[str] = []
    generation: int = 0
    """More than 0: the file was rewritten or truncated, older bytes are kept."""
    spawned_by_seq: int | None = None
    """The entry of the parent session that spawned this one."""
    damaged: bool = False
    """Some of what is stored of it does not open: texts are null or empty, a name says that it is damaged."""
    folder: str = ""
    """The folder below ``projects`` that holds the transcript: all there is where no line names a directory."""


class SessionPage(msgspec.Struct):
    """A page of the session list."""

    items: list[Session]
    next_cursor: str | None
    total: int


class Stats(msgspec.Struct):
    """The figures above the list: main sessions, and everything in their trees."""

    sessions: int
    messages: int
    tokens: Tokens
    average_duration_ms: int
    tool_calls: int
    findings: FindingCounts
    pending_bytes: int
    lines: int = 0
    lines_with_entries: int = 0
    size_bytes: int = 0
    orphans: int = 0
    """Subagent sessions without a parent: they are listed, and none of ``sessions``."""


class ActivityDay(msgspec.Struct):
    """One day of the heatmap, in the time zone that was asked for; days without a session are left out."""

    day: str
    sessions: int
    messages: int
    tokens: int
    findings: int


class Activity(msgspec.Struct):
    """All days with a session; a list like the others, always on one page."""

    items: list[ActivityDay]
    next_cursor: str | None
    total: int


class Facet(msgspec.Struct):
    """A value of a property and the number of main sessions that have it."""

    value: str
    count: int


class FacetPage(msgspec.Struct):
    """A page of values to suggest, most frequent first; ``total`` values match."""

    items: list[Facet]
    next_cursor: str | None
    total: int


class SavedFilterContent(msgspec.Struct):
    """What a person saves: a view of the session list under a name."""

    name: str
    """1 to 80 characters; runs of white space count as one space, and upper and lower case make no other name."""
    filter: dict[str, Any]
    """As in the ``filter`` parameter; a group without tokens stands for all sessions."""
    sort: str = "-started_at"
    """As in the ``sort`` parameter."""


class SavedFilter(SavedFilterContent, kw_only=True):
    """A saved view, shared by all who use the organization."""

    id: str
    created_at: str


class SavedFilterPage(msgspec.Struct):
    """All saved filters by name; always on one page."""

    items: list[SavedFilter]
    next_cursor: str | None
    total: int


class ImportProgress(msgspec.Struct):
    """How far the server is with the local transcripts."""

    state: Literal["off", "scanning", "importing", "following", "failed"]
    folder: str | None = None
    files: int = 0
    files_done: int = 0
    size_bytes: int = 0
    done_bytes: int = 0
    faults: int = 0
    problem: str | None = None
    """With ``failed``: what went wrong; it is tried again by itself."""


class Status(msgspec.Struct):
    """What the page needs to know about the server (``GET /api/status``)."""

    version: str
    organization: str
    user: str
    local_import: ImportProgress
    samples: bool
    """The sample sessions of the package are imported."""
    sessions: int
    data_folder: str | None = None
    """Where it keeps its data; null where commands without ``--data`` find them."""


AlarmKind = Literal[
    "unshipped",
    "unreadable",
    "rewritten",
    "truncated",
    "deleted",
    "enrolled-again",
    "copied",
    "machine-changed",
    "clock-skew",
    "silent",
]


class Alarm(msgspec.Struct):
    """Something about a client that a person should look at."""

    kind: AlarmKind
    since: str
    """When it was first so, or first happened."""
    count: int
    """Files, or times, that it is about."""
    words: str
    """The same in one sentence."""
    can_be_acknowledged: bool
    """It stays until somebody acknowledged it; the others end by themselves."""
    session_ids: list[str] = []
    """Sessions that it is about, some of them."""


class Client(msgspec.Struct):
    """One OS user on one machine whose sessions are stored."""

    id: str
    host: str
    user: str
    label: str | None
    """What a person called it; null where nobody did."""
    state: Literal["online", "offline", "paused", "revoked", "imported"]
    """``online``: its collector reported lately. ``imported``: nobody collects there; its files were imported once."""
    os: str | None
    collector_version: str | None
    sessions: int
    files: int
    """Transcripts and attachments that its collector sees."""
    enrolled_at: str | None
    last_seen_at: str | None
    """When its collector last reported; where there is none, when a transcript last grew."""
    last_activity_at: str | None
    """When one of its transcripts last grew."""
    live: bool
    unshipped_bytes: int
    lag_ms: int
    """Age of the oldest byte that its collector had not shipped when it last reported; 0: it had shipped all."""
    alarms: list[Alarm]
    faults: list[FileFault]
    """Files that its collector could not take, some of them."""


class ClientPage(msgspec.Struct):
    """The clients of the organization."""

    items: list[Client]
    next_cursor: str | None
    total: int


class NewClient(msgspec.Struct):
    """A client that is to come: its one-time token is told once."""

    id: str
    label: str
    token: str
    expires_ms: int


class ClientToken(msgspec.Struct):
    """A one-time token, and what to run where it is to be redeemed."""

    label: str
    token: str
    expires_at: str
    command: str


class ClientLabel(msgspec.Struct):
    """What a person calls a client."""

    label: str


class Problem(msgspec.Struct, omit_defaults=True):
    """RFC 9457 problem details; ``type`` ends in the error's stable code."""

    type: str
    title: str
    status: int
    detail: str
    request_id: str
    expected: int | None = None


def seq_of(line: int, block: int) -> int:
    """The number of the entry made from block ``block`` of line ``line`` (both from 0)."""
    return line * BLOCKS_PER_LINE + min(block, BLOCKS_PER_LINE - 1)


def line_of(seq: int) -> int:
    """The line that the entry ``seq`` was made from, counted from 0."""
    return seq // BLOCKS_PER_LINE


BLOCK_BYTES = 65_536
"""A stream is hashed in blocks of this size, so that damage is located and an append rehashes one block."""


FileKind = Literal["main", "subagent", "attachment"]


class TranscriptFile(msgspec.Struct, frozen=True):
    """A file that belongs to a session, as a collector found it.

    ``address`` is its path relative to the projects folder with ``/`` between parts; ``session`` the
    file name's UUID of the main session (null: the file's lines must say it); ``agent_id`` is set for
    a subagent's transcript, and ``agents`` once its file was looked into: the ids from the main session's
    child down to this one.
    """

    path: str
    address: str
    kind: FileKind
    session: str | None
    agent_id: str | None
    host: str
    user: str
    size: int
    mtime_ns: int
    agents: tuple[str, ...] = ()


class FileFault(msgspec.Struct, frozen=True):
    """A file that could not be taken, and why in words."""

    path: str
    problem: str


def block_hashes(raw: bytes) -> bytes:
    """RFC 6962 leaf hashes of aligned blocks: SHA-256(0x00 ‖ block), 32 bytes each, the last block perhaps shorter.

    ``raw`` must begin at a block's start.
    """
    view = memoryview(raw)
    hashes: list[bytes] = []
    for start in range(0, len(view), BLOCK_BYTES):
        hashed = hashlib.sha256(b"\x00")
        hashed.update(view[start : start + BLOCK_BYTES])
        hashes.append(hashed.digest())
    return b"".join(hashes)
