"""Clients as stored: whose sessions there are, what lets a collector append, and how it last said it is.

Names are sealed like all names; of a credential or token only a digest is kept.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
from typing import Any, Literal, NamedTuple

import msgspec
from sqlalchemy import Connection, Row, func, insert, select, update

from session_replay.errors import Tampered
from session_replay.store.schema import client_events, clients, enrolment_tokens
from session_replay.vault.keys import OrganizationKey
from session_replay.wire import FileFault

log = logging.getLogger(__name__)

EventKind = Literal[
    "enrolled",
    "enrolled-again",
    "revoked",
    "rewritten",
    "truncated",
    "moved",
    "deleted",
    "expired",
    "copied",
    "machine-changed",
]
ALARMING: tuple[EventKind, ...] = ("rewritten", "truncated", "deleted", "enrolled-again", "copied", "machine-changed")
"""Events that alarm until somebody acknowledged them."""
BOOTS_KEPT = 16
_NO_REPORT: dict[str, Any] = {"files": 0, "unshipped_bytes": 0, "clock_ahead_ms": 0, "paused": False}


class Boot(msgspec.Struct):
    """One start of a collector: between which times, by its own clock and by the server's, it reported."""

    id: str
    first_sent_ms: int
    last_sent_ms: int
    first_heard_ms: int
    last_heard_ms: int

    def runs_beside(self, other: Boot) -> bool:
        """Whether both were at work at one time, by both clocks.

        A report may have been on its way for long, and a clock may be set back between two starts: each fools one.
        """
        by_theirs = self.last_sent_ms > other.first_sent_ms and other.last_sent_ms > self.first_sent_ms
        by_ours = self.last_heard_ms >= other.first_heard_ms and other.last_heard_ms >= self.first_heard_ms
        return by_theirs and by_ours


class LastReport(msgspec.Struct):
    """What a collector said of itself in words; sealed as one value."""

    os: str = ""
    version: str = ""
    boots: list[Boot] = []
    """Its last starts, the one heard last at the end."""
    faults: list[FileFault] = []
    faults_since_ms: int = 0
    """Since when there was always one, by the server's clock."""
    folder: str = ""
    copied_ms: int = 0
    """When two of its starts were last found to run side by side."""


class Token(NamedTuple):
    """A one-time token as stored."""

    id: str
    label_id: int | None
    expires_ms: int
    client_id: str | None
    machine_digest: bytes | None


def secret_digest(secret: str) -> bytes:
    """SHA-256 of a random secret; it has 256 bits, so nothing slower is needed."""
    return hashlib.sha256(secret.encode()).digest()


def client_of_owner(tx: Connection, organization: int, host_id: int, user_id: int, now_ms: int) -> str:
    """The client of this host and user, entered where it is new; of several the first that is not revoked."""
    found = tx.execute(
        select(clients.c.id)
        .where(clients.c.organization_id == organization, clients.c.host_id == host_id, clients.c.user_id == user_id)
        .order_by(clients.c.revoked_ms.is_not(None), clients.c.created_ms, clients.c.id)
    ).scalar()
    return str(found) if found is not None else enter(tx, organization, host_id, user_id, now_ms)


def enter(tx: Connection, organization: int, host_id: int, user_id: int, now_ms: int) -> str:
    """Enter a new client."""
    made = secrets.token_hex(8)
    owner = {"organization_id": organization, "host_id": host_id, "user_id": user_id}
    tx.execute(insert(clients), [{"id": made, "created_ms": now_ms} | owner | _NO_REPORT])
    return made


def unenrolled(
    tx: Connection, organization: int, host_id: int, user_id: int, *, is_servers_own: bool = False
) -> str | None:
    """A client of this host and user that no collector ever spoke for: its sessions were imported.

    With ``is_servers_own``, that or the one under which a server follows the transcripts of its own machine.
    """
    return tx.execute(
        select(clients.c.id)
        .where(
            clients.c.organization_id == organization,
            clients.c.host_id == host_id,
            clients.c.user_id == user_id,
            clients.c.enrolled_ms.is_(None),
            *([] if is_servers_own else [clients.c.seen_ms.is_(None)]),
        )
        .order_by(clients.c.seen_ms.is_(None), clients.c.created_ms)
    ).scalar()


def add_token(tx: Connection, organization: int, token: str, label_id: int | None, now_ms: int, expires_ms: int) -> str:
    """Enter a token; returns its id."""
    made = secrets.token_hex(8)
    tx.execute(
        insert(enrolment_tokens).values(
            id=made,
            organization_id=organization,
            token_digest=secret_digest(token),
            label_id=label_id,
            created_ms=now_ms,
            expires_ms=expires_ms,
        )
    )
    return made


def find_token(connection: Connection, organization: int, token: str) -> Token | None:
    """A token, redeemed or not."""
    row = connection.execute(
        select(
            enrolment_tokens.c.id,
            enrolment_tokens.c.label_id,
            enrolment_tokens.c.expires_ms,
            enrolment_tokens.c.client_id,
            enrolment_tokens.c.machine_digest,
        ).where(
            enrolment_tokens.c.organization_id == organization, enrolment_tokens.c.token_digest == secret_digest(token)
        )
    ).one_or_none()
    return Token(*row) if row else None


def use_token(tx: Connection, token_id: str, client_id: str, machine_digest: bytes) -> None:
    """Write down who redeemed a token."""
    tx.execute(
        update(enrolment_tokens)
        .where(enrolment_tokens.c.id == token_id)
        .values(client_id=client_id, machine_digest=machine_digest)
    )


def change(tx: Connection, client_id: str, **values: object) -> None:
    """Set columns of a client."""
    tx.execute(update(clients).where(clients.c.id == client_id).values(**values))


def find(connection: Connection, organization: int, client_id: str) -> Row[*tuple[Any, ...]] | None:
    """A client's row."""
    return connection.execute(
        select(clients).where(clients.c.organization_id == organization, clients.c.id == client_id)
    ).one_or_none()


def find_by_credential(connection: Connection, organization: int, credential: str) -> Row[*tuple[Any, ...]] | None:
    """The client that a credential was given to, revoked or not."""
    return connection.execute(
        select(clients.c.id, clients.c.revoked_ms).where(
            clients.c.organization_id == organization, clients.c.credential_digest == secret_digest(credential)
        )
    ).one_or_none()


def seal_report(key: OrganizationKey, client_id: str, report: LastReport) -> bytes:
    """Seal what a collector said, bound to its client."""
    return key.seal_name(f"report of {client_id}", msgspec.json.encode(report).decode())


def open_report(key: OrganizationKey, client_id: str, sealed: bytes | None) -> LastReport:
    """What a collector last said; nothing where that is damaged, it says it anew within a minute."""
    if sealed is None:
        return LastReport()
    try:
        return msgspec.json.decode(key.open_name(f"report of {client_id}", sealed), type=LastReport)
    except Tampered:
        log.warning("stored data is damaged: client=%s part=report", client_id)
        return LastReport()


def add_event(
    tx: Connection, organization: int, client_id: str, kind: EventKind, now_ms: int, stream_ids: list[int] | None = None
) -> None:
    """Write down what happened to a client, or to some of its streams."""
    row = {"organization_id": organization, "client_id": client_id, "at_ms": now_ms, "kind": kind}
    tx.execute(insert(client_events), [row | {"stream_id": stream_id} for stream_id in stream_ids or [None]])


def acknowledge(tx: Connection, client_id: str, kind: EventKind, now_ms: int, *, undo: bool = False) -> int:
    """Take the alarm off all events of a kind, or put it on again those that were acknowledged last."""
    mine = (client_events.c.client_id == client_id, client_events.c.kind == kind)
    if undo:
        last = select(func.max(client_events.c.acknowledged_ms)).where(*mine).scalar_subquery()
        done = tx.execute(
            update(client_events).where(*mine, client_events.c.acknowledged_ms == last).values(acknowledged_ms=None)
        )
    else:
        done = tx.execute(
            update(client_events).where(*mine, client_events.c.acknowledged_ms.is_(None)).values(acknowledged_ms=now_ms)
        )
    return done.rowcount
