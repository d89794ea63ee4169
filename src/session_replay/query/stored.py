"""Where a session lies: its stream, and the key that opens it."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, select

from session_replay.errors import InvalidRequest, NotFound
from session_replay.store import streams
from session_replay.store.installation import Installation
from session_replay.store.schema import sessions
from session_replay.store.sealed import StreamKey
from session_replay.store.sessions import SessionText
from session_replay.store.streams import Stream

NAMES_SHOWN = 5


class StoredSession(NamedTuple):
    """One session's transcript.

    Attributes:
        session_id: The session.
        stream: Its file's stream, in the current generation.
        key: Opens the stream.
        entries: How many entries its own transcript has.
        sealed_text: Title, first prompt and the like, sealed.
    """

    session_id: str
    stream: Stream
    key: StreamKey
    entries: int
    sealed_text: bytes

    def text(self, at: Installation) -> SessionText:
        """Title, first prompt and the like; nothing where they are damaged."""
        return at.session_keys.open_text(self.key.secret, self.session_id, self.sealed_text) or SessionText()


def stored_session(at: Installation, connection: Connection, session_id: str) -> StoredSession:
    """Find a session's transcript.

    Raises:
        NotFound: No such session.
        Tampered: Its key does not open.
    """
    if not (session_id.isascii() and session_id.isprintable()):  # PostgreSQL refuses a NUL in a text
        raise NotFound(f"no session {session_id!r}")
    row = connection.execute(
        select(sessions.c.stream_id, sessions.c.entries, sessions.c.sealed_text).where(sessions.c.id == session_id)
    ).one_or_none()
    secret = at.session_keys.find(connection, [session_id]).get(session_id)
    if row is None or secret is None:
        raise NotFound(f"no session {session_id}")
    stream = streams.find(connection, row.stream_id)
    key = StreamKey(secret, at.key.organization, stream.id, stream.generation)
    return StoredSession(session_id, stream, key, int(row.entries), bytes(row.sealed_text))


def subagent_links(at: Installation, connection: Connection, found: StoredSession) -> dict[int, str]:
    """The subagent session that each call of a session, and its result, stands for, by ``seq``.

    A call that runs a workflow spawns several: it stands for the one that started first, named last here.
    """
    rows = connection.execute(
        select(sessions.c.spawned_by_seq, sessions.c.id)
        .where(sessions.c.parent_id == found.session_id, sessions.c.spawned_by_seq.is_not(None))
        .order_by(sessions.c.started_ms.desc(), sessions.c.id.desc())
    )
    links = {int(row.spawned_by_seq): str(row.id) for row in rows}
    if not links:
        return links
    spawns = found.text(at).spawns
    by_call = {spawn.tool_use_id: links[spawn.seq] for spawn in spawns if spawn.seq in links and spawn.tool_use_id}
    return links | {
        spawn.seq: by_call[spawn.tool_use_id]
        for spawn in spawns
        if spawn.role == "result" and spawn.tool_use_id in by_call
    }


def named_session(connection: Connection, name: str) -> str:
    """The id of the session that is meant by its id, or by the beginning of it that no other has.

    A beginning that a session shares only with its own subagent sessions means that session.

    Raises:
        NotFound: No session's id begins so.
        InvalidRequest: Several do.
    """
    hint = "ids look like 248a405e-3c0a-4b15-b76b-b43c5a3e4eed, a subagent's has a dot and its agent's id behind it"
    if not name or not (name.isascii() and name.isprintable()):
        raise NotFound(f"no session {name!r}: {hint}")
    begins = sessions.c.id.startswith(name, autoescape=True)
    # As few as show that there are several; SQLite's LIKE does not tell upper from lower case.
    nested = sessions.c.id.like(_escaped(name) + "%.%", escape="/")
    for wanted in (sessions.c.id == name, begins & ~nested, begins):
        rows = connection.execute(select(sessions.c.id).where(wanted).order_by(sessions.c.id).limit(NAMES_SHOWN + 1))
        found = [str(one) for one in rows.scalars() if str(one).startswith(name)]
        if len(found) == 1:
            return found[0]
        if found:
            shown = ", ".join(found[:NAMES_SHOWN]) + (", …" if len(found) > NAMES_SHOWN else "")
            raise InvalidRequest(f"several sessions begin with {name}: {shown}")
    raise NotFound(f"no session {name}: {hint}")


def _escaped(text: str) -> str:
    return text.replace("/", "//").replace("%", "/%").replace("_", "/_")
