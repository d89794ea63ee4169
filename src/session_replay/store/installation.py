"""One data folder (or database) opened with its key: what every command works on."""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import ArgumentError, DatabaseError

from session_replay.errors import DataFolderBusy, InvalidRequest, KeyMissing, NotFound
from session_replay.store.database import Database, sqlite_url
from session_replay.store.migrations import check, upgrade
from session_replay.store.names import Names
from session_replay.store.schema import organization_keys, organizations
from session_replay.store.sessions import SessionKeys
from session_replay.store.unchanged import CATALOGUE
from session_replay.vault.keys import (
    KeyEncryptionKey,
    OrganizationKey,
    WrappedKey,
    make_key_file,
    make_organization_key,
    open_organization_key,
    read_key_file,
)
from session_replay.vault.source import KeySource

LOCK = "lock"
ORGANIZATION = 1
"""The one organization of an installation, until there are several."""


class Installation(NamedTuple):
    """An opened installation.

    Attributes:
        folder: The data folder.
        data_id: Its random name, 16 hex digits.
        database: Its catalogue and sealed bytes.
        key: The organization's key.
        names: The organization's dictionary.
        session_keys: The keys of its sessions.
        key_file: Where the key lies, None when it came from the environment.
        is_new: The installation was made by this call.
    """

    folder: Path
    data_id: str
    database: Database
    key: OrganizationKey
    names: Names
    session_keys: SessionKeys
    key_file: Path | None
    is_new: bool


@contextmanager
def open_installation(folder: Path, source: KeySource, *, url: str | None = None) -> Generator[Installation]:
    """Open a data folder for this process alone, making it when it is new.

    Args:
        folder: The data folder; may hold foreign files.
        source: Where its key comes from.
        url: A PostgreSQL URL in the place of the folder's own catalogue.

    Raises:
        InvalidRequest: No folder can be made there, or the database cannot be read.
        DataFolderBusy: Another process holds it.
        KeyMissing: It is initialised and its key is not to be found; no new one is made.
        KeyWrong: The key found is another one.
        DataFolderNewer: A newer version wrote it.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidRequest(f"{folder} cannot be a data folder: {error.strerror}") from error
    with contextlib.ExitStack() as stack:
        stack.enter_context(_lock(folder))
        with _said(folder, url):
            database = Database(url or sqlite_url(folder / CATALOGUE))
            stack.callback(database.close)
            database.write(upgrade)
            with database.read() as connection:
                stored = _stored_key(connection)
        is_new = stored is None
        if stored is None:
            stored = _make(database, source)
        data_id, wrapped = stored
        kek = _key(source, data_id, wrapped)
        key = open_organization_key(kek, ORGANIZATION, wrapped)
        names, session_keys = Names(key), SessionKeys(key)
        database.on_undone(names.forget)
        database.on_undone(session_keys.forget)
        yield Installation(
            folder,
            data_id,
            database,
            key,
            names,
            session_keys,
            None if source.given else source.path(data_id),
            is_new,
        )


@contextmanager
def read_installation(folder: Path, source: KeySource, *, url: str | None = None) -> Generator[Installation]:
    """Open a data folder to read from it, also beside the process that holds it; nothing in it is made or changed.

    Raises:
        NotFound: Nothing was ever stored there.
        InvalidRequest: The database cannot be read, or an older version wrote it.
        KeyMissing: Its key is not to be found.
        KeyWrong: The key found is another one.
        DataFolderNewer: A newer version wrote it.
    """
    if url is None and not (folder / CATALOGUE).is_file():
        raise NotFound(f"{folder} holds no data: name the folder with --data")
    with contextlib.ExitStack() as stack:
        with _said(folder, url):
            database = Database(url or sqlite_url(folder / CATALOGUE), reads_only=True)
            stack.callback(database.close)
            with database.read() as connection:
                check(connection)
                stored = _stored_key(connection)
        if stored is None:
            raise NotFound(f"{folder} holds no data yet")
        data_id, wrapped = stored
        key = open_organization_key(_key(source, data_id, wrapped), ORGANIZATION, wrapped)
        key_file = None if source.given else source.path(data_id)
        yield Installation(folder, data_id, database, key, Names(key), SessionKeys(key), key_file, is_new=False)


@contextmanager
def _said(folder: Path, url: str | None) -> Generator[None]:
    """Say which database cannot be read, and what to do; never its URL, which may hold a password."""
    try:
        yield
    except ArgumentError as error:
        raise InvalidRequest(
            "SESSION_REPLAY_DATABASE is no address of a database: write postgresql+psycopg://USER@HOST/NAME"
        ) from error
    except DatabaseError as error:
        if url is not None:
            raise InvalidRequest(
                f"the database that SESSION_REPLAY_DATABASE names cannot be read: {error.orig}"
            ) from error
        raise InvalidRequest(
            f"{folder / CATALOGUE} cannot be read: {error.orig}. "
            "Put a backup of it there if it is damaged, or name another folder with --data"
        ) from error


@contextmanager
def _lock(folder: Path) -> Generator[None]:
    from filelock import FileLock, Timeout

    try:
        with FileLock(folder / LOCK, blocking=False):
            yield
    except Timeout:
        raise DataFolderBusy(f"another session-replay process holds {folder}: stop it first") from None


def _stored_key(connection: Connection) -> tuple[str, WrappedKey] | None:
    row = connection.execute(
        select(
            organizations.c.data_id,
            organization_keys.c.version,
            organization_keys.c.kek_id,
            organization_keys.c.wrapped,
        )
        .join(organization_keys, organization_keys.c.organization_id == organizations.c.id)
        .where(organizations.c.id == ORGANIZATION)
        .order_by(organization_keys.c.version.desc())
        .limit(1)
    ).one_or_none()
    return (row.data_id, WrappedKey(row.version, row.kek_id, row.wrapped)) if row else None


def _make(database: Database, source: KeySource) -> tuple[str, WrappedKey]:
    if not source.may_make and not source.given and not source.file:
        raise KeyMissing(
            "a new data folder in a container needs an explicit key: set SESSION_REPLAY_KEY_FILE to a file on a volume"
        )
    data_id = secrets.token_hex(8)
    path = source.path(data_id)
    # The key is durable before anything is sealed with it; an explicit file may hold one already.
    kek = source.given or (read_key_file(path) if path.exists() else make_key_file(path))
    wrapped = make_organization_key(kek, ORGANIZATION)
    now_ms = time.time_ns() // 1_000_000

    def enter(tx: Connection) -> None:
        tx.execute(insert(organizations).values(id=ORGANIZATION, data_id=data_id, created_ms=now_ms))
        tx.execute(
            insert(organization_keys).values(
                organization_id=ORGANIZATION,
                version=wrapped.version,
                kek_id=wrapped.kek_id,
                wrapped=wrapped.wrapped,
                created_ms=now_ms,
            )
        )

    database.write(enter)
    return data_id, wrapped


def _key(source: KeySource, data_id: str, wrapped: WrappedKey) -> KeyEncryptionKey:
    if source.given:
        return source.given
    path = source.path(data_id)
    try:
        return read_key_file(path)
    except KeyMissing as error:
        raise KeyMissing(
            f"this data was sealed with the key {wrapped.kek_id}; {error}. "
            "Put the key file back there, or name it in SESSION_REPLAY_KEY_FILE: without it nothing can be read"
        ) from error
