# pyright: basic
"""The FAISS adapter: unit vectors by id in memory, searched by inner product, which is their cosine.

Both kinds are inverted file indexes (IVF) with a hashtable from an id to its list and offset, so that to add or remove
a vector costs the same at any size. The exact kind is `IndexIVFFlat` with one list: float32, every vector compared.
The quantized kind is `IndexIVFScalarQuantizer` with 8 bits per component and many lists, of which a search probes the
nearest.

FAISS can be read by many threads at once but changed only while nobody reads: the caller holds the lock. Each call
uses one core: FAISS would start an OpenMP team for every query, and a team that waits for a busy core makes a search
ten times slower (64 ms instead of 8 with 50,000 vectors beside other work on two cores).
"""

import math
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]
"""Shape (n,), int64."""
Vectors = NDArray[np.float32]
"""Shape (n, dimension), float32, rows of length 1; one vector has shape (dimension,)."""

# Chosen by measurement at a million vectors (tests/benchmarks/scale.py);
# figures: docs/development/decisions/2026-11-24-faiss-ivf-8bit.md.

LISTS_PER_ROOT = 4
"""Lists of the quantized kind for each unit of the square root of its size."""

MAX_PROBES = 384
"""Lists that a search without filters probes at most."""

MIN_SCANNED = 10_000
"""Vectors that a search scans at least, in about 0.3 ms."""

PROBE_CUT = 0.62
"""Between the two, a search probes the lists whose centroid has at least this share of the best centroid's inner
product. A query that is close to few vectors needs few lists; for the same recall a fixed number of probes takes a
third more time."""

POINTS_PER_LIST = 64
"""Vectors per list in the sample that k-means finds the centroids from."""

TRAINING = (8, 8, 8, 8, 8, 8, 1, 1, 1, 1, 1, 1)
"""Each iteration of k-means takes every n-th vector of the sample: first an eighth of them, then all."""

MIN_POINTS = 20
"""A list for fewer vectors than these on average would be one too many."""
MAX_CODE, TINY = 127, 1e-9

MAX_HASHED_IDS = 1_000
"""For no more ids than these a selector by hash set is built faster than a bitmap."""


def list_count(size: int) -> int:
    """Return how many lists suit a number of vectors: a power of two, so that growth seldom needs new centroids."""
    return int(2 ** round(math.log2(max(min(LISTS_PER_ROOT * math.sqrt(size), size / MIN_POINTS), 1))))


class VectorStore:
    """Unit vectors by id. An id that is added must not be in the store."""

    def __init__(self, index: "faiss.IndexIVF") -> None:
        self._index = index
        self.dimension = int(index.d)
        self.list_count = int(index.nlist)
        self.is_exact = isinstance(index, faiss.IndexIVFFlat)
        centroids: Any = index.quantizer
        # The centroids of a quantized store are scaled as its codes are, so that their length is the scale.
        self._scale = (
            1.0 if self.is_exact else float(np.linalg.norm(centroids.reconstruct_n(0, index.nlist), axis=1).max())
        )

    @classmethod
    def exact(cls, dimension: int) -> "VectorStore":
        """Return an empty store that keeps vectors in float32."""
        coarse = faiss.IndexFlatIP(dimension)
        coarse.add(np.zeros((1, dimension), dtype=np.float32))
        return cls._with_direct_map(faiss.IndexIVFFlat(coarse, dimension, 1, faiss.METRIC_INNER_PRODUCT))

    @classmethod
    def train(cls, sample: Vectors, lists: int, *, check: Callable[[], object] = bool) -> "VectorStore":
        """Return an empty quantized store whose centroids are trained on `sample`, which must not be empty.

        Training takes a minute for a million vectors; `check` is called at every iteration, and may raise to end it.
        Codes are signed integers of 8 bits, all with one scale (`QT_8bit_direct_signed`): comparing them takes a third
        of the time of codes with a range for each dimension.
        """
        faiss.omp_set_num_threads(1)
        dimension, lists = sample.shape[1], min(lists, len(sample))
        centroids = np.empty((0, dimension), dtype=np.float32)
        for step in TRAINING:
            check()
            centroids = _fit_centroids(sample[::step] if len(sample) >= step * lists else sample, centroids, lists)
        coarse = faiss.IndexFlatIP(dimension)
        coarse.add(centroids * (MAX_CODE / max(float(np.abs(sample).max()), TINY)))
        kind = faiss.ScalarQuantizer.QT_8bit_direct_signed
        return cls._with_direct_map(
            faiss.IndexIVFScalarQuantizer(coarse, dimension, lists, kind, faiss.METRIC_INNER_PRODUCT, False)
        )

    @classmethod
    def _with_direct_map(cls, index: "faiss.IndexIVF") -> "VectorStore":
        index.is_trained = True
        index.set_direct_map_type(faiss.DirectMap.Hashtable)  # type: ignore[attr-defined]  # the stubs lack it
        return cls(index)

    @classmethod
    def read(cls, body: bytes) -> "VectorStore":
        """Return the store that `serialize` wrote; raises `ValueError` if it wrote no such bytes."""
        try:
            index = faiss.deserialize_index(np.frombuffer(body, dtype=np.uint8))
        except RuntimeError as error:
            raise ValueError("it is no index") from error
        if isinstance(index, faiss.IndexIDMap):  # as it was saved before there were lists
            store = cls.exact(index.d)
            vectors = index.index.reconstruct_n(0, index.ntotal)
            store.add(faiss.vector_to_array(index.id_map), vectors, store.assign_lists(vectors))
            return store
        if not isinstance(index, faiss.IndexIVF):
            raise ValueError("it is an index of another kind")  # noqa: TRY004 (what is wrong is the body)
        return cls(index)

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def serialize(self) -> bytes:
        """Return the store as bytes."""
        return bytes(faiss.serialize_index(self._index).data)

    def copy_compact(self) -> "VectorStore":
        """Return a copy without the spare capacity that lists keep while they grow."""
        return self.read(self.serialize())

    def list_ids(self) -> Ids:
        """Return the ids of all vectors, in no order."""
        lists: Any = self._index.invlists
        parts = [
            faiss.rev_swig_ptr(lists.get_ids(number), size).copy()
            for number in range(self.list_count)
            if (size := lists.list_size(number))
        ]
        return np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)

    def assign_lists(self, vectors: Vectors) -> Ids:
        """Return the number of the list of each vector, shape (n,). This is the slow part of adding; it only reads."""
        faiss.omp_set_num_threads(1)
        if self.list_count == 1:
            return np.zeros(len(vectors), dtype=np.int64)
        return self._index.quantizer.search(np.ascontiguousarray(vectors), 1)[1].ravel()

    def add(self, ids: Ids, vectors: Vectors, lists: Ids) -> None:
        """Add a vector for each id to the list that `assign_lists` returned for it; all three have n rows."""
        faiss.omp_set_num_threads(1)
        rows = np.ascontiguousarray(vectors if self.is_exact else _quantize(vectors * self._scale))
        ids, lists = np.ascontiguousarray(ids), np.ascontiguousarray(lists)
        self._index.add_core(len(ids), faiss.swig_ptr(rows), faiss.swig_ptr(ids), faiss.swig_ptr(lists))

    def remove(self, ids: Ids) -> None:
        """Remove the vectors of these ids; ids that are not in the store are ignored."""
        if len(ids):
            self._index.remove_ids(faiss.IDSelectorArray(np.ascontiguousarray(ids)))

    def compute_cosines(self, vector: Vectors, ids: Iterable[int]) -> dict[int, float]:
        """Return the cosine of each id that is in the store with `vector` (dimension,); for the exact kind alone."""
        cosines: dict[int, float] = {}
        for id_ in ids:
            with suppress(RuntimeError):  # it is not in the store
                cosines[id_] = float(self._index.reconstruct(id_) @ vector)
        return cosines

    def find_present(self, ids: Iterable[int]) -> list[int]:
        """Return those of some ids that are in the store, in the order of `ids`."""
        present: list[int] = []
        for id_ in ids:
            with suppress(RuntimeError):  # it is not in the store
                self._index.reconstruct(id_)
                present.append(id_)
        return present

    def search(self, vector: Vectors, top_k: int, ids: Ids | None = None) -> tuple[Ids, Vectors]:
        """Return the ids (n,) of the `top_k` nearest to `vector` (dimension,) and their scores (n,), the best first.

        With `ids`, of these alone; n is less than `top_k` only if there are fewer. The scores of the exact kind are
        cosines. The quantized kind finds nearly all of the nearest, and its scores have an order but no scale.
        """
        faiss.omp_set_num_threads(1)
        candidates = len(self) if ids is None else min(len(ids), len(self))
        count = min(top_k, candidates)
        if count == 0:
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
        query = vector if self.is_exact else _quantize(vector * (MAX_CODE / max(float(np.abs(vector).max()), TINY)))
        query = np.ascontiguousarray(query.reshape(1, -1), dtype=np.float32)
        selector = None if ids is None else _make_selector(ids)
        # The fewer vectors are selected, the more lists hold the same number of them.
        probes = min(self.list_count, math.ceil(MAX_PROBES / 2 * len(self) / candidates)) if ids is not None else 0
        results = self._scan(query, count, probes, selector)
        if len(results[0]) < count and probes < self.list_count:
            return self._scan(query, count, self.list_count, selector)
        return results

    def _scan(
        self, query: Vectors, count: int, probes: int, selector: "faiss.IDSelector | None"
    ) -> tuple[Ids, Vectors]:
        """Search in the nearest `probes` lists, or, if it is 0, in those within `PROBE_CUT`."""
        centroid_scores, lists = self._index.quantizer.search(query, probes or min(MAX_PROBES, self.list_count))
        if not probes:
            least = math.ceil(MIN_SCANNED * self.list_count / len(self))
            near = max(least, int(np.count_nonzero(centroid_scores[0] >= centroid_scores[0][0] * PROBE_CUT)))
            centroid_scores, lists = centroid_scores[:, :near].copy(), lists[:, :near].copy()
        ids, scores = np.empty(count, dtype=np.int64), np.empty(count, dtype=np.float32)
        params = faiss.SearchParametersIVF(sel=selector, nprobe=lists.size)  # type: ignore[call-arg]  # as above
        at = faiss.swig_ptr
        # The method that FAISS wraps for Python takes no selector.
        self._index.search_preassigned_c(  # type: ignore[attr-defined]
            1, at(query), count, at(lists), at(centroid_scores), at(scores), at(ids), False, params
        )
        is_found = ids >= 0
        return ids[is_found], scores[is_found]


def _fit_centroids(sample: Vectors, centroids: Vectors, count: int) -> Vectors:
    """Return `count` centroids, shape (count, dimension): one step of spherical k-means from `centroids`, if any."""
    clustering = faiss.Clustering(sample.shape[1], count)
    clustering.niter, clustering.spherical = 1, True
    clustering.min_points_per_centroid = 1  # it writes a warning to stderr otherwise
    faiss.copy_array_to_vector(centroids.ravel(), clustering.centroids)
    clustering.train(np.ascontiguousarray(sample), faiss.IndexFlatIP(sample.shape[1]))
    return faiss.vector_to_array(clustering.centroids).reshape(count, -1)


def _quantize(vectors: Vectors) -> Vectors:
    """Return the nearest codes: whole numbers from -`MAX_CODE` to `MAX_CODE`, as float32."""
    return np.clip(np.rint(vectors), -MAX_CODE, MAX_CODE)


def _make_selector(ids: Ids) -> "faiss.IDSelector":
    if len(ids) <= MAX_HASHED_IDS:
        return faiss.IDSelectorBatch(np.ascontiguousarray(ids))
    is_chosen = np.zeros(int(ids.max()) + 1, dtype=bool)
    is_chosen[ids] = True
    return faiss.IDSelectorBitmap(np.packbits(is_chosen, bitorder="little"))  # type: ignore[arg-type, call-arg]
