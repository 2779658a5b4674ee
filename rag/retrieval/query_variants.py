"""Query variants for questions that refer to an earlier one: the query as asked, and a standalone query. Pure.

Both variants are searched and their scores averaged by weight. Without query rewriting by a model
(`rag.retrieval.query_rewriting`), the standalone query is the earlier question followed by this one: that works in any
language. Which questions refer to an earlier one is decided by `rag.questions.follow_up`
(docs/development/decisions/2026-12-01-follow-up-questions.md).
"""

from dataclasses import dataclass

QUERY_WEIGHT = 0.7
"""Weight of the query as asked; the rest is that of the standalone query."""
MAX_TOPIC_CHARS = 1_000
"""A longer question is pasted text, and its beginning names its subject."""


@dataclass(frozen=True, slots=True)
class QueryVariant:
    """A text to search for and the weight of its scores. The weights of all variants of a query add up to 1."""

    text: str
    weight: float


def expand_query(query: str, standalone_query: str = "") -> list[QueryVariant]:
    """Return the variants to search: the query as asked, then the standalone query unless it is blank."""
    if not standalone_query.strip():
        return [QueryVariant(query, 1.0)]
    return [QueryVariant(query, QUERY_WEIGHT), QueryVariant(standalone_query, 1.0 - QUERY_WEIGHT)]


def make_standalone_query(topic: str, query: str) -> str:
    """Return a query behind the earlier question that it refers to; empty if it refers to none."""
    return f"{topic[:MAX_TOPIC_CHARS]}\n{query}" if topic.strip() else ""
