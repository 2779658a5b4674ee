"""Verdicts on sentences against quotes."""

import pytest

from rag.checking import check

QUOTE = "The pump must be serviced every 12 months by a certified engineer."


@pytest.mark.parametrize(
    ("sentence", "verdict"),
    [
        ("The pump must be serviced every 12 months.", "supported"),
        ("A certified engineer services the pump every 12 months.", "supported"),
        ("The pump must be serviced every 18 months.", "unsupported"),
        ("The pump must be serviced by the certified engineer Miller.", "partly"),
        ("The pump must not be serviced by a certified engineer.", "partly"),
        ("Lunch is served at noon.", "unsupported"),
        ("The lunch break takes 45 minutes in every hall of the pump house.", "unsupported"),
    ],
)
def test_a_sentence_is_judged_by_its_words_numbers_and_negation(sentence: str, verdict: str) -> None:
    assert check(sentence, QUOTE, similarity=0.4).verdict == verdict


def test_every_missing_number_is_named() -> None:
    assert check("It takes 18 months and 3 engineers.", QUOTE, 0.6).reasons[:2] == (
        "18 is not in the quote",
        "3 is not in the quote",
    )


def test_a_supported_sentence_needs_no_reason() -> None:
    assert check(QUOTE, QUOTE, 1.0).reasons == ()


@pytest.mark.parametrize(
    ("said", "written"), [("1,5 litres", "15 litres"), ("20 degrees", "-20 degrees"), ("3.5 bar", "35 bar")]
)
def test_numbers_that_only_look_alike_are_not_the_same(said: str, written: str) -> None:
    assert check(f"The tank has {said}.", f"The tank has {written}.", 0.9).verdict == "unsupported"


def test_a_part_number_is_no_negation() -> None:
    assert check("Order part No. 17 today.", "Order part 17 today.", 0.9).verdict == "supported"


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("1000 litres", "1,000 litres"),
        ("7 litres", "07 litres"),
        ("2.5 bar", "2.50 bar"),
        ("1500 m", "1.500 m"),
        ("1,5 l", "1.5 l"),
    ],
)
def test_a_number_is_the_same_however_it_is_written(said: str, written: str) -> None:
    assert check(f"The tank holds {said}.", f"The tank holds {written}.", 0.9).verdict == "supported"


def test_similar_words_alone_are_not_enough() -> None:
    assert check("Employees rest on Sundays.", "Workers pause each weekend.", 0.8).verdict == "partly"
