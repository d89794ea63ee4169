"""Jobs and the processes that do their heavy steps.

A job is a generator that yields what must be done or waited for and is sent the result; many run
side by side in one thread.  What holds Python's lock for long (sealing many bytes, reading many
lines) goes to worker processes: spawned, not forked (threads are running), and only when there is
much to do.  A pool whose worker died is made again.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context, parent_process
from typing import Any, NamedTuple

WORKERS_MAX = 8
SMALL_BYTES = 1 << 16


class Work(NamedTuple):
    """A step of a job: ``do(task)``, both picklable; ``size`` in bytes says whether it pays to send it away."""

    do: Callable[[Any], Any]
    task: Any
    size: int


Step = Work | Future[Any]
Job = Generator[Step, Any, None]


class Workers:
    """Runs jobs.

    Args:
        count: Number of processes; the machine's processors if not given; 0: all in the calling thread.
        small_bytes: A task of fewer bytes is done at once in the calling thread: a worker would cost more.
        nice: How much the processes let others go before (0 to 19), where the system knows that.
    """

    def __init__(self, count: int | None = None, small_bytes: int = SMALL_BYTES, *, nice: int = 0) -> None:
        self.count = min(os.cpu_count() or 1, WORKERS_MAX) if count is None else count
        self.small_bytes = small_bytes
        self._nice = nice
        self._pool: ProcessPoolExecutor | None = None

    def run(self, jobs: Iterable[Job], is_stopped: Callable[[], bool]) -> None:
        """Run all jobs, a few at a time, in their order; when stopped, those under way are left where they are."""
        source = iter(jobs)
        under_way: dict[Future[Any], Job] = {}
        at_once = self.count + 3  # so many windows of a few MB are in memory, and commits can be grouped
        while not is_stopped():
            while len(under_way) < at_once:
                job = next(source, None)
                if job is None:
                    break
                self._advance(job, None, under_way)
            if not under_way:
                return
            done, _ = wait(under_way, return_when=FIRST_COMPLETED)
            for future in done:
                self._advance(under_way.pop(future), future, under_way)
        for job in under_way.values():
            job.close()

    def close(self) -> None:
        """End the worker processes and wait for them."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None

    def _advance(self, job: Job, finished: Future[Any] | None, under_way: dict[Future[Any], Job]) -> None:
        """Send a job its result and do its next steps until it waits for something."""
        while True:
            try:
                step = _step(job, finished)
            except StopIteration:
                return
            finished = self._begin(step) if isinstance(step, Work) else step
            if not finished.done():
                under_way[finished] = job
                return

    def _begin(self, work: Work) -> Future[Any]:
        if self.count and work.size >= self.small_bytes:
            return self._submit(work)
        finished: Future[Any] = Future()
        try:
            finished.set_result(work.do(work.task))
        except Exception as error:  # noqa: BLE001 - the job decides what its error means
            finished.set_exception(error)
        return finished

    def _submit(self, work: Work) -> Future[Any]:
        for _ in range(2):
            if self._pool is None:
                self._pool = ProcessPoolExecutor(self.count, get_context("spawn"), _begin, (self._nice,))
            try:
                return self._pool.submit(work.do, work.task)
            except BrokenProcessPool:  # a worker died: what was under way is told so, the rest gets a new pool
                self._pool.shutdown(wait=False)
                self._pool = None
        raise BrokenProcessPool


def _begin(nice: int) -> None:
    """Let others go before, and end this worker when its parent was killed: it would else wait for work for ever."""
    if sys.platform != "win32":
        os.nice(nice)
    parent = parent_process()
    if parent is not None:
        threading.Thread(target=lambda: (parent.join(), os._exit(1)), name="parent-watch", daemon=True).start()


def _step(job: Job, finished: Future[Any] | None) -> Step:
    if finished is None:
        return next(job)
    error = finished.exception()
    return job.send(finished.result()) if error is None else job.throw(error)
