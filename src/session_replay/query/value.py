"""Values of a filter: from what a person or script wrote to what is compared.

Malformed input ends as ``InvalidFilter`` with a sentence that says what is allowed.
"""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, TypeAlias

from session_replay.errors import InvalidFilter
from session_replay.query.vocabulary import Operator, Property

VALUE_CHARACTERS_MAX = 4_096
"""The longest name that the dictionary keeps has as many bytes."""
NUMBER_MAX = 10**15
"""Far above any figure of a session, and exact in JavaScript and in both databases."""

_WHOLE = re.compile(r"-?[0-9]{1,16}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})")
_AGO = re.compile(r"-([0-9]{1,6})([MHDW])")
_UNIT_MS = {"M": 60_000, "H": 3_600_000, "D": 86_400_000, "W": 7 * 86_400_000}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_DAY_MS = 86_400_000
_QUOTED_MAX = 60


class Span(NamedTuple):
    """Half-open range of time in epoch milliseconds: a day, or one millisecond."""

    start_ms: int
    end_ms: int


Value: TypeAlias = str | int | bool | Span | None
"""None stands for a property that is lacking."""


def parse_value(of: Property, operator: Operator, written: object, *, now_ms: int | None = None) -> Value:
    """The value that ``written`` means for a property.

    Args:
        of: The property.
        operator: What stands between them; an empty text fits only ``=`` and ``!=``.
        written: As it stands in the JSON: a string, number or boolean.
        now_ms: What a relative time (``-7d``) is measured from; now, unless told otherwise.

    Raises:
        InvalidFilter: It is no value of this property.
    """
    if not isinstance(written, str | int | float):
        raise InvalidFilter(f"the value of {of.name} must be a string, a number or a boolean, not {quoted(written)}")
    if isinstance(written, str) and len(written) > VALUE_CHARACTERS_MAX:
        raise InvalidFilter(f"the value of {of.name} is longer than {VALUE_CHARACTERS_MAX} characters")
    if written == "":
        return _lacking(of, operator)
    match of.kind:
        case "number":
            return _number(of, written)
        case "time":
            return _span(of, written, time.time_ns() // 1_000_000 if now_ms is None else now_ms)
        case "boolean":
            return _boolean(of, written)
        case "choice":
            return _choice(of, written)
        case "name" | "text" | "id":
            return _text(written)


def _lacking(of: Property, operator: Operator) -> None:
    if operator not in {"=", "!="}:
        raise InvalidFilter(f"{of.name} {operator} needs a value")
    if not of.may_lack:
        raise InvalidFilter(f"every session has {of.name}: give a value")


def _text(written: str | float) -> str:
    if isinstance(written, bool):
        return "true" if written else "false"
    return str(written)


def _number(of: Property, written: str | float) -> int:
    text = _text(int(written) if isinstance(written, float) and written.is_integer() else written).strip()
    if not _WHOLE.fullmatch(text) or abs(int(text)) > NUMBER_MAX:
        raise InvalidFilter(f"{of.name} takes a whole number of at most {NUMBER_MAX}, not {quoted(written)}")
    return int(text)


def _boolean(of: Property, written: str | float) -> bool:
    text = _text(written).strip().lower()
    if text not in {"true", "false"}:
        raise InvalidFilter(f"{of.name} takes true or false, not {quoted(written)}")
    return text == "true"


def _choice(of: Property, written: str | float) -> str:
    text = _text(written).strip().lower()
    if text not in of.choices:
        raise InvalidFilter(f"{of.name} takes one of {', '.join(of.choices)}, not {quoted(written)}")
    return text


def _span(of: Property, written: str | float, now_ms: int) -> Span:
    text = _text(written).strip().upper()
    ago = _AGO.fullmatch(text)
    if ago:
        start_ms, length_ms = now_ms - int(ago[1]) * _UNIT_MS[ago[2]], 1
    elif _DAY.fullmatch(text):
        start_ms, length_ms = _milliseconds(f"{text}T00:00:00Z"), _DAY_MS
    else:
        start_ms, length_ms = _milliseconds(text) if _INSTANT.fullmatch(text) else None, 1
    if start_ms is None:
        raise InvalidFilter(
            f"{of.name} takes a day (2026-11-22, in UTC), a time with its offset (2026-11-22T19:16:44Z) or one before "
            f"now (-90m, -24h, -7d, -4w), not {quoted(written)}"
        )
    return Span(start_ms, start_ms + length_ms)


def _milliseconds(text: str) -> int | None:
    try:
        return (datetime.fromisoformat(text) - _EPOCH) // _MILLISECOND
    except (ValueError, OverflowError):  # a 30th of February, an offset of 99 hours
        return None


def quoted(written: object) -> str:
    """What was written, short enough for a message."""
    text = repr(written)
    return text if len(text) <= _QUOTED_MAX else f"{text[:_QUOTED_MAX]}…"
