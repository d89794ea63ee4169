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


class Revoked(ReplayError):
    """The client's credential was taken back, or its token is used up or too old."""

    code = "revoked"


class Unreachable(ReplayError):
    """The server did not answer, or cannot take anything now; the same request again is right.

    Attributes:
        retry_after_seconds: How long to wait at least, where the server said so.
    """

    code = "unreachable"

    def __init__(self, message: str, retry_after_seconds: float = 0) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class TooLarge(ReplayError):
    """A body, or what it unpacks to, is larger than the limit."""

    code = "too-large"


class TooMuch(ReplayError):
    """More requests than can be taken now: wait.

    Attributes:
        retry_after_seconds: Until when.
    """

    code = "too-much"

    def __init__(self, message: str, retry_after_seconds: float = 1) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class ProtocolUnsupported(ReplayError):
    """The other side speaks another version of the ingest protocol."""

    code = "protocol-unsupported"
