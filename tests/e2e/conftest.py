"""A real browser in front of the real command."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from e2e.serving import LONG_SESSION, SAMPLES, TRANSCRIPTS, Served, copy_transcripts
from session_replay.wire import ENTRIES_FIRST_EVENT_MAX

BROWSER_FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SMALL_SESSIONS = 130
"""With the others more than two pages of the list."""
LONG_NOTICES = 4_000
ROWS_FIRST = 5

expect.set_options(timeout=20_000)  # a busy machine is slow, and what never comes fails all the same

FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    report = yield
    if report.when == "call":
        item.stash[FAILED] = report.failed
    return report


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium; for each module its own, since Playwright's loop must not run beside other tests' loops."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.fail("the browser tests need chromium (apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=BROWSER_FLAGS)
        yield browser
        browser.close()


@contextmanager
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Path], Served]]:
    """Starts servers on folders, signed in and with all transcripts in; they are stopped at the end."""
    started: list[Served] = []

    def start(transcripts: Path) -> Served:
        served = Served(transcripts, tmp_path_factory.mktemp("server")).start()
        started.append(served)
        served.sign_in()
        return served.wait_for_import()

    try:
        yield start
    finally:
        for served in started:
            served.stop()


@pytest.fixture(scope="module")
def serve(tmp_path_factory) -> Iterator[Callable[[Path], Served]]:
    """Starts a server on a folder; those of a module end with it: they would slow down all that follow."""
    with servers(tmp_path_factory) as start:
        yield start


@pytest.fixture(scope="session")
def site(tmp_path_factory) -> Iterator[Served]:
    """The samples, the transcripts of this folder and many small sessions; no test changes them."""
    folder = copy_transcripts([SAMPLES, TRANSCRIPTS], tmp_path_factory.mktemp("transcripts") / "projects")
    _write_small_sessions(folder / "-home-dev-many")
    _write_long_session(folder / "-home-dev-many")
    copy_transcripts([], folder)
    with servers(tmp_path_factory) as start:
        yield start(folder)


@pytest.fixture
def open_page(browser: Browser, request, tmp_path) -> Iterator[Callable[..., Page]]:
    """Opens pages; fails the test where one of them had an error, and keeps a picture of each where a test failed."""
    contexts: list[BrowserContext] = []
    faults: list[str] = []

    def open_at(served: Served, path: str = "", *, signed_in: bool = True, theme: str = "light") -> Page:
        context = browser.new_context(
            viewport={"width": 1280, "height": 800},
            locale="en-GB",
            timezone_id="Europe/Berlin",
            color_scheme=theme,
        )
        contexts.append(context)
        if signed_in:
            context.add_cookies(
                [{"name": name, "value": value, "url": served.base} for name, value in served.cookies.items()]
            )
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(f"error: {error}"))
        page.on("console", lambda message: faults.extend(_faults(message)))
        page.goto(served.base + path)
        return page

    yield open_at
    for number, context in enumerate(contexts):
        if request.node.stash.get(FAILED, True):
            for page in context.pages:
                page.screenshot(path=tmp_path / f"page-{number}.png")
        context.close()
    assert faults == []


def _faults(message) -> list[str]:
    # A refused or cut request is the matter of the test that brings it about; the page must not fail over it.
    is_fault = message.type == "error" and not message.text.startswith("Failed to load resource")
    return [f"{message.type}: {message.text}"] if is_fault else []


def _write_small_sessions(folder: Path) -> None:
    folder.mkdir()
    for number in range(SMALL_SESSIONS):
        session = f"e2e00000-0000-4000-9000-{number:012d}"
        line = {
            "type": "user",
            "message": {"role": "user", "content": f"Small question {number}"},
            "uuid": f"e2e00000-0000-4000-a000-{number:012d}",
            "timestamp": f"2026-08-{number % 28 + 1:02d}T{number // 28:02d}:00:00.000Z",
            "sessionId": session,
            "cwd": "/home/dev/many",
        }
        (folder / f"{session}.jsonl").write_text(json.dumps(line) + "\n")


def _write_long_session(folder: Path) -> None:
    """Its first event is a handful of rows, far less than the screen holds; the rest is far more."""
    record = {"type": "mode", "mode": "normal", "sessionId": LONG_SESSION}
    notices = [
        {
            "type": "system",
            "subtype": "informational",
            "content": f"Notice {number}",
            "uuid": f"e2e00000-0000-4000-b000-{number:012d}",
            "timestamp": "2026-07-01T00:00:00.000Z",
            "sessionId": LONG_SESSION,
            "cwd": "/home/dev/many",
        }
        for number in range(LONG_NOTICES)
    ]
    lines = [record] * (ENTRIES_FIRST_EVENT_MAX - ROWS_FIRST) + notices
    (folder / f"{LONG_SESSION}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
