import subprocess
import sys

import pytest
from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import DBAPIError

from session_replay.errors import DataFolderBusy, DataFolderNewer, InvalidRequest, KeyMissing, KeyWrong, NotFound
from session_replay.store.installation import open_installation, read_installation
from session_replay.store.schema import organizations
from session_replay.vault.keys import key_encryption_key, make_key_file
from session_replay.vault.source import KeySource


@pytest.fixture
def source(tmp_path):
    return KeySource(tmp_path / "keys")


def test_a_new_folder_gets_a_key_outside_of_it(tmp_path, source):
    with open_installation(tmp_path / "data", source) as at:
        assert at.is_new
        assert at.key_file == tmp_path / "keys" / f"{at.data_id}.key"
        assert at.key_file.stat().st_mode & 0o777 == 0o600
        secret = at.key_file.read_bytes().split()[-1]
        cookie_key = at.key.cookie_key
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700
    assert all(secret not in path.read_bytes() for path in (tmp_path / "data").rglob("*"))
    with open_installation(tmp_path / "data", source) as again:
        assert not again.is_new
        assert again.key.cookie_key == cookie_key


def test_two_engines_open_alike(tmp_path, source, database_url):
    for is_new in (True, False):
        with open_installation(tmp_path / "data", source, url=database_url) as at:
            assert at.is_new is is_new
            with at.database.read() as connection:
                assert connection.execute(select(organizations.c.data_id)).scalars().all() == [at.data_id]


def test_a_second_process_is_refused(tmp_path, source):
    command = (
        "import sys; from pathlib import Path; from session_replay.store.installation import open_installation;"
        "from session_replay.vault.source import KeySource;"
        f"open_installation(Path({str(tmp_path / 'data')!r}), KeySource(Path({str(tmp_path / 'keys')!r}))).__enter__()"
    )
    with open_installation(tmp_path / "data", source):
        refused = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=False)
        assert refused.returncode == 1
        assert "DataFolderBusy" in refused.stderr
    subprocess.run([sys.executable, "-c", command], check=True)


def test_a_second_opening_in_one_process_is_refused(tmp_path, source):
    with (
        open_installation(tmp_path, source),
        pytest.raises(DataFolderBusy, match=str(tmp_path)),
        open_installation(tmp_path, source),
    ):
        pass


def test_a_missing_key_is_named_and_never_made_anew(tmp_path, source):
    with open_installation(tmp_path / "data", source) as at:
        key_file = at.key_file
    key_id = key_file.read_text().split()[1]
    key_file.unlink()
    with pytest.raises(KeyMissing, match=key_id), open_installation(tmp_path / "data", source):
        pass
    assert list((tmp_path / "keys").iterdir()) == []
    elsewhere = KeySource(tmp_path / "keys", file=tmp_path / "other.key")
    with pytest.raises(KeyMissing, match=key_id), open_installation(tmp_path / "data", elsewhere):
        pass
    assert not (tmp_path / "other.key").exists()


def test_another_key_is_refused(tmp_path, source):
    with open_installation(tmp_path / "data", source):
        pass
    with pytest.raises(KeyWrong), open_installation(tmp_path / "data", source._replace(file=_key_file(tmp_path))):
        pass
    given = source._replace(given=key_encryption_key(bytes(32)))
    with pytest.raises(KeyWrong), open_installation(tmp_path / "data", given):
        pass


def _key_file(tmp_path):
    make_key_file(tmp_path / "another.key")
    return tmp_path / "another.key"


def test_an_explicit_key_file_is_used_or_made(tmp_path, source):
    there = source._replace(file=_key_file(tmp_path))
    with open_installation(tmp_path / "a", there) as at:
        assert at.key_file == there.file
    made = source._replace(file=tmp_path / "volume" / "made.key", may_make=False)
    with open_installation(tmp_path / "b", made):
        assert made.file.exists()


def test_a_given_key_needs_no_file(tmp_path, source):
    given = source._replace(given=key_encryption_key(bytes(32)), may_make=False)
    for _ in range(2):
        with open_installation(tmp_path / "data", given) as at:
            assert at.key_file is None
    assert not (tmp_path / "keys").exists()


def test_a_container_makes_no_key_that_would_be_lost(tmp_path, source):
    with (
        pytest.raises(KeyMissing, match="SESSION_REPLAY_KEY_FILE"),
        open_installation(tmp_path / "data", source._replace(may_make=False)),
    ):
        pass
    assert not (tmp_path / "keys").exists()


def test_foreign_files_and_odd_names_are_no_hindrance(tmp_path, source):
    folder = tmp_path / "da ta?x=1%20#é"
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    with open_installation(folder, source):
        pass
    with open_installation(folder, source) as at:
        assert not at.is_new
    assert (folder / "notes.txt").read_text() == "mine"
    assert (folder / "catalogue.sqlite").exists()


def test_it_is_read_beside_its_holder_and_never_changed(tmp_path, source, database_url):
    with (
        open_installation(tmp_path / "data", source, url=database_url) as at,
        read_installation(tmp_path / "data", source, url=database_url) as beside,
    ):
        assert (beside.data_id, beside.key.cookie_key) == (at.data_id, at.key.cookie_key)
        with pytest.raises(DBAPIError, match=r"read-?only"):
            beside.database.write(lambda tx: tx.execute(delete(organizations)))
        at.database.write(lambda tx: tx.execute(update(organizations).values(created_ms=7)))
        with beside.database.read() as connection:
            assert connection.execute(select(organizations.c.created_ms)).scalar_one() == 7


def test_a_reader_makes_nothing(tmp_path, source):
    with pytest.raises(NotFound, match="holds no data"), read_installation(tmp_path / "data", source):
        pass
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "catalogue.sqlite").touch()
    with pytest.raises(NotFound, match="nothing is stored"), read_installation(tmp_path / "data", source):
        pass


@pytest.mark.parametrize(("version", "error"), [("0000", InvalidRequest), ("9999", DataFolderNewer)])
def test_a_reader_migrates_nothing(tmp_path, source, version, error):
    with open_installation(tmp_path / "data", source) as at:
        at.database.write(lambda tx: tx.execute(text("UPDATE alembic_version SET version_num = :to"), {"to": version}))
    with pytest.raises(error), read_installation(tmp_path / "data", source):
        pass


@pytest.mark.parametrize("opening", [open_installation, read_installation])
@pytest.mark.parametrize(
    "content", [b"something else", b"something else" * 100, b"SQLite format 3\0" + b"\xff" * 4_080]
)
def test_what_is_no_database_is_named(tmp_path, source, opening, content):
    catalogue = tmp_path / "catalogue.sqlite"
    catalogue.write_bytes(content)
    with pytest.raises(InvalidRequest, match=f"{catalogue} cannot be read: .*--data"), opening(tmp_path, source):
        pass
    assert catalogue.read_bytes() == content


@pytest.mark.parametrize("opening", [open_installation, read_installation])
@pytest.mark.parametrize("url", ["nonsense", "postgresql+psycopg://ada:secret@127.0.0.1:1/x", "other://ada:secret@x/y"])
def test_a_database_that_cannot_be_had_is_said_without_its_password(tmp_path, source, opening, url):
    with pytest.raises(InvalidRequest, match="SESSION_REPLAY_DATABASE") as refused, opening(tmp_path, source, url=url):
        pass
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("content", ["YWJj", "", "no base64!"])
def test_a_file_that_holds_no_key_is_named(tmp_path, source, content):
    file = tmp_path / "bad.key"
    file.write_text(content)
    with (
        pytest.raises(KeyWrong, match=f"the key file {file} holds no key: .*SESSION_REPLAY_KEY_FILE"),
        open_installation(tmp_path / "data", source._replace(file=file)),
    ):
        pass
    assert file.read_text() == content


def test_a_path_of_any_characters_is_read(tmp_path, source):
    folder = tmp_path / "a?b#c%20 d"
    with open_installation(folder, source) as at:
        data_id = at.data_id
    with read_installation(folder, source) as beside:
        assert beside.data_id == data_id
