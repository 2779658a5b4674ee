"""Fusion: one ranking of what two searches find. Laws, and cases worked out by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.retrieval.fusion import VariantHits, fuse
from rag.retrieval.query_variants import QueryVariant, expand_query, make_standalone_query

ONE = QueryVariant("q", 1.0)

cosines = st.dictionaries(st.integers(1, 30), st.floats(-1, 1), max_size=20)
bm25 = st.dictionaries(st.integers(1, 30), st.floats(0.01, 40), max_size=20)
weights = st.floats(0, 1)


def hits(variant: QueryVariant, dense: dict[int, float], lexical: dict[int, float]) -> VariantHits:
    return VariantHits(variant, dense, sorted(dense, key=lambda id_: -dense[id_]), lexical)


@given(cosines, bm25, weights)
def test_scores_fall_and_stay_between_0_and_1(
    dense: dict[int, float], lexical: dict[int, float], weight: float
) -> None:
    ranking = fuse([hits(ONE, dense, lexical)], weight)
    scores = [chunk.breakdown.fused_score for chunk in ranking]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 + 1e-9 for score in scores)
    assert {chunk.id for chunk in ranking} == dense.keys() | lexical.keys()


@given(cosines)
def test_dense_scores_alone_rank_by_cosine(dense: dict[int, float]) -> None:
    ranking = [chunk.id for chunk in fuse([hits(ONE, dense, {})], 1.0)]
    assert ranking == sorted(dense, key=lambda id_: (-max(dense[id_], 0.0), id_))


@given(bm25)
def test_lexical_scores_alone_rank_by_bm25(lexical: dict[int, float]) -> None:
    ranking = [chunk.id for chunk in fuse([hits(ONE, {}, lexical)], 0.0)]
    assert [lexical[id_] for id_ in ranking] == sorted(lexical.values(), reverse=True)


def test_an_opposite_vector_is_no_better_than_an_unrelated_one() -> None:
    (first, second) = fuse([hits(ONE, {1: -1.0, 2: 0.0}, {})], 0.8)
    assert first.breakdown.fused_score == second.breakdown.fused_score == 0.0


def test_a_case_by_hand() -> None:
    ranking = fuse([hits(ONE, {1: 0.5, 2: 0.9}, {1: 8.0, 3: 2.0})], 0.6)
    assert [chunk.id for chunk in ranking] == [1, 2, 3]
    assert [chunk.breakdown.fused_score for chunk in ranking] == pytest.approx([0.6 * 0.5 + 0.4, 0.54, 0.4 * 0.25])
    assert (ranking[0].breakdown.dense_rank, ranking[0].breakdown.lexical_rank) == (2, 1)
    assert (ranking[2].breakdown.dense_rank, ranking[2].bm25) == (None, 2.0)


def test_variants_of_a_question_count_by_their_weights() -> None:
    variants = expand_query("And in winter?", "How often is the pump oiled?\nAnd in winter?")
    assert sum(variant.weight for variant in variants) == pytest.approx(1.0)
    assert variants[1].text == "How often is the pump oiled?\nAnd in winter?"
    (best, _) = fuse([hits(variants[0], {1: 0.2, 2: 0.3}, {}), hits(variants[1], {1: 0.9, 2: 0.1}, {})], 1.0)
    assert best.id == 1
    assert best.cosine == 0.9
    assert best.breakdown.similarity == pytest.approx(0.7 * 0.2 + 0.3 * 0.9)


def test_a_first_question_has_no_variants() -> None:
    assert (
        expand_query("What is oiled?") == expand_query("What is oiled?", " \n") == [QueryVariant("What is oiled?", 1.0)]
    )


def test_a_reference_is_searched_with_the_question_that_it_refers_to_and_any_other_question_alone() -> None:
    assert make_standalone_query("How often is the pump oiled?", "By whom is it oiled?") == (
        "How often is the pump oiled?\nBy whom is it oiled?"
    )
    assert make_standalone_query("", "By whom is the pump oiled?") == ""
