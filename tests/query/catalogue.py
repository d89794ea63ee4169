"""Sessions as plain dicts, and a catalogue that holds them."""

from __future__ import annotations

import os
from contextlib import contextmanager

from session_replay.query.mirror.keeper import Mirror
from session_replay.query.sessions import Catalogue
from session_replay.store import schema
from session_replay.store.database import Database
from session_replay.store.names import Names
from session_replay.store.sessions import SessionKeys, SessionText
from session_replay.store.streams import seal_path
from session_replay.vault.keys import key_encryption_key, make_organization_key, open_organization_key
from session_replay.wire import ENTRY_TYPES

NOON_MS = 1_795_348_800_000
"""2026-11-22T12:00:00Z."""

MISSING_MAIN_ID = "missing-main"
"""Of the session that spawned the orphans."""

_FIGURES = (
    "messages",
    "tool_calls",
    *(f"{part}_tokens" for part in ("input", "output", "cache_creation", "cache_read")),
)


def plain_session(session_id, **facts):
    """A session with nothing in it but what is said."""
    row = {
        "id": session_id,
        "parent_id": None,
        "agent_id": None,
        "orphan": False,
        "warmup": False,
        "spawned_by_seq": None,
        "host": "laptop",
        "user": "ada",
        "project": None,
        "git_branch": None,
        "git_branches": [],
        "models": [],
        "tools": [],
        "client_version": None,
        "client_versions": [],
        "permission_modes": [],
        "title": None,
        "first_prompt": None,
        "agent_type": None,
        "description": None,
        "entry_types": [],
        "started_ms": NOON_MS,
        "grown_ms": 0,
        "duration_ms": 0,
        "active_ms": 0,
        "messages": 0,
        "prompts": 0,
        "tool_calls": 0,
        "entries": 0,
        "lines": 0,
        "lines_with_entries": 0,
        "inherited_lines": 0,
        "size_bytes": 0,
        "pending_bytes": 0,
        "generation": 0,
        "tokens": (0, 0, 0, 0),
    }
    unknown = facts.keys() - row.keys() - {"counted_messages", "counted_tool_calls", "counted_tokens"}
    assert not unknown, unknown
    row |= facts
    for figure in ("messages", "tool_calls", "tokens"):
        row.setdefault(f"counted_{figure}", row[figure])
    return row


class Stored:
    """A catalogue of plain sessions; each ``fill`` replaces what is in it."""

    def __init__(self, url, *, mirrored=False):
        self.mirrored = mirrored
        self.database = Database(url)
        schema.metadata.create_all(self.database.engine)
        kek = key_encryption_key(os.urandom(32))
        self.key = open_organization_key(kek, 1, make_organization_key(kek, 1))
        self.fill([])

    def fill(self, rows):
        self.names, self.keys = Names(self.key), SessionKeys(self.key)
        self.mirror = Mirror(self.names, self.keys, from_sessions=0) if self.mirrored else None
        self.catalogue = Catalogue(self.names, self.keys, 1, self.mirror)
        self.database.write(self._empty)
        self.database.write(lambda tx: self._enter(tx, rows))
        if self.mirror:
            with self.database.read() as connection:
                self.mirror.make(connection)
        return self.catalogue

    def change(self, rows, changed):
        """Let the sessions ``changed`` of a catalogue of ``rows`` be as they are in ``rows``, entered where new."""
        self.database.write(lambda tx: self._change(tx, rows, changed))

    @contextmanager
    def ask(self):
        with self.database.read() as connection:
            yield self.catalogue, connection

    def _empty(self, tx):
        self.names.forget()
        self.keys.forget()
        for table in reversed(schema.metadata.sorted_tables):
            tx.execute(table.delete())
        tx.execute(schema.organizations.insert(), _row(schema.organizations, {"id": 1}))

    def _enter(self, tx, rows):
        clients = self._enter_clients(tx, rows)
        for number, row in enumerate(rows, start=1):
            self._enter_stream(tx, number, row, clients)
            session = self._session(tx, number, row, rows, clients)
            tx.execute(schema.sessions.insert(), _row(schema.sessions, session))
            listed = [*self._listed(tx, row)]
            if listed:
                tx.execute(schema.session_names.insert(), listed)

    def _enter_stream(self, tx, number, row, clients):
        stream = _stream(number, row, clients[row["host"], row["user"]])
        secret = self.keys.make_missing(tx, row["id"])
        path = f"-folder-{number}/{row['id']}.jsonl"
        stream["sealed_path"] = seal_path(self.keys.organization_key, secret, stream["address"], path)
        tx.execute(schema.streams.insert(), _row(schema.streams, stream))

    def _change(self, tx, rows, changed):
        clients = self._enter_clients(tx, rows)
        for number, row in enumerate(rows, start=1):
            if row["id"] not in changed:
                continue
            session = self._session(tx, number, row, rows, clients)
            same = schema.sessions.c.id == row["id"]
            if tx.execute(schema.sessions.update().where(same).values(session)).rowcount == 0:
                self._enter_stream(tx, number, row, clients)
                tx.execute(schema.sessions.insert(), _row(schema.sessions, session))
            tx.execute(schema.session_names.delete().where(schema.session_names.c.session_id == row["id"]))
            listed = [*self._listed(tx, row)]
            if listed:
                tx.execute(schema.session_names.insert(), listed)

    def _enter_clients(self, tx, rows):
        clients = {}
        known = {row.id for row in tx.execute(schema.clients.select())}
        for host, user in sorted({(row["host"], row["user"]) for row in rows}):
            clients[host, user] = f"client-{host}-{user}"[:32]
            if clients[host, user] in known:
                continue
            numbers = {
                "host_id": self.names.numbers(tx, "host", [host])[host],
                "user_id": self.names.numbers(tx, "user", [user])[user],
            }
            tx.execute(
                schema.clients.insert(),
                _row(schema.clients, {"id": clients[host, user], "organization_id": 1, **numbers}),
            )
        return clients

    def _number(self, tx, kind, value):
        return None if value is None else self.names.numbers(tx, kind, [value])[value]

    def _listed(self, tx, row):
        for kind in ("git_branch", "model", "tool", "client_version", "permission_mode"):
            values = row[f"{kind}es" if kind == "git_branch" else f"{kind}s"]
            for position, value in enumerate(values):
                number = self._number(tx, kind, value)
                yield {"session_id": row["id"], "kind": kind, "position": position, "name_id": number}

    def _session(self, tx, number, row, rows, clients):
        secret = self.keys.make_missing(tx, row["id"])
        words = SessionText(row["title"], row["first_prompt"], row["agent_type"], row["description"])
        same = [
            "id",
            "parent_id",
            "agent_id",
            "orphan",
            "warmup",
            "spawned_by_seq",
            "started_ms",
            "grown_ms",
            "duration_ms",
            "active_ms",
            "messages",
            "prompts",
            "tool_calls",
            "entries",
            "lines",
            "lines_with_entries",
            "inherited_lines",
            "size_bytes",
            "counted_messages",
            "counted_tool_calls",
        ]
        parts = [column for column in _FIGURES if column.endswith("_tokens")]
        return {
            **{column: row[column] for column in same},
            **dict(zip(parts, row["tokens"], strict=True)),
            **dict(zip((f"counted_{part}" for part in parts), row["counted_tokens"], strict=True)),
            "organization_id": 1,
            "stream_id": _stream_id(number),
            "client_id": clients[row["host"], row["user"]],
            "root_id": MISSING_MAIN_ID if row["orphan"] else top_of(row, rows)["id"],
            "project_id": self._number(tx, "project", row["project"]),
            "git_branch_id": self._number(tx, "git_branch", row["git_branch"]),
            "client_version_id": self._number(tx, "client_version", row["client_version"]),
            "sealed_text": self.keys.seal_text(secret, row["id"], words),
            "ended_ms": row["started_ms"] + row["duration_ms"],
            "subagents": len(descendants(row, rows)),
            "entry_types": sum(1 << ENTRY_TYPES.index(one) for one in row["entry_types"]),
        }


def _row(table, known):
    """A row of a table; what the catalogue does not read is empty."""
    empty = {
        column.name: column.type.python_type()
        for column in table.columns
        if not column.nullable and not column.primary_key and column.default is None
    }
    assert known.keys() <= set(table.columns.keys())
    return empty | known


def top_of(row, rows):
    by_id = {one["id"]: one for one in rows}
    while row["parent_id"] is not None:
        row = by_id[row["parent_id"]]
    return row


def descendants(row, rows):
    below = [one for one in rows if one["parent_id"] == row["id"]]
    return [*below, *(one for child in below for one in descendants(child, rows))]


def _stream_id(number):
    return number * 0x1234_5678_9ABC  # as wide as the random ids are: JSON must carry them exactly


def _stream(number, row, client_id):
    return {
        "id": _stream_id(number),
        "organization_id": 1,
        "client_id": client_id,
        "address": number.to_bytes(16, "big"),
        "session_id": row["id"],
        "generation": row["generation"],
        "length": 1000 + row["pending_bytes"],
        "parsed_to": 1000,
    }
