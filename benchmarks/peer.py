"""agentsview 0.46.1, which reads the same transcripts, measured on the same files in the same run.

It does less: subagents are keyed by their bare agent id, so files of equal ids collapse into one, most kinds of line
are dropped, and nothing is encrypted.  The table says so beside its figures.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import msgspec

import measure

VERSION = "0.46.1"
SAYS = f"agentsview {VERSION} keys subagents by bare agent id, drops most kinds of line and encrypts nothing"


def installed(cache: Path) -> Path:
    """Its command, installed into an environment of its own on first use.

    Raises:
        measure.RunFailed: pip could not install it.
    """
    venv = cache / f"agentsview-{VERSION}"
    command = venv / "bin" / "agentsview"
    if not command.exists():
        measure.run([sys.executable, "-m", "venv", str(venv)], os.environ)
        measure.run([str(venv / "bin" / "pip"), "install", "--quiet", f"agentsview=={VERSION}"], os.environ)
    return command


def one_projects_folder(fleet: Path, target: Path) -> Path:
    """All hosts' transcripts under one projects folder, since it reads one only; hard links, no copies."""
    for host in sorted(fleet.iterdir()):
        for path in (host / "projects").rglob("*"):
            if path.is_file():
                project, *rest = path.relative_to(host / "projects").parts
                link = target / f"{project}-{host.name.split('.')[0]}" / Path(*rest)
                link.parent.mkdir(parents=True, exist_ok=True)
                os.link(path, link)
    return target


def environment(home: Path, projects: Path) -> dict[str, str]:
    """No telemetry, a home and a data folder of its own."""
    for folder in (home, home / "data"):
        folder.mkdir(parents=True, exist_ok=True)
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "AGENTSVIEW_DATA_DIR": str(home / "data"),
        "CLAUDE_PROJECTS_DIR": str(projects),
        "AGENTSVIEW_TELEMETRY_ENABLED": "0",
        "DO_NOT_TRACK": "1",
    }


def figures(cache: Path, fleet: Path, scratch: Path, port: int, requests: int) -> dict[str, float]:
    """Its figures, under the names that the rows of ``run.py`` have.

    Args:
        cache: Where its environment is kept.
        fleet: The generated fleet.
        scratch: A fresh folder on the same file system as the fleet.
        port: A free port on 127.0.0.1.
        requests: How often each page is asked for.

    Raises:
        measure.RunFailed: It could not be installed or ended with an error.
    """
    agentsview = str(installed(cache))
    projects = one_projects_folder(fleet, scratch / "projects")
    raw_mb = sum(path.stat().st_size for path in fleet.rglob("*.jsonl")) / 1e6
    found: dict[str, float] = {}

    homes = [environment(scratch / f"home-{number}", projects) for number in range(measure.COLD_RUNS)]
    syncs = [measure.run([agentsview, "sync"], home | {"AGENTSVIEW_NO_DAEMON": "1"}) for home in homes]
    cold = sorted(syncs, key=lambda one: one.cpu_seconds)[len(syncs) // 2]
    env = homes[0]
    alone = env | {"AGENTSVIEW_NO_DAEMON": "1"}
    found["import_done_mb_per_second"] = raw_mb / cold.wall_seconds
    found["import_done_mb_per_cpu_second"] = raw_mb / cold.cpu_seconds
    found["stored_share"] = measure.folder_bytes(scratch / "home-0") / 1e6 / raw_mb
    again = [measure.run([agentsview, "sync"], alone).wall_seconds for _ in range(3)]
    found["unchanged_seconds"] = sorted(again)[1]

    watched = environment(scratch / "home-memory", projects) | {"AGENTSVIEW_NO_DAEMON": "1"}
    if peak_bytes := measure.run([agentsview, "sync"], watched, memory=True).peak_bytes:
        found["import_peak_mb"] = peak_bytes / 1e6

    command = [agentsview, "serve", "--host", "127.0.0.1", "--port", str(port), "--no-browser", "--no-update-check"]
    with measure.serving(command, env, port, "/api/v1/sessions?limit=1", scratch / "agentsview.log", {}) as server:
        listed = measure.timed(requests, lambda _: server.get("/api/v1/sessions?limit=50"))
        found["list_p50_ms"] = 1000 * measure.percentile(listed, 0.5)
        found["list_p95_ms"] = 1000 * measure.percentile(listed, 0.95)
    return found


def huge_figures(cache: Path, fleet: Path, scratch: Path, port: int, requests: int) -> dict[str, float]:
    """Its figures on the one very large session.

    Raises:
        measure.RunFailed: It ended with an error.
    """
    agentsview = str(installed(cache))
    projects = one_projects_folder(fleet, scratch / "projects")
    found: dict[str, float] = {}
    env = environment(scratch / "home", projects)
    found["huge_import_seconds"] = measure.run([agentsview, "sync"], env | {"AGENTSVIEW_NO_DAEMON": "1"}).wall_seconds
    watched = environment(scratch / "home-memory", projects) | {"AGENTSVIEW_NO_DAEMON": "1"}
    if peak_bytes := measure.run([agentsview, "sync"], watched, memory=True).peak_bytes:
        found["huge_import_peak_mb"] = peak_bytes / 1e6

    command = [agentsview, "serve", "--host", "127.0.0.1", "--port", str(port), "--no-browser", "--no-update-check"]
    with measure.serving(command, env, port, "/api/v1/sessions?limit=1", scratch / "agentsview.log", {}) as server:
        listed: Any = msgspec.json.decode(server.get("/api/v1/sessions?limit=50"))
        largest = max(listed["sessions"], key=lambda session: int(session.get("message_count") or 0))
        page = f"/api/v1/sessions/{largest['id']}/messages?limit=100"
        found["huge_first_entries_ms"] = 1000 * measure.percentile(
            measure.timed(requests, lambda _: server.get(page)), 0.5
        )
    return found
