"""The library's file batches: files that one request adds to a collection. One transaction a method."""

from collections.abc import Sequence

from ingest.storage import file_batches, jobs, shares
from ingest.storage.home import Home
from ingest.types import FileAddition, FileBatch


class LibraryFileBatches:
    """Batches belong to their collection: whoever may change its documents may add and cancel them."""

    storage: Home

    def enqueue_batch(self, collection_id: str, additions: Sequence[FileAddition]) -> FileBatch:
        """Queue files to be read into a collection, all or none.

        Raises `FileNotInLibraryError`, `CollectionNotFoundError` and `CollectionNotYoursError`.
        """
        with self.storage.database.write() as db:
            shares.check(db, self.storage.owner, collection_id, "write")
            for addition in additions:
                jobs.enqueue_file(db, self.storage.owner, collection_id, addition)
            batch_id = file_batches.insert(db, collection_id, [addition.file_id for addition in additions])
            return file_batches.find(db, collection_id, batch_id)

    def file_batch(self, collection_id: str, batch_id: str) -> FileBatch:
        """Return a batch; raises `CollectionNotFoundError` and `FileBatchNotFoundError`."""
        with self.storage.database.read() as db:
            shares.check(db, self.storage.owner, collection_id, "read")
            return file_batches.find(db, collection_id, batch_id)

    def cancel_file_batch(self, collection_id: str, batch_id: str) -> FileBatch:
        """Cancel the documents of a batch that are not read yet; raises as `enqueue_batch` and `file_batch` do."""
        with self.storage.database.write() as db:
            shares.check(db, self.storage.owner, collection_id, "write")
            file_batches.find(db, collection_id, batch_id)
            file_batches.cancel(db, collection_id, batch_id)
            return file_batches.find(db, collection_id, batch_id)
