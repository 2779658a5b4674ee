"""The search methods that an evaluation compares, built from the parts that serve users."""

from collections.abc import Sequence
from dataclasses import dataclass

from ingest.index.search_index import SearchIndex
from ingest.library.library import Library
from ingest.types import Embedder
from rag.engines.types import Message
from rag.evaluation.types import EvalQuery, SearchMethod
from rag.questions.follow_up import read_follow_up
from rag.retrieval.hybrid import Retriever
from rag.retrieval.query_variants import make_standalone_query
from rag.types import ScoredChunk, Search

DEPTH = 50
"""Chunks that each method returns: enough for ten distinct documents."""


@dataclass(frozen=True, slots=True)
class SearchParts:
    """The parts that search one collection, and the methods built from them."""

    library: Library
    index: SearchIndex
    embedder: Embedder
    retriever: Retriever
    collection_id: str

    def search_lexical(self, query: EvalQuery) -> list[ScoredChunk]:
        """Search by BM25 alone."""
        return self._load(self.index.search_lexical(self.collection_id, query.text, DEPTH), is_dense=False)

    def search_dense(self, query: EvalQuery) -> list[ScoredChunk]:
        """Search by cosine alone."""
        vector = self.embedder.embed_query(query.text)
        return self._load(self.index.search_dense(self.collection_id, vector, DEPTH), is_dense=True)

    def search_fused(self, query: EvalQuery) -> list[ScoredChunk]:
        """Hybrid search: fused, without term coverage and reranking."""
        return self.retriever.fuse_candidates(Search(query.text, (self.collection_id,)), DEPTH)

    def search_scored(self, query: EvalQuery) -> list[ScoredChunk]:
        """Hybrid search with term coverage, without a reranker."""
        return self.retriever.score_candidates(Search(query.text, (self.collection_id,)), DEPTH)

    def search_reranked(self, query: EvalQuery) -> list[ScoredChunk]:
        """Search as for the first question of a chat."""
        return self.retriever.retrieve(Search(query.text, (self.collection_id,)), DEPTH)

    def search_follow_up(self, query: EvalQuery) -> list[ScoredChunk]:
        """Search as for a follow-up question."""
        asked = read_follow_up([*query.history, Message("user", query.text)])
        standalone_query = make_standalone_query(asked.topic, asked.text)
        return self.retriever.retrieve(Search(asked.text, (self.collection_id,), standalone_query), DEPTH)

    def _load(self, hits: Sequence[tuple[int, float]], *, is_dense: bool) -> list[ScoredChunk]:
        scores = dict(hits)
        return [
            ScoredChunk(
                chunk,
                scores[chunk.id],
                dense_score=scores[chunk.id] if is_dense else 0.0,
                lexical_score=0.0 if is_dense else scores[chunk.id],
            )
            for chunk in self.library.chunks([id_ for id_, _ in hits])
        ]


def select_served_method(parts: SearchParts, *, has_history: bool) -> dict[str, SearchMethod]:
    """Return the method that serves users, by name; `has_history` is whether questions are follow-ups."""
    return {"with history": parts.search_follow_up} if has_history else _final_method(parts)


def list_compared_methods(parts: SearchParts, *, has_history: bool) -> dict[str, SearchMethod]:
    """Return all methods by name, with the one that serves users last."""
    methods = {
        "lexical": parts.search_lexical,
        "dense": parts.search_dense,
        "fused": parts.search_fused,
        "reranked": parts.search_scored,
    }
    return {**methods, **_final_method(parts), **select_served_method(parts, has_history=has_history)}


def _final_method(parts: SearchParts) -> dict[str, SearchMethod]:
    return {"reranked by model" if parts.retriever.has_reranker else "reranked": parts.search_reranked}
