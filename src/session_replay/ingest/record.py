"""What was read from a stream → its session's row, names and summaries, in one transaction."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, delete, exists, func, insert, select, update

from session_replay.ingest.read import Reading
from session_replay.store import streams
from session_replay.store.chunks import append_summaries, drop_summaries
from session_replay.store.database import insert_missing
from session_replay.store.installation import Installation
from session_replay.store.names import NameKind
from session_replay.store.schema import recorded_ids, session_names, sessions, shared_messages
from session_replay.store.sealed import StreamKey
from session_replay.store.sessions import SessionText
from session_replay.store.streams import Stream
from session_replay.transcript.entry import PARSER_VERSION
from session_replay.transcript.session import Figures
from session_replay.wire import ENTRY_TYPES

IDS_PER_QUERY = 500

# Made once: building a statement costs more than executing it, and these run for every stream.
_TEXT = select(sessions.c.sealed_text, sessions.c.agent_id).where(sessions.c.id == bindparam("session_id"))
_UPDATE = update(sessions).where(sessions.c.id == bindparam("session_id"))
_COUNTED = select(func.count()).where(recorded_ids.c.stream_id == bindparam("stream_id"))
_ANY_SHARED = select(shared_messages.c.id_digest).limit(1)

_Counts = tuple[int, int, int, int]
_PARTS = ("input_tokens", "output_tokens", "cache_creation_tokens", "cache_read_tokens")


def record(tx: Connection, at: Installation, stream: Stream, reading: Reading, *, is_last: bool) -> bool:
    """Write down what the next window of a stream holds.

    With the last window copies are settled: a stream that repeats lines of an earlier one is left to be read
    again (``streams.pending``); where subagents were spawned or named, the tree is left to be linked again.
    What is left is said in the same transaction, so that a kill loses none of it.

    Returns:
        Whether it was written; not so when the file was rewritten meanwhile.
    """
    current = streams.find(tx, stream.id)
    if current.generation != stream.generation:
        return False
    secret = at.session_keys.make_missing(tx, stream.session_id)
    key = StreamKey(secret, at.key.organization, stream.id, stream.generation)
    if current.parsed_to or current.generation:
        _forget(tx, key, stream, reading.from_line)
    append_summaries(tx, key, reading.summaries)
    version = PARSER_VERSION if is_last else streams.TO_BE_READ
    streams.move_parsed_to(tx, stream.id, stream.generation, reading.parsed_to, version)
    ids = _ids_of(reading.figures)
    foreign = _claim_ids(tx, at.key.organization, stream.id, ids)
    if is_last:
        foreign = _settle_copies(tx, at.key.organization, current, reading.figures, ids, foreign)
    if is_last and current.generation:
        _release_ids(tx, at.key.organization)
    more = _adjustment(tx, at.key.organization, stream.id, ids, foreign)
    _write_session(tx, at, stream, secret, reading.figures, more, current.file_mtime_ns // 1_000_000)
    return True


def _forget(tx: Connection, key: StreamKey, stream: Stream, from_line: int) -> None:
    """Drop what was made of these lines, and of the whole stream, before."""
    drop_summaries(tx, key, from_line)
    tx.execute(delete(session_names).where(session_names.c.session_id == stream.session_id))
    tx.execute(delete(shared_messages).where(shared_messages.c.stream_id == stream.id))
    if from_line == 0:
        tx.execute(delete(recorded_ids).where(recorded_ids.c.stream_id == stream.id))


def _release_ids(tx: Connection, organization: int) -> None:
    """Let streams be read again that hold messages which a rewritten file counted and holds no more."""
    is_counted = exists().where(
        recorded_ids.c.organization_id == organization, recorded_ids.c.id_digest == shared_messages.c.id_digest
    )
    rows = tx.execute(
        select(shared_messages.c.stream_id)
        .where(shared_messages.c.organization_id == organization, ~is_counted)
        .distinct()
    )
    for stream_id in rows.scalars().all():
        streams.inherit(tx, streams.find(tx, stream_id), frozenset())


def _settle_copies(
    tx: Connection, organization: int, stream: Stream, figures: Figures, ids: _Ids, foreign: dict[int, int]
) -> dict[int, int]:
    """The stream with the earliest first line owns what several hold, whatever was stored first.

    A fork or copy repeats its origin from the first API message on (true of clients 1.0 to 2.1); streams that
    share only some other id are counted once in the organization, and none of their lines is inherited.

    Returns:
        What of ``foreign`` stays with others though no line of it is inherited.
    """
    if next(iter(ids.messages), None) not in foreign:
        return foreign
    rows = tx.execute(
        select(sessions.c.stream_id, sessions.c.first_line_ms, sessions.c.id).where(
            sessions.c.stream_id.in_(set(foreign.values()))
        )
    )
    mine = _age(figures.first_line_ms, stream.session_id)
    earlier, later = set[int](), set[int]()
    for row in rows:
        if _age(row.first_line_ms, row.id) < mine:
            earlier.add(row.stream_id)
        else:
            later.add(row.stream_id)
            _transfer_ids(tx, organization, row.stream_id, stream.id, ids)
            streams.inherit(tx, streams.find(tx, row.stream_id), frozenset({stream.id}))
    if earlier - stream.earlier:
        streams.inherit(tx, stream, frozenset(earlier))
        return {}  # it is read again, and then leaves out what it repeats
    return {digest: owner for digest, owner in foreign.items() if owner not in later}


def _age(first_line_ms: int | None, session_id: str) -> tuple[float, str]:
    return (float("inf") if first_line_ms is None else first_line_ms, session_id)


def _transfer_ids(tx: Connection, organization: int, from_stream: int, to_stream: int, ids: _Ids) -> None:
    """Let an earlier stream that was stored later count the ids that both hold."""
    for some in _batches(ids.all):
        tx.execute(
            update(recorded_ids)
            .where(
                recorded_ids.c.organization_id == organization,
                recorded_ids.c.stream_id == from_stream,
                recorded_ids.c.id_digest.in_(some),
            )
            .values(stream_id=to_stream)
        )


def _claim_ids(tx: Connection, organization: int, stream_id: int, ids: _Ids) -> dict[int, int]:
    """Count the ids that nobody counts yet for this stream; returns the others with the stream that counts them."""
    digests = ids.all
    if not digests:
        return {}
    rows = [{"organization_id": organization, "id_digest": digest, "stream_id": stream_id} for digest in digests]
    insert_missing(tx, recorded_ids, rows)
    # The usual case, without a look at each.
    if tx.execute(_COUNTED, {"stream_id": stream_id}).scalar_one() == len(digests):
        return {}
    foreign: dict[int, int] = {}
    for some in _batches(digests):
        found = tx.execute(
            select(recorded_ids.c.id_digest, recorded_ids.c.stream_id).where(
                recorded_ids.c.organization_id == organization,
                recorded_ids.c.id_digest.in_(some),
                recorded_ids.c.stream_id != stream_id,
            )
        )
        foreign |= {row.id_digest: row.stream_id for row in found}
    return foreign


class _Ids(NamedTuple):
    """Digests of what an organization counts once: API messages with their tokens, in their order, and tool calls."""

    messages: dict[int, _Counts]
    tools: list[int]

    @property
    def all(self) -> list[int]:
        return [*self.messages, *self.tools]


def _ids_of(figures: Figures) -> _Ids:
    messages = {_digest("message", name): counts for name, counts in figures.messages_by_id.items()}
    return _Ids(messages, [_digest("tool", name) for name in figures.tool_use_ids])


def _digest(kind: str, name: str) -> int:
    hashed = hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8, person=kind.encode())
    return int.from_bytes(hashed.digest(), "big", signed=True)


def _batches(ids: list[int]) -> Iterable[list[int]]:
    for start in range(0, len(ids), IDS_PER_QUERY):
        yield ids[start : start + IDS_PER_QUERY]


def _write_session(
    tx: Connection,
    at: Installation,
    stream: Stream,
    secret: bytes,
    figures: Figures,
    more: _Adjustment,
    mtime_ms: int,
) -> None:
    session_id = stream.session_id
    row = tx.execute(_TEXT, {"session_id": session_id}).one()
    text = at.session_keys.open_text(secret, session_id, row.sealed_text)
    is_damaged = text is None  # what the tree says of it is lost, too, until that is linked again
    text = text or SessionText()
    is_agent = row.agent_id is not None
    changed = (
        is_damaged
        or text.spawns != figures.spawns
        or (is_agent and text.first_user_text_hash != figures.first_user_text_hash)
    )
    text.title = figures.title
    text.first_prompt = figures.first_prompt
    text.first_user_text_hash = figures.first_user_text_hash
    text.spawns = figures.spawns
    tx.execute(
        _UPDATE,
        _columns(figures, more, mtime_ms)
        | _name_columns(tx, at, session_id, figures)
        | {"sealed_text": at.session_keys.seal_text(secret, session_id, text), "session_id": session_id}
        | ({"to_be_linked": True} if changed else {}),
    )


def _columns(figures: Figures, more: _Adjustment, mtime_ms: int) -> dict[str, Any]:
    started = mtime_ms if figures.started_ms is None else figures.started_ms
    ended = mtime_ms if figures.ended_ms is None else figures.ended_ms
    own: _Counts = (
        figures.input_tokens,
        figures.output_tokens,
        figures.cache_creation_tokens,
        figures.cache_read_tokens,
    )
    counted = [total + part for total, part in zip(own, more.tokens, strict=True)]
    return {
        "warmup": figures.is_warmup,
        "started_ms": started,
        "ended_ms": ended,
        "duration_ms": ended - started,
        "active_ms": figures.active_ms,
        "grown_ms": mtime_ms,
        "first_line_ms": figures.first_line_ms,
        "messages": figures.messages,
        "prompts": figures.prompts,
        "tool_calls": figures.tool_calls,
        "entries": figures.entries,
        "lines": figures.lines,
        "lines_with_entries": figures.lines_with_entries,
        "damaged_lines": figures.damaged_lines,
        "inherited_lines": figures.inherited_lines,
        "size_bytes": figures.size_bytes,
        "entry_types": sum(1 << ENTRY_TYPES.index(kind) for kind in figures.entry_types),
        "counted_messages": figures.messages + more.messages,
        "counted_tool_calls": figures.tool_calls + more.tool_calls,
        **dict(zip(_PARTS, own, strict=True)),
        **{f"counted_{part}": total for part, total in zip(_PARTS, counted, strict=True)},
    }


class _Adjustment(NamedTuple):
    """What the organization's figures have more than a session's own (less, where negative)."""

    messages: int = 0
    tool_calls: int = 0
    tokens: _Counts = (0, 0, 0, 0)


def _adjustment(tx: Connection, organization: int, stream_id: int, ids: _Ids, foreign: dict[int, int]) -> _Adjustment:
    """A message that several streams hold counts once, for one of them, with the largest of each counter.

    The stream that counts what this one holds too is left to be read again, so that it sees what was recorded here.
    """
    shared = {digest: counts for digest, counts in ids.messages.items() if digest in foreign}
    tokens = [-sum(counts[part] for counts in shared.values()) for part in range(4)]
    for digest, largest in _largest_elsewhere(tx, organization, stream_id, list(ids.messages)).items():
        for part in range(4):
            if digest not in shared:
                tokens[part] += max(0, largest[part] - ids.messages[digest][part])
    if shared:
        for owner in {foreign[digest] for digest in shared}:
            streams.inherit(tx, streams.find(tx, owner), frozenset())
        tx.execute(
            insert(shared_messages),
            [
                {"organization_id": organization, "id_digest": digest, "stream_id": stream_id}
                | dict(zip(_PARTS, counts, strict=True))
                for digest, counts in shared.items()
            ],
        )
    tools = sum(digest in foreign for digest in ids.tools)
    return _Adjustment(-len(shared), -tools, (tokens[0], tokens[1], tokens[2], tokens[3]))


def _largest_elsewhere(tx: Connection, organization: int, stream_id: int, digests: list[int]) -> dict[int, _Counts]:
    """The largest counters that other streams recorded of these messages."""
    largest: dict[int, _Counts] = {}
    if tx.execute(_ANY_SHARED).first() is None:
        return largest
    for ids in _batches(digests):
        rows = tx.execute(
            select(shared_messages.c.id_digest, *(func.max(shared_messages.c[part]) for part in _PARTS))
            .where(
                shared_messages.c.organization_id == organization,
                shared_messages.c.id_digest.in_(ids),
                shared_messages.c.stream_id != stream_id,
            )
            .group_by(shared_messages.c.id_digest)
        )
        for digest, *counters in rows:
            largest[digest] = (counters[0], counters[1], counters[2], counters[3])
    return largest


def _name_columns(tx: Connection, at: Installation, session_id: str, figures: Figures) -> dict[str, Any]:
    """Enter the session's names and return the columns that hold the one name of a kind."""
    lists: dict[NameKind, list[str]] = {
        "model": figures.models,
        "tool": figures.tools,
        "git_branch": figures.git_branches,
        "client_version": figures.client_versions,
        "permission_mode": figures.permission_modes,
    }
    rows: list[dict[str, Any]] = []
    numbers: dict[NameKind, dict[str, int]] = {}
    for kind, values in lists.items():
        numbers[kind] = at.names.numbers(tx, kind, values)
        distinct = list(dict.fromkeys(numbers[kind][value] for value in values))
        rows += [
            {"session_id": session_id, "kind": kind, "position": position, "name_id": number}
            for position, number in enumerate(distinct[:1000])
        ]
    if rows:
        tx.execute(insert(session_names), rows)
    project = figures.project
    branch = figures.git_branch
    versions = figures.client_versions
    return {
        "project_id": at.names.numbers(tx, "project", [project])[project] if project else None,
        "git_branch_id": numbers["git_branch"].get(branch) if branch else None,
        "client_version_id": numbers["client_version"].get(versions[-1]) if versions else None,
    }
