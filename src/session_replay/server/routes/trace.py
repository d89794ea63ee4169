"""``/api/sessions/{id}/entries``: the trace, as a page of JSON or as a live stream of events."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, Router, get
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, QueryParameter
from litestar.response import Stream
from sqlalchemy import Connection

from session_replay.errors import InvalidRequest, NotFound
from session_replay.query.entries import Abandoned, Question, Stop, question
from session_replay.query.trace import Frame, Place
from session_replay.server.services import Services
from session_replay.wire import (
    ENTRIES_FIRST_EVENT_MAX,
    PAGE_DEFAULT,
    EntryPage,
    EntryPatch,
    EntryWhole,
    MatchPage,
    Session,
)

EVENT_STREAM = "text/event-stream"
SILENCE_SECONDS = 15.0
"""A comment is sent so often at least: proxies and pages tell a quiet stream from a dead one."""
ANSWER_SECONDS = 0.02
"""Changes that follow each other faster are answered together."""

DRAWING_SECONDS = 0.3
"""What comes behind a screenful of first entries waits so long: the page draws meanwhile, and on a machine that is both
client and server it would have one processor less for that."""

CLIENT_GONE = 499
"""Nobody reads this answer; logs tell it from a success."""

_After = Annotated[int, QueryParameter(description="Exclusive; -1 is from the start.")]
_Types = Annotated[
    list[str] | None,
    QueryParameter(name="type", description="Entry types, any of which is wanted: one each, or comma between several."),
]
_View = Annotated[str | None, QueryParameter(description="dev or audit.")]
_Cursor = Annotated[str | None, QueryParameter(name="cursor", description="The same as ``after``.")]

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
    after: _After = -1,
    types: _Types = None,
    q: Annotated[str | None, QueryParameter(description="Text that the entry must hold.")] = None,
    view: _View = None,
    limit: Annotated[int, QueryParameter(description="Entries on a JSON page.")] = PAGE_DEFAULT,
    page_cursor: _Cursor = None,
    around: Annotated[
        str | None,
        QueryParameter(
            description="Number or uuid of an entry: the page of entries around it; of a stream, its first event "
            "(``window``), if there is such an entry."
        ),
    ] = None,
) -> Response[Any]:
    """Entries in file order. As an event stream it goes on live and honours ``Last-Event-ID``."""
    wanted = question(types, q, view)
    if page_cursor is not None:
        after = _number(page_cursor)
    if EVENT_STREAM in request.headers.get("accept", ""):
        place = await _place(request, services, session_id, after)
        resumes = "last-event-id" in request.headers
        stream = _events(services, session_id, place, wanted, None if resumes else around)
        return Stream(stream, media_type=EVENT_STREAM, headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})

    def page(connection: Connection, stop: Stop) -> EntryPage:
        if around is not None and page_cursor is None:
            return services.trace.page_around(connection, session_id, around, wanted, limit, stop)
        return services.trace.page(connection, session_id, after, wanted, limit, stop)

    return await _page(request, services, page)


@get(
    "/sessions/{session_id:str}/matches",
    summary="The entries that hold a text",
    operation_id="list_matches",
    responses={200: ResponseSpec(MatchPage, description="A page.")},
)
async def list_matches(  # noqa: PLR0913, PLR0917 - the query parameters of the call
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    session_id: FromPath[str],
    q: Annotated[str, QueryParameter(description="Text, without regard to case, in anything the entry says.")] = "",
    after: _After = -1,
    types: _Types = None,
    view: _View = None,
    limit: Annotated[int, QueryParameter(description="Matches on a page.")] = PAGE_DEFAULT,
    page_cursor: _Cursor = None,
) -> Response[Any]:
    """Their numbers in file order, with an excerpt where an entry's row does not show the text."""
    wanted = question(types, q, view)
    start = after if page_cursor is None else _number(page_cursor)
    return await _page(
        request,
        services,
        lambda connection, stop: services.trace.matches(connection, session_id, start, wanted, limit, stop),
    )


@get("/sessions/{session_id:str}/entries/{entry:str}", summary="One entry whole", operation_id="get_entry")
async def get_entry(services: NamedDependency[Services], session_id: FromPath[str], entry: FromPath[str]) -> EntryWhole:
    """Content, diff, meta and raw line of the entry with this number (or uuid)."""
    return await services.read(lambda connection: services.trace.whole(connection, session_id, entry))


async def _page(
    request: Request[Any, Any, Any], services: Services, ask: Callable[[Connection, Stop], EntryPage | MatchPage]
) -> Response[Any]:
    """The answer, unless the client goes away: then nothing is looked through for it any longer."""
    gone = threading.Event()
    watch = asyncio.create_task(_set_when_gone(request, gone))
    try:
        page = await services.read(lambda connection: ask(connection, gone.is_set))
    except Abandoned:
        return Response(b"", status_code=CLIENT_GONE)
    finally:
        watch.cancel()
    return Response(_json(page), media_type="application/json")


async def _set_when_gone(request: Request[Any, Any, Any], gone: threading.Event) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
    gone.set()


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


async def _events(
    services: Services, session_id: str, place: Place, wanted: Question, around: str | None
) -> AsyncGenerator[bytes]:
    gone = threading.Event()
    try:
        if around is not None:
            window = await _window(services, session_id, around, wanted, gone.is_set)
            # Its id is where the stream begins: who resumes there gets everything, but no window again.
            if window is not None and window.last.generation == place.generation:
                yield _event(b"[" + b",".join(window.entries) + b"]", "window", _id(place))
                await asyncio.sleep(DRAWING_SECONDS)
        async with aclosing(_trace(services, session_id, place, wanted, gone.is_set)) as trace:
            async for event in trace:
                yield event
    finally:
        gone.set()


async def _window(services: Services, session_id: str, around: str, wanted: Question, stop: Stop) -> Frame | None:
    """None where there is no such entry: the page says so once it has everything."""
    try:
        return await services.read(
            lambda connection: services.trace.window(connection, session_id, around, wanted, stop=stop)
        )
    except NotFound:
        return None


async def _trace(
    services: Services, session_id: str, place: Place, wanted: Question, stop: Stop
) -> AsyncGenerator[bytes]:
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
            async with aclosing(_entries(services, session_id, place, wanted, stop, is_first=is_first)) as run:
                async for reached, event in run:
                    place = reached
                    if event is not None:
                        yield event
            is_first = False
            patches, session = await services.read(_facts(services, session_id))
            if session.generation != place.generation:  # rewritten since the round began: the next one says so
                continue
            fresh = [patch for patch in patches if patch not in sent_patches]
            if fresh:
                sent_patches = patches
                yield _event(_json(fresh), "patch", _id(place))
            yield _event(_json(session), "session", _id(place))
            yield _event(_json({"entries": session.entries, "lines": session.lines}), "caught-up", _id(place))
            answered = loop.time()
            while not changed.is_set() and not feed.stopping.is_set():
                try:
                    await asyncio.wait_for(changed.wait(), SILENCE_SECONDS)
                except TimeoutError:
                    yield b": quiet\n\n"
            await asyncio.sleep(max(0.0, answered + ANSWER_SECONDS - loop.time()))


async def _entries(
    services: Services, session_id: str, place: Place, wanted: Question, stop: Stop, *, is_first: bool
) -> AsyncGenerator[tuple[Place, bytes | None]]:
    """All that is behind a place now, until the file is another one; without an event: looked at, and not wanted."""
    while frames := await services.read(_next(services, session_id, place, wanted, stop, is_first=is_first)):
        for frame in frames:
            if frame.last.generation != place.generation:
                return
            place = frame.last
            yield place, _event(b"[" + b",".join(frame.entries) + b"]", None, _id(place)) if frame.entries else None
        if is_first and len(frames[0].entries) == ENTRIES_FIRST_EVENT_MAX:
            await asyncio.sleep(DRAWING_SECONDS)
        is_first = False


def _next(
    services: Services, session_id: str, place: Place, wanted: Question, stop: Stop, *, is_first: bool
) -> Callable[[Connection], list[Frame]]:
    return lambda connection: services.trace.frames(
        connection, session_id, place.seq, wanted, is_first=is_first, stop=stop
    )


def _facts(services: Services, session_id: str) -> Callable[[Connection], tuple[list[EntryPatch], Session]]:
    return lambda connection: (
        services.trace.patches(connection, session_id),
        services.catalogue.session(connection, session_id),
    )


def _event(data: bytes, name: str | None, event_id: bytes) -> bytes:
    head = b"id: " + event_id + b"\n"
    if name:
        head += b"event: " + name.encode() + b"\n"
    return head + b"data: " + data + b"\n\n"


def _id(place: Place) -> bytes:
    return f"{place.generation}.{place.seq}".encode()


trace_router = Router("/", route_handlers=[list_entries, list_matches, get_entry])
