"""Fuse dense and lexical hits into one ranking by convex combination. Pure.

The fused score is `weight * cosine + (1 - weight) * normalised BM25` (Bruch et al., arXiv 2210.11934). BM25 is divided
by its best score in the ranking; a negative cosine counts as 0, because an opposite vector is no better a match than an
unrelated one.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rag.retrieval.query_variants import QueryVariant
from rag.types import ScoreBreakdown


@dataclass(frozen=True, slots=True)
class VariantHits:
    """The hits of one query variant, by chunk id.

    `cosines` has the cosine of every chunk that any variant retrieved. `dense_ranking` has the ids that dense search
    returned for this variant, best first; `bm25` has the scores of lexical search, best first.
    """

    variant: QueryVariant
    cosines: Mapping[int, float]
    dense_ranking: Sequence[int]
    bm25: Mapping[int, float]


@dataclass(frozen=True, slots=True)
class FusedChunk:
    """A chunk in the fused ranking. Its cosine and BM25 are the best of all variants, `breakdown` has their parts."""

    id: int
    cosine: float
    bm25: float
    breakdown: ScoreBreakdown


def combine_convexly(dense: float, lexical: float, weight: float) -> float:
    """Return the convex combination of a dense and a lexical score: `weight` is that of the dense one."""
    return weight * dense + (1.0 - weight) * lexical


def weighted_mean(variants: Iterable[QueryVariant], values: Iterable[float]) -> float:
    """Return the mean of one value per query variant, by the variants' weights."""
    return sum(variant.weight * value for variant, value in zip(variants, values, strict=True))


def fuse(hits: Sequence[VariantHits], weight: float) -> list[FusedChunk]:
    """Return every chunk of `hits` by falling fused score, ties by id. Ranks are those of the first variant."""
    ids = sorted({id_ for of_variant in hits for id_ in (*of_variant.dense_ranking, *of_variant.bm25)})
    variants = [of_variant.variant for of_variant in hits]
    best_bm25 = [max(of_variant.bm25.values(), default=0.0) or 1.0 for of_variant in hits]
    dense_ranks, lexical_ranks = (_ranks(hits[0].dense_ranking), _ranks(hits[0].bm25)) if hits else ({}, {})

    def fuse_chunk(id_: int) -> FusedChunk:
        cosines = [of_variant.cosines.get(id_, 0.0) for of_variant in hits]
        bm25 = [of_variant.bm25.get(id_, 0.0) for of_variant in hits]
        dense = weighted_mean(variants, (max(cosine, 0.0) for cosine in cosines))
        lexical = weighted_mean(variants, (score / best for score, best in zip(bm25, best_bm25, strict=True)))
        score = combine_convexly(dense, lexical, weight)
        breakdown = ScoreBreakdown(dense_ranks.get(id_), lexical_ranks.get(id_), dense, score)
        return FusedChunk(id_, max(cosines), max(bm25), breakdown)

    return sorted(map(fuse_chunk, ids), key=lambda chunk: -chunk.breakdown.fused_score)


def _ranks(ids: Iterable[int]) -> dict[int, int]:
    return {id_: rank for rank, id_ in enumerate(ids, 1)}
