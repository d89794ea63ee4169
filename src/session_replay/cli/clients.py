"""``session-replay clients``: who may send, and how their collectors are."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec

from session_replay.cli.administration import ask_server
from session_replay.cli.printed import printed
from session_replay.collector.remote import checked_url
from session_replay.errors import DataFolderBusy, InvalidRequest, NotFound
from session_replay.ingest import enrol
from session_replay.query.clients import Clients
from session_replay.server import settings
from session_replay.store.installation import Installation, open_installation
from session_replay.store.unchanged import CATALOGUE
from session_replay.wire import Client, ClientPage

T = TypeVar("T")
SERVER_UNKNOWN = "https://YOUR-SERVER"


def add(label: str, data: Path | None, server: str | None, *, prints_token: bool) -> int:
    """Make a one-time token and print the command to run on the client; with ``prints_token`` it is the last word.

    Raises:
        InvalidRequest: The label is empty or too long, or no collector would take the server's address.
    """
    address = SERVER_UNKNOWN if server is None else checked_url(server)

    def locally(at: Installation) -> str:
        if at.is_new:
            print(f"There was no data in {at.folder}: it is made now.", file=sys.stderr)
        if at.is_new and at.key_file:
            print(f"Made a new key: {at.key_file}\nKeep a copy: without it nothing can be read.", file=sys.stderr)
        return at.database.write(lambda tx: enrol.add_client(tx, at, label)).token

    def by_server(folder: Path) -> str:
        return str(ask_server(folder, "POST", "/api/clients", {"label": label})["token"])

    token = _either(data, locally, by_server, makes=True)
    if prints_token:
        print(f"One-time token for {printed(label)}, valid for a week: {token}")
        return 0
    command = f"session-replay collect --server {shlex.quote(address)} --token {token}"
    print(f"On {printed(label)}, run within a week:\n\n  {command}\n")
    print(
        "Whoever redeems the token first is connected; the same user on the same machine can redeem it again later, "
        "and that alarms.\nKeep it from others, also afterwards: whoever has it may send transcripts."
    )
    return 0


def show(data: Path | None, *, as_json: bool) -> int:
    """Print every client, the alarming ones first."""
    page = _page(data)
    if as_json:
        print(msgspec.json.encode(page).decode())
        return 0
    if not page.items:
        print("No clients yet. Add one: session-replay clients add NAME")
    for client in page.items:
        name = printed(f"{client.user}@{client.host}" + (f" ({client.label})" if client.label else ""))
        seen = client.last_seen_at or "never"
        print(f"{client.id}  {client.state:9} {name}  {client.sessions} sessions, last seen {seen}")
        for alarm in client.alarms:
            print(f"{'':18}! {alarm.words} First on {alarm.since}.")
    return 0


def rename(client: str, label: str, data: Path | None) -> int:
    """Give a client another label."""
    found = _find(data, client)
    _either(
        data,
        lambda at: at.database.write(lambda tx: enrol.rename(tx, at, found.id, label)),
        lambda folder: ask_server(folder, "PUT", f"/api/clients/{found.id}/label", {"label": label}),
    )
    return 0


def revoke(client: str, data: Path | None, *, undo: bool) -> int:
    """Refuse a client's collector from now on, or let it in again."""
    found = _find(data, client)
    _either(
        data,
        lambda at: at.database.write(lambda tx: enrol.revoke(tx, at, found.id, undo=undo)),
        lambda folder: ask_server(folder, "DELETE" if undo else "POST", f"/api/clients/{found.id}/revocation"),
    )
    name = printed(f"{found.user}@{found.host}")
    print(f"{name} is {'let in again' if undo else 'refused from now on; what it sent stays'}.")
    return 0


def _find(data: Path | None, wanted: str) -> Client:
    """The one client with this id, label or host.

    Raises:
        NotFound: There is none.
        InvalidRequest: There are several.
    """
    clients = _page(data).items
    found = [one for one in clients if one.id == wanted] or [one for one in clients if wanted in {one.label, one.host}]
    if not found:
        raise NotFound(f"there is no client {wanted}: session-replay clients list shows them")
    if len(found) > 1:
        raise InvalidRequest(
            f"several clients are called {wanted}, name one by its id: {', '.join(c.id for c in found)}"
        )
    return found[0]


def _page(data: Path | None) -> ClientPage:
    def locally(at: Installation) -> ClientPage:
        with at.database.read() as connection:
            return Clients(at).page(connection)

    def by_server(folder: Path) -> ClientPage:
        return msgspec.convert(ask_server(folder, "GET", "/api/clients"), ClientPage)

    return _either(data, locally, by_server)


def _either(
    data: Path | None, locally: Callable[[Installation], T], by_server: Callable[[Path], T], *, makes: bool = False
) -> T:
    """Ask the data folder, or the server that holds it.

    Raises:
        NotFound: There is no data, and the question ``makes`` none: a folder that was misspelt stays unmade.
    """
    folder, url = settings.data_folder(data), settings.database_url()
    if not makes and url is None and not (folder / CATALOGUE).is_file():
        raise NotFound(f"{folder} holds no data: name the folder with --data")
    try:
        with open_installation(folder, settings.key_source(), url=url) as at:
            return locally(at)
    except DataFolderBusy:
        return by_server(folder)
