"""Retrieval without an answer: a search request over one collection."""

from api.services import Services
from api.wire.search import SearchExplanation, SearchRequest, SearchResult, SearchResults
from ingest.library.pages import describe_place
from ingest.types import Collection
from rag.types import ScoredChunk, Search


def search_collection(services: Services, name_or_id: str, request: SearchRequest) -> SearchResults:
    """Return the chunks that fit the queries best, of the documents that match the filters, the best first.

    Raises `CollectionNotFoundError`, `PassportMismatchError` and `TextTooLongError`.
    """
    collection = services.searchable(name_or_id)
    threshold = request.ranking_options.score_threshold if request.ranking_options else None
    candidates = _rank_candidates(services, collection, request)
    results = [scored for scored in candidates if scored.score >= (threshold or 0.0)][: request.max_num_results]
    attributes = services.library.find_attributes(collection.id, {scored.chunk.file_id for scored in results})
    return SearchResults(
        search_query=request.query,
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


def _rank_candidates(services: Services, collection: Collection, request: SearchRequest) -> list[ScoredChunk]:
    """Return the candidates of all queries, each chunk with its best score, the best first."""
    options = request.ranking_options
    is_reranked = options is None or options.ranker != "none"
    rank = services.retriever.rank_candidates if is_reranked else services.retriever.score_candidates
    best: dict[int, ScoredChunk] = {}
    for query in request.query:
        search = Search(query, (collection.id,), filters=request.filters)
        for scored in rank(search, request.max_num_results):
            earlier = best.get(scored.chunk.id)
            if earlier is None or scored.score > earlier.score:
                best[scored.chunk.id] = scored
    return sorted(best.values(), key=lambda scored: -scored.score)
