"""kill -9 of real collectors and servers at chosen moments of their conversation: nothing lost, doubled or altered."""

import os
import random
import threading
import uuid

import pytest

from collector.fleet import Fleet
from ingest.lines import jsonl, said

ROUNDS = 10 if "SOAK" in os.environ else 1
CALLS = [("enrol", 1), ("open", 1), ("append", 1), ("append", 2), ("missing", 1), ("attach", 1), ("report", 1)]
MOMENTS = [
    *(("collector", (call, nth, when)) for call, nth in CALLS for when in ("before", "during", "after")),
    *(("server", (call, nth, when)) for call, nth, when in (("append", 2, "during"), ("open", 1, "after"))),
]
STEPS = 12
STEPS_MAX = 200
"""A collector that is slow may send all of some steps at once: one whose moment did not come has more to send."""


@pytest.fixture
def fleet(tmp_path):
    fleet = Fleet(tmp_path)
    yield fleet
    fleet.close()


def write(client, seed, is_stopped):
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
    while number < STEPS or (not client.is_over and number < STEPS_MAX):
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


@pytest.mark.parametrize("_number", range(ROUNDS))
def test_killed_at_each_moment_of_their_conversation(fleet, _number):
    seed = random.randrange(1 << 30)
    stopped = threading.Event()
    clients = [fleet.add(f"client-{place}", victim, moment) for place, (victim, moment) in enumerate(MOMENTS)]
    writers = [
        threading.Thread(target=write, args=(client, seed + place, stopped)) for place, client in enumerate(clients)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    fleet.wait_until_shipped()
    assert [client.folder.name for client in clients if not client.is_over] == [], f"seed {seed}: never came there"
    assert sum(client.kills for client in clients) + fleet.kills == len(MOMENTS)
    fleet.stop()
    assert not fleet.faults(), "\n".join([f"seed {seed}", *fleet.faults()])
