"""Spans: recall, precision and IoU of retrieved text."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.types import BlockKind, Chunk, StoredChunk
from rag.evaluation.spans import SpanScores, cut_to_budget, score_spans
from rag.evaluation.types import Span
from rag.types import ScoredChunk

TEXTS = {"a": "0123456789" * 3, "b": "one two three"}


def hit(document: str, start: int, end: int) -> ScoredChunk:
    text = TEXTS.get(document, "")[start:end]
    chunk = Chunk(start, end, text, 1, 1, BlockKind.PROSE, (), "")
    return ScoredChunk(StoredChunk(1, "c", document, document, document, chunk), 1.0, 1.0, 1.0)


def test_chunks_are_taken_in_their_order_and_the_last_one_is_cut() -> None:
    hits = [hit("a", 10, 20), hit("b", 0, 7), hit("a", 0, 10)]
    assert cut_to_budget(hits, 12) == [Span("a", 10, 20), Span("b", 0, 2)]
    assert cut_to_budget(hits, 10) == [Span("a", 10, 20)]
    assert cut_to_budget([], 10) == []


def test_recall_precision_and_iou_are_those_computed_by_hand() -> None:
    retrieved, gold = [Span("a", 0, 20)], [Span("a", 15, 25), Span("b", 0, 3)]
    scores = score_spans(retrieved, gold, TEXTS)  # 5 of 13 gold, 5 of 20 retrieved, 5 of 20 + 13 - 5
    assert (scores.recall, scores.precision, scores.iou) == pytest.approx((5 / 13, 5 / 20, 5 / 28))


def test_characters_count_once_where_chunks_or_spans_overlap() -> None:
    retrieved = [Span("a", 0, 10), Span("a", 5, 15), Span("a", 5, 12)]
    gold = [Span("a", 10, 20), Span("a", 12, 20)]
    assert score_spans(retrieved, gold, TEXTS) == SpanScores(recall=5 / 10, precision=5 / 15, iou=5 / 20)


def test_white_space_does_not_count() -> None:
    retrieved = [Span("b", 0, 3), Span("b", 4, 7)]
    assert score_spans(retrieved, [Span("b", 0, 7)], TEXTS) == SpanScores(recall=1.0, precision=1.0, iou=1.0)


def test_nothing_found_scores_nothing() -> None:
    assert score_spans([], [Span("a", 0, 3)], TEXTS) == SpanScores(0.0, 0.0, 0.0)
    assert score_spans([Span("b", 0, 3)], [Span("a", 0, 3)], TEXTS) == SpanScores(0.0, 0.0, 0.0)


stretches = st.tuples(st.integers(0, 29), st.integers(1, 30)).map(lambda pair: (min(pair), max(pair)))


@given(cuts=st.sets(st.integers(1, 29)), gold=st.lists(stretches.filter(lambda pair: pair[0] < pair[1]), min_size=1))
def test_a_budget_of_the_whole_text_holds_every_span(cuts: set[int], gold: list[tuple[int, int]]) -> None:
    borders = [0, *sorted(cuts), 30]
    chunks = [hit("a", start, end) for start, end in pairwise(borders)]
    spans = [Span("a", start, end) for start, end in gold]
    assert score_spans(cut_to_budget(chunks, 30), spans, TEXTS).recall == 1.0


@given(
    retrieved=st.lists(stretches, max_size=4),
    gold=st.lists(stretches.filter(lambda pair: pair[0] < pair[1]), min_size=1),
)
def test_scores_are_those_of_sets_of_characters(retrieved: list[tuple[int, int]], gold: list[tuple[int, int]]) -> None:
    retrieved_chars = {offset for start, end in retrieved for offset in range(start, end)}
    gold_chars = {offset for start, end in gold for offset in range(start, end)}
    scores = score_spans([Span("a", *pair) for pair in retrieved], [Span("a", *pair) for pair in gold], TEXTS)
    assert scores == SpanScores(
        recall=len(retrieved_chars & gold_chars) / len(gold_chars),
        precision=len(retrieved_chars & gold_chars) / len(retrieved_chars) if retrieved_chars else 0.0,
        iou=len(retrieved_chars & gold_chars) / len(retrieved_chars | gold_chars),
    )
