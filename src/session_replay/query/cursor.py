"""Where a page ends: opaque to the caller, bound to the order it was made in."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, TypeVar

import msgspec

from session_replay.errors import InvalidCursor

CURSOR_CHARACTERS_MAX = 8_192
"""A name has up to 4,096 bytes."""

_Number = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
_Id = Annotated[str, msgspec.Meta(max_length=400, pattern=r"^[!-~]*$")]


class Cursor(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    """The last session of a page.

    Attributes:
        order: The order of the pages: a sort key, or the parent whose subagent sessions are listed.
        key: That session's value of the sort key.
        id: Its id, which breaks the ties.
    """

    order: str
    key: _Number
    id: _Id

    def encode(self) -> str:
        """URL-safe text."""
        return _encoded(self)


class FacetCursor(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    """The last suggestion of a page.

    Attributes:
        property: Of which property they are.
        count: How many have that value.
        value: The value, which breaks the ties.
    """

    property: str
    count: _Number
    value: str

    def encode(self) -> str:
        """URL-safe text."""
        return _encoded(self)


def parse_cursor(text: str, *, order: str) -> Cursor:
    """Read a cursor of the session list.

    Raises:
        InvalidCursor: It was made by nobody here, or for another order.
    """
    found = _parsed(text, Cursor)
    if found.order != order:
        raise InvalidCursor("the cursor belongs to a list in another order: begin again without one")
    return found


def parse_facet_cursor(text: str, *, property: str) -> FacetCursor:  # noqa: A002 - the API's word for it
    """Read a cursor of suggestions.

    Raises:
        InvalidCursor: It was made by nobody here, or for another property.
    """
    found = _parsed(text, FacetCursor)
    if found.property != property:
        raise InvalidCursor("the cursor belongs to another property: begin again without one")
    return found


def _encoded(cursor: Cursor | FacetCursor) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(cursor)).decode().rstrip("=")


AnyCursor = TypeVar("AnyCursor", Cursor, FacetCursor)


def _parsed(text: str, kind: type[AnyCursor]) -> AnyCursor:
    if len(text) > CURSOR_CHARACTERS_MAX:
        raise InvalidCursor("the cursor is too long: begin again without one")
    try:
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        return msgspec.json.decode(base64.b64decode(padded, altchars=b"-_", validate=True), type=kind)
    except (UnicodeError, binascii.Error, msgspec.MsgspecError):
        raise InvalidCursor("the cursor was not made by this server: begin again without one") from None
