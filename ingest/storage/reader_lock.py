"""Which process reads documents into a home: one at a time for each way of embedding."""

import hashlib
from pathlib import Path

from filelock import Timeout

from ingest.runtime.file_locks import open_lock
from ingest.storage.collections import encode_passport
from ingest.types import EmbedderPassport


class ReaderLock:
    """The right to read documents that are embedded in one way. One thread at a time uses an object."""

    def __init__(self, home: Path, passport: EmbedderPassport) -> None:
        digest = hashlib.sha256(encode_passport(passport).encode()).hexdigest()[:12]
        self._lock = open_lock(home / f"reader-{digest}.lock")

    def acquire(self) -> bool:
        """Take the lock unless another has it, and say whether it is held now. Raises `OSError`."""
        if self._lock.is_locked:
            return True
        try:
            self._lock.acquire(blocking=False)
        except Timeout:
            return False
        return True

    def release(self) -> None:
        """Let another process read; does nothing if the lock is not held."""
        self._lock.release()


def is_unattended(home: Path, passport: EmbedderPassport) -> bool:
    """Whether no process reads documents of this passport."""
    lock = ReaderLock(home, passport)
    is_free = lock.acquire()
    lock.release()
    return is_free
