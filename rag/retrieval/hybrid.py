"""From a question to the chunks that may answer it: dense and lexical search, fused, then ranked by a closer look."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ingest.index.search_index import SearchIndex
from ingest.library.library import Library
from ingest.types import Embedder, StoredChunk
from rag.retrieval.fusion import FusedChunk, VariantHits, combine_convexly, fuse, weighted_mean
from rag.retrieval.query_variants import QueryVariant, expand_query
from rag.retrieval.reranking import rerank
from rag.retrieval.term_coverage import TermCoverage, TermMatch
from rag.types import Reranker, ScoredChunk, Search

CANDIDATES = 50
"""How many chunks each of the two searches contributes, and how many of both are looked at closely."""

_CODE = re.compile(r"\b(?=\w*\d)\w[\w.-]*\w\b")

Vector = NDArray[np.float32]
Only = Mapping[str, frozenset[str] | None]
"""By collection: the files whose documents may be found, None for all."""


class Retriever:
    """Hybrid search over the collections of a library. Safe to use from many threads.

    `fusion_weight` is the share of the meaning in every score; the rest is that of the words. `vocabulary_fit` says how
    well the embedder knows the language of a question (from 0 to 1): what it does not know is searched by words. Where
    there is a `reranker`, it has the last word on the best results.
    """

    def __init__(
        self,
        library: Library,
        index: SearchIndex,
        embedder: Embedder,
        *,
        fusion_weight: float,
        vocabulary_fit: Callable[[str], float] = lambda _: 1.0,
        reranker: Reranker | None = None,
    ) -> None:
        self._library = library
        self._index = index
        self._embedder = embedder
        self._weight = fusion_weight
        self._vocabulary_fit = vocabulary_fit
        self._reranker = reranker
        self._coverage = TermCoverage(library)

    def retrieve(self, search: Search, top_k: int) -> list[ScoredChunk]:
        """Return at most `top_k` chunks, the best first; none for a question without a word."""
        return self.rank_candidates(search, top_k)[:top_k]

    def rank_candidates(self, search: Search, top_k: int) -> list[ScoredChunk]:
        """Return all chunks that were looked at closely, the best first, `top_k` of them where there are as many.

        Where there is a reranker, the best ones have its score; see `rag.retrieval.reranking.rerank`.
        """
        hits = self.score_candidates(search, top_k)
        if self._reranker is None:
            return hits
        return rerank(self._reranker, expand_query(search.query, search.standalone_query), hits)

    @property
    def has_reranker(self) -> bool:
        """Whether a model ranks the best candidates again."""
        return self._reranker is not None

    def score_candidates(self, search: Search, top_k: int) -> list[ScoredChunk]:
        """Return the candidates as the closer look ranks them, before any reranker.

        The score is the convex combination of the cosine and of what the words say (`rag.retrieval.term_coverage`). It
        is the same whatever else is found, with a filter as without.
        """
        found, weight = self._found(search, top_k), self._meaning_share(search)
        fused = self._best(found, weight, top_k)
        matches = [self._matches(each, fused) for each in found]
        asked = [each.variant for each in found]
        looked_at = [
            _looked_at(hit, asked, of_hit, weight)
            for hit, of_hit in zip(fused, zip(*matches, strict=True), strict=True)
        ]
        return sorted(looked_at, key=lambda hit: (-hit.score, hit.chunk.id))

    def _matches(self, found: VariantHits, hits: Sequence[ScoredChunk]) -> list[TermMatch]:
        bm25 = [found.lexical.get(hit.chunk.id, 0.0) for hit in hits]
        return self._coverage.match(found.variant.text, [hit.chunk for hit in hits], bm25)

    def fuse_candidates(self, search: Search, top_k: int) -> list[ScoredChunk]:
        """Return the candidates as both searches rank them together, before the closer look."""
        return self._best(self._found(search, top_k), self._meaning_share(search), top_k)

    def _best(self, found: Sequence[VariantHits], weight: float, top_k: int) -> list[ScoredChunk]:
        fused = {each.id: each for each in fuse(found, weight)[: _depth(top_k)]}
        return [_scored(chunk, fused[chunk.id]) for chunk in self._library.chunks(list(fused))]

    def _meaning_share(self, search: Search) -> float:
        """Return how much the meaning counts for a question: less the worse the embedder knows its language."""
        return self._weight * self._vocabulary_fit(search.query)

    def _found(self, search: Search, top_k: int) -> list[VariantHits]:
        """Search for every variant of a question; for none where it has no word."""
        asked = expand_query(search.query, search.standalone_query) if search.query.strip() else []
        depth = _depth(top_k)
        only: Only = {
            id_: None if search.filters is None else self._library.matching_files(id_, search.filters)
            for id_ in search.collections
        }
        vectors = [self._embedder.embed_query(variant.text) for variant in asked]
        dense = [self._dense(vector, only, depth) for vector in vectors]
        lexical = [self._lexical(variant, only, depth) for variant in asked]
        ids = {id_ for ranking in (*dense, *lexical) for id_ in ranking}
        # A chunk that only the words found has a cosine all the same: without it the fusion would guess.
        return [
            VariantHits(variant, near | self._similarities(vector, only, ids - near.keys()), list(near), words)
            for variant, vector, near, words in zip(asked, vectors, dense, lexical, strict=True)
        ]

    def _dense(self, vector: Vector, only: Only, depth: int) -> dict[int, float]:
        lists = (self._index.dense(id_, vector, depth, only=files) for id_, files in only.items())
        return _best_first((hit for hits in lists for hit in hits), depth)

    def _lexical(self, variant: QueryVariant, only: Only, depth: int) -> dict[int, float]:
        lists = (self._index.lexical(id_, variant.text, depth, only=files) for id_, files in only.items())
        return _best_first((hit for hits in lists for hit in hits), depth)

    def _similarities(self, vector: Vector, only: Only, ids: Iterable[int]) -> dict[int, float]:
        wanted = list(ids)
        known: dict[int, float] = {}
        for collection_id in only:
            known |= self._index.similarities(collection_id, vector, wanted)
        return known


def select_relevant(query: str, hits: Sequence[ScoredChunk], min_score: float) -> list[ScoredChunk]:
    """Return the hits that are about the query, in the same order.

    A hit is about the query when its score for one of the query's variants says so, or when it has every code and
    number of the query in it (a part number says little to an embedder).
    """
    codes = _codes(query)
    return [hit for hit in hits if hit.breakdown.relevance >= min_score or _has_all(hit, codes)]


def _scored(chunk: StoredChunk, fused: FusedChunk) -> ScoredChunk:
    return ScoredChunk(chunk, fused.breakdown.fused_score, fused.cosine, fused.bm25, fused.breakdown)


def _looked_at(
    hit: ScoredChunk, asked: Sequence[QueryVariant], matches: Sequence[TermMatch], weight: float
) -> ScoredChunk:
    """Return a hit with its final score; `matches` say what the words of each variant say of it."""
    coverage = [match.coverage for match in matches]
    words = weighted_mean(asked, (match.share for match in matches))
    relevance = combine_convexly(max(hit.dense_score, 0.0), max(coverage), weight)
    breakdown = replace(hit.breakdown, word_coverage=weighted_mean(asked, coverage), relevance=relevance)
    return replace(hit, score=combine_convexly(hit.breakdown.similarity, words, weight), breakdown=breakdown)


def _depth(top_k: int) -> int:
    return max(top_k, CANDIDATES)


def _best_first(hits: Iterable[tuple[int, float]], depth: int) -> dict[int, float]:
    return dict(sorted(hits, key=lambda hit: (-hit[1], hit[0]))[:depth])


def _has_all(hit: ScoredChunk, codes: set[str]) -> bool:
    return bool(codes) and codes <= _codes(hit.chunk.chunk.text)


def _codes(text: str) -> set[str]:
    return {code.casefold() for code in _CODE.findall(text)}
