"""Real transcripts of three client versions and of many people, where they lie beside the checkout."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from e2e.serving import copy_transcripts

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"


@pytest.fixture(scope="module")
def corpus(serve, tmp_path_factory):
    """A copy with old files: where the corpus was laid down a moment ago, its sessions count as live."""
    if not CORPUS.is_dir():
        pytest.skip(f"there is no corpus in {CORPUS}")
    return serve(copy_transcripts([CORPUS], tmp_path_factory.mktemp("corpus") / "corpus"))


@pytest.fixture
def longest(corpus):
    """The three longest sessions."""
    sessions = corpus.get("sessions?limit=500")["items"]
    return sorted(sessions, key=lambda session: -session["entries"])[:3]


def test_no_line_of_any_session_is_missing(corpus):
    sessions = corpus.get("sessions?limit=500")
    assert sessions["next_cursor"] is None
    assert [one["id"] for one in sessions["items"] if one["lines_with_entries"] != one["lines"]] == []
    assert len(sessions["items"]) == sessions["total"] > 100


def test_long_sessions_open_whole_and_at_their_start(corpus, longest, open_page):
    for session in longest:
        page = open_page(corpus, f"replay/{session['id']}?view=audit")
        expect(page.locator("footer")).to_contain_text(f"{session['entries']:,} entries")
        expect(page.locator("footer")).to_contain_text("Complete")
        expect(page.locator("header").filter(has_text="Coverage")).to_contain_text(
            f"Coverage {session['lines']:,} of {session['lines']:,} lines"
        )
        expect(page.locator("article[aria-posinset='1']")).to_be_in_viewport()
        page.keyboard.press("v")
        page.keyboard.press("G")
        last = page.locator("article[aria-current=true]")
        expect(last).to_be_in_viewport()
        expect(last).to_have_attribute("aria-posinset", last.get_attribute("aria-setsize"))
