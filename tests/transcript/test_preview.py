"""What a row says: words in the place of JSON, and never less than what was said."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec import Raw

from session_replay.transcript.entry import entries_of
from session_replay.transcript.line import read_line
from session_replay.transcript.preview import call_words
from session_replay.wire import Entry


def row(line: dict[str, Any]) -> Entry:
    raw = json.dumps(line).encode()
    return entries_of(read_line(raw), raw, 0, None)[0]


def words(tool: str, given: dict[str, Any]) -> tuple[str, str]:
    return call_words(tool, Raw(json.dumps(given).encode()))


def todo(content: str, status: str) -> dict[str, str]:
    return {"content": content, "status": status, "activeForm": f"Doing {content}"}


@pytest.mark.parametrize(
    ("todos", "expected"),
    [
        ([], ("0 todos", "0 todos")),
        ([todo("a", "pending"), todo("b", "pending")], ("2 todos", "next: a")),
        ([todo("a", "completed"), todo("b", "in_progress")], ("2 todos, 1 done", "in progress: b")),
        ([todo("a", "in_progress"), todo("b", "in_progress")], ("2 todos", "in progress: a; b")),
        ([todo("a", "completed")], ("1 todo, 1 done", "1 todo, 1 done")),
        ([7, {"content": 3, "status": "pending"}], ("2 todos", "next: 3")),
    ],
)
def test_todos_are_told_in_a_sentence(todos: list[Any], expected: tuple[str, str]) -> None:
    assert words("TodoWrite", {"todos": todos}) == expected


def test_questions_are_told_with_the_answers_they_offer() -> None:
    questions = [
        {"question": "Which colour?", "header": "Colour", "options": [{"label": "Red"}, {"label": "Blue"}]},
        {"question": "Why?"},
    ]
    assert words("AskUserQuestion", {"questions": questions}) == ("Colour", "Which colour? (Red / Blue)\nWhy?")


@pytest.mark.parametrize(("tool", "given"), [("TodoWrite", {"todos": "x"}), ("AskUserQuestion", {"questions": [1]})])
def test_an_input_of_another_form_is_shown_as_it_stands(tool: str, given: dict[str, Any]) -> None:
    assert words(tool, given)[1] == json.dumps(given)


@pytest.mark.parametrize(
    ("files", "expected"),
    [({}, "no files"), ({"a.py": {}}, "1 file: a.py"), ({"a.py": {}, "b.py": None}, "2 files: a.py, b.py")],
)
def test_a_checkpoint_names_its_files(files: dict[str, Any], expected: str) -> None:
    assert row({"type": "file-history-snapshot", "snapshot": {"trackedFileBackups": files}}).preview == expected


def test_only_the_clients_own_wrappers_are_left_out() -> None:
    hostile = "<script>run()</script><img src=x onerror=run()>"
    wrapped = f"<tool_use_error>{hostile}</tool_use_error>"
    result = {"type": "tool_result", "tool_use_id": "t", "content": wrapped, "is_error": True}
    assert row({"type": "user", "message": {"role": "user", "content": [result]}}).preview == hostile
    assert row({"type": "system", "subtype": "informational", "content": hostile}).preview == hostile


def test_an_unknown_line_says_its_type_and_its_text() -> None:
    spoken = row({"type": "hologram", "content": "help me"})
    assert (spoken.label, spoken.preview) == ("unknown kind of line: hologram", "help me")
    silent = {"type": "hologram", "beam": 1}
    assert row(silent).preview == json.dumps(silent)
    attached = {"type": "never_seen", "x": 1}
    entry = row({"type": "attachment", "attachment": attached})
    assert (entry.label, entry.preview) == ("unknown kind of line: attachment/never_seen", json.dumps(attached))


@pytest.mark.parametrize(
    ("subtype", "label"), [("away_summary", "away summary"), ("window.__ran", "window.__ran"), ("A_b", "A_b")]
)
def test_a_subtype_is_put_into_words_only_where_it_is_a_plain_name(subtype: str, label: str) -> None:
    assert row({"type": "system", "subtype": subtype, "content": "x"}).label == label
