"""A session that unfolds again as it did: the replay bar and the map beside the trace."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from e2e.serving import Served, copy_transcripts, until

GAP = "e2e00000-0000-4000-8000-00000000ea5e"
"""Twelve rows: a slow command, three hours without activity, a failed command, a second prompt."""
LONG = "e2e00000-0000-4000-8000-0000000010c6"
LONG_ROWS = 2_000
START = datetime(2026, 7, 1, 8, tzinfo=UTC)

SLOW, FAILED, SECOND_PROMPT, LAST = 3, 7, 9, 12
"""Places of rows, counted from one."""


class Transcript:
    """Lines of one session, each at a number of seconds after its start."""

    def __init__(self, session: str) -> None:
        self._session = session
        self._lines: list[dict] = []

    def _say(self, seconds: float, kind: str, content: object) -> None:
        number = len(self._lines)
        self._lines.append(
            {
                "type": kind,
                "message": {"role": kind, "content": content, "id": f"msg_{number}", "model": "claude-opus-5-5"},
                "uuid": f"{self._session}-{number}",
                "timestamp": (START + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z"),
                "sessionId": self._session,
                "cwd": "/home/dev/replayed",
                "version": "2.1.330",
            }
        )

    def prompt(self, seconds: float, text: str) -> None:
        self._say(seconds, "user", text)

    def answer(self, seconds: float, text: str) -> None:
        self._say(seconds, "assistant", [{"type": "text", "text": text}])

    def command(self, seconds: float, takes: float, command: str, output: str, *, failed: bool = False) -> None:
        call = f"toolu_{len(self._lines)}"
        tool = {"type": "tool_use", "id": call, "name": "Bash", "input": {"command": command}}
        self._say(seconds, "assistant", [tool])
        result = {"type": "tool_result", "tool_use_id": call, "content": output, "is_error": failed}
        self._say(seconds + takes, "user", [result])

    def write(self, folder: Path) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self._session}.jsonl"
        path.write_text("".join(json.dumps(line) + "\n" for line in self._lines))
        return path


def gap_session() -> Transcript:
    said = Transcript(GAP)
    said.prompt(0, "Build the image")
    said.answer(1, "I begin.")
    said.command(2, 1.5, "make slowly", "built")
    said.answer(4, "It is built.")
    said.answer(5, "Anything else?")
    hours = 3 * 3_600
    said.answer(hours, "Good morning.")
    said.command(hours + 1, 0.5, "make check", "1 test failed", failed=True)
    said.answer(hours + 2, "One test fails.")
    said.prompt(hours + 3, "Mend it")
    said.answer(hours + 4, "It was the clock.")
    said.answer(hours + 5, "It is mended.")
    said.answer(hours + 6, "That is all.")
    return said


@pytest.fixture(scope="module")
def replayed(serve, tmp_path_factory) -> Served:
    folder = tmp_path_factory.mktemp("replayed") / "projects"
    gap_session().write(folder / "-home-dev-replayed")
    long = Transcript(LONG)
    for number in range(LONG_ROWS):
        # One prompt in a hundred; all else is nothing to be marked.
        (long.answer if number % 100 else long.prompt)(number * 0.05, f"Word {number}")
    long.write(folder / "-home-dev-replayed")
    return serve(copy_transcripts([], folder))


@pytest.fixture
def open_session(open_page, replayed):
    def opened(session: str = GAP, search: str = "", **more) -> Page:
        page = open_page(replayed, f"replay/{session}{search}", **more)
        expect(page.locator("footer")).to_contain_text("Complete")
        expect(rows(page).first).to_be_visible()
        return page

    return opened


def rows(page: Page) -> Locator:
    return page.get_by_role("feed", name="Trace").locator("article")


def current(page: Page) -> Locator:
    return page.locator("article[aria-current=true]")


def bar(page: Page) -> Locator:
    return page.get_by_role("region", name="Replay")


def slider(page: Page) -> Locator:
    return page.get_by_role("slider", name="Replay position")


def place(page: Page) -> str:
    return page.locator(".sr-replay-place").inner_text()


def expect_rows(page: Page, count: int) -> None:
    """So many rows have appeared; all of them are in the list."""
    expect(slider(page)).to_have_attribute("aria-valuenow", str(count))
    expect(rows(page).last).to_have_attribute("aria-setsize", str(count))


def pause_at(page: Page, row: int) -> None:
    """Go to a row by the keyboard alone."""
    page.keyboard.press("g")
    page.keyboard.press("g")
    for _ in range(row - 1):
        page.keyboard.press("j")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowRight")
    expect_rows(page, row)


def at_speed(page: Page, speed: int) -> Page:
    bar(page).get_by_role("combobox", name="Speed").select_option(str(speed))
    page.evaluate("document.activeElement.blur()")
    return page


def seq_of(page: Page, position: int) -> int:
    return int(page.locator(f"article[aria-posinset='{position}']").get_attribute("data-seq"))


def test_a_session_with_a_gap_of_three_hours_plays_to_its_end_in_seconds(open_session):
    page = at_speed(open_session(), 100)
    expect_rows(page, LAST)
    page.evaluate(
        "window.least = 99; setInterval(() => {"
        " const at = Number(document.querySelector('.sr-track').ariaValueNow);"
        " window.least = Math.min(window.least, at) }, 1)"
    )
    page.keyboard.press("Space")
    until(lambda: page.evaluate("window.least") < LAST, "a part of the rows")
    expect_rows(page, LAST)
    expect(bar(page).get_by_role("button", name="Play")).to_be_visible()
    expect(current(page)).to_contain_text("That is all.")
    expect(page).to_have_url(re.compile(r"entry=\d+"))


def test_with_idle_time_kept_the_gap_lasts(open_session):
    page = at_speed(open_session(), 100)
    bar(page).get_by_role("button", name="Skip idle").click()
    expect(bar(page).get_by_role("button", name="Skip idle")).to_have_attribute("aria-pressed", "false")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Space")
    expect_rows(page, 5)
    # A hundred times as fast, three hours are 108 seconds; the clock shows how they go by.
    until(lambda: re.search(r"\+[1-9]\d*m", place(page)), "minutes of the gap")
    expect_rows(page, 5)
    expect(bar(page).get_by_role("button", name="Pause")).to_be_visible()

    page.reload()
    expect(bar(page).get_by_role("button", name="Skip idle")).to_have_attribute("aria-pressed", "false")


def test_pause_shows_the_session_as_it_was_and_esc_the_whole(open_session):
    page = at_speed(open_session(), 1)
    page.keyboard.press("Space")
    expect_rows(page, 1)
    expect(current(page)).to_contain_text("Build the image")
    expect_rows(page, 2)
    page.keyboard.press("Space")
    expect(bar(page).get_by_role("button", name="Play")).to_be_visible()
    expect(page).to_have_url(re.compile(rf"entry={seq_of(page, 2)}\b"))
    expect(page.get_by_role("complementary", name="Inspector")).to_contain_text("I begin.")
    position = place(page)
    page.wait_for_timeout(400)
    assert place(page) == position

    page.keyboard.press("Escape")
    expect_rows(page, LAST)
    expect(current(page)).to_contain_text("I begin.")


def test_a_command_runs_until_its_result_comes(open_session):
    page = open_session()
    pause_at(page, SLOW)
    slow = page.locator(f"article[aria-posinset='{SLOW}']")
    expect(slow).to_contain_text("Running")
    expect(slow).not_to_contain_text("built")
    page.keyboard.press("Space")
    expect(slow).to_contain_text("OK")
    expect(slow).to_contain_text("built")


def test_steps_by_rows_and_by_prompts(open_session):
    page = open_session()
    page.keyboard.press("ArrowRight")
    expect_rows(page, 1)
    page.keyboard.press("ArrowRight")
    expect_rows(page, 2)
    page.keyboard.press("ArrowLeft")
    expect_rows(page, 1)
    page.keyboard.press("Shift+ArrowRight")
    expect_rows(page, SECOND_PROMPT)
    expect(current(page)).to_contain_text("Mend it")
    expect(page).to_have_url(re.compile(rf"entry={seq_of(page, SECOND_PROMPT)}\b"))
    page.keyboard.press("Shift+ArrowLeft")
    expect_rows(page, 1)
    # In a replay, to jump is to travel in time.
    page.keyboard.press("e")
    expect_rows(page, FAILED)
    bar(page).get_by_role("button", name="One row forth").click()
    expect_rows(page, FAILED + 1)
    bar(page).get_by_role("button", name="From the start").click()
    expect_rows(page, 1)
    bar(page).get_by_role("button", name="Show all").click()
    expect_rows(page, LAST)
    expect(current(page)).to_contain_text("Build the image")


def test_the_slider_moves_by_the_keyboard(open_session):
    page = open_session()
    slider(page).focus()
    page.keyboard.press("Home")
    expect_rows(page, 1)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("PageUp")
    expect_rows(page, 3)
    expect(slider(page)).to_have_attribute("aria-valuetext", re.compile(r"Row 3 of 12, 10:00:02"))
    page.keyboard.press("ArrowLeft")
    expect_rows(page, 2)
    page.keyboard.press("End")
    expect_rows(page, LAST)
    expect(slider(page)).to_have_attribute("aria-valuetext", "All 12 rows")


def test_the_playhead_is_dragged(open_session):
    page = open_session()
    box = slider(page).bounding_box()
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.9, y)
    page.mouse.down()
    page.mouse.move(box["x"] + 1, y, steps=5)
    expect_rows(page, 1)
    page.mouse.move(box["x"] + box["width"] * 0.5, y, steps=5)
    until(lambda: 3 <= int(slider(page).get_attribute("aria-valuenow")) <= 8, "the middle")
    page.mouse.up()
    expect(bar(page).get_by_role("button", name="Play")).to_be_visible()
    middle = int(slider(page).get_attribute("aria-valuenow"))
    expect(page).to_have_url(re.compile(rf"entry={seq_of(page, middle)}\b"))

    page.mouse.move(box["x"] + box["width"] * 0.2, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] + 40, y, steps=3)
    page.mouse.up()
    expect_rows(page, LAST)


def test_pointing_at_the_strip_says_what_is_there(open_session):
    page = open_session()
    box = slider(page).bounding_box()
    page.mouse.move(box["x"] + 2, box["y"] + box["height"] / 2)
    tip = page.locator(".sr-track-tip")
    expect(tip).to_contain_text("10:00:00")
    expect(tip).to_contain_text("Build the image")
    expect(tip).to_contain_text("human prompt")
    page.mouse.move(box["x"], box["y"] - 200)
    expect(tip).to_have_count(0)


def test_a_link_is_where_the_replay_starts(open_session, replayed):
    entries = replayed.get(f"sessions/{GAP}/entries?limit=100")["items"]
    second = next(entry for entry in entries if entry["preview"] == "Mend it")
    page = open_session(search=f"?entry={second['seq']}")
    expect(current(page)).to_contain_text("Mend it")
    page.keyboard.press("Space")
    expect_rows(page, SECOND_PROMPT)
    expect_rows(page, SECOND_PROMPT + 1)


def test_space_and_arrows_in_the_search_field_are_typed(open_session):
    page = open_session()
    page.keyboard.press("/")
    page.keyboard.type("It is")
    page.keyboard.press("ArrowLeft")
    page.keyboard.type("<")
    expect(page.get_by_label("Find in the trace")).to_have_value("It i<s")
    expect(bar(page).get_by_role("button", name="Play")).to_be_visible()
    expect(slider(page)).to_have_attribute("aria-valuetext", re.compile("^All"))


def test_a_replay_keeps_to_view_and_filter(open_session):
    page = open_session(search="?q=type:tool")
    expect_rows(page, 2)
    bar(page).get_by_role("button", name="From the start").click()
    expect_rows(page, 1)
    expect(page.locator(".sr-replay-place")).to_contain_text("1 of 2")
    # The filter goes, the row stays.
    page.get_by_role("button", name=re.compile(r"^Tool \d")).click()
    expect_rows(page, SLOW)
    expect(current(page)).to_contain_text("make slowly")


def test_another_row_can_be_looked_at_while_it_plays(open_session):
    page = open_session()
    pause_at(page, 2)
    page.keyboard.press("Space")
    page.locator("article[aria-posinset='1']").click()
    expect(bar(page).get_by_role("button", name="Play")).to_be_visible()
    expect(current(page)).to_contain_text("Build the image")
    page.wait_for_timeout(500)
    expect(page).to_have_url(re.compile(rf"entry={seq_of(page, 1)}\b"))
    expect_rows(page, 2)


def test_a_long_session_plays_with_its_last_row_in_view(open_session):
    page = at_speed(open_session(LONG), 50)
    page.keyboard.press("Space")
    until(lambda: int(slider(page).get_attribute("aria-valuenow")) > 300, "300 rows")
    page.keyboard.press("Space")
    expect(current(page)).to_be_in_viewport()
    count = int(slider(page).get_attribute("aria-valuenow"))
    assert count < LONG_ROWS
    expect(current(page)).to_have_attribute("aria-posinset", str(count))

    # Who scrolls up while it plays is left alone, and led back on demand.
    at_speed(page, 5).keyboard.press("Space")
    page.get_by_role("feed", name="Trace").hover()
    page.mouse.wheel(0, -3_000)
    page.get_by_role("button", name="Follow the replay").click()
    expect(page.get_by_role("button", name="Follow the replay")).to_have_count(0)
    at_speed(page, 100)
    expect_rows(page, LONG_ROWS)
    expect(current(page)).to_contain_text(f"Word {LONG_ROWS - 1}")


@pytest.mark.parametrize("held", [60, 300])
def test_the_end_is_in_view_where_frames_are_few(open_session, held):
    page = at_speed(open_session(LONG), 100)
    box = slider(page).bounding_box()
    page.mouse.click(box["x"] + box["width"] * 0.9, box["y"] + box["height"] / 2)
    until(lambda: 1_500 < int(slider(page).get_attribute("aria-valuenow")) < LONG_ROWS, "a place near the end")
    # The last rows and the end of the replay come in one frame.
    page.evaluate(f"setInterval(() => {{ const from = Date.now(); while (Date.now() - from < {held}); }}, 10)")
    page.keyboard.press("Space")
    expect_rows(page, LONG_ROWS)
    expect(current(page)).to_contain_text(f"Word {LONG_ROWS - 1}")
    expect(current(page)).to_be_in_viewport()


def test_the_map_leads_to_what_it_marks_and_scrolls_elsewhere(open_session):
    page = open_session(LONG)
    box = page.locator(".sr-minimap").bounding_box()
    x = box["x"] + box["width"] / 2
    page.mouse.click(x, box["y"] + box["height"] * 0.5)
    expect(current(page)).to_contain_text("Word 1000")
    expect(current(page)).to_be_in_viewport()
    expect(page).to_have_url(re.compile(r"entry=\d+"))
    # Between two prompts is nothing to choose: the list is only scrolled.
    page.mouse.click(x, box["y"] + box["height"] * 0.775)
    expect(rows(page).filter(has_text="Word 1550").first).to_be_in_viewport()
    expect(current(page)).to_have_count(0)
    expect(page.locator(".sr-tip-keys")).to_contain_text("J K prompts")

    page.mouse.move(x, box["y"] + box["height"] * 0.6)
    page.mouse.down()
    page.mouse.move(x, box["y"] + box["height"] * 0.3, steps=4)
    page.mouse.up()
    expect(rows(page).filter(has_text=re.compile("Word 60[0-9]")).first).to_be_in_viewport()

    def frame_is_there() -> bool:
        frame = page.locator(".sr-minimap-frame").bounding_box()
        return abs(frame["y"] + frame["height"] / 2 - box["y"] - box["height"] * 0.3) < 12

    until(frame_is_there, "the frame around what is on the screen")


def test_what_a_replay_has_not_come_to_is_reached_from_the_map(open_session):
    page = open_session(LONG)
    bar(page).get_by_role("button", name="From the start").click()
    expect_rows(page, 1)
    box = page.locator(".sr-minimap").bounding_box()
    page.mouse.click(box["x"] + 5, box["y"] + box["height"] * 0.25)
    expect_rows(page, 501)
    expect(current(page)).to_contain_text("Word 500")


def test_reduced_motion_moves_nothing_smoothly(open_session):
    page = open_session()
    page.emulate_media(reduced_motion="reduce")
    page.evaluate(
        "window.smooth = 0; for (const name of ['scrollTo', 'scrollBy']) {"
        " const native = Element.prototype[name];"
        " Element.prototype[name] = function (...places) {"
        "  if (places[0]?.behavior === 'smooth') window.smooth += 1; return native.apply(this, places) } } null"
    )
    at_speed(page, 5).keyboard.press("Space")
    expect_rows(page, LAST)
    assert page.evaluate("window.smooth") == 0
    expect(page.locator(".sr-track-head")).to_have_count(0)


def test_a_live_session_can_be_looked_back_on_while_it_goes_on(serve, open_page, tmp_path):
    folder = tmp_path / "projects"
    file = gap_session().write(folder / "-home-dev-replayed")
    served = serve(copy_transcripts([], folder))
    page = open_page(served, f"replay/{GAP}")
    expect(page.locator("footer")).to_contain_text("Complete")
    expect_rows(page, LAST)

    def say(text: str) -> None:
        line = json.loads(file.read_text().splitlines()[-1])
        line["message"] |= {"id": f"msg_{text}", "content": [{"type": "text", "text": text}]}
        with file.open("a") as transcript:
            transcript.write(json.dumps(line | {"uuid": f"uuid-{text}"}) + "\n")

    say("One.")
    expect(bar(page)).to_contain_text("Live")
    expect_rows(page, LAST + 1)
    page.keyboard.press("Shift+ArrowLeft")
    expect_rows(page, SECOND_PROMPT)
    say("Two.")
    back = bar(page).locator("button", has_text="Back to live")
    expect(back).to_contain_text("1 new")
    say("Three.")
    expect(back).to_contain_text("2 new")
    expect_rows(page, SECOND_PROMPT)
    back.click()
    expect_rows(page, LAST + 3)
    expect(page.get_by_role("feed", name="Trace")).to_contain_text("Mend it")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_that_axe_knows_is_wrong_in_a_replay(open_session, theme):
    page = open_session(theme=theme)
    pause_at(page, SECOND_PROMPT)
    expect(page.get_by_role("navigation", name="Sessions").get_by_role("link").first).to_be_visible()
    found = Axe().run(page).response["violations"]
    assert [(one["id"], [node["target"] for node in one["nodes"]]) for one in found] == []


@pytest.mark.parametrize("width", [360, 390, 520])
def test_the_bar_is_whole_in_a_small_window(open_session, width):
    page = open_session(LONG)
    page.set_viewport_size({"width": width, "height": 560})
    expect(page.locator(".sr-replay-place")).to_contain_text(f"{LONG_ROWS:,} rows")
    expect_whole(page, width)
    page.keyboard.press("Space")
    expect(bar(page).get_by_role("button", name="Show all", exact=True)).to_be_visible()
    expect_whole(page, width)


def expect_whole(page: Page, width: int) -> None:
    """Nothing of the bar and of the line below it is cut."""
    expect(page.locator("footer")).to_be_in_viewport(ratio=1)
    parts = bar(page).locator("button:visible, select:visible, p")
    assert parts.count() > 5
    for part in parts.all():
        expect(part).to_be_in_viewport(ratio=1)
        assert part.evaluate("part => part.scrollWidth <= part.clientWidth")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
