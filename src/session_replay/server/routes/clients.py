"""``/api/clients``: the machines that sessions come from, and who may send."""

from __future__ import annotations

import shlex
import time
from typing import Any

from litestar import Request, Router, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from session_replay.errors import InvalidRequest, NotFound
from session_replay.ingest.enrol import add_client, rename, revoke
from session_replay.query.instant import written_time
from session_replay.server.services import Services
from session_replay.store import clients
from session_replay.wire import ClientLabel, ClientPage, ClientToken


@get("/clients", summary="The machines that sessions come from", operation_id="list_clients")
async def list_clients(services: NamedDependency[Services]) -> ClientPage:
    """Every client with the state of its collector; the alarming ones first."""
    return await services.read(services.clients.page)


@post("/clients", summary="Make a token for a new client", operation_id="add_client")
async def add(
    request: Request[Any, Any, Any], services: NamedDependency[Services], data: JSONBody[ClientLabel]
) -> ClientToken:
    """A one-time token, valid for a week, and the command that redeems it; it is told this once."""
    at = services.at
    made = await services.write(lambda tx: add_client(tx, at, data.label))
    command = f"session-replay collect --server {shlex.quote(services.url(request))} --token {made.token}"
    return ClientToken(made.label, made.token, written_time(made.expires_ms), command)


@put("/clients/{client_id:str}/label", status_code=204, summary="Rename a client", operation_id="rename_client")
async def change_label(
    services: NamedDependency[Services], client_id: FromPath[str], data: JSONBody[ClientLabel]
) -> None:
    """Host and user stay what they are."""
    at = services.at
    await services.write(lambda tx: rename(tx, at, client_id, data.label))


@post("/clients/{client_id:str}/revocation", status_code=204, summary="Revoke a client", operation_id="revoke_client")
async def add_revocation(services: NamedDependency[Services], client_id: FromPath[str]) -> None:
    """Its collector is refused from its next request on; what it sent stays."""
    at = services.at
    await services.write(lambda tx: revoke(tx, at, client_id))


@delete("/clients/{client_id:str}/revocation", summary="Let a client in again", operation_id="restore_client")
async def remove_revocation(services: NamedDependency[Services], client_id: FromPath[str]) -> None:
    """Undoes a revocation."""
    at = services.at
    await services.write(lambda tx: revoke(tx, at, client_id, undo=True))


@post(
    "/clients/{client_id:str}/alarms/{kind:str}/acknowledgement",
    status_code=204,
    summary="Acknowledge an alarm",
    operation_id="acknowledge_alarm",
)
async def acknowledge(services: NamedDependency[Services], client_id: FromPath[str], kind: FromPath[str]) -> None:
    """It ends until the same happens again."""
    await _acknowledge(services, client_id, kind, undo=False)


@delete(
    "/clients/{client_id:str}/alarms/{kind:str}/acknowledgement",
    summary="Take an acknowledgement back",
    operation_id="unacknowledge_alarm",
)
async def unacknowledge(services: NamedDependency[Services], client_id: FromPath[str], kind: FromPath[str]) -> None:
    """The alarm is there again."""
    await _acknowledge(services, client_id, kind, undo=True)


async def _acknowledge(services: Services, client_id: str, kind: str, *, undo: bool) -> None:
    known: clients.EventKind | None = next((one for one in clients.ALARMING if one == kind), None)
    if known is None:
        raise InvalidRequest(f"there is no alarm {kind[:40]!r} that can be acknowledged")
    now_ms = time.time_ns() // 1_000_000
    alarm, organization = known, services.at.key.organization
    if await services.read(lambda connection: clients.find(connection, organization, client_id)) is None:
        raise NotFound(f"there is no client {client_id[:80]!r}")
    await services.write(lambda tx: clients.acknowledge(tx, client_id, alarm, now_ms, undo=undo))


clients_router = Router(
    "/",
    route_handlers=[
        list_clients,
        add,
        change_label,
        add_revocation,
        remove_revocation,
        acknowledge,
        unacknowledge,
    ],
)
