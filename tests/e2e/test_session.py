"""One session: its trace and the inspector."""

import json
import re

import pytest
from playwright.sync_api import Locator, Page, expect

from e2e.serving import LONG_SESSION, Served, until

LOYALTY = "88ea517a-365f-4f0d-98d7-b46b635392c6"
ROUNDING = "90f95193-2c91-4a42-a506-930d4c964c45"
NIGHTLY = "1150a922-663d-4490-a2fa-a771e62670b0"
CHECKOUT = "05ea6454-fa44-4cb9-b909-d11e4b18aa3f"

TYPE_WORDS = {"User", "Assistant", "Tool", "Thinking", "Progress", "System", "Summary", "Snapshot"}


@pytest.fixture
def entries(site):
    """The entries of a session, as the API tells them."""
    return lambda session: site.get(f"sessions/{session}/entries?limit=500")["items"]


def row(page: Page, seq: int) -> Locator:
    return page.locator(f"article[data-seq='{seq}']")


def inspector(page: Page) -> Locator:
    return page.get_by_role("complementary", name="Inspector")


def open_session(open_page, site: Served, session: str, search: str = "", **more) -> Page:
    page = open_page(site, f"replay/{session}{search}", **more)
    expect(page.get_by_role("feed", name="Trace").locator("article").first).to_be_visible()
    return page


def test_all_eight_entry_types_are_on_the_screen_by_their_words(site, open_page):
    page = open_session(open_page, site, LOYALTY)
    # A run of machine records says its number instead of its type: unfold each.
    seen: set[str] = set()
    page.get_by_role("feed", name="Trace").hover()

    def all_seen() -> bool:
        folded = page.locator("button.sr-fold[aria-expanded=false]")
        if folded.count():
            folded.first.click()
        seen.update(page.locator(".sr-row-type").filter(visible=True).all_inner_texts())
        page.mouse.wheel(0, 150)
        return seen >= TYPE_WORDS

    until(all_seen, "all eight types")
    assert seen == TYPE_WORDS


def test_the_header_says_whose_session_it_is_and_that_no_line_is_missing(site, open_page):
    page = open_session(open_page, site, LOYALTY)
    lines = len(next(site.transcripts.rglob(f"{LOYALTY}.jsonl")).read_text().splitlines())
    header = page.locator("header", has=page.get_by_role("heading", level=1, name="Loyalty points (HC-88)"))
    for fact in ["~/src/harbor-coffee", "main", "claude-opus-5-5", "18 Nov 2026, 14:02", "2 prompts"]:
        expect(header).to_contain_text(fact)
    expect(header).to_contain_text(f"Coverage {lines} of {lines} lines")
    expect(page.locator("footer")).to_contain_text("Complete")


def test_a_tool_call_is_one_row_with_its_result(site, open_page, entries):
    call = next(entry for entry in entries(NIGHTLY) if entry["label"] == "Run the tests")
    result = next(
        entry for entry in entries(NIGHTLY) if entry["tool_use_id"] == call["tool_use_id"] and entry["role"] == "result"
    )
    page = open_session(open_page, site, NIGHTLY, f"?entry={call['seq']}")
    joined = row(page, call["seq"])
    expect(joined).to_contain_text("python -m pytest -q")
    expect(joined).to_contain_text("........................F...")
    expect(joined).to_contain_text("OK")
    expect(row(page, result["seq"])).to_have_count(0)

    expect(inspector(page)).to_contain_text("Input")
    expect(inspector(page)).to_contain_text("Output")
    expect(inspector(page)).to_contain_text("1 failed, 27 passed")


def test_a_diff_is_drawn_unified_and_split(site, open_page, entries):
    edit = next(
        entry for entry in entries(ROUNDING) if entry["has_diff"] and entry["label"].endswith("src/shop/cart.py")
    )
    page = open_session(open_page, site, ROUNDING, f"?entry={edit['seq']}&tab=diff")
    panel = inspector(page).get_by_role("tabpanel")
    expect(panel).to_contain_text("src/shop/cart.py")
    expect(panel.locator(".diff-code-insert", has_text="reduced = self.subtotal")).to_be_visible()
    expect(panel.locator(".diff-code-delete").first).to_be_visible()

    tables = panel.locator("table.diff")
    expect(tables).to_have_class(re.compile("diff-unified"))
    panel.get_by_role("button", name="Split").click()
    expect(tables).to_have_class(re.compile("diff-split"))


def test_a_damaged_line_is_shown_as_damaged_with_its_bytes(site, open_page, entries):
    damaged = next(entry for entry in entries(NIGHTLY) if entry["raw_type"] == "damaged")
    page = open_session(open_page, site, NIGHTLY)
    page.get_by_role("button", name=re.compile("^Damaged")).click()
    expect(page.get_by_role("feed", name="Trace").locator("article")).to_have_count(1)
    line = row(page, damaged["seq"])
    expect(line).to_contain_text("damaged line")
    line.click()
    expect(inspector(page)).to_contain_text('{"parentUuid":"ba7bb2e5-d3fd-403d-b089-0a1645eed3a')


def test_an_image_is_drawn(site, open_page, entries):
    prompt = next(entry for entry in entries(CHECKOUT) if entry["type"] == "user")
    page = open_session(open_page, site, CHECKOUT, f"?entry={prompt['seq']}")
    picture = inspector(page).locator("img")
    expect(picture).to_be_visible()
    assert picture.evaluate("image => [image.naturalWidth, image.naturalHeight]") == [160, 96]


@pytest.mark.parametrize("address", ["seq", "uuid"])
def test_a_link_opens_at_its_entry(site, open_page, entries, address):
    last = [entry for entry in entries(LOYALTY) if entry["type"] == "assistant" and entry["uuid"]][-1]
    page = open_session(open_page, site, LOYALTY, f"?entry={last[address]}")
    target = row(page, last["seq"])
    expect(target).to_be_in_viewport()
    expect(target).to_have_attribute("aria-current", "true")
    expect(inspector(page)).to_contain_text("Assistant")


def test_a_link_to_no_entry_says_so(site, open_page):
    page = open_session(open_page, site, LOYALTY, "?entry=999999999")
    expect(inspector(page)).to_contain_text("There is no entry 999999999 in this session")


def test_audit_shows_what_matters_and_dev_everything(site, open_page):
    page = open_session(open_page, site, LOYALTY)
    feed = page.get_by_role("feed", name="Trace")
    expect(page.locator("footer")).to_contain_text("Complete")
    everything = int(feed.locator("article").first.get_attribute("aria-setsize"))
    page.get_by_role("button", name="Audit").click()
    expect(page).to_have_url(re.compile(r"view=audit"))
    expect(page.get_by_role("button", name=re.compile("^Thinking"))).to_have_count(0)
    until(lambda: int(feed.locator("article").first.get_attribute("aria-setsize")) < everything, "fewer rows")
    kinds = set(page.locator(".sr-row-type").all_inner_texts())
    assert kinds <= {"User", "Tool", "System", "Progress"}
    expect(feed).to_contain_text("permission mode")

    page.reload()
    expect(page.get_by_role("button", name="Audit")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("v")
    expect(feed.locator("article").first).to_have_attribute("aria-setsize", str(everything))


@pytest.mark.parametrize(("session", "view"), [(LOYALTY, "dev"), (LOYALTY, "audit"), (LONG_SESSION, "dev")])
def test_a_trace_opens_at_its_start_and_stays_there(site, open_page, session, view):
    page = open_session(open_page, site, session, f"?view={view}")
    expect(page.locator("footer")).to_contain_text("Complete")
    expect(page.locator("article[aria-posinset='1']")).to_be_in_viewport()


def test_keys_walk_the_trace_and_turn_the_tabs(site, open_page):
    page = open_session(open_page, site, ROUNDING)
    current = page.locator("article[aria-current=true]")
    page.keyboard.press("j")
    expect(current).to_have_attribute("aria-posinset", "1")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    expect(current).to_have_attribute("aria-posinset", "2")

    page.keyboard.press("3")
    expect(page.get_by_role("tab", name="Meta")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("1")
    expect(page.get_by_role("tab", name="Content")).to_have_attribute("aria-selected", "true")

    page.keyboard.press("e")
    expect(current).to_contain_text("Error")
    failed = int(current.get_attribute("aria-posinset"))
    page.keyboard.press("J")
    expect(current).to_contain_text("User")
    assert int(current.get_attribute("aria-posinset")) > failed
    page.keyboard.press("G")
    expect(current).to_have_attribute("aria-posinset", current.get_attribute("aria-setsize"))
    page.keyboard.press("g")
    page.keyboard.press("g")
    expect(current).to_have_attribute("aria-posinset", "1")

    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Keys")).to_be_hidden()


def test_keys_typed_into_the_search_are_text(site, open_page):
    page = open_session(open_page, site, ROUNDING)
    page.keyboard.press("/")
    page.keyboard.type("Decimal")
    expect(page.get_by_label("Find in the trace")).to_have_value("Decimal")
    expect(page.locator("output")).to_have_text(re.compile(r"of \d+"))
    expect(page.locator("article[aria-current=true]")).to_have_count(0)
    page.keyboard.press("Enter")
    expect(page.locator("article[aria-current=true] mark").first).to_be_visible()


def test_meta_shows_the_four_token_figures_and_both_times(site, open_page, entries):
    answer = next(entry for entry in entries(ROUNDING) if entry["type"] == "assistant")
    page = open_session(open_page, site, ROUNDING, f"?entry={answer['seq']}&tab=meta")
    panel = inspector(page).get_by_role("tabpanel")
    for name, figure in [
        ("Input", answer["tokens"]["input"]),
        ("Output", answer["tokens"]["output"]),
        ("Cache write", answer["tokens"]["cache_creation"]),
        ("Cache read", answer["tokens"]["cache_read"]),
    ]:
        term = panel.locator("dt").filter(has_text=re.compile(f"^{name}$"))
        expect(term.locator("xpath=following-sibling::dd[1]")).to_contain_text(f"{figure:,}")
    # By hand: Opus 5.5 costs $4 and $20 a million, and 1.25 and 0.05 times the input to write and read the cache.
    used = answer["tokens"]
    cost = 4 * (used["input"] + 1.25 * used["cache_creation"] + 0.05 * used["cache_read"]) + 20 * used["output"]
    expect(panel).to_contain_text(f"${cost / 1_000_000:.4f}".rstrip("0") + ", by the list prices of")
    expect(panel).to_contain_text("Europe/Berlin")
    expect(panel).to_contain_text(answer["at"])


def test_a_subagent_opens_from_its_call_and_leads_back_to_it(site, open_page, entries):
    spawning = next(entry for entry in entries(LOYALTY) if entry["tool"] == "Agent" and entry["role"] == "call")
    page = open_session(open_page, site, LOYALTY, f"?entry={spawning['seq']}")
    page.get_by_role("feed", name="Trace").get_by_role("link", name="Open Find where orders").click()
    expect(page.get_by_role("heading", level=1, name="Find where orders change state")).to_be_visible()
    expect(page.get_by_role("feed", name="Trace")).to_contain_text("Find out where an order changes its state")

    page.get_by_role("navigation", name="Parent sessions").get_by_role("link", name="Loyalty points").click()
    expect(page.get_by_role("heading", level=1, name="Loyalty points (HC-88)")).to_be_visible()
    expect(row(page, spawning["seq"])).to_be_in_viewport()
    expect(row(page, spawning["seq"])).to_have_attribute("aria-current", "true")


def test_the_list_at_the_side_leads_to_another_session(site, open_page):
    page = open_session(open_page, site, LOYALTY)
    side = page.get_by_role("navigation", name="Sessions")
    expect(side.get_by_role("link", name="Loyalty points")).to_have_attribute("aria-current", "page")
    side.get_by_role("link", name="Checkout on small screens").click()
    expect(page.get_by_role("heading", level=1, name="Checkout on small screens")).to_be_visible()
    page.keyboard.press("[")
    expect(side).to_be_hidden()


def test_the_list_at_the_side_is_narrowed_with_the_browsers_filter(site, open_page):
    page = open_session(open_page, site, LOYALTY)
    side = page.get_by_role("navigation", name="Sessions")
    opener = side.get_by_role("button", name="Filter the sessions")
    opener.click()
    panel = page.get_by_role("region", name="Filter of the session list")
    panel.get_by_label("Filter sessions").first.fill("Project : harbor-ops")
    page.keyboard.press("Enter")
    # The session that is open stays at the top, though it does not match.
    expect(side.get_by_role("link")).to_have_text([re.compile("Loyalty points"), re.compile("Restore staging")])
    expect(side.get_by_role("button", name="Change the filter: Project : harbor-ops")).to_be_visible()
    panel.get_by_role("button", name="Done").click()
    expect(panel).to_be_hidden()

    side.get_by_role("link", name="Restore staging").click()
    expect(page.get_by_role("heading", level=1, name="Restore staging from backup")).to_be_visible()
    page.get_by_role("navigation", name="Breadcrumbs").get_by_role("link", name="Session Replay").click()
    expect(page.get_by_role("heading", name="Sessions (1)")).to_be_visible()

    page.go_back()
    side.get_by_role("button", name="Show all sessions").click()
    expect(opener).to_have_text("All sessions")
    expect(side.get_by_role("link", name="Loyalty points")).to_be_visible()


def test_the_filter_of_the_list_is_kept_on_the_way_into_a_subagent_and_back(site, open_page, entries):
    spawning = next(entry for entry in entries(LOYALTY) if entry["tool"] == "Agent" and entry["role"] == "call")
    harbor = '{"and":[{"property":"project","operator":":","value":"harbor-coffee"}]}'
    page = open_session(open_page, site, LOYALTY, f"?view=audit&filter={harbor}&entry={spawning['seq']}")
    narrowed = page.get_by_role("navigation", name="Sessions").get_by_role("button", name="Change the filter")
    audit = page.get_by_role("button", name="Audit", exact=True)
    page.get_by_role("feed", name="Trace").get_by_role("link", name="Open Find where orders").click()
    expect(page.get_by_role("heading", level=1, name="Find where orders change state")).to_be_visible()
    expect(narrowed).to_be_visible()
    expect(audit).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("u")
    expect(row(page, spawning["seq"])).to_have_attribute("aria-current", "true")
    expect(narrowed).to_be_visible()
    expect(audit).to_have_attribute("aria-pressed", "true")


def test_without_an_entry_the_inspector_tells_of_the_session(site, open_page):
    page = open_session(open_page, site, LOYALTY)
    told = site.get(f"sessions/{LOYALTY}")
    whole = site.get(f"sessions/{LOYALTY}?tree=true")
    for name, fact in [
        ("Session id", LOYALTY),
        ("Directory", told["project"]),
        ("Started", "18 Nov 2026, 14:02:41.059 CET"),
        ("Cache read", f"{told['tokens']['cache_read']:,}"),
        ("Tools", "tracker \u203a get_issue"),
        ("Coverage", f"{told['lines']} of {told['lines']} lines"),
    ]:
        term = inspector(page).locator("dt").filter(has_text=re.compile(f"^{name}$"))
        expect(term.locator("xpath=following-sibling::dd[1]")).to_contain_text(fact)
    assert whole["tokens"]["total"] > told["tokens"]["total"]
    expect(inspector(page)).to_contain_text(f"{whole['tokens']['total']:,}")


def test_a_result_has_a_link_of_its_own(site, open_page, entries):
    result = next(entry for entry in entries(NIGHTLY) if entry["role"] == "result")
    call = next(entry for entry in entries(NIGHTLY) if entry["tool_use_id"] == result["tool_use_id"])
    page = open_session(open_page, site, NIGHTLY, f"?entry={call['seq']}&tab=meta")
    link = inspector(page).get_by_role("link", name=f"?entry={result['seq']}")
    expect(link).to_have_attribute("href", f"{site.base}replay/{NIGHTLY}?entry={result['seq']}")
    page.goto(link.get_attribute("href"))
    expect(row(page, call["seq"])).to_have_attribute("aria-current", "true")


def test_a_trace_that_cannot_be_read_says_why_and_comes_as_soon_as_it_can(site, open_page):
    page = open_page(site, "")
    refusal = {"type": "about:blank", "title": "The store is busy", "detail": "Try later.", "request_id": "r-17"}
    page.route(
        "**/entries?*",
        lambda route: route.fulfill(status=503, content_type="application/problem+json", body=json.dumps(refusal)),
    )
    page.goto(f"{site.base}replay/{LOYALTY}")
    notice = page.get_by_role("alert")
    for words in ["The store is busy", "Try later.", "r-17"]:
        expect(notice).to_contain_text(words)
    expect(page.locator("footer")).to_contain_text("Nothing has come yet. Trying again")
    with page.expect_request("**/entries?*"):
        notice.get_by_role("button", name="Retry").click()
    expect(notice).to_contain_text("r-17")
    page.unroute("**/entries?*")
    expect(page.get_by_role("feed", name="Trace").locator("article").first).to_be_visible()
    expect(notice).to_have_count(0)


def test_an_unknown_session_says_so(site, open_page):
    page = open_page(site, "replay/no-such-session")
    expect(page.get_by_role("heading", name="There is no such session")).to_be_visible()
    page.get_by_role("link", name="All sessions").click()
    expect(page.get_by_role("table", name="Sessions")).to_be_visible()


@pytest.mark.parametrize("search", ["?view=7&tab=[1]&entry={}&q=[]", "?filter=abc&tab=nothing&view=nowhere"])
def test_an_address_that_nobody_understands_shows_the_session(site, open_page, search):
    page = open_session(open_page, site, LOYALTY, search)
    expect(page.get_by_role("button", name="Dev")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("heading", level=1, name="Loyalty points (HC-88)")).to_be_visible()


def test_the_filter_is_one_line_between_two_open_panels_and_lists_all_that_has_no_room(site, open_page):
    page = open_session(open_page, site, LOYALTY)
    expect(page.locator("footer")).to_contain_text("Complete")
    toolbar = page.get_by_role("toolbar", name="Filter the trace")
    chips = toolbar.locator(".sr-chip")
    filters = toolbar.get_by_role("button", name="Filters")

    def left_out() -> int:
        return sum(not chip.is_visible() for chip in chips.all())

    def is_one_line() -> bool:
        return toolbar.bounding_box()["height"] < 50

    until(is_one_line, "the filter to be one line")
    until(lambda: 0 < left_out() < chips.count(), "some chips to be left out")
    expect(filters).to_have_attribute("data-more", f"+{left_out()}")
    expect(toolbar.get_by_role("button", name="Errors 1")).to_be_visible()
    # What is left out is in the list, and once it is chosen it is on the line, with its name.
    filters.click()
    types = page.get_by_role("group", name="Entry types").get_by_role("checkbox")
    entries = site.get(f"sessions/{LOYALTY}/entries?limit=500")["items"]
    expect(types).to_have_count(len({entry["type"] for entry in entries}))
    page.get_by_role("checkbox", name=re.compile("Snapshot")).check()
    page.keyboard.press("Escape")
    snapshot = toolbar.get_by_role("button", name=re.compile("^Snapshot"))
    expect(snapshot).to_be_visible()
    expect(snapshot.locator(".sr-chip-words")).to_be_in_viewport()
    snapshot.click()

    page.set_viewport_size({"width": 1110, "height": 800})
    expect(toolbar.get_by_role("button", name=re.compile("^Thinking"))).to_be_visible()
    until(lambda: 60 < toolbar.bounding_box()["height"] < 90, "the filter to be two lines")
    page.set_viewport_size({"width": 1920, "height": 1000})
    expect(filters).not_to_have_attribute("data-more", re.compile("."))
    until(is_one_line, "the filter to be one line again")
    assert left_out() == 0
    # With few of them there is room for their names.
    page.keyboard.press("v")
    expect(toolbar).not_to_have_attribute("data-compact", re.compile(""))
    assert toolbar.get_by_role("button", name="Subagents 2").bounding_box()["width"] > 80
