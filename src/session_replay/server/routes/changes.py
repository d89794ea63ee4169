"""``/api/changes``: which sessions changed, asked once or as a live stream, so that a list need not be polled."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, Router, get
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import QueryParameter
from litestar.response import Stream

from session_replay.errors import InvalidRequest
from session_replay.server.services import Services
from session_replay.wire import SessionChanges

EVENT_STREAM = "text/event-stream"
TOGETHER_SECONDS = 0.5
"""Changes that follow each other faster are told together."""
LOOK_SECONDS = 5.0
"""So often the store is asked though nobody announced anything: another process may write it."""
LOOKS_IN_SILENCE = 3
"""After so many without a change a comment is sent: proxies and pages tell a quiet stream from a dead one."""
CHANGE_MAX = 2**63 - 1

_json = msgspec.json.Encoder().encode


@get(
    "/changes",
    summary="Which sessions changed",
    operation_id="list_changes",
    responses={200: ResponseSpec(SessionChanges, description="Once; with Accept: text/event-stream a live stream.")},
)
async def list_changes(
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    after: Annotated[
        int | None,
        QueryParameter(ge=-1, le=CHANGE_MAX, description="``change`` of an earlier answer; now if left out."),
    ] = None,
) -> Response[Any]:
    """As an event stream each ``changed`` event is such an answer, the first one at once; honours ``Last-Event-ID``."""
    resumed = request.headers.get("last-event-id")
    if resumed:
        after = _change(resumed)
    if after is None:
        after = (await services.read(lambda connection: services.catalogue.changes(connection, CHANGE_MAX))).change
    if EVENT_STREAM in request.headers.get("accept", ""):
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return Stream(_events(services, after), media_type=EVENT_STREAM, headers=headers)
    return Response(_json(await _since(services, after)), media_type="application/json")


async def _since(services: Services, after: int) -> SessionChanges:
    return await services.read(lambda connection: services.catalogue.changes(connection, after))


async def _events(services: Services, after: int) -> AsyncGenerator[bytes]:
    feed, is_first, silent = services.feed, True, 0
    with feed.subscription(None) as changed:
        while not feed.stopping.is_set():
            changed.clear()
            found = await _since(services, after)
            if found.change != after or is_first:
                after, is_first, silent = found.change, False, 0
                yield b"id: %d\nevent: changed\ndata: %b\n\n" % (after, _json(found))
                await asyncio.sleep(TOGETHER_SECONDS)
            elif (silent := silent + 1) % LOOKS_IN_SILENCE == 0:
                yield b": quiet\n\n"
            try:
                await asyncio.wait_for(changed.wait(), LOOK_SECONDS)
            except TimeoutError:
                continue


def _change(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and int(text) <= CHANGE_MAX):
        raise InvalidRequest("this Last-Event-ID was not made by this server")
    return int(text)


changes_router = Router("/", route_handlers=[list_changes])
