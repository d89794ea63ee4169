"""Health, status, samples and clients: what the page and operators ask besides sessions."""

from __future__ import annotations

import asyncio
import time

import msgspec
from litestar import MediaType, Response, Router, get, post
from litestar.di import NamedDependency
from sqlalchemy import Connection, func, select

from session_replay import __version__
from session_replay.errors import NotFound
from session_replay.query.instant import written_time
from session_replay.query.meaning import LIVE_MS
from session_replay.server.services import Services
from session_replay.store.schema import clients, sessions
from session_replay.wire import Client, ClientPage, Status


@get("/healthz", media_type=MediaType.TEXT, summary="The process runs", operation_id="get_health")
async def get_health() -> str:
    """Always ok."""
    return "ok"


@get("/readyz", media_type=MediaType.TEXT, summary="The store answers", operation_id="get_readiness")
async def get_readiness(services: NamedDependency[Services]) -> Response[str]:
    """200 when the catalogue can be read."""
    await services.read(lambda connection: connection.execute(select(1)).scalar())
    return Response("ready")


@get("/status", summary="What the page needs to know about the server", operation_id="get_status")
async def get_status(services: NamedDependency[Services]) -> Status:
    """Version, import progress, and whether there is anything to show."""
    count = await services.read(
        lambda connection: connection.execute(
            select(func.count()).select_from(sessions).where(sessions.c.parent_id.is_(None))
        ).scalar_one()
    )
    local = services.local
    return Status(
        version=__version__,
        organization="Local",
        user=services.user,
        local_import=msgspec.structs.replace(local.progress),
        samples=local.has_samples,
        sessions=count,
        data_folder=str(services.at.folder),
    )


@post("/samples", status_code=202, summary="Import the sample sessions", operation_id="import_samples")
async def import_samples(services: NamedDependency[Services]) -> None:
    """Bring in the sample sessions that are shipped with the product; they belong to the host ``sample``."""
    if services.local.import_samples is None:
        raise NotFound("this server follows no transcripts, so it imports no samples")
    await asyncio.to_thread(services.local.import_samples)


@get("/clients", summary="The machines that sessions come from", operation_id="list_clients")
async def list_clients(services: NamedDependency[Services]) -> ClientPage:
    """Every client with the number of its main sessions and when it last sent something."""
    return await services.read(lambda connection: _clients(services, connection))


def _clients(services: Services, connection: Connection) -> ClientPage:
    rows = connection.execute(
        select(
            clients.c.id,
            clients.c.host_id,
            clients.c.user_id,
            func.count().filter(sessions.c.parent_id.is_(None)).label("sessions"),
            func.max(sessions.c.grown_ms).label("seen_ms"),
        )
        .join(sessions, sessions.c.client_id == clients.c.id, isouter=True)
        .group_by(clients.c.id, clients.c.host_id, clients.c.user_id)
    ).all()
    texts = services.at.names.texts(connection, [number for row in rows for number in (row.host_id, row.user_id)])
    now_ms = time.time_ns() // 1_000_000
    items = [
        Client(
            id=row.id,
            host=texts.get(row.host_id, ""),
            user=texts.get(row.user_id, ""),
            sessions=row.sessions,
            last_seen_at=written_time(row.seen_ms) if row.seen_ms else None,
            live=bool(row.seen_ms) and abs(now_ms - row.seen_ms) <= LIVE_MS,
        )
        for row in rows
    ]
    return ClientPage(sorted(items, key=lambda client: (client.host, client.user)), None, len(items))


health_router = Router("/", route_handlers=[get_health, get_readiness])
operations_router = Router("/", route_handlers=[get_status, import_samples, list_clients])
