"""Whether the documents answer a question: what is judged, and what people are told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.types import BlockKind, Chunk, StoredChunk
from rag.grounding.abstention import (
    EVEN_SCORE,
    MEANING_DISCOUNT,
    answer_score,
    estimate_probability,
    find_named_chunks,
    judge_answerability,
)
from rag.grounding.evidence import SentenceMatch
from rag.questions.identifiers import extract_identifiers
from rag.types import ScoreBreakdown, ScoredChunk

PUMP = "The pump is oiled every 3 months. It stands in the cellar."
LUNCH = "Lunch is served at noon. Order part XJ-450."


def hit(id_: int, text: str, title: str = "") -> ScoredChunk:
    chunk = Chunk(0, len(text), text, 1, 1, BlockKind.PROSE, (), title)
    return ScoredChunk(StoredChunk(id_, "c", f"file{id_}", "a.txt", "a.txt", chunk), 0.5, 0.5, 0.0, ScoreBreakdown())


def match(of: ScoredChunk, score: float, meaning: float = 0.0) -> SentenceMatch:
    return SentenceMatch(of.chunk, 0, 10, score, meaning)


def test_what_is_above_the_limit_is_answered_from_in_the_order_found() -> None:
    hits = [hit(1, PUMP), hit(2, LUNCH), hit(3, PUMP)]
    matches = [match(hits[2], 0.6), match(hits[0], 0.5), match(hits[1], 0.2), match(hits[0], 0.1)]
    judged = judge_answerability("how often is the pump oiled", hits, matches, min_score=0.4)
    assert judged.hits == (hits[0], hits[2])
    assert judged.is_answerable
    assert judged.probability == estimate_probability(0.6)
    assert judged.reasons[0] == "the best sentence scores 60%, which is enough: 40% is needed"


def test_where_no_sentence_is_near_enough_people_are_told_why() -> None:
    hits = [hit(1, PUMP, title="Cellar"), hit(2, LUNCH)]
    judged = judge_answerability("Did he paint ceilings in the cellar?", hits, [match(hits[0], 0.28)], min_score=0.34)
    assert not judged.is_answerable
    assert judged.probability < 0.1
    assert judged.reasons == (
        "the best sentence scores 28%, which is too little: 34% is needed",
        "no passage has “ceilings”, “paint”",
    )


def test_a_sentence_that_is_near_in_meaning_alone_is_answered_from() -> None:
    hits = [hit(1, PUMP), hit(2, LUNCH)]
    near, far = match(hits[1], 0.2, 0.45), match(hits[0], 0.3, 0.3)
    judged = judge_answerability("When do we eat?", hits, [far, near], min_score=0.33)
    assert judged.hits == (hits[1],)
    assert judged.probability == estimate_probability(0.45 - MEANING_DISCOUNT)


def test_meaning_alone_has_to_be_higher_than_meaning_and_words_together() -> None:
    hits = [hit(1, PUMP)]
    too_far = match(hits[0], 0.2, 0.33 + MEANING_DISCOUNT - 0.01)
    judged = judge_answerability("When do we eat?", hits, [too_far], min_score=0.33)
    assert not judged.is_answerable
    assert judged.reasons[0].startswith("the best sentence scores 32%, which is too little")


@given(score=st.floats(0, 1), meaning=st.floats(0, 1), other=st.floats(0, 1))
def test_neither_words_nor_meaning_count_against_an_answer(score: float, meaning: float, other: float) -> None:
    of = hit(1, PUMP)
    assert 0 <= answer_score(match(of, score, meaning)) <= 1
    assert answer_score(match(of, score, meaning)) >= score
    assert answer_score(match(of, score, max(meaning, other))) >= answer_score(match(of, score, meaning))


def test_a_passage_with_every_code_of_the_question_is_answered_from_all_the_same() -> None:
    hits = [hit(1, PUMP), hit(2, LUNCH)]
    named = find_named_chunks(hits, extract_identifiers("xj-450"))
    matches = [match(hits[1], 0.1), match(hits[0], 0.1)]
    judged = judge_answerability("xj-450", hits, matches, min_score=0.34, named=named)
    assert judged.hits == (hits[1],)
    assert "a passage has every identifier of the question" in judged.reasons


def test_where_nothing_was_found_there_is_no_answer() -> None:
    judged = judge_answerability("pump", [], [], min_score=0.0)
    assert (judged.is_answerable, judged.reasons) == (False, ("retrieval found no passage",))


def test_a_hit_without_a_sentence_is_not_answered_from() -> None:
    assert not judge_answerability("pump", [hit(1, "")], [], min_score=0.1).is_answerable


@given(score=st.floats(0, 1), other=st.floats(0, 1))
def test_the_better_the_best_sentence_the_likelier_is_an_answer(score: float, other: float) -> None:
    assert 0 < estimate_probability(score) < 1
    assert (estimate_probability(score) <= estimate_probability(other)) or score > other
    assert estimate_probability(EVEN_SCORE) == pytest.approx(0.5)
