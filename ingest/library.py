"""The library: the only door to what is stored.

SQLite rows are the truth, every vector included; the originals lie beside them under their own hash.
Each method that changes something is one transaction.
"""

import os
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import BinaryIO

import apsw
import numpy as np
from numpy.typing import NDArray

from ingest.errors import LibraryError, PageNotFoundError
from ingest.locks import ReaderLock
from ingest.storage import collections, content, documents, files, jobs, lexical, snapshots
from ingest.storage.database import Database
from ingest.storage.originals import Originals
from ingest.storage.schema import MIGRATIONS
from ingest.storage.snapshots import Snapshot, SnapshotFiles
from ingest.types import (
    ChunkedDocument,
    Collection,
    DocumentFacts,
    DocumentRecord,
    EmbedderPassport,
    FileRecord,
    IndexChanges,
    LibrarySize,
    Page,
    Progress,
    QueueState,
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

    def rename_file(self, file_id: str, source: str, filename: str) -> None:
        """Give a file that was moved its new source; its documents stay. Raises `FileNotInLibraryError`."""
        with self._database.write() as db:
            file = files.find(db, self._owner, file_id)
            files.rename(db, file_id, source, filename)
            documents.retitle(db, file_id, file.filename, filename)

    def password(self, file_id: str) -> str | None:
        """Return the password that opens a file, where one was given."""
        with self._database.read() as db:
            return files.password(db, file_id)

    def known_stats(self) -> dict[str, tuple[str, str]]:
        """Return for each source what the file system said when its content was last hashed, and the hash."""
        with self._database.read() as db:
            return files.known_stats(db, self._owner)

    def remember_stats(self, stats: Mapping[str, tuple[str, str]]) -> None:
        """Note for each source what the file system says of it, and the hash of its content."""
        if stats:
            with self._database.write() as db:
                files.remember_stats(db, self._owner, stats)

    def delete_file(self, file_id: str) -> None:
        """Remove a file, and what was made from it in every collection; raises `FileNotInLibraryError`."""
        self.remove(file_id, None)

    # Documents

    def enqueue(
        self, collection_id: str, file_id: str, *, again: bool = False, password: str | None = None
    ) -> DocumentRecord:
        """Put a file into a collection, to be read; `password` opens it.

        One that waits or was read comes back as it is. One that failed is queued again until it has had its
        tries; `again` or a password queues it anyway. Raises `FileNotInLibraryError` or `CollectionNotFoundError`.
        """
        with self._database.write() as db:
            files.find(db, self._owner, file_id)
            collections.find(db, self._owner, collection_id)
            if password is not None:
                files.set_password(db, file_id, password)
            jobs.queue(db, collection_id, file_id, again=again or password is not None)
            return documents.find(db, self._owner, collection_id, file_id)

    def claim(self, passport: EmbedderPassport) -> DocumentRecord | None:
        """Start the next document that waits in a collection with this passport; None where none is to be started."""
        with self._database.read() as db:  # a queue that is empty is asked often
            if not jobs.has_work(db, passport):
                return None
        with self._database.write() as db:
            if (key := jobs.claim(db, self._owner, passport)) is None:
                return None
            return documents.find(db, self._owner, *key)

    def append(
        self, document: DocumentRecord, piece: ChunkedDocument, vectors: NDArray[np.float32], progress: Progress
    ) -> bool:
        """Store the next piece of a document that is read; False where it was removed, paused or cancelled meanwhile.

        Searches find it at once, unless the document is to replace an older version.
        """
        with self._database.write() as db:
            return documents.append(db, document, piece, vectors, progress)

    def complete(
        self,
        document: DocumentRecord,
        piece: ChunkedDocument,
        vectors: NDArray[np.float32],
        facts: DocumentFacts,
        seconds: float = 0.0,
    ) -> DocumentRecord | None:
        """Store the last piece of a document that is read; it takes the place of every older version of its source.

        Returns None where the document was removed meanwhile, or a newer version was read first.
        """
        key = (document.collection_id, document.file_id)
        with self._database.write() as db:
            documents.append(db, document, piece, vectors, Progress("storing"))
            replaced = documents.finish(db, document, facts, seconds)
            orphans = _delete_unused_files(db, self._owner, replaced)
            stored = documents.find_if_there(db, self._owner, *key)
        if replaced:
            self._remove_unused(orphans)
        return stored

    def complete_from_copy(self, document: DocumentRecord) -> DocumentRecord | None:
        """Complete a document that is read with what was made of the same content before; None where there is none."""
        key = (document.collection_id, document.file_id)
        with self._database.write() as db:
            other_id = documents.copy_of(db, document)
            facts = None if other_id is None else documents.copy_from(db, document, other_id)
            if facts is None:
                return None
            replaced = documents.finish(db, document, facts)
            orphans = _delete_unused_files(db, self._owner, replaced)
            stored = documents.find_if_there(db, self._owner, *key)
        if replaced:
            self._remove_unused(orphans)
        return stored

    def restart(self, document: DocumentRecord) -> int:
        """Forget what was stored of a document because its reader died; return how often that has happened."""
        with self._database.write() as db:
            documents.restart(db, document)
            return jobs.count_try(db, document)

    def fail(self, document: DocumentRecord, reason: str) -> DocumentRecord | None:
        """Note why a document that waits or is read cannot be; None where it was removed in the meantime."""
        with self._database.write() as db:
            documents.fail(db, document, reason)
            return documents.find_if_there(db, self._owner, document.collection_id, document.file_id)

    def release(self, document: DocumentRecord) -> None:
        """Put a document that is read back into the queue, because the program stops."""
        with self._database.write() as db:
            jobs.release(db, document)

    def recover(self, passport: EmbedderPassport) -> int:
        """Put back what a killed program has left half read, and return how many documents that were.

        Only for who knows that nobody reads documents of this passport now; see `ingest.locks`.
        """
        with self._database.write() as db:
            return jobs.recover(db, passport)

    def pause(self, collection_id: str, file_id: str) -> DocumentRecord:
        """Let a document wait until it is resumed; raises `FileNotInLibraryError`."""
        return self._change(jobs.pause, collection_id, file_id)

    def resume(self, collection_id: str, file_id: str) -> DocumentRecord:
        """Queue a document that was paused; raises `FileNotInLibraryError`."""
        return self._change(jobs.resume, collection_id, file_id)

    def cancel(self, collection_id: str, file_id: str) -> DocumentRecord:
        """Give up a document that waits or is read; raises `FileNotInLibraryError`."""
        return self._change(jobs.cancel, collection_id, file_id)

    def pause_queue(self) -> None:
        """Start no further document until `resume_queue`, also after a restart."""
        with self._database.write() as db:
            jobs.pause_all(db, self._owner)

    def resume_queue(self) -> None:
        """Go on with the queue."""
        with self._database.write() as db:
            jobs.resume_all(db, self._owner)

    def queue_state(self, collection_ids: Sequence[str] | None = None) -> QueueState:
        """Return what is to be done in some collections or in all, and how long it will take."""
        with self._database.read() as db:
            return jobs.state(db, self._owner, collection_ids)

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
            return content.text(db, collection_id, file_id)

    def pages(self, collection_id: str, file_id: str) -> list[Page]:
        """Return the pages of a document in order; raises `FileNotInLibraryError`."""
        with self._database.read() as db:
            documents.find(db, self._owner, collection_id, file_id)
            return content.pages(db, collection_id, file_id)

    def page_text(self, collection_id: str, file_id: str, number: int) -> str:
        """Return the text of one page; raises `FileNotInLibraryError` or `PageNotFoundError`."""
        with self._database.read() as db:
            documents.find(db, self._owner, collection_id, file_id)
            if (text := content.page_text(db, collection_id, file_id, number)) is None:
                raise PageNotFoundError(file_id=file_id, page=number)
            return text

    def line_at(self, collection_id: str, file_id: str, position: int) -> int:
        """Return the number of the line, from 1, that holds a position of a document's text."""
        with self._database.read() as db:
            return content.line_at(db, collection_id, file_id, position)

    def span_pages(self, collection_id: str, file_id: str, start: int, end: int) -> list[Page]:
        """Return the pages of `[start, end)`, from the one that holds `start`; raises `FileNotInLibraryError`.

        A `start` between two pages belongs to the one before.
        """
        with self._database.read() as db:
            documents.find(db, self._owner, collection_id, file_id)
            return content.span_pages(db, collection_id, file_id, start, end)

    # Chunks and vectors

    def chunks(self, ids: list[int]) -> list[StoredChunk]:
        """Return the chunks with these ids in that order; those that are gone are left out."""
        with self._database.read() as db:
            return content.chunks(db, ids)

    def document_chunks(self, collection_id: str, file_id: str) -> list[StoredChunk]:
        """Return the chunks of a document in reading order."""
        with self._database.read() as db:
            return content.document_chunks(db, collection_id, file_id)

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
            removed = content.removed_since(db, collection_id, generation)
            ids, vectors = content.vectors_since(db, collection_id, generation)
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
            with self._database.read() as db:
                half_read = jobs.half_read_passports(db)
            for passport in half_read:
                self._recover_if_nobody_reads(passport)
        if contents or indexes:
            self._remove_unused(contents)

    def _recover_if_nobody_reads(self, passport: EmbedderPassport) -> None:
        lock = ReaderLock(self.home, passport)
        if lock.acquire():
            try:
                self.recover(passport)
            finally:
                lock.release()

    def _remove_unused(self, contents: Sequence[str]) -> None:
        """Remove those of some contents that no file has, and every saved index that no row names.

        It is a transaction of its own after the one that removed the rows: what cannot be rolled back comes last.
        """
        with self._disk_errors("what was removed is still on the disk"), self._database.write() as db:
            for sha256 in contents:
                if not files.is_content_used(db, sha256):
                    self._originals.remove(sha256)
            self._index_files.remove_unused(snapshots.filenames(db))

    def _change(
        self, change: Callable[[apsw.Connection, str, str], None], collection_id: str, file_id: str
    ) -> DocumentRecord:
        with self._database.write() as db:
            documents.find(db, self._owner, collection_id, file_id)
            change(db, collection_id, file_id)
            return documents.find(db, self._owner, collection_id, file_id)

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
