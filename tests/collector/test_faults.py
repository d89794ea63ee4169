"""Each fault at each moment of one story; docs/faults.md is the same table, for people."""

import re
from pathlib import Path

import pytest

from collector.histories import Faults, Killed, World
from collector.privileges import without_privileges
from ingest.lines import opened
from session_replay.wire import BLOCK_BYTES

DOCUMENT = Path(__file__).parents[2] / "docs" / "faults.md"
NAME = "aaaaaaaa-0000-4000-8000-0000000fa017"

FAULTS = {
    "lost": "the request is lost",
    "unanswered": "the answer is lost",
    "twice": "the request arrives twice",
    "late": "the request arrives after the ones behind it",
    "collector-killed-before": "the collector is killed before it is sent",
    "collector-killed-after": "the collector is killed before it hears the answer",
    "state-lost": "the collector is killed, and its state folder is gone",
    "server-killed-before": "the server is killed before it is done",
    "server-killed-after": "the server is killed before it answers",
    "disk-full": "the server's disk is full",
    "disk-full-at-commit": "the server's disk is full when it commits",
    "clock-ahead": "the client's clock is set a year ahead",
    "clock-behind": "the client's clock is set a year back",
    "closed": "the transcripts may not be read any more (`chmod 000`), for a while",
}
MOMENTS = {
    "first-open": ("open", 1, "a transcript is opened for the first time"),
    "first-append": ("append", 1, "its first bytes are sent"),
    "next-append": ("append", 2, "what it grew by is sent"),
    "blocks-append": ("append", 3, "more than a block is sent"),
    "missing": ("missing", 1, "the server is asked which attachments are missing"),
    "attach": ("attach", 1, "an attachment is sent"),
    "rewrite": ("rewrite", 1, "a rewritten transcript begins again"),
    "move": ("move", 1, "a moved transcript keeps its stream"),
    "report": ("report", 2, "the collector reports"),
}
CELLS = [(fault, moment) for moment in MOMENTS for fault in FAULTS]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    with opened(tmp_path_factory.mktemp("faults")) as at:
        yield at, Faults(at.database.engine)


def story(world, number):
    """What a transcript goes through, step by step; between the steps the collector looks and ships."""
    name = f"{NAME[:-4]}{number:04x}"
    path = world.path("-a", name)
    yield lambda: world.create(path, 200)
    yield lambda: world.append(path, 100, cut=20)
    yield lambda: world.append(path, BLOCK_BYTES + 100)
    yield lambda: attach(path)
    yield world.reporter.report
    yield lambda: world.overwrite(path, 0)
    yield lambda: world.move(path, world.path("-b", name))
    yield lambda: world.append(world.path("-b", name), 100)
    yield world.reporter.report


def attach(path):
    folder = path.with_suffix("") / "tool-results"
    folder.mkdir(parents=True)
    (folder / "a.txt").write_bytes(b"spilled")


@pytest.mark.parametrize(("fault", "moment"), CELLS, ids=["-at-".join(cell) for cell in CELLS])
def test_nothing_is_lost(fault, moment, store, tmp_path):
    world = World(*store, tmp_path / "world", piece_bytes=8_192)
    call, nth, _ = MOMENTS[moment]
    world.wire.break_at(call, nth, fault)
    without_privileges(lambda: tell(world))
    assert world.wire.broken, "the story never came to this moment"
    world.settle()
    world.check_at_rest()


def tell(world):
    for step in story(world, world.number):
        world.open_all()
        try:
            step()
            for _ in range(3):
                world.look()
                world.ship(20)
                world.pass_time(1)
        except Killed as killed:
            world.start_collector(state_is_lost=killed.state_is_lost)


def test_the_document_names_each_cell():
    said = re.findall(r"^\| `([a-z-]+)` \| (.*) \|$", DOCUMENT.read_text(), re.MULTILINE)
    assert [name for name, _ in said if name in FAULTS] == list(FAULTS)
    assert dict(said).items() >= FAULTS.items()
    assert {name: words for name, words in said if name in MOMENTS} == {
        name: words for name, (_, _, words) in MOMENTS.items()
    }
    cells = re.findall(r"test_nothing_is_lost\[([a-z-]+)-at-([a-z-]+)\]", DOCUMENT.read_text())
    assert sorted(cells) == sorted(CELLS)
    assert len(CELLS) >= 80
