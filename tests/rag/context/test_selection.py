"""Choice of the context by token budget."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.types import BlockKind, Chunk, StoredChunk
from rag.context.selection import (
    budget_whole_documents,
    deduplicate,
    group_neighbours,
    number_passages,
    select_passages,
    select_whole_documents,
)
from rag.types import Passage, ScoredChunk


def stored(id_: int, file_id: str = "file-1") -> StoredChunk:
    return StoredChunk(id_, "vs_1", file_id, "s", "f", Chunk(0, 4, "text", 1, 1, BlockKind.PROSE, (), ""))


@pytest.mark.parametrize(
    ("window", "used", "budget"), [(4096, 0, 2867), (4096, 2048, 716), (4096, 4096, 0), (100, 300, 0)]
)
def test_the_budget_for_whole_documents_is_that_of_lm_studio(window: int, used: int, budget: int) -> None:
    assert budget_whole_documents(window, used) == budget


def test_passages_are_taken_best_first_until_the_budget_is_full() -> None:
    def ten_each(passages: Sequence[Passage]) -> int:
        return 10 * len(passages)

    hits = [ScoredChunk(stored(id_, f"file-{id_ % 2}"), 1 / id_, 0.5, 0.5) for id_ in range(1, 8)]
    context = select_passages(hits, 35, ten_each)
    assert [(passage.number, passage.stored.id) for passage in context.passages] == [(1, 1), (2, 2), (3, 3)]
    assert context.reason == "retrieval: 3 passages from 2 documents; 4 more did not fit the model's window"


def test_neighbours_among_the_hits_are_in_reading_order() -> None:
    best_first = [stored(8), stored(3), stored(20, "file-2"), stored(7), stored(19, "file-3"), stored(2), stored(9)]
    ids = [chunk.id for chunk in group_neighbours(best_first)]
    assert ids == [7, 8, 9, 2, 3, 20, 19]


@given(st.lists(st.integers(1, 12), unique=True))
def test_putting_neighbours_together_loses_nothing_and_keeps_the_best_run_first(ids: list[int]) -> None:
    together = [chunk.id for chunk in group_neighbours([stored(id_) for id_ in ids])]
    assert sorted(together) == sorted(ids)
    if ids:
        run = together[: together.index(ids[0]) + 1]
        assert run == list(range(run[0], ids[0] + 1))


def test_the_worst_passage_is_left_out_whatever_its_position() -> None:
    hits = [ScoredChunk(stored(id_), score, 0.5, 0.5) for id_, score in ((5, 0.9), (9, 0.8), (4, 0.7))]
    context = select_passages(hits, 25, lambda passages: 10 * len(passages))
    assert [passage.stored.id for passage in context.passages] == [5, 9]


def test_one_passage_is_kept_even_over_the_budget() -> None:
    hits = [ScoredChunk(stored(1), 1.0, 1.0, 1.0)]
    context = select_passages(hits, 5, lambda passages: 10 * len(passages))
    assert (len(context.passages), context.reason) == (1, "retrieval: 1 passage from 1 document")


def test_whole_documents_say_how_much_of_the_window_they_take() -> None:
    context = select_whole_documents(number_passages([stored(1), stored(2)]), 2310, 5700)
    assert (context.mode, context.reason) == ("whole", "the whole document: 2,310 of 5,700 tokens")
    assert [passage.number for passage in context.passages] == [1, 2]


def test_numbers_count_from_one() -> None:
    assert number_passages([stored(9)]) == (Passage(1, stored(9)),)


def test_chunks_keep_the_numbers_that_they_have() -> None:
    assert [passage.number for passage in number_passages([stored(9), stored(4), stored(7)], {4: 2, 5: 6})] == [7, 2, 8]


def test_passages_of_earlier_turns_are_not_shown_again_but_count() -> None:
    present = number_passages([stored(5), stored(30)])
    hits = [ScoredChunk(stored(id_), 0.9, 0.5, 0.5) for id_ in (5, 9)]
    context = select_passages(hits, 100, len, present=present, numbers={5: 1, 30: 2})
    assert [(passage.number, passage.stored.id) for passage in context.passages] == [(1, 5), (2, 30), (3, 9)]
    assert context.reason == "retrieval: 3 passages from 1 document, 2 of them shown before"


def test_copies_of_a_text_are_shown_once_the_best_one() -> None:
    texts = ["Oil it.", "Other.", "oil  IT.", "Other still."]
    hits = [
        ScoredChunk(replace(stored(index), chunk=replace(stored(index).chunk, text=text)), 1 / index, 0.5, 0.5)
        for index, text in enumerate(texts, start=1)
    ]
    assert [hit.chunk.id for hit in deduplicate(hits)] == [1, 2, 4]
