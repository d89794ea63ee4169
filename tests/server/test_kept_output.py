"""What a client kept in a file of its own is shown with the call that made it."""

import base64

import pytest
from litestar.testing import TestClient

from ingest.lines import MAIN_ID, jsonl, opened, take_in, talk, write
from session_replay.server.app import make_app, make_services
from session_replay.wire import BLOCKS_PER_LINE

API_KEY = "k" * 32
PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
SOURCE = {"type": "base64", "media_type": "image/png", "data": base64.b64encode(PICTURE).decode()}
IN_LINE = {"type": "image", "source": SOURCE}
FOLDER = f"/home/ada/.claude/projects/-p/{MAIN_ID}/tool-results"


def result(*content):
    return {
        "type": "user",
        "sessionId": MAIN_ID,
        "uuid": "00000000-0000-4000-8000-00000000feed",
        "timestamp": "2026-11-20T12:00:00.000Z",
        "message": {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": [*content]}]},
    }


def text(words):
    return {"type": "text", "text": words}


@pytest.fixture
def shown(tmp_path):
    """The parts of a result whose output was kept in a file, or None where the file is gone."""

    def parts(name, kept, *content):
        projects = tmp_path / "projects"
        write(projects / "-p" / f"{MAIN_ID}.jsonl", jsonl(*talk(2), result(*content)))
        if kept is not None:
            write(projects / "-p" / MAIN_ID / "tool-results" / name, kept)
        with opened(tmp_path) as at:
            take_in(at, projects)
            app = make_app(make_services(at, user="ada", api_key=API_KEY, host="127.0.0.1"))
            with TestClient(app, base_url="http://127.0.0.1:8420") as client:
                client.headers["Authorization"] = f"Bearer {API_KEY}"
                answer = client.get(f"/api/sessions/{MAIN_ID}/entries/{2 * BLOCKS_PER_LINE}")
        answer.raise_for_status()
        return answer.json()["content"]

    return parts


def test_a_long_text_is_joined_to_its_call(shown):
    full = "line\n" * 500_000
    last = shown("b1.txt", full.encode(), text(f"<persisted-output>\nFull output saved to: {FOLDER}/b1.txt\n"))[-1]
    assert (last["kind"], last["label"], last["path"]) == ("terminal", "full output", "b1.txt")
    assert full.startswith(last["text"])
    assert len(last["text"]) + last["truncated_bytes"] == len(full)


def test_a_picture_is_shown_as_one(shown):
    last = shown("mcp-1.png", PICTURE, text(f"[Image: source: {FOLDER}/mcp-1.png]"))[-1]
    assert (last["kind"], last["media_type"], last["path"]) == ("image", "image/png", "mcp-1.png")
    assert base64.b64decode(last["data"]) == PICTURE


def test_a_picture_that_the_line_has_is_not_shown_twice(shown):
    parts = shown("mcp-1.png", PICTURE, IN_LINE, text(f"[Image: source: {FOLDER}/mcp-1.png]"))
    assert [part["kind"] for part in parts].count("image") == 1


def test_a_picture_by_its_name_alone_is_none(shown):
    last = shown("mcp-1.png", b"<svg onload=alert(1)>", text(f"[Image: source: {FOLDER}/mcp-1.png]"))[-1]
    assert (last["kind"], last["text"]) == ("terminal", "<svg onload=alert(1)>")


def test_what_is_no_text_is_told_and_not_shown(shown):
    last = shown("mcp-1.bin", bytes(2_048), text(f"Output has been saved to {FOLDER}/mcp-1.bin."))[-1]
    assert (last["kind"], last["text"]) == ("notice", "The full output was kept in mcp-1.bin: 2 KB that are no text.")


def test_a_file_that_is_gone_is_told(shown):
    last = shown("b1.txt", None, text(f"Output has been saved to {FOLDER}/b1.txt."))[-1]
    assert last["text"] == "The full output was kept in b1.txt, which is not stored."
