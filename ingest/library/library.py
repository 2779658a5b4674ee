"""The library: the interface of ingestion, search and answers to everything that is stored.

SQLite rows are the truth, every vector included; the originals are files beside them, named by their SHA-256.
Each method that changes something is one transaction.
"""

import copy
from collections.abc import Collection as AnyCollection
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ingest.errors import IndexOutdatedError, PageNotFoundError
from ingest.library.conversations import LibraryConversations
from ingest.library.expiry import LibraryExpiry
from ingest.library.file_batches import LibraryFileBatches
from ingest.library.files import LibraryFiles
from ingest.library.filters import compile_filters, find_file_ids, find_keys
from ingest.library.jobs import LibraryJobs
from ingest.library.listing import LibraryListing
from ingest.library.names import name_label
from ingest.library.principals import LibraryPrincipals
from ingest.library.responses import LibraryResponses
from ingest.principals import LOCAL
from ingest.storage import collections, content, counts, documents, files, lexical, rebuilds, shares, snapshots
from ingest.storage.home import DATABASE_NAME, delete_unused_files
from ingest.storage.recovery import open_home
from ingest.storage.snapshots import Snapshot
from ingest.types import (
    AttributeValue,
    Collection,
    CollectionChanges,
    DocumentFrequencies,
    DocumentRecord,
    DocumentStatus,
    EmbedderPassport,
    Filter,
    Heading,
    IndexChanges,
    LibrarySize,
    Page,
    StoredChunk,
)

__all__ = ["DATABASE_NAME", "Library"]

CACHED_FILTERS = 8
"""Results of filters in the cache: very many documents take long to filter, and questions often repeat a filter."""


class Library(
    LibraryFiles,
    LibraryJobs,
    LibraryListing,
    LibraryConversations,
    LibraryPrincipals,
    LibraryFileBatches,
    LibraryResponses,
    LibraryExpiry,
):
    """Everything that one home folder holds, as one principal sees it. Safe to use from many threads and processes.

    A principal sees what it owns, and the collections that others share with it. What it does not see does not exist
    for any method here, and a method that changes a collection raises `CollectionNotYoursError` if that is shared with
    it for less. Every method raises `LibraryError` if the home cannot be created, read or written.
    """

    def __init__(self, home: Path, *, owner: str = LOCAL) -> None:
        self.home = home
        super().__init__(open_home(home, owner=owner))
        # The key has the generation of the collection: a result is never older than its last change.
        self._filter_cache = lru_cache(CACHED_FILTERS)(self._filter_files)
        self._chunk_id_cache = lru_cache(CACHED_FILTERS)(self._read_chunk_ids)

    @property
    def owner(self) -> str:
        """The principal for whom this view is, or `EVERY_OWNER`."""
        return self.storage.owner

    def as_owner(self, owner: str) -> "Library":
        """Return the same library as another principal sees it; `EVERY_OWNER` sees everything. It closes with this one.

        All views share the database and the results of filters, which are looked up by collections that a view sees.
        """
        view = copy.copy(self)
        view.storage = self.storage.as_owner(owner)
        return view

    def close(self) -> None:
        """Close the database; neither the library nor any view of it can be used afterwards."""
        self.storage.database.close()

    @property
    def is_read_only(self) -> bool:
        """Whether the home can only be read: searches work, and everything that changes something is refused."""
        return self.storage.is_read_only

    @property
    def damage(self) -> str:
        """What is damaged in the database, in SQLite's words; empty as long as nothing is known to be.

        A damaged library is read as far as possible; everything that changes something is refused.
        """
        return self.storage.database.damage

    def look_for_damage(self) -> None:
        """Check the whole database, which may take minutes, and set `damage`."""
        self.storage.database.look_for_damage()

    # Collections

    def create_collection(self, name: str, passport: EmbedderPassport) -> Collection:
        """Add an empty collection; raises `CollectionExistsError`."""
        with self.storage.database.write() as db:
            return collections.insert(db, self.owner, name, passport)

    def collection(self, name_or_id: str) -> Collection:
        """Return a collection by its id or name; raises `CollectionNotFoundError`."""
        with self.storage.database.read() as db:
            return collections.find(db, self.owner, name_or_id)

    def collections(self) -> list[Collection]:
        """Return all collections, the oldest first."""
        with self.storage.database.read() as db:
            return collections.find_all(db, self.owner)

    def add_collection(self, label: str, passport: EmbedderPassport, changes: CollectionChanges) -> Collection:
        """Add an empty collection under a label that others may have too; its name is then a numbered one.

        `ingest.library.names.check_label` says which labels are allowed.
        """
        with self.storage.database.write() as db:
            name = collections.find_free_name(db, self.owner, name_label(label))
            collection = collections.insert(db, self.owner, name, passport)
            collections.relabel(db, collection.id, label, name)
            collections.update(db, collection.id, changes)
            return collections.find(db, self.owner, collection.id)

    def update_collection(self, collection_id: str, changes: CollectionChanges) -> Collection:
        """Change a collection; raises `CollectionNotFoundError`. With another label it gets the name of that."""
        with self.storage.database.write() as db:
            shares.check(db, self.owner, collection_id, "owner")
            collection = collections.find(db, self.owner, collection_id)
            if changes.label not in (None, collection.label or collection.name):
                name = collections.find_free_name(db, collection.owner, name_label(changes.label))
                collections.relabel(db, collection_id, changes.label, name)
            collections.update(db, collection_id, changes)
            return collections.find(db, self.owner, collection_id)

    def drop_collection(self, collection_id: str) -> None:
        """Delete a collection and its documents; the files stay. Raises `CollectionNotFoundError`."""
        with self.storage.database.write() as db:
            shares.check(db, self.owner, collection_id, "owner")
            collection = collections.find(db, self.owner, collection_id)
            if (hidden := rebuilds.find(db, collection)) is not None:
                collections.delete(db, hidden.id)
            collections.delete(db, collection.id)
        self.storage.remove_unused([])

    def delete_collection(self, collection_id: str) -> None:
        """Delete a collection, its documents, and the files that no other has; raises `CollectionNotFoundError`."""
        with self.storage.database.write() as db:
            shares.check(db, self.owner, collection_id, "owner")
            collection = collections.find(db, self.owner, collection_id)
            file_ids = documents.find_files(db, collection.id)
            if (hidden := rebuilds.find(db, collection)) is not None:
                file_ids |= documents.find_files(db, hidden.id)
            collections.delete(db, collection.id)
            orphans = delete_unused_files(db, collection.owner, sorted(file_ids))
        self.storage.remove_unused(orphans)

    # Documents

    def document(self, collection_id: str, file_id: str) -> DocumentRecord:
        """Return one document; raises `FileNotInLibraryError`."""
        with self.storage.database.read() as db:
            record = documents.find(db, self.owner, collection_id, file_id)
        return self.storage.explain_waiting([record])[0]

    def documents(
        self,
        collection_id: str | None = None,
        *,
        statuses: AnyCollection[DocumentStatus] | None = None,
        file_ids: AnyCollection[str] | None = None,
    ) -> list[DocumentRecord]:
        """Return the documents of one collection or of all, of some statuses or of any, the oldest first.

        With `file_ids`, those of these files alone.
        """
        with self.storage.database.read() as db:
            found = documents.find_all(db, self.owner, collection_id, statuses=statuses, file_ids=file_ids)
        return self.storage.explain_waiting(found)

    def size(self, collection_ids: Sequence[str]) -> LibrarySize:
        """Return how many documents of some collections can be searched, and their chunks."""
        with self.storage.database.read() as db:
            return counts.measure_size(db, self.owner, collection_ids)

    def remove_document(self, collection_id: str, file_id: str) -> None:
        """Take a document out of a collection; the file stays. Raises `FileNotInLibraryError`."""
        with self.storage.database.write() as db:
            documents.find(db, self.owner, collection_id, file_id)
            shares.check(db, self.owner, collection_id, "write")
            documents.delete(db, collection_id, file_id)
        self.storage.remove_unused([])

    def remove(self, file_id: str, collection_id: str | None) -> None:
        """Take a document out of a collection, or, with None, out of all; the file is deleted with its last document.

        Raises `FileNotInLibraryError`. With None, a file that is in no collection is deleted too.
        """
        with self.storage.database.write() as db:
            file = files.find(db, self.owner, file_id)
            ids = documents.find_collections(db, file.id) if collection_id is None else [collection_id]
            for id_ in ids:
                documents.delete(db, id_, file.id)
            orphans = delete_unused_files(db, file.owner, [file.id])
        self.storage.remove_unused(orphans)

    def delete_file(self, file_id: str) -> None:
        """Delete a file and its documents in every collection; raises `FileNotInLibraryError`."""
        self.remove(file_id, None)

    def document_text(self, collection_id: str, file_id: str) -> str:
        """Return the text that all offsets count in; raises `FileNotInLibraryError`."""
        with self.storage.database.read() as db:
            documents.find(db, self.owner, collection_id, file_id)
            return content.read_text(db, collection_id, file_id)

    def pages(self, collection_id: str, file_id: str) -> list[Page]:
        """Return the pages of a document in order; raises `FileNotInLibraryError`."""
        with self.storage.database.read() as db:
            documents.find(db, self.owner, collection_id, file_id)
            return content.read_pages(db, collection_id, file_id)

    def headings(self, collection_id: str, file_id: str) -> list[Heading]:
        """Return the headings of a document in order, the definitions of a source file among them.

        Raises `FileNotInLibraryError`.
        """
        with self.storage.database.read() as db:
            documents.find(db, self.owner, collection_id, file_id)
            return content.read_headings(db, collection_id, file_id)

    def page_text(self, collection_id: str, file_id: str, number: int) -> str:
        """Return the text of one page; raises `FileNotInLibraryError` or `PageNotFoundError`."""
        with self.storage.database.read() as db:
            documents.find(db, self.owner, collection_id, file_id)
            if (text := content.read_page_text(db, collection_id, file_id, number)) is None:
                raise PageNotFoundError(file_id=file_id, page=number)
            return text

    def find_line(self, collection_id: str, file_id: str, position: int) -> int:
        """Return the number, from 1, of the line at `position` of a document; raises `FileNotInLibraryError`."""
        with self.storage.database.read() as db:
            documents.find(db, self.owner, collection_id, file_id)
            return content.find_line(db, collection_id, file_id, position)

    def read_span_pages(self, collection_id: str, file_id: str, start: int, end: int) -> list[Page]:
        """Return the pages that `[start, end)` touches, in order; raises `FileNotInLibraryError`.

        A `start` between two pages belongs to the page before.
        """
        with self.storage.database.read() as db:
            documents.find(db, self.owner, collection_id, file_id)
            return content.read_span_pages(db, collection_id, file_id, start, end)

    def remove_unused(self) -> None:
        """Remove the index snapshots and prefix-cache files of collections and documents that were deleted."""
        self.storage.remove_unused([])

    # Attributes and filters

    def set_attributes(
        self, collection_id: str, file_id: str, attributes: Mapping[str, AttributeValue]
    ) -> DocumentRecord:
        """Replace the attributes of a document's source in a collection; raises `FileNotInLibraryError`.

        `filters.check_attributes` says which attributes are allowed.
        """
        with self.storage.database.write() as db:
            documents.find(db, self.owner, collection_id, file_id)
            shares.check(db, self.owner, collection_id, "write")
            documents.set_attributes(db, collection_id, file_id, attributes)
            return documents.find(db, self.owner, collection_id, file_id)

    def find_attributes(self, collection_id: str, file_ids: Iterable[str]) -> dict[str, dict[str, AttributeValue]]:
        """Return the attributes of each of these files in a collection; files without attributes are left out."""
        with self.storage.database.read() as db:
            return (
                documents.find_attributes(db, collection_id, file_ids)
                if shares.is_visible(db, self.owner, collection_id)
                else {}
            )

    def find_matching_files(self, collection_id: str, filters: Filter) -> frozenset[str]:
        """Return the ids of the files whose documents match the filters; raises `CollectionNotFoundError`."""
        # `repr`, because 1, 1.0 and True are equal, but not to a filter.
        return self._filter_cache(self.collection(collection_id).generation, collection_id, repr(filters), filters)

    def _filter_files(self, generation: int, collection_id: str, key: str, filters: Filter) -> frozenset[str]:
        is_match = compile_filters(filters)
        with self.storage.database.read() as db:
            rows = documents.read_attribute_rows(db, collection_id, find_keys(filters), find_file_ids(filters))
            return frozenset(file_id for file_id, attributes in rows if is_match(attributes))

    def chunk_ids(self, collection_id: str, file_ids: frozenset[str]) -> NDArray[np.int64]:
        """Return the ids of all chunks of these files, unpublished ones included, as a read-only array (n,) of int64.

        Raises `CollectionNotFoundError`.
        """
        return self._chunk_id_cache(self.collection(collection_id).generation, collection_id, file_ids)

    def _read_chunk_ids(self, generation: int, collection_id: str, file_ids: frozenset[str]) -> NDArray[np.int64]:
        with self.storage.database.read() as db:
            ids = np.array(documents.find_chunk_ids(db, collection_id, file_ids), dtype=np.int64)
        ids.setflags(write=False)
        return ids

    # Chunks and vectors

    def chunks(self, ids: list[int]) -> list[StoredChunk]:
        """Return the chunks with these ids in that order; those that are gone are left out."""
        with self.storage.database.read() as db:
            return content.read_chunks(db, ids)

    def document_chunks(self, collection_id: str, file_id: str) -> list[StoredChunk]:
        """Return the chunks of a document in reading order."""
        with self.storage.database.read() as db:
            return (
                content.read_document_chunks(db, collection_id, file_id)
                if shares.is_visible(db, self.owner, collection_id)
                else []
            )

    def search_terms(
        self, collection_id: str, terms: Sequence[str], top_k: int, *, chunk_ids: NDArray[np.int64] | None = None
    ) -> list[tuple[int, float]]:
        """Return (chunk id, BM25 score) of the `top_k` best chunks that have any of these terms, the best first.

        Terms are those of `ingest.text.analyzer`. With `chunk_ids`, of these chunks alone.
        """
        with self.storage.database.read() as db:
            if not shares.is_visible(db, self.owner, collection_id):
                return []
            return lexical.search(db, collection_id, terms, top_k, chunk_ids=chunk_ids)

    def count_document_frequencies(self, terms: Sequence[str]) -> DocumentFrequencies:
        """Return in how many chunks of the whole library each term of `ingest.text.analyzer` occurs."""
        with self.storage.database.read() as db:
            return lexical.count_frequencies(db, terms)

    def read_changes(self, collection_id: str, generation: int) -> Iterator[IndexChanges]:
        """Yield in batches the changes since `generation`, all from one state (snapshot isolation) of the library.

        Nothing if there are none. The last batch alone has the new generation. Raises `IndexOutdatedError` if the
        record of removals does not go back so far; 0 always works.
        """
        with self.storage.database.read() as db:
            current = collections.find(db, self.owner, collection_id).generation
            if 0 < generation < collections.find_history_start(db, collection_id):
                raise IndexOutdatedError(collection=collection_id)
            if current == generation:
                return
            removed = content.find_removed_since(db, collection_id, generation)
            for ids, vectors in content.read_vectors_since(db, collection_id, generation):
                yield IndexChanges(generation, removed, ids, vectors)
                removed = []
            yield IndexChanges(current, removed, [], np.empty((0, 0), dtype=np.float32))

    def vectors(self, ids: Sequence[int]) -> tuple[list[int], NDArray[np.float32]]:
        """Return the ids of those chunks that are stored, rising, and their vectors: shape (n, dimension), float32."""
        with self.storage.database.read() as db:
            return content.read_vectors(db, ids)

    def count_changed_chunks(self, collection_id: str, generation: int) -> int:
        """Return how many published chunks came after `generation`."""
        with self.storage.database.read() as db:
            return content.count_since(db, collection_id, generation)

    def snapshot(self, collection_id: str) -> Snapshot | None:
        """Return the record of the collection's index snapshot, or None."""
        with self.storage.database.read() as db:
            return snapshots.find(db, collection_id)

    def read_snapshot(self, snapshot: Snapshot) -> bytes:
        """Return the bytes of a snapshot; raises `OSError` if its file is gone."""
        return self.storage.index_files.read(snapshot.filename)

    def save_snapshot(self, snapshot: Snapshot, body: bytes) -> None:
        """Store an index snapshot in place of the one before.

        Nothing is stored if that one is newer, or the collection or a chunk of it was removed meanwhile.
        """
        with (
            self.storage.translate_disk_errors("the index cannot be saved"),
            self.storage.index_files.receive(body) as incoming,
            self.storage.database.write() as db,
        ):
            if not snapshots.can_record(db, snapshot):
                return
            self.storage.index_files.keep(incoming, snapshot.filename)
            snapshots.record(db, snapshot)
        self.storage.remove_unused([])  # only now: until the record is committed, the old file is needed
