"""Locks between processes: `flock(2)` on an open file, which the kernel releases with the process that held it."""

from pathlib import Path

from filelock import FileLock


def open_lock(path: Path) -> FileLock:
    """Return the lock of a file, not yet acquired; any thread may acquire it, and any other release it.

    `acquire` raises `filelock.Timeout` if another process or object holds it, and `OSError` on a file system without
    `flock`: a lock by existence would outlive a kill.
    """
    return FileLock(path, mode=0o600, thread_local=False, fallback_to_soft=False)
