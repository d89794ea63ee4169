"""Sessions as stored: figures in clear, texts sealed under the session's own key."""

from __future__ import annotations

import logging

import msgspec
from sqlalchemy import Connection, bindparam, select

from session_replay.errors import Tampered
from session_replay.store.database import insert_if_missing
from session_replay.store.schema import session_keys
from session_replay.transcript.session import Spawn
from session_replay.vault.keys import OrganizationKey
from session_replay.vault.seal import Context, seal, unseal

log = logging.getLogger(__name__)


class SessionText(msgspec.Struct):
    """What a session says about itself in words; sealed as one value."""

    title: str | None = None
    first_prompt: str | None = None
    agent_type: str | None = None
    description: str | None = None
    first_user_text_hash: str | None = None
    spawns: list[Spawn] = []


# Made once: building a statement costs more than executing it.
_WRAPPED = select(session_keys.c.session_id, session_keys.c.wrapped).where(
    session_keys.c.session_id.in_(bindparam("session_ids", expanding=True))
)

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(SessionText).decode


class SessionKeys:
    """The data keys of one organization's sessions, opened on demand and kept in memory."""

    KEPT_MAX = 50_000

    def __init__(self, key: OrganizationKey) -> None:
        self.organization_key = key
        self._opened: dict[str, bytes] = {}
        self._told: set[str] = set()

    def forget(self) -> None:
        """Drop what was kept of a transaction that was undone."""
        self._opened.clear()

    def make_missing(self, tx: Connection, session_id: str) -> bytes:
        """The session's key, made when it has none yet.

        Raises:
            Tampered: It has one that does not open.
        """
        found = self.find(tx, [session_id]).get(session_id)
        if found is not None:
            return found
        made, wrapped = self.organization_key.make_session_key(session_id)
        row = {"session_id": session_id, "key_version": self.organization_key.version, "wrapped": wrapped}
        if insert_if_missing(tx, session_keys, row):
            self._keep({session_id: made})
            return made
        # Another process was faster, and only the stored key can be opened again.
        return self.find(tx, [session_id])[session_id]

    def find(self, connection: Connection, session_ids: list[str]) -> dict[str, bytes]:
        """The keys of these sessions; one whose key was destroyed is left out.

        Raises:
            Tampered: One does not open.
        """
        found, damaged = self.find_readable(connection, session_ids)
        if damaged:
            raise Tampered(f"the key of session {min(damaged)} does not open")
        return found

    def find_readable(self, connection: Connection, session_ids: list[str]) -> tuple[dict[str, bytes], set[str]]:
        """The keys of these sessions that open, and the sessions whose keys are damaged."""
        # A dictionary of its own: what is kept in memory may be dropped by another thread at any moment.
        kept = ((session_id, self._opened.get(session_id)) for session_id in session_ids)
        found = {session_id: secret for session_id, secret in kept if secret is not None}
        missing = [session_id for session_id in session_ids if session_id not in found]
        if missing:
            rows = connection.execute(_WRAPPED, {"session_ids": missing})
            wrapped = {row.session_id: bytes(row.wrapped) for row in rows}
            opened = {session_id: self.open_key(session_id, key) for session_id, key in wrapped.items()}
            readable = {session_id: secret for session_id, secret in opened.items() if secret is not None}
            self._keep(readable)
            return found | readable, opened.keys() - readable.keys()
        return found, set()

    def open_key(self, session_id: str, wrapped: bytes) -> bytes | None:
        """A session's key, which is not kept; None where it is damaged."""
        try:
            return self.organization_key.open_session_key(session_id, wrapped)
        except Tampered:
            self.tell_damage(session_id, "key")
            return None

    def tell_damage(self, session_id: str, part: str) -> None:
        """Say in the log that a part of what is stored of a session does not open; once for each session."""
        if session_id not in self._told:
            self._told.add(session_id)
            log.error("stored data is damaged: session=%s part=%s", session_id, part)

    def _keep(self, opened: dict[str, bytes]) -> None:
        if len(self._opened) + len(opened) > self.KEPT_MAX:
            self._opened.clear()
        self._opened.update(opened)

    def seal_text(self, secret: bytes, session_id: str, text: SessionText) -> bytes:
        """Seal a session's words under its key."""
        return seal(secret, self._text_context(session_id), _encode(text))

    def open_text(self, secret: bytes, session_id: str, sealed: bytes) -> SessionText | None:
        """Open a session's words; None where they are damaged."""
        try:
            return _decode(unseal(secret, self._text_context(session_id), sealed))
        except Tampered:
            self.tell_damage(session_id, "text")
            return None

    def _text_context(self, session_id: str) -> Context:
        return Context("text", self.organization_key.organization, session_id)
