"""Saved filters as stored: a name and a filter say what people look for, so both are sealed.

The law: a name, compared without upper and lower case, stands for one filter of an organization; the
database itself holds that, by a keyed digest of the name.
"""

from __future__ import annotations

import secrets
import unicodedata
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from session_replay.errors import InvalidRequest, NameTaken, NotFound
from session_replay.store.schema import saved_filters
from session_replay.vault.keys import OrganizationKey

NAME_CHARACTERS_MAX = 80
FILTERS_MAX = 200


class SavedFilter(msgspec.Struct, frozen=True):
    """What is sealed of a saved filter.

    Attributes:
        name: 1 to 80 characters, see ``checked_name``.
        filter: As it was written, in the shape of the ``filter`` parameter.
        sort: Order of the list.
    """

    name: str
    filter: dict[str, Any]
    sort: str


class StoredFilter(msgspec.Struct, frozen=True):
    """A saved filter with what is stored in clear: its random id and when it was made."""

    id: str
    created_ms: int
    saved: SavedFilter


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(SavedFilter).decode


def checked_name(written: str) -> str:
    """The name as it is kept: NFC, runs of white space as one space, none at the ends.

    Raises:
        InvalidRequest: It is empty, too long, or holds what nobody can see or type.
    """
    name = " ".join(unicodedata.normalize("NFC", written).split())
    if not 1 <= len(name) <= NAME_CHARACTERS_MAX:
        raise InvalidRequest(f"the name of a saved filter has 1 to {NAME_CHARACTERS_MAX} characters, not {len(name)}")
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in name):
        raise InvalidRequest("the name of a saved filter holds a control character")
    return name


class SavedFilters:
    """Reads and writes the saved filters of one organization.

    Args:
        key: Seals and opens them.
    """

    def __init__(self, key: OrganizationKey) -> None:
        self._key = key
        self._own = saved_filters.c.organization_id == key.organization

    def all(self, connection: Connection) -> list[StoredFilter]:
        """Every saved filter, by name."""
        rows = connection.execute(
            select(saved_filters.c.id, saved_filters.c.created_ms, saved_filters.c.sealed).where(self._own)
        )
        found = [StoredFilter(row.id, row.created_ms, self._open(row.id, row.sealed)) for row in rows]
        return sorted(found, key=lambda one: (one.saved.name.casefold(), one.id))

    def add(self, tx: Connection, saved: SavedFilter, now_ms: int) -> StoredFilter:
        """Save a filter under a new name.

        Raises:
            NameTaken: Another one has the name.
            InvalidRequest: There are as many as there may be.
        """
        if tx.execute(select(func.count()).select_from(saved_filters).where(self._own)).scalar_one() >= FILTERS_MAX:
            raise InvalidRequest(f"there are {FILTERS_MAX} saved filters, the most there may be: delete one first")
        filter_id = secrets.token_hex(8)
        row = {"id": filter_id, "organization_id": self._key.organization, "created_ms": now_ms}
        try:
            tx.execute(insert(saved_filters).values(row | self._sealed(filter_id, saved)))
        except IntegrityError:
            raise _taken(saved) from None
        return StoredFilter(filter_id, now_ms, saved)

    def replace(self, tx: Connection, filter_id: str, saved: SavedFilter) -> StoredFilter:
        """Give a saved filter another name, filter or order.

        Raises:
            NotFound: There is none of this id.
            NameTaken: Another one has the name.
        """
        created_ms = tx.execute(select(saved_filters.c.created_ms).where(self._is(filter_id))).scalar()
        if created_ms is None:
            raise _missing(filter_id)
        try:
            tx.execute(update(saved_filters).where(self._is(filter_id)).values(self._sealed(filter_id, saved)))
        except IntegrityError:
            raise _taken(saved) from None
        return StoredFilter(filter_id, created_ms, saved)

    def remove(self, tx: Connection, filter_id: str) -> None:
        """Delete a saved filter.

        Raises:
            NotFound: There is none of this id.
        """
        if tx.execute(delete(saved_filters).where(self._is(filter_id))).rowcount == 0:
            raise _missing(filter_id)

    def _is(self, filter_id: str) -> Any:  # noqa: ANN401 - a condition
        # PostgreSQL refuses a NUL in a text.
        return self._own & (saved_filters.c.id == (filter_id if filter_id.isalnum() else ""))

    def _sealed(self, filter_id: str, saved: SavedFilter) -> dict[str, bytes]:
        return {
            "name_digest": self._key.digest("saved-filter", saved.name.casefold()),
            "sealed": self._key.seal_saved_filter(filter_id, _encode(saved)),
        }

    def _open(self, filter_id: str, sealed: bytes) -> SavedFilter:
        return _decode(self._key.open_saved_filter(filter_id, bytes(sealed)))


def _taken(saved: SavedFilter) -> NameTaken:
    return NameTaken(f"another saved filter is named {saved.name!r}: choose another name, or replace that one")


def _missing(filter_id: str) -> NotFound:
    return NotFound(f"there is no saved filter {filter_id[:60]!r}")
