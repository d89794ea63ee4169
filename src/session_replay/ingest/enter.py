"""Files found → streams and sessions entered: who they belong to, and under which id.

A main session's id is its file name's UUID (else a uuid5 of its address); a second file of that name
gets a suffix made of its address.  A subagent session's id is its parent's id, a dot, and its agent id.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, exists, insert, or_, select

from session_replay.ingest.link import leave_unlinked
from session_replay.store import streams
from session_replay.store.attachments import attach
from session_replay.store.clients import client_of_owner
from session_replay.store.installation import Installation
from session_replay.store.schema import attachments, sessions
from session_replay.store.sessions import SessionText
from session_replay.store.streams import Stream
from session_replay.wire import TranscriptFile

_NAMESPACE = uuid.UUID("6f0f3f58-7b0a-5c4e-9d59-6f6f3a0c6b1e")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
_NOT_IN_IDS = re.compile(r"[^A-Za-z0-9_-]")
# Made once: building a statement costs more than executing it, and these run for every file.
_EXISTS = select(sessions.c.id).where(sessions.c.id == bindparam("wanted"))
_IS_TAKEN = select(
    or_(
        exists().where(sessions.c.id == bindparam("wanted")),
        exists().where(sessions.c.root_id == bindparam("wanted"), sessions.c.client_id != bindparam("client")),
        exists().where(attachments.c.session_id == bindparam("wanted"), attachments.c.client_id != bindparam("client")),
    )
)

AGENT_ID_CHARS_MAX = 200
ID_CHARS_MAX = 360
"""The column holds 400: enough for the suffix of a second file of the same name."""


class Entered(NamedTuple):
    """A transcript with the stream that it is kept in."""

    file: TranscriptFile
    stream: Stream


class Registry:
    """Enters files of one organization.

    Args:
        installation: Where to.
    """

    def __init__(self, installation: Installation) -> None:
        self._at = installation
        self._clients: dict[tuple[str, str], str] = {}
        installation.database.on_undone(self._clients.clear)

    def client(self, host: str, user: str, now_ms: int) -> str:
        """The client of a host and user, entered where it is new."""
        known = self._clients.get((host, user))
        return known or self._at.database.write(lambda tx: self._client(tx, host, user, now_ms))

    def _client(self, tx: Connection, host: str, user: str, now_ms: int) -> str:
        known = self._clients.get((host, user))
        if known is not None:
            return known
        names = self._at.names
        host_id = names.numbers(tx, "host", [host])[host]
        user_id = names.numbers(tx, "user", [user])[user]
        client = client_of_owner(tx, self._at.key.organization, host_id, user_id, now_ms)
        self._clients[host, user] = client
        return client

    def enter(self, tx: Connection, files: list[TranscriptFile], now_ms: int) -> list[Entered]:
        """The stream of each transcript, entered with an empty session where it is new.

        Main transcripts come before subagents, so that these find their parent.
        """
        entered: list[Entered] = []
        for file in sorted(files, key=lambda file: (file.kind != "main", file.address)):
            client = self._client(tx, file.host, file.user, now_ms)
            entered.append(Entered(file, self.stream(tx, client, file, now_ms)))
        return entered

    def main_session(self, tx: Connection, client: str, file: TranscriptFile) -> str:
        """The id of the main session that a subagent's file or an attachment belongs to, stored or not."""
        session = file.session
        if session is None:
            return _id_of_name(None, file.address)
        # A subagent's file lies in its session's folder (client 2.1) or beside its session's file (client 2.0).
        project, inside, _ = file.address.partition(f"/{session}/")
        if not inside:
            project = file.address.rpartition("/")[0]
        main = f"{project}/{session}.jsonl" if project else f"{session}.jsonl"
        digest = streams.address(self._at.key, client, main)
        stream = streams.find_by_address(tx, client, digest)
        return stream.session_id if stream else _main_id(tx, client, digest, _id_of_name(session, main))

    def stream(self, tx: Connection, client: str, file: TranscriptFile, now_ms: int) -> Stream:
        """The stream of a client's transcript, entered with an empty session where it is new."""
        digest = streams.address(self._at.key, client, file.address)
        found = streams.find_by_address(tx, client, digest)
        if found:
            return found
        if file.kind == "main":
            root_id = None
            session_id = _main_id(tx, client, digest, _id_of_name(file.session, file.address))
        else:
            root_id = self.main_session(tx, client, file)
            session_id = _free_id(tx, _id_of_agent(root_id, file.agents or (file.agent_id or "agent",)))
        secret = self._at.session_keys.make_missing(tx, session_id)
        place = streams.place(self._at.key, secret, client, file.address)
        stream = streams.enter(tx, self._at.key.organization, client, place, session_id, now_ms)
        parent_id = root_id and tx.execute(_EXISTS, {"wanted": root_id}).scalar()
        tx.execute(insert(sessions), [self._empty_session(stream, secret, root_id, parent_id, file)])
        return stream

    def attach(self, tx: Connection, client: str, file: TranscriptFile, raw: bytes) -> str:
        """Store a file that belongs to a session; returns the id of the main session."""
        root_id = self.main_session(tx, client, file)
        attach(tx, self._at, client, root_id, file, raw)
        if file.address.endswith(".meta.json"):  # what it says of a subagent is for the tree
            leave_unlinked(tx, root_id)
        return root_id

    def _empty_session(
        self, stream: Stream, secret: bytes, root_id: str | None, parent_id: str | None, file: TranscriptFile
    ) -> dict[str, Any]:
        mtime_ms = file.mtime_ns // 1_000_000
        row: dict[str, Any] = {
            column.name: 0 for column in sessions.columns if not column.nullable and column.default is None
        }
        return (
            row
            | {
                "id": stream.session_id,
                "organization_id": self._at.key.organization,
                "stream_id": stream.id,
                "client_id": stream.client_id,
                "root_id": root_id or stream.session_id,
                "parent_id": parent_id,  # until it is linked to the one that spawned it
                "agent_id": file.agent_id and _readable(file.agent_id)[:AGENT_ID_CHARS_MAX],
                "orphan": root_id is not None and parent_id is None,
                "warmup": False,
                "to_be_linked": True,
                "sealed_text": self._at.session_keys.seal_text(secret, stream.session_id, SessionText()),
                "started_ms": mtime_ms,
                "ended_ms": mtime_ms,
                "grown_ms": mtime_ms,
            }
        )


def _id_of_name(session: str | None, address: str) -> str:
    found = _UUID.search(session or "")
    return found[0].lower() if found else str(uuid.uuid5(_NAMESPACE, _readable(address)))


def _id_of_agent(root_id: str, agents: Sequence[str]) -> str:
    """The ids of all agents down to this one; of the last one only where they are too long together."""
    names = [_NOT_IN_IDS.sub("_", agent)[:100] for agent in agents]
    wanted = ".".join([root_id, *names])
    return wanted if len(wanted) <= ID_CHARS_MAX else f"{root_id}.{names[-1]}"


def _readable(name: str) -> str:
    """A file's name as text that can be encoded: what is no UTF-8 is written with backslashes."""
    return name.encode("utf-8", "surrogatepass").decode("utf-8", "backslashreplace")


def _main_id(tx: Connection, client: str, digest: bytes, wanted: str) -> str:
    """The id of a main session by its file's address; the same whether the file or what belongs to it comes first."""
    return f"{wanted}~{digest.hex()[:8]}" if _is_taken(tx, client, wanted) else wanted


def _is_taken(tx: Connection, client: str, session_id: str) -> bool:
    """Whether another file has this id, or what belongs to another client's file waits under it."""
    return bool(tx.execute(_IS_TAKEN, {"wanted": session_id, "client": client}).scalar_one())


def _free_id(tx: Connection, wanted: str) -> str:
    candidate, number = wanted, 1
    while tx.execute(_EXISTS, {"wanted": candidate}).first():
        number += 1
        candidate = f"{wanted}~{number}"
    return candidate
