"""Figures of a session: what is counted, once, and what is not."""

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from session_replay.transcript.session import PAUSE_MS, ActiveTime, Figures, TranscriptReader, text_hash

MINUTE = 60_000
START = 1_772_618_400_000


def at(milliseconds: int) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    return f"2026-03-04T10:{seconds // 60:02d}:{seconds % 60:02d}.{rest:03d}Z"


def user(text, **fields):
    return {"type": "user", "message": {"role": "user", "content": text}, **fields}


def assistant(message_id, *blocks, usage=None, **fields):
    message = {"id": message_id, "role": "assistant", "model": "m-1", "content": list(blocks), "usage": usage or {}}
    return {"type": "assistant", "message": message | fields.pop("message", {}), **fields}


def text(words):
    return {"type": "text", "text": words}


def call(call_id, name, **given):
    return {"type": "tool_use", "id": call_id, "name": name, "input": given}


def result(call_id, content="", **fields):
    return {"type": "tool_result", "tool_use_id": call_id, "content": content, **fields}


def read(*lines, inherited=frozenset()):
    reader = TranscriptReader(inherited)
    entries = reader.read(b"\n".join(json.dumps(line).encode() for line in lines))
    return entries, reader.figures


def usage(given, made, written=0, cached=0):
    return {
        "input_tokens": given,
        "output_tokens": made,
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": cached,
    }


def test_tokens_are_the_largest_of_each_counter_per_message_interleaved_or_not():
    _, figures = read(
        assistant("a", text("1"), usage=usage(10, 1, 5, 7)),
        assistant("b", text("2"), usage=usage(100, 100)),
        assistant("a", text("3"), usage=usage(8, 40, 5, 9)),
    )

    assert (figures.input_tokens, figures.output_tokens) == (110, 140)
    assert (figures.cache_creation_tokens, figures.cache_read_tokens) == (5, 9)
    assert figures.messages == 2
    assert figures.messages_by_id == {"a": (10, 40, 5, 9), "b": (100, 100, 0, 0)}


def test_messages_without_an_id_count_once_per_line():
    lines = [assistant(None, text("x"), usage=usage(1, 2), uuid=uuid) for uuid in ("u1", "u2", "u1")]
    _, figures = read(*lines)

    assert (figures.messages, figures.output_tokens) == (2, 4)


@pytest.mark.parametrize("mark", [{"message": {"model": "<synthetic>"}}, {"isApiErrorMessage": True}])
def test_messages_that_the_client_made_up_are_no_api_calls(mark):
    entries, figures = read(assistant("a", text("No response requested."), usage=usage(5, 5), **mark))

    assert (figures.messages, figures.output_tokens, figures.models) == (0, 0, [])
    assert (entries[0].type, entries[0].tokens) == ("system", None)


def test_prompts_are_what_a_person_typed():
    _, figures = read(
        user("one"),
        user("<command-name>/clear</command-name>"),
        user("a note", isMeta=True),
        user("the summary", isCompactSummary=True),
        user([result("t", "ok")]),
        user("Look around", isSidechain=True),
        user([text("two"), {"type": "image", "source": {}}]),
        user([{"type": "image", "source": {}}]),
        user("[Request interrupted by user]"),
    )

    assert (figures.prompts, figures.messages) == (3, 3)
    assert figures.first_prompt == "one"


def test_a_prompt_that_was_queued_counts_once():
    queued = {"type": "queued_command", "prompt": "and stop", "commandMode": "prompt", "source_uuid": "u9"}
    entries, figures = read(
        {"type": "queue-operation", "operation": "enqueue", "content": "and stop"},
        {"type": "attachment", "uuid": "u1", "attachment": queued},
        user("and stop", uuid="u9"),
    )

    assert [entry.type for entry in entries] == ["progress", "user", "user"]
    assert figures.prompts == 1


def test_copies_of_a_subagents_lines_never_count():
    message = {"id": "copy", "content": [call("t9", "Bash", command="ls")], "usage": usage(9, 9)}
    copied = {"type": "agent_progress", "agentId": "a1", "message": {"type": "assistant", "message": message}}
    entries, figures = read(*[{"type": "progress", "data": copied, "parentToolUseID": "t1"}] * 3)

    assert (figures.messages, figures.tool_calls, figures.output_tokens) == (0, 0, 0)
    assert {entry.agent_id for entry in entries} == {"a1"}
    assert [(spawn.role, spawn.tool_use_id, spawn.agent_id) for spawn in figures.spawns] == [("progress", "t1", "a1")]


def test_inherited_lines_make_entries_and_no_figures():
    lines = (
        user("old", uuid="u1", timestamp=at(0), cwd="/old"),
        assistant("a", call("t1", "Bash", command="ls"), usage=usage(5, 5), uuid="u2", timestamp=at(1000)),
        user("new", uuid="u3", timestamp=at(MINUTE)),
        assistant("b", call("t2", "Bash", command="ls"), usage=usage(1, 1), uuid="u4", timestamp=at(MINUTE + 500)),
    )
    entries, figures = read(*lines, inherited={"u1", "u2"})

    assert [entry.inherited for entry in entries] == [True, True, False, False]
    assert (figures.inherited_lines, figures.lines, figures.entries, figures.lines_with_entries) == (2, 4, 4, 4)
    assert (figures.prompts, figures.messages, figures.tool_calls, figures.output_tokens) == (1, 2, 1, 1)
    assert (figures.started_ms, figures.ended_ms) == (START + MINUTE, START + MINUTE + 500)
    assert figures.first_line_ms == START
    assert figures.tool_use_ids == ["t2"]


def test_tool_calls_are_distinct_ids_and_blocks_without_one():
    idless = {"type": "tool_use", "name": "Read", "input": {}}
    _, figures = read(assistant("a", call("t1", "Bash"), idless), assistant("a", call("t1", "Bash"), idless))

    assert (figures.tool_calls, figures.tool_use_ids, figures.tools) == (3, ["t1"], ["Bash", "Read"])


def test_a_result_has_the_tool_of_its_call_in_an_earlier_read():
    reader = TranscriptReader()
    reader.read(json.dumps(assistant("a", call("t1", "Grep", pattern="x"))).encode())
    [entry] = reader.read(json.dumps(user([result("t1", "found")])).encode())

    assert (entry.tool, entry.role, entry.preview, reader.line) == ("Grep", "result", "found", 2)


def test_duration_is_from_the_earliest_to_the_latest_valid_time():
    _, figures = read(
        user("b", timestamp=at(2000)),
        user("a", timestamp=at(1000)),
        user("1970", timestamp="1970-01-01T00:00:00Z"),
        user("2100", timestamp="2100-01-01T00:00:00Z"),
        user("epoch", timestamp=START + 9000),
        user("never", timestamp="soon"),
    )

    assert (figures.started_ms, figures.ended_ms) == (START + 1000, START + 9000)
    assert (figures.first_line_ms, figures.active_ms) == (START + 2000, 8000)


def test_a_line_without_a_time_has_that_of_the_line_before():
    entries, _ = read(
        {"type": "mode", "mode": "normal"},
        user("x", timestamp=at(1500)),
        {"type": "mode", "mode": "normal"},
        user("wrong clock", timestamp=0),
        {"type": "mode", "mode": "normal"},
    )

    assert [entry.at for entry in entries] == [None, at(1500), at(1500), "1970-01-01T00:00:00.000Z", at(1500)]


@given(st.lists(st.integers(0, 40 * MINUTE), max_size=60))
def test_active_time_in_any_order_is_that_of_the_sorted_times(times):
    active = ActiveTime()
    for time in times:
        active.add(time)
    ordered = sorted(times)
    gaps = [after - before for before, after in pairwise(ordered)]

    assert active.total_ms == sum(gap for gap in gaps if gap <= PAUSE_MS)
    assert (active.first, active.last) == ((ordered[0], ordered[-1]) if ordered else (None, None))


@pytest.mark.parametrize(
    ("lines", "title"),
    [
        ([{"type": "summary", "summary": "Elsewhere", "leafUuid": "u9"}, user("x", uuid="u1")], None),
        ([{"type": "summary", "summary": "Here", "leafUuid": "u1"}, user("x", uuid="u1")], "Here"),
        ([user("x", uuid="u1"), {"type": "summary", "summary": "Here", "leafUuid": "u1"}], "Here"),
        ([{"type": "agent-name", "agentName": "painter"}], "painter"),
        ([{"type": "ai-title", "aiTitle": "Painting"}, {"type": "agent-name", "agentName": "painter"}], "Painting"),
        ([{"type": "custom-title", "customTitle": "Mine"}, {"type": "ai-title", "aiTitle": "Painting"}], "Mine"),
        ([{"type": "custom-title", "customTitle": "Mine", "uuid": "11111111-0000-4000-8000-000000000001"}], "Mine"),
        ([{"type": "ai-title", "aiTitle": "First"}, {"type": "ai-title", "aiTitle": "Second"}], "Second"),
    ],
)
def test_the_title_is_the_best_name_there_is(lines, title):
    assert read(*lines)[1].title == title


def test_facts_of_the_session_are_kept_in_their_order():
    lines = [
        user("x", cwd="/a", gitBranch="main", version="2.0.1", sessionId="s1", permissionMode="plan"),
        user("x", cwd="/b", gitBranch="fix", version="2.0.2", sessionId="s2"),
        user("x", cwd="/a", gitBranch="main", version="2.0.1", sessionId="s1"),
        user("x", gitBranch=""),
        {"type": "permission-mode", "permissionMode": "auto"},
    ]
    figures = read(*lines)[1]

    assert (figures.project, figures.git_branch, figures.git_branches) == ("/a", "main", ["main", "fix"])
    assert (figures.client_versions, figures.session_ids) == (["2.0.2", "2.0.1"], ["s1", "s2"])
    assert figures.permission_modes == ["plan", "auto"]


@pytest.mark.parametrize(
    ("prompt", "agent", "warmup"), [("Warmup", "a1", True), ("Warmup", None, False), ("Go", "a1", False)]
)
def test_a_warm_up_is_an_agents_file_that_says_so(prompt, agent, warmup):
    figures = read(user(prompt, agentId=agent, isSidechain=agent is not None))[1]

    assert (figures.is_warmup, figures.agent_id, figures.prompts) == (warmup, agent, int(agent is None))
    assert figures.first_prompt == prompt


def test_a_call_and_the_file_of_its_subagent_have_the_same_hash():
    spawn = read(assistant("a", call("t1", "Task", prompt="Look around\n", subagent_type="Explore")))[1].spawns[0]
    figures = read(user("Look around", agentId="a1", isSidechain=True))[1]

    assert spawn.prompt_hash == figures.first_user_text_hash == text_hash("Look around")
    assert (spawn.role, spawn.agent_type, spawn.agent_id, spawn.refused) == ("call", "Explore", None, False)


def test_a_refused_call_is_no_subagent():
    refused = user([result("t1", "no such agent", is_error=True)], toolUseResult="Error: no such agent")
    entries, figures = read(assistant("a", call("t1", "Task", prompt="Fly")), refused)

    assert [(spawn.role, spawn.refused) for spawn in figures.spawns] == [("call", False), ("result", True)]
    assert entries[1].agent_id is None


def test_sidechains_with_the_same_prompt_are_matched_in_order():
    side = {"isSidechain": True, "parentUuid": None}
    entries, figures = read(
        assistant("a", call("t1", "Task", prompt="Look"), uuid="m1"),
        assistant("a", call("t2", "Task", prompt="Look"), uuid="m2"),
        user("Look", uuid="aaaaaaaa-1", **side),
        user("Look", uuid="bbbbbbbb-1", **side),
        assistant("b", text("in b"), uuid="b2", isSidechain=True, parentUuid="bbbbbbbb-1"),
        assistant("c", text("in a"), uuid="a2", isSidechain=True, parentUuid="aaaaaaaa-1"),
        user([result("t2", "b")]),
        user([result("t1", "a")]),
    )

    assert [entry.agent_id for entry in entries[2:]] == [
        f"sidechain-{root * 8}" for root in ("a", "b", "b", "a", "b", "a")
    ]
    linked = {(spawn.tool_use_id, spawn.agent_id) for spawn in figures.spawns if spawn.role == "progress"}
    assert linked == {("t1", "sidechain-aaaaaaaa"), ("t2", "sidechain-bbbbbbbb")}


def test_a_sidechain_before_its_call_is_found_by_the_call():
    entries, _ = read(
        user("Look", uuid="aaaaaaaa-1", isSidechain=True, parentUuid=None),
        assistant("a", call("t1", "Task", prompt="Look"), uuid="m1"),
    )

    assert [entry.agent_id for entry in entries] == ["sidechain-aaaaaaaa"] * 2


def test_news_of_a_background_command_is_no_subagent():
    news = "<task-notification>\n<task-id>b1</task-id>\n<tool-use-id>t1</tool-use-id>\n</task-notification>"
    entries, figures = read(assistant("a", call("t1", "Bash", command="sleep 9")), user(news))

    assert (entries[1].agent_id, figures.spawns) == (None, [])


def test_a_workflow_is_linked_by_its_run():
    facts = {"status": "async_launched", "runId": "wf_1", "taskType": "local_workflow"}
    _, figures = read(
        assistant("a", call("t1", "Workflow", script="x")), user([result("t1", "go")], toolUseResult=facts)
    )

    assert [(spawn.role, spawn.tool_use_id, spawn.agent_id) for spawn in figures.spawns] == [("result", "t1", "wf_1")]


def test_figures_are_a_snapshot():
    reader = TranscriptReader()
    before = reader.figures
    reader.read(json.dumps(assistant("a", call("t1", "Task", prompt="x"), usage=usage(1, 1))).encode())

    assert before == Figures()
    assert reader.figures != before


def test_names_of_any_length_are_cut():
    entries, figures = read(assistant("a", call("t1", "B" * 9_000), uuid="u" * 9_000, cwd="/" * 90_000))

    assert (len(entries[0].tool or ""), len(entries[0].uuid or "")) == (1_024, 1_024)
    assert (len(figures.project or ""), [len(tool) for tool in figures.tools]) == (4_096, [1_024])
