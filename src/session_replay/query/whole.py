"""One entry with everything: what its raw line says, and the output that the client kept beside it."""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection, select

from session_replay.errors import Tampered
from session_replay.query.entries import find_entry
from session_replay.query.stored import StoredSession
from session_replay.store.attachments import attachment
from session_replay.store.chunks import damaged_spans, opened_range
from session_replay.store.entries import StoredEntries
from session_replay.store.installation import Installation
from session_replay.store.schema import streams as streams_table
from session_replay.store.sealed import SealedSummary, StreamKey
from session_replay.store.streams import open_path
from session_replay.transcript.content import PART_BYTES_MAX, kept_output
from session_replay.transcript.entry import entry_whole, lost_words
from session_replay.transcript.line import LINE_BYTES_MAX
from session_replay.wire import BLOCKS_PER_LINE, ContentPart, EntryWhole, line_of


def whole_entry(at: Installation, connection: Connection, found: StoredSession, seq_or_uuid: str) -> EntryWhole:
    """Read one entry from its raw line.

    Raises:
        NotFound: No such entry.
    """
    stored = StoredEntries(at, connection, found.key)
    summary, entry = find_entry(stored, seq_or_uuid)
    try:
        line, byte_start = _raw_line(connection, found.key, summary, line_of(entry.seq))
    except Tampered:
        stored.tell_damage("chunk")
        damaged = damaged_spans(connection, found.key, summary.start, summary.end)
        notice = ContentPart("notice", text=lost_words(damaged))
        return EntryWhole(**msgspec.structs.asdict(entry), content=[notice])
    whole = entry_whole(line, line_of(entry.seq), entry.seq % BLOCKS_PER_LINE, entry.at)
    whole.meta["byte_start"] = byte_start
    if entry.raw_type == "oversized":
        whole.size_bytes = whole.meta["byte_size"] = entry.size_bytes
        for part in whole.content:
            if part.truncated_bytes:
                part.truncated_bytes = entry.size_bytes - PART_BYTES_MAX
    # What the reader knew from other lines when it came by.
    whole.tool = whole.tool or entry.tool
    whole.agent_id = whole.agent_id or entry.agent_id
    whole.inherited, whole.audit, whole.folded = entry.inherited, entry.audit, entry.folded
    _join_spill(at, connection, found, whole)
    return whole


def _raw_line(connection: Connection, key: StreamKey, summary: SealedSummary, line: int) -> tuple[bytes, int]:
    """The line without its line feed, and where in the file it starts, in bytes.

    Of an oversized line no more than shows that it is one: the whole could fill the memory.
    """
    before = line - summary.line_start
    byte_start = summary.start
    found = bytearray()
    for raw in opened_range(connection, key, summary.start, summary.end):
        start = 0
        while before and (newline := raw.find(b"\n", start)) >= 0:
            start, before = newline + 1, before - 1
        if before:
            byte_start += len(raw)
            continue
        if not found:
            byte_start += start
        end = raw.find(b"\n", start)
        found += raw[start : end if end >= 0 else len(raw)]
        if end >= 0:
            break
        if len(found) > LINE_BYTES_MAX:
            del found[LINE_BYTES_MAX + 1 :]
            break
    return bytes(found), byte_start


def _join_spill(at: Installation, connection: Connection, found: StoredSession, whole: EntryWhole) -> None:
    """Add the full output that the client kept in a file of its own because it was long."""
    spill: dict[str, object] = whole.meta.get("spill") or {}
    name = spill.get("path")
    if not isinstance(name, str):
        return
    row = connection.execute(
        select(streams_table.c.address, streams_table.c.sealed_path).where(streams_table.c.id == found.stream.id)
    ).one()
    try:
        path = open_path(at.key, found.key.secret, row.address, row.sealed_path)
        folder = path.split("/subagents/", 1)[0].removesuffix(".jsonl")
        raw = attachment(connection, at, found.stream.client_id, f"{folder}/tool-results/{name}")
    except Tampered:
        damaged = f"The full output was kept in {name}, and what is stored of that is damaged."
        whole.content.append(ContentPart("notice", text=damaged))
        return
    if raw is None:
        whole.content.append(ContentPart("notice", text=f"The full output was kept in {name}, which is not stored."))
        return
    kept = kept_output(raw, name)
    # The picture that a tool gave back is in the line, too, where it is small.
    if kept.kind != "image" or not any(part.kind == "image" for part in whole.content):
        whole.content.append(kept)
