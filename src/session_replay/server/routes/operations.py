"""Health, status and samples: what the page and operators ask besides sessions."""

from __future__ import annotations

import asyncio

import msgspec
from litestar import MediaType, Response, Router, get, post
from litestar.di import NamedDependency
from sqlalchemy import func, select

from session_replay import __version__
from session_replay.errors import NotFound
from session_replay.server import settings
from session_replay.server.services import Services
from session_replay.store.schema import sessions
from session_replay.wire import Status


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
        data_folder=None if services.at.folder == settings.data_folder(None) else str(services.at.folder),
    )


@post("/samples", status_code=202, summary="Import the sample sessions", operation_id="import_samples")
async def import_samples(services: NamedDependency[Services]) -> None:
    """Bring in the sample sessions that are shipped with the product; they belong to the host ``sample``."""
    if services.local.import_samples is None:
        raise NotFound("this server follows no transcripts, so it imports no samples")
    await asyncio.to_thread(services.local.import_samples)


health_router = Router("/", route_handlers=[get_health, get_readiness])
operations_router = Router("/", route_handlers=[get_status, import_samples])
