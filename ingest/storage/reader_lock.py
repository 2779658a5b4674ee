"""Which process reads documents into a home: one at a time for each way of embedding.

The lock is `flock(2)` on an open file: the kernel releases it with the process that held it, however that ended.
"""

import hashlib
from pathlib import Path

from filelock import FileLock, Timeout

from ingest.storage.collections import encode_passport
from ingest.types import EmbedderPassport


class ReaderLock:
    """The right to read documents that are embedded in one way. One thread at a time uses an object."""

    def __init__(self, home: Path, passport: EmbedderPassport) -> None:
        digest = hashlib.sha256(encode_passport(passport).encode()).hexdigest()[:12]
        self._lock = FileLock(
            home / f"reader-{digest}.lock",
            mode=0o600,
            blocking=False,
            thread_local=False,  # the queue's thread acquires it, the one that closes the queue releases it
            fallback_to_soft=False,  # a file system without `flock` is refused: a lock by existence outlives a kill
        )

    def acquire(self) -> bool:
        """Take the lock unless another has it, and say whether it is held now. Raises `OSError`."""
        if self._lock.is_locked:
            return True
        try:
            self._lock.acquire()
        except Timeout:
            return False
        return True

    def release(self) -> None:
        """Let another process read; does nothing if the lock is not held."""
        self._lock.release()
