"""Sentence and line borders."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.text.sentences import split_lines, split_sentences, split_statements


def parts(text: str, spans: list[tuple[int, int]]) -> list[str]:
    return [text[start:end] for start, end in spans]


def test_abbreviations_and_decimals_do_not_end_a_sentence() -> None:
    text = "Dr. Smith paid $3.50 for it. See Fig. 2 on page 4."
    assert parts(text, split_sentences(text)) == ["Dr. Smith paid $3.50 for it.", "See Fig. 2 on page 4."]


def test_a_line_break_inside_a_sentence_does_not_end_it() -> None:
    text = "The pump must be\ninspected every year. It is old."
    assert parts(text, split_sentences(text)) == ["The pump must be\ninspected every year.", "It is old."]


def test_every_list_item_is_a_sentence_of_its_own() -> None:
    text = "Bring these:\n- a torch\n- a spare fuse\n2. the key"
    assert parts(text, split_sentences(text)) == ["Bring these:", "- a torch", "- a spare fuse", "2. the key"]


@pytest.mark.parametrize(
    "sentence",
    [
        "Das Treffen findet am 11. Juni in Bonn statt.",
        "Der 3. Oktober ist frei.",
        "§ 4 Abs. 2 wird wie folgt geändert.",
        "Siehe Nr. 5 und Art. 7 des Vertrags.",
        "O art. 5.º é alterado.",
    ],
)
def test_german_dates_and_numbers_of_clauses_do_not_end_a_statement(sentence: str) -> None:
    text = f"Hallo. {sentence} Bis 2025. Danke."
    assert parts(text, split_statements(text)) == ["Hallo.", sentence, "Bis 2025.", "Danke."]


def test_lines_are_the_rows_of_a_table() -> None:
    text = "name | price\n\npump | 12\n"
    assert parts(text, split_lines(text)) == ["name | price", "pump | 12"]


@given(st.text(max_size=300))
def test_sentences_and_lines_are_in_order_and_lose_no_character(text: str) -> None:
    for spans in (split_sentences(text), split_statements(text), split_lines(text)):
        assert all(start < end for start, end in spans)
        assert all(first[1] <= second[0] for first, second in itertools.pairwise(spans))
        covered = "".join(parts(text, spans))
        assert "".join(covered.split()) == "".join(text.split())
