"""Make one ranking of what two searches find for the variants of a question. Pure.

A convex combination of cosine and BM25 (Bruch et al., arXiv 2210.11934), BM25 divided by its best score. A cosine
below 0 counts as 0: an opposite vector is no better a match than an unrelated one.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rag.retrieval.query_variants import QueryVariant
from rag.types import ScoreBreakdown


@dataclass(frozen=True, slots=True)
class VariantHits:
    """What the searches say of chunks, by their ids, for one variant of a question.

    `cosines` has every chunk that any variant found, `nearest` and `lexical` what this one found, the best first.
    """

    variant: QueryVariant
    cosines: Mapping[int, float]
    nearest: Sequence[int]
    lexical: Mapping[int, float]


@dataclass(frozen=True, slots=True)
class FusedChunk:
    """A chunk in the fused ranking. Its cosine and BM25 are the best of all variants, `breakdown` has their parts."""

    id: int
    cosine: float
    bm25: float
    breakdown: ScoreBreakdown


def combine_convexly(similarity: float, words_share: float, weight: float) -> float:
    """Return the score of a chunk: `weight` is the share of the meaning."""
    return weight * similarity + (1.0 - weight) * words_share


def weighted_mean(variants: Iterable[QueryVariant], values: Iterable[float]) -> float:
    """Return the mean of a value over the variants of a question, by their weights."""
    return sum(variant.weight * value for variant, value in zip(variants, values, strict=True))


def fuse(found: Sequence[VariantHits], weight: float) -> list[FusedChunk]:
    """Return every chunk that was found, the best first; equal scores in the order of the ids."""
    ids = sorted({id_ for each in found for id_ in (*each.nearest, *each.lexical)})
    asked = [each.variant for each in found]
    best_bm25 = [max(each.lexical.values(), default=0.0) or 1.0 for each in found]
    nearest_ranks, lexical_ranks = (_ranks(found[0].nearest), _ranks(found[0].lexical)) if found else ({}, {})

    def fused(id_: int) -> FusedChunk:
        cosines = [each.cosines.get(id_, 0.0) for each in found]
        bm25 = [each.lexical.get(id_, 0.0) for each in found]
        similarity = weighted_mean(asked, (max(cosine, 0.0) for cosine in cosines))
        words = weighted_mean(asked, (score / best for score, best in zip(bm25, best_bm25, strict=True)))
        score = combine_convexly(similarity, words, weight)
        breakdown = ScoreBreakdown(nearest_ranks.get(id_), lexical_ranks.get(id_), similarity, score)
        return FusedChunk(id_, max(cosines), max(bm25), breakdown)

    return sorted(map(fused, ids), key=lambda each: -each.breakdown.fused_score)


def _ranks(ids: Iterable[int]) -> dict[int, int]:
    return {id_: rank for rank, id_ in enumerate(ids, 1)}
