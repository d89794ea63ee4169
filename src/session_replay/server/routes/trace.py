"""``/api/sessions/{id}/entries``: the trace, as a page of JSON or as a live stream of events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, Router, get
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, QueryParameter
from litestar.response import Stream
from sqlalchemy import Connection

from session_replay.errors import InvalidRequest
from session_replay.query.trace import Frame, Place, Question, question
from session_replay.server.services import Services
from session_replay.wire import PAGE_DEFAULT, EntryPage, EntryPatch, EntryWhole

EVENT_STREAM = "text/event-stream"
SILENCE_SECONDS = 15.0
"""A comment is sent so often at least: proxies and pages tell a quiet stream from a dead one."""
ANSWER_SECONDS = 0.05
"""Changes that follow each other faster are answered together."""

_json = msgspec.json.Encoder().encode


@get(
    "/sessions/{session_id:str}/entries",
    summary="The trace of a session",
    operation_id="list_entries",
    responses={200: ResponseSpec(EntryPage, description="A page; with Accept: text/event-stream a live stream.")},
)
async def list_entries(  # noqa: PLR0913, PLR0917 - the query parameters of the call
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    session_id: FromPath[str],
    after: Annotated[int, QueryParameter(description="Exclusive; -1 is from the start.")] = -1,
    types: Annotated[str | None, QueryParameter(name="type", description="Entry types, comma between several.")] = None,
    q: Annotated[str | None, QueryParameter(description="Text that the entry must show.")] = None,
    view: Annotated[str | None, QueryParameter(description="dev or audit.")] = None,
    limit: Annotated[int, QueryParameter(description="Entries on a JSON page.")] = PAGE_DEFAULT,
    page_cursor: Annotated[str | None, QueryParameter(name="cursor", description="The same as ``after``.")] = None,
) -> Response[Any]:
    """Entries in file order. As an event stream it goes on live and honours ``Last-Event-ID``."""
    wanted = question(types, q, view)
    if page_cursor is not None:
        after = _number(page_cursor)
    if EVENT_STREAM in request.headers.get("accept", ""):
        place = await _place(request, services, session_id, after)
        stream = _events(services, session_id, place, wanted)
        return Stream(stream, media_type=EVENT_STREAM, headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
    page = await services.read(lambda connection: services.trace.page(connection, session_id, after, wanted, limit))
    return Response(_json(page), media_type="application/json")


@get("/sessions/{session_id:str}/entries/{entry:str}", summary="One entry whole", operation_id="get_entry")
async def get_entry(services: NamedDependency[Services], session_id: FromPath[str], entry: FromPath[str]) -> EntryWhole:
    """Content, diff, meta and raw line of the entry with this number (or uuid)."""
    return await services.read(lambda connection: services.trace.whole(connection, session_id, entry))


async def _place(request: Request[Any, Any, Any], services: Services, session_id: str, after: int) -> Place:
    """Where to begin; a place in an older generation of the file stays as it is, so that the stream says so."""
    generation = await services.read(lambda connection: services.trace.generation(connection, session_id))
    said = request.headers.get("last-event-id")
    if not said:
        return Place(generation, after)
    numbers = said.split(".")
    if len(numbers) < 2:  # noqa: PLR2004 - generation and entry
        raise InvalidRequest("this Last-Event-ID was not made by this server")
    return Place(_number(numbers[0]), _number(numbers[1]))


def _number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise InvalidRequest(f"{text[:40]!r} is not a place in a trace") from None


async def _events(services: Services, session_id: str, place: Place, wanted: Question) -> AsyncGenerator[bytes]:
    feed = services.feed
    is_first, sent_patches = True, list[EntryPatch]()
    loop = asyncio.get_running_loop()
    with feed.subscription(session_id) as changed:
        while not feed.stopping.is_set():
            changed.clear()
            generation = await services.read(lambda connection: services.trace.generation(connection, session_id))
            if generation != place.generation:
                place, is_first, sent_patches = Place(generation, -1), True, []
                yield _event(b"", "rewritten", _id(place))
            while frame := await services.read(_next(services, session_id, place, wanted, is_first=is_first)):
                if frame.last.generation != place.generation:  # rewritten between two frames: said in the next round
                    changed.set()
                    break
                place, is_first = frame.last, False
                if frame.entries:
                    yield _event(b"[" + b",".join(frame.entries) + b"]", None, _id(place))
            patches = await services.read(lambda connection: services.trace.patches(connection, session_id))
            fresh = [patch for patch in patches if patch not in sent_patches]
            if fresh:
                sent_patches = patches
                yield _event(_json(fresh), "patch", _id(place))
            session = await services.read(lambda connection: services.catalogue.session(connection, session_id))
            yield _event(_json(session), "session", _id(place))
            yield _event(_json({"entries": session.entries, "lines": session.lines}), "caught-up", _id(place))
            answered = loop.time()
            while not changed.is_set() and not feed.stopping.is_set():
                try:
                    await asyncio.wait_for(changed.wait(), SILENCE_SECONDS)
                except TimeoutError:
                    yield b": quiet\n\n"
            await asyncio.sleep(max(0.0, answered + ANSWER_SECONDS - loop.time()))


def _next(
    services: Services, session_id: str, place: Place, wanted: Question, *, is_first: bool
) -> Callable[[Connection], Frame | None]:
    return lambda connection: services.trace.frame(connection, session_id, place.seq, wanted, is_first=is_first)


def _event(data: bytes, name: str | None, event_id: bytes) -> bytes:
    head = b"id: " + event_id + b"\n"
    if name:
        head += b"event: " + name.encode() + b"\n"
    return head + b"data: " + data + b"\n\n"


def _id(place: Place) -> bytes:
    return f"{place.generation}.{place.seq}".encode()


trace_router = Router("/", route_handlers=[list_entries, get_entry])
