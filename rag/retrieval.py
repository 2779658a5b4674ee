"""From a question to the chunks that may answer it: dense and lexical search, fused."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ingest.library import Library
from ingest.search_index import SearchIndex
from ingest.types import Embedder
from rag.types import ScoredChunk

CANDIDATES = 50
"""How many chunks each of the two searches contributes before they are fused."""

_CODE = re.compile(r"\b(?=\w*\d)\w[\w.-]*\w\b")


@dataclass(frozen=True, slots=True)
class _Scores:
    """What both searches say of one chunk."""

    dense: float
    lexical: float

    def fused(self, weight: float, best_lexical: float) -> float:
        """Return the convex combination of both scores, each in [0, 1].

        A cosine below 0 counts as 0: an opposite vector is no better a match than an unrelated one.
        """
        lexical = self.lexical / best_lexical if best_lexical > 0 else 0.0
        return weight * max(self.dense, 0.0) + (1.0 - weight) * lexical


class Retriever:
    """Hybrid search over the collections of a library."""

    def __init__(self, library: Library, index: SearchIndex, embedder: Embedder, *, fusion_weight: float) -> None:
        self._library = library
        self._index = index
        self._embedder = embedder
        self._weight = fusion_weight

    def retrieve(self, query: str, collection_ids: Sequence[str], top_k: int) -> list[ScoredChunk]:
        """Return at most `top_k` chunks, the best first; none for a query without a word.

        Fusion is a convex combination of cosine and BM25 (Bruch et al., arXiv 2210.11934), BM25 divided by
        its best score for this query.
        """
        if not query.strip():
            return []
        vector = self._embedder.embed_query(query)
        scores: dict[int, _Scores] = {}
        for collection_id in collection_ids:
            scores.update(self._search(collection_id, query, vector, max(top_k, CANDIDATES)))
        best_lexical = max((score.lexical for score in scores.values()), default=0.0)
        fused = {id_: score.fused(self._weight, best_lexical) for id_, score in scores.items()}
        best = sorted(fused, key=lambda id_: (-fused[id_], id_))[:top_k]
        return [
            ScoredChunk(chunk, fused[chunk.id], scores[chunk.id].dense, scores[chunk.id].lexical)
            for chunk in self._library.chunks(best)
        ]

    def _search(
        self, collection_id: str, query: str, vector: NDArray[np.float32], candidates: int
    ) -> dict[int, _Scores]:
        dense = dict(self._index.dense(collection_id, vector, candidates))
        lexical = dict(self._index.lexical(collection_id, query, candidates))
        # A chunk that only the words found has a cosine all the same: without it the fusion would guess.
        dense |= self._index.similarities(collection_id, vector, [id_ for id_ in lexical if id_ not in dense])
        return {id_: _Scores(cosine, lexical.get(id_, 0.0)) for id_, cosine in dense.items()}


def relevant(query: str, hits: Sequence[ScoredChunk], min_similarity: float) -> list[ScoredChunk]:
    """Return the hits that are about the query, in the same order.

    A hit is about the query when it means something similar, or when it has every code and number of the
    query in it (a part number says little to an embedder).
    """
    codes = _codes(query)
    return [hit for hit in hits if hit.dense_score >= min_similarity or _has_all(hit, codes)]


def _has_all(hit: ScoredChunk, codes: set[str]) -> bool:
    return bool(codes) and codes <= _codes(hit.chunk.chunk.text)


def _codes(text: str) -> set[str]:
    return {code.casefold() for code in _CODE.findall(text)}
