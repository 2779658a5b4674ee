"""The vectors of one collection in memory; they can always be built anew from the rows.

A small collection is searched exactly. One that has outgrown that gets a compact store, which is built in the
background from the rows while the present store serves; what it finds is scored again with the vectors of the rows.
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
"""Up to so many vectors a search compares all of them: 77 MB, about 8 ms."""

CANDIDATES_PER_RESULT = 3
"""How many of the compact store's finds are scored again for one that is wanted; its own scores are rounded."""

MIN_CANDIDATES = 30

FEW_IDS = 500
"""A search among so many ids scores all of them from the rows, which is faster than to look for them in all lists."""

GROWTH_BATCH = 5_000
SWITCH_ROWS = 500
"""With so few vectors still missing a new store takes over; changes, but no searches, wait for the last of them."""

StoredVectors = Callable[[Sequence[int]], tuple[list[int], NDArray[np.float32]]]
"""Returns the ids of those chunks that are there, and their vectors, one row each."""


class _ProgramEndsError(IngestError):
    """The program would have to wait for a store that it does not need any more."""


class DenseIndex:
    """Unit vectors of one collection. Safe to use from many threads; searches do not wait for each other.

    `on_grown` is called, in a thread of its own, when a new store has taken over.
    """

    def __init__(
        self,
        collection_id: str,
        dimension: int,
        stored: StoredVectors,
        *,
        exact_limit: int = EXACT_LIMIT,
        on_grown: Callable[["DenseIndex"], None] = lambda _: None,
    ) -> None:
        self.collection_id = collection_id
        self.dimension = dimension
        self.generation = 0
        self._stored = stored
        self._exact_limit = exact_limit
        self._on_grown = on_grown
        self._store = VectorStore.exact(dimension)
        self._lock = ReadWriteLock()  # what is in the store
        self._changing = threading.Lock()  # who changes it
        self._growth: threading.Thread | None = None

    @property
    def is_exact(self) -> bool:
        """Whether a search compares all vectors."""
        return self._store.is_exact

    @property
    def is_growing(self) -> bool:
        """Whether a new store is being built."""
        return self._growth is not None

    @property
    def list_count(self) -> int:
        """Into how many lists the vectors are divided, of which a search reads some."""
        return self._store.list_count

    def load(self, generation: int, row_count: int, body: bytes) -> None:
        """Take over a serialised index; raises `ValueError` where it is not what was recorded."""
        store = VectorStore.read(body)
        if store.dimension != self.dimension or len(store) != row_count:
            raise ValueError("its size is not what was recorded")
        with self._changing:
            self._store, self.generation = store, generation
            self._grow_if_due()

    def ids(self) -> set[int]:
        """Return the ids of all chunks that it holds."""
        with self._lock.reading():
            return set(self._store.ids().tolist())

    def serialize(self) -> tuple[int, int, bytes]:
        """Return the generation, the number of rows, and the index as bytes."""
        with self._changing:  # which does not keep searches waiting
            return self.generation, len(self._store), self._store.serialize()

    def catch_up(self, generation: int, changes_since: Callable[[int], Iterable[IndexChanges]]) -> None:
        """Take over what changed in the library, whose generation it is, since the last time.

        Where that fails, what was taken over is taken over again the next time.
        """
        if generation == self.generation:
            return
        with self._changing:
            for changes in changes_since(self.generation):
                self._take_over(changes)
            self._grow_if_due()

    def _take_over(self, changes: IndexChanges) -> None:
        if changes.added and changes.vectors.shape[1] != self.dimension:  # it was rebuilt by another embedder
            raise IndexOutdatedError(collection=self.collection_id)
        added = np.array(changes.added, dtype=np.int64)
        lists = self._store.lists_of(changes.vectors) if changes.added else added
        with self._lock.writing():
            self._store.remove(np.array([*changes.removed, *changes.added], dtype=np.int64))
            if changes.added:
                self._store.add(added, changes.vectors, lists)
        self.generation = changes.generation

    def search(
        self, vector: NDArray[np.float32], top_k: int, among: NDArray[np.int64] | None = None
    ) -> list[tuple[int, float]]:
        """Return (id, cosine), the nearest first; where `among` is given, of these ids alone.

        An exact index finds the nearest, a compact one nearly all of them; the cosines are exact with both.
        """
        with self._lock.reading():
            if self._store.is_exact:
                ids, scores = self._store.search(vector, top_k, among)
                return _nearest_first(dict(zip(ids.tolist(), scores.tolist(), strict=True)))
            candidates = self._candidates(vector, top_k, among)
        return _nearest_first(self._stored_cosines(vector, candidates))[:top_k]

    def compute_cosines(self, vector: NDArray[np.float32], chunk_ids: Sequence[int]) -> dict[int, float]:
        """Return the cosine of each of these chunks that is still there."""
        with self._lock.reading():
            if self._store.is_exact:
                return self._store.cosines(vector, chunk_ids)
        return self._stored_cosines(vector, chunk_ids)

    def _stored_cosines(self, vector: NDArray[np.float32], chunk_ids: Sequence[int]) -> dict[int, float]:
        if not chunk_ids:
            return {}
        ids, vectors = self._stored(chunk_ids)
        # Not a product of matrices: for that BLAS starts threads, which wait for each other on a busy machine.
        return dict(zip(ids, np.einsum("ij,j->i", vectors, vector).tolist(), strict=True)) if ids else {}

    def _candidates(self, vector: NDArray[np.float32], top_k: int, among: NDArray[np.int64] | None) -> list[int]:
        """Return the ids that a compact store finds, or all that it has where they are few."""
        if among is not None and len(among) <= FEW_IDS:
            return self._store.held(among.tolist())
        count = max(top_k * CANDIDATES_PER_RESULT, MIN_CANDIDATES)
        return [int(id_) for id_ in self._store.search(vector, count, among)[0]]

    # Growth

    def finish_growth(self) -> None:
        """Wait until no store is being built."""
        with self._changing:
            growth = self._growth
        if growth is not None and growth is not threading.current_thread():
            growth.join()

    def _grow_if_due(self) -> None:
        if self._growth is not None or len(self._store) <= self._exact_limit:
            return
        if self._store.list_count < list_count(len(self._store)):
            self._growth = threading.Thread(target=self._grow, name="pincite-index-growth")
            self._growth.start()

    def _grow(self) -> None:
        try:
            self._build()
            self._on_grown(self)
        except (IngestError, ValueError) as error:  # the library was closed, or its rows are damaged or gone
            logger.warning("the index of %s goes on as it is: %s", self.collection_id, error)
        finally:
            self._growth = None

    def _build(self) -> None:
        """Fill a compact store from the rows and let it take over."""
        with self._lock.reading():
            ids = self._store.ids()
        lists = list_count(len(ids))
        store = VectorStore.compact(self._sample(ids, lists * POINTS_PER_LIST), lists, check=self._go_on)
        missing = np.sort(ids)
        while len(missing) > SWITCH_ROWS and self._fill(store, missing):
            with self._lock.reading():
                missing = np.setdiff1d(self._store.ids(), store.ids(), assume_unique=True)
        store = store.compacted()
        with self._changing:
            present = self._store.ids()
            store.remove(np.setdiff1d(store.ids(), present, assume_unique=True))
            self._fill(store, np.setdiff1d(present, store.ids(), assume_unique=True))
            with self._lock.writing():
                self._store = store
        logger.info("the index of %s has %d vectors in %d lists", self.collection_id, len(store), store.list_count)

    def _go_on(self) -> None:
        """Raise where nobody waits for a store any more: the library was closed, or the program ends."""
        self._stored([])
        if not threading.main_thread().is_alive():
            raise _ProgramEndsError("the program ends")

    def _sample(self, ids: NDArray[np.int64], count: int) -> NDArray[np.float32]:
        drawn = np.sort(np.random.default_rng(0).permutation(ids)[:count])
        parts = [self._stored(drawn[at : at + GROWTH_BATCH].tolist())[1] for at in range(0, len(drawn), GROWTH_BATCH)]
        if not (there := [part for part in parts if len(part)]):
            raise ValueError("its chunks are gone")
        return np.concatenate(there)

    def _fill(self, store: VectorStore, ids: NDArray[np.int64]) -> bool:
        """Add the vectors of those ids that are still stored; False where that is none of them."""
        before = len(store)
        for start in range(0, len(ids), GROWTH_BATCH):
            self._go_on()
            found, vectors = self._stored(ids[start : start + GROWTH_BATCH].tolist())
            if found:
                store.add(np.array(found, dtype=np.int64), vectors, store.lists_of(vectors))
        return len(store) > before


def _nearest_first(found: dict[int, float]) -> list[tuple[int, float]]:
    return sorted(found.items(), key=lambda hit: (-hit[1], hit[0]))
