"""Every error that the product raises on purpose.

One base class with a stable ``code``; a subclass carries the one fact that
lets the caller go on.  The HTTP edge turns a code into a status in one table
(``server/problem.py``); anything that is not a ``ReplayError`` is a bug.
"""

from __future__ import annotations


class ReplayError(Exception):
    """Something the caller can act on; ``str(error)`` says what to do."""

    code = "internal"


class InvalidRequest(ReplayError):
    """A parameter has a value that cannot be understood."""

    code = "invalid-request"


class InvalidFilter(ReplayError):
    """The ``filter`` parameter names an unknown property, operator or value."""

    code = "invalid-filter"


class InvalidCursor(ReplayError):
    """A ``cursor`` was not made by this server, or for another sort order."""

    code = "invalid-cursor"


class NotFound(ReplayError):
    """No such session, entry or page, or none that the caller may see."""

    code = "not-found"


class NameTaken(ReplayError):
    """Something else has this name already, compared without upper and lower case."""

    code = "name-taken"


class NotSignedIn(ReplayError):
    """The request carries neither a valid cookie nor a valid API key."""

    code = "not-signed-in"


class Forbidden(ReplayError):
    """The caller is known and may not do this."""

    code = "forbidden"


class KeyMissing(ReplayError):
    """The data folder is initialised and its key file is not to be found.

    Never answered by making a new key: that would lose every stored session.
    """

    code = "key-missing"


class KeyWrong(ReplayError):
    """A key was found that does not open this data folder."""

    code = "key-wrong"


class Tampered(ReplayError):
    """Sealed bytes do not authenticate: changed, moved, or sealed elsewhere."""

    code = "tampered"


class DataFolderBusy(ReplayError):
    """Another process holds the data folder."""

    code = "data-folder-busy"


class DataFolderNewer(ReplayError):
    """The data folder was written by a newer version of the product."""

    code = "data-folder-newer"


class OffsetGap(ReplayError):
    """An append starts past the stream's end.

    Attributes:
        expected: Offset in bytes from which the sender should resume.
    """

    code = "offset-gap"

    def __init__(self, expected: int, received: int) -> None:
        super().__init__(f"append starts at byte {received}, the stream ends at {expected}: resume from {expected}")
        self.expected = expected
        self.received = received
