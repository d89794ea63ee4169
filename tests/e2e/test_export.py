"""A session as a file, from the page's Export menu."""

import csv
import io
import re

import pytest
from playwright.sync_api import Page, expect

from e2e.serving import Served

LOYALTY = "88ea517a-365f-4f0d-98d7-b46b635392c6"


@pytest.fixture
def page(site, open_page) -> Page:
    return open_session(site, open_page, LOYALTY)


def open_session(site: Served, open_page, session: str) -> Page:
    page = open_page(site, f"replay/{session}")
    expect(page.get_by_role("feed", name="Trace").locator("article").first).to_be_visible()
    return page


def menu(page: Page):
    return page.get_by_role("menu", name="Export")


def transcript(site: Served, session: str) -> bytes:
    return next(site.transcripts.rglob(f"{session}.jsonl")).read_bytes()


def test_the_transcript_comes_byte_for_byte(site, page):
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as download:
        menu(page).get_by_role("menuitem", name="JSONL (original)").click()
    assert download.value.suggested_filename == f"loyalty-points-hc-88_{LOYALTY}.jsonl"
    assert download.value.path().read_bytes() == transcript(site, LOYALTY)
    expect(menu(page)).to_have_count(0)
    expect(page.get_by_role("heading", level=1)).to_be_visible()


def test_the_rows_come_by_keys_alone(site, page):
    page.keyboard.press("Tab")
    button = page.get_by_role("button", name="Export")
    for _ in range(60):
        if button.evaluate("button => button === document.activeElement"):
            break
        page.keyboard.press("Tab")
    expect(button).to_be_focused()
    page.keyboard.press("Enter")
    csv_item, jsonl_item = menu(page).get_by_role("menuitem").all()
    expect(csv_item).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(jsonl_item).to_be_focused()
    page.keyboard.press("Escape")
    expect(menu(page)).to_have_count(0)
    expect(button).to_be_focused()
    page.keyboard.press("ArrowDown")
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    assert download.value.suggested_filename == f"loyalty-points-hc-88_{LOYALTY}.csv"
    rows = list(csv.DictReader(io.StringIO(download.value.path().read_bytes().decode(), newline="")))
    entries = site.get(f"sessions/{LOYALTY}/entries?limit=500")["items"]
    assert [row["seq"] for row in rows] == [str(entry["seq"]) for entry in entries]
    assert sum(int(row["output_tokens"] or 0) for row in rows) == site.get(f"sessions/{LOYALTY}")["tokens"]["output"]
    expect(button).to_be_focused()


def test_a_subagent_exports_its_own_transcript(site, open_page):
    parents = [one for one in site.get("sessions?limit=500")["items"] if one["subagents"]]
    child = site.get(f"sessions?parent={parents[0]['id']}")["items"][0]
    page = open_session(site, open_page, child["id"])
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as download:
        menu(page).get_by_role("menuitem", name="JSONL").click()
    files = {path.read_bytes() for path in site.transcripts.rglob(f"agent-{child['agent_id']}.jsonl")}
    assert download.value.path().read_bytes() in files


def test_who_is_not_signed_in_any_more_gets_no_file(page):
    downloads = []

    def note(download):  # Playwright takes no built-in method
        downloads.append(download)

    page.on("download", note)
    # Whatever else the page asks would tell it that it is signed out, too, and it would show nothing but that.
    page.route(re.compile(r"/api/(?!sessions/[^/?]+(/export.*)?$)"), lambda route: route.abort())
    page.context.clear_cookies()
    page.get_by_role("button", name="Export").click()
    menu(page).get_by_role("menuitem", name="CSV").click()
    expect(page.get_by_role("alert").filter(has_text="Not exported.")).to_contain_text("open the address")
    assert downloads == []
