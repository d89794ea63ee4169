"""What the routes work with; made in ``app.py``, the only place that knows all parts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from litestar import Request
from sqlalchemy import Connection

from session_replay.ingest.receive import Receiver
from session_replay.query.clients import Clients
from session_replay.query.export import Export
from session_replay.query.mirror.keeper import Mirror
from session_replay.query.sessions import Catalogue
from session_replay.query.trace import Trace
from session_replay.server.access import Access
from session_replay.server.feed import Feed
from session_replay.server.limits import Limits
from session_replay.store.database import Write
from session_replay.store.installation import Installation
from session_replay.store.saved_filters import SavedFilters
from session_replay.wire import ImportProgress

T = TypeVar("T")


@dataclass
class LocalImport:
    """How far the local transcripts are, and what can be asked of them; written by the thread that follows them."""

    progress: ImportProgress = field(default_factory=lambda: ImportProgress("off"))
    import_samples: Callable[[], None] | None = None
    has_samples: bool = False


@dataclass
class Services:
    """The parts behind the routes."""

    at: Installation
    catalogue: Catalogue
    mirror: Mirror
    trace: Trace
    export: Export
    saved_filters: SavedFilters
    feed: Feed
    access: Access
    receiver: Receiver
    clients: Clients
    limits: Limits
    local: LocalImport
    user: str
    token_was_redeemed: Callable[[], None] = lambda: None

    async def read(self, question: Callable[[Connection], T]) -> T:
        """Ask the store in a thread, on one snapshot."""

        def ask() -> T:
            with self.at.database.read() as connection:
                return question(connection)

        return await asyncio.to_thread(ask)

    async def write(self, write: Write[T]) -> T:
        """Change the store; what comes back is durable."""
        return await asyncio.wrap_future(self.at.database.submit(write))

    def url(self, request: Request[Any, Any, Any]) -> str:
        """The address under which the sender of a request reaches this server, also behind a proxy that says so."""
        scheme = request.headers.get("x-forwarded-proto", request.url.scheme)
        host = request.headers.get("x-forwarded-host", request.headers.get("host", ""))
        return f"{scheme}://{host}"
