# pyright: basic
"""From rankings to numbers: the measures of `ir-measures` (the adapter), and what chance would make of them."""

from collections.abc import Mapping, Sequence

import ir_measures
import numpy as np
from ir_measures import RR, R, nDCG
from numpy.typing import NDArray

from rag.evaluation.types import Estimate

Values = NDArray[np.float64]

MEASURES = {"ndcg@10": nDCG @ 10, "recall@5": R @ 5, "mrr": RR}
RESAMPLES = 1_000
SEED = 0
TAILS = (2.5, 97.5)


def measure_rankings(
    rankings: Mapping[str, Sequence[str]], relevance: Mapping[str, Mapping[str, int]]
) -> dict[str, Values]:
    """Return for each measure its value for each query, in the order of `rankings`.

    `rankings` has the documents by query, the best first; each query is in `relevance` (grades by document).
    """
    # Scores fall by rank, so that the measures do not break ties in an order of their own.
    run = {
        query: {document: -float(rank) for rank, document in enumerate(ranked)} for query, ranked in rankings.items()
    }
    judged = {query: dict(relevance[query]) for query in rankings}
    found = {
        (str(metric.measure), metric.query_id): metric.value
        for metric in ir_measures.iter_calc(list(MEASURES.values()), judged, run)
    }
    return {
        name: np.array([found[str(measure), query] for query in rankings], dtype=np.float64)
        for name, measure in MEASURES.items()
    }


def estimate(values: Values) -> Estimate:
    """Return the mean of at least one value with its 95% confidence interval by bootstrap; always the same one."""
    chosen = np.random.default_rng(SEED).integers(0, len(values), (RESAMPLES, len(values)))
    low, high = np.percentile(values[chosen].mean(axis=1), TAILS)
    return Estimate(float(values.mean()), float(low), float(high))


def auc(higher: Values, lower: Values) -> float:
    """Return the chance that one of `higher` is above one of `lower`; equal ones count half."""
    above = (higher[:, None] > lower[None, :]).mean() + 0.5 * (higher[:, None] == lower[None, :]).mean()
    return float(above)
