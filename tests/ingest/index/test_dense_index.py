"""An index of vectors against brute force: exact, compact, and while it grows from the one to the other."""

import threading
from collections.abc import Callable, Sequence

import faiss
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.errors import LibraryError
from ingest.index.dense_index import DenseIndex
from ingest.index.faiss_store import list_count
from tests.ingest.dense_crowd import Crowd, random_units
from tests.ingest.dense_world import Ids, Rows, Vectors, clustered, unit

DIMENSION = 16
NEVER = 1_000_000


def filled(seed: int, count: int, dimension: int = DIMENSION) -> Rows:
    rows = Rows(dimension)
    rows.add(clustered(np.random.default_rng(seed), count, dimension))
    return rows


def assert_same(found: list[tuple[int, float]], expected: list[tuple[int, float]]) -> None:
    """Compare what is found in order and score; ids whose scores are equal may change places."""
    assert [score for _, score in found] == pytest.approx([score for _, score in expected], abs=1e-6)
    apart = np.diff([score for _, score in expected], prepend=9, append=-9) < -1e-6
    for place, (mine, its) in enumerate(zip(found, expected, strict=True)):
        assert mine[0] == its[0] or not (apart[place] and apart[place + 1])


def recall(rows: Rows, index: DenseIndex, queries: Vectors, among: Ids | None = None) -> float:
    hits = [
        len({id_ for id_, _ in index.search(query, 10, among)} & {id_ for id_, _ in rows.nearest(query, 10, among)})
        for query in queries
    ]
    return sum(hits) / (10 * len(queries))


def near(rows: Rows, count: int) -> Vectors:
    """Return queries that are about something in the rows."""
    vectors = rows.stored(list(rows.vectors)[:count])[1]
    return unit(vectors + 0.05 * np.random.default_rng(1).standard_normal(vectors.shape))


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), count=st.integers(1, 60), top_k=st.integers(1, 80), share=st.floats(0, 1))
def test_a_small_index_equals_brute_force_in_order_and_score(seed: int, count: int, top_k: int, share: float) -> None:
    random = np.random.default_rng(seed)
    rows = Rows(DIMENSION)
    index = rows.index(exact_limit=NEVER)
    for _ in range(3):
        rows.add(unit(random.standard_normal((count, DIMENSION))))
        rows.bring(index)
        rows.remove([id_ for id_ in rows.vectors if random.random() < 0.3])
        rows.bring(index)
    query = unit(random.standard_normal((1, DIMENSION)))[0]
    among = np.array([id_ for id_ in range(4 * count) if random.random() < share], dtype=np.int64)

    assert_same(index.search(query, top_k), rows.nearest(query, top_k))
    assert_same(index.search(query, top_k, among), rows.nearest(query, top_k, among))
    assert index.list_ids() == set(rows.vectors)


def test_an_opposite_vector_is_found_with_its_negative_cosine() -> None:
    rows = Rows(2)
    (id_,) = rows.add(np.array([[1, 0]], dtype=np.float32))
    assert rows.index(exact_limit=NEVER).search(np.array([-1, 0], dtype=np.float32), 5) == [(id_, -1.0)]


@pytest.mark.parametrize("seed", range(3))
def test_a_large_index_finds_nearly_all_of_the_nearest_and_says_their_true_cosines(seed: int) -> None:
    rows = filled(seed, 6_000, 32)
    index = rows.index(exact_limit=1_000)
    queries = near(rows, 50)
    assert not index.is_exact
    assert recall(rows, index, queries) >= 0.95
    for query in queries:
        for id_, score in index.search(query, 10):
            assert score == pytest.approx(float(rows.vectors[id_] @ query), abs=1e-6)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), chosen=st.integers(0, 3_000), top_k=st.integers(1, 30))
def test_a_large_index_finds_as_many_as_there_are_of_those_it_is_asked_for(
    large: tuple[Rows, DenseIndex], seed: int, chosen: int, top_k: int
) -> None:
    rows, index = large
    random = np.random.default_rng(seed)
    among = random.choice(4_000, size=chosen, replace=False).astype(np.int64)  # some of them are not there
    query = unit(random.standard_normal((1, DIMENSION)))[0]

    found = index.search(query, top_k, among)

    expected = rows.nearest(query, top_k, among)
    assert len(found) == len(expected)
    assert {id_ for id_, _ in found} <= {int(id_) for id_ in among}
    if chosen <= 500:
        assert_same(found, expected)


@pytest.fixture(scope="module")
def large() -> tuple[Rows, DenseIndex]:
    rows = filled(7, 3_500)
    return rows, rows.index(exact_limit=500)


def test_among_many_ids_a_large_index_finds_nearly_all_of_the_nearest(large: tuple[Rows, DenseIndex]) -> None:
    rows, index = large
    among = np.array([id_ for id_ in rows.vectors if id_ % 2], dtype=np.int64)
    assert recall(rows, index, near(rows, 50), among) >= 0.95


def test_more_than_there_are_in_the_nearest_lists_are_found(large: tuple[Rows, DenseIndex]) -> None:
    rows, index = large
    assert len(index.search(rows.vectors[1], 3_500)) == 3_500


def test_what_changes_while_a_large_index_is_built_is_in_it() -> None:
    rows = filled(0, 1_500)
    random = np.random.default_rng(5)

    class Meddling(Rows):
        """Adds and removes when the index that is built asks for its sample, and for its first vectors."""

        turns = 2

        def stored(self, ids: Sequence[int]) -> tuple[list[int], Vectors]:
            if threading.current_thread().name == "pincite-index-training" and self.turns:
                self.turns -= 1
                rows.add(clustered(random, 20, DIMENSION))
                rows.remove(list(rows.vectors)[:30])
                rows.bring(index)
            return rows.stored(ids)

    index = DenseIndex("c", DIMENSION, Meddling(DIMENSION).stored, exact_limit=1_000)
    rows.bring(index)
    index.wait_for_training()

    assert not index.is_exact
    assert index.list_ids() == set(rows.vectors)
    assert 1 not in rows.vectors
    assert len(index.search(rows.vectors[1_501], 5_000)) == len(rows.vectors)


def test_searches_adds_and_removals_go_on_while_a_large_index_is_built() -> None:
    rows = filled(0, 1_500)
    may_go_on, is_building = threading.Event(), threading.Event()

    def stored(ids: Sequence[int]) -> tuple[list[int], Vectors]:
        if threading.current_thread().name == "pincite-index-training":
            is_building.set()
            may_go_on.wait()
        return rows.stored(ids)

    index = DenseIndex("c", DIMENSION, stored, exact_limit=1_000)
    rows.bring(index)
    assert is_building.wait(60)
    (new,) = rows.add(unit(np.ones((1, DIMENSION))))
    rows.remove([1])
    rows.bring(index)
    query = rows.vectors[new]
    assert index.is_exact
    assert_same(index.search(query, 20), rows.nearest(query, 20))
    may_go_on.set()
    index.wait_for_training()
    assert (index.is_exact, index.list_ids()) == (False, set(rows.vectors))
    assert index.search(query, 1)[0][0] == new


def test_what_was_removed_never_comes_back() -> None:
    rows = filled(11, 2_000)
    index = rows.index(exact_limit=500)
    gone: set[int] = set()
    for _ in range(10):
        query = rows.vectors[max(rows.vectors)]
        nearest = [id_ for id_, _ in index.search(query, 20)]
        rows.remove(nearest)
        gone |= set(nearest)
        rows.bring(index)
        assert not gone & {id_ for id_, _ in index.search(query, 100)}
        assert not gone & set(index.compute_cosines(query, nearest))
    assert index.list_ids() == set(rows.vectors)


def test_chunks_whose_rows_are_gone_already_are_not_found() -> None:
    rows = filled(2, 2_000)
    index = rows.index(exact_limit=500)
    query = rows.vectors[1]
    rows.remove([1])
    assert 1 not in dict(index.search(query, 10))


def test_an_index_that_has_outgrown_its_lists_gets_more_of_them() -> None:
    rows = filled(3, 600)
    index = rows.index(exact_limit=500)
    few = index.list_count
    rows.add(clustered(np.random.default_rng(4), 6_000, DIMENSION))
    rows.bring(index)
    index.wait_for_training()
    assert (few, index.list_count) == (list_count(600), list_count(6_600))
    assert index.list_ids() == set(rows.vectors)


def test_an_index_that_cannot_be_built_goes_on_as_it_is_and_is_tried_again() -> None:
    rows = filled(0, 1_500)
    is_closed = True

    def stored(ids: Sequence[int]) -> tuple[list[int], Vectors]:
        if is_closed:
            raise LibraryError(home="h", detail="it was closed")
        return rows.stored(ids)

    index = DenseIndex("c", DIMENSION, stored, exact_limit=1_000)
    rows.bring(index)
    index.wait_for_training()
    query = rows.vectors[1]
    assert index.is_exact
    assert_same(index.search(query, 20), rows.nearest(query, 20))
    is_closed = False
    rows.remove([2])
    rows.bring(index)
    index.wait_for_training()
    assert not index.is_exact


def test_changes_that_were_taken_over_in_part_are_taken_over_again() -> None:
    rows = filled(0, 100)
    index = DenseIndex("c", DIMENSION, rows.stored)

    def broken(generation: int) -> object:
        yield next(iter(rows.changes_since(generation)))
        raise LibraryError(home="h", detail="the disk is gone")

    with pytest.raises(LibraryError):
        index.catch_up(rows.generation, broken)  # type: ignore[arg-type]  # a generator, not written as one
    rows.bring(index)
    assert len(index.search(rows.vectors[1], 1_000)) == 100


@pytest.mark.parametrize("exact_limit", [NEVER, 500])
def test_a_saved_index_is_the_same_when_it_is_read(exact_limit: int) -> None:
    rows = filled(5, 1_200)
    index = rows.index(exact_limit=exact_limit)
    query = rows.vectors[9]
    read = DenseIndex("c", DIMENSION, rows.stored, exact_limit=exact_limit)
    read.load(*index.serialize())
    assert (read.search(query, 30), read.list_ids(), read.is_exact) == (
        index.search(query, 30),
        index.list_ids(),
        index.is_exact,
    )
    rows.remove([9])
    rows.bring(read)
    assert 9 not in dict(read.search(query, 30))


def old_kind(ids: list[int], vectors: Vectors) -> bytes:
    index = faiss.IndexIDMap2(faiss.IndexFlatIP(DIMENSION))
    index.add_with_ids(vectors, np.array(ids, dtype=np.int64))
    return bytes(faiss.serialize_index(index).data)


@pytest.mark.parametrize("exact_limit", [NEVER, 500])
def test_an_index_that_was_saved_by_an_earlier_version_is_read(exact_limit: int) -> None:
    rows = filled(6, 1_200)
    ids = list(rows.vectors)
    index = DenseIndex("c", DIMENSION, rows.stored, exact_limit=exact_limit)
    index.load(rows.generation, len(ids), old_kind(ids, rows.stored(ids)[1]))
    index.wait_for_training()
    assert index.is_exact == (exact_limit == NEVER)
    assert index.list_ids() == set(ids)
    query = rows.vectors[4]
    assert_same(index.search(query, 10), rows.nearest(query, 10))


BROKEN: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda body: b"",
    "cut": lambda body: body[:50],
    "another": lambda body: bytes(faiss.serialize_index(faiss.IndexFlatIP(DIMENSION)).data),
}


@pytest.mark.parametrize("spoil", BROKEN.values(), ids=list(BROKEN))
def test_a_body_that_is_no_index_is_refused(spoil: Callable[[bytes], bytes]) -> None:
    rows = filled(0, 50)
    generation, count, body = rows.index(exact_limit=NEVER).serialize()
    with pytest.raises(ValueError, match="it is"):
        DenseIndex("c", DIMENSION, rows.stored).load(generation, count, spoil(body))


def test_an_index_of_another_size_than_was_recorded_is_refused() -> None:
    rows = filled(0, 50)
    generation, count, body = rows.index(exact_limit=NEVER).serialize()
    with pytest.raises(ValueError, match="size"):
        DenseIndex("c", DIMENSION, rows.stored).load(generation, count + 1, body)
    with pytest.raises(ValueError, match="size"):
        DenseIndex("c", DIMENSION + 1, rows.stored).load(generation, count, body)


@pytest.mark.parametrize(("exact_limit", "seconds"), [(NEVER, 2.0), (2_000, 4.0)], ids=["exact", "growing"])
def test_eight_threads_find_nothing_wrong_and_nothing_removed(exact_limit: int, seconds: float) -> None:
    rows = filled(1, 1_900)
    crowd = Crowd(rows, rows.index(exact_limit=exact_limit), seconds, random_units(DIMENSION))
    crowd.run()
    assert crowd.problems == []
    assert crowd.searches > 0
    assert crowd.index.is_exact == (exact_limit == NEVER)
