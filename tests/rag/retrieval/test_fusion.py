"""Fusion: one ranking of what two searches find. Laws, and cases worked out by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.engines.types import Message
from rag.retrieval.fusion import VariantHits, fuse
from rag.retrieval.query_variants import QueryVariant, expand_query, prepend_previous_question

ONE = QueryVariant("q", 1.0)

cosines = st.dictionaries(st.integers(1, 30), st.floats(-1, 1), max_size=20)
bm25 = st.dictionaries(st.integers(1, 30), st.floats(0.01, 40), max_size=20)
weights = st.floats(0, 1)


def found(variant: QueryVariant, dense: dict[int, float], lexical: dict[int, float]) -> VariantHits:
    return VariantHits(variant, dense, sorted(dense, key=lambda id_: -dense[id_]), lexical)


@given(cosines, bm25, weights)
def test_scores_fall_and_stay_between_0_and_1(
    dense: dict[int, float], lexical: dict[int, float], weight: float
) -> None:
    ranking = fuse([found(ONE, dense, lexical)], weight)
    scores = [each.breakdown.fused_score for each in ranking]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 + 1e-9 for score in scores)
    assert {each.id for each in ranking} == dense.keys() | lexical.keys()


@given(cosines)
def test_the_meaning_alone_ranks_by_cosine(dense: dict[int, float]) -> None:
    ranking = [each.id for each in fuse([found(ONE, dense, {})], 1.0)]
    assert ranking == sorted(dense, key=lambda id_: (-max(dense[id_], 0.0), id_))


@given(bm25)
def test_the_words_alone_rank_by_bm25(lexical: dict[int, float]) -> None:
    ranking = [each.id for each in fuse([found(ONE, {}, lexical)], 0.0)]
    assert [lexical[id_] for id_ in ranking] == sorted(lexical.values(), reverse=True)


def test_an_opposite_vector_is_no_better_than_an_unrelated_one() -> None:
    (first, second) = fuse([found(ONE, {1: -1.0, 2: 0.0}, {})], 0.8)
    assert first.breakdown.fused_score == second.breakdown.fused_score == 0.0


def test_a_case_by_hand() -> None:
    ranking = fuse([found(ONE, {1: 0.5, 2: 0.9}, {1: 8.0, 3: 2.0})], 0.6)
    assert [each.id for each in ranking] == [1, 2, 3]
    assert [each.breakdown.fused_score for each in ranking] == pytest.approx([0.6 * 0.5 + 0.4, 0.54, 0.4 * 0.25])
    assert (ranking[0].breakdown.dense_rank, ranking[0].breakdown.lexical_rank) == (2, 1)
    assert (ranking[2].breakdown.dense_rank, ranking[2].bm25) == (None, 2.0)


def test_variants_of_a_question_count_by_their_weights() -> None:
    asked = expand_query("And in winter?", "How often is the pump oiled?\nAnd in winter?")
    assert sum(variant.weight for variant in asked) == pytest.approx(1.0)
    assert asked[1].text == "How often is the pump oiled?\nAnd in winter?"
    (best, _) = fuse([found(asked[0], {1: 0.2, 2: 0.3}, {}), found(asked[1], {1: 0.9, 2: 0.1}, {})], 1.0)
    assert best.id == 1
    assert best.cosine == 0.9
    assert best.breakdown.similarity == pytest.approx(0.7 * 0.2 + 0.3 * 0.9)


def test_a_first_question_has_no_variants() -> None:
    assert (
        expand_query("What is oiled?") == expand_query("What is oiled?", " \n") == [QueryVariant("What is oiled?", 1.0)]
    )


def test_a_follow_up_is_completed_by_the_users_turn_before() -> None:
    turns = [Message("system", "s"), Message("user", "one"), Message("assistant", "two"), Message("user", "three")]
    assert prepend_previous_question(turns) == "one\nthree"
    assert prepend_previous_question(turns[:2]) == ""
