"""Write files that are complete or absent: a temporary file, fsync, rename, fsync of the folder."""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

INCOMING = "incoming-"
PINNED = "backup-"
SCRATCH = "pincite-"
"""Begins the names of a parser's temporary files, on systems where a file cannot be without a name."""
ABANDONED_SECONDS = 3_600.0
"""A process that has not changed its temporary file for so long was killed."""
UNLOCKED_SECONDS = 1.0
"""A process locks its temporary file sooner than this."""


@contextmanager
def open_incoming_file(folder: Path, prefix: str = INCOMING) -> Generator[tuple[BinaryIO, Path]]:
    """Yield a new temporary file in `folder` and its path; it is deleted after the block unless it was renamed."""
    descriptor, name = tempfile.mkstemp(dir=folder, prefix=prefix)
    fcntl.flock(descriptor, fcntl.LOCK_EX)  # gone with the process, however that ends; see `remove_abandoned`
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file, Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


def remove_abandoned(
    folder: Path, prefixes: Sequence[str] = (INCOMING, PINNED), *, older_than_seconds: float = ABANDONED_SECONDS
) -> int:
    """Delete the temporary files of killed processes in a folder; return how many those were.

    A file that a process works with is locked, and stays however old it is.
    """
    removed = 0
    for path in [path for prefix in prefixes for path in folder.glob(f"{prefix}*")]:
        with suppress(FileNotFoundError), _lock(path) as is_free:  # not found: its owner was faster
            if not is_free or time.time() - path.stat().st_mtime < older_than_seconds:
                continue
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
            removed += 1
    return removed


@contextmanager
def create_locked_folder(folder: Path, prefix: str) -> Generator[Path]:
    """Yield a new temporary folder in `folder`, which is deleted after the block; see `remove_abandoned`."""
    created = Path(tempfile.mkdtemp(dir=folder, prefix=prefix))
    try:
        with _lock(created):
            yield created
    finally:
        shutil.rmtree(created, ignore_errors=True)


@contextmanager
def _lock(path: Path) -> Generator[bool]:
    """Lock a file or folder for the block; yield False if a process has locked it."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        is_free = False
    else:
        is_free = True
    try:
        yield is_free
    finally:
        os.close(descriptor)


def sync_file(file: BinaryIO) -> None:
    """Flush a file and fsync it."""
    file.flush()
    os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Fsync a folder, so that a rename in it survives a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
