"""The bytes of every file that was taken in, kept under their own hash."""

import hashlib
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

COPY_BYTES = 1 << 20


class Originals:
    """A folder of files named by SHA-256; a file is complete or not there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def path(self, sha256: str) -> Path:
        """Where the content with this hash is (or would be)."""
        return self._folder / sha256[:2] / sha256

    def keep(self, content: BinaryIO) -> tuple[str, int]:
        """Store a stream and return its SHA-256 and size in bytes; what is there already is not written again."""
        digest, size = hashlib.sha256(), 0
        descriptor, temporary = tempfile.mkstemp(dir=self._folder, prefix="incoming-")
        try:
            with os.fdopen(descriptor, "wb") as file:
                while block := content.read(COPY_BYTES):
                    digest.update(block)
                    size += len(block)
                    file.write(block)
                file.flush()
                os.fsync(file.fileno())
            target = self.path(digest.hexdigest())
            if target.exists():
                Path(temporary).unlink()
            else:
                target.parent.mkdir(mode=0o700, exist_ok=True)
                Path(temporary).rename(target)
                sync_folder(target.parent)
        except BaseException:
            with suppress(FileNotFoundError):
                Path(temporary).unlink()
            raise
        return digest.hexdigest(), size

    def remove(self, sha256: str) -> None:
        """Forget a content; nothing happens where it is gone already."""
        with suppress(FileNotFoundError):
            self.path(sha256).unlink()


def sync_folder(folder: Path) -> None:
    """Make a rename in `folder` survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
