"""The list of sessions as CSV."""

import json

import pytest

from ingest.lines import MAIN_ID, take_in
from query.formulas import read_cell
from query.test_session_table import rows_of
from server.test_api import problem
from session_replay.cli.local import samples_folder


def exported(client, **parameters):
    answer = client.get("/api/sessions.csv", params=parameters)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="sessions.csv"'
    return rows_of(answer.content)


@pytest.mark.parametrize("sort", ["-started_at", "tokens", "-messages"])
def test_the_rows_are_those_of_the_list_in_its_order(at, client, sort):
    take_in(at, samples_folder())
    listed = client.get("/api/sessions", params={"limit": 500, "sort": sort}).json()["items"]
    rows = exported(client, sort=sort)
    assert [row["id"] for row in rows] == [one["id"] for one in listed]
    for row, one in zip(rows, listed, strict=True):
        for name in ("duration_ms", "active_ms", "messages", "prompts", "tool_calls", "subagents", "size_bytes"):
            assert row[name] == str(one[name])
        for name in ("project", "folder", "title", "first_prompt", "started_at", "ended_at", "git_branch"):
            assert read_cell(row[name]) == (one[name] or "")
        assert (row["host"], row["user"]) == (one["client"]["host"], one["client"]["user"])
        assert row["total_tokens"] == str(one["tokens"]["total"])
        assert row["models"].splitlines() == one["models"]
        assert row["tools"].splitlines() == one["tools"]
        assert row["live"] == str(one["live"]).lower()


def test_a_filter_leaves_rows_out(at, client):
    take_in(at, samples_folder())
    asked = json.dumps({"property": "session_id", "operator": "=", "value": MAIN_ID})
    assert [row["id"] for row in exported(client, filter=asked)] == [MAIN_ID]
    nobody = json.dumps({"property": "host", "operator": "=", "value": "nobody"})
    assert exported(client, filter=nobody) == []
    problem(client.get("/api/sessions.csv", params={"filter": "{"}), "invalid-filter")
    problem(client.get("/api/sessions.csv", params={"sort": "colour"}), "invalid-request")
