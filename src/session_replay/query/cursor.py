"""Where a page of the session list ends: opaque to the caller, bound to the order it was made in."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated

import msgspec

from session_replay.errors import InvalidCursor

CURSOR_CHARACTERS_MAX = 2_048

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
        return base64.urlsafe_b64encode(msgspec.json.encode(self)).decode().rstrip("=")


def parse_cursor(text: str, *, order: str) -> Cursor:
    """Read a cursor.

    Raises:
        InvalidCursor: It was made by nobody here, or for another order.
    """
    if len(text) > CURSOR_CHARACTERS_MAX:
        raise InvalidCursor("the cursor is too long: begin again without one")
    try:
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        found = msgspec.json.decode(base64.b64decode(padded, altchars=b"-_", validate=True), type=Cursor)
    except (UnicodeError, binascii.Error, msgspec.MsgspecError):
        raise InvalidCursor("the cursor was not made by this server: begin again without one") from None
    if found.order != order:
        raise InvalidCursor("the cursor belongs to a list in another order: begin again without one")
    return found
