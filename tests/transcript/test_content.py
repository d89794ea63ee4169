"""Parts and meta of a whole entry."""

import base64
import json

import msgspec
import pytest

from session_replay.transcript.content import PART_BYTES_MAX, language_of
from session_replay.transcript.entry import entry_whole
from session_replay.transcript.prices import PRICES_AS_OF

PNG = b"\x89PNG\r\n\x1a\n" + bytes(24)
SESSION = "11111111-2222-4333-8444-555555555555"


def image(raw: bytes, media_type: str = "image/png"):
    return {
        "type": "image",
        "source": {"type": "base64", "media_type": media_type, "data": base64.b64encode(raw).decode()},
    }


def whole(line, block=0):
    return entry_whole(json.dumps(line).encode(), 0, block, None)


def result(content, facts=None, **fields):
    block = {"type": "tool_result", "tool_use_id": "t", "content": content}
    line = {"type": "user", "sessionId": SESSION, "message": {"content": [block | fields]}}
    return line if facts is None else line | {"toolUseResult": facts}


@pytest.mark.parametrize(
    ("raw", "media_type"),
    [
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0" + bytes(24), "image/jpeg"),
        (b"GIF89a" + bytes(24), "image/gif"),
        (b"RIFF\0\0\0\0WEBPVP8 " + bytes(24), "image/webp"),
        (b"<svg onload=alert(1)>" + bytes(24), None),
        (b"RIFF\0\0\0\0WAVEfmt " + bytes(24), None),
        (b"", None),
    ],
)
def test_an_image_is_shown_if_its_bytes_say_that_it_is_one(raw, media_type):
    [part] = whole({"type": "user", "message": {"content": [image(raw, "image/svg+xml")]}}).content

    assert (part.kind, part.media_type) == (("image" if media_type else "notice"), media_type)


def test_what_is_no_base64_is_no_image():
    block = {"type": "image", "source": {"data": base64.b64encode(PNG).decode()[:-4] + "<b>!"}}
    [part] = whole({"type": "user", "message": {"content": [block]}}).content

    assert part.kind == "notice"


def test_images_of_a_prompt_are_found_with_its_text():
    content = [image(PNG), {"type": "text", "text": "What is this?"}, image(PNG)]
    parts = whole({"type": "user", "message": {"content": content}}, block=1).content

    assert [part.kind for part in parts] == ["markdown", "image", "image"]


def test_output_of_a_command_is_terminal_text():
    parts = whole(result("x", {"stdout": "out", "stderr": "err", "interrupted": False})).content

    assert [(part.kind, part.label, part.text) for part in parts] == [
        ("terminal", "stdout", "out"),
        ("terminal", "stderr", "err"),
    ]


def test_long_parts_are_cut_and_say_by_how_much():
    words = "é" * PART_BYTES_MAX
    [part] = whole({"type": "user", "message": {"content": words}}).content

    assert len(part.text.encode()) + part.truncated_bytes == 2 * PART_BYTES_MAX
    assert len(part.text.encode()) <= PART_BYTES_MAX
    assert words.startswith(part.text)


def test_json_parts_are_the_lines_own_json():
    block = {"type": "tool_use", "id": "t", "name": "mcp__x__y", "input": {"a": [1, 2.5, None]}}
    [part] = whole({"type": "assistant", "message": {"content": [block]}}).content

    assert part.kind == "json"
    assert msgspec.json.decode(part.value) == {"a": [1, 2.5, None]}


@pytest.mark.parametrize(
    ("path", "language"),
    [("/a/b.py", "python"), ("C:\\x\\App.TSX", "tsx"), ("/Makefile", "makefile"), ("/a.unknown", None), ("", None)],
)
def test_the_language_is_that_of_the_files_name(path, language):
    assert language_of(path) == language


@pytest.mark.parametrize(
    ("path", "spill"),
    [
        (f"/home/a/.claude/projects/-p/{SESSION}/tool-results/b1.txt", {"path": "b1.txt", "size": 9}),
        (f"C:\\Users\\a\\{SESSION}\\tool-results\\b1.txt", {"path": "b1.txt", "size": 9}),
        (f"/home/a/{SESSION}/tool-results/../../../etc/passwd", None),
        (f"{SESSION}/tool-results/b1.txt", None),
        ("/home/a/other-session/tool-results/b1.txt", None),
        ("/etc/passwd", None),
        (f"/home/a/{SESSION}/tool-results", None),
    ],
)
def test_only_spill_files_of_the_session_are_told(path, spill):
    facts = {"stdout": "", "persistedOutputPath": path, "persistedOutputSize": 9}
    meta = whole(result("<persisted-output>\nOutput too large", facts)).meta

    assert meta.get("spill") == spill


def test_the_spill_file_is_read_from_the_words_of_old_clients():
    words = f"Error: too long. Output has been saved to /h/{SESSION}/tool-results/mcp-1.txt.\nFormat: text"

    assert whole(result(words)).meta["spill"] == {"path": "mcp-1.txt"}


def test_meta_says_what_the_line_says():
    usage = {
        "input_tokens": 1,
        "output_tokens": 2,
        "cache_creation_input_tokens": 3,
        "cache_read_input_tokens": 4,
        "cache_creation": {"ephemeral_5m_input_tokens": 1, "ephemeral_1h_input_tokens": 2},
        "service_tier": "standard",
    }
    message = {"id": "m", "model": "x", "stop_reason": "end_turn", "usage": usage, "content": "hi"}
    line = {"type": "assistant", "uuid": "u", "timestamp": 1772618400, "requestId": "r", "message": message}
    meta = whole(line).meta

    assert meta["tokens"] == {
        "input": 1,
        "output": 2,
        "cache_creation": 3,
        "cache_read": 4,
        "total": 10,
        "cache_5m": 1,
        "cache_1h": 2,
        "service_tier": "standard",
    }
    assert "cost" not in meta  # nobody knows the prices of a model called x
    assert (meta["raw_at"], meta["at"], meta["request_id"], meta["stop_reason"], meta["raw_exact"]) == (
        1772618400,
        "2026-03-04T10:00:00.000Z",
        "r",
        "end_turn",
        True,
    )
    assert "hook" not in meta


def test_meta_estimates_the_cost_of_a_message_of_a_known_model():
    usage = {"input_tokens": 1_000, "output_tokens": 2_000, "cache_creation_input_tokens": 0}
    message = {"id": "m", "model": "claude-opus-4-6", "usage": usage, "content": "hi"}
    cost = whole({"type": "assistant", "uuid": "u", "message": message}).meta["cost"]
    assert cost == {"usd": 0.055, "prices_as_of": PRICES_AS_OF}


def test_bytes_that_are_no_utf8_are_said_to_be_replaced():
    entry = entry_whole(b'{"type":"user","message":{"content":"caf\xe9"}}', 0, 0, None)

    assert (entry.meta["raw_exact"], entry.preview) == (False, "caf\ufffd")
    assert "\ufffd" in entry.raw
