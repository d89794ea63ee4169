import errno
import shutil
import threading
import time
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from ingest.lines import MAIN_ID, OWNER, jsonl, talk, write
from session_replay.collector.follow import FULL_LOOK_SECONDS, WATCH_CHECK_MS, Follower


@given(st.lists(st.sampled_from(["grow", "touch", "new", "nothing"]), min_size=1, max_size=6))
def test_a_follower_tells_exactly_what_changed(tmp_path_factory, changes):
    projects = tmp_path_factory.mktemp("follow") / "projects"
    path = write(projects / "-p" / f"{MAIN_ID}.jsonl", jsonl(*talk(2)))
    follower = Follower(projects, OWNER)
    assert [file.path for file in follower._discovered()] == [str(path)]
    for number, change in enumerate(changes):
        expected = []
        if change == "new":
            expected = [str(write(projects / "-p" / f"{number}.jsonl", b"x"))]
        elif change != "nothing":
            expected = [str(write(path, path.read_bytes() + (b"x" if change == "grow" else b"")))]
        assert [file.path for file in follower._discovered()] == expected


def test_a_follower_waits_for_its_folder_and_ends_when_told(tmp_path):
    stopped = threading.Event()
    changes = Follower(tmp_path / "projects", OWNER).changes(stopped)
    assert next(changes) == []
    path = write(tmp_path / "projects" / "-p" / f"{MAIN_ID}.jsonl", b"{}\n")
    found = next(files for files in changes if files)
    assert [file.path for file in found] == [str(path)]
    stopped.set()
    assert list(changes) in ([], [[]])


def test_a_folder_that_goes_away_or_is_closed_is_told_and_its_files_are_not_taken_for_removed(tmp_path, monkeypatch):
    projects = tmp_path / "projects"
    path = write(projects / "-p" / f"{MAIN_ID}.jsonl", b"{}\n")
    follower = Follower(projects, OWNER)
    follower._discovered()

    def said():
        assert follower._discovered() == []
        assert [file.path for file in follower.files] == [str(path)]
        return [(fault.path, fault.problem) for fault in follower.faults]

    projects.rename(tmp_path / "elsewhere")
    assert said() == [(str(projects), "is gone")]
    (tmp_path / "elsewhere").rename(projects)
    assert said() == []

    # What lies above may be closed to the user; root, as whom tests may run, sees all.
    stat = Path.stat

    def closed(self, **options):
        if self == projects:
            raise PermissionError(errno.EACCES, "Permission denied")
        return stat(self, **options)

    monkeypatch.setattr(Path, "stat", closed)
    assert said() == [(str(projects), "may not be read")]
    monkeypatch.undo()
    assert said() == []


def test_what_is_excluded_is_no_fault(tmp_path):
    projects = tmp_path / "projects"
    write(projects / "-p" / f"{MAIN_ID}.jsonl", b"{}\n")
    (projects / "-p" / "folder.jsonl").mkdir()
    (projects / "-q").symlink_to(tmp_path)

    def faults(folder, *excluded):
        follower = Follower(folder, OWNER, excluded)
        follower._discovered()
        return sorted(Path(fault.path).name for fault in follower.faults)

    assert faults(projects) == ["-q", "folder.jsonl"]
    for folder in (projects, tmp_path):
        assert faults(folder, "*/folder.jsonl") == ["-q"]
        assert faults(folder, "-q/*") == ["folder.jsonl"]
    assert faults(projects, "-p/*", "-q/*") == []


def test_a_folder_that_is_made_anew_is_watched_as_the_one_before(tmp_path):
    projects = tmp_path / "projects"
    write(projects / "-p" / f"{MAIN_ID}.jsonl", b"{}\n")
    stopped = threading.Event()
    changes = Follower(projects, OWNER).changes(stopped)
    assert len(next(changes)) == 1
    shutil.rmtree(projects)
    projects.mkdir()
    began = time.monotonic()
    while time.monotonic() - began < WATCH_CHECK_MS / 1000 + 1:  # the watch comes to know of it
        next(changes)
    written_at = time.monotonic()
    path = write(projects / "-q" / f"{MAIN_ID}.jsonl", b"{}\n")
    found = next(files for files in changes if files)
    assert [file.path for file in found] == [str(path)]
    # Not by the look that all of the folder gets now and then.
    assert time.monotonic() - written_at < FULL_LOOK_SECONDS / 2
    stopped.set()
    list(changes)
