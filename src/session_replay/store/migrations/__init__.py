"""Schema migrations (Alembic), run when a data folder is opened."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from session_replay.errors import DataFolderNewer, InvalidRequest, NotFound
from session_replay.store.schema import metadata

HEAD = "0004"
"""The newest revision; a test compares it with the scripts beside this file."""


def upgrade(tx: Connection) -> None:
    """Bring the schema to ``HEAD``; a new one is made at once.

    Raises:
        DataFolderNewer: A newer version of the product wrote it.
    """
    current = _current(tx)
    if current == HEAD:  # the usual case: Alembic is slow to import
        return
    if current is None and not inspect(tx).has_table("organizations"):
        _make(tx)
    else:
        migrate(tx)


def check(connection: Connection) -> None:
    """Make sure that the schema is ``HEAD``, where it may not be changed.

    Raises:
        NotFound: Nothing was ever stored there.
        InvalidRequest: It is older.
        DataFolderNewer: A newer version of the product wrote it.
    """
    current = _current(connection)
    if current is None:
        raise NotFound("nothing is stored there yet")
    if current < HEAD:
        raise InvalidRequest("an older version wrote the data: start session-replay serve on it once")
    if current > HEAD:
        raise DataFolderNewer(
            f"the data folder has schema {current}, this version knows up to {HEAD}: install the newer version"
        )


def migrate(tx: Connection) -> None:
    """Run the migrations that are missing.

    Raises:
        DataFolderNewer: A newer version of the product wrote the schema.
    """
    from alembic import command
    from alembic.util import CommandError

    current = _current(tx)
    config = alembic_config()
    config.attributes["connection"] = tx
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        if current is None:
            raise
        raise DataFolderNewer(
            f"the data folder has schema {current}, this version knows up to {HEAD}: install the newer version again"
        ) from error


def alembic_config():  # noqa: ANN201 - the type would import Alembic
    """Alembic's configuration for this package."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    return config


def _make(tx: Connection) -> None:
    """A new schema at once, without Alembic; a test compares it with what the migrations make."""
    metadata.create_all(tx)
    tx.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"))
    tx.execute(text("INSERT INTO alembic_version (version_num) VALUES (:head)"), {"head": HEAD})


def _current(tx: Connection) -> str | None:
    if not inspect(tx).has_table("alembic_version"):
        return None
    return tx.execute(text("SELECT version_num FROM alembic_version")).scalar()
