"""What operators mean for words in memory: the same for the SQL, which looks words up first, and for the mirror."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from session_replay.query.value import Value
from session_replay.query.vocabulary import Operator

OPPOSITES: Mapping[Operator, Operator] = MappingProxyType({"!=": "=", "!:": ":", "!^": "^"})

LIVE_MS = 5 * 60 * 1000
"""A session is live while its file grew within the last five minutes.

To both sides of now: a clock that is far ahead would else keep a session live for ever.
"""


def asserted(value: Value) -> Value:
    """What is asked of the sessions of a tree when ``value`` is asked of the tree.

    "Not live" is said of a tree in which nothing is live, not of one in which something is not.
    """
    return True if value is False else value


def name_test(operator: Operator, wanted: str) -> Callable[[str], bool]:
    """Whether a name fits."""
    folded = wanted.casefold()
    match operator:
        case ":":
            return lambda text: folded in text.casefold()
        case "^":
            return lambda text: text.casefold().startswith(folded)
        case _:
            return lambda text: text == wanted


def text_test(operator: Operator, value: str | None) -> Callable[[str | None], bool]:
    """Whether a folded text fits, of which None stands for none."""
    if value is None:
        return lambda text: text is None
    folded = value.casefold()
    match operator:
        case ":":
            return lambda text: text is not None and folded in text
        case "^":
            return lambda text: text is not None and text.startswith(folded)
        case _:
            return lambda text: text == folded
