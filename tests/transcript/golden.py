"""Golden files: what the parser makes of each fixture transcript.

``.venv/bin/python tests/transcript/golden.py --write`` rebuilds them; review the diff.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import msgspec

from session_replay.transcript.entry import entry_whole
from session_replay.transcript.session import TranscriptReader
from session_replay.wire import BLOCKS_PER_LINE, line_of

FOLDER = Path(__file__).parent
FIXTURES = sorted(FOLDER.glob("*/*.jsonl"))


def said(value: Any) -> Any:
    """``value`` without fields that say nothing."""
    if isinstance(value, dict):
        return {name: said(one) for name, one in value.items() if one not in (None, "", False, 0) and one != []}
    return [said(one) for one in value] if isinstance(value, list) else value


def golden_text(fixture: Path) -> str:
    """Figures and whole entries of a fixture as JSON, raw lines left out."""
    raw = fixture.read_bytes()
    lines = raw.split(b"\n")
    reader = TranscriptReader()
    entries: list[Any] = []
    for entry in reader.read(raw):
        line = line_of(entry.seq)
        whole = json.loads(msgspec.json.encode(entry_whole(lines[line], line, entry.seq % BLOCKS_PER_LINE, entry.at)))
        row = msgspec.to_builtins(entry)
        entries.append(said(row | {name: whole[name] for name in ("content", "diff", "meta")}))
    golden = {"figures": said(msgspec.to_builtins(reader.figures)), "entries": entries}
    return json.dumps(golden, ensure_ascii=False, indent=1) + "\n"


def golden_path(fixture: Path) -> Path:
    """Where the golden file of a fixture lies."""
    return fixture.with_suffix(".golden.json")


def main() -> None:
    """Write all golden files, or say how."""
    if sys.argv[1:] != ["--write"]:
        sys.exit(__doc__)
    for fixture in FIXTURES:
        golden_path(fixture).write_text(golden_text(fixture), encoding="utf-8")


if __name__ == "__main__":
    main()
