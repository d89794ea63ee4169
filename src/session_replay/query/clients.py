"""The clients of an organization: whose sessions there are, how their collectors are, and what is alarming."""

from __future__ import annotations

import time
from collections import defaultdict
from typing import Any, Literal, NamedTuple, cast

from sqlalchemy import Connection, Row, func, select

from session_replay.query.instant import written_time
from session_replay.query.meaning import LIVE_MS
from session_replay.store.clients import ALARMING, LastReport, open_report
from session_replay.store.installation import Installation
from session_replay.store.schema import client_events, clients, sessions, streams
from session_replay.wire import Alarm, AlarmKind, Client, ClientPage

ONLINE_MS = 3 * 60_000
"""Collectors report twice a minute."""
SILENT_MS = 24 * 3_600_000
UNSHIPPED_MS = 3 * 86_400_000
CLOCK_SKEW_MS = 2 * 60_000
UNREADABLE_MS = 3_600_000
"""What is being replaced or mounted is out of reach for a moment."""
SESSIONS_NAMED = 20

_WORDS: dict[AlarmKind, str] = {
    "rewritten": "A transcript was rewritten: what it held before is kept.",
    "truncated": "A transcript was cut off: what it held before is kept.",
    "deleted": "Transcripts were removed from the machine: what was stored stays here.",
    "enrolled-again": "Its token was redeemed again: the credential before is void, and who had it is refused.",
    "copied": "Two programs use this client's credential: the machine or its state folder was copied.",
    "machine-changed": "The collector reports from another machine than before.",
}


class _Happened(NamedTuple):
    """Events of one kind that nobody acknowledged."""

    kind: AlarmKind
    since_ms: int
    times: int
    session_ids: list[str]


class Clients:
    """Reads the clients of one installation."""

    def __init__(self, at: Installation) -> None:
        self._at = at

    def page(self, connection: Connection, *, now_ms: int | None = None) -> ClientPage:
        """Every client, the alarming ones first, then by host and user."""
        now = time.time_ns() // 1_000_000 if now_ms is None else now_ms
        rows = self._rows(connection)
        numbers = {number for row in rows for number in (row.host_id, row.user_id, row.label_id) if number is not None}
        texts = self._at.names.texts(connection, numbers)
        happened = self._happened(connection)
        items = [self._presented(row, texts, happened[row.id], now) for row in rows]
        items.sort(key=lambda client: (not client.alarms, client.state == "revoked", client.host, client.user))
        return ClientPage(items, None, len(items))

    def _rows(self, connection: Connection) -> list[Row[Any]]:
        counted = (
            select(
                sessions.c.client_id,
                func.count().filter(sessions.c.parent_id.is_(None)).label("sessions"),
                func.max(sessions.c.grown_ms).label("grown_ms"),
            )
            .group_by(sessions.c.client_id)
            .subquery()
        )
        return list(
            connection.execute(
                select(clients, counted.c.sessions, counted.c.grown_ms)
                .join(counted, counted.c.client_id == clients.c.id, isouter=True)
                .where(clients.c.organization_id == self._at.key.organization)
            ).all()
        )

    def _happened(self, connection: Connection) -> defaultdict[str, list[_Happened]]:
        found: defaultdict[str, list[_Happened]] = defaultdict(list)
        open_events = (client_events.c.acknowledged_ms.is_(None), client_events.c.kind.in_(ALARMING))
        rows = connection.execute(
            select(client_events.c.client_id, client_events.c.kind, func.min(client_events.c.at_ms), func.count())
            .where(client_events.c.organization_id == self._at.key.organization, *open_events)
            .group_by(client_events.c.client_id, client_events.c.kind)
        ).all()
        for client_id, kind, since_ms, count in rows:
            about = connection.execute(
                select(streams.c.session_id)
                .join(client_events, client_events.c.stream_id == streams.c.id)
                .where(client_events.c.client_id == client_id, client_events.c.kind == kind, *open_events)
                .order_by(client_events.c.id.desc())
                .limit(SESSIONS_NAMED)
            ).scalars()
            session_ids = list(dict.fromkeys(about))
            found[client_id].append(_Happened(cast("AlarmKind", kind), since_ms, count, session_ids))
        return found

    def _presented(self, row: Row[Any], texts: dict[int, str], happened: list[_Happened], now_ms: int) -> Client:
        report = open_report(self._at.key, row.id, row.sealed_report)
        lag_ms = max(0, row.seen_ms - row.unshipped_since_ms) if row.seen_ms and row.unshipped_since_ms else 0
        alarms = [_alarm(one) for one in happened]
        if row.revoked_ms is None:
            alarms += _conditions(row, report, now_ms)
        seen_ms = row.seen_ms or row.grown_ms
        return Client(
            id=row.id,
            host=texts.get(row.host_id, ""),
            user=texts.get(row.user_id, ""),
            label=texts.get(row.label_id) if row.label_id is not None else None,
            state=_state(row, now_ms),
            os=report.os or None,
            collector_version=report.version or None,
            sessions=row.sessions or 0,
            files=row.files,
            enrolled_at=_time(row.enrolled_ms),
            last_seen_at=_time(seen_ms),
            last_activity_at=_time(row.grown_ms),
            live=bool(row.grown_ms) and abs(now_ms - row.grown_ms) <= LIVE_MS,
            unshipped_bytes=row.unshipped_bytes,
            lag_ms=lag_ms,
            alarms=alarms,
            faults=report.faults,
        )


def _state(row: Row[Any], now_ms: int) -> Literal["online", "offline", "paused", "revoked", "imported"]:
    if row.revoked_ms is not None:
        return "revoked"
    if row.seen_ms is None:
        return "offline" if row.enrolled_ms is not None else "imported"
    if now_ms - row.seen_ms > ONLINE_MS:
        return "offline"
    return "paused" if row.paused else "online"


def _alarm(one: _Happened) -> Alarm:
    return Alarm(one.kind, written_time(one.since_ms), one.times, _WORDS[one.kind], True, one.session_ids)


def _conditions(row: Row[Any], report: LastReport, now_ms: int) -> list[Alarm]:
    """What is alarming now, and ends by itself."""
    alarms: list[Alarm] = []
    if report.faults and now_ms - report.faults_since_ms > UNREADABLE_MS:
        words = "Its collector cannot read files or folders: what is in them is not stored."
        alarms.append(_condition("unreadable", report.faults_since_ms, words, count=len(report.faults)))
    since = row.unshipped_since_ms
    if row.unshipped_bytes and since is not None and now_ms - since > UNSHIPPED_MS:
        days = (now_ms - since) // 86_400_000
        alarms.append(_condition("unshipped", since, f"Has not shipped some of its bytes for {days} days."))
    if row.seen_ms is not None and abs(row.clock_ahead_ms) > CLOCK_SKEW_MS:
        way = "ahead of" if row.clock_ahead_ms > 0 else "behind"
        seconds = abs(row.clock_ahead_ms) // 1000
        alarms.append(_condition("clock-skew", row.seen_ms, f"Its clock is {seconds:,} s {way} the server's."))
    heard = row.seen_ms or row.enrolled_ms
    # A paused collector reports, too: to pause it must not be a way to end it unnoticed.
    if row.enrolled_ms is not None and heard is not None and now_ms - heard > SILENT_MS:
        hours = (now_ms - heard) // 3_600_000
        alarms.append(_condition("silent", heard, f"Its collector was not heard for {hours:,} hours."))
    return alarms


def _condition(kind: AlarmKind, since_ms: int, words: str, count: int = 1) -> Alarm:
    return Alarm(kind, written_time(since_ms), count, words, False)


def _time(ms: int | None) -> str | None:
    return written_time(ms) if ms else None
