"""Tells waiting pages that a session changed: from the thread that takes in, to the loop that serves."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Generator
from contextlib import contextmanager


class Feed:
    """Subscriptions of open traces; must be used from one event loop, except ``announce``."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: defaultdict[str, set[asyncio.Event]] = defaultdict(set)
        self.stopping = asyncio.Event()

    def start(self) -> None:
        """Begin to serve the running loop."""
        self._loop = asyncio.get_running_loop()

    def stop(self) -> None:
        """Wake everybody to end."""
        self.stopping.set()
        for session_id in list(self._waiting):
            self._wake(session_id)

    def announce(self, session_id: str) -> None:
        """Say from any thread that a session has new entries, figures or links."""
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._wake, session_id)

    @contextmanager
    def subscription(self, session_id: str) -> Generator[asyncio.Event]:
        """An event that is set when the session changes; whoever waits on it clears it before it looks."""
        event = asyncio.Event()
        self._waiting[session_id].add(event)
        try:
            yield event
        finally:
            self._waiting[session_id].discard(event)
            if not self._waiting[session_id]:
                del self._waiting[session_id]

    def _wake(self, session_id: str) -> None:
        for event in self._waiting.get(session_id, ()):
            event.set()
