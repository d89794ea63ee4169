"""The sample sessions are small, made up, well formed, and show what the product can show."""

import base64
import json
import re
from collections import Counter
from datetime import UTC, datetime

import pytest

from session_replay.transcript.clock import moment
from session_replay.transcript.entry import entries_of, entry_whole
from session_replay.transcript.line import read_line
from session_replay.wire import ENTRY_TYPES, line_of

BYTES_MAX = 400_000
FIRST, END = datetime(2026, 11, 10, tzinfo=UTC), datetime(2026, 11, 21, tzinfo=UTC)
RESERVED_HOSTS = re.compile(r"(.+\.)?example\.(com|net|org)")


@pytest.fixture(scope="module")
def files(samples):
    return {path.relative_to(samples).as_posix(): path.read_bytes() for path in sorted(samples.rglob("*.jsonl"))}


@pytest.fixture(scope="module")
def metas(samples):
    return {path.name.split(".")[0]: json.loads(path.read_bytes()) for path in samples.rglob("*.meta.json")}


@pytest.fixture(scope="module")
def lines(files):
    """Every line that is JSON, as (file, line)."""
    found = []
    for name, content in files.items():
        for raw in content.splitlines():
            try:
                found.append((name, json.loads(raw)))
            except ValueError:
                continue
    return found


@pytest.fixture(scope="module")
def entries(files):
    found = []
    for name, content in files.items():
        for number, raw in enumerate(content.splitlines()):
            found += [(name, raw, entry) for entry in entries_of(read_line(raw), raw, number, None)]
    return found


def main_files(files):
    return [name for name in files if "agent-" not in name]


def blocks(lines, kind):
    for _, line in lines:
        content = (line.get("message") or {}).get("content")
        if isinstance(content, list):
            yield from (block for block in content if block["type"] == kind)


def test_they_are_a_handful_and_small(files):
    assert 6 <= len(main_files(files)) <= 8
    assert sum(map(len, files.values())) <= BYTES_MAX


def test_each_file_ends_with_a_newline_and_names_its_session(files, lines):
    assert all(content.endswith(b"\n") for content in files.values())
    for name, line in lines:
        if "sessionId" in line:
            assert name.split("/")[1].removesuffix(".jsonl") == line["sessionId"] or "agent-" in name


def test_exactly_one_line_is_damaged(entries):
    assert [entry.raw_type for _, _, entry in entries].count("damaged") == 1


def test_all_eight_entry_types_occur(entries):
    assert {entry.type for _, _, entry in entries} == set(ENTRY_TYPES)


def test_three_generations_of_the_client_wrote_them(lines):
    assert {line["version"] for _, line in lines if "version" in line} == {"1.0.128", "2.0.77", "2.1.330"}


def test_times_lie_in_the_ten_days(lines):
    for _, line in lines:
        if "timestamp" in line:
            text, milliseconds = moment(line["timestamp"])
            assert text is not None
            assert FIRST <= datetime.fromtimestamp(milliseconds / 1000, UTC) < END


def test_hosts_are_reserved_ones_and_paths_are_robins(files):
    text = b"".join(files.values()).decode()
    hosts = re.findall(r"https?://([A-Za-z0-9.-]+)", text) + re.findall(r"\w{2,}@([A-Za-z0-9.-]+\.[a-z]{2,})", text)
    assert hosts
    assert [host for host in hosts if not RESERVED_HOSTS.fullmatch(host)] == []
    assert set(re.findall(r"/home/(\w+)", text)) == {"robin"}


def test_every_result_has_its_call_before_it(files):
    for content in files.values():
        called = set()
        for raw in content.splitlines():
            for entry in entries_of(read_line(raw), raw, 0, None):
                if entry.role == "call":
                    called.add(entry.tool_use_id)
                elif entry.role == "result":
                    assert entry.tool_use_id in called


def test_the_tools_of_a_good_tour_are_used(lines):
    used = Counter(block["name"] for block in blocks(lines, "tool_use"))
    assert set(used) >= {
        "Agent",
        "Bash",
        "Edit",
        "ExitPlanMode",
        "Grep",
        "MultiEdit",
        "Read",
        "Task",
        "TodoWrite",
        "WebFetch",
        "Write",
    }
    assert any(name.startswith("mcp__") for name in used)


def test_edits_apply_to_what_was_there(lines):
    patches = 0
    for _, line in lines:
        value = line.get("toolUseResult")
        for hunk in value.get("structuredPatch", []) if isinstance(value, dict) else []:
            old = [text[1:] for text in hunk["lines"] if text[0] in " -"]
            start = hunk["oldStart"] - 1
            original = value.get("originalFile") or value.get("originalFileContents")
            assert original.splitlines()[start : start + hunk["oldLines"]] == old
            assert len([text for text in hunk["lines"] if text[0] in " +"]) == hunk["newLines"]
            patches += 1
    assert patches >= 10


def test_diffs_are_shown(entries):
    shown = [
        entry_whole(raw, line_of(entry.seq), entry.seq % 1024, None) for _, raw, entry in entries if entry.has_diff
    ]
    assert {diff.change for whole in shown for diff in whole.diff} >= {"created", "modified"}


def test_refusals_and_errors_are_marked(entries):
    assert sum(entry.is_denied for _, _, entry in entries) >= 4
    assert sum(entry.is_error and not entry.is_denied for _, _, entry in entries) >= 3


def test_kinds_worth_seeing_are_there(lines):
    kinds = Counter(
        "/".join(filter(None, (line["type"], line.get("subtype") or (line.get("attachment") or {}).get("type"))))
        for _, line in lines
    )
    assert set(kinds) >= {
        "ai-title", "attachment/hook_blocking_error", "attachment/queued_command", "permission-mode", "pr-link",
        "summary", "system/api_error", "system/compact_boundary", "system/turn_duration",
    }  # fmt: skip
    assert any(line.get("isApiErrorMessage") for _, line in lines)
    assert any(line.get("isCompactSummary") for _, line in lines)
    assert len({line["gitBranch"] for _, line in lines if "gitBranch" in line}) >= 3


def test_terminal_output_is_coloured(lines):
    assert any("\x1b[32m" in str(block["content"]) for block in blocks(lines, "tool_result"))


def test_the_image_is_a_png(lines):
    (image,) = blocks(lines, "image")
    assert base64.b64decode(image["source"]["data"]).startswith(b"\x89PNG\r\n\x1a\n")


def test_some_message_takes_several_lines_with_one_id(lines):
    assert Counter(line["message"]["id"] for _, line in lines if line["type"] == "assistant").most_common(1)[0][1] > 1


def test_subagents_lead_back_to_the_call_that_spawned_them(files, lines, metas):
    calls = {block["id"]: block["input"] for block in blocks(lines, "tool_use")}
    assert len(metas) == len([name for name in files if "/subagents/" in name]) == 3
    assert [meta["spawnDepth"] for meta in metas.values()].count(2) == 1
    for meta in metas.values():
        assert calls[meta["toolUseId"]]["description"] == meta["description"]
        assert meta.get("parentAgentId") is None or f"agent-{meta['parentAgentId']}" in metas


def test_one_session_is_a_fork_of_another(files):
    first_messages = Counter(
        next(
            line["message"]["id"]
            for raw in files[name].splitlines()
            if (line := json.loads(raw))["type"] == "assistant"
        )
        for name in main_files(files)
    )
    assert max(first_messages.values()) == 2
