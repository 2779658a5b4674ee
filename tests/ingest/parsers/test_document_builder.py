"""The document builder: text, pages, headings and blocks."""

import pytest

from ingest.errors import NoTextError
from ingest.parsers.document_builder import DocumentBuilder
from ingest.types import Heading, Page, PageUnit, ParsedDocument


def test_pages_are_apart_and_keep_their_labels_and_offsets() -> None:
    builder = DocumentBuilder(first_page=3)
    builder.begin_page("May\n report")
    builder.add_paragraph("ebb")
    builder.begin_page()
    builder.begin_page("June")
    builder.add_heading(1, "Flood")
    builder.add_paragraph("high")
    assert builder.next_page == 6
    document = builder.build(title="", media_type="x/y", filename="a.b", unit=PageUnit.SHEET, total_pages=9)
    assert document == ParsedDocument(
        title="Flood",
        media_type="x/y",
        text="ebb\n\nFlood\n\nhigh",
        pages=(Page(3, 0, 3, label="May report"), Page(4, 3, 3), Page(5, 5, 16, label="June")),
        headings=(Heading(1, "Flood", 5),),
        unit=PageUnit.SHEET,
        total_pages=9,
    )


def test_all_is_one_page_where_none_is_begun() -> None:
    builder = DocumentBuilder()
    builder.add_paragraph("ebb")
    assert builder.build(title="", media_type="x/y", filename="a.b").pages == (Page(1, 0, 3),)


def test_text_before_the_first_page_is_a_slip() -> None:
    builder = DocumentBuilder()
    builder.add_paragraph("ebb")
    with pytest.raises(ValueError, match="first page"):
        builder.begin_page()


def test_pages_without_any_text_are_no_document() -> None:
    builder = DocumentBuilder()
    builder.begin_page("empty")
    with pytest.raises(NoTextError):
        builder.build(title="", media_type="x/y", filename="a.b")


def test_a_document_is_added_with_its_headings_and_tables() -> None:
    inner = DocumentBuilder()
    inner.add_heading(1, "Prices")
    inner.add_table([["Hall", "Rent"], ["North", "90"]], header_rows=1)
    builder = DocumentBuilder()
    builder.add_paragraph("Before.")
    builder.add_document(inner.build(title="", media_type="", filename=""))
    document = builder.build(title="", media_type="", filename="a")
    assert document.text == "Before.\n\nPrices\n\nHall | Rent\nNorth | 90"
    assert [(heading.title, heading.start) for heading in document.headings] == [("Prices", 9)]
    (table,) = document.blocks
    assert document.text[table.start : table.header_end] == "Hall | Rent"
    assert document.text[table.header_end : table.end] == "\nNorth | 90"
