"""Attachments: files that belong to a session and are no transcripts (spilled outputs, agents' metadata, journals)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from backports import zstd
from sqlalchemy import Connection, bindparam, delete, insert, select

from session_replay.errors import ReplayError, Tampered
from session_replay.store import streams
from session_replay.store.installation import Installation
from session_replay.store.schema import attachments
from session_replay.store.sealed import ZSTD_LEVEL
from session_replay.vault.seal import Context, seal, unseal
from session_replay.wire import TranscriptFile

ATTACHMENT_BYTES_MAX = 64 << 20

_DELETE = delete(attachments).where(
    attachments.c.client_id == bindparam("client"), attachments.c.address == bindparam("digest")
)


def attach(tx: Connection, at: Installation, client: str, session_id: str, file: TranscriptFile, raw: bytes) -> None:
    """Store a file of a session, in the place of an older version of it."""
    digest = streams.address(at.key, client, file.address)
    secret = at.session_keys.make_missing(tx, session_id)
    tx.execute(_DELETE, {"client": client, "digest": digest})
    row = {
        "organization_id": at.key.organization,
        "client_id": client,
        "address": digest,
        "sealed_path": streams.seal_path(at.key, secret, digest, file.address),
        "session_id": session_id,
        "size": len(raw),
        "file_mtime_ns": min(file.mtime_ns, 2**63 - 1),
        "sealed": seal(secret, _context(at, session_id, digest), zstd.compress(raw, ZSTD_LEVEL)),
    }
    tx.execute(insert(attachments), row)


def attachment(connection: Connection, at: Installation, client: str, path: str) -> bytes | None:
    """The bytes of a client's attachment by its path relative to the projects folder.

    Raises:
        Tampered: It is damaged.
    """
    found = found_attachments(connection, at, client, [path])
    if path not in found:
        return None
    raw = found[path]
    if raw is None:
        raise Tampered("an attachment does not open")
    return raw


def found_attachments(
    connection: Connection, at: Installation, client: str, paths: list[str]
) -> dict[str, bytes | None]:
    """The bytes of those of a client's attachments that are stored, by their paths; None of one that is damaged."""
    by_digest = {streams.address(at.key, client, path): path for path in paths}
    rows = connection.execute(
        select(attachments.c.address, attachments.c.session_id, attachments.c.sealed).where(
            attachments.c.client_id == client, attachments.c.address.in_(list(by_digest))
        )
    ).all()
    secrets, damaged = at.session_keys.find_readable(connection, [row.session_id for row in rows])
    return {
        by_digest[row.address]: _opened(at, row, secrets.get(row.session_id))
        for row in rows
        if row.session_id in secrets or row.session_id in damaged
    }


def _opened(at: Installation, row: Any, secret: bytes | None) -> bytes | None:  # noqa: ANN401 - a row
    if secret is None:
        return None
    try:
        return zstd.decompress(unseal(secret, _context(at, row.session_id, row.address), row.sealed))
    except Tampered:
        at.session_keys.tell_damage(row.session_id, "attachment")
        return None


def read_attachment(file: TranscriptFile) -> bytes:
    """The bytes of a file.

    Raises:
        OSError: It cannot be read.
        ReplayError: It is larger than ``ATTACHMENT_BYTES_MAX``.
    """
    if file.size > ATTACHMENT_BYTES_MAX:
        raise ReplayError(f"is larger than {ATTACHMENT_BYTES_MAX >> 20} MB")
    return Path(file.path).read_bytes()


def _context(at: Installation, session_id: str, digest: bytes) -> Context:
    return Context("attachment", at.key.organization, f"{session_id}/{digest.hex()}")
