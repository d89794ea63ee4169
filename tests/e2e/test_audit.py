"""The Audit view's summary: figures equal to a count of the raw lines, and ways from them to the entries."""

import json
import re
from collections import Counter
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from e2e.serving import LONG_SESSION, SAMPLES

LOYALTY = "88ea517a-365f-4f0d-98d7-b46b635392c6"
ROUNDING = "90f95193-2c91-4a42-a506-930d4c964c45"
OPERATIONS = "cc13211c-78c2-4f4b-81af-d2da350c4f9d"
FILE_TOOLS = {"Write": "file_path", "Edit": "file_path", "MultiEdit": "file_path", "NotebookEdit": "notebook_path"}


def open_audit(open_page, site, session, search="", **how) -> Page:
    page = open_page(site, f"replay/{session}?view=audit{search}", **how)
    expect(page.locator("footer")).to_contain_text("Complete")
    expect(summary(page)).to_contain_text("counted")
    return page


def summary(page: Page):
    return page.get_by_role("region", name="Audit summary")


def card(page: Page, name: str):
    return summary(page).get_by_role("region", name=name)


def feed(page: Page):
    return page.get_by_role("feed", name="Trace")


class Raw:
    """What a transcript says, read line by line with nothing of the product."""

    def __init__(self, session: str) -> None:
        [path] = SAMPLES.glob(f"*/{session}.jsonl")
        self.calls: dict[str, dict] = {}
        self.failed: set[str] = set()
        for line in path.read_bytes().split(b"\n"):
            try:
                content = json.loads(line)["message"]["content"]
            except (ValueError, KeyError, TypeError):
                continue
            for block in content if isinstance(content, list) else []:
                if block["type"] == "tool_use":
                    self.calls[block["id"]] = block
                elif block["type"] == "tool_result" and block.get("is_error"):
                    self.failed.add(block["tool_use_id"])

    def named(self, *tools: str) -> list[dict]:
        return [call for call in self.calls.values() if call["name"] in tools]

    @property
    def files(self) -> Counter:
        return Counter(
            call["input"][FILE_TOOLS[call["name"]]]
            for call_id, call in self.calls.items()
            if call["name"] in FILE_TOOLS and call_id not in self.failed
        )

    @property
    def url_hosts(self) -> set[str]:
        urls = re.findall(
            r"https?://[^\s\"'\\)>|]+", json.dumps([call["input"] for call in self.named("Bash", "WebFetch")])
        )
        return {urlsplit(url).netloc for url in urls}


@pytest.mark.parametrize("session", [LOYALTY, ROUNDING, OPERATIONS])
def test_the_figures_are_those_of_the_raw_lines(site, open_page, session):
    raw = Raw(session)
    page = open_audit(open_page, site, session)
    expect(summary(page)).to_contain_text(f"all {site.get(f'sessions/{session}')['entries']} entries counted")

    commands = raw.named("Bash")
    expect(card(page, "Commands").locator("h2")).to_have_text(f"Commands {len(commands)}")
    files = card(page, "Files written")
    if not raw.files:
        expect(summary(page)).to_contain_text(re.compile("not found:.*files written"))
    for more in files.get_by_role("button", name="Show all").all():
        more.click()
    expect(files.locator("h2")).to_have_text([f"Files written {len(raw.files)}"] if raw.files else [])
    project = site.get(f"sessions/{session}")["project"]
    for path, writes in raw.files.items():
        name = path.removeprefix(f"{project}/")
        row = files.locator("li", has=page.locator(f"[title='{name}']"))
        expect(row.locator(".sr-audit-count")).to_have_text(str(writes))
    if raw.url_hosts:
        for host in raw.url_hosts:
            expect(card(page, "Hosts named")).to_contain_text(host)
    else:
        expect(summary(page)).to_contain_text(re.compile("not found:.*hosts named"))
    if agents := raw.named("Agent", "Task"):
        expect(card(page, "Subagents").locator("h2")).to_have_text(f"Subagents {len(agents)}")
        calls = sum(
            path.read_text().count('"type":"tool_use"') for path in SAMPLES.glob(f"*/{session}/subagents/*.jsonl")
        )
        expect(card(page, "Subagents")).to_contain_text(f"ran {calls} more tool calls")


def test_decisions_and_modes_are_told_in_words(site, open_page):
    page = open_audit(open_page, site, OPERATIONS)
    entries = site.get(f"sessions/{OPERATIONS}/entries?limit=500&view=audit")["items"]
    permissions = card(page, "Permissions")
    for entry in entries:
        if entry["is_denied"]:
            expect(permissions).to_contain_text(entry["facts"]["permission"]["words"].rstrip("."))
    expect(card(page, "Hooks that blocked").locator("h2")).to_have_text("Hooks that blocked 1")
    page = open_audit(open_page, site, LOYALTY)
    expect(card(page, "Permissions")).to_contain_text(re.compile(r"plan\s*mode from the start"))
    expect(card(page, "Permissions")).to_contain_text(re.compile(r"acceptEdits\s*mode from \d\d:\d\d:\d\d"))


def test_a_click_leads_to_the_first_entry_and_the_next_to_the_next(site, open_page):
    page = open_audit(open_page, site, LOYALTY)
    commands = card(page, "Commands").locator("li > button")
    item = commands.first
    total = int(item.locator(".sr-audit-count").text_content())
    assert total > 1
    places = []
    for number in range(1, total + 1):
        item.click()
        expect(item.locator(".sr-audit-count")).to_have_text(f"{number} of {total}")
        expect(item).to_have_attribute("aria-current", "true")
        selected = feed(page).locator("article[aria-current=true]")
        expect(selected).to_be_in_viewport()
        expect(selected).to_contain_text("Bash")
        places.append(int(selected.get_attribute("data-seq")))
    assert places == sorted(set(places))
    item.click()
    expect(item.locator(".sr-audit-count")).to_have_text(f"1 of {total}")


def test_a_card_filters_the_trace_to_its_entries(site, open_page):
    page = open_audit(open_page, site, LOYALTY)
    count = len(Raw(LOYALTY).named("Bash"))
    button = card(page, "Commands").get_by_role("button", name="Show only the entries of commands")
    button.click()
    expect(page).to_have_url(re.compile(r"act(:|%3A)command"))
    expect(feed(page).locator("article").first).to_have_attribute("aria-setsize", str(count))
    expect(button).to_have_attribute("aria-pressed", "true")

    # What the filter hides is shown when somebody goes there.
    card(page, "Files written").locator("li > button").first.click()
    selected = feed(page).locator("article[aria-current=true]")
    expect(selected).to_be_in_viewport()
    expect(selected).to_contain_text(re.compile("Write|Edit"))
    expect(button).to_have_attribute("aria-pressed", "false")


def test_keys_reach_every_item_and_the_choice_is_remembered(site, open_page):
    page = open_audit(open_page, site, LOYALTY)
    items = card(page, "Commands").locator("li > button")
    items.first.focus()
    page.keyboard.press("ArrowDown")
    expect(items.nth(1)).to_be_focused()
    page.keyboard.press("Enter")
    expect(items.nth(1)).to_have_attribute("aria-current", "true")
    page.keyboard.press("Home")
    expect(items.first).to_be_focused()
    assert items.evaluate_all("all => all.filter(one => one.tabIndex === 0).length") == 1

    toggle = summary(page).get_by_role("button", name="Security at a glance")
    toggle.focus()
    page.keyboard.press("Enter")
    expect(card(page, "Commands")).to_have_count(0)
    expect(summary(page)).to_contain_text("Commands")
    page.reload()
    expect(toggle).to_have_attribute("aria-expanded", "false")
    page.keyboard.press("v")
    expect(summary(page)).to_have_count(0)


def test_a_card_is_copied_as_text(site, open_page):
    page = open_audit(open_page, site, LOYALTY)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    card(page, "Commands").get_by_role("button", name="Copy commands as text").click()
    first, *lines = page.evaluate("navigator.clipboard.readText()").split("\n")
    assert first == f"Commands ({len(Raw(LOYALTY).named('Bash'))})"
    assert all(re.match(r"\d+\t\S", line) for line in lines)


def test_a_quiet_session_says_what_was_looked_for(site, open_page):
    page = open_audit(open_page, site, LONG_SESSION)
    expect(summary(page)).to_contain_text("Nothing that matters to security happened in this session.")
    expect(summary(page)).to_contain_text("Looked for: permissions, hooks that blocked, failures, commands")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("session", [LOYALTY, OPERATIONS])
def test_axe_finds_nothing(site, open_page, theme, session):
    page = open_audit(open_page, site, session, theme=theme)
    card(page, "Commands").locator("li > button").first.click()
    expect(feed(page).locator("article").first).to_be_visible()
    expect(page.get_by_role("navigation", name="Sessions").get_by_role("link").first).to_be_visible()
    found = Axe().run(page).response["violations"]
    assert [(one["id"], node["target"], node["failureSummary"]) for one in found for node in one["nodes"]] == []


@pytest.mark.parametrize("height", [560, 740])
def test_in_a_small_window_the_summary_has_the_room_of_the_trace_while_it_is_open(site, open_page, height):
    page = open_page(site, f"replay/{LOYALTY}?view=audit")
    page.set_viewport_size({"width": 360, "height": height})
    toggle = summary(page).get_by_role("button", name="Security at a glance")
    expect(toggle).to_have_attribute("aria-expanded", "false")
    expect(summary(page)).to_contain_text("Commands")
    expect(page.locator("footer")).to_be_in_viewport(ratio=1)

    toggle.click()
    cards = summary(page).get_by_role("group", name="Cards of the audit summary")
    expect(cards).to_be_in_viewport(ratio=1)
    assert cards.bounding_box()["height"] > height / 7 > feed(page).bounding_box()["height"]
    expect(page.locator("footer")).to_be_in_viewport(ratio=1)
    last = summary(page).locator("li > button").last
    last.scroll_into_view_if_needed()
    expect(last).to_be_in_viewport()

    last.click()
    expect(toggle).to_have_attribute("aria-expanded", "false")
    page.get_by_role("navigation", name="Panels").get_by_role("button", name="Trace").click()
    expect(feed(page).locator("article[aria-current=true]")).to_be_in_viewport()
