"""Rows of vectors in a dict, in place of a library, with what a brute-force search finds in them."""

import threading
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ingest.index.dense_index import DenseIndex
from ingest.types import IndexChanges

Ids = NDArray[np.int64]
Vectors = NDArray[np.float32]


def unit(vectors: NDArray[np.floating]) -> Vectors:
    """Return vectors of length 1, one a row."""
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


def clustered(random: np.random.Generator, count: int, dimension: int, *, topics: int = 60) -> Vectors:
    """Return vectors that lie around some topics, as those of texts do."""
    centres = unit(random.standard_normal((topics, dimension)))
    return unit(centres[random.integers(topics, size=count)] + 0.1 * random.standard_normal((count, dimension)))


class Rows:
    """Vectors by id, with the history that an index catches up by. Safe to use from many threads."""

    def __init__(self, dimension: int) -> None:
        self.dimension = dimension
        self.generation = 0
        self.vectors: dict[int, Vectors] = {}
        self._added: dict[int, int] = {}
        self._removed: dict[int, int] = {}
        self._lock = threading.Lock()

    def index(self, *, exact_limit: int) -> DenseIndex:
        """Return an index of these rows that has caught up and is not being built."""
        index = DenseIndex("c", self.dimension, self.stored, exact_limit=exact_limit)
        self.bring(index)
        index.wait_for_training()
        return index

    def bring(self, index: DenseIndex) -> None:
        """Have an index catch up."""
        index.catch_up(self.generation, self.changes_since)

    def add(self, vectors: Vectors, *, first_id: int | None = None) -> list[int]:
        """Add vectors under ids that were never used before."""
        with self._lock:
            start = max(self._added, default=0) + 1 if first_id is None else first_id
            ids = list(range(start, start + len(vectors)))
            self.generation += 1
            self.vectors |= dict(zip(ids, vectors, strict=True))
            self._added |= dict.fromkeys(ids, self.generation)
            return ids

    def remove(self, ids: Sequence[int]) -> None:
        """Remove vectors that are there."""
        with self._lock:
            self.generation += 1
            for id_ in ids:
                del self.vectors[id_]
                self._removed[id_] = self.generation

    def stored(self, ids: Sequence[int]) -> tuple[list[int], Vectors]:
        """Return the ids of those that are there, and their vectors, one row each."""
        with self._lock:
            there = [id_ for id_ in ids if id_ in self.vectors]
            return there, np.array([self.vectors[id_] for id_ in there], dtype=np.float32)

    def changes_since(self, generation: int) -> Iterator[IndexChanges]:
        """Yield what came after a generation in two batches, as a library does."""
        with self._lock:
            current = self.generation
            removed = [id_ for id_, at in self._removed.items() if at > generation]
            added = [id_ for id_, at in self._added.items() if at > generation and id_ in self.vectors]
            vectors = {id_: self.vectors[id_] for id_ in added}
        for part in (added[: len(added) // 2], added[len(added) // 2 :]):
            rows = np.array([vectors[id_] for id_ in part], dtype=np.float32).reshape(len(part), self.dimension)
            yield IndexChanges(generation, removed, part, rows)
            removed = list[int]()
        yield IndexChanges(current, removed, [], np.empty((0, 0), dtype=np.float32))

    def nearest(self, vector: Vectors, top_k: int, among: Ids | None = None) -> list[tuple[int, float]]:
        """Return what a search that compares all vectors finds."""
        with self._lock:
            chosen = self.vectors if among is None else {int(i): self.vectors[i] for i in among if i in self.vectors}
            found = [(id_, float(stored @ vector)) for id_, stored in chosen.items()]
        return sorted(found, key=lambda hit: (-hit[1], hit[0]))[:top_k]
