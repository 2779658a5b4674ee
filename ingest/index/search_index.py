"""Dense (FAISS) and lexical (FTS5, BM25) search over the library.

The library's rows are the truth. A dense index is in memory, one for each collection. Every change of a collection
raises its generation, and before each search the index applies what changed since its own generation, so that a search
sees what another process has ingested. The file of an index is a snapshot that shortens a start: it is used only if
its hash, size and passport are those that were recorded; otherwise the index is built from the rows.
"""

import hashlib
import logging
import threading
import uuid
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ingest.errors import IndexOutdatedError, IngestError, LibraryError
from ingest.index.dense_index import EXACT_LIMIT, DenseIndex
from ingest.library.library import Library
from ingest.storage.snapshots import Snapshot, is_outgrown
from ingest.text.analyzer import extract_query_terms
from ingest.types import EmbedderPassport

logger = logging.getLogger(__name__)

MAX_REBUILDS = 3
DAMAGED_VECTORS = "some vectors are not of the size that they should be; `pincite check --repair` mends them"


class SearchIndex:
    """Search in the collections of one library. Higher scores are better. Safe to use from many threads."""

    def __init__(self, library: Library, *, exact_limit: int = EXACT_LIMIT) -> None:
        self._library = library
        self._exact_limit = exact_limit
        self._lock = threading.Lock()
        self._dense: dict[str, DenseIndex] = {}

    def search_dense(
        self, collection_id: str, vector: NDArray[np.float32], top_k: int, *, file_ids: frozenset[str] | None = None
    ) -> list[tuple[int, float]]:
        """Return (chunk id, cosine) of the `top_k` nearest chunks, the nearest first; fewer if there are fewer.

        `vector` is a unit vector of the collection's embedder, shape (dimension,), float32. With `file_ids`, of the
        documents of these files alone. Raises `CollectionNotFoundError` and `LibraryError`.
        """
        return self._current(collection_id).search(vector, top_k, self._select_chunks(collection_id, file_ids))

    def compute_cosines(
        self, collection_id: str, vector: NDArray[np.float32], chunk_ids: Sequence[int]
    ) -> dict[int, float]:
        """Return the cosine of `vector` (dimension,) with each of these chunks; those that are gone are left out."""
        return self._current(collection_id).compute_cosines(vector, chunk_ids)

    def search_lexical(
        self, collection_id: str, query: str, top_k: int, *, file_ids: frozenset[str] | None = None
    ) -> list[tuple[int, float]]:
        """Return (chunk id, BM25 score) of the `top_k` best chunks that share terms with `query`, the best first.

        Scores are positive; see `ingest.storage.lexical`. With `file_ids`, of the documents of these files alone.
        """
        terms = extract_query_terms(query)
        chunk_ids = self._select_chunks(collection_id, file_ids)
        return self._library.search_terms(collection_id, terms, top_k, chunk_ids=chunk_ids) if terms else []

    def _select_chunks(self, collection_id: str, file_ids: frozenset[str] | None) -> NDArray[np.int64] | None:
        return None if file_ids is None else self._library.chunk_ids(collection_id, file_ids)

    def save(self, collection_id: str) -> None:
        """Write a snapshot of the collection's dense index, unless so little has changed that a start is fast anyway.

        Waits for a store that is trained. Raises `CollectionNotFoundError`, and `LibraryError` if the file cannot be
        written.
        """
        index = self._current(collection_id)
        index.wait_for_training()
        recorded = self._library.snapshot(collection_id)
        if recorded is not None:
            changed = self._library.count_changed_chunks(collection_id, recorded.generation)
            if not is_outgrown(recorded.row_count, changed):
                return
        self._write(index)

    def save_all(self) -> None:
        """Write a snapshot of every index that lost its own by a removal and is not being trained; raise nothing.

        Called when the program ends: a start without a snapshot builds the index from the rows, which can take minutes.
        """
        with self._lock:
            loaded = list(self._dense)
        for collection_id in loaded:
            try:
                index = self._current(collection_id)
                if self._library.snapshot(collection_id) is None and not index.is_training:
                    self._write(index)
            except IngestError as error:
                logger.warning("the index of %s was not saved: %s", collection_id, error)

    def _write(self, index: DenseIndex) -> None:
        generation, row_count, body = index.serialize()
        snapshot = Snapshot(
            collection_id=index.collection_id,
            generation=generation,
            filename=f"{index.collection_id}-{generation}-{uuid.uuid4().hex[:8]}.faiss",
            sha256=hashlib.sha256(body).hexdigest(),
            row_count=row_count,
            dimension=index.dimension,
            passport=self._library.collection(index.collection_id).passport,
        )
        self._library.save_snapshot(snapshot, body)

    def _write_trained(self, index: DenseIndex) -> None:
        """Write an index that took long to train; if that fails, the next save does it."""
        try:
            self._write(index)
        except IngestError as error:
            logger.warning("the index of %s was not saved: %s", index.collection_id, error)

    def list_ids(self, collection_id: str) -> set[int]:
        """Return the ids of all chunks that a dense search can find."""
        return self._current(collection_id).list_ids()

    def forget(self, collection_id: str) -> None:
        """Free the index of a collection that was deleted; its snapshot went with the collection."""
        with self._lock:
            self._dense.pop(collection_id, None)

    def _current(self, collection_id: str) -> DenseIndex:
        for _ in range(MAX_REBUILDS):
            with self._lock:
                index = self._dense.get(collection_id)
                if index is None:
                    index = self._dense[collection_id] = self._load(collection_id)
            generation = self._library.collection(collection_id).generation
            try:
                index.catch_up(generation, lambda since: self._library.read_changes(collection_id, since))
            except (IndexOutdatedError, ValueError):  # ValueError: rows of different sizes
                with self._lock:
                    if self._dense.get(collection_id) is index:
                        del self._dense[collection_id]
            else:
                return index
        raise LibraryError(home=str(self._library.home), detail=DAMAGED_VECTORS)

    def _load(self, collection_id: str) -> DenseIndex:
        collection = self._library.collection(collection_id)
        index = DenseIndex(
            collection.id,
            collection.passport.dimension,
            self._library.vectors,
            exact_limit=self._exact_limit,
            on_trained=self._write_trained,
        )
        snapshot = self._library.snapshot(collection.id)
        if snapshot is not None:
            try:
                self._load_snapshot(index, snapshot, collection.passport)
            except (OSError, ValueError) as error:
                logger.warning("the saved index of %s is rebuilt: %s", collection_id, error)
        return index

    def _load_snapshot(self, index: DenseIndex, snapshot: Snapshot, passport: EmbedderPassport) -> None:
        body = self._library.read_snapshot(snapshot)
        if hashlib.sha256(body).hexdigest() != snapshot.sha256:
            raise ValueError("its content is not what was written")
        if snapshot.passport != passport:
            raise ValueError("it was made by another embedder")
        index.load(snapshot.generation, snapshot.row_count, body)
