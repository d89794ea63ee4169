"""What is read behind the acknowledgements, and in which order."""

import time

import pytest
from backports import zstd

from ingest.lines import jsonl, talk
from session_replay.ingest import intake as intake_module
from session_replay.ingest import reading as reading_module
from session_replay.ingest.reading import Reading
from session_replay.ingest.receive import Receiver
from session_replay.protocol import Opening, Piece, root_of
from session_replay.wire import block_hashes

DEADLINE_SECONDS = 20
DAY_NS = 86_400 * 10**9


@pytest.fixture(autouse=True)
def _one_at_a_time(monkeypatch):
    monkeypatch.setattr(reading_module, "STREAMS_AT_ONCE", 1)


def session(number):
    return f"{number:08x}-0000-4000-8000-000000005ead"


def receive(receiver, number, written_ns, *, is_complete=True):
    """Store a transcript that a collector sends; without ``is_complete`` more of it is to come."""
    reception = receiver.of_owner("build-1", "ci")
    raw = jsonl(*talk(4, of=number))
    address = f"-p/{session(number)}.jsonl"
    (opened,) = reception.open([Opening(address, "main", written_ns, session=session(number))])
    size = len(raw) + (0 if is_complete else 1)
    root = root_of(block_hashes(raw))
    (stored,) = reception.append(
        [Piece(opened.standing.stream, 0, 0, len(raw), root, zstd.compress(raw, 3), size, written_ns)]
    )
    assert not stored.refusal


def read_in_order(reading, announced, count):
    reading.start()
    deadline = time.monotonic() + DEADLINE_SECONDS
    while len(dict.fromkeys(announced)) < count and time.monotonic() < deadline:
        time.sleep(0.02)
    reading.stop()
    return list(dict.fromkeys(announced))


def test_what_an_earlier_process_left_is_read_newest_first(at):
    now_ns = time.time_ns()
    receiver = Receiver(at)
    for number, age_days in enumerate([3, 1, 4, 2]):
        receive(receiver, number, now_ns - age_days * DAY_NS)
    announced = []
    assert read_in_order(Reading(at, announced.append), announced, 4) == [session(number) for number in (1, 3, 0, 2)]


def test_what_arrives_is_read_newest_first_whenever_it_came(at):
    now_ns = time.time_ns()
    announced = []
    reading = Reading(at, announced.append)
    receiver = Receiver(at, reading.received)
    receive(receiver, 0, now_ns + 4_000 * DAY_NS)  # a clock far ahead is no more than now
    receive(receiver, 1, now_ns - DAY_NS)
    receive(receiver, 2, time.time_ns())
    receive(receiver, 3, now_ns - 2 * DAY_NS, is_complete=False)
    order = read_in_order(reading, announced, 4)
    assert order == [session(number) for number in (2, 0, 1, 3)]


def test_a_line_of_which_more_is_to_come_is_not_looked_through_with_each_look(at, monkeypatch):
    monkeypatch.setattr(reading_module, "PENDING_LOOK_SECONDS", 0.05)
    announced = []
    reading = Reading(at, announced.append)
    receiver = Receiver(at, reading.received)
    reading.start()
    begin_line(receiver)
    time.sleep(1)  # many looks
    assert announced == []
    monkeypatch.setattr(intake_module, "REST_MS", 0)  # it rests: what there is of its line is a line
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not announced and time.monotonic() < deadline:
        time.sleep(0.02)
    reading.stop()
    assert announced == [session(0)]


def test_a_line_that_an_earlier_process_left_unterminated_is_looked_at_once(at):
    begin_line(Receiver(at))
    announced = []
    assert read_in_order(Reading(at, announced.append), announced, 1) == [session(0)]


def begin_line(receiver):
    """Store the beginning of a line."""
    reception = receiver.of_owner("build-1", "ci")
    raw = b'{"type":"user",'
    (opened,) = reception.open([Opening(f"-p/{session(0)}.jsonl", "main", time.time_ns(), session=session(0))])
    root = root_of(block_hashes(raw))
    piece = Piece(opened.standing.stream, 0, 0, len(raw), root, zstd.compress(raw, 3), len(raw), time.time_ns())
    (stored,) = reception.append([piece])
    assert not stored.refusal
