"""Transcript lines in the client's shape, and what is stored of them; small, made by hand."""

import json
import os
import re
import uuid
from contextlib import contextmanager

import msgspec
from sqlalchemy import select

from session_replay.collector.discover import Owner, described, discover
from session_replay.ingest.intake import Intake, Tally
from session_replay.ingest.workers import Workers
from session_replay.query.sessions import Catalogue
from session_replay.store import schema
from session_replay.store.chunks import read_range, stored_summaries
from session_replay.store.installation import open_installation
from session_replay.store.sealed import StreamKey, open_summary
from session_replay.store.streams import open_path
from session_replay.vault.source import KeySource

OWNER = Owner("laptop", "ada")
MAIN_ID = "aaaaaaaa-0000-4000-8000-000000000001"
SECOND_ID = f"{MAIN_ID}~second"
"""As ``comparable`` names the session of a second file of that name."""
WRITTEN_DAY = "2026-03-05"
_SECONDS = 1_772_668_800  # the same day


def uid(number, of=0):
    return str(uuid.UUID(int=(of << 64) + number + 1))


def at_time(number):
    return f"2026-03-04T{number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}.000Z"


def line(kind, number, of=0, **fields):
    return {
        "type": kind,
        "uuid": uid(number, of),
        "timestamp": at_time(number),
        "sessionId": MAIN_ID,
        "cwd": "/home/ada/shop",
        "gitBranch": "main",
        "version": "2.1.330",
        **fields,
    }


def said(number, text, of=0, **fields):
    return line("user", number, of, message={"role": "user", "content": text}, **fields)


def answered(number, text, of=0, output_tokens=7, message=None, **fields):
    usage = {"input_tokens": 10, "output_tokens": output_tokens}
    body = {"id": message or f"msg_{of}_{number}", "model": "claude-opus-4-1", "usage": usage}
    return line("assistant", number, of, message={**body, "content": [{"type": "text", "text": text}]}, **fields)


def called(number, tool, call, given, of=0, **fields):
    block = {"type": "tool_use", "id": call, "name": tool, "input": given}
    return answered(number, "", of, **fields) | {
        "message": {"id": f"msg_{of}_{number}", "model": "claude-opus-4-1", "usage": {}, "content": [block]}
    }


def returned(number, call, text, of=0, **fields):
    block = {"type": "tool_result", "tool_use_id": call, "content": text}
    return line("user", number, of, message={"role": "user", "content": [block]}, **fields)


def talk(count, of=0, first=0):
    """A conversation of ``count`` lines."""
    return [
        said(number, f"question {number} of {of}", of)
        if number % 2 == 0
        else answered(number, f"answer {number}", of, output_tokens=number)
        for number in range(first, first + count)
    ]


def jsonl(*lines):
    return b"".join(one if isinstance(one, bytes) else json.dumps(one).encode() + b"\n" for one in lines)


_ticks = iter(range(1, 10**9))


def write(path, raw):
    """Write a file whose modification time differs from every one before, whatever the clock's grain."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(raw)
    seconds = _SECONDS + next(_ticks)
    os.utime(path, (seconds, seconds))
    return path


@contextmanager
def opened(folder, url=None):
    with open_installation(folder / "data", KeySource(folder / "keys"), url=url) as at:
        yield at


def take_in(at, *folders, owner=OWNER, workers=None, host_from_path=False, order=lambda files: files):
    """Import folders as ``session-replay import`` does; returns what it says it did."""
    tally = Tally()
    files = []
    for folder in folders:
        found = discover([folder], owner, host_from_path=host_from_path)
        files += found.files
        tally.faults += found.faults
    intake = Intake(at, workers or Workers(0), describe=described)
    grown = intake.store(order(files), tally)
    intake.read([*grown, *intake.pending()], tally)
    assert intake.pending() == {}
    return tally


def comparable(session_id):
    """An id without what differs from data folder to data folder: a second file's suffix is a keyed digest."""
    return session_id and re.sub(r"~[0-9a-f]{8}", "~second", session_id)


def catalogue(at):
    """Everything that questions are answered from, by session id; without what is random or depends on the clock."""
    asked = Catalogue(at.names, at.session_keys, at.key.organization)
    found = {}
    with at.database.read() as connection:
        for session_id in connection.execute(select(schema.sessions.c.id)).scalars().all():
            session = msgspec.to_builtins(asked.session(connection, session_id))
            client = session.pop("client")
            session |= {name: comparable(session[name]) for name in ("id", "parent_id")}
            found[comparable(session_id)] = session | {"host": client["host"], "user": client["user"]}
            del session["live"]
        stats = msgspec.to_builtins(asked.stats(connection))
    return found, stats


def sealed_files(at):
    """Path, generations' raw bytes and current entries of every stream, by session id."""
    found = {}
    with at.database.read() as connection:
        for row in connection.execute(select(schema.streams)).all():
            secret = at.session_keys.find(connection, [row.session_id])[row.session_id]
            key = StreamKey(secret, at.key.organization, row.id, row.generation)
            raw = [
                read_range(connection, key._replace(generation=number), 0, 1 << 40)
                for number in range(row.generation + 1)
            ]
            assert len(raw[-1]) == row.length
            entries = [one for made in stored_summaries(connection, key) for one in open_summary(key, made)]
            path = open_path(at.key, secret, row.address, row.sealed_path)
            found[comparable(row.session_id)] = (path, raw, entries)
    return found


def contents(at):
    """All that must be equal for two data folders to hold the same."""
    sessions, stats = catalogue(at)
    return sessions, stats, sealed_files(at)
