"""The composition root: settings in, one application out; the only place that knows all parts."""

from __future__ import annotations

import asyncio
import json
from functools import cache
from typing import Any, cast

import msgspec
from litestar import Litestar, Router, get
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.openapi import OpenAPIConfig
from litestar.types import Message, Scope

from session_replay import __version__
from session_replay.errors import ReplayError
from session_replay.ingest.receive import Receiver
from session_replay.protocol import ATTACHMENT_BODY_BYTES_MAX
from session_replay.query.clients import Clients
from session_replay.query.export import Export
from session_replay.query.mirror.keeper import Mirror
from session_replay.query.sessions import Catalogue
from session_replay.query.trace import Trace
from session_replay.server.access import LOOPBACK_NAMES, Access
from session_replay.server.feed import Feed
from session_replay.server.limits import make_limits
from session_replay.server.problem import PROBLEM_JSON, framework_error, replay_error, unexpected_error
from session_replay.server.routes.clients import clients_router
from session_replay.server.routes.export import export_router
from session_replay.server.routes.ingest import ingest_router
from session_replay.server.routes.operations import health_router, operations_router
from session_replay.server.routes.pages import pages_router
from session_replay.server.routes.saved_filters import saved_filters_router
from session_replay.server.routes.sessions import sessions_router
from session_replay.server.routes.trace import trace_router
from session_replay.server.services import LocalImport, Services
from session_replay.store.installation import Installation
from session_replay.store.saved_filters import SavedFilters
from session_replay.wire import EntryPatch, Problem

COOKIE_PREFIX = "session_replay_"
API_ROUTERS = (
    sessions_router,
    saved_filters_router,
    trace_router,
    export_router,
    clients_router,
    operations_router,
)


def make_services(
    at: Installation,
    *,
    user: str,
    api_key: str | None,
    host: str,
    feed: Feed | None = None,
    receiver: Receiver | None = None,
) -> Services:
    """The parts behind the routes of one installation."""
    is_loopback = host in LOOPBACK_NAMES
    trace = Trace(at)
    access = Access(
        at.key.cookie_key,
        COOKIE_PREFIX + at.data_id[:8],
        api_key,
        # Behind a proxy that carries its own name the operator has configured more than loopback.
        LOOPBACK_NAMES if is_loopback else frozenset(),
    )
    mirror = Mirror(at.names, at.session_keys)
    return Services(
        at=at,
        catalogue=Catalogue(at.names, at.session_keys, at.key.organization, mirror),
        mirror=mirror,
        trace=trace,
        export=Export(at),
        saved_filters=SavedFilters(at.key),
        feed=feed or Feed(),
        access=access,
        receiver=receiver or Receiver(at),
        clients=Clients(at),
        limits=make_limits(),
        local=LocalImport(),
        user=user,
    )


def make_app(services: Services) -> Litestar:
    """The application over these parts."""

    def provide() -> Services:
        return services

    async def start() -> None:
        services.feed.start()
        services.mirror.start(services.at.database)

    async def stop() -> None:
        await asyncio.to_thread(services.mirror.stop)

    api = Router("/api", route_handlers=[*API_ROUTERS, get_document], guards=[services.access.check])
    # Another credential, and no browser: none of the other routes' ways in.
    collectors = Router("/api", route_handlers=[ingest_router], request_max_body_size=ATTACHMENT_BODY_BYTES_MAX)
    return Litestar(
        route_handlers=[api, collectors, health_router, pages_router],
        dependencies={"services": Provide(provide, sync_to_thread=False)},
        exception_handlers={
            ReplayError: replay_error,
            HTTPException: framework_error,
            Exception: unexpected_error,
        },
        on_startup=[start],
        on_shutdown=[stop],
        before_send=[_add_headers],
        # The framework's own pages for the document would answer unknown addresses under /api with HTML.
        openapi_config=None,
        logging_config=None,
        debug=False,
    )


@get("/openapi.json", media_type="application/json")
async def get_document() -> bytes:
    """This API, described."""
    return document()


@cache
def document() -> bytes:
    """The OpenAPI document, made from the same handlers; JSON with keys in a stable order."""
    described = Litestar(
        route_handlers=[Router("/api", route_handlers=[*API_ROUTERS, ingest_router]), health_router],
        dependencies={"services": Provide(_nothing, sync_to_thread=False)},
        openapi_config=OpenAPIConfig(
            title="Session Replay", version=__version__, use_handler_docstrings=True, create_examples=False
        ),
        logging_config=None,
    )
    schema: dict[str, Any] = msgspec.to_builtins(described.openapi_schema.to_schema())
    # What no handler returns by its type: events of the entries stream, and errors.
    _, components = msgspec.json.schema_components((EntryPatch, Problem), ref_template="#/components/schemas/{name}")
    for shape in schema["components"]["schemas"].values():
        # Answers always carry every field; the defaults are for the code that makes them.
        if shape.get("properties"):
            shape["required"] = sorted(shape["properties"])
    for shape in components.values():  # these leave out what has its default
        for field in shape.get("properties", {}).values():
            field.pop("default", None)
    schema["components"]["schemas"] |= {
        name: shape for name, shape in components.items() if name not in schema["components"]["schemas"]
    }
    for operations in schema["paths"].values():
        for operation in operations.values():
            described_errors = {status: _ERROR for status in operation["responses"] if status.startswith("4")}
            operation["responses"] |= described_errors | {"default": _ERROR}
    return json.dumps(_loosened(schema), indent=2, sort_keys=True).encode() + b"\n"


def _loosened(part: Any) -> Any:  # noqa: ANN401 - JSON
    """``oneOf`` as ``anyOf``: the framework writes it for every union, also where null fits two members."""
    if isinstance(part, dict):
        members = cast("dict[str, Any]", part).items()
        return {("anyOf" if name == "oneOf" else name): _loosened(value) for name, value in members}
    if isinstance(part, list):
        return [_loosened(value) for value in cast("list[Any]", part)]
    return part


_ERROR = {
    "description": "RFC 9457 problem details",
    "content": {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}},
}


def _nothing() -> None:
    """Stands for the parts while the document is made."""


async def _add_headers(message: Message, scope: Scope) -> None:
    """Headers that every answer carries, whatever made it."""
    if message["type"] == "http.response.start":
        headers = [*message.get("headers", []), (b"x-content-type-options", b"nosniff")]
        if scope["path"].startswith("/api/") and not any(name == b"cache-control" for name, _ in headers):
            headers.append((b"cache-control", b"no-store"))
        message["headers"] = headers
