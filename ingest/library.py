"""The library: the only door to what is stored.

SQLite rows are the truth, every vector included; the originals lie beside them under their own hash.
Each method that changes something is one transaction.
"""

import os
from collections.abc import Generator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import BinaryIO

import apsw
import numpy as np
from numpy.typing import NDArray

from ingest.errors import LibraryError
from ingest.storage import collections, documents, files, lexical, snapshots
from ingest.storage.database import Database
from ingest.storage.originals import Originals
from ingest.storage.schema import MIGRATIONS
from ingest.storage.snapshots import Snapshot, SnapshotFiles
from ingest.types import (
    ChunkedDocument,
    Collection,
    DocumentRecord,
    EmbedderPassport,
    FileRecord,
    IndexChanges,
    LibrarySize,
    Page,
    StoredChunk,
)

DATABASE_NAME = "library.db"


class Library:
    """Everything that one home folder holds, seen by one owner. Safe to use from many threads and processes.

    Raises `LibraryError` where the home cannot be created, read or written.
    """

    def __init__(self, home: Path, *, owner: str = "local") -> None:
        self.home = home
        self._owner = owner
        self._index_files = SnapshotFiles(home / "index")
        with self._disk_errors("it cannot be opened"):
            home.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not os.access(home, os.W_OK | os.X_OK):
                raise PermissionError(f"no permission to write in {home}")
            self._originals = Originals(home / "files")
            (home / DATABASE_NAME).touch(mode=0o600)
            (home / DATABASE_NAME).chmod(0o600)
        self._database = Database(home / DATABASE_NAME, MIGRATIONS)
        try:
            self._tidy()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the database; the library cannot be used afterwards."""
        self._database.close()

    # Collections

    def create_collection(self, name: str, passport: EmbedderPassport) -> Collection:
        """Add an empty collection; raises `CollectionExistsError`."""
        with self._database.write() as db:
            return collections.insert(db, self._owner, name, passport)

    def collection(self, name_or_id: str) -> Collection:
        """Return a collection by its id or name; raises `CollectionNotFoundError`."""
        with self._database.read() as db:
            return collections.find(db, self._owner, name_or_id)

    def collections(self) -> list[Collection]:
        """Return all collections, the oldest first."""
        with self._database.read() as db:
            return collections.find_all(db, self._owner)

    def rename_collection(self, collection_id: str, name: str) -> Collection:
        """Give a collection another name; raises `CollectionExistsError` or `CollectionNotFoundError`."""
        with self._database.write() as db:
            collections.rename(db, collection_id, name)
            return collections.find(db, self._owner, collection_id)

    def delete_collection(self, collection_id: str) -> None:
        """Remove a collection, its documents, and the originals that no other collection uses."""
        with self._database.write() as db:
            collection = collections.find(db, self._owner, collection_id)
            members = documents.find_all(db, self._owner, collection.id)
            collections.delete(db, collection.id)
            orphans = _delete_unused_files(db, self._owner, [member.file_id for member in members])
        self._remove_unused(orphans)

    # Files

    def add_file(self, *, source: str, filename: str, content: Path | BinaryIO) -> FileRecord:
        """Keep an original; the same content under the same source is the same file."""
        with (
            self._disk_errors(f"{filename} cannot be kept"),
            content.open("rb") if isinstance(content, Path) else nullcontext(content) as stream,
            self._originals.receive(stream) as incoming,
            # One transaction for the original and its row: no delete of the same content comes between.
            self._database.write() as db,
        ):
            self._originals.keep(incoming)
            return files.insert(
                db,
                owner=self._owner,
                source=source,
                filename=filename,
                sha256=incoming.sha256,
                size_bytes=incoming.size_bytes,
            )

    def find_version(self, source: str, sha256: str) -> FileRecord | None:
        """Return the file with this source and content, where it is known."""
        with self._database.read() as db:
            return files.find_version(db, self._owner, source, sha256)

    def file(self, file_id: str) -> FileRecord:
        """Return a file; raises `FileNotInLibraryError`."""
        with self._database.read() as db:
            return files.find(db, self._owner, file_id)

    def files(self) -> list[FileRecord]:
        """Return all files, the oldest first."""
        with self._database.read() as db:
            return files.find_all(db, self._owner)

    def original_path(self, file_id: str) -> Path:
        """Return where the bytes of a file are; raises `FileNotInLibraryError`."""
        return self._originals.path(self.file(file_id).sha256)

    def delete_file(self, file_id: str) -> None:
        """Remove a file, and what was made from it in every collection; raises `FileNotInLibraryError`."""
        self.remove(file_id, None)

    # Documents

    def enqueue(self, collection_id: str, file_id: str) -> DocumentRecord:
        """Put a file into a collection, to be read; one that failed before is queued again.

        One that waits or was read comes back as it is. Raises `FileNotInLibraryError` or `CollectionNotFoundError`.
        """
        with self._database.write() as db:
            files.find(db, self._owner, file_id)
            collections.find(db, self._owner, collection_id)
            documents.queue(db, collection_id, file_id)
            return documents.find(db, self._owner, collection_id, file_id)

    def complete(
        self, document: DocumentRecord, content: ChunkedDocument, vectors: NDArray[np.float32]
    ) -> DocumentRecord | None:
        """Store what was read, in place of every older version of the same source.

        Returns None where the document was removed while it was being read, or a newer version was read first.
        """
        with self._database.write() as db:
            replaced = documents.complete(db, document.collection_id, document.file_id, content, vectors)
            orphans = _delete_unused_files(db, self._owner, replaced)
            stored = documents.find_if_there(db, self._owner, document.collection_id, document.file_id)
        if replaced:
            self._remove_unused(orphans)
        return stored

    def fail(self, document: DocumentRecord, reason: str) -> DocumentRecord | None:
        """Note why a queued document cannot be read; None where it was removed in the meantime."""
        with self._database.write() as db:
            documents.fail(db, document.collection_id, document.file_id, reason)
            return documents.find_if_there(db, self._owner, document.collection_id, document.file_id)

    def document(self, collection_id: str, file_id: str) -> DocumentRecord:
        """Return one document; raises `FileNotInLibraryError`."""
        with self._database.read() as db:
            return documents.find(db, self._owner, collection_id, file_id)

    def documents(self, collection_id: str | None = None) -> list[DocumentRecord]:
        """Return the documents of one collection or of all, the oldest first."""
        with self._database.read() as db:
            return documents.find_all(db, self._owner, collection_id)

    def size(self, collection_ids: Sequence[str]) -> LibrarySize:
        """Return how much some collections hold that can be searched."""
        with self._database.read() as db:
            return documents.size(db, self._owner, collection_ids)

    def queued_documents(self) -> list[DocumentRecord]:
        """Return the documents that are still to be read."""
        with self._database.read() as db:
            return documents.find_all(db, self._owner, status="queued")

    def remove_document(self, collection_id: str, file_id: str) -> None:
        """Take a document out of a collection; the file stays. Raises `FileNotInLibraryError`."""
        with self._database.write() as db:
            documents.find(db, self._owner, collection_id, file_id)
            documents.delete(db, collection_id, file_id)
        self._remove_unused([])

    def remove(self, file_id: str, collection_id: str | None) -> None:
        """Take a document out of a collection, or out of all; the file goes with the last of them.

        Raises `FileNotInLibraryError`. With None, a file that is in no collection is removed too.
        """
        with self._database.write() as db:
            file = files.find(db, self._owner, file_id)
            chosen = documents.collections_of(db, file.id) if collection_id is None else [collection_id]
            for each in chosen:
                documents.delete(db, each, file.id)
            orphans = _delete_unused_files(db, self._owner, [file.id])
        self._remove_unused(orphans)

    def document_text(self, collection_id: str, file_id: str) -> str:
        """Return the text that all offsets count in; raises `FileNotInLibraryError`."""
        with self._database.read() as db:
            documents.find(db, self._owner, collection_id, file_id)
            return documents.text(db, collection_id, file_id)

    def pages(self, collection_id: str, file_id: str) -> list[Page]:
        """Return the pages of a document in order; raises `FileNotInLibraryError`."""
        with self._database.read() as db:
            documents.find(db, self._owner, collection_id, file_id)
            return documents.pages(db, collection_id, file_id)

    def span_pages(self, collection_id: str, file_id: str, start: int, end: int) -> list[Page]:
        """Return the pages of `[start, end)`, from the one that holds `start`; raises `FileNotInLibraryError`.

        A `start` between two pages belongs to the one before.
        """
        with self._database.read() as db:
            documents.find(db, self._owner, collection_id, file_id)
            return documents.span_pages(db, collection_id, file_id, start, end)

    # Chunks and vectors

    def chunks(self, ids: list[int]) -> list[StoredChunk]:
        """Return the chunks with these ids in that order; those that are gone are left out."""
        with self._database.read() as db:
            return documents.chunks(db, ids)

    def document_chunks(self, collection_id: str, file_id: str) -> list[StoredChunk]:
        """Return the chunks of a document in reading order."""
        with self._database.read() as db:
            return documents.document_chunks(db, collection_id, file_id)

    def search_words(self, collection_id: str, expression: str, top_k: int) -> list[tuple[int, float]]:
        """Return (chunk id, BM25 score) of the best matches of an FTS5 expression, higher is better."""
        with self._database.read() as db:
            return lexical.search(db, collection_id, expression, top_k)

    def changes_since(self, collection_id: str, generation: int) -> IndexChanges:
        """Return what brings an index of `generation` up to date, all of it from one state of the library."""
        with self._database.read() as db:
            current = collections.find(db, self._owner, collection_id).generation
            if current == generation:
                return IndexChanges(current, [], [], np.empty((0, 0), dtype=np.float32))
            removed = documents.removed_since(db, collection_id, generation)
            ids, vectors = documents.vectors_since(db, collection_id, generation)
            return IndexChanges(current, removed, ids, vectors)

    def snapshot(self, collection_id: str) -> Snapshot | None:
        """Return what is recorded of the collection's saved index."""
        with self._database.read() as db:
            return snapshots.find(db, collection_id)

    def read_snapshot(self, snapshot: Snapshot) -> bytes:
        """Return the index file of a snapshot; raises `OSError` where it is gone."""
        return self._index_files.read(snapshot.filename)

    def save_snapshot(self, snapshot: Snapshot, body: bytes) -> None:
        """Keep a saved index in place of the one before.

        Nothing is kept where that one is newer, or where the collection or a chunk of it was removed meanwhile.
        """
        with (
            self._disk_errors("the index cannot be saved"),
            self._index_files.receive(body) as incoming,
            self._database.write() as db,
        ):
            if snapshots.may_record(db, snapshot):
                self._index_files.keep(incoming, snapshot.filename)
                snapshots.record(db, snapshot)
                self._index_files.remove_unused(snapshots.filenames(db))

    def _tidy(self) -> None:
        """Remove what a crash has left on the disk."""
        with self._disk_errors("it cannot be tidied"):
            self._originals.remove_abandoned()
            self._index_files.remove_abandoned()
            with self._database.read() as db:
                contents = self._originals.unused(files.contents(db))
                indexes = self._index_files.unused(snapshots.filenames(db))
        if contents or indexes:
            self._remove_unused(contents)

    def _remove_unused(self, contents: Sequence[str]) -> None:
        """Remove those of some contents that no file has, and every saved index that no row names.

        It is a transaction of its own after the one that removed the rows: what cannot be rolled back comes last.
        """
        with self._disk_errors("what was removed is still on the disk"), self._database.write() as db:
            for sha256 in contents:
                if not files.is_content_used(db, sha256):
                    self._originals.remove(sha256)
            self._index_files.remove_unused(snapshots.filenames(db))

    @contextmanager
    def _disk_errors(self, what: str) -> Generator[None]:
        try:
            yield
        except OSError as error:
            raise LibraryError(home=str(self.home), detail=f"{what}: {error.strerror or error}") from error


def _delete_unused_files(db: apsw.Connection, owner: str, file_ids: list[str]) -> list[str]:
    """Delete the files that no document refers to; return the contents that no file has any more."""
    orphans: list[str] = []
    for file_id in file_ids:
        if not documents.collections_of(db, file_id):
            sha256 = files.find(db, owner, file_id).sha256
            files.delete(db, file_id)
            if not files.is_content_used(db, sha256):
                orphans.append(sha256)
    return orphans
