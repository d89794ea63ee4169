"""Random histories of files, collector, server and wire: at rest the server has all of every file, once."""

import os
import shutil
import tempfile
import uuid
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from collector.histories import FOLDERS, Faults, World, swap_for_link, swap_for_pipe, transcripts
from collector.privileges import without_privileges
from ingest.lines import opened
from session_replay.store.attachments import attachment
from session_replay.wire import BLOCK_BYTES

IS_SOAK = "SOAK" in os.environ
HISTORIES = 2_000 if IS_SOAK else 500
STEPS = 24
SIZES = st.sampled_from([1, 50, 150, 400, BLOCK_BYTES - 100, BLOCK_BYTES + 3_000, 2 * BLOCK_BYTES])
SMALL = st.sampled_from([1, 100, 300])
PICKED = st.integers(0, 1 << 16)


class Histories(RuleBasedStateMachine):
    """One world; every rule is one thing that happens."""

    at = faults = folder = None

    def __init__(self):
        super().__init__()
        home = Path(tempfile.mkdtemp(dir=self.folder))
        self.world = World(self.at, self.faults, home)
        # In the same order in each world, or a history would not happen again as it did.
        self.names = [f"{number}{str(uuid.uuid4())[1:]}" for number in range(2)]

    def one(self, number):
        found = transcripts(self.world)
        return found[number % len(found)]

    def any_path(self, number):
        paths = [self.world.path(folder, name) for folder in FOLDERS for name in self.names]
        return paths[number % len(paths)]

    def is_free(self, path):
        if path.parent.is_file() or path.is_symlink() or path.is_fifo():
            return False
        return not path.exists() or os.access(path, os.R_OK)

    def there_are_files(self):
        return bool(transcripts(self.world))

    @initialize(piece_bytes=st.sampled_from([64, 8_192]), size=SIZES)
    def first(self, piece_bytes, size):
        """Some histories of small files in many pieces, others of files of some blocks."""
        self.world.piece_bytes = piece_bytes
        self.world.start_collector()
        self.world.create(self.any_path(0), self.sized(size))

    def sized(self, size):
        return size if self.world.piece_bytes > 64 else min(size, 700)

    # Files

    @rule(number=PICKED, size=SIZES)
    def create(self, number, size):
        path = self.any_path(number)
        if path.parent.is_file():
            return
        if path.is_symlink() or path.is_fifo():
            path.unlink()
        if path.exists():
            self.world.replace(path, self.sized(size))
        else:
            self.world.create(path, self.sized(size))

    @precondition(there_are_files)
    @rule(number=PICKED, size=SMALL, cut=st.sampled_from([0, 0, 1, 40]))
    def append(self, number, size, cut):
        self.world.append(self.one(number), size, cut)

    @precondition(there_are_files)
    @rule(number=PICKED)
    def append_much(self, number):
        self.world.append(self.one(number), self.sized(BLOCK_BYTES + 10))

    @precondition(there_are_files)
    @rule(number=PICKED, size=st.integers(0, 3 * BLOCK_BYTES))
    def truncate(self, number, size):
        path = self.one(number)
        self.world.truncate(path, size % (path.stat().st_size + 1))

    @precondition(there_are_files)
    @rule(number=PICKED, start=st.sampled_from([0, 10, 200, BLOCK_BYTES + 1]), more=st.sampled_from([0, 0, 300]))
    def overwrite(self, number, start, more):
        self.world.overwrite(self.one(number), start, more=more)

    @precondition(there_are_files)
    @rule(number=PICKED, to=PICKED)
    def move(self, number, to):
        path, target = self.one(number), self.any_path(to)
        if target != path and self.is_free(target):
            self.world.move(path, target)

    @precondition(there_are_files)
    @rule(number=PICKED, folder=st.sampled_from(FOLDERS))
    def move_to_another_folder(self, number, folder):
        path = self.one(number)
        target = self.world.projects / folder / path.name
        if not target.exists() and self.is_free(target):
            self.world.move(path, target)

    @precondition(there_are_files)
    @rule(number=PICKED, to=PICKED)
    def copy(self, number, to):
        path, target = self.one(number), self.any_path(to)
        if target != path and self.is_free(target):
            self.world.copy(path, target)

    @precondition(there_are_files)
    @rule(number=PICKED)
    def delete(self, number):
        self.world.delete(self.one(number))

    @precondition(there_are_files)
    @rule(number=PICKED)
    def close(self, number):
        self.one(number).chmod(0)

    @rule()
    def open_what_was_closed(self):
        self.world.open_all()

    @precondition(there_are_files)
    @rule(number=PICKED)
    def swap_for_a_link(self, number):
        swap_for_link(self.world, self.one(number))

    @precondition(there_are_files)
    @rule(number=PICKED)
    def swap_for_a_pipe(self, number):
        swap_for_pipe(self.world, self.one(number))

    @rule(folder=st.sampled_from(FOLDERS))
    def hide_a_folder_or_show_it_again(self, folder):
        there, away = self.world.projects / folder, self.world.outside / folder
        if away.exists():
            there.unlink()
            away.rename(there)
        elif there.is_dir():
            there.rename(away)
            there.write_bytes(b"a file in its place")

    @rule(number=PICKED, size=st.integers(0, 300))
    def write_an_attachment(self, number, size):
        folder = self.world.projects / FOLDERS[number % 3] / self.names[0] / "tool-results"
        if not self.world.projects.joinpath(FOLDERS[number % 3]).is_file():
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "a.txt").write_bytes(bytes([number % 256]) * size)

    # Collector and server

    @rule()
    def look(self):
        self.world.look()

    @rule()
    def glance(self):
        self.world.glance()

    @rule(rounds=st.integers(1, 8))
    def ship(self, rounds):
        self.world.ship(rounds)

    @rule(seconds=st.sampled_from([0.1, 1, 11, 21, 61, 700]))
    def look_ship_and_wait(self, seconds):
        self.world.look()
        self.world.ship(4)
        self.world.pass_time(seconds)

    @rule()
    def report(self):
        self.world.reporter.report()

    @rule(state_is_lost=st.booleans())
    def kill_the_collector(self, state_is_lost):
        self.world.start_collector(state_is_lost=state_is_lost)

    @rule()
    def kill_the_server(self):
        self.world.start_server()

    @rule(at=st.sampled_from(["statement", "commit", None]))
    def fill_the_disk_or_clear_it(self, at):
        self.world.faults.at = at

    @rule(fates=st.lists(st.sampled_from(["good", "lost", "unanswered", "twice", "late"]), min_size=1, max_size=4))
    def disturb_the_wire(self, fates):
        self.world.wire.fates += fates

    @rule(seconds=st.sampled_from([1, 25, 86_400]), goes_on=st.booleans(), deleted=st.none() | PICKED)
    def cut_the_wire(self, seconds, goes_on, deleted):
        """For so long that what waits may be linked, and then perhaps one is deleted."""
        self.world.wire.is_cut = True
        self.world.look()
        self.world.ship(2)
        self.world.pass_time(seconds)
        self.world.look()
        if deleted is not None and transcripts(self.world):
            self.world.delete(self.one(deleted))
        self.world.wire.is_cut = goes_on

    @rule()
    def mend_the_wire(self):
        self.world.wire.is_cut = False

    @rule(number=PICKED)
    def deliver_late(self, number):
        self.world.wire.deliver_late(number)

    @rule(seconds=st.sampled_from([0.3, 20, 60, 86_400]))
    def wait(self, seconds):
        self.world.pass_time(seconds)

    @rule(days=st.sampled_from([-400, -1, 1, 400]))
    def set_the_clock(self, days):
        self.world.wall += days * 86_400

    @invariant()
    def what_is_stored_was_there(self):
        self.world.check()

    def teardown(self):
        for folder in FOLDERS:
            there, away = self.world.projects / folder, self.world.outside / folder
            if away.exists():
                there.unlink()
                away.rename(there)
        self.world.settle()
        self.world.check_at_rest()
        shutil.rmtree(self.world.home)


@pytest.fixture(scope="module")
def histories(tmp_path_factory):
    folder = tmp_path_factory.mktemp("histories")
    with opened(folder) as at:
        yield type("OfThisStore", (Histories,), {"at": at, "faults": Faults(at.database.engine), "folder": folder})


def test_whatever_happens_all_of_every_file_is_stored_once(histories):
    how = settings(
        max_examples=HISTORIES,
        stateful_step_count=STEPS,
        suppress_health_check=list(HealthCheck),
        print_blob=True,
        # The same ones each time: new ones are looked for by who has the time to mend what they find.
        derandomize=not IS_SOAK,
    )
    without_privileges(lambda: run_state_machine_as_test(histories, settings=how))


def test_an_outage_of_45_days_with_the_clients_own_cleaning_loses_nothing(tmp_path):
    """Each day a session is written and one of 30 days ago is deleted; on some days the collector starts again."""
    day_seconds = 86_400
    with opened(tmp_path) as at:
        world = World(at, Faults(at.database.engine), tmp_path / "world", piece_bytes=8_192)
        world.look()
        world.ship(4)
        written = {}
        world.wire.is_cut = True
        for day in range(45):
            path = world.path("-a", f"{day:08x}-0000-4000-8000-000000000045")
            world.create(path, 500)
            spilled = path.with_suffix("") / "tool-results" / "a.txt"
            spilled.parent.mkdir(parents=True)
            spilled.write_bytes(b"%d" % day)
            for _ in range(4):
                world.look()
                world.ship(4)
                world.pass_time(30)
                world.append(path, 300)
            written[path] = path.read_bytes()
            world.pass_time(day_seconds)
            world.look()
            if day >= 30:
                old = world.path("-a", f"{day - 30:08x}-0000-4000-8000-000000000045")
                old.unlink()
                shutil.rmtree(old.with_suffix(""))
            if day % 7 == 6:
                world.start_collector()
            world.look()
        assert world.shipper.files.progress().unshipped_since is not None
        world.wire.is_cut = False
        world.settle()
        world.check_at_rest()
        stored = {path: generations for path, _, _, generations in world.stored()}
        assert stored == {path.relative_to(world.projects).as_posix(): [raw] for path, raw in written.items()}
        with at.database.read() as connection:
            for day, path in enumerate(written):
                spilled = path.relative_to(world.projects).with_suffix("") / "tool-results" / "a.txt"
                assert attachment(connection, at, world.reception.client, spilled.as_posix()) == b"%d" % day
        assert list((world.home / "spool").iterdir()) == []
