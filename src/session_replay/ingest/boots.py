"""Which starts of a collector are at work: two side by side with one credential are a copy, or a thief.

Every call says of which start it is, so a credential cannot be used beside its collector unnoticed.  What was heard is
kept in memory, since calls are many, and stored with the collector's reports.
"""

from __future__ import annotations

import threading
import time
from typing import NamedTuple

from session_replay.store import clients
from session_replay.store.installation import Installation

COPIED_AGAIN_MS = 3_600_000
"""Two that go on side by side are one event an hour."""


class Heard(NamedTuple):
    """Of one client: its last starts, the one heard last at the end, and when two were last found side by side."""

    boots: list[clients.Boot]
    copied_ms: int


class Boots:
    """The starts of all clients' collectors; any thread may call it.

    Args:
        at: Where it is stored, and where a copy becomes an event.
    """

    def __init__(self, at: Installation) -> None:
        self._at = at
        self._lock = threading.Lock()
        self._heard: dict[str, Heard] = {}

    def of(self, client: str) -> Heard:
        """What was heard of a client."""
        with self._lock:
            return self._of(client)

    def hear(self, client: str, boot: str, sent_ms: int) -> None:
        """A call came from this start, sent at this time by its own clock."""
        now_ms = time.time_ns() // 1_000_000
        with self._lock:
            heard = self._of(client)
            boots, is_copied = _with(heard.boots, clients.Boot(boot, sent_ms, sent_ms, now_ms, now_ms))
            copied_ms = heard.copied_ms
            if is_copied and now_ms - copied_ms > COPIED_AGAIN_MS:
                copied_ms = now_ms
                organization = self._at.key.organization
                self._at.database.write(lambda tx: clients.add_event(tx, organization, client, "copied", now_ms))
            self._heard[client] = Heard(boots, copied_ms)

    def _of(self, client: str) -> Heard:
        known = self._heard.get(client)
        if known is None:
            with self._at.database.read() as connection:
                row = clients.find(connection, self._at.key.organization, client)
            last = clients.open_report(self._at.key, client, row.sealed_report if row else None)
            known = self._heard[client] = Heard(last.boots, last.copied_ms)
        return known


def _with(boots: list[clients.Boot], new: clients.Boot) -> tuple[list[clients.Boot], bool]:
    """The starts with this call among them, and whether its start runs beside another one."""
    others = [boot for boot in boots if boot.id != new.id]
    known = next((boot for boot in boots if boot.id == new.id), new)
    this = clients.Boot(
        known.id,
        min(known.first_sent_ms, new.first_sent_ms),
        max(known.last_sent_ms, new.last_sent_ms),
        known.first_heard_ms,
        new.last_heard_ms,
    )
    return [*others, this][-clients.BOOTS_KEPT :], any(this.runs_beside(other) for other in others)
