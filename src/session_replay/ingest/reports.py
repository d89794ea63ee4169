"""What collectors say of themselves: how they are, which files are gone, and what of it is alarming.

A collector says what it likes, so each text is cut and each number has bounds before anything of it is stored.
"""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Connection, Row

from session_replay.errors import NotFound, TooLarge
from session_replay.ingest.boots import Heard
from session_replay.protocol import STREAMS_NAMED_MAX, TEXT_CHARS_MAX, Report
from session_replay.store import clients, streams
from session_replay.store.installation import Installation
from session_replay.wire import FileFault

FAULTS_KEPT = 20
EXPIRED_MS = 29 * 86_400_000
"""Claude Code's ``cleanupPeriodDays`` is 30 unless somebody set it."""
STARTING_MS = 60_000
"""For so long after its start a collector finds what it has to send."""
COUNT_MAX = 2**31 - 1
BYTES_MAX = 2**63 - 1
TIME_MS_MAX = 10**15
WORD_CHARS_MAX = 80
PROBLEM_CHARS_MAX = 200


def take_report(
    tx: Connection, at: Installation, client: str, report: Report, heard: Heard, now_ms: int
) -> tuple[int, ...]:
    """Write down how a collector is, and which of its starts were heard; what is alarming becomes an event.

    Returns:
        Streams that were followed and that a report of all present ones did not name.

    Raises:
        NotFound: There is no such client.
        TooLarge: It names too many streams.
    """
    report = _bounded(report)
    organization = at.key.organization
    row = clients.find(tx, organization, client)
    if row is None:
        raise NotFound(f"no client {client}")
    last = clients.open_report(at.key, client, row.sealed_report)
    machine = at.key.digest("machine", report.machine)
    if row.machine_digest is not None and machine != row.machine_digest:
        clients.add_event(tx, organization, client, "machine-changed", now_ms)
    missed: set[int] = set()
    if report.present is not None:
        digests = [streams.address(at.key, client, address) for address in report.held_back]
        held_back = {stream.id for stream in streams.find_by_addresses(tx, client, digests).values()}
        if last.folder not in {"", report.folder}:  # what lies in another folder is not looked for any more
            streams.forget_followed(tx, client)
        missed = set(streams.followed(tx, client)) - set(report.present) - held_back
        streams.mark_followed(tx, client, report.present)
    ahead_ms = report.sent_ms - now_ms
    deleted = streams.mark_deleted(tx, client, report.gone, now_ms)
    # The coding agent removes transcripts by itself once nobody wrote to them for a month: no news to anybody.
    expired = [stream_id for stream_id, grown_ms in deleted if now_ms - grown_ms >= EXPIRED_MS]
    removed = [stream_id for stream_id, grown_ms in deleted if now_ms - grown_ms < EXPIRED_MS]
    if expired:
        clients.add_event(tx, organization, client, "expired", now_ms, expired)
    if removed:
        clients.add_event(tx, organization, client, "deleted", now_ms, removed)
    said = clients.LastReport(
        os=report.os,
        version=report.version,
        boots=heard.boots,
        faults=list(report.faults),
        faults_since_ms=(last.faults_since_ms if last.faults else now_ms) if report.faults else 0,
        folder=report.folder if report.present is not None else last.folder,
        copied_ms=heard.copied_ms,
    )
    clients.change(
        tx,
        client,
        machine_digest=machine,
        seen_ms=now_ms,
        files=report.files,
        unshipped_bytes=report.unshipped_bytes,
        unshipped_since_ms=_unshipped_since(report, heard, row, ahead_ms),
        clock_ahead_ms=ahead_ms,
        paused=report.paused,
        sealed_report=clients.seal_report(at.key, client, said),
    )
    return tuple(sorted(missed))


def _unshipped_since(report: Report, heard: Heard, row: Row[Any], ahead_ms: int) -> int | None:
    """By the server's clock, as all that it is compared with.

    A collector knows nothing of before it started. What it has missed from its start on, and did not have when it was
    heard before that, has waited since then: who starts it each morning would never hear of it else.
    """
    if report.unshipped_since_ms is None:
        return None
    since_ms = report.unshipped_since_ms - ahead_ms
    before_ms: int | None = row.unshipped_since_ms if row.unshipped_bytes else None
    if before_ms is not None and heard.boots and since_ms <= heard.boots[-1].first_heard_ms + STARTING_MS:
        return min(since_ms, before_ms)
    return since_ms


def _bounded(report: Report) -> Report:
    """The report with nothing in it that is larger than what can be kept."""
    named = len(report.gone) + len(report.present or ()) + len(report.held_back)
    if named > STREAMS_NAMED_MAX:
        raise TooLarge(f"a report names at most {STREAMS_NAMED_MAX} streams, not {named}")
    since_ms = report.unshipped_since_ms
    return msgspec.structs.replace(
        report,
        sent_ms=_between(-TIME_MS_MAX, report.sent_ms, TIME_MS_MAX),
        version=report.version[:WORD_CHARS_MAX],
        os=report.os[:PROBLEM_CHARS_MAX],
        files=_between(0, report.files, COUNT_MAX),
        unshipped_bytes=_between(0, report.unshipped_bytes, BYTES_MAX),
        unshipped_since_ms=None if since_ms is None else _between(-TIME_MS_MAX, since_ms, TIME_MS_MAX),
        faults=tuple(
            FileFault(fault.path[-TEXT_CHARS_MAX:], fault.problem[:PROBLEM_CHARS_MAX])
            for fault in report.faults[:FAULTS_KEPT]
        ),
        # Such a long address belongs to no stream.
        held_back=tuple(address for address in report.held_back if len(address) <= TEXT_CHARS_MAX),
        folder=report.folder[:WORD_CHARS_MAX],
    )


def _between(least: int, value: int, most: int) -> int:
    return max(least, min(value, most))
