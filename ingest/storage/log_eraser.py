# pyright: basic
"""Remove deleted content from the write-ahead log: what a transaction overwrites in the database stays in the log."""

import logging
import threading
from collections.abc import Callable

import apsw

logger = logging.getLogger(__name__)

RETRY_SECONDS = 0.25
MAX_RETRY_SECONDS = 60.0
"""Each wait is twice as long as the one before: the disk may stay full, or a reader stay."""


def truncate_log(connection: apsw.Connection, *, busy_timeout_ms: int) -> bool:
    """Bring the log's pages into the database and empty the log; needs a connection in no transaction.

    False if another connection still reads from the log, or writes to it.
    """
    connection.set_busy_timeout(0)
    try:
        (is_busy, *_) = next(iter(connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")))
    except (apsw.BusyError, apsw.LockedError):
        return False
    finally:
        connection.set_busy_timeout(busy_timeout_ms)
    return not is_busy


class LogEraser:
    """Empties the log when it is asked to, or as soon as it is possible. Safe to use from many threads.

    A reader may need the log for the snapshot that it has begun with, also one in another process, so `truncate`, which
    returns whether it succeeded, is tried again in the background until it does.
    """

    def __init__(self, truncate: Callable[[], bool]) -> None:
        self._truncate = truncate
        self._lock = threading.Lock()
        self._retry: threading.Timer | None = None
        self._wait_seconds = RETRY_SECONDS
        self._is_closed = False

    def erase(self) -> None:
        """Empty the log now or later; never fails, because what was deleted is deleted."""
        try:
            is_done = self._truncate()
        except apsw.Error as error:
            logger.warning("the log of the database is emptied later: %s", error)
            is_done = False
        with self._lock:
            if is_done:
                self._wait_seconds = RETRY_SECONDS
            if is_done or self._is_closed or self._retry is not None:
                return
            self._retry = threading.Timer(self._wait_seconds, self._erase_again)
            self._wait_seconds = min(2 * self._wait_seconds, MAX_RETRY_SECONDS)
            self._retry.daemon = True
            self._retry.start()

    def close(self) -> None:
        """Try no more; the last connection that is closed empties the log in any case."""
        with self._lock:
            self._is_closed = True
            if self._retry is not None:
                self._retry.cancel()

    def _erase_again(self) -> None:
        with self._lock:
            self._retry = None
            if self._is_closed:
                return
        self.erase()
