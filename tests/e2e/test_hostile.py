"""A transcript that attacks its reader: markup, script links, SVG, terminal and bidi tricks in every place."""

import json
import re
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from e2e import hostile
from e2e.serving import copy_transcripts, until

HOSTILE = "e2e00000-0000-4000-8000-00000000bad1"

WATCH = """
window.__violations = [];
document.addEventListener("securitypolicyviolation", (event) =>
  window.__violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
"""

FROZEN_SECONDS_MIN = 3.0
"""Of work of the page's main thread, whatever else the machine has to do: an entry takes some tenths of a second.
What a bomb of text or of nesting does to a reader without bounds takes minutes."""
MEMORY_BYTES_MAX = 300_000_000


@pytest.fixture(scope="module")
def heavy(serve, tmp_path_factory):
    """A server with the sessions that are heavy to show."""
    folder = tmp_path_factory.mktemp("heavy") / "projects"
    hostile.write(folder / "-home-dev-heavy")
    return serve(copy_transcripts([], folder))


@pytest.fixture
def watched(site, open_page):
    return watch(site, open_page)


def watch(site, open_page):
    """A page that records what ran, what the policy had to stop, and where it asked."""
    page = open_page(site, "healthz")
    page.context.add_init_script(WATCH)
    asked: list[str] = []
    page.context.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: asked.append(f"dialog: {dialog.message}") or dialog.dismiss())

    def check() -> None:
        assert page.evaluate("window.__ran") is None, "a script of the transcript ran"
        assert page.evaluate("({}).polluted") is None, "a key of the transcript became a property of everything"
        assert page.evaluate("window.__violations") == []
        foreign = [url for url in asked if not url.startswith((site.base, "data:image/png", "blob:"))]
        assert foreign == []
        # No element of the transcript's making, and no link that a click would turn into a script.
        assert (
            page.locator("iframe, form, object, embed, script:not([src]), [onerror], [onload], [ontoggle]").count() == 0
        )
        for link in page.locator("a[href]").all():
            address = link.evaluate("link => link.protocol")
            assert address in {"http:", "https:", "mailto:"}, link.get_attribute("href")
            if not link.evaluate("link => link.href").startswith(site.base):
                assert {"noopener", "noreferrer"} <= set((link.get_attribute("rel") or "").split())

    page.check = check
    return page


def rows_one_by_one(page: Page):
    """Selects each row of the trace in turn."""
    total = int(page.locator("article").first.get_attribute("aria-setsize"))
    for position in range(1, total + 1):
        page.keyboard.press("j")
        expect(page.locator("article[aria-current=true]")).to_have_attribute("aria-posinset", str(position))
        yield position


def test_the_list_shows_it_as_text(site, watched):
    only = {"and": [{"property": "session_id", "operator": "=", "value": HOSTILE}]}
    watched.goto(f"{site.base}?filter={quote(json.dumps(only))}")
    link = watched.locator("a.session-link")
    expect(link).to_have_count(1)
    expect(link).to_contain_text("Hostile title <script>")
    watched.check()


@pytest.mark.parametrize("tab", ["content", "diff", "meta"])
def test_every_entry_is_shown_as_text(site, watched, tab):
    watched.goto(site.base + f"replay/{HOSTILE}?tab={tab}")
    expect(watched.locator("footer")).to_contain_text("Complete")
    shown = ""
    for _ in rows_one_by_one(watched):
        panel = watched.get_by_role("tabpanel")
        expect(panel).not_to_have_text(re.compile(r"^\s*$"))
        until(lambda panel=panel: panel.locator(".sr-skeleton").count() == 0, "the whole entry")
        folds = panel.locator("button[aria-expanded=false], details:not([open]) > summary")
        until(lambda folds=folds: folds.count() == 0 or folds.first.click(), "everything to be unfolded")
        shown += panel.inner_text()
        watched.check()
    if tab == "content":
        assert "<script>" in shown, "markup of the transcript is readable, not swallowed"
        assert "click me" in shown


def test_bidi_and_invisible_characters_are_badges(site, watched):
    watched.goto(site.base + f"replay/{HOSTILE}?view=audit")
    prompt = watched.locator("article").first
    expect(prompt).to_contain_text("Hostile prompt")
    text = watched.get_by_role("feed", name="Trace").inner_text()
    raw = {character for character in text if character in "\u202e\u202c\u2066\u2069\u200b\ufeff\u0000"}
    assert raw == set(), "each is replaced by a badge with its name"


@pytest.mark.parametrize("tab", ["content", "diff", "meta"])
def test_nothing_that_is_heavy_to_show_holds_the_page(heavy, open_page, tab):
    page = watch(heavy, open_page)
    page.goto(heavy.base + f"replay/{hostile.HEAVY}?tab={tab}")
    expect(page.locator("footer")).to_contain_text("Complete")
    row = page.locator("article[aria-current=true]")
    devtools = page.context.new_cdp_session(page)
    devtools.send("Performance.enable")

    def worked_seconds():
        metrics = devtools.send("Performance.getMetrics")["metrics"]
        return next(metric["value"] for metric in metrics if metric["name"] == "ThreadTime")

    seen = []
    before = worked_seconds()
    # Of the ten thousand calls of one message the first is as good as all.
    while not (seen and "Tool0" in seen[-1]):
        page.keyboard.press("j")
        expect(row).to_have_attribute("aria-posinset", str(len(seen) + 1))
        seen.append(row.inner_text())
        panel = page.get_by_role("tabpanel")
        expect(panel).not_to_have_text(re.compile(r"^\s*$"))
        until(lambda panel=panel: panel.locator(".sr-skeleton").count() == 0, "the whole entry")
        expect(panel.get_by_text("could not be drawn")).to_have_count(0)
        if tab == "content":
            for raw in panel.get_by_role("button", name="Raw JSON").all():
                raw.click()
        page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        now = worked_seconds()
        assert now - before < FROZEN_SECONDS_MIN, seen[-1][:200]
        before = now
        if len(seen) % 8 == 0:
            page.check()
    page.check()
    for name in hostile.MARKDOWN:
        assert any(f"Heavy {name}" in text for text in seen), name
    assert len(seen) > len(hostile.MARKDOWN) + len(hostile.TERMINAL)
    page.keyboard.press("G")
    expect(page.get_by_role("feed", name="Trace")).to_contain_text("Heavy end")


ENTITIES = "Tom &amp; Jerry &lt;b&gt; &copy; &NotEqualTilde; &#38; &nosuch; `&amp;`"


def test_entities_are_the_characters_that_they_name(serve, open_page, tmp_path):
    folder = tmp_path / "projects"
    hostile.write_entities(folder / "-home-dev-entities", ENTITIES)
    served = serve(copy_transcripts([], folder))
    page = watch(served, open_page)
    page.goto(f"{served.base}replay/{hostile.ENTITIES}")
    expect(page.locator("footer")).to_contain_text("Complete")
    shown = 0
    for _ in rows_one_by_one(page):
        panel = page.get_by_role("tabpanel")
        expect(panel).to_contain_text("Tom & Jerry <b> © ≂̸ & &nosuch; &amp;")
        expect(panel.get_by_text("could not be drawn")).to_have_count(0)
        shown += 1
    assert shown == 3
    row = page.locator("article[data-seq='1024']")
    row.get_by_role("button", name="Show more").click()
    expect(row).to_contain_text("Tom & Jerry <b> © ≂̸ & &nosuch; &amp;")
    page.check()


def test_a_line_of_a_hundred_megabytes_leaves_the_rest_readable(heavy, open_page):
    page = watch(heavy, open_page)
    page.goto(heavy.base + f"replay/{hostile.LONG_LINE}")
    feed = page.get_by_role("feed", name="Trace")
    expect(feed).to_contain_text("Before the long line")
    expect(feed).to_contain_text("After the long line")
    expect(feed).to_contain_text("oversized line")
    page.get_by_text("oversized line").click()
    panel = page.get_by_role("tabpanel")
    until(lambda: panel.locator(".sr-skeleton").count() == 0, "the whole entry")
    expect(panel).not_to_have_text(re.compile(r"^\s*$"))
    page.check()
    assert heavy.peak_bytes() < MEMORY_BYTES_MAX
