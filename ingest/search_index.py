"""Dense (FAISS) and lexical (FTS5) search over the library.

The library's rows are the truth. A dense index lives in memory, one a collection; before each search it
takes over what changed since, so that another process's ingest is seen at once. Its file is a snapshot
that shortens a start: it is used only when its hash, size and passport are those that were recorded, and
rebuilt from the rows otherwise.
"""

import hashlib
import logging
import re
import threading
import uuid
from collections.abc import Callable, Sequence

import faiss
import numpy as np
from numpy.typing import NDArray

from ingest.errors import IndexOutdatedError, LibraryError
from ingest.library import Library
from ingest.storage.snapshots import Snapshot
from ingest.types import IndexChanges

logger = logging.getLogger(__name__)

MAX_QUERY_WORDS = 256
"""FTS5 takes time for every word of a query; what is longer is a text, which its vector describes better."""

MAX_REBUILDS = 3
DAMAGED_VECTORS = "some vectors are not of the size that they should be; `pincite check --repair` mends them"

_WORD = re.compile(r"\w+")


class SearchIndex:
    """Search in the collections of one library. Higher scores are better. Safe to use from many threads."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._lock = threading.Lock()
        self._dense: dict[str, _DenseIndex] = {}

    def dense(self, collection_id: str, vector: NDArray[np.float32], top_k: int) -> list[tuple[int, float]]:
        """Return (chunk id, cosine) of the nearest chunks, the nearest first; fewer where there are fewer."""
        return self._current(collection_id).search(vector, top_k)

    def similarities(
        self, collection_id: str, vector: NDArray[np.float32], chunk_ids: Sequence[int]
    ) -> dict[int, float]:
        """Return the cosine between `vector` and each of these chunks; those that are gone are left out."""
        return self._current(collection_id).similarities(vector, chunk_ids)

    def lexical(self, collection_id: str, query: str, top_k: int) -> list[tuple[int, float]]:
        """Return (chunk id, BM25 score) of the chunks that share words with `query`, the best first."""
        words = list(dict.fromkeys(_WORD.findall(query)))[:MAX_QUERY_WORDS]
        expression = " OR ".join(f'"{word}"' for word in words)
        return self._library.search_words(collection_id, expression, top_k) if words else []

    def save(self, collection_id: str) -> None:
        """Write the collection's dense index to a file, unless the one that is there is current.

        Raises `CollectionNotFoundError`, and `LibraryError` where the file cannot be written.
        """
        index = self._current(collection_id)
        recorded = self._library.snapshot(collection_id)
        if recorded is not None and recorded.generation == index.generation:
            return
        generation, row_count, body = index.serialize()
        snapshot = Snapshot(
            collection_id=collection_id,
            generation=generation,
            filename=f"{collection_id}-{generation}-{uuid.uuid4().hex[:8]}.faiss",
            sha256=hashlib.sha256(body).hexdigest(),
            row_count=row_count,
            dimension=index.dimension,
            passport=self._library.collection(collection_id).passport,
        )
        self._library.save_snapshot(snapshot, body)

    def ids(self, collection_id: str) -> set[int]:
        """Return the ids of all chunks that a dense search can find."""
        return self._current(collection_id).ids()

    def forget(self, collection_id: str) -> None:
        """Drop the index of a collection that was deleted from memory; its file went with the collection."""
        with self._lock:
            self._dense.pop(collection_id, None)

    def _current(self, collection_id: str) -> "_DenseIndex":
        for _ in range(MAX_REBUILDS):
            with self._lock:
                index = self._dense.get(collection_id)
                if index is None:
                    index = self._dense[collection_id] = self._load(collection_id)
            try:
                index.apply(lambda generation: self._library.changes_since(collection_id, generation))
            except (IndexOutdatedError, ValueError):  # ValueError: rows of different sizes
                with self._lock:
                    if self._dense.get(collection_id) is index:
                        del self._dense[collection_id]
            else:
                return index
        raise LibraryError(home=str(self._library.home), detail=DAMAGED_VECTORS)

    def _load(self, collection_id: str) -> "_DenseIndex":
        dimension = self._library.collection(collection_id).passport.dimension
        snapshot = self._library.snapshot(collection_id)
        if snapshot is not None:
            try:
                return self._load_snapshot(snapshot, dimension)
            except (OSError, ValueError) as error:
                logger.warning("the saved index of %s is rebuilt: %s", collection_id, error)
        return _DenseIndex(collection_id, dimension)

    def _load_snapshot(self, snapshot: Snapshot, dimension: int) -> "_DenseIndex":
        body = self._library.read_snapshot(snapshot)
        if hashlib.sha256(body).hexdigest() != snapshot.sha256:
            raise ValueError("its content is not what was written")
        if snapshot.passport != self._library.collection(snapshot.collection_id).passport:
            raise ValueError("it was made by another embedder")
        index = _DenseIndex(snapshot.collection_id, dimension)
        index.load(snapshot.generation, snapshot.row_count, body)
        return index


class _DenseIndex:
    """Unit vectors of one collection, searched exactly. FAISS needs writers and readers kept apart."""

    def __init__(self, collection_id: str, dimension: int) -> None:
        self._collection_id = collection_id
        self.dimension = dimension
        self.generation = 0
        self._lock = threading.Lock()
        self._index: faiss.Index = faiss.IndexIDMap2(faiss.IndexFlatIP(dimension))

    def load(self, generation: int, row_count: int, body: bytes) -> None:
        """Take over a serialised index; raises `ValueError` where it is not what was recorded."""
        index = faiss.deserialize_index(np.frombuffer(body, dtype=np.uint8))
        if index.d != self.dimension or index.ntotal != row_count:
            raise ValueError("its size is not what was recorded")
        self._index, self.generation = index, generation

    def ids(self) -> set[int]:
        """Return the ids of all chunks that it holds."""
        with self._lock:
            return {int(id_) for id_ in faiss.vector_to_array(self._index.id_map)}  # type: ignore[attr-defined]

    def serialize(self) -> tuple[int, int, bytes]:
        """Return the generation, the number of rows, and the index as bytes."""
        with self._lock:
            return self.generation, int(self._index.ntotal), faiss.serialize_index(self._index).tobytes()

    def apply(self, changes_since: Callable[[int], IndexChanges]) -> None:
        """Take over what changed in the library since the last time."""
        with self._lock:
            changes = changes_since(self.generation)
            if changes.added and changes.vectors.shape[1] != self.dimension:  # it was rebuilt by another embedder
                raise IndexOutdatedError(collection=self._collection_id)
            if changes.removed:
                self._index.remove_ids(faiss.IDSelectorBatch(np.array(changes.removed, dtype=np.int64)))
            if changes.added:
                self._index.add_with_ids(changes.vectors, np.array(changes.added, dtype=np.int64))
            self.generation = changes.generation

    def search(self, vector: NDArray[np.float32], top_k: int) -> list[tuple[int, float]]:
        """Return (id, cosine), the nearest first."""
        with self._lock:
            count = min(top_k, int(self._index.ntotal))
            if count == 0:
                return []
            scores, ids = self._index.search(vector.reshape(1, -1), count)
        return [(int(id_), float(score)) for id_, score in zip(ids[0], scores[0], strict=True) if id_ >= 0]

    def similarities(self, vector: NDArray[np.float32], chunk_ids: Sequence[int]) -> dict[int, float]:
        """Return the cosine of each id that is in the index."""
        result: dict[int, float] = {}
        with self._lock:
            for id_ in chunk_ids:
                try:
                    stored = self._index.reconstruct(id_)
                except RuntimeError:
                    continue  # removed since it was found
                result[id_] = float(stored @ vector)
        return result
