"""Take files on disk into a collection; what did not change is neither hashed nor read again."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ingest.errors import LibraryError
from ingest.library.library import Library
from ingest.types import READ, AttributeValue, Collection, DocumentRecord


@dataclass(frozen=True, slots=True)
class IntakeResult:
    """A document of a file on disk; `is_unchanged` when this very version was read before."""

    document: DocumentRecord
    is_unchanged: bool


class Intake:
    """Takes files into one collection. A file's source is its absolute path.

    `password` opens the files that need one; `again` reads also what failed too often; `attributes` take
    the place of those that the documents have. What the file system says of each file is remembered by `close`:
    where it says the same the next time, the content is the same.
    """

    def __init__(
        self,
        library: Library,
        collection: Collection,
        *,
        password: str | None = None,
        again: bool = False,
        attributes: Mapping[str, AttributeValue] | None = None,
    ) -> None:
        self._library = library
        self._collection = collection
        self._password = password
        self._again = again
        self._attributes = attributes
        self._known = library.read_file_stats()
        self._fresh: dict[str, tuple[str, str]] = {}
        self._read = {
            (document.source, document.sha256): document
            for document in library.documents(collection.id)
            if document.status in READ
        }

    def take(self, path: Path) -> IntakeResult:
        """Keep a file and queue it to be read, unless this version of it has been read already.

        Raises `LibraryError` where the file cannot be read or kept.
        """
        source = path.absolute().as_posix()
        sha256 = self.hash_file(path)
        if (read := self._read.get((source, sha256))) is not None:
            return IntakeResult(self._with_attributes(read), is_unchanged=True)
        file = self._library.find_version(source, sha256) or self._library.add_file(
            source=source, filename=path.name, content=path
        )
        document = self._library.enqueue(
            self._collection.id,
            file.id,
            again=self._again,
            password=self._password,
            attributes=self._attributes,
        )
        return IntakeResult(document, is_unchanged=document.status in READ)

    def _with_attributes(self, read: DocumentRecord) -> DocumentRecord:
        if self._attributes is None or self._attributes == read.attributes:
            return read
        return self._library.set_attributes(read.collection_id, read.file_id, self._attributes)

    def hash_file(self, path: Path) -> str:
        """Return the SHA-256 of a file; raises `LibraryError` where it cannot be read."""
        source = path.absolute().as_posix()
        try:
            stat = _described(path.stat())
            known_stat, known_hash = self._known.get(source, ("", ""))
            if known_stat == stat:
                return known_hash
            with path.open("rb") as stream:
                sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
        except OSError as error:
            detail = f"{source} cannot be read: {error.strerror}"
            raise LibraryError(home=str(self._library.home), detail=detail) from error
        self._fresh[source] = (stat, sha256)
        return sha256

    def close(self) -> None:
        """Remember what the file system said of the files that were hashed."""
        self._library.store_file_stats(self._fresh)
        self._known.update(self._fresh)
        self._fresh.clear()


def _described(stat: os.stat_result) -> str:
    """Return all that changes when a file is written or replaced by another."""
    return f"{stat.st_size} {stat.st_mtime_ns} {stat.st_ctime_ns} {stat.st_dev}:{stat.st_ino}"
