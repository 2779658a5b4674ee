"""Content-addressed storage of originals: the bytes of every ingested file, named by their SHA-256."""

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
    """Content that was written and fsynced, but is no original yet."""

    path: Path
    sha256: str
    size_bytes: int


class Originals:
    """A folder of files named by SHA-256; a file is complete or absent."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def path(self, sha256: str) -> Path:
        """Return the path of the content with this SHA-256, whether it exists or not."""
        return self.folder / sha256[:2] / sha256

    @contextmanager
    def receive(self, content: BinaryIO) -> Generator[Incoming]:
        """Write a stream to a temporary file, which is deleted after the block unless `keep` made it an original."""
        digest, size = hashlib.sha256(), 0
        with open_incoming_file(self.folder) as (file, path):
            while block := content.read(COPY_BYTES):
                digest.update(block)
                size += len(block)
                file.write(block)
            sync_file(file)
            yield Incoming(path, digest.hexdigest(), size)

    def keep(self, incoming: Incoming) -> None:
        """Make incoming content an original by a rename; it replaces a file of that name, which may be damaged."""
        target = self.path(incoming.sha256)
        target.parent.mkdir(mode=0o700, exist_ok=True)
        incoming.path.rename(target)
        # Both, even if the folder existed: the process that made it may have been killed before its fsync.
        sync_folder(target.parent)
        sync_folder(self.folder)

    def remove(self, sha256: str) -> None:
        """Delete a content; nothing happens if it is gone already."""
        self.path(sha256).unlink(missing_ok=True)

    def remove_abandoned(self) -> None:
        """Delete the temporary files of processes that were killed."""
        remove_abandoned(self.folder)

    def find_unused(self, used: Collection[str]) -> list[str]:
        """Return the SHA-256 of the originals that are not in `used`."""
        return [path.name for path in self.folder.glob("??/*") if path.name not in used]
