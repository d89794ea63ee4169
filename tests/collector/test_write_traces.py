"""What real clients wrote, and when, with collectors and the server killed meanwhile: stored as it lies on disk."""

import json
import os
import random
import re
import shutil
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from collector.fleet import Fleet

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
TRACES = sorted(CORPUS.glob("client-*/*/truth/write_trace.jsonl"))
AT_ONCE = 20
COLLECTORS = 2
KILLS = 20 if "SOAK" in os.environ else 4
WRITES, WRITES_LEFT_OUT = 1_126, 14
"""Of all traces together, so that none is left out unnoticed."""

pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason=f"there is no corpus in {CORPUS}")


@pytest.fixture
def fleet(tmp_path):
    fleet = Fleet(tmp_path)
    yield fleet
    fleet.close()


def writes_of(trace):
    """What was written when, by the size of the file afterwards."""
    return [one for one in map(json.loads, trace.read_text().splitlines()) if "size" in one]


def why_left_out(trace, path):
    """Why nothing can be written again of a file of a trace; empty: it is there as it was in the end."""
    config = trace.parent.parent / "config" / "projects"
    if (config / path).is_file():
        return ""
    if re.search(r"\.tmp\.[0-9a-f]+$", path):
        return "a replacement that was renamed: it is written as the file that it became"
    if any(config.glob(f"*/{Path(path).name}")):
        return "a transcript that was moved: its bytes are written where it went to"
    return "nobody knows"


def test_what_is_left_out_of_the_traces_has_a_reason():
    writes = [(trace, one) for trace in TRACES for one in writes_of(trace)]
    reasons = Counter(filter(None, (why_left_out(trace, one["path"]) for trace, one in writes)))
    assert (len(writes), reasons.total()) == (WRITES, WRITES_LEFT_OUT)
    assert "nobody knows" not in reasons


def seconds_of(trace):
    writes = writes_of(trace)
    return writes[-1]["t"] - writes[0]["t"] if writes else 0.0


def replay(trace, to):
    """Write what a trace says below ``to``, with its own pauses.

    Each trace's project folders get its own name in front: many of them were recorded in the same folder.
    """
    config = trace.parent.parent / "config" / "projects"
    writes = [one for one in writes_of(trace) if (config / one["path"]).is_file()]
    if not writes:
        return
    first = writes[0]["t"]
    started = time.monotonic()
    name = "-".join(trace.parts[-4:-2])
    for one in writes:
        time.sleep(max(0.0, started + one["t"] - first - time.monotonic()))
        source, target = config / one["path"], to / f"-{name}{one['path']}"
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.suffix != ".jsonl":  # replaced as a whole; only its last state is known
            new = target.with_name(f"{target.name}.tmp.0")
            shutil.copyfile(source, new)
            new.replace(target)
            continue
        with source.open("rb") as whole, target.open("ab") as transcript:
            whole.seek(transcript.tell())
            transcript.write(whole.read(max(0, one["size"] - transcript.tell())))


def test_all_recorded_sessions_twenty_at_once_with_collectors_and_server_killed(fleet):
    assert len(TRACES) >= AT_ONCE
    clients = [fleet.add(f"client-{number}") for number in range(COLLECTORS)]
    seed = random.randrange(1 << 30)
    when = random.Random(seed)
    waiting = list(enumerate(sorted(TRACES, key=seconds_of, reverse=True)))
    seconds = max(map(seconds_of, TRACES))
    lock = threading.Lock()

    def write():
        while True:
            with lock:
                if not waiting:
                    return
                number, trace = waiting.pop(0)
            replay(trace, clients[number % COLLECTORS].projects)

    writers = [threading.Thread(target=write) for _ in range(AT_ONCE)]
    for writer in writers:
        writer.start()
    for _ in range(KILLS):
        time.sleep(when.uniform(0.2, 1) * seconds / KILLS)
        for client in clients:
            client.kill()
        fleet.kill_server()
    for writer in writers:
        writer.join()
    fleet.wait_until_shipped()
    fleet.stop()
    stored = [path for client in clients for path in client.projects.rglob("*.jsonl")]
    assert len(stored) >= len(TRACES)
    assert not fleet.faults(), "\n".join([f"seed {seed}", *fleet.faults()])
