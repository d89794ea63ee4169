"""When the mirror is made, followed and dropped; knows threads and snapshots, nothing of columns.

A question brings the mirror up to its own snapshot before it is answered, so what was committed before it
came is in the answer; a thread does the same each second, so that a question finds little left to do.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import Connection, func, select

from session_replay.store.changes import visible_changes
from session_replay.store.database import Database
from session_replay.store.names import Names
from session_replay.store.schema import sessions
from session_replay.store.sessions import SessionKeys

if TYPE_CHECKING:
    from session_replay.query.mirror.answers import MirrorAnswers
    from session_replay.query.mirror.columns import Columns
    from session_replay.query.mirror.feed import Feed

log = logging.getLogger(__name__)

MIRRORED_FROM_SESSIONS = 2_000
"""With fewer the SQL is as quick, and the memory and start of a laptop's server are spared."""
LOOK_SECONDS = 1.0
RETRY_SECONDS = 10.0


class Mirror:
    """The mirror of one organization's sessions; safe to use from several threads.

    Args:
        names: The organization's dictionary.
        keys: Opens titles and first prompts.
        from_sessions: It is made once there are so many.
    """

    def __init__(self, names: Names, keys: SessionKeys, *, from_sessions: int = MIRRORED_FROM_SESSIONS) -> None:
        self._names = names
        self._keys = keys
        self._organization = keys.organization_key.organization
        self._from_sessions = from_sessions
        self._too_few_at = -1
        self._feed: Feed | None = None
        self._columns: Columns | None = None
        self._lock = threading.Lock()
        self._wanted = threading.Event()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, database: Database) -> None:
        """Begin to make it and to follow, in a thread."""
        self._thread = threading.Thread(target=self._run, args=(database,), name="column-mirror", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stopped.set()
        self._wanted.set()
        if self._thread:
            self._thread.join()

    @contextmanager
    def answers(self, connection: Connection, *, now_ms: int) -> Generator[MirrorAnswers | None]:
        """Its answers at the connection's snapshot, nobody else's meanwhile; None where the SQL must answer."""
        if self._columns is not None:  # looked at without the lock: nobody waits for what is being made
            with self._lock:
                columns = self._at_snapshot(connection)
                if columns is not None:
                    from session_replay.query.mirror.answers import MirrorAnswers

                    yield MirrorAnswers(columns, connection, self._organization, now_ms)
                    return
        yield None

    def _at_snapshot(self, connection: Connection) -> Columns | None:
        """The columns, brought to the snapshot; None where they are ahead of it, or were dropped."""
        columns, feed = self._columns, self._feed
        if columns is None or feed is None:
            return None
        changes = visible_changes(connection)
        if changes.last < columns.number:
            # The connection began to read before another question brought the columns further.
            return None
        if changes.last_removal > columns.number:
            # Erased is erased: nothing of it stays in memory, so all is made anew without it.
            self._drop()
            return None
        if changes.last > columns.number:
            try:
                feed.follow(connection, columns, changes.last)
            except BaseException:
                self._drop()  # half of the changes may be in them
                raise
        return columns

    def _drop(self) -> None:
        self._columns = None
        self._wanted.set()

    def _run(self, database: Database) -> None:
        while not self._stopped.is_set():
            try:
                self._look(database)
                wait = LOOK_SECONDS
            except Exception:
                log.exception("the column mirror failed; the database answers until it is made anew")
                wait = RETRY_SECONDS
            self._wanted.wait(wait)
            self._wanted.clear()

    def _look(self, database: Database) -> None:
        """Make it, or bring it up to date."""
        if self._columns is None:
            with database.read() as connection:
                self.make(connection)
            return
        with database.read() as connection, self._lock:
            self._at_snapshot(connection)

    def make(self, connection: Connection) -> None:
        """Make it from a snapshot, if there are sessions enough; questions go on meanwhile."""
        number = visible_changes(connection).last
        if number == self._too_few_at or self._count(connection) < self._from_sessions:
            self._too_few_at = number
            return
        from session_replay.query.mirror.feed import Feed

        started = time.perf_counter()
        self._feed = Feed(self._names, self._keys)
        columns = self._feed.load(connection, self._stopped.is_set)
        if columns is not None:
            log.info("mirrored %d sessions in %.1f s", columns.count, time.perf_counter() - started)
        with self._lock:
            self._columns = columns

    def _count(self, connection: Connection) -> int:
        own = sessions.c.organization_id == self._organization
        return connection.execute(select(func.count()).select_from(sessions).where(own)).scalar_one()
