"""Bad input is shown as what it is or counted as a fault; it never stops the rest."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ingest.lines import MAIN_ID, answered, catalogue, jsonl, said, sealed_files, take_in, talk, write

GOOD = "bbbbbbbb-0000-4000-8000-000000000002"


@pytest.fixture
def beside_a_good_file(at, projects):
    """Import what the test made beside a good session; the good one must always be there whole."""

    def take():
        write(projects / "-p" / f"{GOOD}.jsonl", jsonl(*talk(4, of=8)))
        tally = take_in(at, projects)
        sessions, _ = catalogue(at)
        assert sessions[GOOD]["lines"] == sessions[GOOD]["lines_with_entries"] == 4
        return sessions, [(Path(fault.path).name, fault.problem) for fault in tally.faults]

    return take


LINES = {
    "not JSON": b"this is no JSON\n",
    "half a line": b'{"type":"user","message":{"role":"us\n',
    "NUL bytes": b'\0\0\0\n{"type":"user","message":{"content":"a\\u0000b"}}\n',
    "invalid UTF-8": b'{"type":"user","message":{"role":"user","content":"\xff\xfe"}}\n',
    "lone surrogates": b'{"type":"user","cwd":"\\ud800","gitBranch":"\\udfff","message":{"content":"\\ud83d"}}\n',
    "deep JSON": b'{"type":"user","message":' + b"[" * 100_000 + b"]" * 100_000 + b"}\n",
    "deep and open": b"[" * 100_000 + b"\n",
    "numbers for text": b'{"type":1,"uuid":2,"sessionId":3,"timestamp":4,"cwd":5,"message":6,"version":7}\n',
    "text for numbers": jsonl(answered(1, "a", output_tokens="many")),
    "large numbers": jsonl(answered(1, "a", output_tokens=10**30), answered(2, "b", output_tokens=-5)),
    "other values": b'null\n1\n"text"\n[]\n{}\n',
    "long names": jsonl(said(1, "a", cwd="/" + "d" * 9_000, gitBranch="b" * 9_000, version="v" * 9_000)),
    "carriage returns": jsonl(said(1, "a")).replace(b"\n", b"\r\n"),
    "clock in 1970": jsonl(said(1, "a", timestamp="1970-01-01T00:00:00.000Z"), *talk(2)),
    "clock in 2100": jsonl(said(1, "a", timestamp="2100-01-01T00:00:00.000Z"), *talk(2)),
    "no clock": jsonl(said(1, "a", timestamp="yesterday"), said(2, "b", timestamp=1e300)),
}


@pytest.mark.parametrize("name", LINES)
def test_lines_that_are_wrong_are_kept_and_shown(name, beside_a_good_file, at, projects):
    raw = LINES[name]
    write(projects / "-p" / f"{MAIN_ID}.jsonl", raw)
    sessions, faults = beside_a_good_file()
    assert faults == []
    session = sessions[MAIN_ID]
    assert session["lines"] == session["lines_with_entries"] == raw.count(b"\n")
    assert sealed_files(at)[MAIN_ID][1] == [raw]
    assert 0 <= session["duration_ms"] < 86_400_000


@pytest.mark.parametrize("mtime_seconds", [-86_400 * 365, 0, 4_102_444_800, 10_413_792_000])
def test_files_of_any_time_are_taken(mtime_seconds, beside_a_good_file, projects):
    path = write(projects / "-p" / f"{MAIN_ID}.jsonl", b"")
    os.utime(path, (mtime_seconds, mtime_seconds))
    sessions, faults = beside_a_good_file()
    assert faults == []
    assert sessions[MAIN_ID]["lines"] == 0


def test_what_is_no_regular_file_is_counted(beside_a_good_file, projects, tmp_path):
    (projects / "-p" / "folder.jsonl").mkdir(parents=True)
    (projects / "top.jsonl").mkdir()
    os.mkfifo(projects / "-p" / "fifo.jsonl")
    (projects / "-p" / "dangling.jsonl").symlink_to("nowhere")
    (projects / "-p" / "circle.jsonl").symlink_to("circle.jsonl")
    outside = write(tmp_path / "outside" / "secret.jsonl", jsonl(*talk(2, of=5)))
    (projects / "-p" / "out.jsonl").symlink_to(outside)
    (projects / "-out").symlink_to(outside.parent)
    (projects / "-p" / "out-folder").symlink_to(outside.parent)
    (projects / "-loop").symlink_to(projects)
    sessions, faults = beside_a_good_file()
    assert set(sessions) == {GOOD}
    assert {name for name, _ in faults} == {
        *("folder.jsonl", "top.jsonl", "fifo.jsonl", "dangling.jsonl", "circle.jsonl", "out.jsonl"),
        *("-out", "out-folder", "-loop"),
    }
    assert all(problem for _, problem in faults)


def test_a_link_inside_the_folder_is_a_copy(beside_a_good_file, projects):
    path = write(projects / "-p" / f"{MAIN_ID}.jsonl", jsonl(*talk(2)))
    (projects / "-p" / "cccccccc-0000-4000-8000-000000000003.jsonl").symlink_to(path)
    sessions, faults = beside_a_good_file()
    assert faults == []
    assert sum(session["inherited_lines"] for session in sessions.values()) == 2


def test_a_file_that_goes_away_or_turns_into_something_else_is_a_fault(at, projects):
    gone = write(projects / "-p" / f"{MAIN_ID}.jsonl", jsonl(*talk(2)))
    spilled = write(projects / "-p" / MAIN_ID / "tool-results" / "a.txt", b"x")
    turned = write(projects / "-p" / "cccccccc-0000-4000-8000-000000000003.jsonl", jsonl(*talk(2, of=3)))
    write(projects / "-p" / f"{GOOD}.jsonl", jsonl(*talk(4, of=8)))

    def late(files):
        gone.unlink()
        spilled.unlink()
        turned.unlink()
        turned.mkdir()
        return files

    tally = take_in(at, projects, order=late)
    assert {fault.path for fault in tally.faults} == {str(gone), str(spilled), str(turned)}
    assert catalogue(at)[0][GOOD]["lines"] == 4
    turned.rmdir()
    write(gone, jsonl(*talk(3)))
    assert take_in(at, projects).faults == []
    assert catalogue(at)[0][MAIN_ID]["lines"] == 3


@pytest.mark.parametrize("url", ["sqlite", "postgresql"])
def test_file_names_may_be_anything(url, tmp_path, new_database_url):
    from ingest.lines import opened

    projects = tmp_path / "projects"
    raw = jsonl(*talk(2))
    names = [
        b"-p/\xff\xfe.jsonl",
        b"-\xff/" + GOOD.encode() + b".jsonl",
        b"-p/no uuid.jsonl",
        b"-p/.jsonl",
        b"-p/agent-\xff.jsonl",
        b"-p/agent-.jsonl",
        b"-p/agent-" + b"n" * 230 + b".jsonl",
        b"-p/a\nb.jsonl",
        "-p/é %2e?#.jsonl".encode(),
        b"-p/" + MAIN_ID.encode() + b"/subagents/agent-\xff.jsonl",
        b"-p/" + MAIN_ID.encode() + b"/tool-results/\xff.txt",
    ]
    for number, name in enumerate(names):
        write(projects / os.fsdecode(name), raw.replace(b"question", b"q%d" % number))
    for level in range(20):
        agent = "d" * 90 + f"{level:02}"
        folder = projects / "-p" / MAIN_ID / "subagents"
        write(folder / f"agent-{agent}.jsonl", raw)
        write(folder / f"agent-{agent}.meta.json", b'{"parentAgentId":"%s"}' % f"{'d' * 90}{level - 1:02}".encode())
    with opened(tmp_path, new_database_url(url)) as at:
        tally = take_in(at, projects)
        assert tally.faults == []
        sessions, _ = catalogue(at)
        assert len(sessions) == len(names) - 1 + 20
        assert all(name.isascii() and name.isprintable() and len(name) <= 400 for name in sessions)
        assert take_in(at, projects).unchanged_files == tally.files


def test_an_attachment_that_is_no_json_says_nothing_of_its_agent(beside_a_good_file, projects):
    folder = projects / "-p" / MAIN_ID / "subagents"
    metas = [b"", b"[", b"[]", b'{"toolUseId":5}', b"\xff", b'{"parentAgentId":"../../x\\u0000"}']
    for number, meta in enumerate(metas):
        write(folder / f"agent-{number}.jsonl", jsonl(*talk(2, of=number)))
        write(folder / f"agent-{number}.meta.json", meta)
    sessions, faults = beside_a_good_file()
    assert faults == []
    assert sum(session["orphan"] for session in sessions.values()) == 6


MEMORY = """
import resource, sys
from pathlib import Path
from ingest.lines import catalogue, opened, take_in
with opened(Path(sys.argv[1])) as at:
    tally = take_in(at, Path(sys.argv[1], "projects"))
    (session,) = catalogue(at)[0].values()
    assert session["lines"] == session["lines_with_entries"] == 5, session["lines"]
    assert session["size_bytes"] == tally.stored_bytes
    assert not tally.faults
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_a_line_of_100_mb_is_one_entry(tmp_path):
    path = write(tmp_path / "projects" / "-p" / f"{MAIN_ID}.jsonl", jsonl(*talk(2)))
    block = os.urandom(1 << 15).hex().encode() * 16
    with path.open("ab") as file:
        file.write(b'{"type":"user","message":{"role":"user","content":"')
        for _ in range(100):
            file.write(block)
        file.write(b'"}}\n')
        file.write(jsonl(*talk(2, first=2)))
    tests = str(Path(__file__).parents[1])
    ran = subprocess.run(
        [sys.executable, "-c", MEMORY, str(tmp_path)],
        env=os.environ | {"PYTHONPATH": tests},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    peak_kib = int(ran.stdout)
    assert peak_kib < 700 * 1024  # the line a few times over, not once for each window tried
