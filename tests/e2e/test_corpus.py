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


def test_every_agent_of_a_workflow_opens_from_its_call_and_leads_back(corpus, open_page):
    mains = corpus.get("sessions?limit=500")["items"]
    main = next(one for one in mains if "run a workflow" in (one["title"] or one["first_prompt"] or ""))
    agents = corpus.get(f"sessions?parent={main['id']}")["items"]
    ran = {one["description"]: one for one in agents if one["agent_type"] == "workflow-subagent"}
    assert set(ran) == {"w1", "w2", "w3"}
    assert len({one["spawned_by_seq"] for one in ran.values()}) == 1
    page = open_page(corpus, f"replay/{main['id']}?entry={ran['w1']['spawned_by_seq']}")
    call = page.locator("article[aria-current=true]")
    expect(call).to_contain_text("Workflow launched in background")
    for name in ran:
        page.get_by_role("feed", name="Trace").get_by_role("link", name=f"Open {name}").click()
        expect(page.get_by_role("heading", level=1, name=name)).to_be_visible()
        page.keyboard.press("u")
        expect(call).to_contain_text("Workflow launched in background")
        expect(call).to_be_in_viewport()


def test_what_no_call_spawned_is_reached_from_what_is_told_of_the_session(corpus, open_page):
    mains = [one for one in corpus.get("sessions?limit=500")["items"] if one["client_version"] == "2.0.77"]
    main = next(one for one in mains if one["subagents"] > 0)
    warmup = next(one for one in corpus.get(f"sessions?parent={main['id']}")["items"] if one["warmup"])
    page = open_page(corpus, f"replay/{main['id']}")
    told = page.get_by_role("complementary", name="Inspector")
    link = told.locator(f"a[href*='{warmup['id']}']")
    expect(link).to_contain_text("Warm")
    link.click()
    expect(page.locator("header").filter(has_text="Coverage")).to_contain_text("Warm-up")
    page.keyboard.press("u")
    expect(link).to_be_visible()
