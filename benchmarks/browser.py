"""The page in a real browser, in front of the real command, on a session of 100,000 entries.

The law: times are taken in the page by its own clock, from the event of the person to the frame that shows the answer;
memory is what remains after a garbage collection.  Nothing of the page is built differently for it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import statistics
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, sync_playwright
from playwright.sync_api import Error as BrowserError

import long_session
import measure
from write_trace import CORPUS, RECORDED, WriteTrace

ENTRIES = 100_000
SETTLE_MS = 1_500
"""A new window draws itself for most of a second, with as much of the processors as a page takes."""
PEERS, PEER_ENTRIES = 10, 5_000
"""Sessions of equal size: opening one after the other must not add up."""
LONG, FIRST_PEER = 0, 1
REPEATS = 5
SCROLL_SECONDS, SCROLL_PIXELS_A_SECOND = 6, 9_000
JUMPS, JUMP_SECONDS = 16, 0.25
TOOL = "Edit"
FLAGS = [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
VIEWPORT = ViewportSize(width=1280, height=800)

WATCH = """
// A frame is on the screen once the task after its callbacks runs, before any task of the page that waits; what changes
// in such a callback is of that frame.
const afterFrame = (then) =>
  void scheduler.postTask(() => then(performance.now()), { priority: "user-blocking" });
const nextFrame = window.requestAnimationFrame.bind(window);
let drawing = false;
window.requestAnimationFrame = (callback) => nextFrame((now) => {
  if (!drawing) afterFrame(() => { drawing = false; });
  drawing = true;
  callback(now);
});
window.__shown = (then) => drawing ? afterFrame(then) : nextFrame(() => afterFrame(then));
// Resolves with the time at which `seen` first holds.
window.__when = (seen) => new Promise((resolve) => {
  const look = () => {
    if (!seen()) return false;
    watch.disconnect();
    window.__shown(resolve);
    return true;
  };
  const watch = new MutationObserver(look);
  const begin = () => { if (!look()) watch.observe(document, { subtree: true, childList: true, characterData: true,
    attributes: true, attributeFilter: ["aria-setsize", "aria-busy"] }); };
  begin();
});
window.__tasks = [];
new PerformanceObserver((list) => window.__tasks.push(...list.getEntries().map((one) => one.duration)))
  .observe({ type: "longtask", buffered: true });
window.__rows = () => Number(document.querySelector("article[aria-setsize]")?.getAttribute("aria-setsize") ?? 0);
window.__ended = () => /Complete|Following live/.test(document.querySelector("footer")?.textContent ?? "");
// From the next event of that kind to the frame in which `before` has changed.
window.__answered = (kind, value) => {
  const before = value();
  return new Promise((resolve) => document.addEventListener(kind, (event) => {
    window.__tasks.length = 0;
    void window.__when(() => value() !== before).then((at) =>
      setTimeout(() => resolve({ ms: at - event.timeStamp, task_ms: Math.max(0, ...window.__tasks) }), 100));
  }, { capture: true, once: true }));
};
window.__frames = (stopped) => new Promise((resolve) => {
  const frames = [];
  let last = null;
  window.__tasks.length = 0;
  const tick = () => {
    const now = performance.now();
    if (last !== null) frames.push(now - last);
    last = now;
    if (stopped()) setTimeout(() => resolve({ frames, tasks: [...window.__tasks] }), 100);
    else requestAnimationFrame(tick);
  };
  requestAnimationFrame(tick);
});
"""
OPEN_FROM_LIST = """
(async () => {
  const path = %s;
  const scroller = document.querySelector(".sr-rail [data-virtuoso-scroller]");
  // Only rows that are near the screen are drawn.
  for (let top = 0; ; top += 300) {
    const link = document.querySelector(`.sr-rail a[href*="${path}"]`);
    if (link) { link.click(); break; }
    if (top > scroller.scrollHeight) throw new Error(`no link to ${path}`);
    scroller.scrollTop = top;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  while (location.pathname !== path) await new Promise((resolve) => setTimeout(resolve, 50));
  await new Promise((resolve) => setTimeout(resolve, 300));
})()
"""
GROWING = r"""
(() => {
  window.__grown = [];
  let most = 0;
  // The foot says how many entries in how many rows: they are there once the last of these rows is.
  const look = () => {
    const told = /([\d,]+) entr\w+ in ([\d,]+) row/.exec(document.querySelector("footer").textContent);
    const [entries, rows] = told.slice(1).map((figure) => Number(figure.replaceAll(",", "")));
    const last = document.querySelector(`article[aria-posinset="${rows}"][aria-setsize="${rows}"]`);
    if (entries <= most || last === null) return;
    most = entries;
    window.__shown((at) => window.__grown.push([entries, performance.timeOrigin + at]));
  };
  look();
  new MutationObserver(look).observe(document, { subtree: true, childList: true, characterData: true,
    attributes: true, attributeFilter: ["aria-setsize", "aria-posinset"] });
})()
"""
SEQS_A_LINE = 1024
FIRST_ROWS = "window.__first = window.__when(() => document.querySelector('article[data-seq]') !== null);"
WHOLE = "window.__whole = window.__when(window.__ended);"


class Watched:
    """One page with what the measurements need; closed with its context."""

    def __init__(self, context: BrowserContext, base: str) -> None:
        self.base = base
        self.page: Page = context.new_page()
        self.cdp: Any = context.new_cdp_session(self.page)  # its answers have no types

    def open(self, path: str) -> None:
        """Go to an address below the root, as from the address bar of a window that is there."""
        self.page.wait_for_timeout(SETTLE_MS)
        self.page.goto(self.base + path, wait_until="commit")

    def seconds_of(self, promise: str) -> float:
        """When a promise of the page was kept, in seconds since it was opened."""
        return float(self.page.evaluate(promise)) / 1000

    def ended(self) -> None:
        """Wait until the whole trace is there."""
        self.page.evaluate("window.__when(window.__ended)")

    def answer(self, kind: str, value: str, act: Any) -> dict[str, float]:  # noqa: ANN401 - any callable
        """Milliseconds from the person's event to the frame that shows its answer, and the longest task in between."""
        self.page.evaluate(f"window.__asked = window.__answered({kind!r}, () => {value}); undefined")
        act()
        return self.page.evaluate("window.__asked")

    def main_thread_seconds(self) -> float:
        """Processor time that the page's main thread has taken since ``count_main_thread``."""
        metrics = self.cdp.send("Performance.getMetrics")["metrics"]
        return next(one["value"] for one in metrics if one["name"] == "TaskDuration")

    def count_main_thread(self) -> None:
        """From here on processor time is counted, not the time that passes."""
        self.cdp.send("Performance.enable", {"timeDomain": "threadTicks"})

    def heap_bytes(self) -> float:
        """The JavaScript heap in use after a garbage collection."""
        self.cdp.send("HeapProfiler.enable")
        for _ in range(2):
            self.cdp.send("HeapProfiler.collectGarbage")
        self.cdp.send("HeapProfiler.disable")
        self.cdp.send("Performance.enable")
        metrics = self.cdp.send("Performance.getMetrics")["metrics"]
        return next(one["value"] for one in metrics if one["name"] == "JSHeapUsedSize")


class Unrecorded:
    """A tab that is only asked single questions.

    Playwright's own pages record the network for it: Chromium then keeps every answer in memory.
    """

    def __init__(self, cdp: Any, target: str) -> None:  # noqa: ANN401 - its answers have no types
        self._cdp = cdp
        self._answers: dict[int, Any] = {}
        self._number = 0
        cdp.on("Target.receivedMessageFromTarget", self._take)
        self._session = cdp.send("Target.attachToTarget", {"targetId": target, "flatten": False})["sessionId"]

    def _take(self, event: Any) -> None:  # noqa: ANN401 - likewise
        answer = json.loads(event["message"])
        if event["sessionId"] == self._session and "id" in answer:
            self._answers[answer["id"]] = answer

    def _send(self, method: str, **params: Any) -> Any:  # noqa: ANN401 - likewise
        self._number += 1
        message = json.dumps({"id": self._number, "method": method, "params": params})
        self._cdp.send("Target.sendMessageToTarget", {"sessionId": self._session, "message": message})
        deadline = time.monotonic() + measure.READY_SECONDS
        while self._number not in self._answers:
            if time.monotonic() > deadline:
                raise measure.RunFailed(f"no answer to {method}")
            self._cdp.send("Browser.getVersion")  # what came meanwhile is told while something else is asked
            time.sleep(0.01)
        answer = self._answers.pop(self._number)
        if "error" in answer or "exceptionDetails" in answer["result"]:
            raise measure.RunFailed(f"{method}: {answer}")
        return answer["result"]

    def evaluate(self, script: str) -> None:
        """Run a script in the page, and wait for its promise."""
        self._send("Runtime.evaluate", expression=script, awaitPromise=True)

    def heap_bytes(self) -> float:
        """The JavaScript heap in use after a garbage collection."""
        for _ in range(2):
            self._send("HeapProfiler.collectGarbage")
        return float(self._send("Runtime.getHeapUsage")["usedSize"])


class Chromium:
    """The browser, signed in; every context of it begins with an empty cache."""

    def __init__(self, browser: Browser, base: str, state: Any) -> None:  # noqa: ANN401 - Playwright's own
        self.browser = browser
        self.base = base
        self.state = state

    @contextmanager
    def context(self, *scripts: str) -> Generator[BrowserContext]:
        """A fresh profile; ``scripts`` run in each page before its own."""
        context = self.browser.new_context(viewport=VIEWPORT, locale="en-GB", storage_state=self.state)
        context.set_default_timeout(60_000)
        context.add_init_script("\n".join((WATCH, *scripts)))
        try:
            yield context
        finally:
            context.close()

    @contextmanager
    def unrecorded(self, path: str) -> Generator[Unrecorded]:
        """A fresh profile with one page, which has loaded, and which nobody but its person listens to."""
        cdp: Any = self.browser.new_browser_cdp_session()
        profile = cdp.send("Target.createBrowserContext")["browserContextId"]
        known = ("name", "value", "domain", "path", "httpOnly", "sameSite")
        cookies = [{name: one[name] for name in known} for one in self.state["cookies"]]
        cdp.send("Storage.setCookies", {"cookies": cookies, "browserContextId": profile})
        window = {"newWindow": True, "width": VIEWPORT["width"], "height": VIEWPORT["height"]}
        target = cdp.send("Target.createTarget", {"url": self.base + path, "browserContextId": profile} | window)
        try:
            time.sleep(SETTLE_MS / 1000)
            yield Unrecorded(cdp, target["targetId"])
        finally:
            cdp.send("Target.disposeBrowserContext", {"browserContextId": profile})
            cdp.detach()

    def renderer_bytes(self) -> float:
        """RSS of the largest renderer process."""
        cdp: Any = self.browser.new_browser_cdp_session()
        found = cdp.send("SystemInfo.getProcessInfo")["processInfo"]
        cdp.detach()
        sizes = [_rss_bytes(int(one["id"])) for one in found if one["type"] == "renderer"]
        return max(sizes, default=0)


def figures(command: str, env: Mapping[str, str], scratch: Path, port: int, say: Any) -> dict[str, float]:  # noqa: ANN401
    """The page's figures, under the names that the rows of ``run.py`` have.

    Args:
        command: The ``session-replay`` to serve with.
        env: Its environment.
        scratch: A fresh folder.
        port: A free port on 127.0.0.1.
        say: The console; told what is being measured.

    Raises:
        measure.RunFailed: There is no Chromium, or the server failed.
    """
    chromium = shutil.which("chromium")
    if chromium is None:
        raise measure.RunFailed("The page is measured in Chromium, which is not here: install it, or leave the "
                                "page out with --without-browser.")  # fmt: skip
    projects = scratch / "projects"
    peers = [(FIRST_PEER + number, PEER_ENTRIES) for number in range(PEERS)]
    long_session.write(projects, [(LONG, ENTRIES), *peers])
    serve = [command, "serve", "--data", str(scratch / "data"), "--port", str(port), "--transcripts", str(projects)]
    env = {name: value for name, value in env.items() if name != "SESSION_REPLAY_API_KEY"}
    env |= {"SESSION_REPLAY_KEY_FILE": str(scratch / "key")}
    log = scratch / "server.log"
    with measure.serving(serve, env, port, "/healthz", log, {}) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        try:
            state = _signed_in(browser, log)
            server.headers |= {"Cookie": "; ".join(f"{one['name']}={one['value']}" for one in state["cookies"])}
            _wait_for_import(server)
            at = Chromium(browser, f"http://127.0.0.1:{port}/", state)
            found: dict[str, float] = {}
            for part in (_opening, _reading, _ten_sessions, _living):
                name, started = (part.__doc__ or "").split(":")[0], time.perf_counter()
                try:
                    found |= part(at, server, projects)
                except (measure.RunFailed, BrowserError) as error:  # the other figures are worth having all the same
                    say.print(f"  {name}: not measured. {error}")
                else:
                    say.print(f"  {name}: {time.perf_counter() - started:.0f} s")
            return found
        finally:
            browser.close()


def _opening(at: Chromium, *_: object) -> dict[str, float]:
    """Opening: first rows and the whole trace, by the address with and without a cache, and by a click in the list."""
    path = f"replay/{long_session.session_id(LONG)}"
    cold, warm, whole, clicked, busy = (list[float]() for _ in range(5))
    for _repeat in range(REPEATS):
        with at.context(FIRST_ROWS, WHOLE) as context:
            first = Watched(context, at.base)
            first.count_main_thread()
            first.open(path)
            cold.append(first.seconds_of("window.__first"))
            busy.append(first.main_thread_seconds())
            whole.append(first.seconds_of("window.__whole"))
            first.page.close()
            again = Watched(context, at.base)
            again.open(path)
            warm.append(again.seconds_of("window.__first"))
            again.page.close()
        with at.context() as context:
            listed = Watched(context, at.base)
            only = {"and": [{"property": "session_id", "operator": "=", "value": long_session.session_id(LONG)}]}
            listed.open(f"?filter={quote(json.dumps(only))}")
            link = listed.page.locator("a.session-link")
            link.wait_for()
            listed.page.wait_for_load_state("networkidle")
            answer = listed.answer("click", "document.querySelector('article[data-seq]') !== null", link.click)
            clicked.append(answer["ms"] / 1000)
    return {
        "page_cold_first_rows_ms": 1000 * statistics.median(cold),
        "page_cold_first_rows_cpu_ms": 1000 * statistics.median(busy),
        "page_warm_first_rows_ms": 1000 * statistics.median(warm),
        "page_clicked_first_rows_ms": 1000 * statistics.median(clicked),
        "page_whole_trace_seconds": statistics.median(whole),
    }


def _reading(at: Chromium, *_: object) -> dict[str, float]:
    """Filtering and scrolling: each filter several times, then the wheel and jumps through the whole trace."""
    found: dict[str, float] = {}
    with at.context() as context:
        shown = Watched(context, at.base)
        shown.open(f"replay/{long_session.session_id(LONG)}")
        shown.ended()
        page = shown.page
        page.wait_for_timeout(1_000)
        found["page_heap_mb"] = shown.heap_bytes() / 1e6
        longest = 0.0

        def keep(name: str, answers: list[dict[str, float]]) -> None:
            nonlocal longest
            found[name] = statistics.median(one["ms"] for one in answers)
            longest = max(longest, statistics.median(one["task_ms"] for one in answers))

        page.get_by_role("button", name="Filters", exact=True).click()
        for kind, words in (("type", "Tool"), ("tool", TOOL)):
            named = page.locator(".sr-choices label", has=page.get_by_text(words, exact=True))
            choice = named.get_by_role("checkbox")
            answers = [shown.answer("change", "window.__rows()", choice.click) for _ in range(2 * REPEATS)]
            keep(f"page_filter_{kind}_ms", answers)
        page.keyboard.press("Escape")
        box = page.get_by_label("Find in the trace")
        count = "document.querySelector('.sr-search-count')?.textContent"
        found_words: list[dict[str, float]] = []
        for word in [long_session.NEEDLE, "basket"] * REPEATS:
            box.fill("")
            page.locator(".sr-search-count").wait_for(state="detached")
            found_words.append(shown.answer("input", count, lambda word=word: box.fill(word)))
        keep("page_filter_text_ms", found_words)
        found["page_filter_task_ms"] = longest
        box.fill("")
        page.locator(".sr-search-count").wait_for(state="detached")
        found |= _scrolled(shown)
    return found


def _scrolled(shown: Watched) -> dict[str, float]:
    page = shown.page
    frames: list[float] = []
    tasks: list[float] = []

    def take() -> None:
        page.evaluate("window.__stopped = true")
        drawn = page.evaluate("window.__drawn")
        frames.extend(drawn["frames"])
        tasks.extend(drawn["tasks"])

    begin = "window.__stopped = false; window.__drawn = window.__frames(() => window.__stopped); undefined"
    box = page.get_by_role("feed", name="Trace").bounding_box() or {"x": 300, "y": 300, "width": 300, "height": 300}
    page.evaluate(begin)
    shown.cdp.send(
        "Input.synthesizeScrollGesture",
        {
            "x": box["x"] + box["width"] / 2,
            "y": box["y"] + box["height"] / 2,
            "yDistance": -SCROLL_SECONDS * SCROLL_PIXELS_A_SECOND,
            "speed": SCROLL_PIXELS_A_SECOND,
            "gestureSourceType": "mouse",
        },
    )
    take()
    page.evaluate(begin)
    # To and fro through the whole trace, as by its scroll bar.
    for jump in range(JUMPS):
        page.evaluate(
            "(share) => { const feed = document.querySelector('[role=feed]');"
            " feed.scrollTop = share * (feed.scrollHeight - feed.clientHeight); }",
            jump * 0.618 % 1,
        )
        page.wait_for_timeout(1000 * JUMP_SECONDS)
    take()
    frames.sort()
    return {
        "page_scroll_frame_p99_ms": measure.percentile(frames, 0.99),
        "page_scroll_frame_max_ms": frames[-1],
        "page_scroll_frames_over_50_ms": sum(frame > 50 for frame in frames),  # noqa: PLR2004 - the target
        "page_scroll_task_max_ms": max(tasks, default=0.0),
    }


def _ten_sessions(at: Chromium, *_: object) -> dict[str, float]:
    """Ten sessions in turn, twice: memory after each round, opened from the list at the side."""
    heaps: list[float] = []
    residents: list[float] = []
    with at.unrecorded(f"replay/{long_session.session_id(FIRST_PEER)}") as shown:
        shown.evaluate(WATCH)
        for number in 2 * list(range(FIRST_PEER, FIRST_PEER + PEERS)):
            shown.evaluate(OPEN_FROM_LIST % json.dumps(f"/replay/{long_session.session_id(number)}"))
            shown.evaluate("window.__when(() => window.__rows() > 1000 && window.__ended())")
            time.sleep(1)  # what loads behind the trace has come, and is no garbage any more
            if number == FIRST_PEER + PEERS - 1:
                heaps.append(shown.heap_bytes())
                residents.append(at.renderer_bytes())
    return {
        "page_ten_sessions_heap_mb": heaps[0] / 1e6,
        "page_ten_sessions_heap_growth": heaps[1] / heaps[0],
        "page_ten_sessions_resident_mb": residents[0] / 1e6,
        "page_ten_sessions_resident_growth": residents[1] / residents[0],
    }


def _living(at: Chromium, server: measure.Server, projects: Path) -> dict[str, float]:
    """Living: from the end of a recorded write to the frame that shows its last entry, and the last row with it."""
    if not CORPUS.is_dir():
        raise measure.RunFailed(f"there are no recorded writes in {CORPUS}")
    taken: list[float] = []
    for recorded in RECORDED:
        taken += _grown(at, server, WriteTrace(recorded, projects))
    taken.sort()
    return {
        "page_append_p50_ms": measure.percentile(taken, 0.5),
        "page_append_p99_ms": measure.percentile(taken, 0.99),
        "page_appends": len(taken),
    }


def _grown(at: Chromium, server: measure.Server, trace: WriteTrace) -> list[float]:
    """Milliseconds of each append to an open session, of the pieces that ended a line."""
    appends = trace.appends()
    _, first = next(appends)
    trace.append(first)
    lines = first.count(b"\n")
    _wait(lambda: _entries(server, trace.session), "the session was not taken in within a minute")
    written: list[tuple[float, int]] = []
    with at.context() as context:
        shown = Watched(context, at.base)
        shown.open(f"replay/{trace.session}")
        shown.ended()
        shown.page.evaluate(GROWING)
        started = time.monotonic()
        for due, piece in appends:
            shown.page.wait_for_timeout(1000 * max(0, started + due - time.monotonic()))
            trace.append(piece)
            written_at = 1000 * time.time()
            if b"\n" in piece:
                lines += piece.count(b"\n")
                written.append((written_at, lines))
        shown.page.wait_for_timeout(2_000)
        grown: list[tuple[int, float]] = shown.page.evaluate("window.__grown")
    seqs = _entries(server, trace.session)
    taken: list[float] = []
    for written_at, until in written:
        entries = sum(seq // SEQS_A_LINE < until for seq in seqs)
        shown_at = next((moment for count, moment in grown if count >= entries), None)
        if shown_at is None:
            raise measure.RunFailed(f"{trace.session}: line {until} did not come to the screen")
        taken.append(shown_at - written_at)
    return taken


def _entries(server: measure.Server, session: str) -> list[int]:
    """The numbers of the entries of a session; none while it is unknown."""
    try:
        page = msgspec.json.decode(server.get(f"/api/sessions/{session}/entries?after=-1&limit=500"))
    except measure.RunFailed:
        return []
    return [entry["seq"] for entry in page["items"]]


def _signed_in(browser: Browser, log: Path) -> Any:  # noqa: ANN401 - Playwright's own
    deadline = time.monotonic() + measure.READY_SECONDS
    while not (found := re.search(r"^Open:\s+(http://\S+)", log.read_text(), re.MULTILINE)):
        if time.monotonic() > deadline:
            raise measure.RunFailed(f"the server printed no address:\n{log.read_text()[-2000:]}")
        time.sleep(0.05)
    context = browser.new_context()
    context.new_page().goto(found[1])
    state = context.storage_state()
    context.close()
    return state


def _wait_for_import(server: measure.Server) -> None:
    _wait(
        lambda: msgspec.json.decode(server.get("/api/status"))["local_import"]["state"] == "following",
        "the sessions were not imported within a minute",
    )


def _wait(question: Callable[[], object], complaint: str) -> None:
    deadline = time.monotonic() + measure.READY_SECONDS
    while not question():
        if time.monotonic() > deadline:
            raise measure.RunFailed(complaint)
        time.sleep(0.1)


def _rss_bytes(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0
