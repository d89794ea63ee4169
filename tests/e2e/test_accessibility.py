"""No violation that axe knows, on every page, light and dark."""

import json

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from e2e.serving import Served

LOYALTY = "88ea517a-365f-4f0d-98d7-b46b635392c6"
ROUNDING = "90f95193-2c91-4a42-a506-930d4c964c45"
NIGHTLY = "1150a922-663d-4490-a2fa-a771e62670b0"
COPYING = "b1232e5d-3baa-4858-a63d-05922ca24404"
TOOLS = {
    "or": [
        {"property": "tool", "operator": "=", "value": "Bash"},
        {"property": "tool", "operator": "=", "value": "Edit"},
    ]
}
HOSTILE = "e2e00000-0000-4000-8000-00000000bad1"

pytestmark = pytest.mark.parametrize("theme", ["light", "dark"])


def violations(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [
        f"{one['impact']}: {one['id']}: {node['target']} {node['failureSummary']}"
        for one in found
        for node in one["nodes"]
    ]


def drawn(page: Page) -> Page:
    """A session's page whose two lists have been laid out: until then they are empty."""
    expect(page.get_by_role("feed", name="Trace").locator("article").first).to_be_visible()
    expect(page.get_by_role("navigation", name="Sessions").get_by_role("link").first).to_be_visible()
    return page


def failing_call(site: Served) -> int:
    entries = site.get(f"sessions/{ROUNDING}/entries?limit=500")["items"]
    failed = next(entry for entry in entries if entry["is_error"])
    return next(entry["seq"] for entry in entries if entry["tool_use_id"] == failed["tool_use_id"])


def edit(site: Served) -> int:
    entries = site.get(f"sessions/{ROUNDING}/entries?limit=500")["items"]
    return next(entry["seq"] for entry in entries if entry["has_diff"])


def test_sign_in(site, open_page, theme):
    page = open_page(site, signed_in=False, theme=theme)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert violations(page) == []


def test_list_with_open_rows(site, open_page, theme):
    page = open_page(site, "?sort=-messages", theme=theme)
    page.get_by_role("button", name="3 subagents of Loyalty points").click()
    expect(page.get_by_role("link", name="Review the loyalty change")).to_be_visible()
    expect(page.locator("[data-day]").first).to_be_visible()
    assert violations(page) == []


@pytest.mark.parametrize("control", ["Agents", "Started, in", "Saved filters", "Table preferences"])
def test_list_with_a_filter_and_an_open_control(site, open_page, theme, control):
    asked = {"and": [{"property": "started_at", "operator": ">=", "value": "2026-01-01T00:00:00Z"}, TOOLS]}
    page = open_page(site, f"?filter={json.dumps(asked)}", theme=theme)
    expect(page.locator("a.session-link").first).to_be_visible()
    page.get_by_role("button", name=control).first.click()
    expect(page.get_by_role("listbox" if control == "Agents" else "dialog")).to_be_visible()
    assert violations(page) == []


def test_list_with_its_keys(site, open_page, theme):
    page = open_page(site, theme=theme)
    expect(page.locator("a.session-link").first).to_be_visible()
    page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="Keys")
    expect(keys.get_by_role("button", name="Done")).to_be_focused()
    assert violations(page) == []
    page.keyboard.press("Enter")
    expect(keys).to_have_count(0)


def test_list_without_a_match(site, open_page, theme):
    nowhere = {"property": "host", "operator": "=", "value": "nowhere"}
    page = open_page(site, f"?filter={json.dumps(nowhere)}", theme=theme)
    expect(page.get_by_role("heading", name="No session matches the filter")).to_be_visible()
    assert violations(page) == []


def test_list_that_was_refused(site, open_page, theme):
    unknown = {"property": "colour", "operator": "=", "value": "red"}
    page = open_page(site, f"?filter={json.dumps(unknown)}", theme=theme)
    expect(page.get_by_text("there is no property 'colour'").first).to_be_visible()
    expect(page.get_by_text("Request id:").first).to_be_visible()
    assert violations(page) == []


def test_empty_list(serve, open_page, tmp_path, theme):
    (tmp_path / "projects").mkdir()
    page = open_page(serve(tmp_path / "projects"), theme=theme)
    expect(page.get_by_role("heading", name="No sessions yet")).to_be_visible()
    assert violations(page) == []


@pytest.mark.parametrize("tab", ["content", "diff", "meta"])
def test_session(site, open_page, theme, tab):
    seq = edit(site) if tab == "diff" else failing_call(site)
    page = open_page(site, f"replay/{ROUNDING}?tab={tab}&entry={seq}", theme=theme)
    expect(page.get_by_role("tabpanel")).to_contain_text("test_cart.py" if tab != "meta" else "Identifiers")
    assert violations(drawn(page)) == []


@pytest.mark.parametrize(
    ("session", "text"),
    [
        (LOYALTY, "Loyalty points"),
        (NIGHTLY, "damaged line"),
        (COPYING, "copied"),
        (HOSTILE, "Hostile"),
    ],
)
def test_trace(site, open_page, theme, session, text):
    page = open_page(site, f"replay/{session}", theme=theme)
    expect(page.locator("main")).to_contain_text(text)
    expect(page.locator("footer")).to_contain_text("Complete")
    assert violations(drawn(page)) == []


def test_session_with_the_filter_of_its_list(site, open_page, theme):
    asked = json.dumps({"and": [{"property": "project", "operator": ":", "value": "harbor"}]})
    page = open_page(site, f"replay/{ROUNDING}?filter={asked}", theme=theme)
    page.get_by_role("button", name="Change the filter: Project : harbor").click()
    panel = page.get_by_role("region", name="Filter of the session list")
    expect(panel.get_by_role("button", name="Clear filters")).to_be_visible()
    assert violations(drawn(page)) == []


def test_keys(site, open_page, theme):
    page = open_page(site, f"replay/{ROUNDING}", theme=theme)
    expect(page.locator("article").first).to_be_visible()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    assert violations(page) == []
