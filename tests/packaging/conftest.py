import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]

# A UI that builds in a blink and differs each time it is built.
PACKAGE = {"name": "tiny-web", "version": "0.0.0", "private": True, "scripts": {"build": "node src/build.mjs"}}
LOCK = {"name": "tiny-web", "version": "0.0.0", "lockfileVersion": 3, "packages": {"": {"name": "tiny-web"}}}
BUILD = """\
import fs from "node:fs";
fs.mkdirSync("dist/assets", { recursive: true });
fs.writeFileSync("dist/index.html", `<title>${process.hrtime.bigint()}</title>`);
fs.writeFileSync("dist/assets/page.js", "1");
"""


def write_tiny_web(web: Path) -> Path:
    (web / "src").mkdir(parents=True)
    (web / "package.json").write_text(json.dumps(PACKAGE))
    (web / "package-lock.json").write_text(json.dumps(LOCK))
    (web / "src" / "build.mjs").write_text(BUILD)
    return web


@pytest.fixture(scope="session")
def checkout() -> Path:
    return CHECKOUT


@pytest.fixture(scope="session")
def samples() -> Path:
    return CHECKOUT / "src" / "session_replay" / "samples" / "projects"


@pytest.fixture(scope="session")
def write_web():
    return write_tiny_web


@pytest.fixture
def tiny_web(tmp_path) -> Path:
    return write_tiny_web(tmp_path / "web")


@pytest.fixture(scope="session")
def hook() -> ModuleType:
    spec = importlib.util.spec_from_file_location("hatch_build", CHECKOUT / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def hatchling():
    def build(root, out, *targets):
        command = [sys.executable, "-m", "hatchling", "build", "--directory", str(out)]
        for target in targets:
            command += ["--target", target]
        env = {key: value for key, value in os.environ.items() if key != "SESSION_REPLAY_SKIP_WEB_BUILD"}
        subprocess.run(command, cwd=root, env=env, check=True, capture_output=True, text=True)

    return build


@pytest.fixture(scope="session")
def distribution(tmp_path_factory, checkout, write_web, hatchling) -> Path:
    """Built from the checkout's own files, with a tiny UI in the place of the real one."""
    root = tmp_path_factory.mktemp("checkout")
    for name in (".gitignore", "LICENSE", "README.md", "hatch_build.py", "pyproject.toml"):
        shutil.copy(checkout / name, root)
    shutil.copytree(
        checkout / "src" / "session_replay",
        root / "src" / "session_replay",
        ignore=lambda folder, _: {"web"} if Path(folder).name == "server" else set(),
    )
    shutil.copytree(checkout / "packaging", root / "packaging")
    write_web(root / "web")
    (root / "web" / "node_modules").mkdir()
    (root / "web" / "node_modules" / "big.js").write_text("not ours")
    out = root / "out"
    hatchling(root, out, "sdist", "wheel")
    return out


@pytest.fixture(scope="session")
def wheel(distribution) -> Path:
    (path,) = distribution.glob("*.whl")
    return path
