"""Limits on what comes in: how fast one sender may send, and how much is held at once."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import NamedTuple

from session_replay.errors import TooMuch
from session_replay.protocol import ATTACHMENT_BODY_BYTES_MAX, BODY_BYTES_MAX

SENDERS_KEPT = 10_000
HELD_RETRY_SECONDS = 1.0


class Rate:
    """A token bucket for each sender; must be used from one event loop.

    Args:
        per_second: Units that come back each second.
        burst: Units that may be taken at once.
        clock: Monotonic seconds.
    """

    def __init__(self, per_second: float, burst: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_second = per_second
        self._burst = burst
        self._clock = clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, sender: str, units: float) -> None:
        """Take units; one that is larger than the burst is let through when the bucket is full.

        Raises:
            TooMuch: There are not so many now.
        """
        now = self._clock()
        left, at = self._left.pop(sender, (self._burst, now))
        left = min(self._burst, left + (now - at) * self._per_second)
        wanted = min(units, self._burst)
        is_enough = left >= wanted
        self._left[sender] = (left - units if is_enough else left, now)
        if len(self._left) > SENDERS_KEPT:
            self._left.popitem(last=False)
        if not is_enough:
            wait = (wanted - left) / self._per_second
            raise TooMuch(f"this is too fast: wait {wait:.1f} s", wait)


class Held:
    """How many bytes of requests are in memory at once; must be used from one event loop.

    One sender has at most half of it, so that one that sends slowly, or many at once, leaves room for the others.

    Args:
        bytes_max: Of all senders together.
    """

    def __init__(self, bytes_max: int) -> None:
        self._bytes_max = bytes_max
        self._held: dict[str, int] = {}

    @contextmanager
    def hold(self, sender: str, size: int) -> Generator[None]:
        """Hold ``size`` bytes for a while; a request alone may be larger than the limit.

        Raises:
            TooMuch: So much is not free.
        """
        own, total = self._held.get(sender, 0), sum(self._held.values())
        if (own and own + size > self._bytes_max // 2) or (total and total + size > self._bytes_max):
            raise TooMuch("the server is busy: wait", HELD_RETRY_SECONDS)
        self._held[sender] = own + size
        try:
            yield
        finally:
            self._held[sender] -= size
            if not self._held[sender]:
                del self._held[sender]


class Limits(NamedTuple):
    """The limits of one server."""

    client: Rate
    """Bytes of one client."""
    enrol: Rate
    """Attempts to redeem a token, of all senders together: tokens cannot be guessed, this only saves work."""
    held: Held


def make_limits() -> Limits:
    """The limits as they are in force: 64 MB/s a client, 160 MB of requests at once, 10 enrolments a second.

    Half of what is held is one client's largest attachment and, beside it, its transcripts: on a slow line the
    attachment is under way for minutes, and running sessions must not wait for it.
    """
    return Limits(Rate(64e6, 256e6), Rate(10, 100), Held(2 * (ATTACHMENT_BODY_BYTES_MAX + BODY_BYTES_MAX)))
