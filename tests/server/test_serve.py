"""The server as a process of its own, following a folder."""

import json
import signal
import time

import httpx
import pytest

from ingest.lines import MAIN_ID, jsonl, talk, write
from server.conftest import API_KEY
from server.events import entries, events, until

STREAM = {"Accept": "text/event-stream"}
PATH = f"/api/sessions/{MAIN_ID}/entries"
WAITED_SECONDS = 20
"""Until a test gives up on what must come; nothing is measured."""


def awaited(condition):
    ends = time.monotonic() + WAITED_SECONDS
    while time.monotonic() < ends:
        if found := condition():
            return found
        time.sleep(0.05)
    raise AssertionError("it did not come")


@pytest.fixture
def path(projects):
    return write(projects / "-p" / f"{MAIN_ID}.jsonl", jsonl(*talk(300)))


@pytest.fixture
def server(serve, path):  # noqa: ARG001 - the file is there first
    running = serve()
    awaited(lambda: running.get("/api/status")["local_import"]["state"] == "following")
    return running


def append(path, *lines):
    with path.open("ab") as file:
        file.write(jsonl(*lines))


def test_a_stream_is_the_pages_and_goes_on_live(server, path):
    pages = server.get(PATH, limit=500)["items"]
    assert len(pages) == 300
    with server.http.stream("GET", PATH, headers=STREAM) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        stream = events(answer.iter_lines())
        begun = until(stream, "caught-up")
        assert 0 < len(begun[0].data) <= 64
        assert all(event.id for event in begun)
        assert entries(begun) == pages
        assert [event.data["id"] for event in begun if event.name == "session"] == [MAIN_ID]
        append(path, *talk(2, first=300))
        grown = until(stream, "caught-up")
        assert [entry["seq"] for entry in entries(grown)] == [300 * 1024, 301 * 1024]
        append(path, json.dumps(talk(1, first=302)[0]).encode()[:50])
        append(path, json.dumps(talk(1, first=302)[0]).encode()[50:] + b"\n")
        while not (later := entries(until(stream, "caught-up"))):
            pass
        assert [entry["seq"] for entry in later] == [302 * 1024]
        last = begun[-1].id
    with server.http.stream("GET", PATH, headers=STREAM | {"Last-Event-ID": last}) as answer:
        resumed = until(events(answer.iter_lines()), "caught-up")
        assert [entry["seq"] for entry in entries(resumed)] == [300 * 1024, 301 * 1024, 302 * 1024]
    first = begun[0]
    with server.http.stream("GET", PATH, headers=STREAM | {"Last-Event-ID": first.id}) as answer:
        resumed = until(events(answer.iter_lines()), "caught-up")
        assert first.data + entries(resumed) == server.get(PATH, limit=500)["items"]


def test_a_stream_may_be_filtered_and_begin_anywhere(server):
    wanted = server.get(PATH, limit=500, type="user", after=99 * 1024)["items"]
    parameters = {"type": "user", "after": 99 * 1024}
    with server.http.stream("GET", PATH, params=parameters, headers=STREAM) as answer:
        assert entries(until(events(answer.iter_lines()), "caught-up")) == wanted


def test_a_stream_begins_with_a_window_around_an_entry(server):
    pages = server.get(PATH, limit=500)["items"]
    for name in (200 * 1024, pages[200]["uuid"]):
        with server.http.stream("GET", PATH, params={"around": name}, headers=STREAM) as answer:
            begun = until(events(answer.iter_lines()), "caught-up")
        assert begun[0].name == "window"
        assert begun[0].data == pages[168:232]
        assert [event.name for event in begun].count("window") == 1
        assert entries(begun) == pages  # the window is sent besides
        for seen in (begun[0], begun[1]):
            headers = STREAM | {"Last-Event-ID": seen.id}
            with server.http.stream("GET", PATH, params={"around": name}, headers=headers) as answer:
                resumed = until(events(answer.iter_lines()), "caught-up")
            assert "window" not in {event.name for event in resumed}
            assert entries(resumed) == (pages if seen is begun[0] else pages[len(begun[1].data) :])
    parameters = {"around": 201 * 1024, "type": "user", "q": "question 2"}
    with server.http.stream("GET", PATH, params=parameters, headers=STREAM) as answer:
        begun = until(events(answer.iter_lines()), "caught-up")
    wanted = server.get(PATH, limit=500, type="user", q="question 2")["items"]
    assert begun[0].data[0] in wanted
    assert {200, 202} <= {entry["seq"] // 1024 for entry in begun[0].data}
    assert entries(begun) == wanted


def test_a_window_around_an_unknown_entry_is_left_out(server):
    for name in ("1", "nobody", "aaaaaaaa-0000-4000-8000-00000000ffff"):
        with server.http.stream("GET", PATH, params={"around": name}, headers=STREAM) as answer:
            begun = until(events(answer.iter_lines()), "caught-up")
        assert "window" not in {event.name for event in begun}
        assert len(entries(begun)) == 300


def test_a_rewritten_file_begins_again_on_the_open_page(server, path):
    with server.http.stream("GET", PATH, headers=STREAM) as answer:
        stream = events(answer.iter_lines())
        before = until(stream, "caught-up")
        path.write_bytes(jsonl(*talk(5, of=2)))
        until(stream, "rewritten")
        while len(again := entries(until(stream, "caught-up"))) != 5:
            pass
        assert [entry["uuid"] for entry in again] == [line["uuid"] for line in talk(5, of=2)]
    with server.http.stream("GET", PATH, headers=STREAM | {"Last-Event-ID": before[-1].id}) as answer:
        resumed = until(events(answer.iter_lines()), "caught-up")
        assert resumed[0].name == "rewritten"
        assert len(entries(resumed)) == 5
    assert server.get(f"/api/sessions/{MAIN_ID}")["generation"] == 1


def test_new_files_old_files_and_folders_are_noticed(server, projects, path):
    """A session that rested for long and goes on is as live as a new one."""
    new = "bbbbbbbb-0000-4000-8000-000000000002"
    write(projects / "-new" / f"{new}.jsonl", jsonl(*talk(3, of=2)))
    awaited(lambda: new in {one["id"] for one in server.get("/api/sessions")["items"]})
    append(path, *talk(1, first=300))  # its time was months ago
    awaited(lambda: server.get(f"/api/sessions/{MAIN_ID}")["lines"] == 301)
    append(projects / "-new" / f"{new}.jsonl", *talk(1, of=2, first=3))
    awaited(lambda: server.get(f"/api/sessions/{new}")["lines"] == 4)
    path.unlink()
    append(projects / "-new" / f"{new}.jsonl", *talk(1, of=2, first=4))
    awaited(lambda: server.get(f"/api/sessions/{new}")["lines"] == 5)
    assert server.get(f"/api/sessions/{MAIN_ID}")["lines"] == 301  # what was stored stays


def test_an_empty_file_is_a_session_at_once(server, projects):
    new = "bbbbbbbb-0000-4000-8000-000000000002"
    write(projects / "-new" / f"{new}.jsonl", b"")
    awaited(lambda: new in {one["id"] for one in server.get("/api/sessions")["items"]})


def test_a_signal_ends_it_though_a_stream_is_open(server):
    with server.http.stream("GET", PATH, headers=STREAM) as answer:
        stream = events(answer.iter_lines())
        until(stream, "caught-up")
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(timeout=3) == 0
        assert list(stream) == []  # ended, not torn


def test_a_cookie_outlives_the_server_and_a_token_does_not(serve, server):
    answer = httpx.get(f"{server.base}/", params={"token": server.token})
    ((name, value),) = answer.cookies.items()
    answer = httpx.get(f"{server.base}/api/stats", cookies={name: value})
    assert answer.status_code == 200
    server.end()
    again = serve()
    assert httpx.get(f"{again.base}/api/stats", cookies={name: value}).status_code == 200
    assert not httpx.get(f"{again.base}/", params={"token": server.token}).cookies
    assert httpx.get(f"{again.base}/api/stats").status_code == 401


def test_the_samples_come_when_they_are_asked_for(server):
    assert server.get("/api/status")["samples"] is False
    assert server.http.post("/api/samples").status_code == 202
    awaited(lambda: server.get("/api/status")["samples"])
    assert "sample" in {client["host"] for client in server.get("/api/clients")["items"]}


def test_what_was_there_before_is_shown_again(serve, server):
    before = server.get("/api/stats")
    server.end()
    again = serve()
    assert again.get("/api/stats") == before
    assert again.http.headers["Authorization"].endswith(API_KEY)
