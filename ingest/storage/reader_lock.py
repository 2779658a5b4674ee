"""Who reads documents into a home: one process at a time for each way of embedding.

The lock is the operating system's, on an open file: it is gone with the process that held it, however that ended.
"""

import fcntl
import hashlib
import os
from pathlib import Path

from ingest.storage.collections import encode_passport
from ingest.types import EmbedderPassport


class ReaderLock:
    """The right to read documents that are embedded in one way. Not shared between threads."""

    def __init__(self, home: Path, passport: EmbedderPassport) -> None:
        digest = hashlib.sha256(encode_passport(passport).encode()).hexdigest()[:12]
        self._path = home / f"reader-{digest}.lock"
        self._descriptor: int | None = None

    def acquire(self) -> bool:
        """Take the lock if nobody has it, and say whether it is held now. Raises `OSError`."""
        if self._descriptor is not None:
            return True
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor = descriptor
        return True

    def release(self) -> None:
        """Let another process read; does nothing where the lock is not held."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
