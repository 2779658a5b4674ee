# pyright: basic
"""Vectors by id, in memory (the adapter of FAISS).

Both kinds are inverted lists with a hashtable from an id to its place: an added or removed vector costs the same
whatever the size. The exact kind keeps the vectors as they are, in one list; the compact kind keeps 8 bits a
number, in many lists of which a search reads the nearest.

FAISS may be read by many threads at once, and changed by one alone: the caller sees to that. Each call works on
one core: FAISS would start a team of threads for every query, and a team that waits for a busy core makes a search
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
Vectors = NDArray[np.float32]

# Chosen by measurement at a million vectors (tests/benchmarks/scale.py);
# figures: docs/development/decisions/2026-11-24-faiss-ivf-8bit.md.

LISTS_PER_ROOT = 4
"""How many lists the compact kind has for each unit of the square root of its size."""

MAX_PROBED = 384
"""How many of its lists a search reads at most."""

MIN_READ = 10_000
"""How many vectors a search reads at least, in about 0.3 ms."""

LIST_CUT = 0.62
"""Between the two, a search reads the lists whose closeness is at least this share of the closest one's. A question
that is close to little needs few; for the same recall a fixed number of lists takes a third more time."""

POINTS_PER_LIST = 64
"""How many vectors the place of a list is learnt from."""

TRAINING = (8, 8, 8, 8, 8, 8, 1, 1, 1, 1, 1, 1)
"""What part of these vectors each round of learning looks at: first an eighth, then all."""

MIN_POINTS = 20
MAX_CODE, TINY = 127, 1e-9

FEW_IDS = 1_000
"""Up to so many ids a hash set is built faster than a bitmap."""


def list_count(size: int) -> int:
    """Return how many lists suit a number of vectors: a power of two, so that growth seldom asks for others."""
    return int(2 ** round(math.log2(max(min(LISTS_PER_ROOT * math.sqrt(size), size / MIN_POINTS), 1))))


class VectorStore:
    """Unit vectors under ids. What is added must not be there yet."""

    def __init__(self, index: "faiss.IndexIVF") -> None:
        self._index = index
        self.dimension = int(index.d)
        self.list_count = int(index.nlist)
        self.is_exact = isinstance(index, faiss.IndexIVFFlat)
        places: Any = index.quantizer
        # The places of a compact store are as long as its vectors, so that they say what these were multiplied by.
        self._scale = (
            1.0 if self.is_exact else float(np.linalg.norm(places.reconstruct_n(0, index.nlist), axis=1).max())
        )

    @classmethod
    def exact(cls, dimension: int) -> "VectorStore":
        """Return an empty store that keeps vectors as they are."""
        whole = faiss.IndexFlatIP(dimension)
        whole.add(np.zeros((1, dimension), dtype=np.float32))
        return cls._with_map(faiss.IndexIVFFlat(whole, dimension, 1, faiss.METRIC_INNER_PRODUCT))

    @classmethod
    def compact(cls, sample: Vectors, lists: int, *, check: Callable[[], object] = bool) -> "VectorStore":
        """Return an empty store of 8 bits a number, whose lists lie as `sample` does, which must not be empty.

        That takes a minute for a million vectors; `check` is called a few times, and may raise to end it. The
        numbers are whole ones that are compared as such, which takes a third of the time that FAISS needs for
        8 bits that stand for steps of each dimension's range.
        """
        faiss.omp_set_num_threads(1)
        dimension, lists = sample.shape[1], min(lists, len(sample))
        centres = np.empty((0, dimension), dtype=np.float32)
        for step in TRAINING:
            check()
            centres = _clustered(sample[::step] if len(sample) >= step * lists else sample, centres, lists)
        places = faiss.IndexFlatIP(dimension)
        places.add(centres * (MAX_CODE / max(float(np.abs(sample).max()), TINY)))
        kind = faiss.ScalarQuantizer.QT_8bit_direct_signed
        return cls._with_map(
            faiss.IndexIVFScalarQuantizer(places, dimension, lists, kind, faiss.METRIC_INNER_PRODUCT, False)
        )

    @classmethod
    def _with_map(cls, index: "faiss.IndexIVF") -> "VectorStore":
        index.is_trained = True
        index.set_direct_map_type(faiss.DirectMap.Hashtable)  # type: ignore[attr-defined]  # the stubs lack it
        return cls(index)

    @classmethod
    def read(cls, body: bytes) -> "VectorStore":
        """Return the store that `body` was made from; raises `ValueError` where it was made from none."""
        try:
            index = faiss.deserialize_index(np.frombuffer(body, dtype=np.uint8))
        except RuntimeError as error:
            raise ValueError("it is no index") from error
        if isinstance(index, faiss.IndexIDMap):  # as it was saved before there were lists
            store = cls.exact(index.d)
            vectors = index.index.reconstruct_n(0, index.ntotal)
            store.add(faiss.vector_to_array(index.id_map), vectors, store.lists_of(vectors))
            return store
        if not isinstance(index, faiss.IndexIVF):
            raise ValueError("it is an index of another kind")  # noqa: TRY004 (what is wrong is the body)
        return cls(index)

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def serialize(self) -> bytes:
        """Return the store as bytes."""
        return bytes(faiss.serialize_index(self._index).data)

    def compacted(self) -> "VectorStore":
        """Return the same store in no more memory than it needs; lists that grow keep room for more."""
        return self.read(self.serialize())

    def ids(self) -> Ids:
        """Return the ids of all vectors."""
        lists: Any = self._index.invlists
        parts = [
            faiss.rev_swig_ptr(lists.get_ids(number), size).copy()
            for number in range(self.list_count)
            if (size := lists.list_size(number))
        ]
        return np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)

    def lists_of(self, vectors: Vectors) -> Ids:
        """Return the list that each vector belongs to. This is the long part of adding, and changes nothing."""
        faiss.omp_set_num_threads(1)
        if self.list_count == 1:
            return np.zeros(len(vectors), dtype=np.int64)
        return self._index.quantizer.search(np.ascontiguousarray(vectors), 1)[1].ravel()

    def add(self, ids: Ids, vectors: Vectors, lists: Ids) -> None:
        """Add vectors, one row each, to the lists that `lists_of` said."""
        faiss.omp_set_num_threads(1)
        rows = np.ascontiguousarray(vectors if self.is_exact else _whole(vectors * self._scale))
        ids, lists = np.ascontiguousarray(ids), np.ascontiguousarray(lists)
        self._index.add_core(len(ids), faiss.swig_ptr(rows), faiss.swig_ptr(ids), faiss.swig_ptr(lists))

    def remove(self, ids: Ids) -> None:
        """Remove vectors; those that are not there are left out."""
        if len(ids):
            self._index.remove_ids(faiss.IDSelectorArray(np.ascontiguousarray(ids)))

    def cosines(self, vector: Vectors, ids: Iterable[int]) -> dict[int, float]:
        """Return the cosine of each id that is there; only the exact kind knows it."""
        found: dict[int, float] = {}
        for id_ in ids:
            with suppress(RuntimeError):  # it is not there
                found[id_] = float(self._index.reconstruct(id_) @ vector)
        return found

    def held(self, ids: Iterable[int]) -> list[int]:
        """Return those of some ids that are there."""
        found: list[int] = []
        for id_ in ids:
            with suppress(RuntimeError):  # it is not there
                self._index.reconstruct(id_)
                found.append(id_)
        return found

    def search(self, vector: Vectors, count: int, among: Ids | None = None) -> tuple[Ids, Vectors]:
        """Return the ids of the nearest `count` and their scores, the nearest first; of `among` where it is given.

        The scores of the exact kind are cosines. The compact kind finds nearly all of the nearest, and its scores
        only order them. Both find `count` of them where there are so many.
        """
        faiss.omp_set_num_threads(1)
        there = len(self) if among is None else min(len(among), len(self))
        wanted = min(count, there)
        if wanted == 0:
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
        query = vector if self.is_exact else _whole(vector * (MAX_CODE / max(float(np.abs(vector).max()), TINY)))
        query = np.ascontiguousarray(query.reshape(1, -1), dtype=np.float32)
        selector = None if among is None else _selector(among)
        # The fewer of the vectors count, the more lists have to be read for the same number of them.
        probes = min(self.list_count, math.ceil(MAX_PROBED / 2 * len(self) / there)) if among is not None else 0
        found = self._scan(query, wanted, probes, selector)
        if len(found[0]) < wanted and probes < self.list_count:
            return self._scan(query, wanted, self.list_count, selector)
        return found

    def _scan(
        self, query: Vectors, count: int, probes: int, selector: "faiss.IDSelector | None"
    ) -> tuple[Ids, Vectors]:
        """Search in the nearest `probes` lists; with 0 in those that are near enough."""
        closeness, lists = self._index.quantizer.search(query, probes or min(MAX_PROBED, self.list_count))
        if not probes:
            least = math.ceil(MIN_READ * self.list_count / len(self))
            near = max(least, int(np.count_nonzero(closeness[0] >= closeness[0][0] * LIST_CUT)))
            closeness, lists = closeness[:, :near].copy(), lists[:, :near].copy()
        ids, scores = np.empty(count, dtype=np.int64), np.empty(count, dtype=np.float32)
        params = faiss.SearchParametersIVF(sel=selector, nprobe=lists.size)  # type: ignore[call-arg]  # as above
        at = faiss.swig_ptr
        # What FAISS offers to Python does not take a selector here.
        self._index.search_preassigned_c(  # type: ignore[attr-defined]
            1, at(query), count, at(lists), at(closeness), at(scores), at(ids), False, params
        )
        is_found = ids >= 0
        return ids[is_found], scores[is_found]


def _clustered(sample: Vectors, centres: Vectors, count: int) -> Vectors:
    """Return `count` directions that lie as `sample` does, or better than `centres` where there are any."""
    clustering = faiss.Clustering(sample.shape[1], count)
    clustering.niter, clustering.spherical = 1, True
    clustering.min_points_per_centroid = 1  # it writes a warning to stderr otherwise
    faiss.copy_array_to_vector(centres.ravel(), clustering.centroids)
    clustering.train(np.ascontiguousarray(sample), faiss.IndexFlatIP(sample.shape[1]))
    return faiss.vector_to_array(clustering.centroids).reshape(count, -1)


def _whole(vectors: Vectors) -> Vectors:
    """Return whole numbers that fit a byte."""
    return np.clip(np.rint(vectors), -MAX_CODE, MAX_CODE)


def _selector(ids: Ids) -> "faiss.IDSelector":
    if len(ids) <= FEW_IDS:
        return faiss.IDSelectorBatch(np.ascontiguousarray(ids))
    is_chosen = np.zeros(int(ids.max()) + 1, dtype=bool)
    is_chosen[ids] = True
    return faiss.IDSelectorBitmap(np.packbits(is_chosen, bitorder="little"))  # type: ignore[arg-type, call-arg]
