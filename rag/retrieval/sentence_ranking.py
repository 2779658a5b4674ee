"""Rank the chunks of an unclear result by their best sentence. Pure.

A chunk of 200 tokens about several things is near no question, though one of its sentences is. To embed the sentences
of the best candidates takes longer than the search itself, so it is done only if no chunk clearly fits:
docs/development/decisions/2026-12-01-sentences-of-unclear-results.md.
"""

from collections.abc import Sequence
from dataclasses import replace

from rag.retrieval.fusion import combine_convexly
from rag.types import ScoredChunk

CLEAR_SCORE = 0.5
"""If the best chunk scores as much, the ranking stays."""
RANKED_CHUNKS = 20
"""How many of the best chunks are ranked again."""
SENTENCE_SHARE = 0.4
"""Weight of the cosine of a chunk's best sentence against the chunk's score, as a share of the weight of cosines."""


def is_unclear(hits: Sequence[ScoredChunk]) -> bool:
    """Return whether some chunks were found and none of `hits`, the best first, clearly fits the query."""
    return bool(hits) and hits[0].score < CLEAR_SCORE


def rank_by_sentences(hits: Sequence[ScoredChunk], cosines: Sequence[float], dense_weight: float) -> list[ScoredChunk]:
    """Return all `hits`, best first; `cosines` has that of the best sentence of each of the first ones.

    The score of those is the convex combination of their score and that cosine. `dense_weight` is the weight that a
    cosine has against a lexical score. The other hits follow in their order; none scores higher than the lowest of the
    first.
    """
    weight = SENTENCE_SHARE * dense_weight
    ranked = [
        replace(hit, score=combine_convexly(cosine, hit.score, weight))
        for hit, cosine in zip(hits, cosines, strict=False)
    ]
    lowest = min((hit.score for hit in ranked), default=1.0)
    others = [replace(hit, score=min(hit.score, lowest)) for hit in hits[len(ranked) :]]
    return [*sorted(ranked, key=lambda hit: (-hit.score, hit.chunk.id)), *others]
