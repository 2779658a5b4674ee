"""Retrieval without an answer: a search request over one collection."""

from collections.abc import Sequence
from dataclasses import dataclass

from api.services import Services
from api.wire.search import SearchExplanation, SearchRequest, SearchResult, SearchResults
from ingest.library.pages import describe_place
from ingest.types import Collection
from rag.engines.types import Message, ModelInfo
from rag.errors import RagError
from rag.retrieval.query_rewriting import rewrite_query, should_rewrite
from rag.types import Rewriting, ScoredChunk, Search


@dataclass(frozen=True, slots=True)
class Queries:
    """What is searched for, and why it was not rewritten although a request has asked for that."""

    texts: Sequence[str]
    why_not: str | None = None


def search_collection(services: Services, name_or_id: str, request: SearchRequest) -> SearchResults:
    """Return the chunks that fit the queries best, of the documents that match the filters, the best first.

    Raises `CollectionNotFoundError`, `PassportMismatchError` and `TextTooLongError`.
    """
    collection = services.searchable(name_or_id)
    queries = _rewrite_queries(services, request.query) if request.rewrite_query else Queries(request.query)
    threshold = request.ranking_options.score_threshold if request.ranking_options else None
    candidates = _rank_candidates(services, collection, request, queries.texts)
    results = [scored for scored in candidates if scored.score >= (threshold or 0.0)][: request.max_num_results]
    attributes = services.library.find_attributes(collection.id, {scored.chunk.file_id for scored in results})
    return SearchResults(
        search_query=list(queries.texts),
        rewriting=queries.why_not,
        data=[
            SearchResult.of(
                scored,
                describe_place(services.library, scored.chunk),
                attributes.get(scored.chunk.file_id, {}),
                explain=request.explain,
            )
            for scored in results
        ],
        explanation=SearchExplanation.of(candidates[len(results) :], threshold) if request.explain else None,
    )


def _rewrite_queries(services: Services, queries: Sequence[str]) -> Queries:
    """Return the queries as the default model rewrites them, each as it is if that writes nothing."""
    rewriting = services.settings.rag.rewrite_questions
    try:
        engine = services.models.open_engine(None)
        if not should_rewrite(engine.info(), rewriting):
            return Queries(queries, _explain_refusal(engine.info(), rewriting))
        return Queries([rewrite_query(engine, [Message("user", query)]) or query for query in queries])
    except RagError as error:
        return Queries(queries, f"the model cannot rewrite queries now: {error}")


def _explain_refusal(model: ModelInfo, rewriting: Rewriting) -> str:
    if rewriting == "off":
        return "PINCITE_REWRITE_QUESTIONS is off"
    return f"the model {model.id} is too small to rewrite queries; it would answer them"


def _rank_candidates(
    services: Services, collection: Collection, request: SearchRequest, queries: Sequence[str]
) -> list[ScoredChunk]:
    """Return the candidates of all queries, each chunk with its best score, the best first."""
    options = request.ranking_options
    is_reranked = options is None or options.ranker != "none"
    rank = services.retriever.rank_candidates if is_reranked else services.retriever.score_candidates
    best: dict[int, ScoredChunk] = {}
    for query in queries:
        search = Search(query, (collection.id,), filters=request.filters)
        for scored in rank(search, request.max_num_results):
            earlier = best.get(scored.chunk.id)
            if earlier is None or scored.score > earlier.score:
                best[scored.chunk.id] = scored
    return sorted(best.values(), key=lambda scored: -scored.score)
