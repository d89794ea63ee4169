"""The dictionary of names: each distinct host, user, project, branch, model or tool is one sealed value with a number.

Filters run on the numbers; suggestions are opened from here.  Equal names are found by a keyed digest.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Literal

from sqlalchemy import Connection, select

from session_replay.errors import Tampered
from session_replay.store.database import insert_missing
from session_replay.store.schema import names
from session_replay.vault.keys import OrganizationKey

log = logging.getLogger(__name__)

NameKind = Literal[
    "host", "user", "client", "project", "git_branch", "model", "tool", "client_version", "permission_mode"
]
NAME_BYTES_MAX = 4_096


class Names:
    """Reads and writes the dictionary of one organization; keeps opened values in memory."""

    def __init__(self, key: OrganizationKey) -> None:
        self._key = key
        self._opened: dict[int, str] = {}
        self._damaged: set[int] = set()
        self._numbers: dict[tuple[str, str], int] = {}

    def forget(self) -> None:
        """Drop what was kept of a transaction that was undone."""
        self._opened.clear()
        self._numbers.clear()

    def numbers(self, tx: Connection, kind: NameKind, values: Iterable[str]) -> dict[str, int]:
        """The number of each value, which is entered where it is new."""
        cut = {value: value.encode("utf-8", "replace")[:NAME_BYTES_MAX].decode("utf-8", "ignore") for value in values}
        new = {text for text in cut.values() if (kind, text) not in self._numbers}
        if new:
            self._enter(tx, kind, {text: self._key.digest(kind, text) for text in new})
        return {value: self._numbers[kind, text] for value, text in cut.items()}

    def all(self, connection: Connection, kind: NameKind) -> dict[int, str]:
        """Every value of one kind by its number."""
        rows = connection.execute(
            select(names.c.id, names.c.sealed).where(
                names.c.organization_id == self._key.organization, names.c.kind == kind
            )
        )
        return {number: self._open(number, kind, sealed) for number, sealed in rows}

    def texts(self, connection: Connection, numbers: Iterable[int]) -> dict[int, str]:
        """The values of these numbers; in the place of a damaged one, words that say so and that no other has."""
        # A dictionary of its own: what is kept in memory may be dropped by another thread at any moment.
        wanted = set(numbers)
        kept = ((number, self._opened.get(number)) for number in wanted)
        found = {number: text for number, text in kept if text is not None}
        unopened = [number for number in wanted if number not in found]
        if unopened:
            rows = connection.execute(select(names.c.id, names.c.kind, names.c.sealed).where(names.c.id.in_(unopened)))
            found |= {number: self._open(number, kind, sealed) for number, kind, sealed in rows}
        return found

    def damaged(self, numbers: Iterable[int]) -> set[int]:
        """Those of ``texts`` that were found damaged."""
        return self._damaged.intersection(numbers)

    def _open(self, number: int, kind: str, sealed: bytes) -> str:
        text = self._opened.get(number)
        if text is None:
            text = self._opened[number] = self._opened_name(number, kind, sealed)
        return text

    def _opened_name(self, number: int, kind: str, sealed: bytes) -> str:
        try:
            return self._key.open_name(kind, sealed)
        except Tampered:
            return self._damaged_name(number, kind)

    def _damaged_name(self, number: int, kind: str) -> str:
        if number not in self._damaged:
            self._damaged.add(number)
            log.error("stored data is damaged: name=%d kind=%s", number, kind)
        return f"[damaged {kind.replace('_', ' ')} {number}]"

    def _enter(self, tx: Connection, kind: NameKind, digests: dict[str, bytes]) -> None:
        known = self._known(tx, kind, list(digests.values()))
        missing = {text: digest for text, digest in digests.items() if digest not in known}
        if missing:
            insert_missing(
                tx,
                names,
                [
                    {
                        "organization_id": self._key.organization,
                        "kind": kind,
                        "digest": digest,
                        "sealed": self._key.seal_name(kind, text),
                    }
                    for text, digest in missing.items()
                ],
            )
            known |= self._known(tx, kind, list(missing.values()))
        self._numbers.update(((kind, text), known[digest]) for text, digest in digests.items())

    def _known(self, tx: Connection, kind: NameKind, digests: list[bytes]) -> dict[bytes, int]:
        rows = tx.execute(
            select(names.c.digest, names.c.id).where(
                names.c.organization_id == self._key.organization, names.c.kind == kind, names.c.digest.in_(digests)
            )
        )
        return {row.digest: row.id for row in rows}
