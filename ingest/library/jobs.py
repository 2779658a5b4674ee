"""The part of the library that turns files into documents: what waits, what is read, how it ends."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ingest.storage import collections, documents, files, jobs
from ingest.storage.home import Home, delete_unused_files
from ingest.types import (
    AttributeValue,
    ChunkedDocument,
    DocumentFacts,
    DocumentRecord,
    EmbedderPassport,
    Failure,
    Progress,
    QueueState,
)


class LibraryJobs:
    """The queue of documents, kept in the library so that a crash loses nothing."""

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
    ) -> DocumentRecord:
        """Put a file into a collection, to be read; `password` opens it.

        `attributes` replace what was said of its source in this collection; None leaves that as it is.

        One that waits or was read comes back as it is. One that failed is queued again until it has had its
        tries; `again` or a password queues it anyway. Raises `FileNotInLibraryError` or `CollectionNotFoundError`.
        """
        with self.storage.database.write() as db:
            files.find(db, self.storage.owner, file_id)
            collections.find(db, self.storage.owner, collection_id)
            if password is not None:
                files.set_password(db, file_id, password)
            jobs.enqueue(db, collection_id, file_id, again=again or password is not None)
            if attributes is not None:
                documents.set_attributes(db, collection_id, file_id, attributes)
            return documents.find(db, self.storage.owner, collection_id, file_id)

    def claim(self, passport: EmbedderPassport) -> DocumentRecord | None:
        """Start the next document that waits in a collection with this passport; None where none is to be started."""
        with self.storage.database.read() as db:  # a queue that is empty is asked often
            if not jobs.has_work(db, passport):
                return None
        with self.storage.database.write() as db:
            if (key := jobs.claim(db, self.storage.owner, passport)) is None:
                return None
            return documents.find(db, self.storage.owner, *key)

    def append(
        self, document: DocumentRecord, piece: ChunkedDocument, vectors: NDArray[np.float32], progress: Progress
    ) -> bool:
        """Store the next piece of a document that is read; False where it was removed, paused or cancelled meanwhile.

        Searches find it at once, unless the document is to replace an older version.
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
        """Store the last piece of a document that is read; it takes the place of every older version of its source.

        Returns None where the document was removed meanwhile, or a newer version was read first.
        """
        key = (document.collection_id, document.file_id)
        with self.storage.database.write() as db:
            documents.append(db, document, piece, vectors, Progress("storing"))
            replaced = documents.finish(db, document, facts, seconds)
            orphans = delete_unused_files(db, self.storage.owner, replaced)
            stored = documents.find_or_none(db, self.storage.owner, *key)
        if replaced:
            self.storage.remove_unused(orphans)
        return stored

    def complete_from_copy(self, document: DocumentRecord) -> DocumentRecord | None:
        """Complete a document that is read with what was made of the same content before; None where there is none."""
        key = (document.collection_id, document.file_id)
        with self.storage.database.write() as db:
            other_id = documents.find_copy(db, document)
            facts = None if other_id is None else documents.copy_from(db, document, other_id)
            if facts is None:
                return None
            replaced = documents.finish(db, document, facts)
            orphans = delete_unused_files(db, self.storage.owner, replaced)
            stored = documents.find_or_none(db, self.storage.owner, *key)
        if replaced:
            self.storage.remove_unused(orphans)
        return stored

    def restart(self, document: DocumentRecord) -> int:
        """Forget what was stored of a document because its reader died; return how often that has happened."""
        with self.storage.database.write() as db:
            documents.restart(db, document)
            return jobs.count_try(db, document)

    def fail(self, document: DocumentRecord, reason: str, failure: Failure = "invalid_file") -> DocumentRecord | None:
        """Note why a document that waits or is read cannot be; None where it was removed in the meantime."""
        with self.storage.database.write() as db:
            documents.fail(db, document, reason, failure)
            return documents.find_or_none(db, self.storage.owner, document.collection_id, document.file_id)

    def release(self, document: DocumentRecord) -> None:
        """Put a document that is read back into the queue, because the program stops."""
        with self.storage.database.write() as db:
            jobs.release(db, document)

    def recover(self, passport: EmbedderPassport) -> int:
        """Put back what a killed program has left half read, and return how many documents that were.

        Only for who knows that nobody reads documents of this passport now; see `ingest.storage.reader_lock`.
        """
        with self.storage.database.write() as db:
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
        with self.storage.database.write() as db:
            jobs.pause_all(db, self.storage.owner)

    def resume_queue(self) -> None:
        """Go on with the queue."""
        with self.storage.database.write() as db:
            jobs.resume_all(db, self.storage.owner)

    def queue_state(self, collection_ids: Sequence[str] | None = None) -> QueueState:
        """Return what is to be done in some collections or in all, and how long it will take."""
        with self.storage.database.read() as db:
            return jobs.read_state(db, self.storage.owner, collection_ids)

    def _change(self, change: jobs.JobChange, collection_id: str, file_id: str) -> DocumentRecord:
        with self.storage.database.write() as db:
            documents.find(db, self.storage.owner, collection_id, file_id)
            change(db, collection_id, file_id)
            return documents.find(db, self.storage.owner, collection_id, file_id)
