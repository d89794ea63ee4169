"""The clients of the fleet: added in the page, connected with the command that it prints, watched, revoked."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from e2e.serving import WAIT_SECONDS_MAX, Served, until


class Collector:
    """``session-replay collect`` as somebody runs it who pasted the command, on a machine of their own user.

    Args:
        home: Where its transcripts and its state go.
        user: Whom it collects for.
    """

    def __init__(self, home: Path, user: str) -> None:
        self.transcripts = home / "projects"
        self._state = home / "state"
        self._log = home / "log"
        self._user = user
        self._process: subprocess.Popen[bytes] | None = None
        (self.transcripts / "-home-dev-fleet").mkdir(parents=True)

    def session(self, number: int) -> str:
        """The id of one of its sessions."""
        return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{self._user} {number}"))

    def transcript(self, number: int) -> Path:
        return self.transcripts / "-home-dev-fleet" / f"{self.session(number)}.jsonl"

    def write(self, number: int, *prompts: str) -> None:
        """Write a transcript anew."""
        lines = [self._line(number, place, text) for place, text in enumerate(prompts)]
        self.transcript(number).write_text("".join(lines))

    def append(self, number: int, place: int, prompt: str) -> None:
        with self.transcript(number).open("a") as file:
            file.write(self._line(number, place, prompt))

    def _line(self, number: int, place: int, prompt: str) -> str:
        line = {
            "type": "user",
            "message": {"role": "user", "content": prompt},
            "uuid": str(uuid.uuid5(uuid.NAMESPACE_OID, f"{self._user} {number} {place}")),
            "timestamp": f"2026-10-0{number}T08:00:{place:02d}.000Z",
            "sessionId": self.session(number),
            "cwd": "/home/dev/fleet",
        }
        return json.dumps(line) + "\n"

    def start(self, command: str) -> Collector:
        """Run what the page printed."""
        name, *arguments = shlex.split(command)
        program = Path(sys.executable).with_name(name)
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [program, *arguments, "--transcripts", self.transcripts, "--state", self._state],
                stdout=log,
                stderr=log,
                env=os.environ | {"LOGNAME": self._user},
            )
        return self

    def status(self) -> tuple[int, str]:
        """Exit code and words of ``collect --status``."""
        program = Path(sys.executable).with_name("session-replay")
        ran = subprocess.run(
            [program, "collect", "--status", "--state", self._state], capture_output=True, text=True, check=False
        )
        return ran.returncode, ran.stdout + ran.stderr

    def pause(self, *, on: bool) -> None:
        program = Path(sys.executable).with_name("session-replay")
        subprocess.run([program, "collect", "--pause" if on else "--resume", "--state", self._state], check=True)

    def forget(self) -> None:
        """Lose the state folder."""
        shutil.rmtree(self._state)

    def stop(self) -> None:
        if self._process and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            assert self._process.wait(WAIT_SECONDS_MAX) == 0, self._log.read_text()


@pytest.fixture(scope="module")
def fleet(serve, tmp_path_factory) -> Served:
    """A server whose own machine has no transcripts."""
    return serve(tmp_path_factory.mktemp("no-transcripts"))


@pytest.fixture
def machine(tmp_path) -> Iterator[Callable[[str], Collector]]:
    """Makes machines of users; their collectors are stopped afterwards."""
    made: list[Collector] = []

    def make(user: str) -> Collector:
        made.append(Collector(tmp_path / user, user))
        return made[-1]

    yield make
    for collector in made:
        collector.stop()


@pytest.fixture
def connect(fleet, machine) -> Callable[[str, str], Collector]:
    """Connects a new client that has one session, and waits until the server has it."""

    def connected(label: str, user: str) -> Collector:
        answer = httpx.post(f"{fleet.base}api/clients", json={"label": label}, cookies=fleet.cookies)
        collector = machine(user)
        collector.write(1, f"First of {user}", "And another thing")
        collector.start(answer.raise_for_status().json()["command"])
        session = collector.session(1)

        def is_stored():  # its bytes, too: what is written over before is no rewrite
            return [
                one for one in fleet.get("sessions?limit=500")["items"] if (one["id"], one["lines"]) == (session, 2)
            ]

        until(is_stored, f"the session of {user}")
        return collector

    return connected


def clients_of(fleet: Served, user: str) -> list[dict]:
    return [one for one in fleet.get("clients")["items"] if one["user"] == user]


def row_of(page: Page, name: str):
    return page.get_by_role("row").filter(has=page.get_by_role("button", name=name, exact=True))


def opened(page: Page, name: str) -> Page:
    page.get_by_role("button", name=name, exact=True).click()
    expect(page.get_by_role("button", name=name, exact=True)).to_have_attribute("aria-expanded", "true")
    return page


def test_a_client_is_added_and_connects_with_the_printed_command(fleet, open_page, machine):
    laptop = machine("alice")
    laptop.write(1, "Why is the build red?")
    laptop.write(2, "Rename the table")
    page = open_page(fleet)
    page.get_by_role("link", name="Clients").click()
    expect(page.get_by_role("heading", level=1, name="Clients")).to_be_visible()

    page.get_by_role("button", name="Add client").click()
    page.get_by_label("Name", exact=True).fill("Alice's laptop")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Connect Alice's laptop")
    expect(dialog.get_by_text("Waiting for the client.")).to_be_visible()
    command = dialog.locator("code", has_text="session-replay collect").inner_text()
    assert command.startswith(f"session-replay collect --server {fleet.base.rstrip('/')} --token srt_")

    laptop.start(command)
    expect(dialog.get_by_text(re.compile("^Connected: alice on"))).to_be_visible()
    dialog.get_by_role("button", name="Done").click()

    row = row_of(page, "Alice's laptop")
    expect(row).to_contain_text("Online")
    expect(row).to_contain_text("All shipped")
    row.get_by_role("link", name="2 sessions of Alice's laptop").click()
    expect(page.get_by_role("heading", name="Sessions (2)")).to_be_visible()
    expect(page.get_by_role("link", name="Why is the build red?")).to_be_visible()
    until(lambda: laptop.status()[0] == 0, "its own word that all is well")  # it writes it now and then


def test_the_command_is_copied(fleet, open_page):
    page = open_page(fleet, "clients")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Add client").click()
    page.get_by_label("Name", exact=True).fill("Nobody yet")
    page.get_by_role("button", name="Make a token").click()
    dialog = page.get_by_role("dialog", name="Connect Nobody yet")
    dialog.locator("label", has_text="systemd").click()
    expect(dialog.get_by_text("systemctl --user enable --now")).to_be_visible()
    command = dialog.locator("code", has_text="session-replay collect").inner_text()
    dialog.get_by_role("button", name=f"Copy the command {command}").click()
    expect(dialog.get_by_role("button", name=f"Copy the command {command}")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == command


def test_a_client_is_renamed(fleet, open_page, connect):
    connect("Rene", "rene")
    page = opened(open_page(fleet, "clients"), "Rene")
    page.get_by_role("button", name="Rename").click()
    page.get_by_role("textbox", name="New name").fill("Build farm 3")
    page.keyboard.press("Enter")
    expect(row_of(page, "Build farm 3")).to_contain_text(re.compile("rene on "))
    page.reload()
    expect(page.get_by_role("button", name="Build farm 3")).to_be_visible()


def test_a_rewritten_transcript_alarms_is_acknowledged_and_that_is_undone(fleet, open_page, connect):
    laptop = connect("Wanda", "wanda")
    page = opened(open_page(fleet, "clients"), "Wanda")
    alarms = page.get_by_role("region", name="Alarms")
    expect(alarms).to_contain_text("None.")

    laptop.write(1, "Something else entirely, from the first byte on", "And another thing", "And more")
    expect(alarms).to_contain_text("Transcript rewritten", timeout=60_000)
    expect(row_of(page, "Wanda")).to_contain_text("Transcript rewritten")
    expect(page.get_by_role("link", name=re.compile(r"^Clients\s+1\s+alarming$"))).to_be_visible()
    session = alarms.get_by_role("link", name="Something else entirely, from the first byte on")
    expect(session).to_have_attribute("href", f"/replay/{laptop.session(1)}")

    alarms.get_by_role("button", name="Acknowledge").click()
    expect(alarms.get_by_role("button", name="Undo")).to_be_enabled()
    expect(row_of(page, "Wanda")).to_contain_text("None")
    assert clients_of(fleet, "wanda")[0]["alarms"] == []
    alarms.get_by_role("button", name="Undo").click()
    expect(alarms.get_by_role("button", name="Acknowledge")).to_be_enabled()
    assert [one["kind"] for one in clients_of(fleet, "wanda")[0]["alarms"]] == ["rewritten"]


def test_a_token_that_is_redeemed_again_alarms(fleet, open_page, machine):
    answer = httpx.post(f"{fleet.base}api/clients", json={"label": "Erin"}, cookies=fleet.cookies)
    command = answer.raise_for_status().json()["command"]
    laptop = machine("erin")
    laptop.write(1, "Before the state folder was lost")
    laptop.start(command)
    until(lambda: [one for one in clients_of(fleet, "erin") if one["sessions"] == 1], "the session")
    page = opened(open_page(fleet, "clients"), "Erin")
    alarms = page.get_by_role("region", name="Alarms")
    expect(alarms).to_contain_text("None.")

    laptop.stop()
    laptop.forget()
    laptop.start(command)
    expect(alarms).to_contain_text("Enrolled again", timeout=60_000)
    expect(row_of(page, "Erin")).to_contain_text("Enrolled again")
    alarms.get_by_role("button", name="Acknowledge").click()
    expect(alarms.get_by_role("button", name="Undo")).to_be_enabled()
    expect(row_of(page, "Erin")).to_contain_text("None")
    # Nobody is sent away for it.
    laptop.append(1, 1, "And after it")
    until(lambda: "And after it" in session_texts(fleet, "erin"), "what was written afterwards")


def test_a_revoked_client_is_refused_until_it_is_let_in_again(fleet, open_page, connect):
    laptop = connect("Roger", "roger")
    page = opened(open_page(fleet, "clients"), "Roger")
    page.get_by_role("button", name="Revoke…").click()
    dialog = page.get_by_role("dialog", name="Revoke Roger?")
    expect(dialog).to_contain_text("What it sent stays here")
    dialog.get_by_role("button", name="Revoke", exact=True).click()
    expect(row_of(page, "Roger")).to_contain_text("Revoked")

    laptop.append(1, 2, "Written while it is revoked")
    until(lambda: "why: this client was revoked" in laptop.status()[1], "the collector to say why")
    assert laptop.status()[0] == 1
    assert clients_of(fleet, "roger")[0]["sessions"] == 1

    page.get_by_role("button", name="Undo").click()
    expect(row_of(page, "Roger")).to_contain_text(re.compile("Online|Offline"))
    until(lambda: laptop.status()[0] == 0, "the collector to ship what it missed")
    until(lambda: "Written while it is revoked" in session_texts(fleet, "roger"), "what it missed")


def session_texts(fleet: Served, user: str) -> list[str]:
    """What the entries of a user's sessions say."""
    filtered = json.dumps({"and": [{"property": "user", "operator": "=", "value": user}]})
    answer = httpx.get(f"{fleet.base}api/sessions", params={"filter": filtered}, cookies=fleet.cookies)
    return [
        entry["preview"]
        for session in answer.raise_for_status().json()["items"]
        for entry in fleet.get(f"sessions/{session['id']}/entries")["items"]
    ]


def test_a_paused_client_is_shown_as_paused(fleet, open_page, connect):
    laptop = connect("Paula", "paula")
    page = open_page(fleet, "clients")
    row = row_of(page, "Paula")
    expect(row).to_contain_text("Online")
    laptop.pause(on=True)
    expect(row).to_contain_text("Paused")
    laptop.pause(on=False)
    expect(row).to_contain_text("Online")


def test_the_page_is_worked_with_the_keyboard_alone(fleet, open_page, connect):
    connect("Keys", "kim")
    page = open_page(fleet, "clients")
    expect(page.get_by_role("button", name="Keys", exact=True)).to_be_visible()
    search = page.get_by_role("searchbox", name="Find clients")
    until(lambda: page.keyboard.press("Tab") or search.evaluate("one => one === document.activeElement"), "the search")
    page.keyboard.type("kim")
    expect(page.locator(".client-row [aria-expanded]")).to_have_count(1)
    name = page.get_by_role("button", name="Keys", exact=True)
    until(lambda: page.keyboard.press("Tab") or name.evaluate("one => one === document.activeElement"), "the row")
    page.keyboard.press("Enter")
    expect(page.get_by_role("region", name="Alarms")).to_be_visible()
    rename = page.get_by_role("button", name="Rename")
    until(lambda: page.keyboard.press("Tab") or rename.evaluate("one => one === document.activeElement"), "Rename")
    page.keyboard.press("Enter")
    page.keyboard.type("Kim's box")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Kim's box", exact=True)).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_violation_that_axe_knows(fleet, open_page, connect, theme):
    laptop = connect(f"Axel {theme}", f"axel-{theme}")
    laptop.write(1, "Rewritten from the first byte on", "And another thing", "And more")
    until(lambda: clients_of(fleet, f"axel-{theme}")[0]["alarms"], "the alarm")
    page = opened(open_page(fleet, "clients", theme=theme), f"Axel {theme}")
    expect(page.get_by_role("button", name="Acknowledge: Transcript rewritten")).to_be_visible()
    assert violations(page) == []

    page.get_by_role("button", name="Revoke…").click()
    expect(page.get_by_role("dialog", name=f"Revoke Axel {theme}?")).to_be_visible()
    assert violations(page) == []
    page.keyboard.press("Escape")

    page.get_by_role("button", name="Add client").click()
    page.get_by_role("button", name="Make a token").click()
    expect(page.get_by_text("Give it a name")).to_be_visible()
    assert violations(page) == []
    page.get_by_label("Name", exact=True).fill("Axe")
    page.get_by_role("button", name="Make a token").click()
    expect(page.get_by_text("Waiting for the client.")).to_be_visible()
    assert violations(page) == []


def violations(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {node['target']} {node['failureSummary']}" for one in found for node in one["nodes"]]
