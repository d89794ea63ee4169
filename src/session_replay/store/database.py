"""One writer, many readers, on SQLite or PostgreSQL.

Every write goes through one thread that commits a group of waiting writes at once: the fsync that
makes an acknowledgement true is paid once a group.  A write is a function of a transaction; it is
told about its result only after the commit.
"""

from __future__ import annotations

import logging
import queue
import sqlite3
import threading
from collections.abc import Callable, Generator
from concurrent.futures import Future
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Generic, TypeVar
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, Insert, Table, create_engine, event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import SQLAlchemyError

from session_replay.errors import ReplayError

log = logging.getLogger(__name__)

T = TypeVar("T")
Write = Callable[[Connection], T]

GROUP_WRITES_MAX = 256
READERS_MAX = 8
READ_STATEMENTS_MAX = 100
"""Compiled statements that are kept of those that read: each filter of another shape is one, and they can be large."""
SQLITE_CACHE_KIB = 16_384
WAL_PAGES = 8_000
"""Copied into the database at 32 MB, not 4: a page written often meanwhile is copied once (15 % of an import)."""
CHECKPOINT_SECONDS = 2.0
"""So long after a commit the log is copied beside the writer: at 32 MB it would else do so itself, and all who wait for
their commit with it (200 ms and more)."""


class _Waiting(Generic[T]):
    def __init__(self, write: Write[T]) -> None:
        self.write = write
        self.result: Future[T] = Future()


class Database:
    """The catalogue and the sealed bytes of one installation.

    Args:
        url: ``sqlite:///path`` or ``postgresql+psycopg://…`` as SQLAlchemy writes them.
        reads_only: The database itself refuses to change anything; another process may write it meanwhile.
    """

    def __init__(self, url: str | URL, *, reads_only: bool = False) -> None:
        self.engine = _engine(make_url(url), reads_only=reads_only)
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        self._undone: list[Callable[[], None]] = []
        self._waiting: queue.SimpleQueue[_Waiting[Any] | None] = queue.SimpleQueue()
        self._writer = threading.Thread(target=self._write_groups, name="database-writer", daemon=True)
        self._writer.start()
        self._committed = threading.Event()
        self._closed = threading.Event()
        self._checkpointer: threading.Thread | None = None

    @contextmanager
    def read(self) -> Generator[Connection]:
        """A connection with one consistent snapshot; nothing written on it is kept."""
        with self.engine.connect() as connection:
            if not self.is_sqlite:  # each statement would else see its own
                connection.execution_options(isolation_level="REPEATABLE READ")
            yield connection
            connection.rollback()

    def submit(self, write: Write[T]) -> Future[T]:
        """Queue a write; the future is done after the commit that holds it, or fails with what it raised."""
        waiting = _Waiting(write)
        self._waiting.put(waiting)
        return waiting.result

    def write(self, write: Write[T]) -> T:
        """Do a write and wait until it is durable."""
        return self.submit(write).result()

    def on_undone(self, forget: Callable[[], None]) -> None:
        """Call ``forget`` when a transaction was rolled back: what was kept in memory of it never happened."""
        self._undone.append(forget)

    def checkpoint_beside(self) -> None:
        """Copy SQLite's log into the database beside the writer from now on: no commit then waits for that.

        For who answers while they write; who only writes, as an import does, is an eighth slower with it.
        """
        if self.is_sqlite and self._checkpointer is None:
            self._checkpointer = threading.Thread(target=self._copy_log, name="database-checkpoint", daemon=True)
            self._checkpointer.start()

    def close(self) -> None:
        """Finish the queued writes and let go of the files."""
        self._waiting.put(None)
        self._writer.join()
        self._closed.set()
        self._committed.set()
        if self._checkpointer is not None:
            self._checkpointer.join()
        self.engine.dispose()

    def _write_groups(self) -> None:
        while True:
            group, last = self._next_group()
            # From here on nobody can cancel: a result that cannot be told would end this thread.
            wanted = [waiting for waiting in group if waiting.result.set_running_or_notify_cancel()]
            if wanted:
                self._commit(wanted)
            if last:
                return

    def _next_group(self) -> tuple[list[_Waiting[Any]], bool]:
        group: list[_Waiting[Any]] = []
        waiting = self._waiting.get()
        while waiting is not None:
            group.append(waiting)
            if len(group) >= GROUP_WRITES_MAX or self._waiting.empty():
                return group, False
            waiting = self._waiting.get()
        return group, True

    def _commit(self, group: list[_Waiting[Any]]) -> None:
        try:
            with self._transaction() as tx:
                results = [waiting.write(tx) for waiting in group]
        except BaseException as error:  # noqa: BLE001 - whatever a write raises belongs to who asked for it
            for forget in self._undone:
                forget()
            if len(group) == 1:
                group[0].result.set_exception(error)
                return
            # One of them failed and took the others with it: each again, in a transaction of its own.
            for waiting in group:
                self._commit([waiting])
            return
        for waiting, result in zip(group, results, strict=True):
            waiting.result.set_result(result)
        self._committed.set()

    def _copy_log(self) -> None:
        """Copy what was committed from the log into the database, without holding up the writer."""
        while self._committed.wait() and not self._closed.wait(CHECKPOINT_SECONDS):
            self._committed.clear()
            try:
                # A checkpoint is taken outside of any transaction.
                with closing(self.engine.raw_connection()) as connection:
                    connection.cursor().execute("PRAGMA wal_checkpoint(PASSIVE)")
            except (sqlite3.Error, SQLAlchemyError) as error:  # a full disk, or readers without end: the log stays
                log.warning("the log cannot be copied into the database yet: %s", error)

    @contextmanager
    def _transaction(self) -> Generator[Connection]:
        # A deferred transaction that reads first cannot be upgraded once another process wrote.
        with self.engine.connect().execution_options(begin="BEGIN IMMEDIATE") as tx, tx.begin():
            yield tx


def sqlite_url(path: Path) -> URL:
    """The URL of a SQLite file; the path may hold any characters."""
    return URL.create("sqlite", database=str(path))


def insert_missing(tx: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    """Insert the rows whose key is not there yet; leave the others as they are."""
    if rows:
        tx.execute(_insert_missing(table, tx.dialect.name), rows)


def insert_if_missing(tx: Connection, table: Table, row: dict[str, Any]) -> bool:
    """Insert a row unless its key is there already; returns whether it was inserted."""
    return tx.execute(_insert_missing(table, tx.dialect.name), row).rowcount == 1


@cache
def _insert_missing(table: Table, dialect: str) -> Insert:
    statement = (sqlite if dialect == "sqlite" else postgresql).insert(table).on_conflict_do_nothing()
    return statement.execution_options(preserve_rowcount=True)


def _engine(url: URL, *, reads_only: bool) -> Engine:
    options: dict[str, Any] = {"pool_size": READERS_MAX}
    connecting: dict[str, Any] = {}
    if reads_only:
        options["query_cache_size"] = READ_STATEMENTS_MAX
    if url.get_backend_name() != "sqlite":
        if reads_only:
            connecting["options"] = "-c default_transaction_read_only=on"
        return create_engine(url, pool_pre_ping=True, connect_args=connecting, **options)
    connecting["check_same_thread"] = False
    if reads_only:
        connecting["cached_statements"] = READ_STATEMENTS_MAX
        # A plain connection that is the last to close would move the log into the file.
        path = quote(str(Path(url.database or "").absolute()))
        url = URL.create("sqlite", database=f"file:{path}", query={"mode": "ro", "uri": "true"})
    # The connection used last has the pages in its cache: one warm cache in the place of many.
    engine = create_engine(url, pool_use_lifo=True, connect_args=connecting, **options)
    if sqlite3.sqlite_version_info < (3, 35):
        raise ReplayError(f"SQLite {sqlite3.sqlite_version} is too old, 3.35 is needed")

    @event.listens_for(engine, "connect")
    def prepare(connection: DBAPIConnection, _record: object) -> None:
        # The driver must not open transactions by itself: reads and writes begin in different ways.
        connection.isolation_level = None
        cursor = connection.cursor()
        if not reads_only:
            cursor.execute("PRAGMA journal_mode=WAL")
            cursor.execute("PRAGMA synchronous=FULL")
            cursor.execute(f"PRAGMA wal_autocheckpoint={WAL_PAGES}")
            cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute("PRAGMA busy_timeout=30000")
        cursor.execute(f"PRAGMA cache_size=-{SQLITE_CACHE_KIB}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))

    return engine
