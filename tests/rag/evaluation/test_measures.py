"""Measures of rankings against values computed by hand, and what is said of their certainty."""

import math

import numpy as np
import pytest

from rag.evaluation.measures import auc, estimate, measure_rankings
from rag.evaluation.types import Estimate

RELEVANCE = {"q1": {"a": 2, "b": 1, "c": 0}, "q2": {"d": 1}, "q3": {"e": 1, "f": 1}}
RANKINGS = {"q3": ["z", "y", "x", "e", "w", "f"], "q1": ["b", "a", "c"], "q2": []}


def test_values_are_those_computed_by_hand_in_the_order_of_the_rankings() -> None:
    values = measure_rankings(RANKINGS, RELEVANCE)
    third = (1 / math.log2(5) + 1 / math.log2(7)) / (1 + 1 / math.log2(3))
    first = (1 + 2 / math.log2(3)) / (2 + 1 / math.log2(3))
    assert values["ndcg@10"] == pytest.approx([third, first, 0.0])
    assert values["recall@5"] == pytest.approx([0.5, 1.0, 0.0])
    assert values["mrr"] == pytest.approx([0.25, 1.0, 0.0])


def test_documents_keep_their_rank_whatever_their_names() -> None:
    ranked = [f"d{number:02}" for number in range(12)]
    for order in (ranked, ranked[::-1]):
        values = measure_rankings({"q": order}, {"q": {order[1]: 1, order[10]: 1}})
        assert values["mrr"] == pytest.approx([0.5])
        assert values["recall@5"] == pytest.approx([0.5])


def test_an_interval_holds_the_mean_and_is_always_the_same() -> None:
    values = np.array([0.0, 1.0] * 50)
    interval = estimate(values)
    assert interval == estimate(values)
    assert interval.mean == 0.5
    assert interval.low == pytest.approx(0.4, abs=0.03)  # 1.96 standard errors of 0.05
    assert interval.high == pytest.approx(0.6, abs=0.03)


def test_an_interval_of_equal_values_is_a_point() -> None:
    assert estimate(np.array([0.25, 0.25])) == Estimate(0.25, 0.25, 0.25)


def test_the_auc_is_the_chance_to_be_higher() -> None:
    assert auc(np.array([0.9, 0.5]), np.array([0.1, 0.7])) == 0.75
    assert auc(np.array([0.5]), np.array([0.5])) == 0.5
    assert auc(np.array([0.1]), np.array([0.9])) == 0.0
