"""Faults that a review found, each with the one history that shows it."""

import os
import shutil

import pytest

from collector.histories import Faults, World
from ingest.lines import opened
from session_replay.collector.deliver import BESIDE_LIVE_BYTES, LIVE_BYTES_MAX
from session_replay.errors import Unreachable
from session_replay.ingest.receive import Receiver

NAMES = [f"{number:08x}-0000-4000-8000-00000000de11" for number in range(6)]


@pytest.fixture
def at(tmp_path):
    with opened(tmp_path) as at:
        yield at


@pytest.fixture
def world(at, tmp_path):
    return World(at, Faults(at.database.engine), tmp_path / "world", piece_bytes=8_192)


@pytest.fixture
def shipped(world):
    """The path of a transcript that was shipped."""
    path = world.path("-a", NAMES[0])
    world.create(path, 300)
    world.settle()
    return path


def streams(world):
    return {path: (stream.id, stream.generation) for path, stream, _, _ in world.stored()}


def test_a_file_that_looks_as_its_older_generation_did_is_shipped(world, shipped):
    look = shipped.stat()
    raw = shipped.read_bytes()
    world.truncate(shipped, 10)
    world.look()
    world.ship(2)
    new = world.home / "restored"
    new.write_bytes(raw)
    os.utime(new, ns=(look.st_mtime_ns, look.st_mtime_ns))
    new.replace(shipped)
    world.start_collector()
    world.settle()
    world.check_at_rest()


def test_a_copy_that_is_opened_first_leaves_the_original_its_stream(world, shipped):
    before = streams(world)["-a/" + shipped.name]
    world.pass_time(86_400)
    world.copy(shipped, world.path("-b", NAMES[0]))  # recent, hence opened by the other lane
    world.start_collector()
    world.look()
    world.shipper.round("live")
    world.settle()
    world.check_at_rest()
    assert streams(world)["-a/" + shipped.name] == before
    assert len(streams(world)) == 2


@pytest.mark.parametrize("fate", ["lost", "unanswered"])
def test_a_move_of_which_nothing_was_heard_makes_no_second_stream(world, shipped, fate):
    world.move(shipped, world.path("-b", NAMES[0]))
    world.wire.break_at("move", 1, fate)
    world.settle()
    assert world.wire.broken
    assert list(streams(world)) == [f"-b/{NAMES[0]}.jsonl"]


def test_a_file_that_moves_while_its_bytes_are_under_way_keeps_its_stream(world, shipped):
    """The other lane holds the file as long as its request is not answered."""
    world.append(shipped, 100)
    world.look()
    known = world.shipper.files._known[f"-a/{NAMES[0]}.jsonl"]
    known.busy = True
    world.move(shipped, world.path("-b", NAMES[0]))
    world.look()
    world.ship(3)
    known.busy = False
    world.settle()
    assert list(streams(world)) == [f"-b/{NAMES[0]}.jsonl"]


def keep_in_an_outage(world):
    """The server is away for so long that what waits is linked."""
    world.wire.is_cut = True
    world.look()
    world.pass_time(30)
    world.look()


@pytest.mark.parametrize("is_opened", [False, True])
def test_a_file_that_was_kept_and_renamed_is_shipped_once(world, is_opened):
    path, renamed = world.path("-a", NAMES[0]), world.path("-a", NAMES[1])
    world.create(path, 100)
    if is_opened:
        world.settle()
        world.append(path, 100)
    keep_in_an_outage(world)
    path.rename(renamed)
    world.look()
    world.overwrite(renamed, 0)  # the link is the same file
    world.wire.is_cut = False
    world.settle()
    world.check_at_rest()
    holding = [path for path, _, _, raw in world.stored() if raw[-1] == renamed.read_bytes()]
    assert holding == [f"-a/{NAMES[1]}.jsonl"]


def test_what_only_the_spool_has_is_sent_before_another_file_of_its_name_goes_on(world):
    path, other = world.path("-a", NAMES[0]), world.path("-b", NAMES[0])
    world.create(path, 300)
    keep_in_an_outage(world)
    world.delete(path)
    world.pass_time(1_000)
    world.create(other, 200)
    world.look()
    world.wire.is_cut = False
    world.shipper.round("bulk")  # opens the old one; the other lane sends it
    assert [(path, raw) for path, _, _, raw in world.stored()] == [(f"-a/{NAMES[0]}.jsonl", [b""])]
    world.shipper.round("live")  # opens the new one
    world.settle()
    world.check_at_rest()
    assert world.kept
    assert sorted(streams(world)) == [f"-a/{NAMES[0]}.jsonl", f"-b/{NAMES[0]}.jsonl"]


def test_after_an_outage_a_file_that_some_stream_may_belong_to_is_opened(world):
    """What was said of it while the server was away says nothing of it now."""
    path, copy = world.path("-a", NAMES[0]), world.path("-b", NAMES[0])
    world.create(path, 100)
    world.settle()
    world.create(copy, 200)
    path.unlink()
    world.look()
    world.wire.is_cut = True
    for _ in range(4):  # then each file goes alone, and is failed alone
        world.ship()
        world.pass_time(120)
    (known,) = [file for file in world.shipper.files._known.values() if file.standing is None]
    assert known.problem
    world.wire.is_cut = False
    world.settle()
    world.check_at_rest()


def test_a_larger_piece_whose_answer_was_lost_is_no_rewrite(at, tmp_path):
    """It is sent again in smaller ones while a session runs: the server has more than what it acknowledges."""
    world = World(at, Faults(at.database.engine), tmp_path / "world", piece_bytes=1 << 20)
    large, running = world.path("-a", NAMES[0]), world.path("-b", NAMES[1])
    world.create(running, 100)
    world.settle()
    world.create(large, 600_000)
    world.look()
    world.shipper.round("live")  # opens it
    world.wire.fates.append("unanswered")
    world.shipper.round("bulk")
    assert [len(raw[-1]) for path, _, _, raw in world.stored() if path.startswith("-a/")] == [large.stat().st_size]
    world.pass_time(60)
    for path in (running, large):
        world.append(path, 100)
    world.look()
    world.shipper.round("live")
    world.settle()
    world.check_at_rest()
    assert [len(raw) for _, _, _, raw in world.stored()] == [1, 1], "generations"


class Counting:
    """Counts calls and what was appended to, and fails those that it was told to."""

    def __init__(self, server, fails=lambda _name, _message: False):
        self._server = server
        self._fails = fails
        self.calls = []
        self.appended = []
        """Streams, in the order in which their pieces came."""
        self.sizes = []
        """Raw bytes of each append."""

    def __getattr__(self, name):
        def call(message):
            self.calls.append(name)
            if name == "append":
                self.appended += [piece.stream for piece in message]
                self.sizes.append(sum(piece.end - piece.start for piece in message))
            if self._fails(name, message):
                raise TypeError("a fault of the server's code")
            return getattr(self._server, name)(message)

        return call


def test_what_was_written_last_is_shipped_first(world):
    paths = [world.path("-a", name) for name in NAMES]
    counting = world.shipper._server = Counting(world.wire)

    def shipped_in_order():
        counting.appended.clear()
        world.look()
        world.ship(4)
        names = {stream: path for path, (stream, _) in streams(world).items()}
        return [names[stream] for stream in dict.fromkeys(counting.appended)]

    for path in paths:  # in the order of their names, which is that of a look
        world.create(path, 50)
        world.pass_time(60)
    assert shipped_in_order() == [f"-a/{path.name}" for path in reversed(paths)]
    world.wire.is_cut = True
    grown = [paths[3], paths[5], paths[1]]
    for path in grown:
        world.append(path, 50)
        world.look()
        world.pass_time(60)
    world.wire.is_cut = False
    assert shipped_in_order() == [f"-a/{path.name}" for path in reversed(grown)]


def test_what_is_large_goes_in_small_requests_while_a_session_runs(world, shipped):
    world.create(world.path("-a", NAMES[1]), 4_000_000)
    world.append(shipped, 100)
    world.look()
    world.shipper.round("live")
    world.shipper.round("live")  # opened, and what the session appended
    counting = world.shipper._server = Counting(world.wire)
    world.shipper.round("bulk")
    world.pass_time(10)
    world.shipper.round("bulk")
    beside, alone = counting.sizes
    assert 0 < beside <= BESIDE_LIVE_BYTES < alone


def test_the_end_of_a_large_file_is_no_session_that_runs(world):
    for name in NAMES[:2]:
        world.create(world.path("-a", name), 1_100_000)
    world.look()
    counting = world.shipper._server = Counting(world.wire)
    for lane in ("live", "bulk", "live", "bulk"):  # opened, all but an end of one, that end, the next one
        world.shipper.round(lane)
    first, end, second = counting.sizes
    assert end <= LIVE_BYTES_MAX
    assert min(first, second) > BESIDE_LIVE_BYTES


def test_a_deleted_attachment_is_not_asked_for_again_and_again(world, shipped):
    folder = shipped.with_suffix("") / "tool-results"
    folder.mkdir(parents=True)
    (folder / "a.txt").write_bytes(b"spilled")
    world.look()
    (folder / "a.txt").unlink()
    counting = world.shipper._server = Counting(world.wire)
    for _ in range(20):
        world.ship()
    assert counting.calls.count("missing") == 1


def test_what_spoils_a_request_does_not_hold_up_the_others(world):
    paths = [world.path("-a", name) for name in NAMES]
    for path in paths:
        world.create(path, 100)
    poison = b"poison"
    paths[2].write_bytes(poison)
    world.shipper._server = Counting(
        world.wire, lambda name, pieces: name == "append" and any(piece.file_size == len(poison) for piece in pieces)
    )
    world.look()
    for _ in range(40):
        world.ship()
        world.pass_time(10)
    stored = {path: generations[-1] for path, _, _, generations in world.stored()}
    for path in paths:
        if path != paths[2]:
            assert stored[f"-a/{path.name}"] == path.read_bytes()
    assert [fault.path for fault in world.shipper.files.progress().faults] == [str(paths[2])]


def test_attachments_that_change_all_the_time_do_not_starve_large_transcripts(world, shipped):
    folder = shipped.with_suffix("") / "tool-results"
    folder.mkdir(parents=True)
    world.append(shipped, 600_000)  # too much for the live lane
    for number in range(30):
        (folder / "a.txt").write_bytes(b"%d" % number)
        world.look()
        world.shipper.round("bulk")
    stored = {path: generations[-1] for path, _, _, generations in world.stored()}
    assert stored[f"-a/{NAMES[0]}.jsonl"] == shipped.read_bytes()


def test_a_server_that_was_set_back_gets_what_it_lost(world, shipped, tmp_path):
    with opened(tmp_path / "backup") as empty:
        world.wire.is_cut = True
        world.reporter.report()
        world.at = empty
        world.reception = Receiver(empty).of_owner(*world.owner)
        world.wire.is_cut = False
        assert streams(world) == {}
        world.reporter.report()  # nothing changed on disk: that the server was away is all there is to tell
        for _ in range(10):
            world.ship()
        assert {path: raw[-1] for path, _, _, raw in world.stored()} == {f"-a/{NAMES[0]}.jsonl": shipped.read_bytes()}


def test_a_clock_that_is_set_back_does_not_keep_files_from_being_kept(world):
    path = world.path("-a", NAMES[0])
    world.create(path, 100)
    raw = path.read_bytes()
    world.wire.is_cut = True
    world.look()
    world.wall -= 365 * 86_400
    world.pass_time(30)
    world.look()
    path.unlink()
    shutil.rmtree(path.parent)
    world.look()
    world.wire.is_cut = False
    world.settle()
    assert {path: raw[-1] for path, _, _, raw in world.stored()} == {f"-a/{NAMES[0]}.jsonl": raw}


def test_an_unreachable_server_is_asked_less_and_less_often(world, shipped):
    world.append(shipped, 10)
    world.look()
    world.wire.is_cut = True
    counting = world.shipper._server = Counting(world.wire)
    for _ in range(6_000):
        world.ship()
        world.pass_time(0.1)
    assert 10 <= len(counting.calls) <= 200  # in ten minutes
    assert isinstance(world.shipper.failure.error, Unreachable)


def test_a_large_file_that_is_deleted_on_its_way_is_shipped_from_its_link(at, tmp_path):
    """It lies there for minutes and takes many requests: a link keeps it after 20 s, whatever is sent of it."""
    world = World(at, Faults(at.database.engine), tmp_path / "world", piece_bytes=1 << 20)
    path = world.path("-a", NAMES[0])
    world.create(path, 1_000)
    raw = path.read_bytes() * 40_000
    path.write_bytes(raw)
    world.happened(path)
    for _ in range(6):
        world.look()
        world.ship()
        world.pass_time(19)
    (stored,) = world.stored()
    assert len(stored[3][-1]) < len(raw), "it must be under way still"
    path.unlink()
    world.settle()
    (stored,) = world.stored()
    assert bytes(stored[3][-1]) == raw
