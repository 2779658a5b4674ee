"""Quotes as answers show them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.parsers.document_builder import DocumentBuilder
from rag.grounding.evidence import SentenceMatch
from rag.grounding.shown_quote import show_prose, unwrap_lines
from tests.rag.tables_world import store_chunks


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("The desk in Stennick is\nopen on Saturdays.", "The desk in Stennick is open on Saturdays."),
        ("A ship may\ndischarge at night if the wind is low.", "A ship may discharge at night if the wind is low."),
        ("39 in Marrowby and 18 in\nStennick.", "39 in Marrowby and 18 in Stennick."),
        ("a long-\nterm contract", "a long-term contract"),
        ("from 9 -\nten", "from 9 - ten"),
        ("Weir Lane 12\nOrrindale\nA country of a long name", "Weir Lane 12\nOrrindale\nA country of a long name"),
        ("Die Frist beträgt\n\nsechs Monate.", "Die Frist beträgt sechs Monate."),
        ("Chapter 1, Rail, page 3\nChapter 2, Air, page 4", "Chapter 1, Rail, page 3\nChapter 2, Air, page 4"),
        ("one line", "one line"),
        ("", ""),
    ],
)
def test_the_breaks_of_the_page_are_gone_and_those_of_the_text_stay(text: str, shown: str) -> None:
    assert unwrap_lines(text) == shown


@given(st.text("ab-A \n.", max_size=60))
def test_no_word_is_lost_and_no_blank_line_stays(text: str) -> None:
    shown = unwrap_lines(text)
    assert "".join(shown.split()) == "".join(text.split())
    assert "\n\n" not in shown
    assert unwrap_lines(shown) == shown or "\n" in shown


def test_a_sentence_that_begins_within_a_line_knows_how_long_the_line_is() -> None:
    text = (
        "Every shift begins with a round of the quay. It ends with\nA second round, which the foreman enters in a book."
    )
    builder = DocumentBuilder()
    builder.add_paragraph(text)
    (stored,) = store_chunks(builder.build(title="t", media_type="text/plain", filename="t.txt"))
    match = SentenceMatch(stored, text.index("It ends"), len(text), 1.0)
    assert show_prose(match).text == "It ends with A second round, which the foreman enters in a book."
    assert match.text == text[text.index("It ends") :]
