"""Stored times as people read them: RFC 3339, and the local day they belong to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from session_replay.errors import InvalidRequest

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Two days inside what a datetime can hold, so that every zone's local time fits too.
MS_MIN = (datetime(1, 1, 3, tzinfo=UTC) - _EPOCH) // timedelta(milliseconds=1)
MS_MAX = (datetime(9999, 12, 29, tzinfo=UTC) - _EPOCH) // timedelta(milliseconds=1)
"""A time outside of these is shown as the nearest of them."""


def written_time(milliseconds: int) -> str:
    """``2026-11-22T19:16:44.065Z``; a file's clock may be wrong, never so wrong that its session cannot be listed."""
    return f"{_time(milliseconds).replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"


def local_day(milliseconds: int, zone: tzinfo) -> str:
    """``2026-11-22``: the day on the wall calendar of ``zone``."""
    return _time(milliseconds).astimezone(zone).date().isoformat()


def offset_ms(milliseconds: int, zone: tzinfo) -> int:
    """How far the wall clock of ``zone`` is ahead of UTC at that moment, in milliseconds."""
    offset = _time(milliseconds).astimezone(zone).utcoffset()
    return offset // timedelta(milliseconds=1) if offset else 0


def time_zone(name: str) -> tzinfo:
    """The zone of an IANA name, ``Europe/Berlin``.

    Raises:
        InvalidRequest: There is none of this name.
    """
    if name == "UTC":  # known without the operating system's tables
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidRequest(f"tz names no time zone: {name[:60]!r}; give an IANA name such as Europe/Berlin") from None


def _time(milliseconds: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=min(max(milliseconds, MS_MIN), MS_MAX))
