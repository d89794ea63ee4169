"""Any bytes give entries, however the stream is cut."""

import json
import random
import re
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from session_replay.transcript.entry import LINE_BYTES_MAX, entry_whole
from session_replay.transcript.session import TranscriptReader
from session_replay.wire import BLOCKS_PER_LINE, ENTRY_TYPES, Entry, line_of

LINES = [
    line for path in sorted(Path(__file__).parent.glob("*/*.jsonl")) for line in path.read_bytes().split(b"\n") if line
]
OBJECTS = [line for line in LINES if line.startswith(b"{") and line.endswith(b"}")]
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["tool_use", "tool_result"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def read(raw: bytes) -> tuple[list[Entry], TranscriptReader]:
    reader = TranscriptReader()
    return reader.read(raw), reader


def check(raw: bytes) -> list[Entry]:
    """The laws that hold for any bytes."""
    entries, reader = read(raw)
    lines = raw.split(b"\n")
    numbers = [number for number, line in enumerate(lines) if line]
    assert sorted({line_of(entry.seq) for entry in entries}) == numbers
    assert all(before.seq < after.seq for before, after in pairwise(entries))
    for entry in entries:
        assert entry.type in ENTRY_TYPES
        assert len(entry.preview) <= 480
        assert msgspec.json.decode(msgspec.json.encode(entry), type=Entry) == entry
        number = line_of(entry.seq)
        whole = entry_whole(lines[number], number, entry.seq % BLOCKS_PER_LINE, entry.at)
        assert (whole.seq, whole.type, whole.at, whole.preview) == (entry.seq, entry.type, entry.at, entry.preview)
        assert whole.content
        assert whole.raw.encode() == lines[number] or not whole.meta["raw_exact"]
        json.loads(msgspec.json.encode(whole))
    figures = reader.figures
    assert figures.lines == figures.lines_with_entries == len(numbers)
    assert figures.entries == len(entries)
    assert figures.size_bytes == len(raw)
    assert reader.line == len(lines) - (not lines[-1])
    assert msgspec.json.decode(msgspec.json.encode(figures), type=type(figures)) == figures
    return entries


@given(st.binary(max_size=400))
def test_any_bytes_give_entries(raw):
    check(raw)


@st.composite
def mutated_lines(draw):
    """A line of a fixture with one to three values replaced by others."""
    line = json.loads(draw(st.sampled_from(OBJECTS)).decode("utf-8", "replace"))
    for _ in range(draw(st.integers(1, 3))):
        place, key = line, draw(st.sampled_from(sorted(line)))
        while isinstance(place[key], dict | list) and place[key] and draw(st.booleans()):
            place = place[key]
            key = draw(st.sampled_from(sorted(place))) if isinstance(place, dict) else 0
        place[key] = draw(JSON_VALUES)
    return json.dumps(line).encode()


@settings(max_examples=400)
@given(mutated_lines())
def test_a_field_of_another_type_loses_no_line(line):
    check(line)


@given(st.sampled_from(LINES), st.integers(0, 10_000), st.binary(max_size=3))
def test_bytes_overwritten_anywhere_in_a_line_lose_no_line(line, place, noise):
    place %= len(line)
    check(line[:place] + noise + line[place + len(noise) :])


@given(st.sampled_from(LINES), st.integers(0, 10_000))
def test_a_line_cut_anywhere_is_one_damaged_line_or_still_good(line, length):
    for entry in check(line[: length % len(line)]):
        assert entry.preview


@given(st.lists(st.sampled_from([*LINES, b""]), max_size=40), st.lists(st.integers(0, 40), max_size=6), st.booleans())
def test_reads_cut_at_any_line_give_the_same_entries_and_figures(lines, cuts, ends):
    whole = b"".join(line + b"\n" for line in lines)
    whole = whole if ends else whole.removesuffix(b"\n")
    expected, once = read(whole)

    reader, entries = TranscriptReader(), []
    physical = re.findall(rb"[^\n]*\n|[^\n]+", whole)
    edges = sorted({0, len(physical), *(cut for cut in cuts if cut <= len(physical))})
    for start, end in pairwise(edges):
        entries += reader.read(b"".join(physical[start:end]))

    assert entries == expected
    assert reader.figures == once.figures
    assert reader.line == once.line


@pytest.mark.parametrize("depth", [200, 900, 1_100, 100_000])
@pytest.mark.parametrize(
    "frame",
    [
        b'{"type":"user","uuid":"u","x":%s}',
        b'{"type":"user","message":{"role":"user","content":%s}}',
        b'{"type":"assistant","message":{"content":[{"type":"tool_use","name":"Bash","input":%s}]}}',
        b'{"type":"user","toolUseResult":{"structuredPatch":%s},"message":{"content":[{"type":"tool_result"}]}}',
        b'{"type":"progress","data":%s}',
        b'{"type":"attachment","attachment":{"type":"hook_success","content":%s}}',
        b"%s",
    ],
)
def test_deep_json_is_an_entry(frame, depth):
    for left, right in ((b"[", b"]"), (b'{"a":', b"}")):
        check(frame % (left * depth + b"1" + right * depth))
        check(frame % (left * depth))


@pytest.mark.parametrize("role", ["assistant", "user"])
def test_many_blocks_share_the_last_number(role):
    blocks = [{"type": "text", "text": f"{n}"} for n in range(3_000)]
    line = json.dumps({"type": role, "message": {"id": "m", "content": blocks}}).encode()

    assert len(check(line)) == BLOCKS_PER_LINE


def test_calls_without_an_entry_of_their_own_are_counted():
    blocks = [{"type": "tool_use", "id": f"t{n}", "name": "Bash", "input": {"command": "ls"}} for n in range(3_000)]
    line = json.dumps({"type": "assistant", "message": {"id": "m", "content": blocks}}).encode()

    assert read(line)[1].figures.tool_calls == 3_000


def test_a_line_too_long_to_parse_is_kept_by_its_beginning():
    line = b'{"type":"user","message":{"role":"user","content":"' + b"x" * LINE_BYTES_MAX + b'"}}'

    [entry] = read(line)[0]

    assert (entry.raw_type, entry.type, entry.audit) == ("oversized", "system", True)
    assert entry.preview.startswith('{"type":"user"')
    assert entry_whole(line, 0, 0, None).content[1].truncated_bytes > 0


def test_nothing_of_the_raw_bytes_is_kept_by_the_reader():
    marker = "never-in-figures-" + "x" * 600
    raw = json.dumps({"type": "system", "subtype": "informational", "content": marker}).encode()
    reader = TranscriptReader()
    reader.read(raw)

    assert marker not in repr(vars(reader))


def test_lines_in_any_order_give_figures_that_add_up():
    shuffled = list(LINES)
    random.Random(7).shuffle(shuffled)
    figures = read(b"\n".join(shuffled))[1].figures
    counted = [sum(counts[part] for counts in figures.messages_by_id.values()) for part in range(4)]

    assert figures.tool_calls >= len(figures.tool_use_ids) > 0
    assert figures.input_tokens >= counted[0]
    assert figures.output_tokens >= counted[1] > 0
