"""The list of sessions."""

import json
import re
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from e2e.addresses import filter_of
from e2e.serving import main_sessions, until

LOYALTY = "88ea517a-365f-4f0d-98d7-b46b635392c6"


def shown_ids(page: Page) -> list[str]:
    """Ids of the rows that exist now, from top to bottom."""
    links = page.locator("a.session-link").evaluate_all("links => links.map(link => link.pathname)")
    return [path.rsplit("/", 1)[1] for path in links]


def column(page: Page, name: str) -> list[str]:
    """What the shown rows say in a column."""
    headers = page.get_by_role("columnheader").all_inner_texts()
    place = next(number for number, text in enumerate(headers) if text.startswith(name))
    rows = page.get_by_role("table", name="Sessions").locator("[role=row]:not(:has([role=columnheader]))")
    return [row.locator("[role=cell]").nth(place).inner_text() for row in rows.all()]


def heading(page: Page, count: int):
    return page.get_by_role("heading", name=f"Sessions ({count})")


def test_every_session_is_reached_by_scrolling(site, open_page):
    expected = main_sessions(site.transcripts)
    page = open_page(site)
    expect(heading(page, len(expected))).to_be_visible()
    seen: set[str] = set()

    def all_seen() -> bool:
        seen.update(shown_ids(page))
        page.mouse.move(640, 600)
        page.mouse.wheel(0, 500)
        return seen >= expected

    until(all_seen, "all sessions on the screen")
    assert seen == expected
    assert len(expected) > 100, "more than two pages, else nothing was loaded by scrolling"


def test_a_column_sorts_both_ways(site, open_page):
    page = open_page(site)
    messages = page.get_by_role("columnheader", name="Messages")
    messages.get_by_role("button").click()
    expect(messages).to_have_attribute("aria-sort", "descending")
    expect(page.locator("a.session-link").first).to_have_text("Use every tool once.")
    most = [int(text) for text in column(page, "Messages")]
    assert most == sorted(most, reverse=True)
    assert most[0] > most[-1]
    expect(page).to_have_url(re.compile(r"sort=-messages"))

    messages.get_by_role("button").click()
    expect(messages).to_have_attribute("aria-sort", "ascending")
    until(lambda: column(page, "Messages")[0] < str(most[0]), "the fewest messages on top")
    fewest = [int(text) for text in column(page, "Messages")]
    assert fewest == sorted(fewest)


def test_subagents_unfold_level_by_level_and_back_finds_them_open(site, open_page):
    page = open_page(site, "?sort=-messages")
    page.get_by_role("button", name="3 subagents of Loyalty points").click()
    page.get_by_role("button", name="1 subagent of Find where orders change state").click()
    deepest = page.get_by_role("link", name="List order states")
    expect(deepest).to_be_visible()
    expect(page.get_by_role("row", name=re.compile("level 2.*Explore"))).to_be_visible()

    deepest.click()
    expect(page.get_by_role("heading", level=1, name="List order states")).to_be_visible()
    page.go_back()
    expect(deepest).to_be_visible()
    expect(page).to_have_url(re.compile("sort=-messages"))


def test_back_returns_to_the_place_in_the_list(site, open_page):
    page = open_page(site)
    expect(page.locator("a.session-link").first).to_be_visible()
    page.mouse.move(640, 600)
    until(lambda: page.mouse.wheel(0, 400) or page.evaluate("scrollY") > 2_000, "the list to scroll")
    place, name = until(lambda: resting_place(page), "the list to rest")
    link = page.get_by_role("link", name=name, exact=True)
    link.click()
    expect(page.get_by_role("heading", level=1, name=name)).to_be_visible()
    page.go_back()
    until(lambda: abs(page.evaluate("scrollY") - place) < 200, "the old place")
    expect(link).to_be_in_viewport()
    # By key and by link, too, which are a way on and not back.
    for lead_back in (lambda: page.keyboard.press("u"), page.locator(".crumbs a").first.click):
        link.click()
        expect(page.get_by_role("heading", level=1, name=name)).to_be_visible()
        expect(page.locator("footer")).to_contain_text("Complete")
        lead_back()
        expect(page.locator("a.session-link").first).to_be_attached()
        until(lambda: abs(page.evaluate("scrollY") - place) < 200, "the old place")
        expect(link).to_be_in_viewport()


def resting_place(page: Page) -> tuple[int, str] | None:
    """Scroll position and the session in the middle of the screen, once neither changes from frame to frame."""
    look = """() => new Promise((answer) => requestAnimationFrame(() => {
        const row = document.elementFromPoint(450, 400)?.closest("[role=row]");
        answer([scrollY, row?.querySelector("a.session-link")?.textContent ?? null]);
    }))"""
    first, second = page.evaluate(look), page.evaluate(look)
    return tuple(first) if first == second and first[1] is not None else None


def test_the_filter_is_typed_stands_in_the_address_and_goes_with_back(site, open_page):
    total = len(main_sessions(site.transcripts))
    page = open_page(site)
    expect(heading(page, total)).to_be_visible()
    page.get_by_label("Filter sessions").first.focus()

    page.keyboard.type("Tool used = Agent")
    page.keyboard.press("Enter")
    expect(heading(page, 2)).to_be_visible()
    assert shown_ids(page) == [LOYALTY, "e2e00000-0000-4000-8000-000000007001"]
    assert filter_of(page) == {"and": [{"property": "tool", "operator": "=", "value": "Agent"}]}
    expect(page.get_by_label("Figures")).to_contain_text("Matching the filter")

    page.reload()
    expect(heading(page, 2)).to_be_visible()

    page.go_back()
    expect(heading(page, total)).to_be_visible()
    assert filter_of(page) is None


def test_plain_words_filter_by_the_first_prompt(site, open_page):
    page = open_page(site)
    page.get_by_label("Filter sessions").first.focus()
    page.keyboard.type("small question 77")
    page.keyboard.press("Enter")
    expect(heading(page, 1)).to_be_visible()
    expect(page.get_by_role("link", name="Small question 77")).to_be_visible()


def test_a_filter_without_a_match_offers_to_clear_it(site, open_page):
    page = open_page(site)
    page.get_by_label("Filter sessions").first.focus()
    page.keyboard.type("no prompt says this")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="No session matches the filter")).to_be_visible()
    page.get_by_role("button", name="Clear filters").last.click()
    expect(heading(page, len(main_sessions(site.transcripts)))).to_be_visible()


def test_a_day_of_the_heatmap_filters_the_list(site, open_page):
    page = open_page(site)
    day = page.locator("[data-day='2026-11-19']")
    earlier = page.get_by_role("button", name="A year earlier")
    until(lambda: day.count() or (earlier.is_enabled() and earlier.click()), "the day on the calendar")
    expect(day).to_have_attribute("aria-label", re.compile("^2 sessions on "))
    day.click()
    expect(heading(page, 2)).to_be_visible()
    expect(page.get_by_role("link", name="Round discounted totals")).to_be_visible()


def test_an_empty_installation_explains_itself_and_offers_samples(serve, open_page, tmp_path):
    folder = tmp_path / "projects"
    folder.mkdir()
    page = open_page(serve(folder))
    expect(page.get_by_role("heading", name="No sessions yet")).to_be_visible()
    expect(page.get_by_text(str(folder))).to_be_visible()
    expect(page.get_by_text("session-replay serve --transcripts")).to_be_visible()

    page.get_by_role("button", name="Open sample sessions").click()
    expect(page.get_by_role("link", name="Loyalty points (HC-88)")).to_be_visible()
    expect(heading(page, 8)).to_be_visible()


@pytest.mark.parametrize("search", ["filter=abc", 'filter={"property":"tool"}', "filter={}&sort=7", "sort=[1]"])
def test_an_address_that_nobody_understands_lists_everything(site, open_page, search):
    page = open_page(site, f"?{quote(search, safe='=&')}")
    expect(heading(page, len(main_sessions(site.transcripts)))).to_be_visible()


def test_a_lone_condition_is_a_filter_too(site, open_page):
    only = {"property": "session_id", "operator": "=", "value": LOYALTY}
    page = open_page(site, f"?filter={quote(json.dumps(only))}")
    expect(heading(page, 1)).to_be_visible()
    assert shown_ids(page) == [LOYALTY]


def test_an_address_that_leads_nowhere_says_so(site, open_page):
    page = open_page(site, "no/such/page")
    expect(page.get_by_role("heading", name="There is no such page")).to_be_visible()
    page.get_by_role("link", name="All sessions").click()
    expect(page.get_by_role("table", name="Sessions")).to_be_visible()
