"""What can stand as a quote, and where a heading ends and a sentence begins."""

from collections.abc import Callable

import pytest

from ingest.parsers.document_builder import DocumentBuilder
from ingest.types import Heading, ParsedDocument
from rag.grounding.evidence import split_chunk
from rag.grounding.quotable import select_quotable, states_something
from tests.rag.tables_world import LAB, make_document, store_chunks


def write_page(title: str, *lines: str) -> ParsedDocument:
    """Return a page whose heading stands right above its text, as a PDF has it."""
    builder = DocumentBuilder()
    builder.add_paragraph("\n".join([title, *lines]))
    document = builder.build(title="Handbook", media_type="text/plain", filename="h.txt")
    return ParsedDocument(
        document.title, document.media_type, document.text, document.pages, headings=(Heading(1, title, 0),)
    )


@pytest.mark.parametrize(
    ("title", "lines", "sentences"),
    [
        ("Porter 2", ["The Porter 2 is a bicycle."], ["Porter 2", "The Porter 2 is a bicycle."]),
        ("1. Rail", ["Staff travel in second class."], ["1. Rail", "Staff travel in second class."]),
        (
            "§ 7 Kündigung",
            ["Die Frist beträgt sechs", "Monate."],
            ["§ 7 Kündigung", "Die Frist beträgt sechs\nMonate."],
        ),
        ("Who leads what", ["Maud leads. Tobias left."], ["Who leads what", "Maud leads.", "Tobias left."]),
        ("Article 5 : perte", ["Un forfait est dû."], ["Article 5 : perte", "Un forfait est dû."]),
        ("A (very) odd+title?", ["It is odd."], ["A (very) odd+title?", "It is odd."]),
        ("Opening hours", ["Opening hours are short."], ["Opening hours", "Opening hours are short."]),
        ("Opening", ["The opening", "is wide."], ["Opening", "The opening\nis wide."]),
    ],
)
def test_a_heading_is_no_part_of_the_sentence_below_it(title: str, lines: list[str], sentences: list[str]) -> None:
    document = write_page(title, *lines)
    matches = [match for stored in store_chunks(document) for match in split_chunk(stored)]
    assert [match.text for match in matches] == sentences
    assert [document.text[match.start : match.end] for match in matches] == sentences
    assert [match.text for match in select_quotable(matches)] == sentences[1:]


@pytest.mark.parametrize(
    "write",
    [
        lambda builder: builder.add_heading(2, "How long is the delivery time?"),
        lambda builder: builder.add_paragraph("How long is the delivery time?"),
        lambda builder: builder.add_paragraph("Wie lange dauert die Lieferung?"),
        lambda builder: builder.add_paragraph("¿Cuánto dura la entrega?"),
        lambda builder: builder.add_heading(1, "Buying"),
        lambda builder: builder.add_heading(3, "Delivery  and\n returns"),
        lambda builder: builder.add_paragraph("4."),
        lambda builder: builder.add_paragraph("(iv)"),
    ],
)
def test_headings_questions_and_numbers_of_items_state_nothing(write: Callable[[DocumentBuilder], None]) -> None:
    builder = DocumentBuilder()
    write(builder)
    builder.add_paragraph("A bicycle is delivered within four weeks.")
    chunks = store_chunks(builder.build(title="Questions", media_type="text/plain", filename="q.txt"))
    matches = [match for stored in chunks for match in split_chunk(stored)]
    assert len(matches) == 2
    assert [match.text for match in select_quotable(matches)] == ["A bicycle is delivered within four weeks."]


def test_the_header_of_a_table_states_nothing_and_its_rows_do() -> None:
    matches = [match for stored in store_chunks(make_document(LAB)) for match in split_chunk(stored)]
    assert [states_something(match) for match in matches] == [False, *[True] * (len(LAB) - 1)]


def test_what_is_all_there_is_can_be_quoted() -> None:
    document = make_document([["Analyte", "Result"]], header_rows=0)
    matches = [match for stored in store_chunks(write_page("Only a heading")) for match in split_chunk(stored)]
    assert select_quotable(matches) == matches
    assert select_quotable([]) == []
    assert document.text == "Analyte | Result"
