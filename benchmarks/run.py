"""The benchmarks: what DESIGN's numbers are, on made-up fleets, beside a peer in the same run.

Prints a table and writes ``results.json``; it asserts nothing, since a busy machine is no fault of the code.
Fleets come from ``../shared/tools/make_fleet.py`` beside the checkout; where that is missing it says so and ends.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import platform
import shutil
import statistics
import sys
import tempfile
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Literal

import msgspec
from rich.console import Console
from rich.table import Table

import browser
import catalogue
import fleet as fleets
import measure
import peer

HERE = Path(__file__).resolve().parent
FLEET_MAKER = HERE.parent.parent / "shared" / "tools" / "make_fleet.py"
CACHE = HERE / ".cache"
RESULTS = HERE / "results.json"
API_KEY = "benchmark-key-of-more-than-32-characters"
HEADERS = {"Authorization": f"Bearer {API_KEY}"}
PORT, PEER_PORT, PAGE_PORT = 18431, 18432, 18433
END = "2026-11-20T12:00:00Z"
FLEET = ["--hosts", "4", "--sessions", "170", "--days", "20", "--seed", "7", "--size-mix", "small=0.9,medium=0.1"]
QUICK_FLEET = ["--hosts", "4", "--sessions", "24", "--days", "20", "--seed", "7", "--size-mix", "small=0.9,medium=0.1"]
HUGE = ["--hosts", "1", "--sessions", "1", "--days", "20", "--seed", "7", "--size-mix", "huge=1"]
HUGE_BYTES = (90_000_000, 130_000_000)
"""The one session is about 110 MB; another size would make the figure another one."""


class Goal(msgspec.Struct, frozen=True):
    """A row of the table: what is measured, in which unit, and what is to be reached."""

    name: str
    what: str
    unit: str
    better: Literal["higher", "lower"]
    target: float | None = None
    peer_factor: float | None = None
    """To be this many times as good as the peer."""


GOALS = (
    Goal("import_stored_mb_per_second", "import, stored and acknowledged", "MB/s", "higher"),
    Goal("import_stored_mb_per_cpu_second", "import, stored and acknowledged", "MB/CPU-s", "higher", 60),
    Goal("import_done_mb_per_second", "import, everything done", "MB/s", "higher", None, 4),
    Goal("import_done_mb_per_cpu_second", "import, everything done", "MB/CPU-s", "higher", 40),
    Goal("import_peak_mb", "import, peak memory of all processes (PSS)", "MB", "lower", 250),
    Goal("stored_share", "on disk, share of the raw bytes", "", "lower", 0.30),
    Goal("unchanged_seconds", "import again, nothing changed: whole process", "s", "lower"),
    Goal("unchanged_after_start_seconds", "import again, nothing changed: after Python's start", "s", "lower", 0.4),
    Goal("list_p50_ms", "list of 50, p50", "ms", "lower"),
    Goal("list_p95_ms", "list of 50, p95", "ms", "lower", 5),
    Goal("stats_p95_ms", "stats, p95", "ms", "lower", 25),
    Goal("activity_p95_ms", "activity by day, p95", "ms", "lower", 25),
    Goal("fleet_mirror_seconds", "100,000 sessions of 1,000 machines: column mirror made", "s", "lower"),
    Goal("fleet_mirror_bytes_per_session", "… mirror: bytes a session, texts included", "B", "lower"),
    Goal("fleet_list_p95_ms", "… list of 50, p95", "ms", "lower", 20),
    Goal(
        "fleet_filtered_list_p95_ms", "… list of 50 under any two filters, any order and page, p95", "ms", "lower", 20
    ),
    Goal("fleet_text_list_p95_ms", "… list of 50 under text filters, p95", "ms", "lower", 150),
    Goal("fleet_stats_p95_ms", "… stats, with and without filters, p95", "ms", "lower", 25),
    Goal("fleet_activity_p95_ms", "… activity by day, with and without filters, p95", "ms", "lower", 25),
    Goal("fleet_facets_p95_ms", "… suggestions, with and without filters, p95", "ms", "lower", 25),
    Goal("fleet_server_peak_mb", "… server, peak memory", "MB", "lower", 300),
    Goal("huge_import_seconds", "one session of ~110 MB: import, whole process", "s", "lower", 4),
    Goal("huge_import_peak_mb", "one session of ~110 MB: import, peak memory", "MB", "lower", 250),
    Goal("huge_first_entries_ms", "one session of ~110 MB: first entries, p50", "ms", "lower", 15),
    Goal("huge_entry_p50_ms", "one session of ~110 MB: open an entry, p50", "ms", "lower"),
    Goal("huge_entry_p95_ms", "one session of ~110 MB: open an entry, p95", "ms", "lower"),
    Goal(
        "page_cold_first_rows_ms",
        "100,000 entries in the page: first rows, address, nothing cached",
        "ms",
        "lower",
        300,
    ),
    Goal("page_cold_first_rows_cpu_ms", "… processor time of its main thread until then", "ms", "lower"),
    Goal("page_warm_first_rows_ms", "… first rows, address, files cached", "ms", "lower", 300),
    Goal("page_clicked_first_rows_ms", "… first rows, click in the session browser", "ms", "lower", 300),
    Goal("page_whole_trace_seconds", "… whole trace", "s", "lower"),
    Goal("page_filter_type_ms", "… filter by type, to the frame", "ms", "lower", 100),
    Goal("page_filter_tool_ms", "… filter by tool, to the frame", "ms", "lower", 100),
    Goal("page_filter_text_ms", "… find text, last key to the frame", "ms", "lower", 100),
    Goal("page_filter_task_ms", "… longest task of these", "ms", "lower", 100),
    Goal("page_scroll_frame_p99_ms", "… scrolling and jumping: frame, p99", "ms", "lower", 50),
    Goal("page_scroll_frame_max_ms", "… scrolling and jumping: longest frame", "ms", "lower", 50),
    Goal("page_scroll_frames_over_50_ms", "… scrolling and jumping: frames over 50 ms", "", "lower", 0),
    Goal("page_scroll_task_max_ms", "… scrolling and jumping: longest task (0: under 50)", "ms", "lower", 50),
    Goal("page_heap_mb", "… JavaScript heap after a collection", "MB", "lower"),
    Goal("page_ten_sessions_heap_mb", "ten sessions of 5,000 in turn: heap after the last", "MB", "lower"),
    Goal("page_ten_sessions_resident_mb", "ten sessions in turn: renderer process after the last", "MB", "lower"),
    Goal("page_ten_sessions_heap_growth", "… once more: heap after by before", "x", "lower", 1.1),
    Goal("page_ten_sessions_resident_growth", "… once more: renderer process after by before", "x", "lower", 1.1),
    Goal("page_appends", "recorded clients write again: appends", "", "higher"),
    Goal("page_append_p50_ms", "… append → on the screen, p50", "ms", "lower", 50),
    Goal("page_append_p99_ms", "… append → on the screen, p99", "ms", "lower", 300),
    Goal("fleet_append_p50_ms", "100 active sessions over HTTP: append → durable, p50", "ms", "lower", 500),
    Goal("fleet_append_p99_ms", "… append → durable, p99", "ms", "lower", 3000),
    Goal("fleet_append_poison_p99_ms", "… beside poison files: append → durable, p99", "ms", "lower", 3000),
    Goal("fleet_poison_p99_change", "… beside poison files: change of the p99", "", "lower", 0.1),
    Goal("fleet_calm_p99_spread", "… how far apart the p99 of the calm rounds lie, of it", "", "lower"),
    Goal("fleet_sent_again_bytes", "… collector that lost its state: sent again", "bytes", "lower", 0),
    Goal("collector_idle_mb", "collector, 1,000 files at rest: memory (RSS)", "MB", "lower", 45),
    Goal("collector_idle_cpu_percent", "collector, 1,000 files at rest: processor", "%", "lower", 0.5),
    Goal("local_import_mb_per_second", "serve: local transcripts taken in, everything done", "MB/s", "higher"),
    Goal("server_peak_mb", "server while all that was asked, peak memory", "MB", "lower", 300),
)


class Import(msgspec.Struct):
    """What ``session-replay import --json`` prints; further fields are left alone."""

    files: int
    bytes: int
    unchanged_files: int
    stored_bytes: int
    seconds_stored: float
    cpu_seconds_stored: float
    seconds: float
    cpu_seconds: float


class Product:
    """Session Replay's command, with a key file and a home folder of this run."""

    def __init__(self, command: Path, scratch: Path) -> None:
        self.command = str(command)
        self.scratch = scratch
        home = scratch / "home"
        home.mkdir(exist_ok=True)
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "SESSION_REPLAY_API_KEY": API_KEY,
            "SESSION_REPLAY_NO_BROWSER": "1",
        }

    def environment(self, data: Path) -> Mapping[str, str]:
        """A key file for each data folder."""
        return self.env | {"SESSION_REPLAY_KEY_FILE": str(self.scratch / f"{data.name}.key")}

    def import_(self, fleet: Path, data: Path, *, memory: bool = False) -> tuple[measure.Run, Import]:
        """Import a fleet.

        Raises:
            measure.RunFailed: The command ended with an error.
        """
        command = [self.command, "import", str(fleet), "--data", str(data), "--json", "--host-from-path"]
        ran = measure.run(command, self.environment(data), memory=memory)
        return ran, msgspec.json.decode(ran.output, type=Import)

    def serving(self, data: Path, transcripts: Path | None = None) -> AbstractContextManager[measure.Server]:
        """The server on that data folder, with no transcripts of its own unless told."""
        empty = self.scratch / "no-transcripts"
        empty.mkdir(exist_ok=True)
        followed = str(transcripts or empty)
        command = [self.command, "serve", "--data", str(data), "--port", str(PORT), "--transcripts", followed]
        log = self.scratch / f"{data.name}.log"
        return measure.serving(command, self.environment(data), PORT, "/readyz", log, HEADERS)


def make_fleet(out: Path, arguments: list[str]) -> Path:
    """Generate a fleet.

    Raises:
        measure.RunFailed: The generator failed.
    """
    measure.run([sys.executable, str(FLEET_MAKER), *arguments, "--end", END, str(out)], os.environ)
    for record in ("manifest.jsonl", "fleet.json"):
        (out / record).rename(out.parent / f"{out.name}-{record}")  # the truth, not a transcript
    return out


def fleet_figures(product: Product, fleet: Path, scratch: Path, requests: int, say: Console) -> dict[str, float]:
    """Import, import again, and the pages over many sessions."""
    found: dict[str, float] = {}
    data = scratch / "fleet-data-0"
    imports = [product.import_(fleet, scratch / f"fleet-data-{number}") for number in range(measure.COLD_RUNS)]
    # The one in the middle by its processor time: the first also compiles Python files that changed.
    ran, summary = sorted(imports, key=lambda one: one[0].cpu_seconds)[len(imports) // 2]
    raw_mb = summary.bytes / 1e6
    say.print(f"  {summary.files} files, {raw_mb:.0f} MB")
    if abs(summary.cpu_seconds - ran.cpu_seconds) > 0.3 + 0.2 * ran.cpu_seconds:  # Python's own start is not in it
        say.print(f"  [yellow]it reports {summary.cpu_seconds:.1f} CPU-s, the kernel {ran.cpu_seconds:.1f}[/]")
    found["import_stored_mb_per_second"] = raw_mb / summary.seconds_stored
    found["import_stored_mb_per_cpu_second"] = raw_mb / summary.cpu_seconds_stored
    # Everything done is the whole process as the kernel saw it, Python's start included: the same as for the peer.
    found["import_done_mb_per_second"] = raw_mb / ran.wall_seconds
    found["import_done_mb_per_cpu_second"] = raw_mb / ran.cpu_seconds
    found["stored_share"] = measure.folder_bytes(data) / summary.bytes

    start = statistics.median(
        measure.run([sys.executable, "-c", "pass"], product.env).wall_seconds for _ in range(requests // 10)
    )
    again = [product.import_(fleet, data) for _ in range(5)]
    if any(second.unchanged_files != summary.files for _, second in again):
        say.print("  [yellow]not every file was recognised as unchanged[/]")
    found["unchanged_seconds"] = statistics.median(once.wall_seconds for once, _ in again)
    found["unchanged_after_start_seconds"] = found["unchanged_seconds"] - start

    watched, _ = product.import_(fleet, scratch / "fleet-data-memory", memory=True)
    if watched.peak_bytes:
        found["import_peak_mb"] = watched.peak_bytes / 1e6

    with product.serving(data) as server:
        listed = measure.timed(requests, lambda _: server.get("/api/sessions?limit=50"))
        found["list_p50_ms"] = 1000 * measure.percentile(listed, 0.5)
        found["list_p95_ms"] = 1000 * measure.percentile(listed, 0.95)
        for name, path in (("stats", "/api/stats"), ("activity", "/api/activity?tz=Europe/Berlin")):
            taken = measure.timed(requests, lambda _, path=path: server.get(path))
            found[f"{name}_p95_ms"] = 1000 * measure.percentile(taken, 0.95)
        found["server_peak_mb"] = server.memory.peak_bytes / 1e6
    return found


def huge_figures(product: Product, fleet: Path, scratch: Path, requests: int) -> dict[str, float]:
    """Import and open one very large session."""
    found: dict[str, float] = {}
    data = scratch / "huge-data"
    ran, _ = product.import_(fleet, data)
    found["huge_import_seconds"] = ran.wall_seconds
    watched, _ = product.import_(fleet, scratch / "huge-data-memory", memory=True)
    if watched.peak_bytes:
        found["huge_import_peak_mb"] = watched.peak_bytes / 1e6

    with product.serving(data) as server:
        listed = msgspec.json.decode(server.get("/api/sessions?limit=50"))
        session = max(listed["items"], key=lambda item: int(item["size_bytes"]))["id"]
        entries = f"/api/sessions/{session}/entries"
        first = sorted(server.first_event_seconds(f"{entries}?after=-1") for _ in range(requests // 5 + 1))
        found["huge_first_entries_ms"] = 1000 * measure.percentile(first, 0.5)
        seqs = [item["seq"] for item in msgspec.json.decode(server.get(f"{entries}?after=-1&limit=500"))["items"]]
        opened = measure.timed(requests, lambda number: server.get(f"{entries}/{seqs[number * 37 % len(seqs)]}"))
        found["huge_entry_p50_ms"] = 1000 * measure.percentile(opened, 0.5)
        found["huge_entry_p95_ms"] = 1000 * measure.percentile(opened, 0.95)
        found["server_peak_mb"] = server.memory.peak_bytes / 1e6
    return found


def ratio(goal: Goal, ours: float, theirs: float | None) -> float | None:
    """How many times as good as the peer; None where there is no such figure."""
    if not theirs or not ours:
        return None
    return ours / theirs if goal.better == "higher" else theirs / ours


def is_met(goal: Goal, ours: float, factor: float | None) -> bool | None:
    """Whether the row's target is reached; None where it has none, or it needs a peer that was not measured."""
    verdicts: list[bool] = []
    if goal.target is not None:
        verdicts.append(ours >= goal.target if goal.better == "higher" else ours <= goal.target)
    if goal.peer_factor is not None and factor is not None:
        verdicts.append(factor >= goal.peer_factor)
    return all(verdicts) if verdicts else None


def rows(ours: Mapping[str, float], theirs: Mapping[str, float]) -> list[dict[str, Any]]:
    """The results, one for each goal that was measured."""
    found: list[dict[str, Any]] = []
    for goal in GOALS:
        if goal.name not in ours:
            continue
        value, other = ours[goal.name], theirs.get(goal.name)
        factor = ratio(goal, value, other)
        found.append(
            msgspec.to_builtins(goal)
            | {"value": value, "peer": other, "ratio": factor, "met": is_met(goal, value, factor)}
        )
    return found


def shown(value: float | None) -> str:
    """Three digits that matter."""
    if value is None:
        return ""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"  # noqa: PLR2004 - from there on no fraction


def table(results: list[dict[str, Any]], *, with_peer: bool) -> Table:
    """The results for a person."""
    drawn = Table(title="Session Replay benchmarks", caption=peer.SAYS if with_peer else None, highlight=False)
    drawn.add_column("what", no_wrap=True)
    drawn.add_column("unit")
    for name in ("value", "target", "", "peer", "ratio"):
        drawn.add_column(name, justify="right")
    marks = {True: "[green]met[/]", False: "[red]missed[/]", None: ""}
    for row in results:
        sign = "≥" if row["better"] == "higher" else "≤"
        target = f"{sign} {shown(row['target'])}" if row["target"] is not None else ""
        if row["peer_factor"] is not None:
            target = f"≥ {shown(row['peer_factor'])} x peer"
        drawn.add_row(
            row["what"], row["unit"], shown(row["value"]), target, marks[row["met"]],
            shown(row["peer"]), shown(row["ratio"]),
        )  # fmt: skip
    return drawn


def measured(options: argparse.Namespace, scratch: Path, say: Console) -> list[dict[str, Any]]:
    """Make the fleets, measure, and give the rows."""
    product = Product(options.command, scratch)
    requests = 40 if options.quick else 200
    theirs: dict[str, float] = {}

    say.print("Fleet …")
    fleet = make_fleet(scratch / "fleet", QUICK_FLEET if options.quick else FLEET)
    ours = fleet_figures(product, fleet, scratch, requests, say)
    if not options.without_peer:
        theirs |= peer.figures(CACHE, fleet, scratch / "peer", PEER_PORT, requests)

    say.print("The session browser over a fleet …")
    ours |= catalogue.figures(product, scratch, requests, say, sessions=10_000 if options.quick else catalogue.SESSIONS)
    raw_bytes = sum(path.stat().st_size for path in fleet.rglob("*") if path.is_file())
    ours["local_import_mb_per_second"] = fleets.local_import_mb_per_second(
        lambda data: product.serving(data, fleet), scratch / "local-data", raw_bytes
    )
    say.print("Collectors …")
    (scratch / "collectors").mkdir()
    url = f"http://127.0.0.1:{PORT}"
    ours |= fleets.figures(product.serving, url, HEADERS, product.command, product.env, scratch / "collectors")

    if not options.quick:
        say.print("One very large session …")
        fleet = make_fleet(scratch / "huge", HUGE)
        size = max(path.stat().st_size for path in fleet.rglob("*.jsonl"))
        if not HUGE_BYTES[0] <= size <= HUGE_BYTES[1]:
            raise measure.RunFailed(f"the session that should have about 110 MB has {size / 1e6:.0f}")
        server_peak_mb = ours["server_peak_mb"]
        ours |= huge_figures(product, fleet, scratch, requests)
        ours["server_peak_mb"] = max(server_peak_mb, ours["server_peak_mb"])
        if not options.without_peer:
            theirs |= peer.huge_figures(CACHE, fleet, scratch / "peer-huge", PEER_PORT, requests)
    if not options.without_browser:
        say.print("The page …")
        ours |= browser.figures(product.command, product.env, scratch / "page", PAGE_PORT, say)
    return rows(ours, theirs)


def main() -> int:
    """Parse the options, measure, print, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a small fleet, no very large session, fewer requests")
    parser.add_argument("--without-peer", action="store_true", help="leave agentsview out")
    parser.add_argument("--without-browser", action="store_true", help="leave the page in Chromium out")
    parser.add_argument("--keep", action="store_true", help="keep the fleets and data folders, and say where")
    parser.add_argument(
        "--command",
        type=Path,
        default=Path(sys.executable).parent / "session-replay",
        help="the session-replay to measure",
    )
    options = parser.parse_args()
    say = Console() if sys.stdout.isatty() else Console(width=140)
    if not FLEET_MAKER.is_file():
        say.print(f"The benchmarks need the fleet generator {FLEET_MAKER}, which is not there: nothing was measured.")
        return 0

    CACHE.mkdir(exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix="session-replay-bench-"))
    try:
        results = measured(options, scratch, say)
    except measure.RunFailed as error:
        say.print(f"[red]{error}[/]", markup=True, highlight=False)
        return 1
    finally:
        if options.keep:
            say.print(f"Kept in {scratch}")
        else:
            shutil.rmtree(scratch, ignore_errors=True)
    say.print(table(results, with_peer=not options.without_peer))
    record = {
        "at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "machine": {"cpus": os.cpu_count(), "system": platform.platform(), "python": platform.python_version()},
        "quick": options.quick,
        "peer": None if options.without_peer else peer.SAYS,
        "rows": results,
    }
    RESULTS.write_bytes(msgspec.json.format(msgspec.json.encode(record), indent=2) + b"\n")
    say.print(f"Written to {RESULTS}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
