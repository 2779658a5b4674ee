"""Different values with which documents answer one question, said in other words."""

import pytest

from ingest.types import BlockKind, Chunk, StoredChunk
from rag.grounding.answer_conflicts import find_rivals
from rag.grounding.evidence import SentenceMatch
from rag.questions.answer_type import detect_answer_type

LIFT = "The goods lift carries at most 800 kg."


def quote(text: str, file: str, *, title: str = "", score: float = 0.6) -> SentenceMatch:
    chunk = Chunk(0, len(text), text, 1, 1, BlockKind.PROSE, (), title)
    return SentenceMatch(StoredChunk(1, "c", file, file, file, chunk), 0, len(text), score)


def rivals(question: str, *matches: SentenceMatch) -> list[tuple[str, str]]:
    pairs = find_rivals(question, detect_answer_type(question), matches)
    return [
        (one.match.text[one.value.start : one.value.end], other.match.text[other.value.start : other.value.end])
        for one, other in pairs
    ]


@pytest.mark.parametrize(
    ("question", "one", "other", "values"),
    [
        (
            "How much weight may the goods lift carry?",
            quote(LIFT, "rules"),
            quote("Please do not load more than 1,000 kg on the goods lift.", "info"),
            ("800 kg", "1,000 kg"),
        ),
        (
            "How long is the warranty of the P30?",
            quote("The warranty period is 24 months.", "sheet", title="Pump P30"),
            quote("The P30 comes with a warranty of 36 months.", "catalogue"),
            ("24 months", "36 months"),
        ),
        (
            "When does the main gate close?",
            quote("The main gate closes at 20:00.", "rules"),
            quote("Leave before the main gate shuts at 19:30.", "info"),
            ("20:00", "19:30"),
        ),
    ],
)
def test_sentences_in_other_words_conflict_by_the_words_of_the_question(
    question: str, one: SentenceMatch, other: SentenceMatch, values: tuple[str, str]
) -> None:
    assert rivals(question, one, other) == [values]


@pytest.mark.parametrize(
    ("question", "one", "other"),
    [
        ("How much may the goods lift carry?", quote(LIFT, "a"), quote("The goods lift carries 0.8 t.", "b")),
        ("How much may the goods lift carry?", quote(LIFT, "a"), quote("Another goods lift carries 900 kg.", "a")),
        (
            "How much may the goods lift carry?",
            quote(LIFT, "a"),
            quote("The goods lift of Leuven carries 900 kg.", "b"),
        ),
        ("How much may the goods lift carry?", quote(LIFT, "a"), quote("The car weighs 900 kg.", "b")),
        ("Why does the goods lift carry so little?", quote(LIFT, "a"), quote("The goods lift carries 900 kg.", "b")),
        (
            "When is the main gate closed?",
            quote("The main gate is closed at 20:00.", "a"),
            quote("The main gate is opened at 06:00.", "b"),
        ),
        (
            "What was the total due for hosting in 2024?",
            quote("The total due for hosting in 2024 is 1,188 EUR.", "a"),
            quote("The total due for hosting is 1,296 EUR.", "b"),
        ),
        (
            "How long is the warranty of the P30?",
            quote("The P30 comes with a warranty of 36 months.", "a"),
            quote("The P50 comes with a warranty of 24 months.", "b"),
        ),
    ],
)
def test_other_things_other_values_and_other_questions_are_no_conflict(
    question: str, one: SentenceMatch, other: SentenceMatch
) -> None:
    assert rivals(question, one, other) == []


def test_a_sentence_far_below_the_best_one_is_no_rival() -> None:
    far = quote("The goods lift carries 900 kg.", "b", score=0.3)
    assert rivals("How much may the goods lift carry?", quote(LIFT, "a"), far) == []
