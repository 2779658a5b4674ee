"""The bytes of every file that was taken in, kept under their own hash."""

import hashlib
from collections.abc import Collection, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ingest.runtime.atomic_files import open_incoming_file, remove_abandoned, sync_file, sync_folder

COPY_BYTES = 1 << 20


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
        with open_incoming_file(self._folder) as (file, path):
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

    def find_unused(self, used: Collection[str]) -> list[str]:
        """Return the contents that are here but not among `used`."""
        return [path.name for path in self._folder.glob("??/*") if path.name not in used]
