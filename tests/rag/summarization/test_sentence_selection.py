"""What stands for a long text: shares, sections, central members."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rag.summarization.sentence_selection import central, most_telling, sections, shares

SIZES = st.lists(st.integers(0, 500), max_size=30)
PATHS = st.lists(st.lists(st.sampled_from("ABC"), max_size=3).map(tuple), max_size=40)


@given(sizes=SIZES, total=st.integers(0, 40))
def test_shares_give_everybody_something_while_there_is_enough(sizes: list[int], total: int) -> None:
    given_ = shares(sizes, total)
    assert sum(given_) == min(total, sum(sizes))
    assert all(share <= size for share, size in zip(given_, sizes, strict=True))
    if total >= sum(size > 0 for size in sizes):
        assert all(share >= 1 for share, size in zip(given_, sizes, strict=True) if size)


def test_a_long_document_gets_more_but_not_all() -> None:
    assert shares([900, 100, 4], 12) == [8, 3, 1]


@given(paths=PATHS, many=st.integers(1, 20))
def test_sections_cover_everything_in_order_and_are_as_many_as_asked(paths: list[tuple[str, ...]], many: int) -> None:
    found = sections(paths, many)
    assert [index for section in found for index in section] == list(range(len(paths)))
    assert len(found) == min(many, len(paths))


def test_sections_follow_headings_as_deep_as_there_are_places() -> None:
    paths = [("1",), ("1", "a"), ("1", "b"), ("2",), ("2",), ("2",)]
    assert sections(paths, 2) == [range(0, 3), range(3, 6)]
    assert sections(paths, 4) == [range(0, 1), range(1, 2), range(2, 3), range(3, 6)]
    assert sections(paths, 5)[-2:] == [range(3, 4), range(4, 6)]


def test_the_most_central_comes_first_and_then_what_is_unlike_it() -> None:
    vectors = np.array([[1.0, 0.0, 0.0], [0.98, 0.2, 0.0], [0.0, 1.0, 0.0]], dtype=np.float32)
    centre = central(vectors)
    first = most_telling(vectors, centre, [])
    assert first == 1
    assert most_telling(vectors, centre, [vectors[1], vectors[0]]) == 2
