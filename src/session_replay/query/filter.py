"""The filter: a question about sessions, as a tree of tokens.

It is the same for every surface: the list, the figures above it, the heatmap, the suggestions.
Limits stand on everything that a caller can make large.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple, TypeAlias, cast

import msgspec

from session_replay.errors import InvalidFilter
from session_replay.query.value import Value, parse_value, quoted
from session_replay.query.vocabulary import MEANINGS, VOCABULARY, Operator, Property

FILTER_CHARACTERS_MAX = 65_536
DEPTH_MAX = 8
TOKENS_MAX = 100

_TOKEN_KEYS = {"property", "operator", "value"}


class Token(NamedTuple):
    """One condition, ``tool = Bash``."""

    property: Property
    operator: Operator
    value: Value


class Group(NamedTuple):
    """Conditions that must all hold, or of which one must; never empty."""

    joined: Literal["and", "or"]
    parts: tuple[Filter, ...]


Filter: TypeAlias = Token | Group


class _Reading(NamedTuple):
    """What a filter is read with: the words, and the clock."""

    vocabulary: Mapping[str, Property]
    now_ms: int | None


def parse_filter(
    text: str | None, *, vocabulary: Mapping[str, Property] = VOCABULARY, now_ms: int | None = None
) -> Filter | None:
    """Read the ``filter`` parameter.

    Args:
        text: JSON, ``{"and"|"or": [ {"property", "operator", "value"} | nested … ]}``; a bare token is a filter too.
        vocabulary: The properties that can be asked for.
        now_ms: What relative times are measured from; now, unless told otherwise.

    Returns:
        The filter; None where there is nothing to ask: no text, or a group without tokens.

    Raises:
        InvalidFilter: It cannot be understood or is too large; the message says what is allowed.
    """
    if text is None or not text.strip():
        return None
    if len(text) > FILTER_CHARACTERS_MAX:
        raise InvalidFilter(f"the filter is longer than {FILTER_CHARACTERS_MAX} characters")
    written = _decoded(text)
    if written in ({"and": []}, {"or": []}):
        return None
    found = _parse(written, _Reading(vocabulary, now_ms), depth=1)
    if sum(1 for _ in tokens(found)) > TOKENS_MAX:
        raise InvalidFilter(f"the filter has more than {TOKENS_MAX} tokens")
    return found


def tokens(of: Filter) -> Iterator[Token]:
    """Every token of a filter, from left to right."""
    if isinstance(of, Token):
        yield of
    else:
        for part in of.parts:
            yield from tokens(part)


def _decoded(text: str) -> object:
    try:
        return msgspec.json.decode(text)
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise InvalidFilter(f"the filter is no JSON: {error}") from None
    except RecursionError:
        raise InvalidFilter(f"the filter nests deeper than {DEPTH_MAX} groups") from None


def _parse(written: object, reading: _Reading, *, depth: int) -> Filter:
    if not isinstance(written, dict):
        raise InvalidFilter(f"a filter is an object with and, or, or a property, not {quoted(written)}")
    part = cast("dict[str, Any]", written)
    if "and" in part or "or" in part:
        return _parse_group(part, reading, depth)
    return _parse_token(part, reading)


def _parse_group(part: dict[str, Any], reading: _Reading, depth: int) -> Group:
    if len(part) != 1:
        raise InvalidFilter(f"a group has one key, and or or, not {', '.join(map(quoted, part))}")
    if depth > DEPTH_MAX:
        raise InvalidFilter(f"the filter nests deeper than {DEPTH_MAX} groups")
    joined: Literal["and", "or"] = "and" if "and" in part else "or"
    parts: object = part[joined]
    if not isinstance(parts, list):
        raise InvalidFilter(f"{joined} takes a list of tokens and groups, not {quoted(part[joined])}")
    if not parts:
        raise InvalidFilter(f"this {joined} is empty: only the outermost group may be, which then asks for nothing")
    return Group(joined, tuple(_parse(one, reading, depth=depth + 1) for one in cast("list[object]", parts)))


def _parse_token(part: dict[str, Any], reading: _Reading) -> Token:
    if set(part) != _TOKEN_KEYS:
        raise InvalidFilter(f"a token has property, operator and value, this one has {', '.join(map(quoted, part))}")
    found = reading.vocabulary.get(part["property"]) if isinstance(part["property"], str) else None
    if found is None:
        raise InvalidFilter(
            f"there is no property {quoted(part['property'])}; there are {', '.join(reading.vocabulary)}"
        )
    operator = part["operator"]
    if operator not in found.allowed():
        known = "does not fit" if operator in tuple(MEANINGS) else "is no operator for"
        raise InvalidFilter(f"{quoted(operator)} {known} {found.name}; it takes {' '.join(found.allowed())}")
    return Token(found, operator, parse_value(found, operator, part["value"], now_ms=reading.now_ms))
