"""The chain of keys: key-encryption key → organization key → sub-keys and session keys.

The key-encryption key lies outside the data folder.  It wraps the organization key, whose HKDF
sub-keys seal names and wrap one random data key per session: destroying that wrapped key shreds
the session.  Rotation re-wraps keys and never touches content.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import secrets
from pathlib import Path
from typing import NamedTuple

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from session_replay.errors import KeyMissing, KeyWrong, Tampered
from session_replay.vault.seal import Context, seal, unseal

KEY_BYTES = 32
KEY_FILE_HEADER = "session-replay-key-1"
HMAC_BYTES = 16


class KeyEncryptionKey(NamedTuple):
    """The key at the top of the chain.

    Attributes:
        id: First 16 hex digits of the SHA-256 of the key, safe to show; kept beside what it wraps.
        secret: 32 bytes.
    """

    id: str
    secret: bytes


def key_encryption_key(secret: bytes) -> KeyEncryptionKey:
    """Name a 32-byte secret.

    Raises:
        KeyWrong: It has another length.
    """
    if len(secret) != KEY_BYTES:
        raise KeyWrong(f"a key is {KEY_BYTES} bytes, this one has {len(secret)}")
    return KeyEncryptionKey(hashlib.sha256(b"session-replay key id" + secret).hexdigest()[:16], secret)


def parse_key(text: str) -> KeyEncryptionKey:
    """Read a key as ``format_key`` writes it, or a bare base64 secret.

    Raises:
        KeyWrong: The text is no key, or its id is not that of its secret.
    """
    words = text.split()
    if not words:
        raise KeyWrong("the key is empty")
    try:
        key = key_encryption_key(base64.b64decode(words[-1], validate=True))
    except binascii.Error:
        raise KeyWrong("the key is no base64") from None
    if len(words) == 3 and (words[0] != KEY_FILE_HEADER or words[1] != key.id):  # noqa: PLR2004 - header, id, secret
        raise KeyWrong("the key's header does not fit its secret: the file is damaged")
    return key


def format_key(key: KeyEncryptionKey) -> str:
    """One line: header, id, base64 of the secret."""
    return f"{KEY_FILE_HEADER} {key.id} {base64.b64encode(key.secret).decode()}\n"


def make_key_file(path: Path) -> KeyEncryptionKey:
    """Make a new key and write it to ``path`` with mode 0600, durably; never overwrites.

    Raises:
        FileExistsError: Something lies there already.
    """
    key = key_encryption_key(os.urandom(KEY_BYTES))
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(format_key(key))
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(made, path)  # whole or not at all, and never over another one
    finally:
        made.unlink()
    _sync_folder(path.parent)
    return key


def read_key_file(path: Path) -> KeyEncryptionKey:
    """Read the key file.

    Raises:
        KeyMissing: There is none, or it may not be read.
        KeyWrong: It holds no key.
    """
    try:
        text = path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise KeyMissing(f"the key file {path} cannot be read ({error.__class__.__name__})") from error
    try:
        return parse_key(text)
    except KeyWrong as error:
        raise KeyWrong(
            f"the key file {path} holds no key: {error}. "
            "Put the right file there, or name it in SESSION_REPLAY_KEY_FILE"
        ) from error


def _sync_folder(path: Path) -> None:
    if os.name == "nt":  # Windows has no handle on a folder to sync; NTFS journals the entry
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class WrappedKey(NamedTuple):
    """An organization key as stored: only ciphertext."""

    version: int
    kek_id: str
    wrapped: bytes


class OrganizationKey:
    """One version of an organization's key, and what is done with it.

    Args:
        organization: Number of the organization.
        version: Counts rotations from 1.
        secret: 32 bytes.
    """

    def __init__(self, organization: int, version: int, secret: bytes) -> None:
        self.organization = organization
        self.version = version
        self._names_key = _sub_key(secret, b"names")
        self._index_key = _sub_key(secret, b"index")
        self._session_wrapping_key = _sub_key(secret, b"session keys")
        self._cookie_key = _sub_key(secret, b"cookies")
        self._saved_filters_key = _sub_key(secret, b"saved filters")

    def digest(self, kind: str, text: str) -> bytes:
        """Keyed 16-byte digest by which equal names are found without reading them (HMAC-SHA-256, cut)."""
        message = len(kind).to_bytes(2, "big") + kind.encode() + text.encode("utf-8", "surrogatepass")
        return hmac.digest(self._index_key, message, "sha256")[:HMAC_BYTES]

    @property
    def cookie_key(self) -> bytes:
        """Signs what browsers carry; 32 bytes."""
        return self._cookie_key

    def seal_name(self, kind: str, text: str) -> bytes:
        """Seal one value of the dictionary of names."""
        return seal(self._names_key, self._name_context(kind), text.encode("utf-8", "surrogatepass"))

    def open_name(self, kind: str, sealed: bytes) -> str:
        """Open one value of the dictionary of names.

        Raises:
            Tampered: It does not authenticate as a name of this kind and organization.
        """
        return unseal(self._names_key, self._name_context(kind), sealed).decode("utf-8", "surrogatepass")

    def seal_saved_filter(self, filter_id: str, content: bytes) -> bytes:
        """Seal what people named and saved."""
        return seal(self._saved_filters_key, self._saved_filter_context(filter_id), content)

    def open_saved_filter(self, filter_id: str, sealed: bytes) -> bytes:
        """Open a saved filter.

        Raises:
            Tampered: It does not authenticate as this filter of this organization.
        """
        return unseal(self._saved_filters_key, self._saved_filter_context(filter_id), sealed)

    def make_session_key(self, session_id: str) -> tuple[bytes, bytes]:
        """A new random data key for a session: (secret of 32 bytes, the same wrapped for storing)."""
        secret = os.urandom(KEY_BYTES)
        return secret, seal(self._session_wrapping_key, self._session_key_context(session_id), secret)

    def open_session_key(self, session_id: str, wrapped: bytes) -> bytes:
        """The data key of a session.

        Raises:
            Tampered: It was wrapped for another session or under another organization key.
        """
        return unseal(self._session_wrapping_key, self._session_key_context(session_id), wrapped)

    def _name_context(self, kind: str) -> Context:
        return Context("name", self.organization, kind, key_version=self.version)

    def _saved_filter_context(self, filter_id: str) -> Context:
        return Context("saved-filter", self.organization, filter_id, key_version=self.version)

    def _session_key_context(self, session_id: str) -> Context:
        return Context("session-key", self.organization, session_id, key_version=self.version)


def make_organization_key(kek: KeyEncryptionKey, organization: int, version: int = 1) -> WrappedKey:
    """A new random organization key, wrapped by the key-encryption key."""
    context = Context("organization-key", organization, kek.id, key_version=version)
    return WrappedKey(version, kek.id, seal(kek.secret, context, os.urandom(KEY_BYTES)))


def open_organization_key(kek: KeyEncryptionKey, organization: int, stored: WrappedKey) -> OrganizationKey:
    """Unwrap an organization key.

    Raises:
        KeyWrong: It was wrapped by another key-encryption key, whose id the message says.
    """
    if stored.kek_id != kek.id:
        raise KeyWrong(f"this data needs the key {stored.kek_id}, the one given is {kek.id}")
    context = Context("organization-key", organization, kek.id, key_version=stored.version)
    try:
        secret = unseal(kek.secret, context, stored.wrapped)
    except Tampered:
        raise KeyWrong(f"the organization key does not open with the key {kek.id}") from None
    return OrganizationKey(organization, stored.version, secret)


def _sub_key(secret: bytes, purpose: bytes) -> bytes:
    # RFC 5869; the secret is uniformly random, so no salt is needed.
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=b"session-replay " + purpose).derive(secret)
