"""Real transcripts beside the checkout: nothing missing, counts as recorded by those who made them."""

import json
from collections import Counter
from pathlib import Path

import pytest

from session_replay.transcript.entry import entry_whole
from session_replay.transcript.session import TranscriptReader
from session_replay.wire import BLOCKS_PER_LINE, line_of

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
COUNTERS = ("input_tokens", "output_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")

pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason="no corpus beside the checkout")


def transcripts(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*.jsonl") if "projects" in path.parts and path.is_file())


SCENARIOS = sorted(path.parent for path in CORPUS.glob("client-*/*/EXPECTED.json"))
FOLDERS = sorted(path for path in (*CORPUS.glob("client-*"), *CORPUS.glob("public/*")) if path.is_dir())


def objects(paths: list[Path]):
    for path in paths:
        for line in path.read_bytes().split(b"\n"):
            try:
                value = json.loads(line)
            except ValueError:
                continue
            if isinstance(value, dict):
                yield value


def naive_tokens(paths: list[Path]) -> list[int]:
    """The largest of each counter per message id, summed; client-made messages are no API calls."""
    largest: dict[str, list[int]] = {}
    for value in objects(paths):
        message = value.get("message")
        if value.get("type") != "assistant" or value.get("isApiErrorMessage") or not isinstance(message, dict):
            continue
        if message.get("model") == "<synthetic>":
            continue
        counts = [(message.get("usage") or {}).get(name) or 0 for name in COUNTERS]
        key = message.get("id") or value.get("uuid")
        largest[key] = [max(pair) for pair in zip(largest.get(key, [0] * 4), counts, strict=True)]
    return [sum(counts[part] for counts in largest.values()) for part in range(4)]


def tool_names(paths: list[Path]) -> Counter:
    """Calls by tool, each id once over all files, as the parser sees them."""
    names: dict[str, str] = {}
    for path in paths:
        for entry in TranscriptReader().read(path.read_bytes()):
            if entry.role == "call":
                names[entry.tool_use_id] = entry.tool
    return Counter(names.values())


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_every_line_has_an_entry_that_opens(folder):
    for path in transcripts(folder):
        raw = path.read_bytes()
        lines = raw.split(b"\n")
        reader = TranscriptReader()
        entries = reader.read(raw)

        assert {line_of(entry.seq) for entry in entries} == {number for number, line in enumerate(lines) if line}
        assert reader.figures.lines_with_entries == sum(1 for line in lines if line)
        for entry in entries:
            number = line_of(entry.seq)
            whole = entry_whole(lines[number], number, entry.seq % BLOCKS_PER_LINE, entry.at)
            assert (whole.seq, whole.type) == (entry.seq, entry.type)
            assert bool(whole.diff) == entry.has_diff, (path, number)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_tokens_equal_a_naive_count_per_message(folder):
    for path in transcripts(folder):
        reader = TranscriptReader()
        reader.read(path.read_bytes())
        figures = reader.figures
        read = [
            figures.input_tokens,
            figures.output_tokens,
            figures.cache_creation_tokens,
            figures.cache_read_tokens,
        ]
        assert read == naive_tokens([path]), path


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_tool_calls_are_those_that_the_scripted_api_asked_for(scenario):
    expected = json.loads((scenario / "EXPECTED.json").read_text())["tool_calls"]

    assert tool_names(transcripts(scenario)) == Counter(expected)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_denials_are_those_of_the_client(scenario):
    """2.1.330 says in a field which calls it refused; older clients ran the same scripts."""
    paths = transcripts(scenario)
    told = {
        block["tool_use_id"]
        for value in objects(paths)
        if (value.get("permissionDecision") or {}).get("decision") == "reject"
        or value.get("toolDenialKind") in ("permission-rule", "user-rejected")
        for block in value["message"]["content"]
    }
    denied = {
        entry.tool_use_id for path in paths for entry in TranscriptReader().read(path.read_bytes()) if entry.is_denied
    }

    assert told <= denied
    if "2.1.330" in scenario.parent.name:
        assert told == denied


@pytest.mark.parametrize("scenario", [path for path in SCENARIOS if "subagents" in path.name], ids=str)
def test_every_subagent_is_linked_to_the_call_that_spawned_it(scenario):
    spawns, agents = [], {}
    for path in transcripts(scenario):
        reader = TranscriptReader()
        entries = reader.read(path.read_bytes())
        figures = reader.figures
        spawns += figures.spawns
        if figures.agent_id is not None:
            agents[figures.agent_id] = figures
        agents |= {entry.agent_id: figures for entry in entries if entry.sidechain}
    linked = {spawn.agent_id for spawn in spawns if spawn.agent_id is not None and spawn.tool_use_id is not None}
    spawned = {agent for agent, figures in agents.items() if not figures.is_warmup}
    refused = {spawn.tool_use_id for spawn in spawns if spawn.refused}
    calls = {spawn.tool_use_id for spawn in spawns if spawn.role == "call"}

    assert len(spawned) == len(calls - refused) > 0
    # A nested agent's result lacks the agent's id: the prompt is the link.
    asked = {spawn.prompt_hash for spawn in spawns if spawn.role == "call" and spawn.tool_use_id not in refused}
    assert all(agent in linked or agents[agent].first_user_text_hash in asked for agent in spawned)
