"""The SQL of a filter agrees with the evaluator on every property and operator."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from query.catalogue import NOON_MS, plain_session
from query.evaluator import matching_ids, true_for
from session_replay.query.filter import parse_filter
from session_replay.query.vocabulary import VOCABULARY
from session_replay.wire import ENTRY_TYPES

NOW_MS = NOON_MS
DAY_MS = 86_400_000
MIDNIGHT_MS = NOON_MS - DAY_MS // 2

WORDS = ["alpha", "Alpha", "ALPHABET", "beta", "a%b_c\\", "Straße", "STRASSE", "δοκιμή", "x y", '"']
TIMES_MS = [MIDNIGHT_MS + shift for shift in (-DAY_MS, -1, 0, 1, DAY_MS // 2, DAY_MS - 1, DAY_MS)]
FIGURES = [0, 1, 2, 10, 2**31 - 1]
WIDE_FIGURES = [0, 1, 10, 2**31, 2**40]

PAIRS = [(one.name, operator) for one in VOCABULARY.values() for operator in one.allowed()]

word = st.sampled_from(WORDS)
words = st.lists(word, max_size=3, unique=True)


@st.composite
def trees(draw):
    """Up to eight sessions; each may be a subagent session of one before it, or an orphan of the same missing one."""
    rows = []
    for number in range(draw(st.integers(1, 8))):
        parent = draw(st.none() | st.sampled_from(rows)) if rows else None
        rows.append(
            plain_session(
                draw(st.sampled_from(["Main", "sub%", "a_b"])) + f"-{number}",
                parent_id=parent and parent["id"],
                orphan=parent["orphan"] if parent else draw(st.booleans()),
                host=draw(word),
                user=draw(word),
                project=draw(st.none() | word),
                git_branch=draw(st.none() | word),
                git_branches=draw(words),
                models=draw(words),
                tools=draw(words),
                client_version=draw(st.none() | word),
                client_versions=draw(words),
                permission_modes=draw(words),
                title=draw(st.none() | word),
                first_prompt=draw(st.none() | word),
                entry_types=draw(st.lists(st.sampled_from(ENTRY_TYPES), unique=True, max_size=3)),
                started_ms=draw(st.sampled_from(TIMES_MS)),
                grown_ms=NOW_MS - draw(st.sampled_from([0, 299_999, 300_000, 300_001, DAY_MS])),
                duration_ms=draw(st.sampled_from(WIDE_FIGURES)),
                messages=draw(st.sampled_from(FIGURES)),
                tokens=draw(st.tuples(*[st.sampled_from(WIDE_FIGURES)] * 4)),
            )
        )
    return rows


def values(name, operator):
    one = VOCABULARY[name]
    match one.kind:
        case "number":
            return st.sampled_from([*WIDE_FIGURES, -1, 2**31 - 1, 4 * 2**40])
        case "time":
            instants = [datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms) for ms in TIMES_MS]
            days = ["2026-11-21", "2026-11-22", "2026-11-23", "2026-11-22T01:00:00+01:00", "2026-11-22T00:00:00.001Z"]
            return st.sampled_from(
                [*days, "-0m", "-720m", "-12h", "-36h", "-1d", "-1w", *(time.isoformat() for time in instants)]
            )
        case "boolean":
            return st.sampled_from([True, False, "true", "false"])
        case "choice":
            lacking = [""] if one.may_lack else []
            return st.sampled_from([*one.choices, *lacking])
        case _:
            parts = [*WORDS, "alph", "a", "LPH", "%", "_", "\\", "ss", "Main", "main-0", "sub%-1", "\0", "A_B-1"]
            lacking = [""] if one.may_lack and operator in {"=", "!="} else []
            return st.sampled_from([*parts, *lacking])


def token(name, operator):
    return values(name, operator).map(lambda value: {"property": name, "operator": operator, "value": value})


any_token = st.sampled_from(PAIRS).flatmap(lambda pair: token(*pair))
nested = st.recursive(
    any_token,
    lambda inner: st.tuples(st.sampled_from(["and", "or"]), st.lists(inner, min_size=1, max_size=3)).map(
        lambda group: {group[0]: group[1]}
    ),
    max_leaves=6,
)

# The module's catalogue is filled anew by every example.
over_trees = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], database=None)


def listed_ids(stored, asked, **page):
    with stored.ask() as (catalogue, connection):
        found = catalogue.page(connection, filter=parse_filter(json.dumps(asked), now_ms=NOW_MS), now_ms=NOW_MS, **page)
        assert found.total == len(found.items)
        return {session.id for session in found.items}


@settings(over_trees, max_examples=25)
@given(rows=trees(), tokens=st.tuples(*(token(*pair) for pair in PAIRS)))
def test_sql_agrees_with_the_evaluator_on_every_property_and_operator(stored, rows, tokens):
    stored.fill(rows)
    for one in tokens:
        assert listed_ids(stored, one) == matching_ids(one, rows, NOW_MS), one


@settings(over_trees, max_examples=60)
@given(rows=trees(), asked=nested)
def test_sql_agrees_with_the_evaluator_on_nested_groups(stored, rows, asked):
    stored.fill(rows)
    assert listed_ids(stored, asked) == matching_ids(asked, rows, NOW_MS)


@settings(over_trees, max_examples=40)
@given(rows=trees(), asked=nested)
def test_the_filter_of_subagent_sessions_is_asked_of_themselves(stored, rows, asked):
    stored.fill(rows)
    parent = rows[0]["id"]
    expected = {row["id"] for row in rows if row["parent_id"] == parent and true_for(asked, row, rows, NOW_MS)}
    assert listed_ids(stored, asked, parent=parent) == expected


@settings(over_trees, max_examples=40)
@given(rows=trees(), asked=nested, name=st.sampled_from(sorted(VOCABULARY)))
def test_a_suggestion_counts_what_the_list_shows_when_it_is_chosen(stored, rows, asked, name):
    stored.fill(rows)
    with stored.ask() as (catalogue, connection):
        found = catalogue.facets(
            connection, name, filter=parse_filter(json.dumps(asked), now_ms=NOW_MS), now_ms=NOW_MS
        ).items
    matched = matching_ids(asked, rows, NOW_MS)
    assert len({facet.value for facet in found}) == len(found)
    for facet in found:
        chosen = {"property": name, "operator": "=", "value": facet.value}
        assert facet.count == len(matched & matching_ids(chosen, rows, NOW_MS)) > 0
    if VOCABULARY[name].kind == "name" and VOCABULARY[name].names and matched:
        suggested = {facet.value for facet in found}
        for value in set(WORDS) - suggested:
            chosen = {"property": name, "operator": "=", "value": value}
            assert not matched & matching_ids(chosen, rows, NOW_MS)


def test_every_pair_is_exercised():
    assert {name for name, _ in PAIRS} == set(VOCABULARY)
    assert len(PAIRS) == len(set(PAIRS))


def test_two_tokens_must_hold_for_one_session_of_the_tree(stored):
    rows = [
        plain_session("main", tools=["Bash"], messages=1),
        plain_session("sub", parent_id="main", tools=["Read"], messages=50),
    ]
    stored.fill(rows)

    def both(tool):
        return {
            "and": [
                {"property": "tool", "operator": "=", "value": tool},
                {"property": "messages", "operator": ">", "value": 10},
            ]
        }

    assert listed_ids(stored, both("Read")) == {"main"}
    assert listed_ids(stored, both("Bash")) == set()


def test_a_tree_started_when_its_main_session_did(stored):
    rows = [plain_session("main"), plain_session("sub", parent_id="main", started_ms=NOON_MS + DAY_MS)]
    stored.fill(rows)
    assert listed_ids(stored, {"property": "started_at", "operator": "=", "value": "2026-11-22"}) == {"main"}
    assert listed_ids(stored, {"property": "started_at", "operator": "=", "value": "2026-11-23"}) == set()


@pytest.mark.parametrize("value", ["Main", "\0", "\u0130", "K", "k", "sub\n"])
def test_an_id_is_compared_without_upper_and_lower_case_and_never_breaks_the_database(stored, value):
    rows = [plain_session("main"), plain_session("k")]
    stored.fill(rows)
    asked = {"property": "session_id", "operator": "=", "value": value}
    assert listed_ids(stored, asked) == matching_ids(asked, rows, NOW_MS)


def test_a_filter_may_match_more_sessions_than_a_statement_has_parameters(stored):
    rows = [plain_session(f"s{number}", first_prompt="fix it") for number in range(500)]
    stored.fill(rows)
    asked = {"or": [{"property": "text", "operator": ":", "value": "FIX"}] * 100}
    assert len(listed_ids(stored, asked, limit=500)) == 500
