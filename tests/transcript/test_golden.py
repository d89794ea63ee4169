"""The parser makes of each fixture what the golden file says; ``golden.py --write`` rebuilds them."""

import json
import runpy
from pathlib import Path

import pytest

from session_replay.transcript.kinds import KINDS

GOLDEN = runpy.run_path(str(Path(__file__).with_name("golden.py")))
FIXTURES: list[Path] = GOLDEN["FIXTURES"]


@pytest.mark.parametrize("fixture", FIXTURES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_fixture_reads_as_its_golden_file_says(fixture):
    golden = GOLDEN["golden_path"](fixture).read_text(encoding="utf-8")

    assert json.loads(GOLDEN["golden_text"](fixture)) == json.loads(golden)


def test_every_kind_of_the_table_is_in_a_fixture():
    golden = [json.loads(GOLDEN["golden_path"](fixture).read_text(encoding="utf-8")) for fixture in FIXTURES]
    seen = {(entry["raw_type"], entry["type"]) for one in golden for entry in one["entries"]}
    families = {"oversized", "progress", "system"}
    missing = [
        name
        for name, kind in KINDS.items()
        if name not in families and (name.removesuffix("/notification"), kind.type) not in seen
        if not name.startswith(("user/", "assistant/"))
    ]

    assert missing == []


def test_every_entry_type_is_in_a_fixture():
    golden = [json.loads(GOLDEN["golden_path"](fixture).read_text(encoding="utf-8")) for fixture in FIXTURES]
    types = {entry["type"] for one in golden for entry in one["entries"]}

    assert types == {"user", "assistant", "tool", "thinking", "progress", "system", "summary", "snapshot"}
