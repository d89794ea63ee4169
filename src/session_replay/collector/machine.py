"""What this machine is: whose transcripts lie where, and how it is told apart from others."""

from __future__ import annotations

import getpass
import hashlib
import os
import platform
import socket
import subprocess
import sys
import uuid
from pathlib import Path

from session_replay.collector.discover import Owner

_MACHINE_ID_FILES = ("/etc/machine-id", "/var/lib/dbus/machine-id")
_ASK_SECONDS = 10


def owner() -> Owner:
    """Host and user of this machine's transcripts."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        user = str(os.getuid()) if hasattr(os, "getuid") else "unknown"
    return Owner(socket.gethostname() or "localhost", user)


def transcripts_folder(given: Path | None) -> Path:
    """The transcripts to follow: as given, else Claude Code's own folder."""
    if given:
        return given.expanduser().absolute()
    config = os.environ.get("CLAUDE_CONFIG_DIR")
    return (Path(config) if config else Path.home() / ".claude") / "projects"


def state_folder(given: Path | None) -> Path:
    """Where a collector keeps its credential and its spool: as given, else the user's own for this product."""
    if given:
        return given.expanduser().absolute()
    from platformdirs import user_state_path

    return user_state_path("session-replay", appauthor=False) / "collector"


def system() -> str:
    """The operating system, in a few words."""
    if sys.platform == "darwin":
        return f"macOS {platform.mac_ver()[0]}"
    if sys.platform == "linux":
        try:
            return platform.freedesktop_os_release()["PRETTY_NAME"]
        except (OSError, KeyError):
            return f"Linux {platform.release()}"
    return f"{platform.system()} {platform.release()}"


def machine_digest() -> str:
    """A digest that stays the same on this machine and is another one elsewhere; the machine's own id never leaves."""
    return hashlib.sha256(f"session-replay machine {_machine_id()}".encode()).hexdigest()


def _machine_id() -> str:
    for path in _MACHINE_ID_FILES:
        try:
            found = Path(path).read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            continue
        if found:
            return found
    if sys.platform == "darwin":
        asked = ["/usr/sbin/ioreg", "-rd1", "-c", "IOPlatformExpertDevice"]
        said = subprocess.run(asked, capture_output=True, text=True, timeout=_ASK_SECONDS, check=False).stdout  # noqa: S603 - a fixed command
        for line in said.splitlines():
            if "IOPlatformUUID" in line:
                return line.rpartition("=")[2].strip(' "')
    if sys.platform == "win32":
        import winreg

        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, r"SOFTWARE\Microsoft\Cryptography") as key:
            return str(winreg.QueryValueEx(key, "MachineGuid")[0])
    return f"{uuid.getnode():x}"
