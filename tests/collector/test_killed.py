"""kill -9 of real collectors and servers at chosen moments of their conversation: nothing lost, doubled or altered."""

import os
import random
import sys
import threading
import time
import uuid
from pathlib import Path

import pytest

from collector.fleet import WAIT_SECONDS_MAX, Fleet
from ingest.lines import jsonl, said

ROUNDS = 10 if "SOAK" in os.environ else 1
CALLS = [
    ("enrol", 1),
    ("open", 1),
    ("append", 1),
    ("append", 2),
    ("missing", 1),
    ("attach", 1),
    ("report", 1),
    ("rewrite", 1),
    ("move", 1),
]
WHEN = {"collector": ("before", "during", "after"), "server": ("during", "after")}
"""A server that is killed before it was asked is one that is away."""
DYING = Path(__file__).with_name("dying.py")
# What a spool asks of the system, in this order; before each of them the collector is killed.
KEEPING = [("open", ".new", 1), ("os.rename", ".json", 1), ("os.remove", ".link", 1), ("os.link", ".link", 1)]
DROPPING = [("os.remove", ".link", 2), ("os.remove", ".json", 1)]
STEPS = 12
STEPS_MAX = 200
"""A collector that is slow may send all of some steps at once: one whose moment did not come has more to send."""

SECONDS_TO_CHANGE = 20
CHANGES_MAX = 5


@pytest.fixture
def fleet(tmp_path):
    fleet = Fleet(tmp_path)
    yield fleet
    fleet.close()


def until(true, client):
    ends_at = time.monotonic() + WAIT_SECONDS_MAX
    while not true():
        assert time.monotonic() < ends_at, f"{client.folder}: {client.said()}"
        time.sleep(0.1)


def is_over_soon(client):
    """Whether its moment comes."""
    ends_at = time.monotonic() + SECONDS_TO_CHANGE
    while not client.is_over and time.monotonic() < ends_at:
        time.sleep(0.1)
    return client.is_over


def write(client, call, seed, is_stopped):
    """A session with a subagent and an attachment, as it grows; some appends end inside a line."""
    when = random.Random(seed)
    session = str(uuid.UUID(int=when.getrandbits(128), version=4))
    folder = client.projects / f"-{client.folder.name}"
    paths = [folder / f"{session}.jsonl", folder / session / "subagents" / f"agent-a{seed % 10_000}.jsonl"]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
    spilled = folder / session / "tool-results"
    spilled.mkdir()
    rest = dict.fromkeys(paths, b"")
    number = 0
    change = {"rewrite": rewritten, "move": moved}.get(call)
    while number < STEPS or (not client.is_over and not change and number < STEPS_MAX):
        path = when.choice(paths)
        text = "x" * when.choice([10, 500, 3_000, 90_000])
        rest[path] += jsonl(said(number, text, of=seed))
        cut = when.randrange(1, len(rest[path]) + 1)
        with path.open("ab") as file:
            file.write(rest[path][:cut])
        rest[path] = rest[path][cut:]
        # The server that all share may be killed over the one answer that was waited for: then another one comes.
        if number == 2 or (number >= STEPS and number % 4 == 0):
            (spilled / f"{number}.txt").write_bytes(text.encode())
        number += 1
        is_stopped.wait(when.uniform(0.05, 0.4))
    for path in paths:
        with path.open("ab") as file:
            file.write(rest[path])
    for _ in range(CHANGES_MAX if change else 0):  # of what is stored whole
        until(client.is_shipped, client)
        change(client, paths[0])
        if is_over_soon(client):
            break
        # Done by a server that was killed for another client before it could say so: not asked for again.
        paths[0] = folder / f"{uuid.UUID(int=when.getrandbits(128), version=4)}.jsonl"
        paths[0].write_bytes(jsonl(*(said(number, "x" * 500, of=seed) for number in range(3))))


def rewritten(client, path):
    """Other bytes, as many."""
    new = client.folder / path.name
    new.write_bytes(path.read_bytes().replace(b"x", b"y"))
    new.replace(path)
    client.fleet.rewritten.add(path.relative_to(client.projects).as_posix())


def moved(_client, path):
    there = path.parent.with_name(f"{path.parent.name}-moved")
    there.mkdir(exist_ok=True)
    path.rename(there / path.name)


@pytest.mark.parametrize("victim", WHEN)
@pytest.mark.parametrize("_number", range(ROUNDS))
def test_killed_at_each_moment_of_their_conversation(fleet, victim, _number):
    seed = random.randrange(1 << 30)
    stopped = threading.Event()
    moments = [(call, nth, when) for call, nth in CALLS for when in WHEN[victim]]
    clients = [fleet.add(f"client-{place}", victim, moment) for place, moment in enumerate(moments)]
    writers = [
        threading.Thread(target=write, args=(client, moment[0], seed + place, stopped))
        for place, (client, moment) in enumerate(zip(clients, moments, strict=True))
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    fleet.wait_until_shipped()
    never = [moment for client, moment in zip(clients, moments, strict=True) if not client.is_over]
    assert never == [], f"seed {seed}: never came there"
    assert sum(client.kills for client in clients) + fleet.kills == len(moments)
    fleet.stop()
    assert not fleet.faults(), "\n".join([f"seed {seed}", *fleet.faults()])


def test_killed_at_each_step_of_the_spool(fleet, tmp_path):
    steps = [*KEEPING, *DROPPING]
    clients = []
    for place, step in enumerate(steps):
        marker = tmp_path / f"killed-{place}"
        command = [sys.executable, str(DYING), str(marker), *map(str, step)]
        clients.append((fleet.add(f"client-{place}", command=command, is_paused=True), step))
    for client, step in clients:
        path = client.projects / f"-{client.folder.name}" / f"{uuid.uuid4()}.jsonl"
        path.parent.mkdir()
        raw = jsonl(*(said(number, "x" * 500) for number in range(20)))
        path.write_bytes(raw)
        if step in KEEPING:
            client.start_again()
        until(lambda client=client: list(client.state.spool_folder.glob("*.link")), client)
        # The coding agent removes what is nowhere but here and in the spool.
        fleet.removed[path.relative_to(client.projects).as_posix()] = raw
        path.unlink()
    for client, step in clients:
        client.state.pause(on=False)
        if step in DROPPING:
            client.start_again()
        until(lambda client=client: not list(client.state.spool_folder.iterdir()), client)
    assert [client.kills for client, _ in clients] == [1] * len(steps)
    fleet.stop()
    assert not fleet.faults(), "\n".join(fleet.faults())
