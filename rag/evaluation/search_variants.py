"""The ways of searching that are compared, each over the parts that serve users."""

from collections.abc import Sequence
from dataclasses import dataclass

from ingest.index.search_index import SearchIndex
from ingest.library.library import Library
from ingest.types import Embedder
from rag.engines.types import Message
from rag.evaluation.types import EvalQuery, SearchMethod
from rag.retrieval.hybrid import Retriever
from rag.retrieval.query_variants import prepend_previous_question
from rag.types import ScoredChunk, Search

DEPTH = 50
"""Chunks that each way returns: enough for ten documents, each by its best chunk."""


@dataclass(frozen=True, slots=True)
class SearchParts:
    """What searches one collection."""

    library: Library
    index: SearchIndex
    embedder: Embedder
    retriever: Retriever
    collection_id: str

    def lexical(self, query: EvalQuery) -> list[ScoredChunk]:
        """Search by words alone."""
        return self._scored(self.index.search_lexical(self.collection_id, query.text, DEPTH), is_dense=False)

    def dense(self, query: EvalQuery) -> list[ScoredChunk]:
        """Search by meaning alone."""
        vector = self.embedder.embed_query(query.text)
        return self._scored(self.index.search_dense(self.collection_id, vector, DEPTH), is_dense=True)

    def fused(self, query: EvalQuery) -> list[ScoredChunk]:
        """Search by both, without the closer look at the candidates."""
        return self.retriever.fuse_candidates(Search(query.text, (self.collection_id,)), DEPTH)

    def looked_at(self, query: EvalQuery) -> list[ScoredChunk]:
        """Search by both, with the closer look at the candidates and without a model that ranks them again."""
        return self.retriever.score_candidates(Search(query.text, (self.collection_id,)), DEPTH)

    def reranked(self, query: EvalQuery) -> list[ScoredChunk]:
        """Search as for users who ask their first question."""
        return self.retriever.retrieve(Search(query.text, (self.collection_id,)), DEPTH)

    def with_history(self, query: EvalQuery) -> list[ScoredChunk]:
        """Search as for users who have asked before."""
        completed = prepend_previous_question([*query.history, Message("user", query.text)])
        return self.retriever.retrieve(Search(query.text, (self.collection_id,), completed), DEPTH)

    def _scored(self, found: Sequence[tuple[int, float]], *, is_dense: bool) -> list[ScoredChunk]:
        scores = dict(found)
        return [
            ScoredChunk(
                chunk,
                scores[chunk.id],
                dense_score=scores[chunk.id] if is_dense else 0.0,
                lexical_score=0.0 if is_dense else scores[chunk.id],
            )
            for chunk in self.library.chunks([id_ for id_, _ in found])
        ]


def select_served_method(parts: SearchParts, *, has_history: bool) -> dict[str, SearchMethod]:
    """Return the way that serves users, by its name; questions may have turns before them."""
    return {"with history": parts.with_history} if has_history else _reranked(parts)


def list_compared_methods(parts: SearchParts, *, has_history: bool) -> dict[str, SearchMethod]:
    """Return all ways by name, the one that serves users last."""
    ways = {"lexical": parts.lexical, "dense": parts.dense, "fused": parts.fused, "reranked": parts.looked_at}
    return {**ways, **_reranked(parts), **select_served_method(parts, has_history=has_history)}


def _reranked(parts: SearchParts) -> dict[str, SearchMethod]:
    return {"reranked by model" if parts.retriever.has_reranker else "reranked": parts.reranked}
