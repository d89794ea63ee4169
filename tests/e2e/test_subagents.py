"""Subagents that are opened in place, inside the trace of the session that spawned them."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from e2e.test_accessibility import violations

LOYALTY = "88ea517a-365f-4f0d-98d7-b46b635392c6"
OUTER_TITLE = "Find where orders change state"


@pytest.fixture
def entries(site):
    """The entries of a session, as the API tells them."""
    return lambda session: site.get(f"sessions/{session}/entries?limit=500")["items"]


@pytest.fixture
def ids(site):
    """Ids of the samples' subagents, the outer and the inner."""
    outer = next(one for one in site.get(f"sessions?parent={LOYALTY}")["items"] if one["description"] == OUTER_TITLE)
    (inner,) = site.get(f"sessions?parent={outer['id']}")["items"]
    return outer, inner


def feed(page: Page) -> Locator:
    return page.get_by_role("feed", name="Trace")


def nested(page: Page, session: str, seq: int | None = None) -> Locator:
    number = "" if seq is None else f"[data-seq='{seq}']"
    return page.locator(f"article[data-agent='{session}']{number}")


def own(page: Page, seq: int) -> Locator:
    return page.locator(f"article[data-seq='{seq}']:not([data-agent])")


def inspector(page: Page) -> Locator:
    return page.get_by_role("complementary", name="Inspector")


def agent_row(page: Page, session: str) -> Locator:
    """The row that stands for a subagent, below its call."""
    return page.locator(f"article[data-subagent='{session}']")


def show(page: Page, session: str) -> None:
    agent_row(page, session).get_by_role("button", name=re.compile("^Show ")).click()


def hide(page: Page, session: str) -> None:
    agent_row(page, session).get_by_role("button", name=re.compile("^Hide ")).click()


def reach(page: Page, row: Locator) -> None:
    """Go on row by row until ``row`` is selected."""
    for _ in range(60):
        if row.count() and row.get_attribute("aria-current") == "true":
            return
        page.keyboard.press("j")
        page.wait_for_timeout(50)  # a list draws what it was scrolled to a moment later
    raise AssertionError("the row was never reached")


def positions(page: Page) -> list[int]:
    return [int(one.get_attribute("aria-posinset")) for one in feed(page).locator("article").all()]


def spawning_row(page: Page, session: dict, around: str | None = None) -> Locator:
    seq = session["spawned_by_seq"]
    return own(page, seq) if around is None else nested(page, around, seq)


def test_subagents_open_below_their_calls_to_any_depth_and_close_with_one_click(site, open_page, ids):
    outer, inner = ids
    page = open_page(site, f"replay/{LOYALTY}?entry={outer['spawned_by_seq']}")
    call = spawning_row(page, outer)
    expect(page.locator("footer")).to_contain_text("Complete")  # before that nobody knows how many rows there are
    expect(agent_row(page, outer["id"])).to_contain_text(f"{outer['agent_type']} · {outer['tool_calls']} tool calls")
    before = call.get_attribute("aria-setsize")
    assert nested(page, outer["id"]).count() == 0

    show(page, outer["id"])
    expect(nested(page, outer["id"]).first).to_contain_text("Find out where an order changes its state")
    expect(agent_row(page, outer["id"])).to_contain_text(f"{outer['entries']} entries in")
    first = nested(page, outer["id"]).first
    assert int(first.get_attribute("aria-posinset")) == int(call.get_attribute("aria-posinset")) + 2
    # The words below the trace stay those of the session's own.
    expect(page.locator("footer")).to_contain_text(f"in {before} rows")

    reach(page, agent_row(page, inner["id"]))
    page.keyboard.press("Enter")
    expect(nested(page, inner["id"]).first).to_be_attached()
    indent = "row => parseFloat(getComputedStyle(row).marginInlineStart)"
    assert nested(page, inner["id"]).first.evaluate(indent) == 2 * first.evaluate(indent) > 0
    shown = positions(page)
    assert shown == list(range(shown[0], shown[0] + len(shown)))

    # The line at the left of what was opened closes it, whatever lies below; what was selected in it is not lost.
    nested(page, inner["id"]).first.get_by_title("Hide this subagent").first.click()
    expect(nested(page, inner["id"])).to_have_count(0)
    expect(nested(page, outer["id"])).to_have_count(0)
    expect(call).to_have_attribute("aria-setsize", before)
    expect(agent_row(page, outer["id"])).to_be_in_viewport()
    expect(agent_row(page, outer["id"])).to_have_attribute("aria-current", "true")


def test_an_entry_inside_is_selected_as_one_of_its_own_session(site, open_page, ids, entries):
    outer, _inner = ids
    page = open_page(site, f"replay/{LOYALTY}?entry={outer['spawned_by_seq']}")
    expect(spawning_row(page, outer)).to_have_attribute("aria-current", "true")
    expect(agent_row(page, outer["id"])).to_be_visible()  # which subagent it was is told a little later
    page.keyboard.press("Enter")
    # Both traces have an entry of this number.
    first = entries(outer["id"])[0]
    assert first["seq"] == entries(LOYALTY)[0]["seq"] == 0
    nested(page, outer["id"], 0).click()
    expect(page).to_have_url(re.compile(r"agent="))
    place = {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}
    assert place["agent"] == outer["id"]
    assert place["entry"] == "0"
    expect(page.locator("article[aria-current=true]")).to_have_count(1)
    expect(nested(page, outer["id"], 0)).to_have_attribute("aria-current", "true")
    expect(inspector(page)).to_contain_text("Find out where an order changes its state")
    page.keyboard.press("3")
    expect(inspector(page)).to_contain_text(first["uuid"])

    # j and k walk from the parent's rows into the subagent's, and out again.
    page.keyboard.press("k")
    expect(agent_row(page, outer["id"])).to_have_attribute("aria-current", "true")
    page.keyboard.press("k")
    expect(spawning_row(page, outer)).to_have_attribute("aria-current", "true")
    expect(page).not_to_have_url(re.compile("agent="))
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(nested(page, outer["id"], 0)).to_have_attribute("aria-current", "true")

    # Closing what holds the selection selects the row of what was closed.
    hide(page, outer["id"])
    expect(agent_row(page, outer["id"])).to_have_attribute("aria-current", "true")
    expect(page).not_to_have_url(re.compile("entry="))


def test_a_link_to_an_entry_inside_opens_all_that_it_lies_in(site, open_page, ids, entries):
    _outer, inner = ids
    last = [entry for entry in entries(inner["id"]) if entry["type"] == "assistant"][-1]
    page = open_page(site, f"replay/{LOYALTY}?agent={inner['id']}&entry={last['seq']}")
    target = nested(page, inner["id"], last["seq"])
    expect(target).to_be_in_viewport()
    expect(target).to_have_attribute("aria-current", "true")
    expect(inspector(page)).to_contain_text("Assistant")
    expect(agent_row(page, inner["id"]).get_by_role("button", name=re.compile("^Hide "))).to_be_attached()

    page.reload()
    expect(target).to_be_in_viewport()
    page.keyboard.press("Escape")
    expect(page.locator("article[aria-current=true]")).to_have_count(0)
    expect(page).not_to_have_url(re.compile("agent="))


@pytest.mark.parametrize("agent", ["no-such-session", "90f95193-2c91-4a42-a506-930d4c964c45"])
def test_a_link_into_a_subagent_of_another_session_says_so(site, open_page, agent):
    page = open_page(site, f"replay/{LOYALTY}?agent={agent}&entry=0")
    expect(inspector(page)).to_contain_text("There is no entry 0 in this session")
    expect(page.locator("article[aria-current=true]")).to_have_count(0)
    page.goto(f"{site.base}replay/{LOYALTY}?agent={agent}")
    expect(inspector(page)).to_contain_text("There is no such subagent in this session")


def test_view_filter_and_search_apply_inside(site, open_page, ids):
    outer, _inner = ids
    page = open_page(site, f"replay/{LOYALTY}?entry={outer['spawned_by_seq']}")
    show(page, outer["id"])
    expect(agent_row(page, outer["id"])).to_contain_text(f"{outer['entries']} entries in")
    page.get_by_role("button", name="Audit").click()
    expect(nested(page, outer["id"]).first).to_be_attached()
    kinds = set(nested(page, outer["id"]).locator(".sr-row-type").all_inner_texts())
    assert kinds <= {"User", "Tool", "System"}
    page.get_by_role("button", name=re.compile(r"^Tool \d")).click()
    expect(nested(page, outer["id"]).locator(".sr-row-type", has_text="User")).to_have_count(0)
    expect(nested(page, outer["id"]).first).to_contain_text("Tool")

    page.get_by_role("button", name="Clear").click()
    page.get_by_role("button", name="Dev").click()
    counted = page.locator("output")
    page.get_by_label("Find in the trace").fill("order changes its state")
    expect(counted).to_contain_text("of")
    with_subagent = int(counted.inner_text().split(" of ")[1])
    page.get_by_label("Find in the trace").blur()
    hide(page, outer["id"])
    expect(counted).not_to_contain_text(f"of {with_subagent}")


def test_a_subagent_that_cannot_be_read_says_so_and_is_read_again(site, open_page, ids):
    outer, _inner = ids
    page = open_page(site, f"replay/{LOYALTY}?entry={outer['spawned_by_seq']}")
    row = agent_row(page, outer["id"])
    broken = re.compile(rf"/api/sessions/{re.escape(outer['id'])}/entries")
    page.route(broken, lambda route: route.fulfill(status=418, body="{}"))
    show(page, outer["id"])
    expect(row.get_by_role("alert")).to_be_visible()
    page.unroute(broken)
    row.get_by_role("button", name="Retry").click()
    expect(nested(page, outer["id"]).first).to_be_attached()
    expect(row.get_by_role("alert")).to_have_count(0)


def test_the_own_page_of_a_subagent_leads_back_to_the_call_by_link_and_by_key(site, open_page, ids):
    outer, inner = ids
    page = open_page(site, f"replay/{inner['id']}")
    expect(page.get_by_role("navigation", name="Parent sessions")).to_be_visible()
    page.keyboard.press("u")
    expect(page.get_by_role("heading", level=1, name=OUTER_TITLE)).to_be_visible()
    expect(own(page, inner["spawned_by_seq"])).to_be_in_viewport()
    expect(own(page, inner["spawned_by_seq"])).to_have_attribute("aria-current", "true")
    page.keyboard.press("u")
    expect(page.get_by_role("heading", level=1, name="Loyalty points (HC-88)")).to_be_visible()
    expect(own(page, outer["spawned_by_seq"])).to_be_in_viewport()
    expect(own(page, outer["spawned_by_seq"])).to_have_attribute("aria-current", "true")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_opened_rows_break_no_rule_that_axe_knows(site, open_page, ids, theme):
    _outer, inner = ids
    page = open_page(site, f"replay/{LOYALTY}?agent={inner['id']}&entry=0", theme=theme)
    expect(nested(page, inner["id"], 0)).to_be_in_viewport()
    feed(page).get_by_role("button", name="Show more").first.click()
    expect(feed(page).get_by_role("button", name="Show less")).to_be_attached()
    assert violations(page) == []
