"""A fixed number of interchangeable workers that are leased one call at a time."""

import queue
from collections.abc import Generator
from contextlib import contextmanager

from ingest.errors import WorkerBusyError
from ingest.runtime.child_process import WorkerSpec
from ingest.runtime.supervisor import Worker


class WorkerPool:
    """A fixed number of interchangeable children; each is replaced after `calls_per_process` leases.

    Replacing them bounds what a leak in a native parser can cost. Besides the `size` children that are meant to work at
    the same time there are `spare` ones, for work that must not wait while others take very long.
    """

    def __init__(self, spec: WorkerSpec, *, size: int, calls_per_process: int, spare: int = 0) -> None:
        self._spec = spec
        self._calls_per_process = calls_per_process
        self._idle: queue.LifoQueue[tuple[Worker, int]] = queue.LifoQueue()
        self.workers = tuple(Worker(spec) for _ in range(size + spare))
        for worker in self.workers:
            self._idle.put((worker, 0))
        self.size = size
        self.spare = spare

    @contextmanager
    def lease(self, timeout_seconds: float | None = None) -> Generator[Worker]:
        """Yield an idle worker, and wait for one if all are busy; raises `WorkerBusyError` after `timeout_seconds`."""
        try:
            worker, calls = self._idle.get(timeout=timeout_seconds)
        except queue.Empty:
            raise WorkerBusyError(worker=self._spec.name) from None
        try:
            yield worker
        finally:
            if calls + 1 >= self._calls_per_process:
                worker.recycle()
                calls = -1
            self._idle.put((worker, calls + 1))

    def close(self) -> None:
        """End every child."""
        for worker in self.workers:
            worker.close()
