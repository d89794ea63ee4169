"""The page of sessions over a fleet: narrowing the list, keeping views of it, and two thousand rows."""

from __future__ import annotations

import csv
import json
import os
import re
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from e2e.addresses import filter_of
from e2e.serving import Served, serve_fleet, until

MANY = 2_000
"""Sessions of the host ``archive``, one an hour, long ago."""
RECENT_HOURS = {"mbp-ann": [1, 2, 30], "mbp-bob": [3, 31], "ci-runner": [100]}
"""Host → how long ago each of its sessions started; three of the last day, two of the day before."""
ROW_PX = 54


def write_session(folder: Path, number: int, started: datetime, prompt: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    session = f"e2e00000-0000-4000-9{number % 1000:03d}-{number:012d}"
    line = {
        "type": "user",
        "message": {"role": "user", "content": prompt},
        "uuid": f"e2e00000-0000-4000-a000-{number:012d}",
        "timestamp": started.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "sessionId": session,
        "cwd": "/home/dev/fleet",
        "gitBranch": "main",
        "version": "2.1.330",
    }
    file = folder / f"{session}.jsonl"
    file.write_text(json.dumps(line) + "\n")
    os.utime(file, (started.timestamp(), started.timestamp()))
    return file


@pytest.fixture(scope="module")
def fleet(tmp_path_factory) -> Served:
    """A server with the sessions of four hosts; ``mbp-ann`` is at work. It follows a folder that is empty at first."""
    home = tmp_path_factory.mktemp("fleet")
    now = datetime.now(UTC)
    hosts = home / "hosts"
    number = 0
    for host, hours in RECENT_HOURS.items():
        for ago in hours:
            number += 1
            file = write_session(
                hosts / host / "projects" / "-home-dev-fleet", number, now - timedelta(hours=ago), f"{host} {ago}"
            )
            if host == "mbp-ann":
                # Ahead of now, so that it is still at work when the tests come to it.
                os.utime(file, (time.time() + 240, time.time() + 240))
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for count in range(MANY):
        write_session(
            hosts / "archive" / "projects" / "-home-dev-fleet",
            10_000 + count,
            start + timedelta(hours=count),
            f"Archived question {count}",
        )
    served = serve_fleet(hosts, home)
    yield served
    served.stop()


def heading(page: Page, count: int) -> Locator:
    return page.get_by_role("heading", name=f"Sessions ({count:,})")


def titles(page: Page) -> list[str]:
    return page.locator("a.session-link").all_inner_texts()


def started(page: Page) -> Locator:
    """The button of the date-range picker."""
    return page.get_by_role("button", name="Started, in Europe/Berlin")


ALL = MANY + sum(len(hours) for hours in RECENT_HOURS.values())
"""Before the test of new rows adds its own, which therefore comes last."""


def test_a_filter_is_built_by_keyboard_alone_and_its_address_shared(fleet, open_page):
    page = open_page(fleet)
    expect(heading(page, ALL)).to_be_visible()
    box = page.get_by_label("Filter sessions").first
    until(lambda: page.keyboard.press("Tab") or box.evaluate("box => box === document.activeElement"), "the input")
    page.keyboard.type("agent")
    option = page.get_by_role("option", name="Agent (host)")
    expect(option).to_be_visible()
    page.keyboard.press("ArrowDown")
    until(lambda: highlighted(page).startswith("Agent (host)") or page.keyboard.press("ArrowDown"), "the property")
    page.keyboard.press("Enter")
    expect(box).to_have_value(re.compile(r"Agent \(host\)"))
    page.keyboard.type("= ")
    until(lambda: "mbp-ann" in highlighted(page) or page.keyboard.press("ArrowDown"), "the value")
    page.keyboard.press("Enter")
    expect(heading(page, 3)).to_be_visible()

    page.keyboard.type("mbp-ann 30")
    page.keyboard.press("Enter")
    expect(heading(page, 1)).to_be_visible()
    expected = {
        "and": [
            {"property": "host", "operator": "=", "value": "mbp-ann"},
            {"property": "text", "operator": ":", "value": "mbp-ann 30"},
        ]
    }
    assert filter_of(page) == expected

    shared = open_page(fleet, page.url.removeprefix(fleet.base))
    expect(heading(shared, 1)).to_be_visible()
    assert titles(shared) == ["mbp-ann 30"]
    expect(shared.get_by_role("search")).to_contain_text("Agent (host) = mbp-ann")


def highlighted(page: Page) -> str:
    """What the arrow keys have come to in a list of suggestions."""
    return page.evaluate(
        """() => {
            const id = document.activeElement?.getAttribute("aria-activedescendant");
            return (id && document.getElementById(id)?.textContent) ?? "";
        }"""
    ).strip()


def test_agents_are_chosen_with_their_state_and_stand_in_the_filter(fleet, open_page):
    page = open_page(fleet)
    agents = page.get_by_role("button", name="Agents")
    agents.click()
    expect(page.get_by_role("option", name="mbp-ann")).to_contain_text("online")
    expect(page.get_by_role("option", name="ci-runner")).to_contain_text("last seen")
    expect(page.get_by_role("option", name="archive")).to_contain_text("2K sessions")
    page.keyboard.type("mbp")
    expect(page.get_by_role("option")).to_have_count(2)
    page.get_by_role("option", name="mbp-ann").click()
    page.get_by_role("option", name="mbp-bob").click()
    page.keyboard.press("Escape")
    expect(heading(page, 5)).to_be_visible()
    hosts = [{"property": "host", "operator": "=", "value": host} for host in ("mbp-ann", "mbp-bob")]
    assert filter_of(page) == {"and": [{"or": hosts}]}

    page.reload()
    expect(heading(page, 5)).to_be_visible()
    expect(agents).to_contain_text("mbp-ann")
    page.get_by_role("button", name="Remove Agent (host) = mbp-ann").click()
    expect(heading(page, 2)).to_be_visible()
    expect(agents).not_to_contain_text("mbp-ann")


def test_a_relative_range_stays_relative_and_figures_tell_the_change(fleet, open_page):
    page = open_page(fleet)
    figures = page.get_by_label("Figures")
    expect(figures).to_contain_text("All time")
    expect(figures).not_to_contain_text("vs")
    started(page).click()
    page.get_by_role("radio", name="Last 24 hours").check()
    page.get_by_role("button", name="Apply").click()
    expect(heading(page, 3)).to_be_visible()
    assert filter_of(page) == {"and": [{"property": "started_at", "operator": ">=", "value": "-24h"}]}
    expect(figures.get_by_role("heading", name="Last 24 hours")).to_be_visible()
    expect(figures).to_contain_text("+50% vs 24 hours before")
    expect(page.locator("[data-day][aria-selected=true]").first).to_be_attached()

    page.reload()
    expect(started(page)).to_contain_text("Last 24 hours")
    started(page).click()
    page.get_by_role("button", name="All time").click()
    expect(heading(page, ALL)).to_be_visible()
    assert filter_of(page) is None


def test_without_anything_before_there_is_no_percentage(fleet, open_page):
    page = open_page(fleet)
    started(page).click()
    page.get_by_role("button", name="Absolute range").click()
    for label, text in (
        ("First day", "2026-01-01"),
        ("From", "00:00:00"),
        ("Last day", "2026-01-02"),
        ("To", "23:59:59"),
    ):
        page.get_by_role("textbox", name=label, exact=True).fill(text)
    page.get_by_role("button", name="Apply").click()
    # The first session started at midnight in UTC, an hour into the day here.
    expect(heading(page, 47)).to_be_visible()
    expect(page.get_by_label("Figures")).to_contain_text("none in the 2 days before")
    expect(page.get_by_label("Figures")).not_to_contain_text("%")


def test_days_of_the_heatmap_and_the_range_are_one_and_the_same(fleet, open_page):
    page = open_page(fleet)
    earlier = page.get_by_role("button", name="A year earlier")
    day = page.locator("[data-day='2026-02-03']")
    until(lambda: day.count() or (earlier.is_enabled() and earlier.click()), "the day on the calendar")
    day.click()
    expect(heading(page, 24)).to_be_visible()
    expect(started(page)).to_contain_text("3 Feb 2026")
    page.locator("[data-day='2026-02-05']").click(modifiers=["Shift"])
    expect(heading(page, 72)).to_be_visible()
    expect(started(page)).to_contain_text("3 Feb 2026 \u2013 5 Feb 2026")
    assert filter_of(page) == {
        "and": [
            {"property": "started_at", "operator": ">=", "value": "2026-02-02T23:00:00.000Z"},
            {"property": "started_at", "operator": "<", "value": "2026-02-05T23:00:00.000Z"},
        ]
    }
    expect(page.locator("[data-day][aria-selected=true]")).to_have_count(3)

    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(started(page)).to_contain_text("6 Feb 2026")
    expect(heading(page, 24)).to_be_visible()


def test_a_day_in_an_address_is_shown_and_is_where_a_range_begins(fleet, open_page):
    page = open_page(fleet, "?filter=started_at.is.2026-02-03")
    expect(heading(page, 24)).to_be_visible()
    expect(started(page)).to_contain_text("3 Feb 2026 UTC")
    expect(page.get_by_label("Figures").get_by_role("heading", name="3 Feb 2026 UTC")).to_be_visible()
    earlier = page.get_by_role("button", name="A year earlier")
    day = page.locator("[data-day='2026-02-05']")
    until(lambda: day.count() or (earlier.is_enabled() and earlier.click()), "the day on the calendar")
    day.click(modifiers=["Shift"])
    expect(heading(page, 72)).to_be_visible()
    expect(started(page)).to_contain_text("3 Feb 2026 \u2013 5 Feb 2026")


def test_filters_are_saved_applied_renamed_deleted_and_brought_back_by_keyboard(fleet, open_page):
    page = open_page(fleet)
    page.get_by_label("Filter sessions").first.focus()
    page.keyboard.type("mbp-bob")
    page.keyboard.press("Enter")
    expect(heading(page, 2)).to_be_visible()
    view = filter_of(page)

    saved = page.get_by_role("button", name="Saved filters")
    saved.focus()
    page.keyboard.press("Enter")
    page.keyboard.type("Bob")
    page.keyboard.press("Enter")
    panel = page.get_by_role("dialog", name="Saved filters")
    expect(panel.get_by_role("button", name="Bob Text : mbp-bob")).to_be_visible()
    page.keyboard.press("Escape")
    expect(panel).to_have_count(0)
    expect(page.get_by_role("button", name="Bob", exact=True)).to_be_focused()

    page.get_by_role("button", name="Clear filters").click()
    expect(heading(page, ALL)).to_be_visible()
    saved.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(heading(page, 2)).to_be_visible()
    assert filter_of(page) == view

    other = open_page(fleet)
    other.get_by_role("button", name="Saved filters").click()
    elsewhere = other.get_by_role("dialog", name="Saved filters")
    elsewhere.get_by_role("button", name="Rename Bob").click()
    other.keyboard.type("Robert")
    other.keyboard.press("Enter")
    expect(elsewhere.get_by_role("button", name="Robert Text")).to_be_visible()
    elsewhere.get_by_role("button", name="Delete Robert").click()
    expect(elsewhere.get_by_role("button", name="Robert Text")).to_have_count(0)
    expect(elsewhere.get_by_role("button", name="Undo")).to_be_focused()
    other.keyboard.press("Enter")
    expect(elsewhere.get_by_role("button", name="Robert Text")).to_be_visible()
    assert [one["name"] for one in fleet.get("saved-filters")["items"]] == ["Robert"]


def test_a_name_that_is_taken_may_be_replaced(fleet, open_page):
    page = open_page(
        fleet, "?sort=-tokens&" + "filter=" + json.dumps({"property": "live", "operator": "=", "value": True})
    )
    for sort in ("Tokens", "Messages"):
        page.get_by_role("columnheader", name=sort).get_by_role("button").click()
        page.get_by_role("button", name="Saved filters").click()
        page.get_by_label("Save the current filter as").fill("At work")
        page.get_by_role("button", name="Save", exact=True).click()
        panel = page.get_by_role("dialog", name="Saved filters")
        if sort == "Messages":
            expect(panel.get_by_role("alert")).to_contain_text("“At work” exists already.")
            panel.get_by_role("button", name="Replace it").click()
        expect(panel).to_contain_text("The list shows “At work”")
        page.keyboard.press("Escape")
    (stored,) = [one for one in fleet.get("saved-filters")["items"] if one["name"] == "At work"]
    assert stored["sort"] == "-messages"


def test_columns_and_row_height_are_remembered_and_fit(fleet, open_page):
    page = open_page(fleet)
    expect(heading(page, ALL)).to_be_visible()
    page.get_by_role("button", name="Table preferences").click()
    preferences = page.get_by_role("dialog", name="Table preferences")
    preferences.get_by_role("checkbox", name="Tokens").uncheck()
    for name in ("Git branch", "Tools", "User"):
        preferences.get_by_role("checkbox", name=name).check()
    expect(preferences.get_by_text("no room at this width").first).to_be_visible()
    preferences.get_by_role("radio", name="Compact").check()
    page.reload()
    headers = page.get_by_role("columnheader")
    expect(headers.filter(has_text="Git branch")).to_have_count(1)
    expect(headers.filter(has_text="Tokens")).to_have_count(0)
    expect(page.get_by_role("row").filter(has_text="mbp-ann 1")).to_contain_text("main")
    height_px = "link => link.closest('[role=row]').clientHeight"
    until(lambda: page.locator("a.session-link").first.evaluate(height_px) < ROW_PX, "low rows")
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    page.set_viewport_size({"width": 1920, "height": 1000})
    expect(headers.filter(has_text="User")).to_have_count(1)


def test_what_is_under_the_pointer_is_told_and_any_place_of_a_row_opens_the_session(site, open_page):
    page = open_page(site)
    link = page.get_by_role("link", name="Loyalty points")
    row = page.get_by_role("row").filter(has=link)
    for place, told in (
        (row.locator(".cell-agent strong"), re.compile(r" \u00b7 ")),
        (link, re.compile(r"^Loyalty points")),
        (row.locator(".cell-project .path"), re.compile(r"^/home/robin/src/harbor-coffee$")),
        (row.get_by_role("cell").nth(2), re.compile(r":\d\d\.\d{3} ")),
        (row.get_by_role("cell").nth(3), re.compile(r"^active ")),
        (row.get_by_role("cell").nth(4), re.compile(r"^$")),
    ):
        box = place.bounding_box()
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        expect(link).to_have_attribute("title", told)
    page.mouse.down()
    page.mouse.up()
    expect(page.get_by_role("heading", level=1, name="Loyalty points")).to_be_visible()


def test_a_value_that_cannot_be_understood_is_said_asked_of_nobody_and_corrected(fleet, open_page):
    page = open_page(fleet)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.get_by_label("Filter sessions").first.focus()
    for typed in ("Duration > 5x", "Messages > 1.5", "Agent (host) ^ mbp"):
        page.keyboard.type(typed)
        page.keyboard.press("Enter")
    expect(heading(page, 5)).to_be_visible()
    refused = page.get_by_role("search").get_by_role("alert")
    expect(refused).to_contain_text("Duration > 5x is not applied. Write a length of time, such as 1h 30m")
    expect(refused).to_contain_text("Messages > 1.5 is not applied. Write a whole number")
    assert filter_of(page) == {"and": [{"property": "host", "operator": "^", "value": "mbp"}]}
    assert not [address for address in asked if "/api/" in address and ("5x" in address or "1.5" in address)]

    page.get_by_role("button", name="Messages > 1.5", exact=True).click()
    value = page.get_by_role("dialog").get_by_role("textbox", name="Messages")
    expect(value).to_have_value("1.5")
    value.fill("1")
    page.get_by_role("button", name="Apply").click()
    expect(heading(page, 0)).to_be_visible()
    expect(refused).not_to_contain_text("Messages")
    expect(refused).to_contain_text("Duration > 5x")
    page.get_by_role("button", name="Remove Duration > 5x").click()
    expect(refused).to_have_count(0)
    expect(heading(page, 0)).to_be_visible()


def test_sessions_that_lack_a_property_are_asked_for_in_words(site, open_page):
    page = open_page(site)
    page.get_by_label("Filter sessions").first.focus()
    page.keyboard.type("Model = ")
    page.get_by_role("option", name="Model = (none)").click()
    lacking = {"and": [{"property": "model", "operator": "=", "value": ""}]}
    until(lambda: filter_of(page) == lacking, "the filter in the address")
    expect(page.get_by_role("search")).to_contain_text("Model = (none)")
    expect(page.get_by_role("link", name="Loyalty points")).to_have_count(0)
    expect(page.get_by_role("link", name="Small question").first).to_be_visible()
    page.reload()
    expect(page.get_by_role("search")).to_contain_text("Model = (none)")
    page.get_by_label("Filter sessions").first.focus()
    page.keyboard.type("Model : ")
    expect(page.get_by_role("option", name="opus").first).to_be_visible()
    expect(page.get_by_role("option", name="(none)")).to_have_count(0)


def test_the_focus_is_not_lost_with_what_had_it(fleet, open_page):
    page = open_page(fleet, "?filter=host.is.nowhere,live.is.true,started_at.ge.-7d")
    box = page.get_by_label("Filter sessions").first
    sessions = page.get_by_role("region", name="Sessions", exact=True)

    def press(name: str) -> None:
        page.get_by_role("button", name=name).last.focus()
        page.keyboard.press("Enter")

    expect(page.get_by_role("heading", name="No session matches the filter")).to_be_visible()
    press("Look in all time")
    expect(page.get_by_role("button", name="Look in all time")).to_have_count(0)
    expect(sessions).to_be_focused()
    press("Clear filters")
    expect(heading(page, ALL)).to_be_visible()
    expect(sessions).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("columnheader", name="Started").get_by_role("button")).to_be_focused()

    page.go_back()
    expect(page.get_by_role("heading", name="No session matches the filter")).to_be_visible()
    press("Remove Agent (host) = nowhere")
    expect(page.get_by_role("button", name="Live = Yes", exact=True)).to_be_focused()
    press("Remove Live = Yes")
    expect(heading(page, ALL)).to_be_visible()
    expect(box).to_be_focused()
    page.keyboard.press("Escape")

    link = page.get_by_role("link", name="mbp-bob 3", exact=True)
    link.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name="mbp-bob 3")).to_be_visible()
    page.go_back()
    expect(link).to_be_focused()


def test_the_filter_is_reached_by_its_key(fleet, open_page):
    page = open_page(fleet)
    expect(heading(page, ALL)).to_be_visible()
    page.keyboard.press("/")
    expect(page.get_by_label("Filter sessions").first).to_be_focused()
    page.keyboard.type("mbp-bob")
    page.keyboard.press("Enter")
    expect(heading(page, 2)).to_be_visible()


@pytest.mark.parametrize("asked", ["", "?filter=host.starts.mbp,started_at.gt.2026-01-01T00:00:00Z"])
@pytest.mark.parametrize("width", [320, 360, 700])
def test_a_narrow_window_is_scrolled_one_way_only(fleet, open_page, width, asked):
    page = open_page(fleet, asked)
    page.set_viewport_size({"width": width, "height": 740})
    expect(page.locator("a.session-link").first).to_be_visible()
    until(lambda: page.evaluate("document.documentElement.scrollWidth") <= width, "the page to fit")


@pytest.mark.parametrize("width", [320, 700])
def test_the_time_zone_is_chosen_in_a_narrow_window(fleet, open_page, width):
    page = open_page(fleet)
    page.set_viewport_size({"width": width, "height": 740})
    zone = page.get_by_role("group", name="Time zone")
    expect(zone.get_by_text("Berlin")).to_be_in_viewport(ratio=1)
    zone.get_by_text("UTC").click()
    expect(page.get_by_text("days in UTC")).to_be_visible()


def test_a_filter_that_cannot_be_read_whole_says_so(fleet, open_page):
    page = open_page(fleet, "?filter=host.starts.mbp,host.like.mbp")
    notice = page.get_by_text("A part of the filter in the address could not be read")
    expect(notice).to_be_visible()
    expect(heading(page, 5)).to_be_visible()  # by the part that could
    page.get_by_role("button", name="Dismiss message").click()
    expect(notice).to_be_hidden()
    page.reload()
    expect(heading(page, 5)).to_be_visible()
    expect(notice).to_be_hidden()


def test_the_list_is_exported_as_it_is_filtered_and_sorted(fleet, open_page):
    asked = {"and": [{"property": "host", "operator": "^", "value": "mbp"}]}
    page = open_page(fleet, f"?sort=started_at&filter={json.dumps(asked)}")
    expect(heading(page, 5)).to_be_visible()
    shown = titles(page)
    with page.expect_download() as downloading:
        page.get_by_role("button", name="Export CSV").click()
    rows = list(csv.DictReader(Path(downloading.value.path()).read_text("utf-8-sig").splitlines()))
    assert [row["first_prompt"] for row in rows] == shown


def test_two_thousand_rows_scroll_without_a_jump_and_few_exist_at_once(fleet, open_page):
    asked = {"and": [{"property": "host", "operator": "=", "value": "archive"}]}
    page = open_page(fleet, f"?filter={json.dumps(asked)}")
    expect(heading(page, MANY)).to_be_visible()
    page.mouse.move(640, 600)
    reached = -1

    def look() -> list[tuple[int, float]]:
        """Each row that exists: its place in the list, told by what it says, and where its top is on the page."""
        # In one call, not by a locator: it finds first and evaluates then, when a row may have gone.
        rows = page.evaluate(
            """() => Array.from(document.querySelectorAll("a.session-link"), (link) =>
                [link.textContent, link.closest("[role=row]").getBoundingClientRect().top + scrollY])"""
        )
        return [(MANY - 1 - int(text.rsplit(" ", 1)[1]), top) for text, top in rows]

    seen: set[int] = set()
    first = next(top for place, top in until(look, "rows") if place == 0)

    def at_the_end() -> bool:
        nonlocal reached
        rows = look()
        assert len(rows) < 80
        for place, top in rows:
            assert abs(top - (first + place * ROW_PX)) < 1.5, "a row is not where it was, or is another one"
        seen.update(place for place, _ in rows)
        scrolled = page.evaluate("scrollY")
        assert scrolled >= reached
        reached = scrolled
        page.mouse.wheel(0, 700)
        return len(seen) == MANY

    until(at_the_end, "the last of the rows")
    expect(page.get_by_role("button", name="Load more")).to_have_count(0)


def test_back_restores_filter_place_and_open_rows(site, open_page):
    page = open_page(site, "?filter=messages.ge.0")
    page.get_by_role("button", name="3 subagents of Loyalty points").click()
    page.get_by_role("button", name="1 subagent of Find where orders change state").click()
    expect(page.get_by_role("link", name="List order states")).to_be_visible()
    page.mouse.move(640, 600)
    until(lambda: page.mouse.wheel(0, 400) or page.evaluate("scrollY") > 2_000, "the list to scroll")
    until(lambda: settled(page), "the list to rest")
    name = page.evaluate(
        "document.elementFromPoint(640, 400).closest('[role=row]').querySelector('a.session-link').textContent"
    )
    row = page.get_by_role("link", name=name, exact=True)
    place = row.bounding_box()["y"]
    page.get_by_role("link", name=name, exact=True).click()
    expect(page.get_by_role("heading", level=1, name=name)).to_be_visible()

    page.go_back()
    expect(row).to_be_in_viewport()
    # Its place on the screen: what is above the list may have come after it the first time.
    until(lambda: abs(row.bounding_box()["y"] - place) < 2, "the old place")
    assert filter_of(page) == {"and": [{"property": "messages", "operator": ">=", "value": 0}]}
    expect(page.get_by_role("search")).to_contain_text("Messages >= 0")
    page.evaluate("scrollTo(0, 0)")
    expect(page.get_by_role("link", name="List order states")).to_be_visible()


def scrolled_to(page: Page, past_px: int) -> tuple[str, float]:
    """Scrolls the list; the session under the pointer then, and where its row is on the screen."""
    page.mouse.move(640, 400)
    until(lambda: page.mouse.wheel(0, 400) or page.evaluate("scrollY") > past_px, "the list to scroll")
    until(lambda: settled(page), "the list to rest")
    name = page.evaluate(
        "document.elementFromPoint(640, 400).closest('[role=row]').querySelector('a.session-link').textContent"
    )
    return name, page.get_by_role("link", name=name, exact=True).bounding_box()["y"]


def is_at(page: Page, name: str, place: float) -> bool:
    """Whether a session's row is where it was on the screen."""
    row = page.get_by_role("link", name=name, exact=True)
    return row.count() == 1 and abs(row.bounding_box()["y"] - place) < 2


def test_back_between_two_orders_and_after_reloads_restores_place_and_open_rows(site, open_page):
    page = open_page(site, "?filter=messages.ge.0")
    page.get_by_role("button", name="3 subagents of Loyalty points").click()
    page.get_by_role("button", name="1 subagent of Find where orders change state").click()
    expect(page.get_by_role("link", name="List order states")).to_be_visible()
    # Further than the first page of the list reaches.
    newest, newest_px = scrolled_to(page, 4_500)
    by_messages = page.get_by_role("columnheader", name="Messages")
    by_messages.get_by_role("button").click()
    expect(by_messages).to_have_attribute("aria-sort", "descending")
    expect(page.get_by_role("link", name="Use every tool once.")).to_be_attached()
    longest, longest_px = scrolled_to(page, 1_500)

    page.go_back()
    until(lambda: is_at(page, newest, newest_px), "the place in the first order")
    page.go_forward()
    until(lambda: is_at(page, longest, longest_px), "the place in the second order")
    page.go_back()
    until(lambda: is_at(page, newest, newest_px), "the place in the first order, again")

    page.get_by_role("link", name=newest, exact=True).click()
    expect(page.get_by_role("heading", level=1, name=newest)).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", level=1, name=newest)).to_be_visible()
    page.go_back()
    until(lambda: is_at(page, newest, newest_px), "the place after a reload of the session")
    page.reload()
    until(lambda: is_at(page, newest, newest_px), "the place after a reload of the list")
    page.evaluate("scrollTo(0, 0)")
    expect(page.get_by_role("link", name="List order states")).to_be_visible()


def settled(page: Page) -> bool:
    """Whether the scroll position is the same one frame later."""
    return page.evaluate(
        """() => {
            const at = scrollY;
            return new Promise((answer) => requestAnimationFrame(() => answer(scrollY === at)));
        }"""
    )


def test_a_list_that_cannot_be_refreshed_stays_and_says_so(fleet, open_page):
    page = open_page(fleet)
    expect(heading(page, ALL)).to_be_visible()
    fleet.stop()
    try:
        page.get_by_role("button", name="Refresh").click()
        expect(page.get_by_text("The list is not up to date")).to_be_visible()
        assert titles(page)[0] == "mbp-ann 1"
    finally:
        fleet.start()
    page.get_by_role("button", name="Retry").click()
    expect(page.get_by_text("The list is not up to date")).to_have_count(0)


def test_new_sessions_appear_by_themselves_and_nothing_jumps(fleet, open_page):
    page = open_page(fleet)
    expect(heading(page, ALL)).to_be_visible()
    page.evaluate("window.notReloaded = true")
    folder = fleet.transcripts / "-home-dev-new"
    write_session(folder, 501, datetime.now(UTC), "A new one at the top")
    expect(page.locator("a.session-link").first).to_have_text("A new one at the top")

    page.mouse.move(640, 600)
    until(lambda: page.mouse.wheel(0, 400) or page.evaluate("scrollY") > 3_000, "the list to scroll")
    until(lambda: settled(page), "the list to rest")
    before = page.evaluate("scrollY"), titles(page)
    write_session(folder, 502, datetime.now(UTC), "Another one meanwhile")
    chip = page.get_by_role("button", name="1 new session")
    expect(chip).to_be_visible()
    assert (page.evaluate("scrollY"), titles(page)) == before
    chip.click()
    expect(page.locator("a.session-link").first).to_have_text("Another one meanwhile")
    assert page.evaluate("window.notReloaded")
