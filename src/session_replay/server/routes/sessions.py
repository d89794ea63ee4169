"""``/api/sessions``, ``/api/stats``, ``/api/activity``, ``/api/facets``: the session browser."""

from __future__ import annotations

from typing import Annotated

from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from session_replay.query.filter import parse_filter
from session_replay.query.sessions import SORT_DEFAULT
from session_replay.server.services import Services
from session_replay.wire import PAGE_DEFAULT, PAGE_MAX, Activity, FacetPage, Session, SessionPage, Stats

FilterText = Annotated[
    str | None,
    QueryParameter(
        name="filter",
        description='One JSON value: {"and"|"or": [{"property", "operator", "value"} | nested …]}; see docs/filter.md.',
    ),
]
Sort = Annotated[
    str, QueryParameter(description="started_at, duration_ms, messages, tokens or findings; - for descending.")
]
Limit = Annotated[int, QueryParameter(name="limit", ge=1, le=PAGE_MAX, description="Items on a page.")]
PageCursor = Annotated[str | None, QueryParameter(name="cursor", description="``next_cursor`` of the page before.")]


@get("/sessions", summary="A page of sessions", operation_id="list_sessions")
async def list_sessions(
    services: NamedDependency[Services],
    filter_text: FilterText = None,
    sort: Sort = SORT_DEFAULT,
    limit: Limit = PAGE_DEFAULT,
    page_cursor: PageCursor = None,
    parent: Annotated[str | None, QueryParameter(description="List the subagent sessions of this one instead.")] = None,
) -> SessionPage:
    """Main sessions that match; a session matches if any session of its tree does."""
    wanted = parse_filter(filter_text)
    return await services.read(
        lambda connection: services.catalogue.page(
            connection, filter=wanted, sort=sort, limit=limit, cursor=page_cursor, parent=parent
        )
    )


@get("/sessions/{session_id:str}", summary="One session with its figures", operation_id="get_session")
async def get_session(
    services: NamedDependency[Services],
    session_id: FromPath[str],
    tree: Annotated[bool, QueryParameter(description="Add the figures of its subagents.")] = False,
) -> Session:
    """One session; its figures are its own transcript's unless ``tree`` is set."""
    return await services.read(lambda connection: services.catalogue.session(connection, session_id, tree=tree))


@get("/stats", summary="The figures above the list", operation_id="get_stats")
async def get_stats(services: NamedDependency[Services], filter_text: FilterText = None) -> Stats:
    """Main sessions, and messages, tokens and tool calls of their whole trees, each id counted once."""
    wanted = parse_filter(filter_text)
    return await services.read(lambda connection: services.catalogue.stats(connection, filter=wanted))


@get("/activity", summary="Figures per day", operation_id="get_activity")
async def get_activity(
    services: NamedDependency[Services],
    filter_text: FilterText = None,
    tz: Annotated[str, QueryParameter(description="Time zone of the days, as IANA names it.")] = "UTC",
) -> Activity:
    """Days with at least one session; all activity of a session belongs to the day it started."""
    wanted = parse_filter(filter_text)
    return await services.read(lambda connection: services.catalogue.activity(connection, filter=wanted, tz=tz))


@get("/facets/{name:str}", summary="Values to suggest for a filter property", operation_id="get_facets")
async def get_facets(
    services: NamedDependency[Services],
    name: FromPath[str],
    q: Annotated[str, QueryParameter(description="Only values that contain this.")] = "",
    limit: Limit = PAGE_DEFAULT,
    page_cursor: PageCursor = None,
    filter_text: FilterText = None,
) -> FacetPage:
    """Values from the data, most frequent first."""
    wanted = parse_filter(filter_text)
    return await services.read(
        lambda connection: services.catalogue.facets(
            connection, name, q=q, limit=limit, cursor=page_cursor, filter=wanted
        )
    )


sessions_router = Router("/", route_handlers=[list_sessions, get_session, get_stats, get_activity, get_facets])
