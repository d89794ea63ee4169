"""Exports over HTTP: the transcript byte for byte, and its entries as rows."""

import base64
import csv
import io
import re
from pathlib import Path

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, update

from ingest.lines import MAIN_ID, OWNER, answered, called, jsonl, line, opened, returned, said, take_in, talk, write
from query.formulas import BEGINNINGS, FORMULAS, read_cell
from server.test_serve import awaited
from session_replay.collector.discover import discover
from session_replay.query.export import COLUMNS, PIECE_BYTES, Export, file_name
from session_replay.store import schema
from session_replay.transcript.line import LINE_BYTES_MAX

csv.field_size_limit(1 << 24)

SAMPLES = Path(__file__).parents[2] / "src" / "session_replay" / "samples" / "projects"
TRANSCRIPTS = Path(__file__).parents[1] / "transcript"
PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"\0" * 26).decode()
LONG_TALK = [said(number, "x" * 2_500) for number in range(2_000)]
"""More than an export reads at a time."""
DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "\uff1d", "\uff0b", "\uff0d", "\uff20")
TOKENS = ("input_tokens", "output_tokens", "cache_creation_tokens", "cache_read_tokens")


def rows_of(raw):
    table = list(csv.reader(io.StringIO(raw.decode(), newline=""), strict=True))
    assert tuple(table[0]) == COLUMNS
    assert all(len(row) == len(COLUMNS) for row in table)
    return [dict(zip(COLUMNS, row, strict=True)) for row in table[1:]]


def exported(at, session_id, wanted):
    export = Export(at)
    with at.database.read() as connection:
        fixed = export.fix(connection, session_id)
    return b"".join(piece.content for piece in export.pieces(fixed, wanted))


@pytest.fixture
def engine(tmp_path, database_url):
    """A store on each database in turn."""
    with opened(tmp_path, None if database_url.startswith("sqlite") else database_url) as at:
        yield at


def stored(at, projects, raw):
    path = write(projects / "-p" / f"{MAIN_ID}.jsonl", raw)
    take_in(at, projects)
    return path


# The transcript


def test_the_transcript_is_the_file(client, projects):
    answer = client.get(f"/api/sessions/{MAIN_ID}/export.jsonl")
    assert answer.content == (projects / "-p" / f"{MAIN_ID}.jsonl").read_bytes()
    assert answer.headers["content-type"] == "application/jsonl"
    assert answer.headers["content-length"] == str(len(answer.content))


@pytest.mark.parametrize("wanted", ["csv", "jsonl"])
def test_an_export_is_a_download_that_nobody_keeps_or_sniffs(client, wanted):
    headers = client.get(f"/api/sessions/{MAIN_ID}/export.{wanted}").headers
    assert headers["content-disposition"] == f'attachment; filename="question-0-of-0_{MAIN_ID}.{wanted}"'
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize("wanted", ["csv", "jsonl"])
@pytest.mark.parametrize("name", ["missing", "%00", "..%2f..", "é"])
def test_a_session_that_is_not_there_is_no_file(client, wanted, name):
    answer = client.get(f"/api/sessions/{name}/export.{wanted}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert "content-disposition" not in answer.headers


def test_samples_and_odd_transcripts_come_back_byte_for_byte(engine):
    """Also what no parser can read; the rows sum up to the session's tokens, and none is missing."""
    found = take_in(engine, SAMPLES, TRANSCRIPTS)
    assert found.faults == []
    files = [file for folder in (SAMPLES, TRANSCRIPTS) for file in discover([folder], OWNER).files]
    originals = sorted(Path(file.path).read_bytes() for file in files if file.kind != "attachment")
    with engine.database.read() as connection:
        sessions = connection.execute(schema.sessions.select()).all()
    assert len(sessions) > 10
    assert sorted(exported(engine, session.id, "jsonl") for session in sessions) == originals
    for session in sessions:
        rows = rows_of(exported(engine, session.id, "csv"))
        assert len(rows) == session.entries, session.id
        for counter in TOKENS:
            assert sum(int(row[counter] or 0) for row in rows) == getattr(session, counter), (session.id, counter)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(raw=st.lists(st.binary(max_size=80) | st.sampled_from([b"\n", b"{}", b'{"a":1}\n', b"\0\xff"])).map(b"".join))
def test_any_bytes_come_back(tmp_path_factory, raw):
    folder = tmp_path_factory.mktemp("any")
    with opened(folder) as at:
        stored(at, folder / "projects", raw)
        assert exported(at, MAIN_ID, "jsonl") == raw
        rows = rows_of(exported(at, MAIN_ID, "csv"))
        assert {int(row["line"]) for row in rows} == {number for number, one in enumerate(raw.split(b"\n"), 1) if one}


def test_a_transcript_of_many_chunks_and_one_line_of_several_comes_back(engine, projects):
    long = said(4, "x" * (3 * PIECE_BYTES))
    raw = jsonl(*talk(4), long, *talk(3000, first=5), b"\n\n")
    stored(engine, projects, raw)
    assert exported(engine, MAIN_ID, "jsonl") == raw
    rows = rows_of(exported(engine, MAIN_ID, "csv"))
    assert [int(row["line"]) for row in rows] == list(range(1, 3006))
    assert rows[4]["text"] == "x" * 32_766
    assert rows[4]["text_cut"] == str(3 * PIECE_BYTES - 32_766)
    assert rows[-1]["text"] == "question 3004 of 0"


# While it runs


def test_what_is_appended_meanwhile_is_left_to_the_next_export(engine, projects):
    raw = jsonl(*LONG_TALK)
    path = stored(engine, projects, raw)
    export = Export(engine)
    with engine.database.read() as connection:
        fixed = export.fix(connection, MAIN_ID)
    for wanted in ("jsonl", "csv"):
        pieces = export.pieces(fixed, wanted)
        first = [next(pieces).content, next(pieces).content]
        write(path, path.read_bytes() + jsonl(*talk(2000, first=20_000)))
        take_in(engine, projects)
        file = b"".join([*first, *(piece.content for piece in pieces)])
        if wanted == "jsonl":
            assert file == raw
        else:
            assert len(rows_of(file)) == 2_000


def test_an_export_of_a_rewritten_file_ends_as_it_began(engine, projects):
    """Bytes and entries of the older file are kept: whoever began with it gets all of it, and nothing of the newer."""
    raw = jsonl(*LONG_TALK)
    path = stored(engine, projects, raw)
    export = Export(engine)
    with engine.database.read() as connection:
        fixed = export.fix(connection, MAIN_ID)
    pieces = export.pieces(fixed, "jsonl")
    first = next(pieces).content
    table = export.pieces(fixed, "csv")
    head = [next(table).content, next(table).content]
    write(path, jsonl(*talk(7, of=5)))
    take_in(engine, projects)
    assert first + b"".join(piece.content for piece in pieces) == raw
    rows = rows_of(b"".join([*head, *(piece.content for piece in table)]))
    assert [int(row["line"]) for row in rows] == list(range(1, 2_001))
    assert exported(engine, MAIN_ID, "jsonl") == path.read_bytes()


def test_bytes_that_were_not_read_yet_are_said_in_the_last_row(engine, projects):
    raw = jsonl(*talk(40))
    stored(engine, projects, raw)
    half = raw.index(b"\n", len(raw) // 2) + 1

    def leave_unread(tx):
        tx.execute(update(schema.streams).values(parsed_to=half - 10))

    engine.database.write(leave_unread)
    rows = rows_of(exported(engine, MAIN_ID, "csv"))
    assert rows[-1]["raw_type"] == "pending"
    assert rows[-1]["seq"] == ""
    assert rows[-1]["size_bytes"] == str(len(raw))
    assert f"{len(raw)} bytes" in rows[-1]["text"]
    assert exported(engine, MAIN_ID, "jsonl") == raw


def test_a_session_that_is_being_read_anew_has_the_rows_that_there_are(engine, projects):
    raw = jsonl(*talk(6_000))
    stored(engine, projects, raw)
    export = Export(engine)
    with engine.database.read() as connection:
        fixed = export.fix(connection, MAIN_ID)
    table = export.pieces(fixed, "csv")
    head = [next(table).content, next(table).content]
    cut = []

    def forget(tx):
        kept = tx.execute(schema.summaries.select().order_by(schema.summaries.c.line_start)).first()
        cut.append(kept)
        tx.execute(delete(schema.summaries).where(schema.summaries.c.line_start > kept.line_start))

    engine.database.write(forget)
    rows = rows_of(b"".join([*head, *(piece.content for piece in table)]))
    assert rows[-1]["raw_type"] == "pending"
    assert rows[-1]["size_bytes"] == str(len(raw) - cut[0].end)
    assert len(rows) == cut[0].line_end + 1


@pytest.mark.parametrize("wanted", ["jsonl", "csv"])
def test_bytes_that_are_gone_cut_the_connection(serve, projects, tmp_path, wanted):
    raw = jsonl(*(said(number, "y" * 4000) for number in range(6000)))
    write(projects / "-p" / f"{MAIN_ID}.jsonl", raw)
    server = serve()
    awaited(lambda: server.get("/api/status")["local_import"]["state"] == "following")
    whole = server.http.get(f"/api/sessions/{MAIN_ID}/export.{wanted}")
    assert whole.status_code == 200
    import sqlite3

    with sqlite3.connect(tmp_path / "data" / "catalogue.sqlite", timeout=30) as foreign:
        foreign.execute("DELETE FROM chunks WHERE start > ? AND start < ?", (len(raw) // 2, len(raw) // 2 + 4_000_000))
    foreign.close()
    got = bytearray()

    def fetch():
        with server.http.stream("GET", f"/api/sessions/{MAIN_ID}/export.{wanted}") as answer:
            assert answer.status_code == 200
            for part in answer.iter_bytes():
                got.extend(part)

    with pytest.raises(httpx.RemoteProtocolError):
        fetch()
    assert whole.content.startswith(bytes(got))
    assert len(got) < len(whole.content)
    assert server.get("/api/status")


def test_a_reader_that_stands_still_holds_up_nobody(serve, projects):
    """While one stands still the session grows, is exported whole by another, and the server can be stopped."""
    path = write(projects / "-p" / f"{MAIN_ID}.jsonl", jsonl(*(said(number, "y" * 4000) for number in range(6000))))
    server = serve()
    awaited(lambda: server.get("/api/status")["local_import"]["state"] == "following")
    with server.http.stream("GET", f"/api/sessions/{MAIN_ID}/export.jsonl") as still:
        parts = still.iter_raw(1000)
        next(parts)
        raw = path.read_bytes() + jsonl(said(7000, "later"))
        write(path, raw)
        awaited(lambda: server.get(f"/api/sessions/{MAIN_ID}")["lines"] == 6001)
        again = httpx.get(f"{server.base}/api/sessions/{MAIN_ID}/export.jsonl", headers=server.http.headers, timeout=20)
        assert again.content == raw
        assert server.end() == 0


# The rows


def hostile_lines(text):
    """A formula at every place of a transcript that a row shows."""
    result = {"filePath": text, "structuredPatch": [{"oldStart": 1, "newStart": 1, "lines": [f"+{text}"]}]}
    return [
        said(0, text, gitBranch=text),
        answered(1, text, message=text) | {"uuid": text},
        line("assistant", 2, message={"id": "m", "model": text, "content": [{"type": "text", "text": "a"}]}),
        called(3, text, text, {"x": text}),
        called(4, "Bash", "b", {"command": text, "description": text}),
        called(5, "Write", "w", {"file_path": text, "content": text}),
        returned(6, "w", text) | {"toolUseResult": result},
        returned(7, "b", text) | {"toolUseResult": {"stdout": text, "stderr": text}},
        line("summary", 8, summary=text, leafUuid="x"),
        line("system", 9, subtype=text, content=text),
        line(text, 10, content=text),
        {"type": "attachment", "attachment": {"type": text, "filename": text, "snippet": text}},
        f"{text.splitlines()[0]} no json\n".encode(),
    ]


def test_no_formula_acts_wherever_it_stands(tmp_path, projects):
    texts = [*FORMULAS, *(beginning + FORMULAS[1] for beginning in BEGINNINGS)]
    lines = [hostile_lines(text) for text in texts]
    with opened(tmp_path) as at:
        stored(at, projects, jsonl(*(line for block in lines for line in block)))
        rows = rows_of(exported(at, MAIN_ID, "csv"))
    assert [cell for row in rows for cell in row.values() if cell.startswith(DANGEROUS)] == []
    by_line = {int(row["line"]): row for row in rows}

    def cell(line, column):
        return read_cell(by_line[begin + line][column])

    for block, text in enumerate(texts):
        begin = block * len(lines[0])
        assert cell(1, "text") == text
        assert cell(2, "text") == text
        assert cell(3, "model") == text
        assert cell(4, "tool") == text
        assert cell(5, "text").startswith(text)
        assert text in cell(7, "text")
        assert cell(7, "files") == text
        assert cell(8, "text").startswith(text)


def test_a_row_says_what_its_entry_says(tmp_path, projects):
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}}
    patch = [{"oldStart": 3, "oldLines": 1, "newStart": 3, "newLines": 1, "lines": ["-old", "+new"]}]
    lines = [
        line("user", 0, message={"role": "user", "content": [{"type": "text", "text": "Look"}, image]}),
        answered(1, "I will.", message="msg", output_tokens=1),
        called(2, "Bash", "toolu_1", {"command": "ls -la", "description": "List"}),
        returned(3, "toolu_1", "a\nb") | {"toolUseResult": {"stdout": "a\nb", "stderr": "oh", "durationMs": 12}},
        called(4, "Edit", "toolu_2", {"file_path": "/p/a.py", "old_string": "old", "new_string": "new"}),
        returned(5, "toolu_2", "done") | {"toolUseResult": {"filePath": "/p/a.py", "structuredPatch": patch}},
        answered(6, "Done.", message="msg", output_tokens=9),
        b"{broken\n",
    ]
    with opened(tmp_path) as at:
        stored(at, projects, jsonl(*lines))
        rows = rows_of(exported(at, MAIN_ID, "csv"))
    prompt, said_first, call, result, edit, edited, said_last, broken = rows
    assert prompt["text"] == "Look\n\n[image/png, 34 bytes]"
    assert (prompt["seq"], prompt["line"], prompt["type"], prompt["at"]) == (
        "0",
        "1",
        "user",
        "2026-03-04T00:00:00.000Z",
    )
    assert [said_first[name] for name in TOKENS] == ["10", "9", "0", "0"]
    assert [said_last[name] for name in TOKENS] == ["", "", "", ""]
    assert said_first["message_id"] == said_last["message_id"] == "msg"
    assert call["text"] == "ls -la\n\n[description]\nList"
    assert (call["role"], call["tool"], call["tool_use_id"]) == ("call", "Bash", "toolu_1")
    assert result["text"] == "a\nb\n\n[stderr]\noh"
    assert (result["role"], result["tool"], result["duration_ms"]) == ("result", "Bash", "12")
    assert edit["files"] == edited["files"] == "/p/a.py"
    assert "-old\n+new" in edited["text"]
    assert broken["raw_type"] == "damaged"
    assert broken["text"].endswith("{broken")
    assert broken["size_bytes"] == "7"
    assert {row["is_error"] for row in rows} == {"false"}


def test_a_row_leads_to_its_subagent(engine):
    take_in(engine, SAMPLES)
    with engine.database.read() as connection:
        children = connection.execute(
            schema.sessions.select().where(schema.sessions.c.spawned_by_seq.is_not(None))
        ).all()
    assert children
    for child in children:
        rows = rows_of(exported(engine, child.parent_id, "csv"))
        (call,) = [row for row in rows if row["seq"] == str(child.spawned_by_seq)]
        assert call["subagent_session_id"] == child.id


def test_a_line_longer_than_is_parsed_has_its_row(tmp_path, projects):
    raw = jsonl(said(0, "before"), said(1, "z" * (LINE_BYTES_MAX + 5)), said(2, "after"))
    with opened(tmp_path) as at:
        stored(at, projects, raw)
        rows = rows_of(exported(at, MAIN_ID, "csv"))
    assert [row["raw_type"] for row in rows] == ["user", "oversized", "user"]
    long = raw.split(b"\n")[1]
    assert rows[1]["size_bytes"] == str(len(long))
    assert int(rows[1]["text_cut"]) > len(long) - 33_000
    assert rows[2]["text"] == "after"


def test_every_column_is_described():
    documented = (Path(__file__).parents[2] / "docs" / "export.md").read_text()
    table = documented[documented.index("| column |") : documented.index("New columns")]
    assert re.findall(r"`(\w+)`(?=[^|]*\|[^|\n]*\|$)", table, re.MULTILINE) == list(COLUMNS)


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Fix the login", "fix-the-login_s1"),
        ("../../etc/passwd", "etc-passwd_s1"),
        ('a"; filename="b.exe', "a-filename-b-exe_s1"),
        ("Café\r\nX: y", "cafe-x-y_s1"),
        ("数字", "session_s1"),
        ("", "session_s1"),
        ("\ud800", "session_s1"),
        ("x" * 500, "x" * 48 + "_s1"),
    ],
)
def test_a_title_makes_a_harmless_file_name(title, name):
    assert file_name("s1", title) == name


@given(title=st.text(max_size=80), session_id=st.text(max_size=200))
def test_any_file_name_is_harmless(title, session_id):
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]{0,47}_[A-Za-z0-9_~-]{0,120}", file_name(session_id, title))
