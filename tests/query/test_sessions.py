from __future__ import annotations

import base64
import gc
import json
import tracemalloc

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from query.catalogue import NOON_MS, descendants, plain_session
from session_replay.errors import InvalidCursor, InvalidRequest, NotFound
from session_replay.query.filter import TOKENS_MAX, parse_filter
from session_replay.store import schema
from session_replay.store.changes import note_removal
from session_replay.wire import PAGE_MAX, ClientMark, Facet, FindingCounts, Tokens

DAY_MS = 86_400_000


def ask(stored, method, *arguments, **named):
    with stored.ask() as (catalogue, connection):
        return getattr(catalogue, method)(connection, *arguments, **{"now_ms": NOON_MS, **named})


def ids(page):
    return [session.id for session in page.items]


def test_an_empty_catalogue_answers_everything(stored):
    stored.fill([])
    page = ask(stored, "page")
    assert (page.items, page.next_cursor, page.total) == ([], None, 0)
    stats = ask(stored, "stats")
    assert (stats.sessions, stats.messages, stats.average_duration_ms, stats.tokens) == (0, 0, 0, Tokens())
    assert ask(stored, "activity").items == []
    assert ask(stored, "facets", "tool").items == []
    assert ask(stored, "facets", "live").items == []


def test_filters_of_ever_new_shapes_take_no_ever_more_memory(stored):
    stored.fill([plain_session("only")])
    operators = (">", "<", ">=", "<=")

    def ask_new(number):
        tokens = [
            {"property": "messages", "operator": operators[number >> 2 * place & 3], "value": place}
            for place in range(TOKENS_MAX)
        ]
        ask(stored, "page", filter=parse_filter(json.dumps({"or": tokens})))

    ask_new(0)
    gc.collect()
    tracemalloc.start()
    try:
        for number in range(1, 13):
            ask_new(number)
        gc.collect()
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 1_000_000


def test_a_session_is_shown_with_all_that_is_stored_of_it(stored):
    row = plain_session(
        "main.agent",
        parent_id="main",
        agent_id="agent",
        host="build-7",
        user="grace",
        project="/srv/shop",
        git_branch="fix",
        git_branches=["main", "fix"],
        models=["opus", "haiku"],
        tools=["Read", "Bash"],
        client_version="2.1.0",
        permission_modes=["plan"],
        title="A title",
        first_prompt="A prompt",
        agent_type="Explore",
        description="Look around",
        started_ms=NOON_MS + 65,
        grown_ms=NOON_MS - 300_000,
        duration_ms=1_000,
        active_ms=900,
        messages=1,
        prompts=2,
        tool_calls=3,
        entries=4,
        lines=5,
        lines_with_entries=6,
        inherited_lines=7,
        size_bytes=8,
        pending_bytes=9,
        generation=10,
        spawned_by_seq=11,
        tokens=(1, 20, 300, 4_000),
        warmup=True,
    )
    stored.fill([plain_session("main"), row])
    found = ask(stored, "session", "main.agent")
    same = "id parent_id agent_id project git_branch title first_prompt models client_version duration_ms active_ms"
    same += " messages prompts tool_calls entries lines lines_with_entries inherited_lines size_bytes pending_bytes"
    same += " generation spawned_by_seq warmup orphan tools git_branches permission_modes agent_type description"
    assert {name: getattr(found, name) for name in same.split()} == {name: row[name] for name in same.split()}
    assert (found.client.host, found.client.user) == ("build-7", "grace")
    assert (found.started_at, found.ended_at) == ("2026-11-22T12:00:00.065Z", "2026-11-22T12:00:01.065Z")
    assert found.tokens == Tokens(1, 20, 300, 4_000, total=4_321)
    assert found.live
    assert (found.cost_usd, found.findings) == (None, FindingCounts())
    assert not ask(stored, "session", "main.agent", now_ms=NOON_MS + 1).live


def test_a_session_with_nothing_known_is_shown_too(stored):
    stored.fill([plain_session("main")])
    (found,) = ask(stored, "page").items
    assert found.client == ClientMark("client-laptop-ada", "laptop", "ada")
    assert (found.project, found.git_branch, found.title, found.first_prompt, found.models) == (
        None,
        None,
        None,
        None,
        [],
    )


def test_a_session_whose_key_was_destroyed_keeps_its_figures_and_loses_its_words(stored):
    stored.fill([plain_session("main", title="secret plan", messages=3)])

    def destroy(tx):
        note_removal(tx)
        tx.execute(schema.session_keys.delete())

    stored.database.write(destroy)
    stored.keys._opened.clear()
    (found,) = ask(stored, "page").items
    assert (found.title, found.messages) == (None, 3)
    asked = parse_filter('{"property": "text", "operator": ":", "value": "secret"}')
    assert ask(stored, "page", filter=asked).total == 0


@pytest.mark.parametrize("wrong_clock_ms", [-(10**17), -1, 0, 10**17])
def test_a_clock_that_is_wrong_by_far_does_not_break_the_list(stored, wrong_clock_ms):
    stored.fill([plain_session("main", started_ms=wrong_clock_ms, messages=1)])
    (found,) = ask(stored, "page").items
    assert found.started_at.endswith("Z")
    assert ask(stored, "activity", tz="Pacific/Kiritimati").items[0].sessions == 1


@pytest.mark.parametrize("session_id", ["", "other", "main\0", "ümain", "\ud800", "x" * 100_000])
def test_what_is_not_there_is_not_found(stored, session_id):
    stored.fill([plain_session("main")])
    with pytest.raises(NotFound):
        ask(stored, "session", session_id)
    with pytest.raises(NotFound):
        ask(stored, "page", parent=session_id)


FIGURES = st.sampled_from([0, 1, 2])
SORTS = ["started_at", "duration_ms", "messages", "tokens", "findings"]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None)
@given(
    figures=st.lists(st.tuples(FIGURES, FIGURES, FIGURES, FIGURES), max_size=12),
    sort=st.sampled_from([*SORTS, *(f"-{sort}" for sort in SORTS)]),
    limit=st.integers(1, 5),
)
def test_pages_joined_are_the_list_in_its_order(stored, figures, sort, limit):
    rows = [
        plain_session(
            f"s{number:02}", started_ms=started, duration_ms=duration, messages=messages, tokens=(0, tokens, 0, tokens)
        )
        for number, (started, duration, messages, tokens) in enumerate(figures)
    ]
    stored.fill([*rows, *(plain_session(f"{row['id']}.sub", parent_id=row["id"]) for row in rows)])

    shown, cursor = [], None
    while True:
        page = ask(stored, "page", sort=sort, limit=limit, cursor=cursor)
        assert page.total == len(rows)
        shown += ids(page)
        cursor = page.next_cursor
        if cursor is None:
            break
        assert len(page.items) == limit
        assert cursor.replace("-", "").replace("_", "").isalnum()

    def key(row):
        figure = {
            "started_at": row["started_ms"],
            "duration_ms": row["duration_ms"],
            "messages": row["messages"],
            "tokens": sum(row["tokens"]),
            "findings": 0,
        }[sort.removeprefix("-")]
        return figure, row["id"]

    assert shown == [row["id"] for row in sorted(rows, key=key, reverse=sort.startswith("-"))]


def test_a_session_that_appears_between_two_pages_moves_nothing(stored):
    rows = [plain_session(f"s{number}", started_ms=NOON_MS + number) for number in range(4)]
    stored.fill(rows)
    first = ask(stored, "page", limit=2)
    stored.fill([*rows, plain_session("s9", started_ms=NOON_MS + 9)])
    second = ask(stored, "page", limit=2, cursor=first.next_cursor)
    assert ids(first) + ids(second) == ["s3", "s2", "s1", "s0"]
    assert second.total == 5


def test_a_page_after_which_all_is_gone_is_empty_and_still_counts(stored):
    rows = [plain_session(f"s{number}", started_ms=NOON_MS + number) for number in range(4)]
    stored.fill(rows)
    first = ask(stored, "page", limit=2)
    stored.fill(rows[2:])
    second = ask(stored, "page", limit=2, cursor=first.next_cursor)
    assert (second.items, second.next_cursor, second.total) == ([], None, 2)


@pytest.mark.parametrize(
    "named", [{"sort": "title"}, {"sort": "--messages"}, {"sort": ""}, {"limit": 0}, {"limit": PAGE_MAX + 1}]
)
def test_a_page_that_cannot_be_is_refused(stored, named):
    with pytest.raises(InvalidRequest):
        ask(stored, "page", **named)


def cursor_of(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "{}",
        "ü",
        "\ud800",
        "A" * 5_000,
        cursor_of({}),
        cursor_of(["-started_at", 1]),
        cursor_of(["-started_at", "1", "s1"]),
        cursor_of(["-started_at", 2**63, "s1"]),
        cursor_of(["-started_at", 1, "s1\0"]),
        cursor_of(["-started_at", 1, "s1", 2]),
        cursor_of(["started_at", 1, "s1"]),
        cursor_of(["parent main", 1, "s1"]),
    ],
)
def test_a_cursor_from_elsewhere_is_refused(stored, cursor):
    stored.fill([plain_session("main")])
    with pytest.raises(InvalidCursor):
        ask(stored, "page", cursor=cursor)


def test_the_direct_subagent_sessions_of_one_are_listed_as_they_started(stored):
    stored.fill(
        [
            plain_session("main"),
            plain_session("main.b", parent_id="main", started_ms=3, warmup=True),
            plain_session("main.a", parent_id="main", started_ms=5),
            plain_session("main.c", parent_id="main", started_ms=4),
            plain_session("main.c.deep", parent_id="main.c", started_ms=1),
            plain_session("other"),
        ]
    )
    first = ask(stored, "page", parent="main", limit=2)
    assert (ids(first), first.total) == (["main.b", "main.c"], 3)
    assert [session.subagents for session in first.items] == [0, 1]
    second = ask(stored, "page", parent="main", limit=2, cursor=first.next_cursor)
    assert (ids(second), second.next_cursor) == (["main.a"], None)
    with pytest.raises(InvalidCursor):
        ask(stored, "page", parent="main.c", cursor=first.next_cursor)
    assert ids(ask(stored, "page", parent="main.c")) == ["main.c.deep"]
    assert ids(ask(stored, "page", parent="other")) == []
    assert sorted(ids(ask(stored, "page"))) == ["main", "other"]


TREE_FIGURES = (
    "messages prompts tool_calls entries lines lines_with_entries size_bytes inherited_lines".split()  # noqa: SIM905
)


def test_the_figures_of_a_tree_are_those_of_everything_below(stored):
    def row(session_id, parent_id, unit):
        figures = {name: unit * (number + 1) for number, name in enumerate(TREE_FIGURES)}
        return plain_session(session_id, parent_id=parent_id, tokens=(unit, 2 * unit, 3 * unit, 4 * unit), **figures)

    rows = [row("m", None, 1), row("m.a", "m", 10), row("m.a.b", "m.a", 100), row("m.c", "m", 1_000), row("n", None, 7)]
    stored.fill(rows)
    for top in rows:
        tree = [top, *descendants(top, rows)]
        found = ask(stored, "session", top["id"], tree=True)
        assert {name: getattr(found, name) for name in TREE_FIGURES} == {
            name: sum(one[name] for one in tree) for name in TREE_FIGURES
        }
        assert found.tokens.cache_read == sum(one["tokens"][3] for one in tree)
        assert found.tokens.total == sum(sum(one["tokens"]) for one in tree)
        own = ask(stored, "session", top["id"])
        assert (own.messages, own.tokens.input) == (top["messages"], top["tokens"][0])


ORGANIZATION = [
    plain_session(
        "fork",
        host="a",
        tools=["Bash", "Read"],
        duration_ms=100,
        messages=5,
        counted_messages=2,
        tool_calls=4,
        counted_tool_calls=1,
        tokens=(10, 0, 0, 0),
        counted_tokens=(1, 2, 3, 4),
        lines=10,
        lines_with_entries=9,
        size_bytes=1_000,
        pending_bytes=7,
    ),
    plain_session("fork.x", host="a", parent_id="fork", tools=["Bash"], messages=3, duration_ms=9, lines=1),
    plain_session("plain", host="b", started_ms=NOON_MS + DAY_MS, duration_ms=201, messages=7, lines=2),
    plain_session("lost", host="b", orphan=True, tools=["Bash"], messages=11, duration_ms=5_000, lines=4),
    plain_session("lost.deep", host="b", orphan=True, parent_id="lost", messages=13, lines=8),
    plain_session("stray", host="c", orphan=True, messages=17, started_ms=NOON_MS + 2 * DAY_MS),
]


def asking(name, value):
    return parse_filter(json.dumps({"property": name, "operator": "=", "value": value}))


def test_stats_count_main_sessions_and_add_up_whole_trees_and_orphans(stored):
    stored.fill(ORGANIZATION)
    stats = ask(stored, "stats")
    assert (stats.sessions, stats.orphans) == (2, 2)
    assert stats.sessions + stats.orphans == ask(stored, "page").total
    assert stats.average_duration_ms == 150
    assert stats.messages == 2 + 3 + 7 + 11 + 13 + 17
    assert stats.tool_calls == 1
    assert stats.tokens == Tokens(1, 2, 3, 4, total=10)
    assert (stats.lines, stats.lines_with_entries, stats.size_bytes) == (25, 9, 1_000)
    assert stats.pending_bytes == 7
    assert stats.findings == FindingCounts()


def test_stats_follow_the_filter_tree_by_tree(stored):
    stored.fill(ORGANIZATION)
    stats = ask(stored, "stats", filter=asking("session_id", "fork.x"))
    assert (stats.sessions, stats.messages, stats.pending_bytes, stats.lines) == (1, 5, 7, 11)
    stats = ask(stored, "stats", filter=asking("session_id", "lost.deep"))
    assert (stats.sessions, stats.messages, stats.pending_bytes, stats.average_duration_ms) == (0, 24, 0, 0)
    assert stats.orphans == 1


def test_what_has_arrived_and_has_no_session_yet_is_pending(stored):
    stored.fill([plain_session("main", pending_bytes=5)])
    stored.database.write(lambda tx: tx.execute(schema.sessions.delete()))
    assert ask(stored, "stats").pending_bytes == 5


def test_activity_adds_up_to_the_stats(stored):
    stored.fill(ORGANIZATION)
    days = ask(stored, "activity").items
    assert [(one.day, one.sessions, one.messages, one.tokens) for one in days] == [
        ("2026-11-22", 1, 5 + 24, 10),
        ("2026-11-23", 1, 7, 0),
        ("2026-11-24", 0, 17, 0),
    ]
    assert sum(one.messages for one in days) == ask(stored, "stats").messages


def test_the_sessions_of_a_day_are_the_figure_of_that_day(stored):
    stored.fill([*ORGANIZATION, plain_session("plain.late", parent_id="plain", started_ms=NOON_MS + 9 * DAY_MS)])
    for one in ask(stored, "activity").items:
        of_day = asking("started_at", one.day)
        assert ask(stored, "activity", filter=of_day).items == [one]
        assert ask(stored, "stats", filter=of_day).messages == one.messages


@pytest.mark.parametrize(
    ("tz", "started", "day"),
    [
        ("UTC", "2026-03-28T23:59:59.999Z", "2026-03-28"),
        # The clock goes from 02:00 to 03:00 on 2026-03-29, a day of 23 hours.
        ("Europe/Berlin", "2026-03-28T22:59:59.999Z", "2026-03-28"),
        ("Europe/Berlin", "2026-03-28T23:00:00.000Z", "2026-03-29"),
        ("Europe/Berlin", "2026-03-29T21:59:59.999Z", "2026-03-29"),
        ("Europe/Berlin", "2026-03-29T22:00:00.000Z", "2026-03-30"),
        # And back on 2026-10-25, a day of 25 hours.
        ("Europe/Berlin", "2026-10-24T22:00:00.000Z", "2026-10-25"),
        ("Europe/Berlin", "2026-10-25T22:59:59.999Z", "2026-10-25"),
        ("Europe/Berlin", "2026-10-25T23:00:00.000Z", "2026-10-26"),
        ("America/Los_Angeles", "2026-11-22T07:59:59.999Z", "2026-11-21"),
        ("Asia/Kathmandu", "2026-11-22T18:15:00.000Z", "2026-11-23"),
    ],
)
def test_a_day_is_that_of_the_wall_calendar(stored, tz, started, day):
    stored.fill([plain_session("main", started_ms=asking("started_at", started).value.start_ms)])
    assert [one.day for one in ask(stored, "activity", tz=tz).items] == [day]


@pytest.mark.parametrize(
    "tz", ["", "Mars/Olympus", "../../etc/passwd", "/etc/localtime", "a\0b", "America", "x" * 5_000]
)
def test_an_unknown_time_zone_is_refused(stored, tz):
    with pytest.raises(InvalidRequest):
        ask(stored, "activity", tz=tz)


def test_facets_count_listed_sessions_once_however_many_of_their_tree_have_the_value(stored):
    stored.fill(ORGANIZATION)
    assert ask(stored, "facets", "tool").items == [Facet("Bash", 2), Facet("Read", 1)]
    assert ask(stored, "facets", "host").items == [Facet("b", 2), Facet("a", 1), Facet("c", 1)]
    assert ask(stored, "facets", "tool", filter=asking("host", "a")).items == [Facet("Bash", 1), Facet("Read", 1)]
    assert ask(stored, "facets", "host", limit=1).items == [Facet("b", 2)]
    assert ask(stored, "facets", "tool", q="EA").items == [Facet("Read", 1)]
    assert ask(stored, "facets", "tool", q="%").items == []
    assert ask(stored, "facets", "has_subagents").items == [Facet("false", 2), Facet("true", 2)]
    assert ask(stored, "facets", "messages").items == []
    assert ask(stored, "facets", "rule").items == []


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None)
@given(hosts=st.lists(st.sampled_from(["a", "B", "ü", "c" * 4_000]), max_size=8), limit=st.integers(1, 3))
def test_pages_of_suggestions_joined_are_all_of_them(stored, hosts, limit):
    stored.fill([plain_session(f"s{number}", host=host) for number, host in enumerate(hosts)])
    found, cursor = [], None
    while True:
        page = ask(stored, "facets", "host", limit=limit, cursor=cursor)
        assert page.total == len(set(hosts))
        found += page.items
        cursor = page.next_cursor
        if cursor is None:
            break
    counts = {host: hosts.count(host) for host in hosts}
    assert [(one.value, one.count) for one in found] == sorted(counts.items(), key=lambda one: (-one[1], one[0]))


@pytest.mark.parametrize(
    "cursor", ["x", cursor_of(["tool", 1, "a"]), cursor_of(["host", "1", "a"]), cursor_of(["host"])]
)
def test_a_cursor_of_other_suggestions_is_refused(stored, cursor):
    stored.fill([plain_session("main")])
    with pytest.raises(InvalidCursor):
        ask(stored, "facets", "host", cursor=cursor)


@pytest.mark.parametrize("named", [{"property": "colour"}, {"property": "tool", "limit": 0}])
def test_facets_that_cannot_be_are_refused(stored, named):
    with pytest.raises(InvalidRequest):
        ask(stored, "facets", **named)


def test_another_organization_sees_nothing(stored):
    stored.fill(ORGANIZATION)
    stored.database.write(
        lambda tx: tx.execute(schema.organizations.insert(), {"id": 2, "data_id": "2", "created_ms": 0})
    )
    theirs = type(stored.catalogue)(stored.names, stored.keys, 2)
    asked = parse_filter('{"property": "messages", "operator": ">=", "value": 0}')
    with stored.database.read() as connection:
        for one in (None, asked):
            assert theirs.page(connection, filter=one).total == 0
            assert theirs.stats(connection, filter=one).messages == 0
            assert theirs.stats(connection, filter=one).pending_bytes == 0
            assert theirs.activity(connection, filter=one).items == []
            assert theirs.facets(connection, "host", filter=one).items == []
        with pytest.raises(NotFound):
            theirs.session(connection, "plain")


def test_a_page_costs_the_same_statements_however_long_it_is(stored):
    def statements(count):
        stored.fill([plain_session(f"s{number}", models=[f"m{number}"], title="x") for number in range(count)])
        seen = []

        def note(_connection, _cursor, statement, *_rest):
            seen.append(statement)

        event.listen(stored.database.engine, "before_cursor_execute", note)
        try:
            assert len(ask(stored, "page").items) == count
        finally:
            event.remove(stored.database.engine, "before_cursor_execute", note)
        return len(seen)

    assert statements(1) == statements(50)
