import errno
import shutil
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.lines import MAIN_ID, OWNER, jsonl, talk, write
from session_replay.collector.follow import FULL_LOOK_SECONDS, WATCH_CHECK_MS, Follower, discover

LAYOUT = {
    f"-p/{MAIN_ID}.jsonl": ("main", MAIN_ID, None),
    "-p/agent-a1.jsonl": ("subagent", None, "a1"),
    f"-p/{MAIN_ID}/subagents/agent-a2.jsonl": ("subagent", MAIN_ID, "a2"),
    f"-p/{MAIN_ID}/subagents/agent-a2.meta.json": ("attachment", MAIN_ID, None),
    f"-p/{MAIN_ID}/subagents/workflows/w1/agent-a3.jsonl": ("subagent", MAIN_ID, "a3"),
    f"-p/{MAIN_ID}/subagents/workflows/w1/journal.jsonl": ("attachment", MAIN_ID, None),
    f"-p/{MAIN_ID}/tool-results/b.txt": ("attachment", MAIN_ID, None),
    f"-p/{MAIN_ID}/custom-title.json": ("attachment", MAIN_ID, None),
    "-p/projects/inner.txt": ("attachment", "projects", None),
    "top.jsonl": ("main", "top", None),
}
IGNORED = ["-p/notes.txt", f"-p/{MAIN_ID}/subagents/agent-a2.meta.tmp.123.json", "top.txt"]


def make(projects):
    for name in [*LAYOUT, *IGNORED]:
        write(projects / name, b"{}\n")
    return projects


def addresses(found):
    return sorted(file.address for file in found.files)


@pytest.mark.parametrize("start", ["projects", ".claude", "home"])
def test_the_layout_is_found_from_any_folder_above(tmp_path, start):
    make(tmp_path / "home" / ".claude" / "projects")
    folder = {"projects": "home/.claude/projects", ".claude": "home/.claude", "home": "."}[start]
    found = discover(tmp_path / folder, OWNER)
    assert {file.address: (file.kind, file.session, file.agent_id) for file in found.files} == LAYOUT
    assert (found.faults, found.projects_folders) == ([], 1)
    assert {(file.host, file.user) for file in found.files} == {OWNER}
    assert all(file.size == 3 for file in found.files)


def test_a_folder_of_projects_may_have_another_name(tmp_path):
    (make(tmp_path / "copied") / "-p" / "projects" / "inner.txt").unlink()
    (tmp_path / "copied" / "-p" / "projects").rmdir()
    assert addresses(discover(tmp_path / "copied", OWNER)) == sorted(set(LAYOUT) - {"-p/projects/inner.txt"})


def test_what_is_not_there_holds_nothing(tmp_path):
    assert discover(tmp_path / "none", OWNER) == ([], [], 0)
    assert discover(tmp_path, OWNER).files == []


def test_equal_paths_of_several_folders_stay_apart(tmp_path):
    for host in ("one", "two", "three"):
        write(tmp_path / host / "projects" / "-p" / "a.jsonl", b"")
    found = addresses(discover(tmp_path, OWNER))
    assert found == sorted(["-p/a.jsonl", "three/projects/-p/a.jsonl", "two/projects/-p/a.jsonl"])
    by_host = discover(tmp_path, OWNER, host_from_path=True).files
    assert sorted((file.host, file.address) for file in by_host) == [
        ("one", "-p/a.jsonl"),
        ("three", "-p/a.jsonl"),
        ("two", "-p/a.jsonl"),
    ]


def test_too_deep_is_a_fault(tmp_path):
    deep = tmp_path / "projects" / "-p" / MAIN_ID / "/".join("d" * 1 for _ in range(20))
    write(deep / "a.txt", b"")
    found = discover(tmp_path, OWNER)
    assert found.files == []
    assert "deep" in found.faults[0].problem


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
