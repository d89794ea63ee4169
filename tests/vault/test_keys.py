import base64
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from session_replay.errors import KeyMissing, KeyWrong, Tampered
from session_replay.vault.keys import (
    OrganizationKey,
    WrappedKey,
    format_key,
    key_encryption_key,
    make_key_file,
    make_organization_key,
    open_organization_key,
    parse_key,
    read_key_file,
)

KEK = key_encryption_key(bytes(range(32)))


@pytest.fixture
def key():
    return OrganizationKey(1, 1, bytes(32))


def test_a_key_file_is_private_durable_and_read_back(tmp_path):
    path = tmp_path / "new" / "folder" / "a.key"
    old_mask = os.umask(0)
    try:
        made = make_key_file(path)
    finally:
        os.umask(old_mask)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert read_key_file(path) == made
    assert path.read_text().split() == ["session-replay-key-1", made.id, base64.b64encode(made.secret).decode()]


def test_a_key_file_is_never_overwritten(tmp_path):
    path = tmp_path / "a.key"
    path.write_text("precious")
    with pytest.raises(FileExistsError):
        make_key_file(path)
    assert path.read_text() == "precious"


def test_a_missing_key_file_says_which(tmp_path):
    with pytest.raises(KeyMissing, match="nothing-here"):
        read_key_file(tmp_path / "nothing-here.key")
    (tmp_path / "folder").mkdir()
    with pytest.raises(KeyMissing):
        read_key_file(tmp_path / "folder")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("a b c d", "base64"),
        ("not base64!", "base64"),
        (base64.b64encode(bytes(31)).decode(), "31"),
        (format_key(KEK).replace(KEK.id, "0" * 16), "damaged"),
        (format_key(KEK).replace("key-1", "key-2"), "damaged"),
    ],
)
def test_what_is_no_key_is_refused_in_words(text, words):
    with pytest.raises(KeyWrong, match=words):
        parse_key(text)


@given(st.binary(min_size=32, max_size=32))
def test_a_key_survives_being_written(secret):
    key = key_encryption_key(secret)
    assert parse_key(format_key(key)) == key == parse_key(base64.b64encode(secret).decode())
    assert base64.b64encode(secret).decode() not in key.id


def test_the_organization_key_opens_with_its_own_key_only():
    stored = make_organization_key(KEK, 1)
    opened = open_organization_key(KEK, 1, stored)
    assert opened.open_name("host", open_organization_key(KEK, 1, stored).seal_name("host", "x")) == "x"
    other = key_encryption_key(bytes(32))
    with pytest.raises(KeyWrong, match=f"{KEK.id}.*{other.id}"):
        open_organization_key(other, 1, stored)
    for wrong in (
        WrappedKey(2, stored.kek_id, stored.wrapped),
        WrappedKey(1, stored.kek_id, stored.wrapped[:-1]),
        WrappedKey(1, stored.kek_id, stored.wrapped[:-1] + bytes([stored.wrapped[-1] ^ 1])),
    ):
        with pytest.raises(KeyWrong):
            open_organization_key(KEK, 1, wrong)
    with pytest.raises(KeyWrong):
        open_organization_key(KEK, 2, stored)
    with pytest.raises(KeyWrong, match=other.id):
        open_organization_key(KEK, 1, stored._replace(kek_id=other.id))


def test_a_session_key_opens_for_its_session_only(key):
    secret, wrapped = key.make_session_key("a")
    assert key.open_session_key("a", wrapped) == secret
    assert secret not in wrapped
    assert key.make_session_key("a")[0] != secret
    for wrong in (OrganizationKey(2, 1, bytes(32)), OrganizationKey(1, 2, bytes(32)), OrganizationKey(1, 1, b"1" * 32)):
        with pytest.raises(Tampered):
            wrong.open_session_key("a", wrapped)
    with pytest.raises(Tampered):
        key.open_session_key("b", wrapped)


@given(st.sampled_from(["host", "user"]), st.text(st.characters(), max_size=20))
def test_names_open_as_their_kind_only(kind, text):
    key = OrganizationKey(1, 1, bytes(32))
    sealed = key.seal_name(kind, text)
    assert key.open_name(kind, sealed) == text
    with pytest.raises(Tampered):
        key.open_name("tool", sealed)


def test_digests_tell_kinds_organizations_keys_and_texts_apart(key):
    digests = [
        key.digest("host", "ada"),
        key.digest("user", "ada"),
        key.digest("hos", "tada"),  # the same letters, cut elsewhere
        key.digest("host", "Ada"),
        OrganizationKey(1, 1, b"1" * 32).digest("host", "ada"),
    ]
    assert len(set(digests)) == len(digests)
    assert {len(digest) for digest in digests} == {16}
    assert key.digest("host", "ada") == digests[0]
