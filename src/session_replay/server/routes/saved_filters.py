"""``/api/saved-filters``: views of the session list that people named and kept."""

from __future__ import annotations

import time

import msgspec
from litestar import Router, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from session_replay.query.filter import parse_filter
from session_replay.query.instant import written_time
from session_replay.query.sessions import check_sort
from session_replay.server.services import Services
from session_replay.store import saved_filters as store
from session_replay.store.saved_filters import StoredFilter
from session_replay.wire import SavedFilter, SavedFilterContent, SavedFilterPage


@get("/saved-filters", summary="All saved filters", operation_id="list_saved_filters")
async def list_saved_filters(services: NamedDependency[Services]) -> SavedFilterPage:
    """Every saved filter of the organization, by name; always on one page."""
    found = await services.read(services.saved_filters.all)
    return SavedFilterPage([_shown(one) for one in found], None, len(found))


@post("/saved-filters", summary="Save a filter under a name", operation_id="save_filter")
async def save_filter(services: NamedDependency[Services], data: JSONBody[SavedFilterContent]) -> SavedFilter:
    """Answers 409 ``name-taken`` where another one has the name, compared without upper and lower case."""
    saved = _checked(data)
    now_ms = time.time_ns() // 1_000_000
    return _shown(await services.write(lambda tx: services.saved_filters.add(tx, saved, now_ms)))


@put("/saved-filters/{filter_id:str}", summary="Rename or replace a saved filter", operation_id="replace_saved_filter")
async def replace_saved_filter(
    services: NamedDependency[Services], filter_id: FromPath[str], data: JSONBody[SavedFilterContent]
) -> SavedFilter:
    """All of it is replaced; it keeps its id."""
    saved = _checked(data)
    return _shown(await services.write(lambda tx: services.saved_filters.replace(tx, filter_id, saved)))


@delete("/saved-filters/{filter_id:str}", summary="Delete a saved filter", operation_id="delete_saved_filter")
async def delete_saved_filter(services: NamedDependency[Services], filter_id: FromPath[str]) -> None:
    """Answers 204; 404 where it is gone already."""
    await services.write(lambda tx: services.saved_filters.remove(tx, filter_id))


def _checked(content: SavedFilterContent) -> store.SavedFilter:
    parse_filter(msgspec.json.encode(content.filter).decode())
    check_sort(content.sort)
    return store.SavedFilter(store.checked_name(content.name), content.filter, content.sort)


def _shown(one: StoredFilter) -> SavedFilter:
    saved = one.saved
    return SavedFilter(saved.name, saved.filter, saved.sort, id=one.id, created_at=written_time(one.created_ms))


saved_filters_router = Router(
    "/", route_handlers=[list_saved_filters, save_filter, replace_saved_filter, delete_saved_filter]
)
