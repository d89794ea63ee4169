from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from session_replay.errors import InvalidFilter
from session_replay.query.filter import DEPTH_MAX, FILTER_CHARACTERS_MAX, TOKENS_MAX, Group, parse_filter, tokens
from session_replay.query.value import NUMBER_MAX, VALUE_CHARACTERS_MAX, Span
from session_replay.query.vocabulary import OPERATORS, VOCABULARY

DAY_MS = 86_400_000
MIDNIGHT_MS = 1_795_305_600_000  # 2026-11-22


def token(name="tool", operator="=", value="Bash"):
    return {"property": name, "operator": operator, "value": value}


def parsed(written):
    return parse_filter(json.dumps(written))


def value_of(name, operator, value):
    return parsed(token(name, operator, value)).value


@pytest.mark.parametrize("text", [None, "", "  ", '{"and": []}', '{"or": []}'])
def test_nothing_asked_is_no_filter(text):
    assert parse_filter(text) is None


def test_groups_nest():
    found = parsed({"and": [token(), {"or": [token("host", "^", "build"), token("messages", ">", 3)]}]})
    assert [(one.property.name, one.operator, one.value) for one in tokens(found)] == [
        ("tool", "=", "Bash"),
        ("host", "^", "build"),
        ("messages", ">", 3),
    ]
    assert found.joined == "and"
    assert isinstance(found.parts[1], Group)
    assert found.parts[1].joined == "or"


def test_a_bare_token_is_a_filter():
    assert parsed(token()) == parsed({"and": [token()]}).parts[0]


def nested(depth):
    return token() if depth == 0 else {"and": [nested(depth - 1)]}


def test_depth_has_a_limit():
    assert parsed(nested(DEPTH_MAX))
    with pytest.raises(InvalidFilter, match=f"deeper than {DEPTH_MAX}"):
        parsed(nested(DEPTH_MAX + 1))


def test_very_deep_json_is_refused():
    with pytest.raises(InvalidFilter, match="deeper"):
        parse_filter('{"and":[' * 8_000)


def test_the_number_of_tokens_has_a_limit():
    assert len(list(tokens(parsed({"or": [token()] * TOKENS_MAX})))) == TOKENS_MAX
    with pytest.raises(InvalidFilter, match=f"more than {TOKENS_MAX} tokens"):
        parsed({"or": [token()] * (TOKENS_MAX + 1)})


def test_lengths_have_limits():
    assert value_of("tool", "=", "x" * VALUE_CHARACTERS_MAX)
    with pytest.raises(InvalidFilter, match="longer than"):
        parsed(token(value="x" * (VALUE_CHARACTERS_MAX + 1)))
    with pytest.raises(InvalidFilter, match="longer than"):
        parse_filter(json.dumps(token()) + " " * FILTER_CHARACTERS_MAX)


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ([token()], "object with and, or"),
        ("tool", "object with and, or"),
        ({"and": [token()], "or": [token()]}, "one key"),
        ({"and": [], "then": []}, "one key"),
        ({"and": token()}, "and takes a list of tokens and groups"),
        ({"or": [{"and": []}]}, "only the outermost group"),
        ({"property": "tool", "operator": "="}, "property, operator and value"),
        ({**token(), "case": True}, "property, operator and value"),
        (token("colour"), "no property 'colour'; there are host, user"),
        (token(["tool"]), "no property"),
        (token(operator="~"), "'~' is no operator for tool; it takes = != : !: ^ !^"),
        (token(operator=">"), "'>' does not fit tool"),
        (token(operator=["="]), "no operator"),
        (token("text", "=", "x"), "'=' does not fit text; it takes : !:"),
        (token(value=None), "string, a number or a boolean"),
        (token(value=["Bash"]), "string, a number or a boolean"),
        (token(operator=":", value=""), "tool : needs a value"),
        (token("host", "=", ""), "every session has host"),
        (token("messages", ">", "many"), "whole number"),
        (token("messages", ">", 1.5), "whole number"),
        (token("messages", ">", True), "whole number"),
        (token("messages", ">", NUMBER_MAX + 1), "whole number"),
        (token("messages", "=", "\u0661"), "whole number"),
        (token("live", "=", "maybe"), "true or false"),
        (token("live", "=", 1), "true or false"),
        (token("entry_type", "=", "users"), "one of user, assistant"),
        (token("severity", "=", "fatal"), "one of critical"),
        (token("started_at", "=", "22.11.2026"), "2026-11-22, in UTC"),
        (token("started_at", "=", "2026-02-30"), "2026-11-22, in UTC"),
        (token("started_at", "=", "2026-11-22T10:00:00"), "with its offset"),
        (token("started_at", "=", "2026-11-22T10:00:00+99:00"), "with its offset"),
        (token("started_at", "=", "20261122"), "2026-11-22, in UTC"),
        (token("started_at", ">", 1_795_305_600_000), "2026-11-22, in UTC"),
        (token("started_at", ">", "-7"), "before now"),
        (token("started_at", ">", "-7y"), "before now"),
        (token("started_at", ">", "+7d"), "before now"),
    ],
)
def test_what_cannot_be_understood_is_refused_and_says_what_is_allowed(written, says):
    with pytest.raises(InvalidFilter) as refused:
        parsed(written)
    assert says in str(refused.value)


@pytest.mark.parametrize("text", ["{", "tool = Bash", '{"and": NaN}', "\ud800", '"\\ud800"', "[" * 10, '{"a": 1e400}'])
def test_what_is_no_json_is_refused(text):
    with pytest.raises(InvalidFilter):
        parse_filter(text)


@pytest.mark.parametrize(
    ("name", "written", "meant"),
    [
        ("messages", 5, 5),
        ("messages", "5", 5),
        ("messages", 5.0, 5),
        ("messages", -1, -1),
        ("live", True, True),
        ("live", "FALSE", False),
        ("entry_type", "User", "user"),
        ("tool", 7, "7"),
        ("tool", "", None),
        ("started_at", "2026-11-22", Span(MIDNIGHT_MS, MIDNIGHT_MS + DAY_MS)),
        ("started_at", "2026-11-22T00:00:00Z", Span(MIDNIGHT_MS, MIDNIGHT_MS + 1)),
        ("started_at", "2026-11-22t01:00:00.0004+01:00", Span(MIDNIGHT_MS, MIDNIGHT_MS + 1)),
        ("started_at", "2026-11-21T19:00:00-05:00", Span(MIDNIGHT_MS, MIDNIGHT_MS + 1)),
    ],
)
def test_a_value_may_be_written_in_several_ways(name, written, meant):
    found = value_of(name, "=", written)
    assert found == meant
    assert type(found) is type(meant)


@pytest.mark.parametrize(
    ("written", "before_ms"),
    [("-90m", 90 * 60_000), ("-24h", DAY_MS), ("-7d", 7 * DAY_MS), ("-4W", 28 * DAY_MS), ("-0m", 0)],
)
def test_a_time_may_be_said_from_now(written, before_ms):
    found = parse_filter(json.dumps(token("started_at", ">=", written)), now_ms=MIDNIGHT_MS)
    assert found.value == Span(MIDNIGHT_MS - before_ms, MIDNIGHT_MS - before_ms + 1)
    earlier, later = (parsed(token("started_at", ">=", one)).value for one in ("-4w", "-1w"))
    assert later.start_ms - earlier.start_ms >= 21 * DAY_MS


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from([*VOCABULARY, "and", "or"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.text() | st.sampled_from(["and", "or", "property", "operator", "value"]), inner, max_size=4
        )
    ),
    max_leaves=10,
)
all_operators = sorted({operator for allowed in OPERATORS.values() for operator in allowed})
near_misses = st.fixed_dictionaries(
    {"property": st.sampled_from(sorted(VOCABULARY)), "operator": st.sampled_from(all_operators), "value": json_values}
)


def found_or_refused(text):
    try:
        return parse_filter(text), ""
    except InvalidFilter as refused:
        return None, str(refused)


@given(json_values | near_misses | st.fixed_dictionaries({"and": st.lists(near_misses, max_size=3)}))
def test_anything_is_a_filter_or_refused(written):
    found, refusal = found_or_refused(json.dumps(written))
    assert len(refusal) < 600
    if found is not None:
        assert all(one.operator in one.property.allowed() for one in tokens(found))


@given(st.text())
def test_any_text_is_a_filter_or_refused(text):
    found, refusal = found_or_refused(text)
    assert bool(refusal) == (found is None and bool(text.strip()))
