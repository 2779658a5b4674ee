"""Ingest files from disk into a collection; an unchanged file is neither hashed nor read again."""

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
    """The document of a file on disk; `is_unchanged` if this version was read before."""

    document: DocumentRecord
    is_unchanged: bool


class Intake:
    """Ingests files into one collection. A file's source is its absolute path.

    `password` opens the files that need one; `again` also queues files that failed too often; `attributes` replace
    those of the documents. `close` stores the `stat` of each file: if it is the same the next time, so is the content.
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
        self._stats = library.read_file_stats()
        self._new_stats: dict[str, tuple[str, str]] = {}
        self._read = {
            (document.source, document.sha256): document
            for document in library.documents(collection.id)
            if document.status in READ
        }

    def ingest(self, path: Path) -> IntakeResult:
        """Store a file and queue it, unless this version of it was read already.

        Raises `LibraryError` if the file cannot be read or stored.
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
        """Return the SHA-256 of a file, from its last `stat` if that is unchanged; raises `LibraryError`."""
        source = path.absolute().as_posix()
        try:
            stat = _format_stat(path.stat())
            stored_stat, stored_hash = self._stats.get(source, ("", ""))
            if stored_stat == stat:
                return stored_hash
            with path.open("rb") as stream:
                sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
        except OSError as error:
            detail = f"{source} cannot be read: {error.strerror}"
            raise LibraryError(home=str(self._library.home), detail=detail) from error
        self._new_stats[source] = (stat, sha256)
        return sha256

    def close(self) -> None:
        """Store the `stat` of the files that were hashed."""
        self._library.store_file_stats(self._new_stats)
        self._stats.update(self._new_stats)
        self._new_stats.clear()


def _format_stat(stat: os.stat_result) -> str:
    """Return the fields that change when a file is written or replaced by another."""
    return f"{stat.st_size} {stat.st_mtime_ns} {stat.st_ctime_ns} {stat.st_dev}:{stat.st_ino}"
