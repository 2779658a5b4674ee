"""The dense index of one collection: its vectors in memory, which can always be built anew from the rows.

A small collection is searched exactly. A larger one gets a quantized IVF store, which is trained and filled from the
rows in the background while the present store serves. Its candidates are scored again with the float32 vectors of the
rows, so that every score is an exact cosine.
"""

import logging
import threading
from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from ingest.errors import IndexOutdatedError, IngestError
from ingest.index.faiss_store import POINTS_PER_LIST, VectorStore, list_count
from ingest.runtime.rw_lock import ReadWriteLock
from ingest.types import IndexChanges

logger = logging.getLogger(__name__)

EXACT_LIMIT = 50_000
"""With no more vectors than these a search compares all of them: 77 MB at 384 dimensions, about 8 ms."""

CANDIDATES_PER_RESULT = 3
"""Candidates of the quantized store that are scored again for one result; its own scores are rounded."""

MIN_CANDIDATES = 30

MAX_SCORED_IDS = 500
"""If no more ids than these are selected, all are scored from the rows, which is faster than to probe all lists."""

FILL_BATCH = 5_000
SWITCH_ROWS = 500
"""If no more vectors than these are missing, the new store is switched to; changes wait meanwhile, searches do not."""

VectorReader = Callable[[Sequence[int]], tuple[list[int], NDArray[np.float32]]]
"""Returns those of some chunk ids that are stored, rising, and their vectors: shape (n, dimension), float32."""


class _ProgramEndsError(IngestError):
    """The program ends, and would have to wait for a store that it does not need any more."""


class DenseIndex:
    """Unit vectors of one collection, by chunk id. Safe to use from many threads; searches do not wait for each other.

    `read_vectors` reads the rows. `on_trained` is called, in a thread of its own, after the switch to a new store.
    """

    def __init__(
        self,
        collection_id: str,
        dimension: int,
        read_vectors: VectorReader,
        *,
        exact_limit: int = EXACT_LIMIT,
        on_trained: Callable[["DenseIndex"], None] = lambda _: None,
    ) -> None:
        self.collection_id = collection_id
        self.dimension = dimension
        self.generation = 0
        self._read_vectors = read_vectors
        self._exact_limit = exact_limit
        self._on_trained = on_trained
        self._store = VectorStore.exact(dimension)
        self._lock = ReadWriteLock()  # of the store's content
        self._write_lock = threading.Lock()  # one thread at a time changes the store, or replaces it
        self._training: threading.Thread | None = None

    @property
    def is_exact(self) -> bool:
        """Whether a search compares all vectors."""
        return self._store.is_exact

    @property
    def is_training(self) -> bool:
        """Whether a new store is trained and filled now."""
        return self._training is not None

    @property
    def list_count(self) -> int:
        """How many inverted lists the store has; a search probes some of them."""
        return self._store.list_count

    def load(self, generation: int, row_count: int, body: bytes) -> None:
        """Take over a serialized store; raises `ValueError` if its size is not what was recorded."""
        store = VectorStore.read(body)
        if store.dimension != self.dimension or len(store) != row_count:
            raise ValueError("its size is not what was recorded")
        with self._write_lock:
            self._store, self.generation = store, generation
            self._train_if_due()

    def list_ids(self) -> set[int]:
        """Return the ids of all chunks in the index."""
        with self._lock.reading():
            return set(self._store.list_ids().tolist())

    def serialize(self) -> tuple[int, int, bytes]:
        """Return the generation, the number of rows, and the store as bytes."""
        with self._write_lock:  # searches go on
            return self.generation, len(self._store), self._store.serialize()

    def catch_up(self, generation: int, changes_since: Callable[[int], Iterable[IndexChanges]]) -> None:
        """Apply what changed in the library since the index's generation, up to `generation`.

        If that fails, the next call applies the same changes again. Raises `IndexOutdatedError`.
        """
        if generation == self.generation:
            return
        with self._write_lock:
            for changes in changes_since(self.generation):
                self._apply(changes)
            self._train_if_due()

    def _apply(self, changes: IndexChanges) -> None:
        if changes.added and changes.vectors.shape[1] != self.dimension:  # another embedder made them
            raise IndexOutdatedError(collection=self.collection_id)
        added = np.array(changes.added, dtype=np.int64)
        lists = self._store.assign_lists(changes.vectors) if changes.added else added
        with self._lock.writing():
            self._store.remove(np.array([*changes.removed, *changes.added], dtype=np.int64))
            if changes.added:
                self._store.add(added, changes.vectors, lists)
        self.generation = changes.generation

    def search(
        self, vector: NDArray[np.float32], top_k: int, chunk_ids: NDArray[np.int64] | None = None
    ) -> list[tuple[int, float]]:
        """Return (chunk id, cosine) of the `top_k` chunks nearest to a query, the nearest first.

        `vector` is a unit vector, shape (dimension,), float32. With `chunk_ids`, shape (n,), int64, of these chunks
        alone. Of equal cosines the lower id comes first. An exact index finds the nearest, a quantized one nearly all
        of them; the cosines are exact with both. An empty index has no results.
        """
        with self._lock.reading():
            if self._store.is_exact:
                ids, scores = self._store.search(vector, top_k, chunk_ids)
                return _sort_by_score(dict(zip(ids.tolist(), scores.tolist(), strict=True)))
            candidates = self._find_candidates(vector, top_k, chunk_ids)
        return _sort_by_score(self._score_from_rows(vector, candidates))[:top_k]

    def compute_cosines(self, vector: NDArray[np.float32], chunk_ids: Sequence[int]) -> dict[int, float]:
        """Return the cosine of each of these chunks with a query (dimension,); chunks that are gone are left out."""
        with self._lock.reading():
            if self._store.is_exact:
                return self._store.compute_cosines(vector, chunk_ids)
        return self._score_from_rows(vector, chunk_ids)

    def _score_from_rows(self, vector: NDArray[np.float32], chunk_ids: Sequence[int]) -> dict[int, float]:
        if not chunk_ids:
            return {}
        ids, vectors = self._read_vectors(chunk_ids)
        # Not a product of matrices: for that BLAS starts threads, which wait for each other on a busy machine.
        return dict(zip(ids, np.einsum("ij,j->i", vectors, vector).tolist(), strict=True)) if ids else {}

    def _find_candidates(
        self, vector: NDArray[np.float32], top_k: int, chunk_ids: NDArray[np.int64] | None
    ) -> list[int]:
        """Return the ids that a quantized store finds, or all selected ones that it has if they are few."""
        if chunk_ids is not None and len(chunk_ids) <= MAX_SCORED_IDS:
            return self._store.find_present(chunk_ids.tolist())
        count = max(top_k * CANDIDATES_PER_RESULT, MIN_CANDIDATES)
        return [int(id_) for id_ in self._store.search(vector, count, chunk_ids)[0]]

    # Training

    def wait_for_training(self) -> None:
        """Wait until no store is trained or filled."""
        with self._write_lock:
            training = self._training
        if training is not None and training is not threading.current_thread():
            training.join()

    def _train_if_due(self) -> None:
        if self._training is not None or len(self._store) <= self._exact_limit:
            return
        if self._store.list_count < list_count(len(self._store)):
            self._training = threading.Thread(target=self._replace_store, name="pincite-index-training")
            self._training.start()

    def _replace_store(self) -> None:
        try:
            self._train()
            self._on_trained(self)
        except (IngestError, ValueError) as error:  # the library was closed, or its rows are damaged or gone
            logger.warning("the index of %s keeps its store: %s", self.collection_id, error)
        finally:
            self._training = None

    def _train(self) -> None:
        """Train a quantized store on a sample of the rows, fill it from all of them, and switch to it."""
        with self._lock.reading():
            ids = self._store.list_ids()
        lists = list_count(len(ids))
        store = VectorStore.train(self._read_sample(ids, lists * POINTS_PER_LIST), lists, check=self._check_needed)
        missing = np.sort(ids)
        while len(missing) > SWITCH_ROWS and self._fill(store, missing):
            with self._lock.reading():
                missing = np.setdiff1d(self._store.list_ids(), store.list_ids(), assume_unique=True)
        store = store.copy_compact()
        with self._write_lock:
            present = self._store.list_ids()
            store.remove(np.setdiff1d(store.list_ids(), present, assume_unique=True))
            self._fill(store, np.setdiff1d(present, store.list_ids(), assume_unique=True))
            with self._lock.writing():
                self._store = store
        logger.info("the index of %s has %d vectors in %d lists", self.collection_id, len(store), store.list_count)

    def _check_needed(self) -> None:
        """Raise if the new store is not needed any more: the library was closed, or the program ends."""
        self._read_vectors([])
        if not threading.main_thread().is_alive():
            raise _ProgramEndsError("the program ends")

    def _read_sample(self, ids: NDArray[np.int64], count: int) -> NDArray[np.float32]:
        drawn = np.sort(np.random.default_rng(0).permutation(ids)[:count])
        parts = [self._read_vectors(drawn[at : at + FILL_BATCH].tolist())[1] for at in range(0, len(drawn), FILL_BATCH)]
        if not (stored := [part for part in parts if len(part)]):
            raise ValueError("its chunks are gone")
        return np.concatenate(stored)

    def _fill(self, store: VectorStore, ids: NDArray[np.int64]) -> bool:
        """Add the vectors of those ids that are still stored; return False if none of them is."""
        before = len(store)
        for start in range(0, len(ids), FILL_BATCH):
            self._check_needed()
            stored, vectors = self._read_vectors(ids[start : start + FILL_BATCH].tolist())
            if stored:
                store.add(np.array(stored, dtype=np.int64), vectors, store.assign_lists(vectors))
        return len(store) > before


def _sort_by_score(scores: dict[int, float]) -> list[tuple[int, float]]:
    return sorted(scores.items(), key=lambda hit: (-hit[1], hit[0]))
