"""`POST /v1/vector_stores/{store}/search`: retrieval without an answer, as OpenAI's API has it."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field

from api.wire.base import Absent, Flag, Integer, Number, Query, RequestModel, ResponseModel, as_list
from api.wire.filters import Filters
from api.wire.sources import show_source
from ingest.types import AttributeValue, HiddenReason
from rag.retrieval.explanation import explain_cut, explain_score
from rag.types import ScoredChunk

MAX_SEARCH_RESULTS = 100
"""Twice OpenAI's limit, and as many as the command line shows."""


MAX_QUERIES = 8
Queries = Annotated[list[Query], Field(min_length=1, max_length=MAX_QUERIES)]


class RankingOptions(RequestModel):
    """Which results are good enough, and whether a cross-encoder reranks them."""

    ranker: Literal["auto", "default-2024-11-15", "default-2024-08-21", "none"] | None = None
    """`none` never reranks; the others rerank with the cross-encoder if one is configured."""
    score_threshold: Annotated[Number, Field(ge=0, le=1)] | None = None
    """Least score of a result."""


class SearchRequest(RequestModel):
    """Hybrid retrieval of the chunks that fit a query."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"query": "How often is the pump oiled?", "max_num_results": 5}]}
    )

    query: Annotated[
        list[Query],
        BeforeValidator(as_list, json_schema_input_type=Query | Queries),
        Field(min_length=1, max_length=MAX_QUERIES),
    ]
    """A text or a list of texts, which share one list of results."""
    max_num_results: Annotated[Integer, Field(ge=1, le=MAX_SEARCH_RESULTS)] = 10
    ranking_options: RankingOptions | None = None
    rewrite_query: Flag = False
    """Whether the default model rewrites the queries, if it is able to; `search_query` has what was searched for."""
    filters: Filters | None = None
    """Search only documents that match."""
    explain: Flag = False
    """Whether results come with a breakdown of their scores. Pincite's own."""


class ScoreExplanation(ResponseModel):
    """How a chunk got its rank. Ranks count from 1; null if that search did not find the chunk."""

    dense_score: float
    """Cosine similarity of the embeddings."""
    lexical_score: float
    """BM25 score."""
    dense_rank: int | None
    lexical_rank: int | None
    similarity: float
    """Cosine similarity, at least 0, over all variants of the query."""
    fused_score: float
    """Score after the fusion of both searches."""
    word_coverage: float | None
    """Share of the query's words that the chunk has."""
    relevance: float
    """Score for the variant of the query that fits best."""
    rerank_score: float | None
    """The cross-encoder's score."""
    text: str
    """The same in words."""

    @classmethod
    def of(cls, scored: ScoredChunk) -> "ScoreExplanation":
        """Return the breakdown of a chunk's score."""
        return cls(**_explanation_fields(scored))


class SearchContent(ResponseModel):
    """The text of a result."""

    type: Literal["text"] = "text"
    text: str


class SearchResult(ResponseModel):
    """A chunk that fits the query."""

    file_id: str
    filename: str
    score: float
    """In [0, 1]; higher is better."""
    attributes: dict[str, AttributeValue]
    """The document's own attributes, then the position of the chunk: `page`, `last_page`, `place`, `start`, `end`,
    `source`, `heading_path`; and `dense_score` and `lexical_score`."""
    content: list[SearchContent]
    hidden: HiddenReason | None = Absent
    """Why a person who looks at the document does not see the chunk; only hidden sheets, slides and texts have it."""
    explanation: ScoreExplanation | None = Absent
    """Breakdown of the score, if the request has `explain`."""

    @classmethod
    def of(
        cls, scored: ScoredChunk, place: str, attributes: Mapping[str, AttributeValue], *, explain: bool = False
    ) -> "SearchResult":
        """Return a chunk with its document's attributes; `place` is its page in words."""
        stored, chunk = scored.chunk, scored.chunk.chunk
        return cls(
            file_id=stored.file_id,
            filename=stored.filename,
            score=scored.score,
            attributes={
                **attributes,
                "page": chunk.first_page,
                "last_page": chunk.last_page,
                "place": place,
                "start": chunk.start,
                "end": chunk.end,
                "source": show_source(stored.source),
                "heading_path": " > ".join(chunk.heading_path),
                "dense_score": scored.dense_score,
                "lexical_score": scored.lexical_score,
            },
            content=[SearchContent(text=chunk.text)],
            hidden=chunk.hidden,
            explanation=ScoreExplanation.of(scored) if explain else None,
        )


class CutChunk(ScoreExplanation):
    """A chunk that was a candidate and is not among the results."""

    file_id: str
    start: int
    end: int
    score: float
    reason: str
    """Why it is not among the results."""

    @classmethod
    def of_cut(cls, scored: ScoredChunk, threshold: float | None) -> "CutChunk":
        """Return a candidate that missed the threshold or the number of results."""
        return cls(
            file_id=scored.chunk.file_id,
            start=scored.chunk.chunk.start,
            end=scored.chunk.chunk.end,
            score=scored.score,
            reason=explain_cut(scored, threshold),
            **_explanation_fields(scored),
        )


class SearchExplanation(ResponseModel):
    """The candidates that are not among the results, the best first."""

    cut: list[CutChunk]

    @classmethod
    def of(cls, cut: Sequence[ScoredChunk], threshold: float | None) -> "SearchExplanation":
        """Return the candidates that are not among the results."""
        return cls(cut=[CutChunk.of_cut(scored, threshold) for scored in cut])


class SearchResults(ResponseModel):
    """The chunks that fit the query, the best first."""

    object: Literal["vector_store.search_results.page"] = "vector_store.search_results.page"
    search_query: list[str]
    """What was searched for."""
    rewriting: str | None = Absent
    """Why the queries were not rewritten, if the request asks for that. Pincite's own."""
    data: list[SearchResult]
    has_more: Literal[False] = False
    next_page: None = None
    explanation: SearchExplanation | None = Absent
    """The candidates that were cut, if the request has `explain`."""


def _explanation_fields(scored: ScoredChunk) -> dict[str, Any]:
    breakdown = scored.breakdown
    return {
        "dense_score": scored.dense_score,
        "lexical_score": scored.lexical_score,
        "dense_rank": breakdown.dense_rank,
        "lexical_rank": breakdown.lexical_rank,
        "similarity": breakdown.similarity,
        "fused_score": breakdown.fused_score,
        "word_coverage": breakdown.word_coverage,
        "relevance": breakdown.relevance,
        "rerank_score": breakdown.rerank_score,
        "text": explain_score(scored),
    }
