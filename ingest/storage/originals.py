"""The bytes of every file that was taken in, kept under their own hash."""

import fcntl
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Collection, Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

COPY_BYTES = 1 << 20
INCOMING = "incoming-"
PINNED = "backup-"
ABANDONED_SECONDS = 3_600.0
"""Nobody writes to an incoming file that has not changed for so long: its process was killed."""
UNLOCKED_SECONDS = 1.0
"""A file that is being received is locked sooner than this."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """Content that is on the disk but not yet kept."""

    path: Path
    sha256: str
    size_bytes: int


class Originals:
    """A folder of files named by SHA-256; a file is complete or not there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def path(self, sha256: str) -> Path:
        """Where the content with this hash is (or would be)."""
        return self._folder / sha256[:2] / sha256

    @contextmanager
    def receive(self, content: BinaryIO) -> Generator[Incoming]:
        """Write a stream beside the originals; it is gone at the end of the block unless it was kept."""
        digest, size = hashlib.sha256(), 0
        with incoming_file(self._folder) as (file, path):
            while block := content.read(COPY_BYTES):
                digest.update(block)
                size += len(block)
                file.write(block)
            sync_file(file)
            yield Incoming(path, digest.hexdigest(), size)

    def keep(self, incoming: Incoming) -> None:
        """Make incoming content an original; it takes the place of what is there, which may have been damaged."""
        target = self.path(incoming.sha256)
        target.parent.mkdir(mode=0o700, exist_ok=True)
        incoming.path.rename(target)
        # Both also where the folder was there: whoever made it may have been killed before it was on the disk.
        sync_folder(target.parent)
        sync_folder(self._folder)

    def remove(self, sha256: str) -> None:
        """Forget a content; nothing happens where it is gone already."""
        self.path(sha256).unlink(missing_ok=True)

    def remove_abandoned(self) -> None:
        """Remove what a killed process has left of a file that it was receiving."""
        remove_abandoned(self._folder)

    def unused(self, used: Collection[str]) -> list[str]:
        """Return the contents that are here but not among `used`."""
        return [path.name for path in self._folder.glob("??/*") if path.name not in used]


@contextmanager
def incoming_file(folder: Path, prefix: str = INCOMING) -> Generator[tuple[BinaryIO, Path]]:
    """Lend a new file in `folder`; whoever keeps it renames it, else it is gone at the end of the block."""
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
    """Remove what processes that were killed have left in a folder; return how many files that were.

    What a process has in its hands is locked, so it stays however old it is.
    """
    removed = 0
    for path in [path for prefix in prefixes for path in folder.glob(f"{prefix}*")]:
        with suppress(FileNotFoundError), _locked(path) as is_free:  # not found: its owner was faster
            if not is_free or time.time() - path.stat().st_mtime < older_than_seconds:
                continue
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
            removed += 1
    return removed


@contextmanager
def pinned_folder(folder: Path) -> Generator[Path]:
    """Lend a new folder for second names of originals, which keep their content while it is copied."""
    made = Path(tempfile.mkdtemp(dir=folder, prefix=PINNED))
    try:
        with _locked(made):
            yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


@contextmanager
def _locked(path: Path) -> Generator[bool]:
    """Lock a file or folder for the block, unless a process has it locked; say which."""
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
    """Bring what was written to the disk."""
    file.flush()
    os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Make a rename in `folder` survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
