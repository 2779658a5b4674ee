# pyright: basic
"""Retrieval measures (nDCG@10, recall@5, MRR) from `ir-measures`, with bootstrap confidence intervals, and AUC."""

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
    """Return the values of each measure, float64 of shape (queries,), in the order of `rankings`.

    `rankings` has the documents of each query, best first; `relevance` has grades by document for every query.
    """
    # Scores fall by rank, because ir-measures breaks ties in its own order.
    run = {
        query: {document: -float(rank) for rank, document in enumerate(ranked)} for query, ranked in rankings.items()
    }
    judged = {query: dict(relevance[query]) for query in rankings}
    values = {
        (str(metric.measure), metric.query_id): metric.value
        for metric in ir_measures.iter_calc(list(MEASURES.values()), judged, run)
    }
    return {
        name: np.array([values[str(measure), query] for query in rankings], dtype=np.float64)
        for name, measure in MEASURES.items()
    }


def estimate(values: Values) -> Estimate:
    """Return the mean of at least one value with its 95% percentile bootstrap interval; deterministic."""
    samples = np.random.default_rng(SEED).integers(0, len(values), (RESAMPLES, len(values)))
    low, high = np.percentile(values[samples].mean(axis=1), TAILS)
    return Estimate(float(values.mean()), float(low), float(high))


def auc(higher: Values, lower: Values) -> float:
    """Return the area under the ROC curve: the chance that one of `higher` exceeds one of `lower`; ties count half."""
    above = (higher[:, None] > lower[None, :]).mean() + 0.5 * (higher[:, None] == lower[None, :]).mean()
    return float(above)
