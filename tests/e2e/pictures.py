"""Takes the README's pictures anew: ``make pictures``.

The list shows a fleet that is made up here, the same one each time but for its
dates, which end today; the session is one of the samples.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote
from uuid import UUID

from playwright.sync_api import Page, sync_playwright

from e2e.conftest import BROWSER_FLAGS
from e2e.serving import SAMPLES, Served, copy_transcripts, serve_fleet

IMAGES = Path(__file__).parents[2] / "docs" / "images"
VIEWPORT = {"width": 1440, "height": 900}
SESSIONS = 420
HOSTS = ["mbp-alice", "mbp-chen", "ws-bob-01", "lap-faisal", "desktop-019", "ci-runner-7", "build-011.example.com"]
PROJECTS = ["/home/dev/code/payments-api", "/home/dev/code/mobile-app", "/home/dev/work/infra", "/srv/build/web"]
QUESTIONS = [
    "Fix the flaky sign-in test",
    "Upgrade the Postgres driver",
    "Add CSV export to the report page",
    "Rotate the staging keys",
    "Explain why the nightly build is slow",
    "Refactor the retry handler",
    "Bump dependencies and run all tests",
    "Write the migration for invoices",
]
MODELS = ["claude-opus-4-5-20251101", "claude-sonnet-4-5-20250929", "claude-haiku-4-5-20251001"]
TOOLS = ["Bash", "Edit", "Read", "WebFetch", "Grep"]
ASKED = {
    "and": [
        {"property": "started_at", "operator": ">=", "value": "-30d"},
        {"or": [{"property": "tool", "operator": "=", "value": name} for name in ("Bash", "WebFetch")]},
    ]
}
SAMPLE = "Round discounted totals to whole cents"
"""A session of the samples with an edit to show."""


def main() -> None:
    """Take both pictures."""
    os.environ["LOGNAME"] = "robin"  # whose sessions they are, whoever takes the pictures
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=BROWSER_FLAGS)

        def page_of(served: Served, path: str) -> Page:
            context = browser.new_context(viewport=VIEWPORT, locale="en-GB", timezone_id="Europe/Berlin")
            context.add_cookies(
                [{"name": name, "value": value, "url": served.base} for name, value in served.cookies.items()]
            )
            page = context.new_page()
            page.goto(served.base + path)
            return page

        fleet = served_fleet(Path(home) / "fleet")
        page = page_of(fleet, f"?filter={quote(json.dumps(ASKED))}")
        page.get_by_text("vs 30 days before").nth(3).wait_for()
        page.locator("[data-day][aria-selected=true]").first.wait_for()
        page.screenshot(path=IMAGES / "sessions.png")
        fleet.stop()

        samples = served(Path(home) / "samples", SAMPLES)
        session = next(one["id"] for one in samples.get("sessions")["items"] if one["title"] == SAMPLE)
        entries = samples.get(f"sessions/{session}/entries?limit=500")["items"]
        edit = [one["seq"] for one in entries if one["tool"] == "Edit" and one["role"] == "call"][-1]
        page = page_of(samples, f"replay/{session}?entry={edit}&tab=diff")
        page.get_by_text("@@").first.wait_for()
        page.locator("footer", has_text="Complete").wait_for()
        page.screenshot(path=IMAGES / "session.png")
        samples.stop()
        browser.close()


def served(home: Path, *transcripts: Path) -> Served:
    """A server on copies of folders of projects, all of it read."""
    home.mkdir()
    started = Served(copy_transcripts(transcripts, home / "projects"), home).start()
    started.sign_in()
    return started.wait_for_import()


def served_fleet(home: Path) -> Served:
    """A server on the made-up fleet."""
    hosts = home / "hosts"
    dice = random.Random(7)
    for number in range(SESSIONS):
        write_session(hosts, dice, number)
    return serve_fleet(hosts, home)


def write_session(hosts: Path, dice: random.Random, number: int) -> None:
    """One session of some host: a question, and answers with tools; the later the day, the more of them."""
    ago = timedelta(days=340 * dice.random() ** 1.6, hours=dice.uniform(1, 9))
    at, project = datetime.now(UTC) - ago, dice.choice(PROJECTS)
    session = str(UUID(int=dice.getrandbits(128), version=4))
    shared = {"sessionId": session, "cwd": project, "gitBranch": "main", "version": "2.1.330"}
    model, lines = dice.choice(MODELS), []

    def write(kind: str, message: dict[str, object]) -> None:
        uuid = str(UUID(int=dice.getrandbits(128), version=4))
        time = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        lines.append({"type": kind, "message": message, "uuid": uuid, "timestamp": time, **shared})

    write("user", {"role": "user", "content": dice.choice(QUESTIONS)})
    for turn in range(dice.randint(2, 14)):
        at += timedelta(seconds=dice.uniform(20, 400))
        usage = {
            "input_tokens": dice.randint(20, 900),
            "output_tokens": dice.randint(100, 3_000),
            "cache_creation_input_tokens": dice.randint(0, 9_000),
            "cache_read_input_tokens": dice.randint(20_000, 300_000),
        }
        call = {"type": "tool_use", "id": f"toolu_{number}_{turn}", "name": dice.choice(TOOLS), "input": {}}
        write(
            "assistant",
            {"role": "assistant", "id": f"msg_{number}_{turn}", "model": model, "usage": usage, "content": [call]},
        )
    folder = hosts / dice.choice(HOSTS) / "projects" / project.replace("/", "-")
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{session}.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    os.utime(file, (at.timestamp(), at.timestamp()))


if __name__ == "__main__":
    main()
