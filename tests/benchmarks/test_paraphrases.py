"""The questions of the benchmarks of paraphrases and pages: made by rule, the same each time."""

import random

import pytest

from ingest.types import BlockKind, Chunk, StoredChunk
from tests.benchmarks.page_questions import PageQuestion, make_questions
from tests.benchmarks.paraphrases import change_question_word, load_synonyms, move_last_clause, paraphrase

SYNONYMS = {"built": ("constructed",), "house": ("home",)}


def seeded(seed: int = 1) -> random.Random:
    return random.Random(seed)  # noqa: S311 (the same each time)


def test_synonyms_say_another_word() -> None:
    synonyms = load_synonyms()
    assert len(synonyms) > 500
    assert all(word not in alternatives and all(alternatives) for word, alternatives in synonyms.items())


def test_a_paraphrase_has_other_words_another_question_word_and_another_order() -> None:
    text = paraphrase("Why was the old house built in 1802?", SYNONYMS, seeded())
    assert text == "In 1802, for what reason was the old home constructed?"


def test_names_stay_and_a_question_without_synonyms_has_no_paraphrase() -> None:
    assert paraphrase("Who built White House?", SYNONYMS, seeded()) in {
        "Which person constructed White House?",
        "What individual constructed White House?",
    }
    assert paraphrase("Who sang?", SYNONYMS, seeded()) is None


@pytest.mark.parametrize(
    ("question", "moved"),
    [
        ("Who was the first mayor of Lyon during the war?", "During the war, who was the first mayor of Lyon?"),
        ("where did the old mill stand before 1800", "before 1800, where did the old mill stand"),
        ("Who lives in Lyon?", "Who lives in Lyon?"),
    ],
)
def test_the_last_clause_moves_to_the_front(question: str, moved: str) -> None:
    assert move_last_clause(question) == moved


@pytest.mark.parametrize(
    ("question", "changed"),
    [
        ("Why is it red?", {"For what reason is it red?"}),
        ("what year did it end", {"when did it end"}),
        (
            "After 1935, who may enter?",
            {"After 1935, which person may enter?", "After 1935, what individual may enter?"},
        ),
        ("Name the capital", {"Name the capital"}),
    ],
)
def test_question_words_change(question: str, changed: set[str]) -> None:
    assert {change_question_word(question, seeded(seed)) for seed in range(9)} == changed


def stored(id_: int, page: int, text: str, kind: BlockKind = BlockKind.PROSE, context: str = "") -> StoredChunk:
    chunk = Chunk(0, len(text), text, page, page, kind, ("Rules of the hall",) if "hall" in text else (), context)
    return StoredChunk(id_, "c", "f", "a.pdf", "a.pdf", chunk)


def test_pages_give_questions_by_their_sentences_headings_and_tables() -> None:
    chunks = [
        stored(1, 1, "The damaged battery has to stay in the outer box for 72 hours in any case."),
        stored(2, 2, "Rules of the hall\nNobody enters."),
        stored(
            3, 3, "Depot | Region | Docks\nBrenfield | North | 12", BlockKind.TABLE, "Depots\nDepot | Region | Docks"
        ),
    ]
    questions = make_questions(chunks, "a.pdf", seeded())
    assert {(question.question, tuple(question.pages), question.kind) for question in questions} == {
        ("How many hours: the damaged battery has to stay in the outer box for?", (1,), "number"),
        ("What has the damaged battery?", (1,), "subject"),
        ("Where can I read about rules of the hall?", (2,), "heading"),
        ("What is the Region for Brenfield?", (3,), "table"),
        ("What is the Docks for Brenfield?", (3,), "table"),
    }
    assert make_questions(chunks, "a.pdf", seeded()) == questions


def test_every_page_with_the_words_answers_and_a_question_that_many_pages_answer_is_not_asked() -> None:
    text = "The emergency light of every hall lasts for 90 minutes after the power has failed."
    twice = make_questions([stored(page, page, text) for page in (4, 9)], "a.pdf", seeded())
    often = make_questions([stored(page, page, text) for page in range(1, 6)], "a.pdf", seeded())
    number = [question for question in twice if question.kind == "number"]
    assert number == [
        PageQuestion(
            "How many minutes: the emergency light of every hall lasts for?", "a.pdf", frozenset({4, 9}), "number"
        )
    ]
    assert often == []
