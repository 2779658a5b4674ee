"""The library's queue: documents that are queued, read, paused, cancelled, done or failed. One transaction a method.

`ingest.storage.jobs` has the rows, `ingest.jobs` the threads that work the queue off.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ingest.principals import EVERY_OWNER
from ingest.storage import documents, jobs, shares
from ingest.storage.home import Home, delete_replaced_files
from ingest.types import (
    AttributeValue,
    ChunkedDocument,
    DocumentFacts,
    DocumentRecord,
    EmbedderPassport,
    Failure,
    FileAddition,
    Progress,
    QueueState,
)


class LibraryJobs:
    """The queue of documents. It is stored, so that a crash loses nothing.

    It is one for all owners: whoever's view it is, what reads documents (`claim` to `recover`) reads those of all, and
    `pause_queue` pauses it for all.
    """

    def __init__(self, storage: Home) -> None:
        self.storage = storage

    def enqueue(
        self,
        collection_id: str,
        file_id: str,
        *,
        again: bool = False,
        password: str | None = None,
        attributes: Mapping[str, AttributeValue] | None = None,
        replace: bool = False,
        chunk_tokens: int | None = None,
    ) -> DocumentRecord:
        """Queue a file to be read into a collection, and return its document; `password` opens the file.

        `attributes` replace those of its source in this collection; None leaves them. With `replace` it takes the place
        and the attributes of the newest document of the same name, once it is read. A document that is queued, paused
        or read already stays as it is. One that failed is queued again until it has had its tries, with `again` or a
        password always. No chunk is longer than `chunk_tokens`; None leaves that to the settings. Raises
        `FileNotInLibraryError` or `CollectionNotFoundError`.
        """
        addition = FileAddition(file_id, attributes, chunk_tokens)
        with self.storage.database.write() as db:
            shares.check(db, self.storage.owner, collection_id, "write")
            jobs.enqueue_file(
                db, self.storage.owner, collection_id, addition, again=again, password=password, replace=replace
            )
            return documents.find(db, self.storage.owner, collection_id, file_id)

    def claim(
        self,
        passport: EmbedderPassport,
        *,
        among: AbstractSet[str] | None = None,
        without: AbstractSet[str] = frozenset(),
    ) -> DocumentRecord | None:
        """Claim the oldest queued document of the collections with this passport; None if none is to be started now.

        Of documents with the keys in `among` alone, or without those in `without`.
        """
        with self.storage.database.read() as db:  # an empty queue is polled often
            if not jobs.has_work(db, passport):
                return None
        with self.storage.database.write() as db:
            if (key := jobs.claim(db, passport, among=among, without=without)) is None:
                return None
            return documents.find(db, EVERY_OWNER, *key)

    def has_queued(self, passport: EmbedderPassport, *, without: AbstractSet[str]) -> bool:
        """Whether a document waits in the collections with this passport, besides those with the keys in `without`."""
        with self.storage.database.read() as db:
            return jobs.has_work(db, passport, without=without)

    def find_claims(self) -> frozenset[str]:
        """Return the claims of all documents that are read now."""
        with self.storage.database.read() as db:
            return jobs.find_claims(db)

    def append(
        self, document: DocumentRecord, piece: ChunkedDocument, vectors: NDArray[np.float32], progress: Progress
    ) -> bool:
        """Store the next piece of a document that is read; False if it was removed, paused or cancelled meanwhile.

        `vectors` has a row for each chunk: shape (chunks, dimension), float32. The piece is published at once, unless
        the document replaces an older version.
        """
        with self.storage.database.write() as db:
            return documents.append(db, document, piece, vectors, progress)

    def complete(
        self,
        document: DocumentRecord,
        piece: ChunkedDocument,
        vectors: NDArray[np.float32],
        facts: DocumentFacts,
        seconds: float = 0.0,
    ) -> DocumentRecord | None:
        """Store the last piece of a document and publish it in place of every older version of its source.

        Returns None if the document was removed meanwhile, or a newer version was read first.
        """
        key = (document.collection_id, document.file_id)
        with self.storage.database.write() as db:
            documents.append(db, document, piece, vectors, Progress("storing"))
            replaced = documents.finish(db, document, facts, seconds)
            orphans = delete_replaced_files(db, document.file_id, replaced)
            stored = documents.find_or_none(db, EVERY_OWNER, *key)
        if replaced:
            self.storage.remove_unused(orphans)
        return stored

    def complete_from_copy(self, document: DocumentRecord) -> DocumentRecord | None:
        """Complete a document with the chunks and vectors of another with the same content; None if there is none."""
        key = (document.collection_id, document.file_id)
        with self.storage.database.write() as db:
            other_id = documents.find_copy(db, document)
            facts = None if other_id is None else documents.copy_from(db, document, other_id)
            if facts is None:
                return None
            replaced = documents.finish(db, document, facts)
            orphans = delete_replaced_files(db, document.file_id, replaced)
            stored = documents.find_or_none(db, EVERY_OWNER, *key)
        if replaced:
            self.storage.remove_unused(orphans)
        return stored

    def restart(self, document: DocumentRecord) -> int:
        """Remove the pieces of a document whose parser process died; return how often that has happened."""
        with self.storage.database.write() as db:
            documents.restart(db, document)
            return jobs.count_try(db, document)

    def fail(self, document: DocumentRecord, reason: str, failure: Failure = "invalid_file") -> DocumentRecord | None:
        """Mark a document that is queued or read as failed, with the reason; None if it was removed meanwhile."""
        with self.storage.database.write() as db:
            documents.fail(db, document, reason, failure)
            return documents.find_or_none(db, EVERY_OWNER, document.collection_id, document.file_id)

    def release(self, document: DocumentRecord) -> None:
        """Put a document that is read back into the queue, because the process stops."""
        with self.storage.database.write() as db:
            jobs.release(db, document)

    def requeue(self, document: DocumentRecord, reason: str) -> DocumentRecord | None:
        """Put a document that is read back into the queue, and say why; None if it was removed meanwhile."""
        with self.storage.database.write() as db:
            jobs.release(db, document, reason)
            return documents.find_or_none(db, EVERY_OWNER, document.collection_id, document.file_id)

    def recover(self, passport: EmbedderPassport) -> int:
        """Put the documents that a killed process left half read back into the queue; return how many.

        The caller holds the `ReaderLock` of this passport.
        """
        with self.storage.database.write() as db:
            return jobs.recover(db, passport)

    def pause(self, collection_id: str, file_id: str) -> DocumentRecord:
        """Pause a document until it is resumed; raises `FileNotInLibraryError`."""
        return self._change(jobs.pause, collection_id, file_id)

    def resume(self, collection_id: str, file_id: str) -> DocumentRecord:
        """Queue a document that was paused; raises `FileNotInLibraryError`."""
        return self._change(jobs.resume, collection_id, file_id)

    def cancel(self, collection_id: str, file_id: str) -> DocumentRecord:
        """Cancel a document that is queued or read; raises `FileNotInLibraryError`."""
        return self._change(jobs.cancel, collection_id, file_id)

    def pause_queue(self) -> None:
        """Start no further document until `resume_queue`, also after a restart of the process."""
        with self.storage.database.write() as db:
            jobs.pause_all(db)

    def resume_queue(self) -> None:
        """Start documents again."""
        with self.storage.database.write() as db:
            jobs.resume_all(db)

    def queue_state(self, collection_ids: Sequence[str] | None = None) -> QueueState:
        """Count the queued, read and paused documents of some collections, or of all, and estimate the time left."""
        with self.storage.database.read() as db:
            state = jobs.read_state(db, self.storage.owner, collection_ids)
        hindrance = self.storage.find_hindrance()
        return replace(state, estimate_seconds=None, hindrance=hindrance) if hindrance else state

    def set_hindrance(self, hindrance: str) -> None:
        """Say why no document can be stored now; empty if nothing is in the way any more."""
        self.storage.hindrance = hindrance

    def _change(self, change: jobs.JobChange, collection_id: str, file_id: str) -> DocumentRecord:
        with self.storage.database.write() as db:
            documents.find(db, self.storage.owner, collection_id, file_id)
            shares.check(db, self.storage.owner, collection_id, "write")
            change(db, collection_id, file_id)
            return documents.find(db, self.storage.owner, collection_id, file_id)
