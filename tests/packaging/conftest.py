import importlib.util
import json
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
