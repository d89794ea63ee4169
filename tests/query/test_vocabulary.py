from __future__ import annotations

import re
from pathlib import Path

from session_replay.query.vocabulary import ADDRESS_WORDS, MEANINGS, OPERATORS, VOCABULARY, page_words, reference

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "filter.md"
ADDRESS = ROOT / "web" / "src" / "filter" / "address.ts"
PAGE = ROOT / "web" / "src" / "filter" / "vocabulary.json"


def test_the_document_is_what_the_vocabulary_says():
    assert DOCUMENT.read_text(encoding="utf-8") == reference(), (
        "python -m session_replay.query.vocabulary > docs/filter.md"
    )


def test_the_page_offers_what_the_vocabulary_says():
    assert PAGE.read_text(encoding="utf-8") == page_words(), (
        "python -m session_replay.query.vocabulary --page > web/src/filter/vocabulary.json"
    )


def test_every_property_and_operator_is_in_the_document():
    text = reference()
    for one in VOCABULARY.values():
        (row,) = [line for line in text.splitlines() if line.startswith(f"| `{one.name}` |")]
        assert all(f"`{operator}`" in row for operator in one.allowed())
    assert all(f"| `{one}` | `{ADDRESS_WORDS[one]}` | {meaning} |" in text for one, meaning in MEANINGS.items())


def test_the_page_writes_operators_as_the_document_says():
    (written,) = re.findall(
        r"WORDS: Record<Operator, string> = \{(.*?)\}", ADDRESS.read_text(encoding="utf-8"), re.DOTALL
    )
    assert dict(re.findall(r'"([^"]+)": "([^"]+)"', written)) == ADDRESS_WORDS


def test_an_operator_of_a_property_is_one_of_its_kind():
    for one in VOCABULARY.values():
        assert set(one.allowed()) <= set(OPERATORS[one.kind])


def test_the_properties_are_those_that_scripts_rely_on():
    assert list(VOCABULARY) == [
        "host",
        "user",
        "project",
        "git_branch",
        "model",
        "tool",
        "rule",
        "severity",
        "entry_type",
        "client_version",
        "permission_mode",
        "started_at",
        "duration_ms",
        "messages",
        "tokens",
        "session_id",
        "first_prompt",
        "has_subagents",
        "live",
        "text",
    ]
