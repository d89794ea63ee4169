"""Times of a transcript: as written, as RFC 3339, as epoch milliseconds.

The law: a clock may be wrong.  A time is shown as the line says it, but only
times inside ``[VALID_FROM_MS, VALID_TO_MS)`` make a session longer.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

VALID_FROM_MS = 1_420_070_400_000
"""2015-01-01: no coding agent wrote a transcript before; a dead clock battery says 1970."""
VALID_TO_MS = 4_070_908_800_000
"""2099-01-01."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_SECONDS_MAX = 100_000_000_000
"""Epoch numbers below it count seconds (up to the year 5138), above it milliseconds."""
_CANONICAL_LENGTH = 24


def moment(written: str | float | None) -> tuple[str | None, int | None]:
    """A timestamp as RFC 3339 UTC with milliseconds, and as epoch milliseconds; both None if it is no time."""
    if written is None:
        return None, None
    try:
        if isinstance(written, str):
            return _of_text(written)
        milliseconds = written if abs(written) >= _SECONDS_MAX else written * 1000
        time = _EPOCH + timedelta(milliseconds=int(milliseconds))
    except (ValueError, OverflowError):
        return None, None
    return rfc3339(time), (time - _EPOCH) // _MILLISECOND


def _of_text(written: str) -> tuple[str, int]:
    time = datetime.fromisoformat(written)
    if time.tzinfo is None:
        time = time.replace(tzinfo=UTC)
    milliseconds = (time - _EPOCH) // _MILLISECOND
    if (
        len(written) == _CANONICAL_LENGTH
        and written[23] == "Z"
        and written[19] == "."
        and written[10] == "T"
        and written[7] == "-"
    ):
        return written, milliseconds
    return rfc3339(time), milliseconds


def rfc3339(time: datetime) -> str:
    """``2026-11-22T19:16:44.065Z``."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def is_valid(milliseconds: int) -> bool:
    """Whether a session's length may be measured with this time."""
    return VALID_FROM_MS <= milliseconds < VALID_TO_MS
