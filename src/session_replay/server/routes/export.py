"""``/api/sessions/{id}/export.*`` and ``/api/sessions.csv``: a session, or the list of them, as a file in pieces."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator

from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Stream

from session_replay.query.export import Fixed, Format
from session_replay.query.filter import parse_filter
from session_replay.query.session_table import table
from session_replay.query.sessions import SORT_DEFAULT
from session_replay.server.routes.sessions import FilterText, Sort
from session_replay.server.services import Services

CSV = "text/csv"
JSONL = "application/jsonl"


@get(
    "/sessions/{session_id:str}/export.csv",
    summary="The entries of a session as CSV",
    operation_id="export_csv",
    media_type=CSV,
)
async def export_csv(services: NamedDependency[Services], session_id: FromPath[str]) -> Stream:
    """One row per entry of the session's own transcript; no cell can be taken for a formula."""
    return await _file(services, session_id, "csv")


@get(
    "/sessions/{session_id:str}/export.jsonl",
    summary="The transcript of a session",
    operation_id="export_jsonl",
    media_type=JSONL,
)
async def export_jsonl(services: NamedDependency[Services], session_id: FromPath[str]) -> Stream:
    """The client's file byte for byte, as far as it was received when the export began."""
    return await _file(services, session_id, "jsonl")


@get("/sessions.csv", summary="The list of sessions as CSV", operation_id="export_sessions", media_type=CSV)
async def export_sessions(
    services: NamedDependency[Services], filter_text: FilterText = None, sort: Sort = SORT_DEFAULT
) -> Stream:
    """One row for each session that matches, not a page of them; no cell can be taken for a formula."""
    wanted = parse_filter(filter_text)
    catalogue = services.catalogue
    listed = await services.read(lambda connection: catalogue.fixed(connection, filter=wanted, sort=sort))
    headers = {"Content-Disposition": 'attachment; filename="sessions.csv"', "Cache-Control": "no-store"}
    return Stream(_contents(table(catalogue, services.at.database.read, listed)), headers=headers)


async def _file(services: Services, session_id: str, wanted: Format) -> Stream:
    fixed: Fixed = await services.read(lambda connection: services.export.fix(connection, session_id))
    headers = {
        "Content-Disposition": f'attachment; filename="{fixed.name}.{wanted}"',
        "Cache-Control": "no-store",
    }
    if wanted == "jsonl":  # with it a browser knows a cut download from a whole one, and how far it is
        headers["Content-Length"] = str(fixed.length)
    pieces = services.export.pieces(fixed, wanted)
    return Stream(_contents(piece.content for piece in pieces), headers=headers)


async def _contents(pieces: Iterator[bytes]) -> AsyncGenerator[bytes]:
    """Each piece is made in a thread when the one before was taken by the connection."""
    while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
        yield piece


export_router = Router("/", route_handlers=[export_csv, export_jsonl, export_sessions])
