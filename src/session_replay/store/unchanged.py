"""Is there anything to do?  Answered without the database toolkit, whose import alone costs more than the answer.

Reads the embedded catalogue with the standard library's ``sqlite3``, the same library that the
toolkit uses underneath, so the file's locks stay sound.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from session_replay.errors import KeyMissing, ReplayError
from session_replay.vault.keys import OrganizationKey, WrappedKey, open_organization_key, read_key_file
from session_replay.vault.source import KeySource
from session_replay.wire import TranscriptFile

CATALOGUE = "catalogue.sqlite"


TOTALS = """
SELECT count(*) FILTER (WHERE parent_id IS NULL AND NOT orphan),
 count(*) FILTER (WHERE parent_id IS NOT NULL OR orphan),
 coalesce(sum(entries), 0), coalesce(sum(lines), 0), coalesce(sum(lines_with_entries), 0),
 coalesce(sum(damaged_lines), 0) FROM sessions
"""


class Totals(NamedTuple):
    """Of everything that is stored, as ``TOTALS`` counts it."""

    sessions: int
    """Main ones, as the page lists them."""
    subagent_sessions: int
    entries: int
    lines: int
    lines_with_entries: int
    damaged_lines: int


def totals_of_unchanged(
    folder: Path, source: KeySource, files: Iterable[TranscriptFile], parser_version: int
) -> Totals | None:
    """What is stored, where all files look as they did when they were stored, and everything stored was read.

    None also when it cannot be told: then the long way has to find out, and say what is wrong.
    """
    catalogue = folder / CATALOGUE
    if not catalogue.exists():
        return None
    try:
        connection = sqlite3.connect(f"{catalogue.as_uri()}?mode=ro", uri=True)
    except sqlite3.Error:
        return None
    try:
        key = _key(connection, source)
        pending = (
            "SELECT EXISTS (SELECT 1 FROM streams WHERE parsed_to < length OR parser_version != ?)"
            " OR EXISTS (SELECT 1 FROM sessions WHERE to_be_linked)"
        )
        if connection.execute(pending, (parser_version,)).fetchone()[0] or not _all_known(connection, key, files):
            return None
        return Totals(*connection.execute(TOTALS).fetchone())
    except (sqlite3.Error, ReplayError):
        return None
    finally:
        connection.close()


def _key(connection: sqlite3.Connection, source: KeySource) -> OrganizationKey:
    row = connection.execute(
        "SELECT data_id, organization_id, version, kek_id, wrapped FROM organizations"
        " JOIN organization_keys ON organization_id = id ORDER BY version DESC"
    ).fetchone()
    if row is None:
        raise KeyMissing("the data folder was not made whole")
    data_id, organization, version, kek_id, wrapped = row
    kek = source.given or read_key_file(source.path(data_id))
    return open_organization_key(kek, organization, WrappedKey(version, kek_id, wrapped))


def _all_known(connection: sqlite3.Connection, key: OrganizationKey, files: Iterable[TranscriptFile]) -> bool:
    looks: dict[tuple[str, str], tuple[str, dict[bytes, tuple[int, int]]]] = {}
    for file in files:
        owner = (file.host, file.user)
        if owner not in looks:
            looks[owner] = _looks(connection, key, *owner)
        client, known = looks[owner]
        # The address is computed as in ``streams.address``; a test compares the two.
        if known.get(key.digest("path", f"{client}\0{file.address}")) != (file.size, file.mtime_ns):
            return False
    return True


def _looks(
    connection: sqlite3.Connection, key: OrganizationKey, host: str, user: str
) -> tuple[str, dict[bytes, tuple[int, int]]]:
    client = connection.execute(
        "SELECT clients.id FROM clients JOIN names h ON h.id = host_id JOIN names u ON u.id = user_id"
        " WHERE h.digest = ? AND u.digest = ?",
        (key.digest("host", host), key.digest("user", user)),
    ).fetchone()
    if client is None:
        return "", {}
    rows = connection.execute(
        "SELECT address, file_size, file_mtime_ns FROM streams WHERE client_id = ?1"
        " UNION ALL SELECT address, size, file_mtime_ns FROM attachments WHERE client_id = ?1",
        client,
    )
    return client[0], {address: (size, mtime) for address, size, mtime in rows}
