import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from session_replay.errors import DataFolderNewer
from session_replay.store.database import Database
from session_replay.store.migrations import HEAD, alembic_config, migrate, upgrade
from session_replay.store.schema import metadata


@pytest.fixture
def database(database_url):
    database = Database(database_url)
    yield database
    database.close()


def test_head_is_the_newest_script():
    assert ScriptDirectory.from_config(alembic_config()).get_heads() == [HEAD]


@pytest.mark.parametrize("make", [migrate, upgrade], ids=["migrated", "made at once"])
def test_the_schema_is_the_one_that_the_code_knows(database, make):
    database.write(make)
    with database.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata) == []
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar() == HEAD


def test_conditions_of_indexes_are_migrated_too(database, new_database_url):
    """What Alembic does not compare: the same indexes as the metadata would make."""
    made = Database(new_database_url("sqlite" if database.is_sqlite else "postgresql"))
    made.write(metadata.create_all)
    database.write(migrate)
    assert _indexes(database) == _indexes(made)
    made.close()


def _indexes(database):
    query = {
        True: "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name NOT LIKE 'alembic%' ORDER BY name",
        False: "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND indexname !~ 'alembic'"
        " ORDER BY indexname",
    }[database.is_sqlite]
    with database.read() as connection:
        return [(name, sql) for name, sql in connection.execute(text(query))]


def test_upgrading_again_changes_nothing(database):
    database.write(upgrade)
    with database.read() as connection:
        before = sorted(inspect(connection).get_table_names())
    database.write(upgrade)
    with database.read() as connection:
        assert sorted(inspect(connection).get_table_names()) == before


def test_a_newer_schema_is_refused(database):
    database.write(upgrade)
    database.write(lambda tx: tx.execute(text("UPDATE alembic_version SET version_num = '9999'")))
    with pytest.raises(DataFolderNewer, match="9999"):
        database.write(upgrade)
