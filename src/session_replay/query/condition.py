"""The filter as SQL: which sessions it is true for.

Names and sealed texts are compared in memory and become sets of numbers, so the database compares
numbers only.  Every condition is two-valued: a column that may be NULL is tested for it first, so
that a negated operator is the exact opposite of the positive one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, cast

import msgspec
from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Connection,
    FromClause,
    Integer,
    Select,
    String,
    and_,
    any_,
    false,
    func,
    literal,
    not_,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY

from session_replay.query.filter import Filter, Group, Token
from session_replay.query.meaning import LIVE_MS, OPPOSITES, asserted, name_test, text_test
from session_replay.query.texts import FoldedText, Texts
from session_replay.query.tree import Member, member
from session_replay.query.value import Span, Value
from session_replay.query.vocabulary import Operator, Property
from session_replay.store.names import Names
from session_replay.store.schema import clients, session_names, sessions
from session_replay.wire import ENTRY_TYPES


class Scope(NamedTuple):
    """Where a filter is asked.

    Attributes:
        connection: For the dictionary and the sealed texts.
        organization: Number of the organization.
        names: Its dictionary.
        texts: Its sessions' words.
        now_ms: What ``live`` is measured from.
    """

    connection: Connection
    organization: int
    names: Names
    texts: Texts
    now_ms: int


def matching(asked: Filter, scope: Scope) -> CTE:
    """Ids of the listed sessions that match, in one column ``id``.

    One matches if any session of its tree matches the whole filter by itself.  A statement that uses
    the answer several times finds them once.
    """
    return _trees(scope, lambda one: holds(asked, scope, one)).distinct().cte("matched")


def matching_themselves(asked: Filter, scope: Scope) -> ColumnElement[bool]:
    """Condition on rows of ``sessions``: this session matches the whole filter by itself."""
    one = member("asked")
    own = one.row.c.organization_id == scope.organization
    return sessions.c.id.in_(select(one.row.c.id).select_from(one.source).where(own, holds(asked, scope, one)))


def _trees(scope: Scope, condition: Callable[[Member], ColumnElement[bool]], name: str = "asked") -> Select[str]:
    one = member(name)
    own = one.row.c.organization_id == scope.organization
    return select(one.tree.label("id")).select_from(one.source).where(own, condition(one))


def holds(asked: Filter, scope: Scope, one: Member) -> ColumnElement[bool]:
    """Condition on a session inside a statement: it matches the filter by itself."""
    if isinstance(asked, Group):
        parts = [holds(part, scope, one) for part in asked.parts]
        return and_(*parts) if asked.joined == "and" else or_(*parts)
    positive = OPPOSITES.get(asked.operator)
    if positive:
        return not_(_has(asked._replace(operator=positive), scope, one))
    return _has(asked, scope, one)


def _has(token: Token, scope: Scope, one: Member) -> ColumnElement[bool]:
    if not token.property.of_tree:
        return _has_itself(token, scope, one.row)

    def in_tree(other: Member) -> ColumnElement[bool]:
        has = _has_itself(token._replace(value=asserted(token.value)), scope, other.row)
        return and_(has, other.row.c.parent_id.is_(None)) if token.property.of_tree == "main" else has

    inside = one.tree.in_(_trees(scope, in_tree, "of_tree"))
    return not_(inside) if token.value is False else inside


def _has_itself(  # noqa: PLR0911 - one for each kind of value
    token: Token, scope: Scope, row: FromClause
) -> ColumnElement[bool]:
    of, operator, value = token
    match of.kind:
        case "name":
            return _has_name(of, operator, value, scope, row)
        case "text":
            return _has_text(of, operator, value, scope, row)
        case "id":
            return _has_id(operator, cast("str", value), _only_column(of, row))
        case "choice":
            return _has_choice(of, value, row)
        case "number":
            return _compared(_figure(of, row), operator, cast("int", value))
        case "time":
            return _within(_only_column(of, row), operator, cast("Span", value))
        case "boolean":
            return _is(of, value, scope, row)


def _has_name(of: Property, operator: Operator, value: Value, scope: Scope, row: FromClause) -> ColumnElement[bool]:
    if of.names is None:  # nothing has it yet
        return true() if value is None else false()
    if value is None:
        return _lacks_name(of, row)
    fits = name_test(operator, cast("str", value))
    numbers = [number for number, text in scope.names.all(scope.connection, of.names).items() if fits(text)]
    if not numbers:
        return false()
    places: list[ColumnElement[bool]] = [
        and_(row.c[column].is_not(None), among(row.c[column], numbers, scope)) for column in of.columns
    ]
    if of.by_client:
        owners = select(clients.c.id).where(among(clients.c[f"{of.names}_id"], numbers, scope))
        places.append(row.c.client_id.in_(owners))
    if of.listed:
        holders = select(session_names.c.session_id).where(
            session_names.c.kind == of.names, among(session_names.c.name_id, numbers, scope)
        )
        places.append(row.c.id.in_(holders))
    return or_(*places)


def _lacks_name(of: Property, row: FromClause) -> ColumnElement[bool]:
    empty: list[ColumnElement[bool]] = [row.c[column].is_(None) for column in of.columns]
    if of.listed:
        listed = select(session_names.c.session_id).where(
            session_names.c.session_id == row.c.id, session_names.c.kind == of.names
        )
        empty.append(~listed.exists())
    return and_(*empty)


def _has_text(of: Property, operator: Operator, value: Value, scope: Scope, row: FromClause) -> ColumnElement[bool]:
    fits = text_test(operator, cast("str | None", value))

    def text_fits(text: FoldedText) -> bool:
        if of.name == "first_prompt":
            return fits(text.first_prompt)
        return fits(text.title) or fits(text.first_prompt)

    return among(row.c.stream_id, scope.texts.matching(scope.connection, text_fits), scope)


def _has_id(operator: Operator, value: str, column: ColumnElement[str]) -> ColumnElement[bool]:
    folded = value.casefold()
    if not (folded.isascii() and folded.isprintable()):  # ids are; PostgreSQL refuses a NUL in a text
        return false()
    match operator:
        case ":":
            return func.lower(column).contains(folded, autoescape=True)
        case "^":
            return func.lower(column).startswith(folded, autoescape=True)
        case _:
            return func.lower(column) == folded


def _has_choice(of: Property, value: Value, row: FromClause) -> ColumnElement[bool]:
    if not of.columns:  # nothing has it yet
        return true() if value is None else false()
    present = _only_column(of, row)
    if value is None:
        return present == 0
    return present.bitwise_and(1 << ENTRY_TYPES.index(cast("Any", value))) != 0


def _figure(of: Property, row: FromClause) -> ColumnElement[int]:
    first, *others = (row.c[column] for column in of.columns)
    return sum(others, start=cast("ColumnElement[int]", first))


def _compared(column: ColumnElement[int], operator: Operator, value: int) -> ColumnElement[bool]:
    number = literal(value, BigInteger)  # as the type of a 32-bit column PostgreSQL would refuse a larger one
    match operator:
        case ">":
            return column > number
        case ">=":
            return column >= number
        case "<":
            return column < number
        case "<=":
            return column <= number
        case _:
            return column == number


def _within(column: ColumnElement[int], operator: Operator, span: Span) -> ColumnElement[bool]:
    match operator:
        case ">":
            return column >= span.end_ms
        case ">=":
            return column >= span.start_ms
        case "<":
            return column < span.start_ms
        case "<=":
            return column < span.end_ms
        case _:
            return and_(column >= span.start_ms, column < span.end_ms)


def _is(of: Property, value: Value, scope: Scope, row: FromClause) -> ColumnElement[bool]:
    column = _only_column(of, row)
    yes = column.between(scope.now_ms - LIVE_MS, scope.now_ms + LIVE_MS) if of.name == "live" else column > 0
    return yes if value else not_(yes)


def _only_column(of: Property, row: FromClause) -> ColumnElement[Any]:
    (column,) = of.columns
    return row.c[column]


def among(column: ColumnElement[Any], numbers: Iterable[int], scope: Scope) -> ColumnElement[bool]:
    """``column`` is one of these numbers: one parameter however many there are, where ``IN (?, ?, …)`` has a limit."""
    listed = list(numbers)
    if not listed:
        return false()
    if scope.connection.dialect.name == "sqlite":
        rows = func.json_each(literal(msgspec.json.encode(listed).decode(), String)).table_valued("value")
        return column.in_(select(rows.c.value.cast(Integer)))
    return column == any_(literal(listed, ARRAY(BigInteger)))
