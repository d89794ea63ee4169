"""What real clients appended, and when, replayed into the followed folder while the session is open."""

from __future__ import annotations

import json
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from time import sleep, time

import pytest
from playwright.sync_api import Page, expect

from e2e.serving import Served, until

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
SCENARIOS = {
    "client-2.1.330/04-subagents": ["Running Agent"],
    "client-2.0.77/04-subagents": ["Running Task"],
    "client-1.0.128/04-subagents": ["Running Task and 2 more"],
}
"""With what each must be seen to run. They take less than 20 s, and their subagents write several files at once."""
CUT_SCENARIO = "client-2.1.330/08-compact"
CUT_SECONDS = 1.2
ALL_ROWS_PX = 30_000
"""So high a window holds all rows of these sessions at once."""

pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason=f"there is no corpus in {CORPUS}")

IN_CALLS = {("result", "tool"), ("", "progress")}
"""Role and type of entries that are in the row of their call."""

WATCH = """() => {
  window.notReloaded = true;
  window.waits = new Set();
  const tell = () => window.waits.add(document.querySelector('.sr-waiting')?.innerText ?? '');
  tell();
  new MutationObserver(tell).observe(document.querySelector('footer'), {
    subtree: true, childList: true, characterData: true
  });
}"""


class Replay:
    """The appends of one scenario, written again with their own pauses into ``to``."""

    def __init__(self, scenario: str, to: Path) -> None:
        self._from = CORPUS / scenario / "config" / "projects"
        self._to = to
        lines = (CORPUS / scenario / "truth" / "write_trace.jsonl").read_text().splitlines()
        self._writes = [
            write for write in map(json.loads, lines) if "size" in write and (self._from / write["path"]).is_file()
        ]
        self.path = next(write["path"] for write in self._writes if "agent-" not in write["path"])
        self.session = Path(self.path).stem
        self.lines = 0
        """How many whole lines the session's file has."""
        self._thread = threading.Thread(target=self._write_all)

    def begin(self) -> None:
        """Make the session's file with its first lines, so that its page can be opened."""
        first = next(write for write in self._writes if write["path"] == self.path and write["lines"])
        self._writes = self._writes[self._writes.index(first) + 1 :]
        self._first = first["t"]
        self._write(first)

    def start(self) -> None:
        """Write the rest beside the test."""
        self._thread.start()

    def wait(self, page: Page) -> None:
        """Wait for the last write; the page goes on living."""
        while self._thread.is_alive():
            page.wait_for_timeout(50)

    def _write_all(self) -> None:
        started = time()
        for write in self._writes:
            sleep(max(0.0, started + write["t"] - self._first - time()))
            self._write(write)

    def _write(self, write: dict) -> None:
        source, target = self._from / write["path"], self._to / write["path"]
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.suffix != ".jsonl":  # replaced as a whole; only its last state is known
            fresh = target.with_name(target.name + ".tmp.0")
            fresh.write_bytes(source.read_bytes())
            fresh.replace(target)
            return
        with source.open("rb") as whole, target.open("ab") as transcript:
            whole.seek(transcript.tell())
            transcript.write(whole.read(write["size"] - transcript.tell()))
        if write["path"] == self.path:
            self.lines = target.read_bytes().count(b"\n")


class Wire:
    """A TCP connection to a server that can be cut."""

    def __init__(self, to: str) -> None:
        host, port = to.removeprefix("http://").rstrip("/").split(":")
        self._to = (host, int(port))
        self._open: set[socket.socket] = set()
        self._is_cut = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.base = f"http://127.0.0.1:{self._listener.getsockname()[1]}/"
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """End all connections, and let no new one come about."""
        self._is_cut = True
        for one in list(self._open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        """Let connections through again."""
        self._is_cut = False

    def close(self) -> None:
        """End it."""
        self.cut()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                if self._is_cut:
                    near.close()
                    continue
                far = socket.create_connection(self._to)
                self._open |= {near, far}
                for one, other in [(near, far), (far, near)]:
                    threading.Thread(target=self._pass, args=(one, other), daemon=True).start()

    def _pass(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while got := one.recv(1 << 16):
                other.sendall(got)
        for end in (one, other):
            self._open.discard(end)
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


@pytest.fixture
def replaying(serve, tmp_path):
    """Begins a scenario in a folder of its own, behind a server that follows it."""

    def begin(scenario: str) -> tuple[Replay, Served]:
        folder = tmp_path / "projects"
        folder.mkdir()
        replay = Replay(scenario, folder)
        served = serve(folder)
        replay.begin()
        until(lambda: served.get("sessions")["total"], "the session to be there")
        return replay, served

    return begin


@pytest.fixture
def wire() -> Iterator[list[Wire]]:
    """Connections that are closed after the test."""
    wires: list[Wire] = []
    yield wires
    for one in wires:
        one.close()


def rows(page: Page, subagents: int) -> list[tuple[int, int | None, str]]:
    """Place, number and words of every row, all of which are on the screen; a subagent's has no number."""
    page.set_viewport_size({"width": 1280, "height": ALL_ROWS_PX})
    articles = page.get_by_role("feed", name="Trace").locator("article")
    # Which calls spawned them is told a little later than the entries.
    expect(page.locator("article[data-subagent]")).to_have_count(subagents)
    total = int(articles.first.get_attribute("aria-setsize"))
    expect(articles).to_have_count(total)
    return articles.evaluate_all(
        """rows => rows.map(row => [
            Number(row.ariaPosInSet), row.dataset.subagent ? null : Number(row.dataset.seq), row.innerText
        ])""",
    )


def entries(served: Served, session: str) -> list[dict]:
    page = served.get(f"sessions/{session}/entries?limit=500")
    assert page["next_cursor"] is None
    return page["items"]


def expect_whole(page: Page, served: Served, replay: Replay, open_page) -> None:
    """All entries are on the screen, in order and once: as in a page that was opened afterwards."""
    lines = replay.lines
    until(lambda: served.get(f"sessions/{replay.session}")["lines"] == lines, "all lines to be stored")
    told = entries(served, replay.session)
    assert {entry["seq"] // 1024 for entry in told} == set(range(lines))
    expect(page.locator("footer")).to_contain_text(f"{len(told)} entries")
    family = served.get(f"sessions?parent={replay.session}&limit=500")["items"]
    subagents = sum(one["spawned_by_seq"] is not None for one in family)
    grown = rows(page, subagents)
    assert [place for place, _, _ in grown] == list(range(1, len(grown) + 1))
    shown = [seq for _, seq, _ in grown if seq is not None]
    assert shown == sorted(set(shown))
    # Results and reports are in the rows of their calls, machine records in rows that say how many they are.
    own = {one["seq"] for one in told if not one["folded"] and (one["role"], one["type"]) not in IN_CALLS}
    assert own <= set(shown) <= {one["seq"] for one in told}
    runs = [re.search(r"^(\d+) machine record", words, re.MULTILINE) for _, _, words in grown]
    assert sum(int(run[1]) for run in runs if run) == sum(one["folded"] for one in told)

    fresh = open_page(served, f"replay/{replay.session}")
    expect(fresh.locator("footer")).to_contain_text(f"{len(told)} entries")
    until(lambda: rows(fresh, subagents) == rows(page, subagents), "both pages to say the same")


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_what_a_client_appends_comes_to_the_open_page_in_order_and_once(replaying, open_page, scenario):
    replay, served = replaying(scenario)
    page = open_page(served, f"replay/{replay.session}")
    expect(page.locator("footer")).to_contain_text("Following live")
    page.evaluate(WATCH)
    replay.start()
    replay.wait(page)
    expect(page.locator(".sr-waiting")).to_contain_text("waiting for the person")
    waits = " ".join(page.evaluate("[...window.waits]"))
    for wait in ("Waiting for the model", "Running Bash", *SCENARIOS[scenario]):
        assert wait in waits
    expect_whole(page, served, replay, open_page)
    assert page.evaluate("window.notReloaded")


def test_a_cut_connection_goes_on_without_a_gap_or_a_double(replaying, open_page, wire):
    replay, served = replaying(CUT_SCENARIO)
    between = Wire(served.base)
    wire.append(between)
    page = open_page(served, "api/status")
    page.goto(f"{between.base}replay/{replay.session}")
    footer = page.locator("footer")
    expect(footer).to_contain_text("Following live")
    replay.start()
    for _ in range(2):
        page.wait_for_timeout(1_500)
        between.cut()
        expect(footer).to_contain_text("Connection lost")
        page.wait_for_timeout(int(CUT_SECONDS * 1000))
        between.mend()
        expect(footer).not_to_contain_text("Connection lost")
    replay.wait(page)
    expect_whole(page, served, replay, open_page)
