"""A bound on the responses that are open at the same time, or the bodies that come slowly: each holds a connection."""

from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager

from api.errors import TooManyStreamsError


class OpenResponses:
    """Counts the open responses of one kind, `per_client` of a client and `total` of all. For one event loop."""

    def __init__(self, *, per_client: int, total: int) -> None:
        self.per_client = per_client
        self.total = total
        self._open: Counter[str] = Counter()

    @property
    def count(self) -> int:
        """How many responses are open."""
        return self._open.total()

    @contextmanager
    def hold(self, client: str) -> Generator[None, None, None]:
        """Take a place for the time of a response; raises `TooManyStreamsError`, on entry, if there is none."""
        for number, limit in ((self._open[client], self.per_client), (self.count, self.total)):
            if number >= limit:
                raise TooManyStreamsError(limit=limit)
        self._open[client] += 1
        try:
            yield
        finally:
            self._open[client] -= 1
            self._open += Counter()  # forgets clients without a response
