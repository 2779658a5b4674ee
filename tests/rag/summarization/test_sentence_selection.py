"""Sentences that represent a long text: quotas, sections, centroid, maximal marginal relevance."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rag.summarization.sentence_selection import allocate_quotas, compute_centroid, rank_by_mmr, split_sections

SIZES = st.lists(st.integers(0, 500), max_size=30)
PATHS = st.lists(st.lists(st.sampled_from("ABC"), max_size=3).map(tuple), max_size=40)


@given(sizes=SIZES, total=st.integers(0, 40))
def test_quotas_give_everybody_something_while_there_is_enough(sizes: list[int], total: int) -> None:
    quotas = allocate_quotas(sizes, total)
    assert sum(quotas) == min(total, sum(sizes))
    assert all(quota <= size for quota, size in zip(quotas, sizes, strict=True))
    if total >= sum(size > 0 for size in sizes):
        assert all(quota >= 1 for quota, size in zip(quotas, sizes, strict=True) if size)


def test_a_long_document_gets_more_but_not_all() -> None:
    assert allocate_quotas([900, 100, 4], 12) == [8, 3, 1]


@given(paths=PATHS, count=st.integers(1, 20))
def test_sections_cover_everything_in_order_and_are_as_many_as_asked(paths: list[tuple[str, ...]], count: int) -> None:
    ranges = split_sections(paths, count)
    assert [index for section in ranges for index in section] == list(range(len(paths)))
    assert len(ranges) == min(count, len(paths))


def test_sections_follow_headings_as_deep_as_there_are_places() -> None:
    paths = [("1",), ("1", "a"), ("1", "b"), ("2",), ("2",), ("2",)]
    assert split_sections(paths, 2) == [range(0, 3), range(3, 6)]
    assert split_sections(paths, 4) == [range(0, 1), range(1, 2), range(2, 3), range(3, 6)]
    assert split_sections(paths, 5)[-2:] == [range(3, 4), range(4, 6)]


def test_the_vector_nearest_to_the_centroid_comes_first_and_then_one_unlike_it() -> None:
    vectors = np.array([[1.0, 0.0, 0.0], [0.98, 0.2, 0.0], [0.0, 1.0, 0.0]], dtype=np.float32)
    centroid = compute_centroid(vectors)
    assert rank_by_mmr(vectors, centroid, []) == [1, 0, 2]
    assert rank_by_mmr(vectors, centroid, [vectors[1], vectors[0]])[0] == 2
