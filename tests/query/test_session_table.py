"""The list of sessions as rows of a table."""

import csv
import io
import re
from pathlib import Path

from query.catalogue import NOON_MS, plain_session
from query.formulas import FORMULAS, read_cell
from session_replay.query.session_table import COLUMNS, table
from session_replay.store import schema

DOCUMENT = Path(__file__).parents[2] / "docs" / "export.md"


def rows_of(raw):
    found = list(csv.reader(io.StringIO(raw.decode(), newline=""), strict=True))
    assert tuple(found[0]) == COLUMNS
    assert all(len(row) == len(COLUMNS) for row in found)
    return [dict(zip(COLUMNS, row, strict=True)) for row in found[1:]]


def test_every_row_comes_however_many_there_are_and_what_is_erased_meanwhile_is_left_out(stored):
    rows = [plain_session(f"s{number:04}", started_ms=NOON_MS - number) for number in range(1_201)]
    stored.fill(rows)
    with stored.ask() as (catalogue, connection):
        listed = catalogue.fixed(connection)
    pieces = table(stored.catalogue, stored.database.read, listed)
    raw = next(pieces) + next(pieces)
    stored.database.write(lambda tx: tx.execute(schema.sessions.delete().where(schema.sessions.c.id == "s0700")))
    raw += b"".join(pieces)
    assert [row["id"] for row in rows_of(raw)] == [row["id"] for row in rows if row["id"] != "s0700"]


def test_no_cell_can_be_taken_for_a_formula(stored):
    rows = [
        plain_session(f"s{number}", title=text, first_prompt=text, project=text, host=text or "x", tools=[text])
        for number, text in enumerate(FORMULAS)
    ]
    stored.fill(rows)
    with stored.ask() as (catalogue, connection):
        listed = catalogue.fixed(connection, sort="started_at")
    found = {row["id"]: row for row in rows_of(b"".join(table(stored.catalogue, stored.database.read, listed)))}
    assert len(found) == len(FORMULAS)
    for row in rows:
        cells = found[row["id"]]
        for name in ("title", "first_prompt", "project", "host"):
            assert cells[name].startswith("'")
            assert read_cell(cells[name]) == row[name]
        assert cells["tools"].startswith("'")


def test_every_column_is_in_the_document():
    text = DOCUMENT.read_text(encoding="utf-8")
    part = text.split("## The list of sessions as CSV")[1].split("\n## ")[0]
    named = [name for cell in re.findall(r"^\| (`.*?) \|", part, re.MULTILINE) for name in re.findall("`(.+?)`", cell)]
    assert sorted(named) == sorted(COLUMNS)
