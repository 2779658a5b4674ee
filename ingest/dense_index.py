"""The vectors of one collection in memory (the adapter of FAISS); they can always be built anew from the rows."""

import threading
from collections.abc import Callable, Sequence

import faiss
import numpy as np
from numpy.typing import NDArray

from ingest.errors import IndexOutdatedError
from ingest.types import IndexChanges


class DenseIndex:
    """Unit vectors of one collection, searched exactly. Safe to use from many threads."""

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

    def search(
        self, vector: NDArray[np.float32], top_k: int, among: NDArray[np.int64] | None = None
    ) -> list[tuple[int, float]]:
        """Return (id, cosine), the nearest first; where `among` is given, of these ids alone."""
        with self._lock:
            count = min(top_k, int(self._index.ntotal) if among is None else len(among))
            if count == 0:
                return []
            only = None if among is None else faiss.SearchParameters(sel=faiss.IDSelectorBatch(among))  # type: ignore[call-arg]
            scores, ids = self._index.search(vector.reshape(1, -1), count, params=only)
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
