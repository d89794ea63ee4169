"""Rows of a trace: all of a long entry, what a live session waits for, and what comes while one reads elsewhere."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from e2e.serving import until

SESSION = "e2e00000-0000-4000-8000-000000000a11"
AGENT = "a0e2e00000000a111"
LONG_LINES = 60
HUGE_LINES = 900
NOTICES = 120
PICTURE = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
"""One pixel."""


class Transcript:
    """A transcript that is written while its page is open."""

    def __init__(self, path: Path, *, sidechain: bool = False) -> None:
        self.path = path
        self._sidechain = sidechain
        self._lines = 0
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()

    def add(self, **line: object) -> None:
        """Append one line; it has happened now."""
        self._lines += 1
        common = {
            "uuid": f"e2e00000-0000-4000-{'c' if self._sidechain else 'b'}000-{self._lines:012d}",
            "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "sessionId": SESSION,
            "cwd": "/home/dev/rows",
            "version": "2.1.330",
            "isSidechain": self._sidechain,
        }
        with self.path.open("a") as transcript:
            transcript.write(json.dumps(common | line) + "\n")

    def asks(self, text: str) -> None:
        self.add(type="user", message={"role": "user", "content": text})

    def requests(self) -> None:
        self.add(type="api-request", request={})

    def says(self, *content: dict | str, message: str) -> None:
        for block in content:
            part = {"type": "text", "text": block} if isinstance(block, str) else block
            self.add(
                type="assistant",
                message={"id": message, "role": "assistant", "model": "claude-opus-5-5", "content": [part]},
            )

    def calls(self, tool: str, call: str, message: str, **given: object) -> None:
        self.says({"type": "tool_use", "id": call, "name": tool, "input": given}, message=message)

    def answers(self, call: str, text: str) -> None:
        self.add(
            type="user",
            message={"role": "user", "content": [{"type": "tool_result", "tool_use_id": call, "content": text}]},
            toolUseResult={"stdout": text, "stderr": "", "interrupted": False},
        )

    def notices(self, count: int) -> None:
        for number in range(count):
            self.add(type="system", subtype="informational", content=f"Notice {number}")


@pytest.fixture
def transcript(tmp_path) -> Transcript:
    transcript = Transcript(tmp_path / "projects" / "-home-dev-rows" / f"{SESSION}.jsonl")
    transcript.asks("Begin with the rows")
    return transcript


@pytest.fixture
def served(serve, transcript):
    return serve(transcript.path.parents[1])


def open_session(open_page, served, search: str = "") -> Page:
    page = open_page(served, f"replay/{SESSION}{search}")
    expect(page.locator("footer")).to_contain_text(re.compile("Following live|Complete"))
    return page


def feed(page: Page) -> Locator:
    return page.get_by_role("feed", name="Trace")


def waiting(page: Page) -> Locator:
    return page.locator(".sr-waiting")


def test_a_long_answer_is_shown_whole_in_its_row_and_cut_again(transcript, serve, open_page):
    lines = [f"- point **{number}** of the answer" for number in range(LONG_LINES)]
    transcript.says("\n".join(lines), message="m1")
    transcript.notices(NOTICES)
    page = open_session(open_page, serve(transcript.path.parents[1]))
    answer = feed(page).locator("article", has_text="point 0 of the answer")
    low = answer.bounding_box()["height"]
    expect(answer).not_to_contain_text("point 59 of the answer")

    answer.get_by_role("button", name="Show more").click()
    expect(answer.get_by_text("point 59 of the answer")).to_be_attached()
    # Compiled, as the inspector shows it.
    expect(answer.locator("li")).to_have_count(LONG_LINES)
    until(lambda: answer.bounding_box()["height"] > 3 * low, "the row to grow")
    expect(answer).to_be_in_viewport()

    # What is looked for is marked in it, too.
    page.get_by_label("Find in the trace").fill("of the answer")
    found = "() => [...(CSS.highlights.get('sr-find') ?? [])].filter(range => `${range}` === 'of the answer').length"
    until(lambda: page.evaluate(found) == LONG_LINES, "a mark in each line")
    page.get_by_label("Find in the trace").fill("")

    # It stays open while its row is away.
    page.keyboard.press("Escape")
    page.get_by_label("Find in the trace").blur()
    page.keyboard.press("G")
    expect(answer).to_have_count(0)
    page.keyboard.press("g")
    page.keyboard.press("g")
    expect(answer.locator("li")).to_have_count(LONG_LINES)

    answer.get_by_role("button", name="Show less").click()
    expect(answer).not_to_contain_text("point 59 of the answer")
    expect(answer).to_be_in_viewport()
    until(lambda: answer.bounding_box()["height"] == pytest.approx(low, abs=1), "the row to be low again")


def test_a_call_is_shown_with_all_that_was_asked_and_came_back_up_to_a_bound(transcript, serve, open_page):
    transcript.calls("Bash", "t1", "m1", command="seq 900", description="Count")
    transcript.answers("t1", "\n".join(f"line {number}" for number in range(HUGE_LINES)))
    page = open_session(open_page, serve(transcript.path.parents[1]))
    call = feed(page).locator("article", has_text="Count")
    call.get_by_role("button", name="Show more").click()
    expect(call.get_by_text("line 299")).to_be_attached()
    call.get_by_role("button", name="open in the inspector").click()
    expect(page.get_by_role("complementary", name="Inspector")).to_contain_text("line 899")


def test_a_prompt_says_that_it_has_a_picture_and_shows_it(transcript, serve, open_page):
    picture = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PICTURE}}
    transcript.add(
        type="user", message={"role": "user", "content": [{"type": "text", "text": "What is this?"}, picture]}
    )
    page = open_session(open_page, serve(transcript.path.parents[1]))
    prompt = feed(page).locator("article", has_text="What is this?")
    expect(prompt).to_contain_text("1 image")
    expect(prompt.locator("img")).to_have_count(0)
    prompt.get_by_role("button", name="Show image").click()
    expect(prompt.locator("img")).to_be_visible()
    assert prompt.locator("img").evaluate("image => image.naturalWidth") == 1


def test_an_entry_that_cannot_be_read_says_so_in_its_row(transcript, serve, open_page):
    transcript.says("word " * 400, message="m1")
    page = open_session(open_page, serve(transcript.path.parents[1]))
    answer = page.locator("article[data-seq='1024']")
    one_entry = re.compile(r"/entries/\d+$")
    page.route(one_entry, lambda route: route.fulfill(status=418, body="{}"))
    answer.get_by_role("button", name="Show more").click()
    expect(answer.get_by_role("alert")).to_be_visible()
    page.unroute(one_entry)
    answer.get_by_role("button", name="Retry").click()
    expect(answer.get_by_role("alert")).to_have_count(0)
    expect(answer).to_contain_text("word " * 300)


def test_a_live_session_says_what_it_waits_for(transcript, served, open_page):
    page = open_session(open_page, served)
    transcript.notices(1)
    transcript.asks("And now the model")
    expect(waiting(page)).to_contain_text("Waiting for the model")
    transcript.requests()
    expect(waiting(page)).to_contain_text(re.compile(r"Waiting for the model.*· \d s"))
    transcript.says("I run it.", message="m1")
    transcript.calls("Bash", "t1", "m1", command="sleep 9")
    expect(waiting(page)).to_contain_text("Running Bash")
    transcript.answers("t1", "done")
    expect(waiting(page)).to_contain_text("Waiting for the model · claude-opus-5-5")
    # Said to those who hear the page, once it has lasted.
    expect(page.locator("[aria-live=polite]", has_text="Waiting for the model")).to_be_attached()
    transcript.says("It ran.", message="m2")
    expect(waiting(page)).to_contain_text("waiting for the person")
    expect(waiting(page)).not_to_contain_text(re.compile(r"\d s"))


def test_entries_that_come_below_the_screen_are_counted_and_shown_on_a_click(transcript, serve, open_page):
    transcript.notices(NOTICES)
    served = serve(transcript.path.parents[1])
    page = open_session(open_page, served)
    # A call with its result is one row and two entries.
    transcript.calls("Bash", "t1", "m1", command="make", description="Build")
    chip = page.get_by_role("button", name=re.compile("new entr"))
    expect(chip).to_have_text("1 new entry")
    transcript.answers("t1", "built")
    transcript.says("Done.", message="m2")
    expect(chip).to_have_text("3 new entries")
    expect(page.locator("article[aria-posinset='1']")).to_be_in_viewport()

    page.get_by_role("button", name=re.compile("^Assistant")).click()
    expect(chip).to_have_count(0)  # all that pass are on the screen
    page.get_by_role("button", name=re.compile("^Assistant")).click()

    page.keyboard.press("g")
    page.keyboard.press("g")
    transcript.says("One more.", message="m3")
    chip.click()
    expect(feed(page)).to_contain_text("One more.")
    expect(chip).to_have_count(0)
    # At the end it is followed again.
    transcript.says("And another.", message="m4")
    expect(feed(page).locator("article", has_text="And another.")).to_be_in_viewport()


def test_tab_stops_at_the_feed_and_in_the_selected_row_only(transcript, serve, open_page):
    transcript.notices(NOTICES)
    page = open_session(open_page, serve(transcript.path.parents[1]))
    stops = feed(page).locator("article :is(button, a):not([tabindex='-1'])")
    expect(stops).to_have_count(0)
    feed(page).focus()
    page.keyboard.press("j")
    expect(stops).not_to_have_count(0)
    assert stops.evaluate_all("all => all.every(one => one.closest('article').ariaCurrent === 'true')")
    page.keyboard.press("Tab")
    focused = "() => document.activeElement.closest('article')?.ariaPosInSet"
    until(lambda: page.evaluate(focused) == "1", "the focus in the first row")
    # The row leaves the screen with the focus in it: the list keeps it.
    page.keyboard.press("G")
    until(lambda: page.evaluate("document.activeElement.getAttribute('role')") == "feed", "the focus to be kept")


def test_a_live_subagent_that_is_open_in_place_grows(transcript, served, open_page):
    page = open_session(open_page, served)
    transcript.calls("Agent", "t1", "m1", description="Look around", prompt="Look", subagent_type="Explore")
    folder = transcript.path.with_suffix("") / "subagents"
    inside = Transcript(folder / f"agent-{AGENT}.jsonl", sidechain=True)
    (folder / f"agent-{AGENT}.meta.json").write_text(
        json.dumps({"agentType": "Explore", "description": "Look around", "toolUseId": "t1", "spawnDepth": 1})
    )
    inside.asks("Look")
    feed(page).get_by_role("button", name="Show Look around").click()
    nested = page.locator("article[data-agent]")
    expect(nested).to_have_count(1)
    expect(waiting(page)).to_contain_text("Running Agent")
    inside.says("I see it.", message="m9")
    expect(nested).to_have_count(2)
    expect(nested.last).to_contain_text("I see it.")
