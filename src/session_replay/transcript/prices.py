"""What an API message would have cost by list price: an estimate, and only where all that decides it is known.

The law: an unknown model, service tier or speed has no cost, never zero; a wrong figure is worse than none.
The table is dated, since prices change while the name of a model stays: each row holds from its day on.
"""

from __future__ import annotations

import re
from typing import NamedTuple

PRICES_AS_OF = "2026-10-24"
"""The day of the table. Source: https://platform.claude.com/docs/en/about-claude/pricing, US dollars per million."""
_TOKENS_PER_PRICE = 1_000_000
_FIRST = ""
"""Before every day."""


class _Price(NamedTuple):
    input: float
    output: float
    write_5m: float
    write_1h: float
    read: float


class _Row(NamedTuple):
    since: str
    price: _Price
    long_from: int = 0
    """From how many tokens of a prompt on ``long`` holds, for all tokens of the request; 0 for never."""
    long: _Price | None = None


def _priced(input_usd: float, output_usd: float, read: float = 0.1) -> _Price:
    """Writing to the cache costs 1.25 (5 minutes) and 2 times the input, reading from it mostly a tenth."""
    return _Price(input_usd, output_usd, input_usd * 1.25, input_usd * 2, input_usd * read)


_OPUS_OF_OLD = [_Row(_FIRST, _priced(15, 75))]
_OPUS = [_Row(_FIRST, _priced(5, 25))]
_SONNET = [_Row(_FIRST, _priced(3, 15))]
_SONNET_LONG = [_Row(_FIRST, _priced(3, 15), long_from=200_001, long=_priced(6, 22.5))]
_FABLE = [_Row(_FIRST, _priced(10, 50))]
_FABLE_5_1 = [_Row(_FIRST, _priced(10, 50, read=0.025))]

_ROWS = {
    "claude-3-opus": _OPUS_OF_OLD,
    "claude-3-haiku": [_Row(_FIRST, _Price(0.25, 1.25, 0.30, 0.50, 0.03))],
    "claude-3-5-haiku": [_Row(_FIRST, _priced(0.8, 4))],
    "claude-3-5-sonnet": _SONNET,
    "claude-3-7-sonnet": _SONNET,
    "claude-opus-4": _OPUS_OF_OLD,
    "claude-opus-4-0": _OPUS_OF_OLD,
    "claude-opus-4-1": _OPUS_OF_OLD,
    "claude-opus-4-5": _OPUS,
    "claude-opus-4-6": _OPUS,
    "claude-opus-4-7": _OPUS,
    "claude-opus-4-8": _OPUS,
    "claude-opus-5": _OPUS,
    "claude-opus-5-5": [_Row(_FIRST, _priced(4, 20, read=0.05))],
    "claude-sonnet-4": _SONNET_LONG,
    "claude-sonnet-4-0": _SONNET_LONG,
    "claude-sonnet-4-5": _SONNET_LONG,
    "claude-sonnet-4-6": _SONNET,
    "claude-sonnet-5": [_Row(_FIRST, _priced(2, 10))],
    "claude-sonnet-5-5": [_Row(_FIRST, _priced(2, 10)), _Row("2026-10-07", _priced(2, 10, read=0.05))],
    "claude-haiku-4-5": [_Row(_FIRST, _priced(1, 5))],
    "claude-haiku-5-5": [_Row(_FIRST, _priced(0.1, 0.5), long_from=100_001, long=_priced(0.5, 2.5))],
    "claude-fable-5": _FABLE,
    "claude-mythos-5": _FABLE,
    "claude-fable-5-1": _FABLE_5_1,
    "claude-mythos-5-1": _FABLE_5_1,
}
"""Model → its prices, the newest last."""

_DRESS = re.compile(r"^(?:[a-z-]+\.)?anthropic[./]|(?:-v\d+(?::\d+)?|\[1m\]|[-@]\d{8}|-latest)+$")
"""What providers and the client put around the name of a model."""
_STANDARD = (None, "standard")


class Used(NamedTuple):
    """Tokens of one API message, as the API counted them."""

    input: int
    output: int
    cache_creation: int
    cache_read: int
    cache_1h: int = 0
    """Of ``cache_creation``, those that are kept for an hour; the others are for five minutes."""


def cost_usd(
    model: str | None, day: str | None, used: Used, *, tier: str | None = None, speed: str | None = None
) -> float | None:
    """By list price on a day (``2026-11-03…``, without one by the newest); None where that is not known."""
    rows = _ROWS.get(_DRESS.sub("", model)) if model is not None else None
    if rows is None or tier not in _STANDARD or speed not in _STANDARD:
        return None
    row = rows[-1] if day is None else [row for row in rows if row.since <= day][-1]
    prompt = used.input + used.cache_creation + used.cache_read
    price = row.long if row.long is not None and prompt >= row.long_from else row.price
    kept = min(used.cache_1h, used.cache_creation)
    millions = (
        used.input * price.input
        + used.output * price.output
        + (used.cache_creation - kept) * price.write_5m
        + kept * price.write_1h
        + used.cache_read * price.read
    )
    return millions / _TOKENS_PER_PRICE
