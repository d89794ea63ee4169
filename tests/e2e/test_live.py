"""A session that goes on, and a server that goes away and comes back."""

import json

import pytest
from playwright.sync_api import expect

from e2e.serving import TRANSCRIPTS, copy_transcripts, until

RUNNING = "e2e00000-0000-4000-8000-0000000011fe"


@pytest.fixture
def running(serve, tmp_path):
    """A server on a folder of its own, and a function that lets its session say something more."""
    served = serve(copy_transcripts([TRANSCRIPTS], tmp_path / "projects"))
    file = next(served.transcripts.rglob(f"{RUNNING}.jsonl"))

    def say(text: str) -> None:
        line = json.loads(file.read_text().splitlines()[-1])
        line["message"] |= {"id": f"msg_{text}", "content": [{"type": "text", "text": text}]}
        line["uuid"] = f"uuid-{text}"
        with file.open("a") as transcript:
            transcript.write(json.dumps(line) + "\n")

    served.say = say
    return served


def test_lines_appear_in_the_open_page_without_a_reload(running, open_page):
    page = open_page(running, f"replay/{RUNNING}")
    feed = page.get_by_role("feed", name="Trace")
    expect(feed).to_contain_text("One.")
    expect(page.locator("footer")).to_contain_text("Complete")
    page.evaluate("window.notReloaded = true")

    for word in ("Two.", "Three."):
        running.say(word)
        expect(feed).to_contain_text(word)
    expect(page.locator("footer")).to_contain_text("Following live")
    expect(page.locator("header")).to_contain_text(["Coverage 4 of 4 lines"])
    assert page.evaluate("window.notReloaded")


def test_a_burst_is_followed_to_its_end_until_the_reader_scrolls_away(running, open_page):
    page = open_page(running, f"replay/{RUNNING}")
    feed = page.get_by_role("feed", name="Trace")
    expect(page.locator("footer")).to_contain_text("Complete")
    for number in range(60):
        running.say(f"Burst {number}.")
        if number % 3 == 0:  # several come between two frames, more than the margin at the end has room for
            page.wait_for_timeout(20)
    expect(feed).to_contain_text("Burst 59.")
    until(lambda: feed.evaluate("feed => feed.scrollHeight - feed.clientHeight - feed.scrollTop") < 1, "the end")
    expect(page.get_by_role("button", name="new entr")).to_have_count(0)

    feed.hover()
    page.mouse.wheel(0, -600)
    until(lambda: feed.evaluate("feed => feed.scrollHeight - feed.clientHeight - feed.scrollTop") > 300, "the way up")
    running.say("After that.")
    expect(page.get_by_role("button", name="1 new entry")).to_be_visible()
    expect(feed.locator("article", has_text="After that.")).not_to_be_in_viewport()


def test_the_list_marks_a_session_that_grows(running, open_page):
    page = open_page(running)
    session = page.get_by_role("row", name="Count to three")
    expect(session).to_be_visible()
    expect(session).not_to_contain_text("Live")
    running.say("Two.")
    expect(session).to_contain_text("Live")
    expect(page.get_by_role("row", name="Hostile")).not_to_contain_text("Live")


def test_a_page_survives_a_restart_of_the_server(running, open_page):
    page = open_page(running, f"replay/{RUNNING}")
    feed = page.get_by_role("feed", name="Trace")
    expect(page.locator("footer")).to_contain_text("Complete")

    running.stop()
    expect(page.locator("footer")).to_contain_text("Connection lost")
    expect(feed).to_contain_text("One.")  # what came stays
    running.say("Two.")

    running.start()
    expect(feed).to_contain_text("Two.")
    expect(page.locator("footer")).not_to_contain_text("Connection lost")
    expect(feed.locator("article", has_text="One.")).to_have_count(1)
