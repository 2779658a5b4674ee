"""The library's files: the originals that documents are made from. One transaction a method."""

import time
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import BinaryIO

from ingest.storage import documents, files
from ingest.storage.home import Home
from ingest.types import FileRecord


class LibraryFiles:
    """The originals of one owner. Every file has a source: its path on disk, or the name of its upload."""

    storage: Home

    def add_file(self, *, source: str, filename: str, content: Path | BinaryIO) -> FileRecord:
        """Store an original from a path or a stream. The same content under the same source is the same file."""
        return self._add(source, filename, content)

    def add_upload(
        self,
        filename: str,
        content: BinaryIO,
        *,
        purpose: str = "assistants",
        expires_after_seconds: int | None = None,
    ) -> FileRecord:
        """Store an upload, whose source is its name. The same content under the same name is the same file.

        Another content under the same name is another source, `a (2).txt`: it is no version of the first. A file that
        is there already gets the new purpose, and expires no sooner than it would have.
        """
        expires_at = None if expires_after_seconds is None else int(time.time()) + expires_after_seconds
        return self._add(None, filename, content, purpose, expires_at)

    def _add(
        self,
        source: str | None,
        filename: str,
        content: Path | BinaryIO,
        purpose: str = "assistants",
        expires_at: int | None = None,
    ) -> FileRecord:
        with (
            self.storage.translate_disk_errors(f"{filename} cannot be kept"),
            content.open("rb") if isinstance(content, Path) else nullcontext(content) as stream,
            self.storage.originals.receive(stream) as incoming,
        ):
            self.storage.check_room()
            # One transaction for the original and its row: no delete of the same content comes between.
            with self.storage.database.write() as db:
                self.storage.originals.keep(incoming)
                return files.insert(
                    db,
                    owner=self.storage.owner,
                    source=source,
                    filename=filename,
                    sha256=incoming.sha256,
                    size_bytes=incoming.size_bytes,
                    purpose=purpose,
                    expires_at=expires_at,
                )

    def find_version(self, source: str, sha256: str) -> FileRecord | None:
        """Return the file with this source and content, or None."""
        with self.storage.database.read() as db:
            return files.find_version(db, self.storage.owner, source, sha256)

    def file(self, file_id: str) -> FileRecord:
        """Return a file; raises `FileNotInLibraryError`."""
        with self.storage.database.read() as db:
            return files.find(db, self.storage.owner, file_id)

    def files(self) -> list[FileRecord]:
        """Return all files, the oldest first."""
        with self.storage.database.read() as db:
            return files.find_all(db, self.storage.owner)

    def original_path(self, file_id: str) -> Path:
        """Return the path of a file's bytes; raises `FileNotInLibraryError`."""
        return self.storage.originals.path(self.file(file_id).sha256)

    def rename_file(self, file_id: str, source: str, filename: str) -> None:
        """Give a file that was moved its new source; its id and documents stay. Raises `FileNotInLibraryError`."""
        with self.storage.database.write() as db:
            file = files.find(db, self.storage.owner, file_id)
            files.rename(db, file_id, source, filename)
            documents.retitle(db, file_id, file.filename, filename)

    def password(self, file_id: str) -> str | None:
        """Return the password of a file, or None if it has none, or there is no such file."""
        with self.storage.database.read() as db:
            return files.read_password(db, self.storage.owner, file_id)

    def read_file_stats(self) -> dict[str, tuple[str, str]]:
        """Return for each source the file system's `stat` when its content was last hashed, and the SHA-256."""
        with self.storage.database.read() as db:
            return files.read_file_stats(db, self.storage.owner)

    def store_file_stats(self, stats: Mapping[str, tuple[str, str]]) -> None:
        """Store for each source the file system's `stat`, and the SHA-256 of its content."""
        if stats:
            with self.storage.database.write() as db:
                files.store_file_stats(db, self.storage.owner, stats)
