import pytest

from collector.privileges import without_privileges
from ingest.lines import MAIN_ID, OWNER, jsonl, talk, write
from session_replay.collector.discover import discover

LAYOUT = {
    f"-p/{MAIN_ID}.jsonl": ("main", MAIN_ID, None),
    "-p/agent-a1.jsonl": ("subagent", None, "a1"),
    f"-p/{MAIN_ID}/subagents/agent-a2.jsonl": ("subagent", MAIN_ID, "a2"),
    f"-p/{MAIN_ID}/subagents/agent-a2.meta.json": ("attachment", MAIN_ID, None),
    f"-p/{MAIN_ID}/subagents/workflows/w1/agent-a3.jsonl": ("subagent", MAIN_ID, "a3"),
    f"-p/{MAIN_ID}/subagents/workflows/w1/journal.jsonl": ("attachment", MAIN_ID, None),
    f"-p/{MAIN_ID}/tool-results/b.txt": ("attachment", MAIN_ID, None),
    f"-p/{MAIN_ID}/custom-title.json": ("attachment", MAIN_ID, None),
    "-p/named.jsonl": ("main", "named", None),
    "-p/named/tool-results/c.txt": ("attachment", "named", None),
    "-p/orphans/subagents/agent-a4.jsonl": ("subagent", "orphans", "a4"),
    "top.jsonl": ("main", "top", None),
}
IGNORED = [
    "-p/notes.txt",
    "-p/projects/inner.txt",
    "-p/src/.env",
    "-p/src/deep/id_ed25519",
    f"-p/{MAIN_ID}/subagents/agent-a2.meta.tmp.123.json",
    "top.txt",
]


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
    found = discover([tmp_path / folder], OWNER)
    assert {file.address: (file.kind, file.session, file.agent_id) for file in found.files} == LAYOUT
    assert found.faults == []
    assert {(file.host, file.user) for file in found.files} == {OWNER}
    assert all(file.size == 3 for file in found.files)


def test_a_folder_of_projects_may_have_another_name(tmp_path):
    (make(tmp_path / "copied") / "-p" / "projects" / "inner.txt").unlink()
    (tmp_path / "copied" / "-p" / "projects").rmdir()
    assert addresses(discover([tmp_path / "copied"], OWNER)) == sorted(LAYOUT)


def test_what_is_not_there_holds_nothing(tmp_path):
    assert discover([tmp_path / "none"], OWNER) == ([], [])
    assert discover([tmp_path], OWNER).files == []


def test_equal_paths_of_several_folders_stay_apart(tmp_path):
    for host in ("one", "two", "three"):
        write(tmp_path / host / "projects" / "-p" / "a.jsonl", b"")
    found = addresses(discover([tmp_path], OWNER))
    assert found == sorted(["-p/a.jsonl", "three/projects/-p/a.jsonl", "two/projects/-p/a.jsonl"])
    by_host = discover([tmp_path], OWNER, host_from_path=True).files
    assert sorted((file.host, file.address) for file in by_host) == [
        ("one", "-p/a.jsonl"),
        ("three", "-p/a.jsonl"),
        ("two", "-p/a.jsonl"),
    ]


def test_a_file_has_one_address_from_wherever_and_in_whichever_order(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    ids = [f"{number:08x}{MAIN_ID[8:]}" for number in range(3)]
    for folder, number in ((one, 0), (two, 1), (two, 2)):
        write(folder / "projects" / "-p" / f"{ids[number]}.jsonl", jsonl(*talk(2, of=number)))
    write(two / "projects" / "-p" / ids[2] / "tool-results" / "a.txt", b"a")
    # Of client 2.0: beside its session, which it names.
    beside = jsonl(*({"type": "user", "sessionId": ids[number]} for number in (2,)))
    write(two / "projects" / "-p" / "agent-a1.jsonl", beside)
    before = {file.path: file.address for file in discover([tmp_path], OWNER).files}
    # A session of the second folder turns up in the first one, too: only that one is set apart.
    copied = write(one / "projects" / "-p" / f"{ids[2]}.jsonl", jsonl(*talk(2, of=2)))
    after = {file.path: file.address for file in discover([tmp_path], OWNER).files}
    moved = {path for path, address in before.items() if after[path] != address}
    assert moved == {path for path, address in before.items() if ids[2] in address or "agent-a1" in address}
    assert all(after[path] == f"two/projects/{before[path]}" for path in moved)
    assert after[str(copied)] == f"-p/{ids[2]}.jsonl"
    for folders in ([one, two], [two, one], [one, two, one], [tmp_path, two], [two / "projects", one]):
        found = discover(folders, OWNER).files
        assert {file.path: file.address for file in found} == after
        assert len(found) == len(after)


def test_a_closed_folder_above_is_a_fault(tmp_path):
    for host in ("one", "two"):
        write(tmp_path / host / "projects" / "-p" / f"{MAIN_ID}.jsonl", b"{}\n")
    closed = write(tmp_path / "one" / "projects" / "-p" / "closed.jsonl", b"{}\n")
    closed.chmod(0)
    (tmp_path / "two").chmod(0)
    try:
        found = without_privileges(lambda: discover([tmp_path], OWNER))
    finally:
        (tmp_path / "two").chmod(0o700)
    assert [file.address for file in found.files] == [f"-p/{MAIN_ID}.jsonl"]
    assert sorted((fault.path, fault.problem) for fault in found.faults) == [
        (str(closed), "may not be read"),
        (str(tmp_path / "two"), "may not be read"),
    ]


def test_too_deep_is_a_fault(tmp_path):
    deep = tmp_path / "projects" / "-p" / MAIN_ID / "/".join("d" * 1 for _ in range(20))
    write(deep / "a.txt", b"")
    found = discover([tmp_path], OWNER)
    assert found.files == []
    assert "deep" in found.faults[0].problem
