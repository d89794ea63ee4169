"""Search in everything that the entries of one session say, and the page of entries around one."""

import asyncio
import json
import random
import threading

import pytest

from ingest.lines import MAIN_ID, answered, called, jsonl, line, opened, returned, said, take_in, talk, write
from server.asgi import GET, scope
from server.conftest import API_KEY
from session_replay.cli.local import samples_folder
from session_replay.query.entries import Abandoned, question
from session_replay.query.trace import Trace
from session_replay.server.app import make_app, make_services

MATCHES = f"/api/sessions/{MAIN_ID}/matches"
ENTRIES = f"/api/sessions/{MAIN_ID}/entries"
FILLER = "so much text that no preview reaches behind it " * 20
IMAGE = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="

LINES = [
    said(0, f"{FILLER} the Prompt's last word: Straße"),
    answered(1, f"{FILLER} Antwort über C:\\temp\\new"),
    called(
        2, "Edit", "t1", {"file_path": "/src/a.py", "old_string": "before_it", "new_string": 'say "after_it"\n\tmore'}
    ),
    returned(3, "t1", f"{FILLER}\n\x1b[31mFAILED\x1b[0m test_deep"),
    called(4, "mcp__x__y", "t2", {"nested": {"key_name": ["one", {"two": "caf\u00e9 /usr/bin"}]}, "port": 48151}),
    line(
        "user",
        5,
        message={
            "role": "user",
            "content": [
                {"type": "text", "text": "look at this"},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": IMAGE}},
            ],
        },
    ),
    answered(6, "")
    | {
        "message": {
            "id": "m6",
            "content": [
                {"type": "thinking", "thinking": f"{FILLER} pondering"},
                {"type": "text", "text": f"{FILLER} decided"},
            ],
        }
    },
    line("some-new-type", 7, payload={"deep": FILLER, "end": "unheard-of"}),
    b'{"type":"user","uuid":"x","message":{"content":"' + FILLER.encode() + b' \\u0041scii \\ud83d\\ude00 a\\/b"}}\n',
    b'{"half a line: ' + FILLER.encode() + b" broken off",
]


@pytest.fixture
def spoken(client, at, projects):
    """A client of a store whose session says something in each way that there is."""
    write(projects / "-p" / f"{MAIN_ID}.jsonl", jsonl(*LINES))
    take_in(at, projects)
    return client


def found(client, session_id=MAIN_ID, **parameters):
    """All matches, page by page."""
    items, cursor = [], None
    last = client.get(f"/api/sessions/{session_id}/entries", params={"limit": 500}).json()["items"][-1]["seq"]
    while True:
        asked = parameters | ({"cursor": cursor} if cursor else {})
        page = client.get(f"/api/sessions/{session_id}/matches", params=asked).json()
        items += page["items"]
        is_whole = page["next_cursor"] is None and asked.keys().isdisjoint({"cursor", "after"})
        assert page["total"] == (len(page["items"]) if is_whole else None)
        cursor = page["next_cursor"]
        assert page["searched_to"] >= (int(cursor) if cursor else last)
        if cursor is None:
            return items


def lines_of(items):
    return [one["seq"] / 1024 for one in items]


@pytest.mark.parametrize(
    ("wanted", "lines"),
    [
        ("LAST WORD: STRASSE", [0]),
        ("antwort ÜBER c:\\temp\\new", [1]),
        ("before_it", [2]),
        ('Say "after_it"', [2]),
        ("/src/a.py", [2]),
        ("test_deep", [3]),
        ("key_name", [4]),
        ("CAFÉ /usr/bin", [4]),
        ("48151", [4]),
        ("ANSUhEUg", []),
        ("pondering", [6]),
        ("decided", [6 + 1 / 1024]),
        ("unheard-of", [7]),
        ("Ascii \U0001f600 A/B", [8]),
        ("broken off", [9]),
        ("no preview", [0, 1, 3, 6, 6 + 1 / 1024, 7, 8, 9]),
        ("bash", []),
        ("nowhere", []),
    ],
)
def test_a_text_is_found_wherever_it_is_said(spoken, wanted, lines):
    items = found(spoken, q=wanted)
    assert lines_of(items) == lines
    for one in items:
        assert one["excerpt"] is None or wanted.casefold() in one["excerpt"].casefold()
    assert found(spoken, q=wanted, limit=1) == items
    entries = spoken.get(ENTRIES, params={"q": wanted}).json()
    assert (lines_of(entries["items"]), entries["total"]) == (lines, len(lines))


def test_type_view_and_place_narrow_a_search(spoken):
    assert lines_of(found(spoken, q="no preview", type="user,thinking")) == [0, 6, 8]
    assert lines_of(found(spoken, q="no preview", view="audit")) == [0, 7, 8, 9]
    assert lines_of(found(spoken, q="no preview", after=6 * 1024)) == [6 + 1 / 1024, 7, 8, 9]
    assert spoken.get(MATCHES, params={"q": "x", "limit": 501}).status_code == 400
    assert spoken.get(MATCHES).status_code == 400


def strings(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from value
        for one in value.values():
            yield from strings(one)
    elif isinstance(value, list):
        for one in value:
            yield from strings(one)


def said_by(whole):
    """What the entry says, told without the code under test: from the answer for one entry."""
    yield from (whole["preview"], whole["label"], whole["tool"] or "", whole["raw_type"])
    if whole["role"] == "call":
        yield from strings(json.loads(whole["raw"])["message"]["content"][whole["seq"] % 1024]["input"])
        return
    for part in whole["content"]:
        if part["kind"] not in {"image", "notice"}:
            yield from (part["text"] or "", part["path"] or "")
            yield from strings(part["value"])


def test_a_search_finds_what_looking_at_every_entry_finds(client, at):
    """On the samples: no miss, and nothing whose excerpt would not show why."""
    take_in(at, samples_folder())
    chance = random.Random(7)
    sessions = [one for one in client.get("/api/sessions").json()["items"] if one["id"] != MAIN_ID]
    for session in sorted(sessions, key=lambda one: one["id"]):
        path = f"/api/sessions/{session['id']}/entries"
        seqs = [one["seq"] for one in client.get(path, params={"limit": 500}).json()["items"]]
        texts = {seq: [text for text in said_by(client.get(f"{path}/{seq}").json()) if text] for seq in seqs}
        for _ in range(12):
            text = chance.choice(texts[chance.choice(seqs)])
            start = chance.randrange(len(text))
            wanted = chance.choice([str.upper, str.lower, str])(text[start : start + chance.randint(1, 24)])
            expected = {seq for seq in seqs if any(wanted.casefold() in one.casefold() for one in texts[seq])}
            items = found(client, session["id"], q=wanted, limit=100)
            hits = {one["seq"] for one in items}
            assert expected <= hits, wanted
            # Beyond the strings, JSON is searched as it stands: what is more must show it there.
            for one in items:
                flat = wanted.translate(str.maketrans("\n\r\t", "   ")).casefold()
                assert one["seq"] in expected or flat in one["excerpt"].casefold(), wanted


def test_a_search_that_nobody_waits_for_ends(at):
    with at.database.read() as connection, pytest.raises(Abandoned):
        Trace(at).matches(connection, MAIN_ID, -1, question(None, "x", None), 50, stop=lambda: True)


def test_a_search_ends_when_its_client_goes_away(at):
    services = make_services(at, user="ada", api_key=API_KEY, host="127.0.0.1")
    looking, ended = threading.Event(), threading.Event()

    class Patient(Trace):
        def matches(self, *asked):
            looking.set()
            while not asked[-1]():
                pass
            ended.set()
            raise Abandoned

    services.trace = Patient(at)

    async def ask():
        sent, messages = [], [GET]

        async def receive():
            if messages:
                return messages.pop()
            await asyncio.to_thread(looking.wait, 20)
            return {"type": "http.disconnect"}

        async def send(message):
            sent.append(message)

        await asyncio.wait_for(make_app(services)(scope(MATCHES, "q=word"), receive, send), 20)
        return sent

    sent = asyncio.run(ask())
    assert ended.is_set()
    assert sent[0]["status"] == 499


# Around one entry


@pytest.mark.parametrize(("around", "limit", "first", "last"), [(100, 50, 75, 124), (3, 20, 0, 19), (199, 8, 195, 199)])
def test_a_page_around_an_entry(client, around, limit, first, last):
    whole = client.get(ENTRIES, params={"limit": 500}).json()["items"]
    for name in (str(around * 1024), whole[around]["uuid"]):
        page = client.get(ENTRIES, params={"around": name, "limit": limit}).json()
        assert page["items"] == whole[first : last + 1]
        assert page["total"] == 200
        assert page["next_cursor"] == (str(last * 1024) if last < 199 else None)
    if last < 199:
        behind = client.get(ENTRIES, params={"around": name, "limit": limit, "cursor": page["next_cursor"]}).json()
        assert behind["items"] == whole[last + 1 : last + 1 + limit]


def test_a_page_around_an_entry_keeps_to_what_is_asked_for(client):
    page = client.get(ENTRIES, params={"around": 101 * 1024, "limit": 4, "type": "user", "q": "question"}).json()
    assert [one["seq"] // 1024 for one in page["items"]] == [98, 100, 102, 104]
    assert page["total"] == 100


@pytest.mark.parametrize("around", ["1", str(10**17), "nobody", "aaaaaaaa-0000-4000-8000-00000000ffff"])
def test_around_an_unknown_entry_there_is_nothing(client, around):
    assert client.get(ENTRIES, params={"around": around}).status_code == 404


def test_a_window_in_summaries_of_few_lines_each(tmp_path):
    """A session that grew line by line has many small summaries."""
    folder = tmp_path / "projects"
    path = folder / "-p" / f"{MAIN_ID}.jsonl"
    with opened(tmp_path) as at:
        for count in range(3, 41, 3):
            write(path, jsonl(*talk(count)))
            take_in(at, folder)
        with at.database.read() as connection:
            for text in (None, "question", "1"):
                wanted = question(None, text, None)
                seqs = [one.seq for one in Trace(at).page(connection, MAIN_ID, -1, wanted, 500).items]
                around = Trace(at).window(connection, MAIN_ID, str(20 * 1024), wanted, 8).entries
                place = sum(seq < 20 * 1024 for seq in seqs)
                assert [json.loads(one)["seq"] for one in around] == seqs[place - 4 : place + 4]
