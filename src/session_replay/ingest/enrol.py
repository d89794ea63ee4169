"""Enrolment: a one-time token becomes a client with a credential that can only append.

Law: a credential is told once and kept as a digest; a revoked one is refused with its next request.
The same user on the same machine may redeem a token again, also at a new address: he gets a new credential
and the one before is void.  That alarms, for whoever has read the token can say that he is that user.
"""

from __future__ import annotations

import secrets
import time

from sqlalchemy import Connection

from session_replay.errors import InvalidRequest, NotFound, NotSignedIn, Revoked
from session_replay.protocol import Enrolled, Enrolment
from session_replay.store import clients
from session_replay.store.installation import Installation
from session_replay.wire import NewClient

TOKEN_PREFIX, CREDENTIAL_PREFIX = "srt_", "src_"
TOKEN_MS = 7 * 86_400_000
LABEL_CHARS_MAX = 120
NAME_CHARS_MAX = 255


def add_client(tx: Connection, at: Installation, label: str) -> NewClient:
    """Make a token for a client that is to come.

    Raises:
        InvalidRequest: The label is empty or too long.
    """
    text = checked_label(label)
    token = TOKEN_PREFIX + secrets.token_urlsafe(32)
    now_ms = _now_ms()
    label_id = at.names.numbers(tx, "client", [text])[text]
    made = clients.add_token(tx, at.key.organization, token, label_id, now_ms, now_ms + TOKEN_MS)
    return NewClient(made, text, token, now_ms + TOKEN_MS)


def redeem(tx: Connection, at: Installation, enrolment: Enrolment) -> Enrolled:
    """Make the client of a token, or give the one that redeemed it a new credential.

    Raises:
        Revoked: The token is unknown, too old, redeemed by another machine or user, or its client was revoked.
        InvalidRequest: A name is empty or too long.
    """
    organization = at.key.organization
    for name, text in (("host", enrolment.host), ("user", enrolment.user)):
        if not 0 < len(text) <= NAME_CHARS_MAX:
            raise InvalidRequest(f"{name} has 1 to {NAME_CHARS_MAX} characters")
    token = clients.find_token(tx, organization, enrolment.token)
    if token is None:
        raise Revoked("this token is not known here: ask for a new one")
    machine = at.key.digest("machine", enrolment.machine)
    now_ms = _now_ms()
    if token.client_id is None:
        if now_ms > token.expires_ms:
            raise Revoked("this token is too old: ask for a new one")
        client_id = _enter(tx, at, enrolment, now_ms)
        clients.use_token(tx, token.id, client_id, machine)
        clients.add_event(tx, organization, client_id, "enrolled", now_ms)
    else:
        if token.machine_digest != machine:
            raise Revoked("this token was redeemed by another machine: ask for a new one")
        client_id = token.client_id
        row = clients.find(tx, organization, client_id)
        if row is None or row.revoked_ms is not None:
            raise Revoked("this client was revoked: ask for a new token")
        if at.names.texts(tx, {row.user_id}) != {row.user_id: enrolment.user}:
            raise Revoked("this token was redeemed by another user: ask for a new one")
        clients.add_event(tx, organization, client_id, "enrolled-again", now_ms)
    credential = CREDENTIAL_PREFIX + secrets.token_urlsafe(32)
    clients.change(
        tx,
        client_id,
        credential_digest=clients.secret_digest(credential),
        machine_digest=machine,
        enrolled_ms=now_ms,
        **({} if token.client_id else {"label_id": token.label_id}),
    )
    return Enrolled(client_id, credential, "Local")


def _enter(tx: Connection, at: Installation, enrolment: Enrolment, now_ms: int) -> str:
    """A client of its own, or the one under which sessions of this host and user were imported before."""
    organization = at.key.organization
    host_id = at.names.numbers(tx, "host", [enrolment.host])[enrolment.host]
    user_id = at.names.numbers(tx, "user", [enrolment.user])[enrolment.user]
    known = clients.unenrolled(tx, organization, host_id, user_id)
    return known or clients.enter(tx, organization, host_id, user_id, now_ms)


def own_client(tx: Connection, at: Installation, host: str, user: str) -> str:
    """The client under which a server follows the transcripts of its own machine; never one that a collector has.

    Who runs a collector on that machine, too, has two clients: one that both spoke for would seem to be copied.
    """
    organization, now_ms = at.key.organization, _now_ms()
    host_id = at.names.numbers(tx, "host", [host])[host]
    user_id = at.names.numbers(tx, "user", [user])[user]
    known = clients.unenrolled(tx, organization, host_id, user_id, is_servers_own=True)
    own = known or clients.enter(tx, organization, host_id, user_id, now_ms)
    clients.change(tx, own, seen_ms=now_ms)  # from now on no collector takes it over
    return own


def client_of(connection: Connection, at: Installation, credential: str) -> str:
    """The client that a credential belongs to.

    Raises:
        NotSignedIn: No client has it.
        Revoked: It was taken back.
    """
    row = clients.find_by_credential(connection, at.key.organization, credential)
    if row is None:
        raise NotSignedIn("this credential is not known: enrol again with a token")
    if row.revoked_ms is not None:
        raise Revoked("this client was revoked")
    return str(row.id)


def revoke(tx: Connection, at: Installation, client_id: str, *, undo: bool = False) -> None:
    """Refuse a client from now on, or let it in again; what it sent stays.

    Raises:
        NotFound: There is no such client.
        InvalidRequest: No collector was enrolled for it.
    """
    row = clients.find(tx, at.key.organization, client_id)
    if row is None:
        raise NotFound(f"there is no client {client_id[:80]!r}")
    if row.enrolled_ms is None:
        raise InvalidRequest("this client has no collector that could be revoked: its sessions were imported here")
    clients.change(tx, client_id, revoked_ms=None if undo else _now_ms())
    if not undo:
        clients.add_event(tx, at.key.organization, client_id, "revoked", _now_ms())


def rename(tx: Connection, at: Installation, client_id: str, label: str) -> None:
    """Give a client another label; its host and user stay what they are.

    Raises:
        NotFound: There is no such client.
        InvalidRequest: The label is empty or too long.
    """
    text = checked_label(label)
    if clients.find(tx, at.key.organization, client_id) is None:
        raise NotFound(f"there is no client {client_id[:80]!r}")
    clients.change(tx, client_id, label_id=at.names.numbers(tx, "client", [text])[text])


def checked_label(label: str) -> str:
    """A label without space around it.

    Raises:
        InvalidRequest: It is empty or too long.
    """
    text = label.strip()
    if not 0 < len(text) <= LABEL_CHARS_MAX:
        raise InvalidRequest(f"a client's name has 1 to {LABEL_CHARS_MAX} characters")
    return text


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
