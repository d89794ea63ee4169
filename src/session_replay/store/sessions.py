"""Sessions as stored: figures in clear, texts sealed under the session's own key."""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection, bindparam, select

from session_replay.store.database import insert_if_missing
from session_replay.store.schema import session_keys
from session_replay.transcript.session import Spawn
from session_replay.vault.keys import OrganizationKey
from session_replay.vault.seal import Context, seal, unseal


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

    def forget(self) -> None:
        """Drop what was kept of a transaction that was undone."""
        self._opened.clear()

    def make_missing(self, tx: Connection, session_id: str) -> bytes:
        """The session's key, made when it has none yet."""
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
        """The keys of these sessions; one whose key was destroyed is left out."""
        # A dictionary of its own: what is kept in memory may be dropped by another thread at any moment.
        kept = ((session_id, self._opened.get(session_id)) for session_id in session_ids)
        found = {session_id: secret for session_id, secret in kept if secret is not None}
        missing = [session_id for session_id in session_ids if session_id not in found]
        if missing:
            rows = connection.execute(_WRAPPED, {"session_ids": missing})
            opened = {row.session_id: self.organization_key.open_session_key(*row) for row in rows}
            self._keep(opened)
            found |= opened
        return found

    def _keep(self, opened: dict[str, bytes]) -> None:
        if len(self._opened) + len(opened) > self.KEPT_MAX:
            self._opened.clear()
        self._opened.update(opened)

    def seal_text(self, secret: bytes, session_id: str, text: SessionText) -> bytes:
        """Seal a session's words under its key."""
        return seal(secret, self._text_context(session_id), _encode(text))

    def open_text(self, secret: bytes, session_id: str, sealed: bytes) -> SessionText:
        """Open a session's words.

        Raises:
            Tampered: They do not authenticate as this session's.
        """
        return _decode(unseal(secret, self._text_context(session_id), sealed))

    def _text_context(self, session_id: str) -> Context:
        return Context("text", self.organization_key.organization, session_id)
