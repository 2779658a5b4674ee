"""Delete what has expired, in the background: collections that nobody has used for long, and files."""

import logging
import threading
import time
from collections.abc import Callable

from ingest.errors import LibraryError
from ingest.library.library import Library

logger = logging.getLogger(__name__)

SWEEP_SECONDS = 60.0
MAX_REMOVED = 100
"""Collections, and files, that one sweep deletes at most: whoever wants to write waits for it."""


class ExpirySweeper:
    """Sweeps every minute while it runs. `forget_index` is told of every collection that is deleted.

    The use of a collection is recorded with the next sweep, so that no question waits for a transaction; a crash loses
    a minute of it.
    """

    def __init__(self, library: Library, forget_index: Callable[[str], None]) -> None:
        self._library = library
        self._forget_index = forget_index
        self._used_at: dict[str, int] = {}
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="expiry", daemon=True)

    def start(self) -> None:
        """Begin to sweep in a thread, unless the library can only be read."""
        if not self._library.is_read_only:
            self._thread.start()

    def touch(self, collection_id: str) -> None:
        """Remember that a collection is used now."""
        with self._lock:
            self._used_at[collection_id] = int(time.time())

    def sweep(self, now: int | None = None) -> None:
        """Record which collections were used, then delete what has expired at `now`; raises `LibraryError`."""
        with self._lock:
            used_at, self._used_at = self._used_at, {}
        if used_at:
            self._library.touch_collections(used_at)
        expired = self._library.remove_expired(int(time.time()) if now is None else now, MAX_REMOVED)
        for collection_id in expired.collections:
            self._forget_index(collection_id)
        if expired.collections or expired.files:
            logger.info("%s collections and %s files have expired", len(expired.collections), len(expired.files))

    def close(self) -> None:
        """Record the last uses, and end the thread."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(SWEEP_SECONDS):
            self._sweep_or_log()
        self._sweep_or_log()

    def _sweep_or_log(self) -> None:
        try:
            self.sweep()
        except LibraryError as error:  # the disk may be full; the next sweep tries again
            logger.warning("what has expired is not deleted now: %s", error)
