"""Finding one's way in a long trace: by a link to an entry, by words, by the filter."""

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from e2e.serving import Served, copy_transcripts, until

LONG = "e2e00000-0000-4000-8000-0000000f1d00"
SPOKEN = "e2e00000-0000-4000-8000-0000000f1d01"
NOTICES = 20_000
LATE = 18_000
SLOW_BYTES_PER_SECOND = 2_500_000
"""The long trace takes some seconds then."""
NONE_YET = "\u2013"
"""Stands for the place among the matches where none is selected."""
FILLER = "There is much to say before the point is reached. " * 20


def line(session: str, number: int, **fields) -> dict:
    return {
        "uuid": f"e2e00000-0000-4000-c000-{number:012d}",
        "timestamp": f"2026-07-01T{number // 3600 % 24:02d}:{number // 60 % 60:02d}:{number % 60:02d}.000Z",
        "sessionId": session,
        "cwd": "/home/dev/find",
        **fields,
    }


def notice(number: int) -> dict:
    return line(LONG, number, type="system", subtype="informational", content=f"Notice {number}")


def said(number: int, role: str, content: object) -> dict:
    return line(SPOKEN, number, type=role, message={"role": role, "id": f"m{number}", "content": content})


def call(number: int, tool: str, given: dict) -> dict:
    return said(number, "assistant", [{"type": "tool_use", "id": f"t{number}", "name": tool, "input": given}])


def result(number: int, of: int, text: str, *, is_error: bool = False) -> dict:
    block = {"type": "tool_result", "tool_use_id": f"t{of}", "content": text, "is_error": is_error}
    return said(number, "user", [block])


SPEECH = [
    said(0, "user", f"{FILLER} Mind the quince."),
    said(1, "assistant", [{"type": "text", "text": "A quince is a fruit."}]),
    call(2, "Bash", {"command": "make jam"}),
    result(3, 2, f"{FILLER}\nQUINCE: not found", is_error=True),
    call(4, "Grep", {"pattern": "pear"}),
    result(5, 4, f"{FILLER} nothing"),
    call(6, "Edit", {"file_path": "/home/dev/find/jam.txt", "old_string": "pear", "new_string": f"{FILLER} quince"}),
    said(7, "user", "Thank you"),
    *[said(number, "assistant", [{"type": "text", "text": f"Remark {number}"}]) for number in range(8, 60)],
]


@pytest.fixture(scope="module")
def found(serve, tmp_path_factory) -> Served:
    folder = tmp_path_factory.mktemp("find") / "projects"
    write(folder / "-home-dev-find" / f"{LONG}.jsonl", [notice(number) for number in range(NOTICES)])
    write(folder / "-home-dev-find" / f"{SPOKEN}.jsonl", SPEECH)
    return serve(copy_transcripts([], folder))


def write(path: Path, lines: list[dict]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(one) + "\n" for one in lines))


def row(page: Page, number: int) -> Locator:
    return page.locator(f"article[data-seq='{number * 1024}']")


def search(page: Page) -> Locator:
    return page.get_by_label("Find in the trace")


def count(page: Page) -> Locator:
    return page.locator(".sr-search output")


def throttle(page: Page, bytes_per_second: int) -> None:
    page.context.new_cdp_session(page).send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": 0, "downloadThroughput": bytes_per_second, "uploadThroughput": -1},
    )


def open_slowly(open_page, found: Served, entry: object) -> Page:
    """A page that has shown the entry, and to which the rest of the trace comes slowly."""
    page = open_page(found)
    expect(page.get_by_role("table", name="Sessions")).to_be_visible()
    throttle(page, SLOW_BYTES_PER_SECOND)
    page.goto(f"{found.base}replay/{LONG}?entry={entry}")
    return page


@pytest.mark.parametrize("entry", [LATE * 1024, f"e2e00000-0000-4000-c000-{LATE:012d}"])
def test_a_late_entry_is_on_the_screen_before_the_trace_is_whole(found, open_page, entry):
    page = open_slowly(open_page, found, entry)
    expect(row(page, LATE)).to_be_in_viewport()
    expect(page.get_by_text("Earlier entries are loading")).to_be_visible()
    expect(page.get_by_text("Later entries are loading")).to_be_visible()
    expect(page.locator("footer")).not_to_contain_text("Complete")
    expect(page.get_by_role("complementary", name="Inspector")).to_contain_text(f"Notice {LATE}")
    expect(row(page, LATE)).to_have_attribute("aria-setsize", "-1")
    page.keyboard.press("j")
    expect(row(page, LATE + 1)).to_have_attribute("aria-current", "true")


def test_what_is_being_read_stays_where_it_is_when_the_whole_trace_has_come(found, open_page):
    page = open_slowly(open_page, found, LATE * 1024)
    expect(row(page, LATE)).to_be_in_viewport()
    page.get_by_role("feed", name="Trace").hover()
    page.mouse.wheel(0, -220)  # the reader goes on
    read = row(page, LATE - 6)
    expect(read).to_be_in_viewport()
    page.wait_for_timeout(200)
    before = read.bounding_box()["y"]
    # Where it is on each frame until everything has come.
    page.evaluate(
        """seq => {
            window.places = [];
            const look = () => {
                const row = document.querySelector(`article[data-seq="${seq}"]`);
                window.places.push(row ? Math.round(row.getBoundingClientRect().top) : null);
                requestAnimationFrame(look);
            };
            look();
        }""",
        (LATE - 6) * 1024,
    )
    edge = page.get_by_text("Earlier entries are loading")
    expect(edge).to_be_visible()
    expect(edge).to_be_hidden()
    expect(page.locator("footer")).to_contain_text("Complete")
    assert abs(read.bounding_box()["y"] - before) <= 1
    places = page.evaluate("window.places")
    assert len(places) > 10
    assert {place for place in places if place is None or abs(place - before) > 1} == set()

    expect(row(page, LATE)).to_have_attribute("aria-posinset", str(LATE + 1))
    expect(row(page, LATE)).to_have_attribute("aria-setsize", str(NOTICES))
    feed = page.get_by_role("feed", name="Trace")
    first = """feed => Number([...feed.querySelectorAll("article")].find(
        row => row.getBoundingClientRect().bottom > feed.getBoundingClientRect().top).dataset.seq)"""
    top = feed.evaluate(first)
    page.mouse.wheel(0, -800)
    until(lambda: feed.evaluate(first) < top - 10 * 1024, "the rows before")
    page.keyboard.press("k")
    expect(row(page, LATE - 1)).to_have_attribute("aria-current", "true")
    expect(row(page, LATE - 1)).to_be_in_viewport()
    page.keyboard.press("G")
    expect(row(page, NOTICES - 1)).to_be_in_viewport()
    page.keyboard.press("g")
    page.keyboard.press("g")
    expect(row(page, 0)).to_be_in_viewport()


def test_a_link_to_an_entry_that_is_not_there_says_so(found, open_page):
    page = open_page(found, f"replay/{LONG}?entry={(NOTICES + 5) * 1024}")
    expect(page.get_by_role("complementary", name="Inspector")).to_contain_text("no entry")
    expect(row(page, 0)).to_be_in_viewport()


def test_words_are_found_behind_what_the_rows_show(found, open_page):
    page = open_page(found, f"replay/{SPOKEN}")
    expect(page.locator("footer")).to_contain_text("Complete")
    search(page).fill("quince")
    expect(count(page)).to_have_text(f"{NONE_YET} of 4")
    expect(page.get_by_text("searching all text")).to_be_hidden()
    for number, words in [(0, "Mind the quince."), (2, "QUINCE: not found"), (6, "quince")]:
        excerpt = row(page, number).locator(".sr-excerpt")
        expect(excerpt).to_contain_text(words)
        expect(excerpt.locator("mark")).to_have_text(re.compile("^quince$", re.IGNORECASE))
    expect(row(page, 1).locator("mark")).to_have_text("quince")
    expect(row(page, 1).locator(".sr-excerpt")).to_have_count(0)

    search(page).press("Escape")
    search(page).press("Escape")
    expect(count(page)).to_have_count(0)
    search(page).fill("quince")
    expect(count(page)).to_have_text(f"{NONE_YET} of 4")
    page.get_by_role("button", name="Next match").click()
    current = page.locator("article[aria-current=true]")
    for place, number in [(1, 0), (2, 1), (3, 2), (4, 6)]:  # a result is found in its call's row
        expect(count(page)).to_have_text(f"{place} of 4")
        expect(current).to_have_attribute("data-seq", str(number * 1024))
        page.keyboard.press("n")
    expect(count(page)).to_have_text("1 of 4")
    page.keyboard.press("N")
    expect(count(page)).to_have_text("4 of 4")

    page.get_by_role("button", name="Show matches only").click()
    expect(page.locator("article")).to_have_count(4)
    page.get_by_role("button", name="Clear", exact=True).click()
    expect(page.locator("article").first).to_have_attribute("aria-setsize", "58")
    expect(search(page)).to_have_value("")


def test_a_search_that_fails_says_so_and_can_be_repeated(found, open_page):
    page = open_page(found, f"replay/{SPOKEN}")
    page.route("**/matches?*", lambda route: route.abort())
    search(page).fill("quince")
    expect(page.get_by_role("alert")).to_contain_text("only the rows were searched")
    expect(count(page)).to_have_text(f"{NONE_YET} of 1")
    page.unroute("**/matches?*")
    page.get_by_role("alert").get_by_role("button", name="Retry").click()
    expect(count(page)).to_have_text(f"{NONE_YET} of 4")
    expect(page.get_by_role("alert")).to_have_count(0)


def test_the_filter_is_typed_chosen_and_cleared(found, open_page):
    page = open_page(found, f"replay/{SPOKEN}")
    expect(page.locator("footer")).to_contain_text("Complete")
    rows = page.locator("article")

    page.keyboard.press("/")
    page.keyboard.type("tool:ba")  # not yet a filter
    page.wait_for_timeout(400)
    expect(search(page)).to_have_value("tool:ba")
    page.keyboard.type("sh ")
    expect(search(page)).to_have_value("")
    expect(rows).to_have_count(1)
    tools = page.get_by_role("button", name="Filters, tools: Bash")
    tools.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("group", name="What stands out").get_by_role("checkbox").first).to_be_focused()
    page.get_by_role("checkbox", name=re.compile("Bash 1")).focus()
    expect(page.get_by_role("checkbox", name=re.compile("Bash 1"))).to_be_checked()
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(rows).to_have_count(2)
    page.keyboard.press("Escape")
    expect(page.get_by_role("checkbox")).to_have_count(0)
    expect(page.get_by_role("button", name="Filters, tools: 2 tools")).to_be_focused()

    page.keyboard.press("/")
    page.keyboard.type("is:error")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name=re.compile("^Errors"))).to_have_attribute("aria-pressed", "true")
    expect(rows).to_have_count(1)
    page.get_by_role("button", name="Clear", exact=True).click()
    expect(rows.first).to_have_attribute("aria-setsize", "58")
    expect(page.get_by_role("button", name="Clear", exact=True)).to_have_count(0)

    page.get_by_role("button", name="What can be typed here").click()
    expect(page.get_by_text("is:error,denied")).to_be_visible()
    page.mouse.click(640, 600)
    expect(page.get_by_text("is:error,denied")).to_be_hidden()


def test_a_session_that_grows_is_searched_again(serve, tmp_path, open_page):
    folder = tmp_path / "projects"
    path = folder / "-home-dev-find" / f"{SPOKEN}.jsonl"
    write(path, SPEECH)
    served = serve(copy_transcripts([], folder))
    page = open_page(served, f"replay/{SPOKEN}?q=quince")
    expect(count(page)).to_have_text(f"{NONE_YET} of 4")
    with path.open("a") as transcript:
        transcript.write(json.dumps(said(60, "user", f"{FILLER} quinces")) + "\n")
    expect(count(page)).to_have_text(f"{NONE_YET} of 5")
    page.keyboard.press("N")
    page.keyboard.press("N")
    expect(row(page, 60).locator(".sr-excerpt")).to_contain_text("quinces")
    expect(row(page, 60)).to_have_attribute("aria-current", "true")
