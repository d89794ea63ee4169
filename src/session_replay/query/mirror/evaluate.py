"""The filter over columns: which sessions it is true for, as one truth value for each row.

It is what ``query/condition.py`` says in SQL, said once more: from the same vocabulary, with the same
two-valued logic, held equal by the tests' evaluator, which knows neither.
"""

from __future__ import annotations

from functools import reduce
from typing import Any, cast

import numpy as np

from session_replay.query.filter import Filter, Group, Token
from session_replay.query.meaning import LIVE_MS, OPPOSITES, asserted
from session_replay.query.mirror.columns import Columns, Dictionary, Mask, Numbers
from session_replay.query.mirror.packed import Packed
from session_replay.query.value import Span, Value
from session_replay.query.vocabulary import Operator, Property
from session_replay.wire import ENTRY_TYPES


class Evaluation:
    """One question to columns at one moment.

    Args:
        columns: Of an organization.
        now_ms: What ``live`` is measured from.
    """

    def __init__(self, columns: Columns, now_ms: int) -> None:
        self.columns = columns
        self._now_ms = now_ms

    def trees(self, asked: Filter | None) -> Mask:
        """Rows of the listed sessions of whose trees any session matches the whole filter by itself.

        One place more at the end, which is false: for what stands at no top.
        """
        if asked is None:
            return np.append(self.columns.figure("listed"), np.False_)
        return self._tops_of(self.holds(asked))

    def within(self, trees: Mask) -> Mask:
        """Rows whose tree is one of these."""
        return trees[self.columns.tops[:-1]]

    def holds(self, asked: Filter) -> Mask:
        """Rows that match the filter by themselves."""
        if isinstance(asked, Group):
            join = np.logical_and if asked.joined == "and" else np.logical_or
            return reduce(join, (self.holds(part) for part in asked.parts))
        positive = OPPOSITES.get(asked.operator)
        if positive:
            return ~self._has(asked._replace(operator=positive))
        return self._has(asked)

    def _has(self, token: Token) -> Mask:
        of, operator, value = token
        if not of.of_tree:
            return self._has_itself(of, operator, value)
        has = self._has_itself(of, operator, asserted(value))
        if of.of_tree == "main":
            has = has & self.columns.figure("listed")
        inside = self.within(self._tops_of(has))
        return ~inside if value is False else inside

    def _tops_of(self, rows: Mask) -> Mask:
        tops = np.zeros(self.columns.count + 1, np.bool_)
        tops[self.columns.tops[:-1][rows]] = True
        tops[-1] = False
        return tops

    def _has_itself(  # noqa: PLR0911 - one for each kind of value
        self, of: Property, operator: Operator, value: Value
    ) -> Mask:
        match of.kind:
            case "name":
                return self._has_name(of, operator, cast("str | None", value))
            case "text":
                return self._has_text(of, operator, cast("str | None", value))
            case "id":
                return self._in(self.columns.ids, operator, cast("str", value).casefold())
            case "choice":
                return self._has_choice(of, cast("str | None", value))
            case "number":
                return _compared(self.columns.figure(of.name), operator, cast("int", value))
            case "time":
                return _within(self.columns.figure(of.name), operator, cast("Span", value))
            case "boolean":
                return self._is(of, value)

    def _has_name(self, of: Property, operator: Operator, value: str | None) -> Mask:
        count = self.columns.count
        if of.names is None:  # nothing has it yet
            return np.full(count, value is None)
        has_one = bool(of.columns) or of.by_client
        if value is None:
            lacking = self.columns.name_codes(of) < 0 if has_one else np.ones(count, np.bool_)
            return lacking & self.columns.lists[of.names].lacking(count) if of.listed else lacking
        fits = _codes_that(self.columns.names[of.names], operator, value)
        found = np.zeros(count + 1, np.bool_)
        if not fits.any():
            return found[:count]
        if has_one:
            found[:count] = fits[self.columns.name_codes(of)]
        if of.listed:
            lists = self.columns.lists[of.names]
            found[lists.holders[fits[lists.codes]]] = True  # what nobody holds any more falls on the last place
        return found[:count]

    def _has_text(self, of: Property, operator: Operator, value: str | None) -> Mask:
        texts = [self.columns.first_prompts]
        if of.name == "text":
            texts.append(self.columns.titles)
        return reduce(np.logical_or, (self._in(one, operator, value and value.casefold()) for one in texts))

    def _in(self, texts: Packed, operator: Operator, folded: str | None) -> Mask:
        count = self.columns.count
        if folded is None:
            return texts.lacking(count)
        part = folded.encode("utf-8", "surrogatepass")
        match operator:
            case ":":
                return texts.containing(part, count)
            case "^":
                return texts.starting(part, count)
            case _:
                return texts.equal(part, count)

    def _has_choice(self, of: Property, value: str | None) -> Mask:
        if not of.columns:  # nothing has it yet
            return np.full(self.columns.count, value is None)
        present = self.columns.figure(of.name)
        if value is None:
            return present == 0
        return (present & (1 << ENTRY_TYPES.index(cast("Any", value)))) != 0

    def _is(self, of: Property, value: Value) -> Mask:
        figure = self.columns.figure(of.name)
        if of.name == "live":
            yes: Mask = (figure >= self._now_ms - LIVE_MS) & (figure <= self._now_ms + LIVE_MS)
        else:
            yes = figure > 0
        return yes if value else ~yes


def _codes_that(names: Dictionary, operator: Operator, value: str) -> Mask:
    """Which names fit, by code, and one place more for no name, which does not."""
    folded = value.casefold()
    match operator:
        case ":":
            fits = [folded in text for text in names.folded]
        case "^":
            fits = [text.startswith(folded) for text in names.folded]
        case _:
            fits = [text == value for text in names.texts]
    return np.array([*fits, False], np.bool_)


def _compared(figures: Numbers, operator: Operator, value: int) -> Mask:
    match operator:
        case ">":
            return figures > value
        case ">=":
            return figures >= value
        case "<":
            return figures < value
        case "<=":
            return figures <= value
        case _:
            return figures == value


def _within(times_ms: Numbers, operator: Operator, span: Span) -> Mask:
    match operator:
        case ">":
            return times_ms >= span.end_ms
        case ">=":
            return times_ms >= span.start_ms
        case "<":
            return times_ms < span.start_ms
        case "<=":
            return times_ms < span.end_ms
        case _:
            return (times_ms >= span.start_ms) & (times_ms < span.end_ms)
