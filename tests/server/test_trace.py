"""What an open stream does when the file changes under it."""

import asyncio

import pytest

from ingest.lines import MAIN_ID, jsonl, take_in, talk, write
from server.asgi import GET, scope
from server.conftest import API_KEY
from server.events import entries, events
from session_replay.server.app import make_app, make_services


@pytest.mark.parametrize("frames_before", [1, 2])
def test_a_file_rewritten_between_two_frames_is_never_mixed_with_what_was_sent(at, projects, frames_before):
    """The client has the first frames of one file when it becomes another: it hears so, and gets that one whole."""
    path = projects / "-p" / f"{MAIN_ID}.jsonl"
    write(path, jsonl(*talk(2_000)))  # several frames
    take_in(at, projects)
    services = make_services(at, user="ada", api_key=API_KEY, host="127.0.0.1")
    sent, messages = [], [GET]

    async def follow():
        services.feed.start()
        gone = asyncio.Event()

        async def receive():
            if messages:
                return messages.pop()
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message):
            body = message.get("body", b"").decode()
            sent.append(body)
            if sum("data: [{" in one for one in sent) == frames_before and "data: [{" in body:
                write(path, jsonl(*talk(1_500, of=2)))
                await asyncio.to_thread(take_in, at, projects)
            if "event: caught-up" in body:
                gone.set()

        request = scope(f"/api/sessions/{MAIN_ID}/entries", accept="text/event-stream")
        await asyncio.wait_for(make_app(services)(request, receive, send), 60)

    asyncio.run(follow())
    heard = list(events("".join(sent).splitlines()))
    names = [event.name for event in heard]
    at_rewritten = names.index("rewritten")
    assert names[:at_rewritten] == ["message"] * frames_before
    assert [entry["uuid"] for entry in entries(heard[at_rewritten:])] == [line["uuid"] for line in talk(1_500, of=2)]
    old = {line["uuid"] for line in talk(2_000)}
    assert {entry["uuid"] for entry in entries(heard[:at_rewritten])} < old
    assert names.count("rewritten") == 1
    assert {event.id.partition(".")[0] for event in heard[at_rewritten:]} == {"1"}
