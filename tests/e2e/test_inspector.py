"""The inspector: every tool in its own form, changes, meta data, narrow windows and keys."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from e2e.serving import LONG_SESSION, Served, until

TOOLS = "e2e00000-0000-4000-8000-000000007001"


@pytest.fixture(scope="module")
def calls(site) -> dict[str, dict]:
    """The tool calls of the session by the end of their id: ``toolu_bash`` is ``bash``."""
    entries = site.get(f"sessions/{TOOLS}/entries?limit=500")["items"]
    return {
        entry["tool_use_id"].removeprefix("toolu_"): entry
        for entry in entries
        if entry["type"] == "tool" and entry["role"] == "call"
    }


@pytest.fixture(scope="module")
def records(site) -> dict[str, dict]:
    """The last entry of each raw type."""
    return {entry["raw_type"]: entry for entry in site.get(f"sessions/{TOOLS}/entries?limit=500")["items"]}


def inspector(page: Page) -> Locator:
    return page.get_by_role("complementary", name="Inspector")


def opened(open_page, site: Served, entry: dict | None, tab: str = "content", **more) -> Page:
    search = f"?entry={entry['seq']}&tab={tab}" if entry else ""
    page = open_page(site, f"replay/{TOOLS}{search}", **more)
    expect(page.get_by_role("feed", name="Trace").locator("article").first).to_be_attached()
    return page


def half(page: Page, name: str) -> Locator:
    return inspector(page).locator("section.sr-half-section", has=page.get_by_role("heading", name=name, exact=True))


def value_of(page: Page, name: str) -> Locator:
    term = inspector(page).locator("dt").filter(has_text=re.compile(f"^{re.escape(name)}$")).first
    return term.locator("xpath=following-sibling::dd[1]")


def test_a_failed_command_shows_its_colours_and_its_exit_code_once(site, open_page, calls):
    page = opened(open_page, site, calls["bash"])
    expect(half(page, "Input")).to_contain_text("Run the tests")
    expect(half(page, "Input")).to_contain_text("Timeout 2m")
    expect(half(page, "Input").locator("code")).to_have_text("pytest -q | tee log.txt")
    output = half(page, "Output")
    expect(output.get_by_text("Exit code 1")).to_have_count(1)
    red = output.get_by_text("FAILED", exact=True)
    assert red.evaluate("one => getComputedStyle(one).color") == "rgb(255, 128, 120)"
    expect(output).not_to_contain_text("\x1b")


def test_a_command_in_the_background_says_so_and_who_allowed_it(site, open_page, calls):
    page = opened(open_page, site, calls["bg"])
    expect(half(page, "Input")).to_contain_text("In the background")
    expect(half(page, "Input")).to_contain_text("Outside the sandbox")
    expect(half(page, "Output")).to_contain_text("Allowed by the user.")
    expect(half(page, "Output")).to_contain_text("Runs in the background as b12")

    page = opened(open_page, site, calls["task"])
    expect(half(page, "Output")).to_contain_text("completed")
    expect(half(page, "Output")).to_contain_text("Exit code 0")
    expect(half(page, "Output").locator(".sr-terminal")).to_have_text("listening on 3000")


def test_a_file_that_was_read_has_its_line_numbers(site, open_page, calls):
    page = opened(open_page, site, calls["read"])
    expect(half(page, "Input")).to_contain_text("/home/dev/tools/shop.py")
    expect(half(page, "Output")).to_contain_text(re.compile("Lines 41.43 of 120"))
    numbers = half(page, "Output").locator("[data-line]")
    assert numbers.evaluate_all("all => all.map(one => one.dataset.line)")[:2] == ["41", "42"]
    expect(half(page, "Output").locator(".hljs-keyword").first).to_have_text("def")


def test_a_change_is_drawn_in_the_content_and_in_the_diff_tab(site, open_page, calls):
    page = opened(open_page, site, calls["edit"])
    change = half(page, "Input").get_by_role("region", name="Changes of /home/dev/tools/shop.py")
    expect(change.locator(".diff-code-insert")).to_contain_text("- rebate")
    expect(half(page, "Output")).to_contain_text("Changed by the user before it was applied")

    page.keyboard.press("2")
    panel = inspector(page).get_by_role("tabpanel")
    expect(panel).to_contain_text("changed by the user before it was applied")
    expect(panel.locator("table.diff")).to_have_class(re.compile("diff-unified"))
    # One calm mark, of what is new, and none in the line that only lost its end.
    expect(panel.locator(".diff-code-insert .diff-code-edit")).to_have_text("- rebate")
    expect(panel.locator(".diff-code-delete .diff-code-edit")).to_have_count(0)
    panel.get_by_role("button", name="Split").click()
    expect(panel.locator("table.diff")).to_have_class(re.compile("diff-split"))


def test_a_change_of_white_space_alone_is_called_that(site, open_page, calls):
    page = opened(open_page, site, calls["space"], "diff")
    expect(inspector(page).get_by_role("tabpanel")).to_contain_text("only white space changes")


def test_a_new_file_shows_its_text_and_a_diff_without_old_lines(site, open_page, calls):
    page = opened(open_page, site, calls["write"])
    expect(half(page, "Input").locator("pre")).to_contain_text("print(rebate)")
    expect(half(page, "Output")).to_contain_text("New file")
    page.keyboard.press("2")
    panel = inspector(page).get_by_role("tabpanel")
    expect(panel).to_contain_text("new file")
    expect(panel.locator(".sr-diff-minus")).to_have_text(re.compile("^.0$"))


def test_a_search_groups_its_lines_and_marks_literal_words(site, open_page, calls):
    page = opened(open_page, site, calls["grep"])
    expect(half(page, "Input")).to_contain_text(r"rebate|total\(")
    output = half(page, "Output")
    expect(output.get_by_role("heading", level=3)).to_have_text([re.compile("shop.py"), re.compile("rebate.py")])
    expect(output.locator("mark")).to_have_text(["rebate", "rebate"])

    page = opened(open_page, site, calls["glob"])
    expect(half(page, "Output").locator("li", has_text="shop.py")).to_have_text("shop.py")
    expect(half(page, "Output")).to_contain_text("2 files")


def test_what_came_from_the_network_is_markdown_with_safe_links(site, open_page, calls):
    page = opened(open_page, site, calls["fetch"])
    link = half(page, "Input").get_by_role("link", name="https://example.com/rates?q=1")
    expect(link).to_have_attribute("rel", "noopener noreferrer nofollow")
    expect(half(page, "Output")).to_contain_text("200 OK")
    expect(half(page, "Output")).to_contain_text("2.0 kB")
    expect(half(page, "Output").get_by_role("heading", name="Rates")).to_be_visible()

    page = opened(open_page, site, calls["search"])
    expect(half(page, "Output").get_by_role("link")).to_have_text(["Rules of rebates"])
    expect(half(page, "Output")).to_contain_text("javascript:alert(1)")
    expect(half(page, "Output").locator("strong")).to_have_text("taxed")


def test_a_subagent_opens_from_the_inspector_and_leads_back(site, open_page, calls):
    page = opened(open_page, site, calls["agent"])
    expect(half(page, "Input")).to_contain_text("Explore")
    output = half(page, "Output")
    for fact in ["completed", "2s", "4.26K tokens", "3 tool calls", "claude-haiku-5-5"]:
        expect(output).to_contain_text(fact)
    expect(output.locator("strong")).to_have_text("one")
    half(page, "Input").get_by_role("link", name="Open subagent").click()
    expect(page.get_by_role("heading", level=1, name="Look for rebates")).to_be_visible()
    page.keyboard.press("u")
    expect(page.locator(f"article[data-seq='{calls['agent']['seq']}']")).to_have_attribute("aria-current", "true")


def test_todos_questions_and_plans_say_what_was_decided(site, open_page, calls):
    page = opened(open_page, site, calls["todo"])
    expect(half(page, "Input")).to_contain_text("1 of 3 done")
    expect(half(page, "Input").locator("li", has_text="Read the code")).to_contain_text("was in progress")
    expect(half(page, "Input").locator("li", has_text="Test it")).to_contain_text("new")

    page = opened(open_page, site, calls["ask"])
    expect(half(page, "Input").locator("li", has_text="chosen")).to_contain_text("Five")
    expect(half(page, "Output").locator("dd")).to_have_text("Five")

    page = opened(open_page, site, calls["plan"])
    expect(half(page, "Input").get_by_role("heading", name="Plan")).to_be_visible()
    expect(half(page, "Output")).to_contain_text("The plan was approved.")

    page = opened(open_page, site, calls["noplan"])
    expect(half(page, "Output")).to_contain_text("Rejected by the user.")
    expect(half(page, "Output")).not_to_contain_text("approved.")


def test_mcp_and_unknown_tools_get_their_arguments_as_a_table_and_a_tree(site, open_page, calls):
    page = opened(open_page, site, calls["mcp"])
    expect(half(page, "Input")).to_contain_text("MCP server")
    expect(value_of(page, "issue")).to_have_text("88")
    expect(value_of(page, "fields")).to_have_text("title, state")
    expect(half(page, "Input").locator(".sr-json")).to_contain_text("deep")
    expect(half(page, "Output").locator(".sr-json")).to_contain_text("Rebates")

    page = opened(open_page, site, calls["future"])
    expect(value_of(page, "goal")).to_have_text("unheard of")
    expect(half(page, "Input").locator("pre")).to_have_text("line one\nline two")
    expect(half(page, "Output")).to_contain_text("It worked.")
    expect(half(page, "Output")).to_contain_text("noted by the client")
    expect(half(page, "Output").locator(".sr-json")).to_contain_text("score")


def test_an_image_is_drawn_and_what_only_calls_itself_one_is_not(site, open_page, calls):
    requests: list[str] = []
    page = opened(open_page, site, calls["shot"])
    page.on("request", lambda request: requests.append(request.url))
    output = half(page, "Output")
    expect(output.locator("img")).to_have_count(1)
    expect(output).to_contain_text(re.compile("PNG · 8 . 8 px · 75 B"))
    expect(output).to_contain_text("no PNG, JPEG, GIF or WebP")
    expect(output).to_contain_text("https://example.com/tracker.png")
    full = output.get_by_role("button", name="Show the image in full size")
    full.click()
    expect(output.get_by_role("button", name="Fit the image to the panel")).to_have_attribute("aria-pressed", "true")
    assert [url for url in requests if "example.com" in url] == []


def test_a_long_output_is_joined_from_its_file_and_unfolds(site, open_page, calls):
    page = opened(open_page, site, calls["spill"])
    output = half(page, "Output")
    expect(output).to_contain_text("Whole output 43.9 kB")
    expect(output).to_contain_text("toolu_spill.txt")
    expect(output).not_to_contain_text("8999")
    output.get_by_role("button", name="Show all: 9,000 lines").click()
    expect(output).to_contain_text("8999")


def test_hooks_and_records_are_no_json(site, open_page, records):
    for raw_type, words in {
        "attachment/hook_blocking_error": ["PreToolUse:Bash", "Blocked", "No pushes on Fridays.", "guard.sh --strict"],
        "attachment/hook_success": ["SessionStart:startup", "Succeeded", "Exit code 0", "99 ms", "rules apply"],
        "attachment/diagnostics": ["shop.py", "Error · line 42 · rebate is not defined · pyright undefined"],
        "system/compact_boundary": ["Asked for by the user", "4,306 tokens before", "3,010 after"],
        "system/local_command": ["/rename", "rebates"],
        "file-history-snapshot": ["shop.py", "2 Sep 2026"],
    }.items():
        page = opened(open_page, site, records[raw_type])
        for word in words:
            expect(inspector(page).get_by_role("tabpanel")).to_contain_text(word)
        expect(inspector(page).locator(".sr-json")).to_have_count(0)
        inspector(page).get_by_role("button", name="Raw JSON").click()
        expect(inspector(page).locator(".sr-raw pre")).to_contain_text('"uuid"')
        page.close()


def test_a_long_prompt_shows_its_beginning_and_all_of_it_on_demand(site, open_page, records):
    page = opened(open_page, site, records["user"])
    panel = inspector(page).get_by_role("tabpanel")
    expect(panel).to_contain_text("row 500 of")
    expect(panel).not_to_contain_text("row 2999 of")
    panel.get_by_role("button", name="Show all: 3,001 lines").click()
    expect(panel).to_contain_text("row 2999 of")


def test_meta_says_where_the_line_lies_and_leads_to_its_parent(site, open_page, calls):
    page = opened(open_page, site, calls["read"], "meta")
    raw = next(site.transcripts.rglob(f"{TOOLS}.jsonl")).read_bytes()
    offset = raw.index(b"\n".join(raw.split(b"\n")[5:6]))
    for name, value in {
        "Since start": "+5s",
        "Since the entry before": "+1s",
        "Input": "11",
        "Output": "22",
        "Cache write": "33",
        "Cache read": "44",
        "Line of the file": "6",
        "Byte offset": f"{offset:,}",
        "Request": "req_read",
        "Tool use": "toolu_read",
        "Client version": "2.1.330",
        "Directory": "/home/dev/tools",
    }.items():
        expect(value_of(page, name)).to_have_text(value)
    expect(inspector(page)).to_contain_text("once per message")
    expect(inspector(page)).to_contain_text("Local (Europe/Berlin)")
    value_of(page, "Parent UUID").get_by_role("button", name=re.compile("e2e0")).click()
    expect(page.locator("article[aria-current=true]")).to_contain_text("npm start")


def test_c_copies_all_of_the_content_and_y_the_link(site, open_page, calls):
    page = opened(open_page, site, calls["spill"])
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    expect(half(page, "Output")).to_contain_text("toolu_spill.txt")
    page.keyboard.press("c")
    expect(page.locator("[aria-live]").filter(has_text="Content copied")).to_have_count(1)
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("seq 9000")
    assert copied.rstrip().endswith("\n9000")
    page.keyboard.press("y")
    expect(page.locator("[aria-live]").filter(has_text="Link copied")).to_have_count(1)
    assert page.evaluate("navigator.clipboard.readText()").endswith(f"?entry={calls['spill']['seq']}")


@pytest.mark.parametrize("width", [1000, 1280, 1920])
def test_the_full_width_inspector_leaves_the_trace_where_it_was(site, open_page, width):
    """A session of a thousand rows, in the middle of which somebody reads."""
    page = open_page(site, f"replay/{LONG_SESSION}?entry={1024 * 500}")
    page.set_viewport_size({"width": width, "height": 800})
    row = page.locator("article[aria-current=true]")
    expect(page.locator("footer")).to_contain_text("Complete")
    expect(row).to_be_in_viewport()
    # A change of the window's size has its place in the end, too.
    steady = [0.0]

    def rests() -> bool:
        steady.append(row.bounding_box()["y"])
        return len(steady) > 5 and len(set(steady[-5:])) == 1

    until(rests, "the trace to rest")
    before = steady[-1]
    for back in ("f", "Escape"):
        page.keyboard.press("f")
        expect(page.get_by_role("feed", name="Trace")).to_be_hidden()
        expect(inspector(page)).to_be_visible()
        page.keyboard.press(back)
        expect(page.get_by_role("feed", name="Trace")).to_be_visible()
        expect(row).to_be_in_viewport()
        assert abs(row.bounding_box()["y"] - before) <= 1


def test_keys_for_the_panels_and_the_time_zone(site, open_page, calls):
    page = opened(open_page, site, calls["bash"])
    side = page.get_by_role("navigation", name="Sessions")
    expect(side).to_be_visible()
    page.keyboard.press("b")
    expect(side).to_be_hidden()
    page.keyboard.press("b")
    expect(side).to_be_visible()
    expect(page.locator("footer")).to_contain_text("Europe/Berlin")
    page.keyboard.press("t")
    expect(page.locator("footer")).to_contain_text("UTC")
    page.keyboard.press("f")
    expect(page.get_by_role("feed", name="Trace")).to_be_hidden()
    page.keyboard.press("Escape")
    expect(page.get_by_role("feed", name="Trace")).to_be_visible()


def test_single_keys_can_be_switched_off_and_stay_off(site, open_page, calls):
    page = opened(open_page, site, calls["bash"])
    page.keyboard.press("?")
    switch = page.get_by_role("switch", name=re.compile("Single-key shortcuts"))
    expect(switch).to_be_checked()
    switch.uncheck()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Keys")).to_be_hidden()
    for _ in range(2):
        page.keyboard.press("3")
        page.keyboard.press("j")
        expect(page.get_by_role("tab", name="Content")).to_have_attribute("aria-selected", "true")
        expect(page).to_have_url(re.compile(f"entry={calls['bash']['seq']}&tab=content$"))
        page.reload()
        expect(half(page, "Output")).to_be_visible()
    page.keyboard.press("?")
    page.get_by_role("switch", name=re.compile("Single-key shortcuts")).check()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Keys")).to_be_hidden()
    page.keyboard.press("3")
    expect(page.get_by_role("tab", name="Meta")).to_have_attribute("aria-selected", "true")


def test_the_drawer_takes_the_focus_and_gives_it_back(site, open_page, calls):
    page = opened(open_page, site, None)
    page.set_viewport_size({"width": 1000, "height": 800})
    expect(inspector(page)).to_be_hidden()
    row = page.locator(f"article[data-seq='{calls['bash']['seq']}']")
    row.click(position={"x": 200, "y": 8})
    expect(half(page, "Output")).to_be_visible()
    until(lambda: page.evaluate("document.activeElement.closest('.sr-panel-inspector') !== null"), "the focus to come")
    page.keyboard.press("Escape")
    expect(inspector(page)).to_be_hidden()
    expect(page.get_by_role("feed", name="Trace")).to_be_focused()
    expect(row).to_have_attribute("aria-current", "true")


@pytest.mark.parametrize("width", [680, 390, 360])
def test_a_small_window_has_one_panel_at_a_time(site, open_page, calls, width):
    page = opened(open_page, site, None)
    page.set_viewport_size({"width": width, "height": 780})
    tabs = page.get_by_role("navigation", name="Panels")
    row = page.locator(f"article[data-seq='{calls['bash']['seq']}']")
    row.click(position={"x": 100, "y": 8})
    expect(tabs.get_by_role("button", name="Entry")).to_have_attribute("aria-current", "true")
    expect(half(page, "Output")).to_be_in_viewport()
    assert inspector(page).bounding_box()["width"] == width
    tabs.get_by_role("button", name="Sessions").click()
    expect(page.get_by_role("navigation", name="Sessions", exact=True)).to_be_in_viewport()
    tabs.get_by_role("button", name="Trace").click()
    expect(row).to_be_in_viewport()
    expect(inspector(page)).to_be_hidden()
    expect(page.get_by_label("Find in the trace")).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_inspector_by_keyboard_alone(site, open_page):
    page = opened(open_page, site, None)
    page.keyboard.press("j")
    page.keyboard.press("e")
    expect(half(page, "Output")).to_contain_text("Exit code 1")
    page.get_by_role("tab", name="Content").focus()
    page.keyboard.press("Tab")
    expect(page.get_by_role("tab", name="Diff")).to_be_focused()
    page.keyboard.press("Enter")
    expect(inspector(page).get_by_role("tabpanel")).to_contain_text("changed by a command, no diff recorded")
    page.keyboard.press("1")
    raw = half(page, "Input").get_by_role("button", name="Raw JSON")
    raw.focus()
    page.keyboard.press("Enter")
    expect(half(page, "Input").locator(".sr-raw pre")).to_contain_text("toolu_bash")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", ["edit", "grep", "ask", "todo", "shot", "search"])
def test_axe_finds_nothing_in_the_views(site, open_page, calls, theme, name):
    page = opened(open_page, site, calls[name], theme=theme)
    expect(half(page, "Output").get_by_role("button", name="Raw JSON")).to_be_visible()
    expect(page.get_by_role("navigation", name="Sessions").get_by_role("link").first).to_be_visible()
    found = Axe().run(page, context=".sr-inspector").response["violations"]
    assert [f"{one['id']}: {node['target']} {node['failureSummary']}" for one in found for node in one["nodes"]] == []
