"""Diffs of tool calls and results."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from session_replay.transcript import edit
from session_replay.transcript.entry import entry_whole

LINES = st.lists(st.sampled_from(["a", "b", "c", "", "  x", "+y"]), max_size=30)


def diff_of_call(name, **given):
    block = {"type": "tool_use", "id": "t", "name": name, "input": given}
    return whole({"type": "assistant", "message": {"id": "m", "content": [block]}})


def diff_of_result(**facts):
    block = {"type": "tool_result", "tool_use_id": "t", "content": "done"}
    return whole({"type": "user", "message": {"content": [block]}, "toolUseResult": facts})


def whole(line):
    [diff] = entry_whole(json.dumps(line).encode(), 0, 0, None).diff
    return diff


def patched(old: list[str], hunks) -> list[str]:
    """``old`` with the hunks applied, which must fit exactly."""
    new, place = [], 0
    for hunk in hunks:
        start = hunk.old_start - 1
        new += old[place:start]
        kept = [line[1:] for line in hunk.lines if line[0] in " -"]
        assert old[start : start + hunk.old_lines] == kept
        added = [line[1:] for line in hunk.lines if line[0] in " +"]
        assert len(added) == hunk.new_lines
        assert len(new) == hunk.new_start - 1
        new += added
        place = start + hunk.old_lines
    return new + old[place:]


@given(LINES, LINES)
def test_computed_hunks_lead_from_the_old_text_to_the_new(old, new):
    old_text, new_text = "".join(f"{line}\n" for line in old), "".join(f"{line}\n" for line in new)
    diff = diff_of_result(filePath="f", type="update", content=new_text, originalFile=old_text, structuredPatch=[])

    assert patched(old, diff.hunks) == new
    assert diff.additions - diff.deletions == len(new) - len(old)


def test_the_clients_own_patch_is_drawn_as_it_is():
    patch = {"oldStart": 7, "oldLines": 2, "newStart": 7, "newLines": 1, "lines": [" a", "-b"]}
    diff = diff_of_result(filePath="/f", oldString="b\n", newString="", structuredPatch=[patch], userModified=True)

    assert (diff.source, diff.change, diff.additions, diff.deletions, diff.user_modified) == (
        "recorded",
        "modified",
        0,
        1,
        True,
    )
    assert (diff.hunks[0].old_start, diff.hunks[0].lines) == (7, [" a", "-b"])


def test_an_edit_without_a_patch_is_placed_in_the_original_file():
    diff = diff_of_result(filePath="/f", oldString="two", newString="2", originalFile="one\ntwo\nthree\n")

    assert (diff.source, diff.hunks[0].old_start, diff.note) == ("computed", 2, None)


@pytest.mark.parametrize(
    ("name", "given", "changed"),
    [
        ("Edit", {"file_path": "/f", "old_string": "a", "new_string": "b"}, (1, 1)),
        ("Edit", {"file_path": "/f", "old_string": "", "new_string": "b\nc\n"}, (2, 0)),
        ("MultiEdit", {"file_path": "/f", "edits": [{"old_string": "a", "new_string": "b"}] * 3}, (3, 3)),
        ("Write", {"file_path": "/f", "content": "a\nb"}, (2, 0)),
        ("NotebookEdit", {"notebook_path": "/f", "new_source": "a", "cell_id": "c1"}, (1, 0)),
    ],
)
def test_a_call_is_a_proposed_change(name, given, changed):
    diff = diff_of_call(name, **given)

    assert (diff.path, diff.source, (diff.additions, diff.deletions)) == ("/f", "proposed", changed)


def test_a_created_file_is_all_additions():
    diff = diff_of_result(filePath="/f", type="create", content="a\nb\n", structuredPatch=[], originalFile=None)

    assert (diff.change, diff.hunks[0].lines, diff.additions) == ("created", ["+a", "+b"], 2)


def test_very_long_texts_are_replaced_and_very_long_diffs_cut():
    old = "".join(f"{n}\n" for n in range(edit.SHOWN_LINES_MAX))
    diff = diff_of_result(filePath="/f", oldString=old, newString="new\n")

    assert (diff.truncated, diff.deletions, diff.additions) == (True, edit.SHOWN_LINES_MAX, 1)
    assert sum(len(hunk.lines) for hunk in diff.hunks) == edit.SHOWN_LINES_MAX


def test_binary_content_is_named():
    assert "binary" in diff_of_call("Write", file_path="/f", content="a\0b").note


def test_a_failed_edit_changed_nothing():
    block = {"type": "tool_result", "tool_use_id": "t", "content": "not found", "is_error": True}
    line = {"type": "user", "message": {"content": [block]}, "toolUseResult": {"filePath": "/f", "oldString": "a"}}
    entry = entry_whole(json.dumps(line).encode(), 0, 0, None)

    assert (entry.has_diff, entry.diff, entry.is_error) == (False, [], True)
