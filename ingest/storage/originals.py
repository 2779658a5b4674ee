"""The bytes of every file that was taken in, kept under their own hash."""

import hashlib
import os
import tempfile
import time
from collections.abc import Collection, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

COPY_BYTES = 1 << 20
INCOMING = "incoming-"
ABANDONED_SECONDS = 3_600.0
"""Nobody writes to an incoming file that has not changed for so long: its process was killed."""


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
        """Make incoming content an original; what is there already is not written again."""
        target = self.path(incoming.sha256)
        if target.exists():
            return
        if not target.parent.exists():
            target.parent.mkdir(mode=0o700, exist_ok=True)
            sync_folder(self._folder)
        incoming.path.rename(target)
        sync_folder(target.parent)

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
def incoming_file(folder: Path) -> Generator[tuple[BinaryIO, Path]]:
    """Lend a new file in `folder`; whoever keeps it renames it, else it is gone at the end of the block."""
    descriptor, name = tempfile.mkstemp(dir=folder, prefix=INCOMING)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file, Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


def remove_abandoned(folder: Path) -> None:
    """Remove the incoming files of processes that were killed."""
    for path in folder.glob(f"{INCOMING}*"):
        try:
            is_abandoned = time.time() - path.stat().st_mtime > ABANDONED_SECONDS
        except FileNotFoundError:
            continue  # its owner was faster
        if is_abandoned:
            path.unlink(missing_ok=True)


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
