"""The parsers of the documents that are read now: leased for a document, ended when it need not be read any more."""

import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

from ingest.runtime.supervisor import Worker
from ingest.runtime.worker_pool import WorkerPool


class StoppedError(Exception):
    """A document was stopped while it was read."""


@dataclass(slots=True)
class _Reading:
    """A document that is read: its parser while it has one, and whether it was stopped."""

    parser: Worker | None = None
    is_stopped: bool = False


class ParserLeases:
    """Leases the parsers of a pool to documents by their claims. Safe to use from many threads."""

    def __init__(self, parsers: WorkerPool) -> None:
        self._parsers = parsers
        self._lock = threading.Lock()
        self._readings: dict[str, _Reading] = {}

    @contextmanager
    def register(self, claim: str) -> Generator[None]:
        """Let a document be stopped until the block ends."""
        with self._lock:
            self._readings[claim] = _Reading()
        try:
            yield
        finally:
            with self._lock:
                del self._readings[claim]

    @contextmanager
    def lease(self, claim: str) -> Generator[Worker]:
        """Yield a parser for a registered document; waits while all are busy.

        Raises `StoppedError` in place of whatever is raised in the block of a document that was stopped.
        """
        reading = self._readings[claim]
        with self._parsers.lease() as parser:
            with self._lock:
                if reading.is_stopped:
                    raise StoppedError
                reading.parser = parser
            try:
                yield parser
            except Exception as error:
                if reading.is_stopped:
                    raise StoppedError from error
                raise
            finally:
                with self._lock:
                    reading.parser = None

    def stop(self, claim: str) -> None:
        """End the parser of a document, now or when it gets one; nothing happens if the document is not read."""
        with self._lock:
            reading = self._readings.get(claim)
            if reading is None:
                return
            reading.is_stopped = True
            if reading.parser is not None:
                reading.parser.recycle()  # under the lock: a moment later it may read another document
