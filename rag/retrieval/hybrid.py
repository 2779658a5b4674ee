"""Hybrid retrieval: dense and BM25 candidates, fused, scored by term coverage, then reranked."""

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
from rag.retrieval.sentence_ranking import RANKED_CHUNKS, is_unclear, rank_by_sentences
from rag.retrieval.sentence_vectors import SentenceEmbedder
from rag.retrieval.term_coverage import TermCoverage, TermMatch
from rag.types import Reranker, ScoredChunk, Search

CANDIDATES = 50
"""Chunks that each of the two searches contributes, and fused candidates that term coverage scores."""

QueryVector = NDArray[np.float32]
"""A unit vector of shape (dimension,), float32."""
FilesByCollection = Mapping[str, frozenset[str] | None]
"""The files to search in each collection; None for all of them."""


class Retriever:
    """Hybrid retrieval over the collections of a library. Safe to use from many threads.

    `fusion_weight` is the weight of dense scores against lexical ones. `vocabulary_fit` returns how well the embedder
    knows the language of a text, in [0, 1]: the worse it does, the more lexical scores count. A `reranker` scores the
    best candidates again. `sentences` has the vectors of sentences that were compared, for evidence to share.
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
        self.sentences = SentenceEmbedder(embedder)
        self._library = library
        self._index = index
        self._embedder = embedder
        self._fusion_weight = fusion_weight
        self._vocabulary_fit = vocabulary_fit
        self._reranker = reranker
        self._coverage = TermCoverage(library)

    def retrieve(self, search: Search, top_k: int) -> list[ScoredChunk]:
        """Return at most `top_k` chunks, best first; none for a blank query."""
        return self.rank_candidates(search, top_k)[:top_k]

    def rank_candidates(self, search: Search, top_k: int) -> list[ScoredChunk]:
        """Return all candidates, best first, after reranking; at least `top_k` if the library has as many.

        A reranker replaces the scores of the best ones: see `rag.retrieval.reranking.rerank`. Without one, the best
        are ranked by their sentences too if none clearly fits: see `rag.retrieval.sentence_ranking`.
        """
        candidates = self.score_candidates(search, top_k)
        variants = expand_query(search.query, search.standalone_query)
        if self._reranker is not None:
            return rerank(self._reranker, variants, candidates)
        return self._rank_by_sentences(variants, candidates) if is_unclear(candidates) else candidates

    @property
    def has_reranker(self) -> bool:
        """Whether a cross-encoder reranks the best candidates."""
        return self._reranker is not None

    def score_candidates(self, search: Search, top_k: int) -> list[ScoredChunk]:
        """Return the fused candidates by falling score, before reranking.

        The score is the convex combination of the cosine and of the term match (`rag.retrieval.term_coverage`), in
        [0, 1]. It depends on the query and the chunk alone, not on other candidates or filters.
        """
        hits, fit = self._search(search, top_k), self._vocabulary_fit(search.query)
        weight = self._fusion_weight * fit
        candidates = self._fuse(hits, weight, top_k)
        matches = [self._match_terms(of_variant, candidates) for of_variant in hits]
        variants = [of_variant.variant for of_variant in hits]
        scored = [
            _score_candidate(candidate, variants, of_candidate, weight=weight, fit=fit)
            for candidate, of_candidate in zip(candidates, zip(*matches, strict=True), strict=True)
        ]
        return sorted(scored, key=lambda candidate: (-candidate.score, candidate.chunk.id))

    def _rank_by_sentences(
        self, variants: Sequence[QueryVariant], candidates: Sequence[ScoredChunk]
    ) -> list[ScoredChunk]:
        vectors = [self._embedder.embed_query(variant.text) for variant in variants]
        sentences = self.sentences.embed([candidate.chunk for candidate in candidates[:RANKED_CHUNKS]])
        cosines = [weighted_mean(variants, map(of_chunk.find_best_cosine, vectors)) for of_chunk in sentences]
        dense_weight = self._fusion_weight * candidates[0].breakdown.vocabulary_fit
        return rank_by_sentences(candidates, cosines, dense_weight)

    def _match_terms(self, hits: VariantHits, candidates: Sequence[ScoredChunk]) -> list[TermMatch]:
        bm25 = [hits.bm25.get(candidate.chunk.id, 0.0) for candidate in candidates]
        return self._coverage.match(hits.variant.text, [candidate.chunk for candidate in candidates], bm25)

    def fuse_candidates(self, search: Search, top_k: int) -> list[ScoredChunk]:
        """Return the candidates by falling fused score, before term coverage and reranking."""
        weight = self._fusion_weight * self._vocabulary_fit(search.query)
        return self._fuse(self._search(search, top_k), weight, top_k)

    def _fuse(self, hits: Sequence[VariantHits], weight: float, top_k: int) -> list[ScoredChunk]:
        fused = {chunk.id: chunk for chunk in fuse(hits, weight)[: _depth(top_k)]}
        return [_scored_chunk(stored, fused[stored.id]) for stored in self._library.chunks(list(fused))]

    def _search(self, search: Search, top_k: int) -> list[VariantHits]:
        """Return the hits of every query variant; none for a blank query."""
        variants = expand_query(search.query, search.standalone_query) if search.query.strip() else []
        depth = _depth(top_k)
        files: FilesByCollection = {
            id_: None if search.filters is None else self._library.find_matching_files(id_, search.filters)
            for id_ in search.collections
        }
        vectors = [self._embedder.embed_query(variant.text) for variant in variants]
        dense = [self._search_dense(vector, files, depth) for vector in vectors]
        lexical = [self._search_lexical(variant, files, depth) for variant in variants]
        ids = {id_ for scores in (*dense, *lexical) for id_ in scores}
        # A chunk that lexical search alone returns needs its cosine too: without it, fusion would guess.
        return [
            VariantHits(variant, cosines | self._cosines(vector, files, ids - cosines.keys()), list(cosines), bm25)
            for variant, vector, cosines, bm25 in zip(variants, vectors, dense, lexical, strict=True)
        ]

    def _search_dense(self, vector: QueryVector, files: FilesByCollection, depth: int) -> dict[int, float]:
        hits = (self._index.search_dense(id_, vector, depth, file_ids=file_ids) for id_, file_ids in files.items())
        return _best_first((hit for of_collection in hits for hit in of_collection), depth)

    def _search_lexical(self, variant: QueryVariant, files: FilesByCollection, depth: int) -> dict[int, float]:
        hits = (
            self._index.search_lexical(id_, variant.text, depth, file_ids=file_ids) for id_, file_ids in files.items()
        )
        return _best_first((hit for of_collection in hits for hit in of_collection), depth)

    def _cosines(self, vector: QueryVector, files: FilesByCollection, ids: Iterable[int]) -> dict[int, float]:
        chunk_ids = list(ids)
        cosines: dict[int, float] = {}
        for collection_id in files:
            cosines |= self._index.compute_cosines(collection_id, vector, chunk_ids)
        return cosines


def _scored_chunk(stored: StoredChunk, fused: FusedChunk) -> ScoredChunk:
    return ScoredChunk(stored, fused.breakdown.fused_score, fused.cosine, fused.bm25, fused.breakdown)


def _score_candidate(
    candidate: ScoredChunk,
    variants: Sequence[QueryVariant],
    matches: Sequence[TermMatch],
    *,
    weight: float,
    fit: float,
) -> ScoredChunk:
    """Return a candidate with its final score; `matches` has its term match for each query variant.

    `weight` is that of dense scores, `fit` the vocabulary fit of the query.
    """
    coverage = [match.coverage for match in matches]
    lexical = weighted_mean(variants, (match.score for match in matches))
    relevance = combine_convexly(max(candidate.dense_score, 0.0), max(coverage), weight)
    breakdown = replace(
        candidate.breakdown,
        word_coverage=weighted_mean(variants, coverage),
        relevance=relevance,
        vocabulary_fit=fit,
    )
    return replace(candidate, score=combine_convexly(breakdown.similarity, lexical, weight), breakdown=breakdown)


def _depth(top_k: int) -> int:
    return max(top_k, CANDIDATES)


def _best_first(hits: Iterable[tuple[int, float]], depth: int) -> dict[int, float]:
    return dict(sorted(hits, key=lambda hit: (-hit[1], hit[0]))[:depth])
