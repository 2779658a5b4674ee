"""Time the steps of an answer."""

import time
from collections.abc import Generator
from contextlib import contextmanager

from rag.types import Timings


class AnswerClock:
    """Measures an answer in seconds since its question came in."""

    def __init__(self) -> None:
        self._started = time.perf_counter()
        self._retrieval = self._first_token = self._checking = 0.0

    def mark_retrieval(self) -> None:
        """Note the end of retrieval and planning."""
        self._retrieval = self._read_seconds()

    def mark_first_token(self) -> None:
        """Note the first text; later calls change nothing."""
        self._first_token = self._first_token or self._read_seconds()

    @contextmanager
    def measure_checking(self) -> Generator[None]:
        """Count the time inside the context as attribution and verification."""
        begin = self._read_seconds()
        yield
        self._checking += self._read_seconds() - begin

    def read_timings(self) -> Timings:
        """Return the timings up to now."""
        return Timings(self._retrieval, self._first_token, self._read_seconds(), self._checking)

    def _read_seconds(self) -> float:
        return time.perf_counter() - self._started
