"""Which sessions changed: asked once, and as a stream of a running server."""

import pytest

from ingest.lines import MAIN_ID, jsonl, take_in, talk, write
from server.events import events
from server.test_api import problem

STREAM = {"Accept": "text/event-stream"}
OTHER_ID = MAIN_ID.replace("a", "b")


def test_what_was_written_since_is_told(client, at, projects):
    now = client.get("/api/changes").json()
    assert (now["sessions"], now["more"]) == ([], False)
    assert client.get("/api/changes", params={"after": -1}).json() == now | {"sessions": [MAIN_ID]}
    write(projects / "-p" / f"{OTHER_ID}.jsonl", jsonl(*talk(2, of=1)))
    take_in(at, projects)
    later = client.get("/api/changes", params={"after": now["change"]}).json()
    assert later["sessions"] == [OTHER_ID]
    assert later["change"] > now["change"]
    assert client.get("/api/changes", params={"after": later["change"]}).json()["sessions"] == []


def test_more_than_can_be_named_is_said(client, at, projects):
    for number in range(101):
        write(projects / "-many" / f"{number:08}-0000-4000-8000-000000000000.jsonl", jsonl(*talk(1, of=number)))
    take_in(at, projects)
    found = client.get("/api/changes", params={"after": -1}).json()
    assert (len(found["sessions"]), found["more"]) == (100, True)


@pytest.mark.parametrize("after", ["x", "-2", str(2**63)])
def test_a_change_that_cannot_be_is_refused(client, after):
    problem(client.get("/api/changes", params={"after": after}), "invalid-request")


@pytest.mark.parametrize("resumed", ["x", "-1", "1.0", str(2**63), "²"])
def test_a_wrong_last_event_id_is_refused(client, resumed):
    answer = client.get("/api/changes", headers=STREAM | {"Last-Event-ID": resumed.encode()})
    problem(answer, "invalid-request")


def test_a_stream_tells_each_change_and_resumes_behind_the_last(serve, projects):
    path = write(projects / "-p" / f"{MAIN_ID}.jsonl", jsonl(*talk(4)))
    server = serve()
    with server.http.stream("GET", "/api/changes", params={"after": -1}, headers=STREAM) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        found = events(answer.iter_lines())
        seen = next(found)
        while MAIN_ID not in seen.data["sessions"]:
            seen = next(found)
        assert (seen.name, seen.id) == ("changed", str(seen.data["change"]))
        while server.get(f"/api/sessions/{MAIN_ID}")["entries"] < 4:
            seen = next(found)
        path.write_bytes(path.read_bytes() + jsonl(*talk(2, first=4)))
        while server.get(f"/api/sessions/{MAIN_ID}")["entries"] < 6:
            seen = next(found)
            assert seen.data["sessions"] == [MAIN_ID]
    with server.http.stream("GET", "/api/changes", headers=STREAM | {"Last-Event-ID": "0"}) as answer:
        first = next(events(answer.iter_lines()))
        assert first.data["sessions"] == [MAIN_ID]
    assert server.end() == 0


def test_a_signal_ends_an_open_stream(serve):
    server = serve()
    with server.http.stream("GET", "/api/changes", headers=STREAM) as answer:
        found = events(answer.iter_lines())
        assert next(found).name == "changed"
        assert server.end() == 0
        assert list(found) == []
