"""Whether a quote answers: values of the type that is asked for, labels, order and verdict."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.types import BlockKind, Chunk, StoredChunk
from rag.grounding.answer_ranking import is_label, rank_by_answer_type
from rag.grounding.answer_values import has_value
from rag.grounding.answer_verdict import ANSWERING_SCORE, judge_quote, judge_quotes
from rag.grounding.conditions import Conditions
from rag.grounding.evidence import SentenceMatch
from rag.questions.answer_type import AnswerType

VALUES: list[tuple[AnswerType, str, bool]] = [
    ("time", "The trial ends on 31 May.", True),
    ("time", "It was built in the 1990s.", True),
    ("time", "The canteen closes at 13:30.", True),
    ("time", "Die Sitzung ist am Montag.", True),
    ("time", "La réunion a lieu le 3 mars.", True),
    ("time", "The proposal was rejected.", False),
    ("time", "Payment is due within 14 days of delivery.", True),
    ("time", "Nach sechs Monaten werden sie gelöscht.", True),
    ("quantity", "Version 2.0, valid from 1 October 2025", False),
    ("quantity", "Five places are booked.", True),
    ("quantity", "The fee is 4,150 EUR.", True),
    ("quantity", "Es sind 30 Tage.", True),
    ("quantity", "2. Forklift training", False),
    ("quantity", "Der Schalter öffnet um 9 Uhr.", False),
    ("quantity", "A second workshop opened in 2018.", False),
    ("quantity", "It was signed on 5 March 2026.", False),
    ("quantity", "At the end of 2025 it had 138 employees.", True),
    ("quantity", "It happened around a billion years ago.", True),
    ("quantity", "They sold 2,010 of them.", True),
    ("quantity", "30 days of leave are given.", True),
    ("quantity", "Visitors park outside.", False),
    ("quantity", "The desk is open from 09:00 to 13:00.", False),
    ("quantity", "It was built in 1984, on 5 May.", False),
    ("quantity", "In 2025 the company had 61 employees.", True),
    ("person", "The budget is approved by Ines Marek.", True),
    ("person", "Nobody knows it.", False),
    ("email", "Write to ines@example.org.", True),
    ("email", "Write to Ines Marek.", False),
    ("phone", "The hotline is +32 (0)16 55 08 91.", True),
    ("phone", "Call 555-123-4567.", True),
    ("phone", "Ruf 030 1234567 an.", True),
    ("phone", "The account is BE71 0961 2345 6769.", False),
    ("phone", "On 5 March 2026 it cost 1,250,000 euros.", False),
    ("url", "See https://example.org/help.", True),
    ("url", "See the handbook.", False),
    ("number", "VAT BE0123456789", True),
    ("number", "VAT is paid monthly", False),
    ("yes or no", "Smoking is forbidden.", True),
]


@pytest.mark.parametrize(("kind", "sentence", "has_it"), VALUES)
def test_a_value_is_known_by_its_form(kind: AnswerType, sentence: str, *, has_it: bool) -> None:
    assert has_value(sentence, kind) == has_it


def matches(
    *texts: str, scores: tuple[float, ...], kind: BlockKind = BlockKind.PROSE, context: str = "Minutes"
) -> list[SentenceMatch]:
    """Return the sentences of one chunk, in order."""
    text = "\n".join(texts)
    stored = StoredChunk(1, "c", "f", "a.txt", "a.txt", Chunk(0, len(text), text, 1, 1, kind, (), context))
    ends = [-1]
    for part in texts:
        ends.append(ends[-1] + 1 + len(part))
    return [
        SentenceMatch(stored, before + 1, end, score)
        for (before, end), score in zip(pairwise(ends), scores, strict=True)
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Forklift training", True),
        ("2.", True),
        ("What must visitors wear?", True),
        ("Qui doit signer ?", True),
        ("Minutes", True),
        ("Anhang und Anlagen", True),
        ("Decision: five places are booked.", False),
        ("Total due 412.00 EUR", False),
        ("- Safety shoes", False),
        ("The canteen stays open", True),
        ("E-1204 | Air pressure", False),
    ],
)
def test_headings_questions_and_bare_numbers_are_labels(text: str, *, expected: bool) -> None:
    (match,) = matches(text, scores=(0.5,))
    assert is_label(match) == expected


def test_a_heading_gives_its_place_to_what_stands_below_it() -> None:
    sentences = matches(
        "Approved without changes.",
        "Forklift training",
        "Decision: five places are booked.",
        "Canteen",
        "It closes early.",
        scores=(0.4, 0.7, 0.35, 0.2, 0.3),
    )
    ranked = [match.text for match in rank_by_answer_type(sentences, None)]
    assert ranked[0] == "Decision: five places are booked."
    assert ranked.index("Approved without changes.") < ranked.index("It closes early.")


@pytest.mark.parametrize(
    ("kind", "best"),
    [
        ("time", "The trial of the bus ends on 31 May."),
        ("quantity", "The bus had 41 riders."),
        (None, "The bus is run by the city of no name."),
    ],
)
def test_among_near_equal_sentences_one_with_a_value_comes_first(kind: AnswerType | None, best: str) -> None:
    sentences = matches(
        "The bus is run by the city of no name.",
        "The bus had 41 riders.",
        "The trial of the bus ends on 31 May.",
        scores=(0.60, 0.57, 0.56),
    )
    order = rank_by_answer_type(sentences, kind)
    assert order[0].text == best or (kind == "quantity" and has_value(order[0].text, kind))


def test_a_value_does_not_make_up_for_a_much_lower_score() -> None:
    sentences = matches("The bus is run by the city of no name.", "It ends on 31 May.", scores=(0.6, 0.4))
    assert rank_by_answer_type(sentences, "time") == sentences


@given(scores=st.lists(st.floats(0, 1), min_size=1, max_size=8), kind=st.sampled_from(["time", "quantity", None]))
def test_ranking_keeps_every_sentence_and_its_score(scores: list[float], kind: AnswerType | None) -> None:
    sentences = matches(*(f"Sentence {number} says so." for number in range(len(scores))), scores=tuple(scores))
    ranked = rank_by_answer_type(sentences, kind)
    assert sorted(ranked, key=lambda match: match.start) == sentences


@pytest.mark.parametrize(
    ("kind", "text", "score", "verdict"),
    [
        ("time", "The trial ends on 31 May.", 0.8, "answers"),
        ("time", "The trial is about the bus.", 0.8, "may answer"),
        ("time", "The trial ends on 31 May.", 0.5, "answers"),
        ("time", "The trial ends on 31 May.", 0.4, "may answer"),
        (None, "The proposal was rejected.", 0.5, "may answer"),
        ("quantity", "Forklift training", 0.9, "may answer"),
        ("person", "The night bus is run by the city.", 0.7, "answers"),
        (None, "What was decided?", 0.9, "may answer"),
        (None, "The proposal was rejected.", 0.7, "answers"),
    ],
)
def test_a_quote_answers_if_it_is_near_and_has_a_value(
    kind: AnswerType | None, text: str, score: float, verdict: str
) -> None:
    (match,) = matches(text, scores=(score,))
    assert judge_quote(match, Conditions(answer_type=kind)) == verdict


def test_an_answer_is_as_good_as_its_best_quote_and_none_without_a_quote() -> None:
    quotes = matches("The trial ends.", "It failed.", scores=(ANSWERING_SCORE, 0.2))
    assert judge_quotes(quotes, Conditions()) == "answers"
    assert judge_quotes(quotes[1:], Conditions()) == "may answer"
    assert judge_quotes([], Conditions()) == "does not answer"


@given(low=st.floats(0, 1), high=st.floats(0, 1))
def test_a_higher_score_never_makes_the_verdict_worse(low: float, high: float) -> None:
    low, high = sorted((low, high))
    (worse,), (better,) = matches("It failed.", scores=(low,)), matches("It failed.", scores=(high,))
    order = ["may answer", "answers"]
    assert order.index(judge_quote(worse, Conditions())) <= order.index(judge_quote(better, Conditions()))


@pytest.mark.parametrize(
    ("line", "is_a_label"),
    [
        ("Opening hours of the desk", True),
        ("Present: Anneke Voss (chair), Luca Ferri", False),
        ("by Marit Solheim and Jonas Reck", False),
        ("- Obermoser KG, cleaning agents", False),
    ],
)
def test_a_field_an_item_and_a_byline_are_no_labels(line: str, is_a_label: bool) -> None:
    chunk = Chunk(0, len(line), line, 1, 1, BlockKind.PROSE, (), "")
    match = SentenceMatch(StoredChunk(1, "c", "f", "a.txt", "a.txt", chunk), 0, len(line), 0.5)
    assert is_label(match) == is_a_label
