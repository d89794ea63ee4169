"""What is in the sdist and in the wheel, and that the wheel works where it is installed."""

import os
import subprocess
import sys
import tarfile
import zipfile

import pytest

import session_replay


@pytest.fixture(scope="module")
def sdist(distribution):
    (path,) = distribution.glob("*.tar.gz")
    return path


def names_in(wheel):
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_wheel_holds_every_file_of_the_package_and_the_ui(wheel, checkout):
    package = checkout / "src"
    expected = {
        path.relative_to(package).as_posix()
        for path in (package / "session_replay").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and "server/web/" not in path.as_posix()
    }
    ui = {f"session_replay/server/web/{name}" for name in ("index.html", "assets/page.js", ".sources")}
    assert {name for name in names_in(wheel) if ".dist-info/" not in name} == expected | ui


def test_the_wheel_carries_the_samples_whole(wheel, checkout):
    samples = checkout / "src" / "session_replay" / "samples"
    with zipfile.ZipFile(wheel) as archive:
        for path in samples.rglob("*.json*"):
            inside = f"session_replay/samples/{path.relative_to(samples).as_posix()}"
            assert archive.read(inside) == path.read_bytes()


def test_the_licence_comes_along(wheel, checkout):
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith("licenses/LICENSE")]
        assert archive.read(name) == (checkout / "LICENSE").read_bytes()


def test_the_sdist_builds_without_building_the_ui_again(sdist, wheel, tmp_path, hatchling):
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    (root,) = tmp_path.iterdir()
    assert not (root / "web" / "node_modules").exists()
    assert (root / "packaging" / "linux" / "session-replay-collector.service").is_file()
    hatchling(root, tmp_path / "out", "wheel")
    (again,) = (tmp_path / "out").glob("*.whl")
    page = "session_replay/server/web/index.html"
    with zipfile.ZipFile(wheel) as first, zipfile.ZipFile(again) as second:
        assert first.read(page) == second.read(page)
    assert names_in(again) == names_in(wheel)


def test_an_installed_wheel_runs_from_its_own_files(wheel, tmp_path):
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path), "HOME": str(tmp_path)}

    def python(code):
        return subprocess.run(
            [sys.executable, "-c", code], cwd=tmp_path, env=env, check=True, capture_output=True, text=True
        ).stdout.strip()

    assert python("import session_replay; print(session_replay.__file__)").startswith(str(tmp_path))
    ran = python("import sys; from session_replay.cli import main; sys.argv = ['session-replay', '--version']; main()")
    assert ran == f"session-replay {session_replay.__version__}"
