"""A document built piece by piece, on several pages."""

import pytest

from ingest.errors import NoTextError
from ingest.parsers.assembly import TextAssembly
from ingest.types import Heading, Page, PageUnit, ParsedDocument


def test_pages_are_apart_and_keep_their_labels_and_offsets() -> None:
    assembly = TextAssembly(first_page=3)
    assembly.begin_page("May\n report")
    assembly.paragraph("ebb")
    assembly.begin_page()
    assembly.begin_page("June")
    assembly.heading(1, "Flood")
    assembly.paragraph("high")
    assert assembly.next_page == 6
    document = assembly.build(title="", media_type="x/y", filename="a.b", unit=PageUnit.SHEET, total_pages=9)
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
    assembly = TextAssembly()
    assembly.paragraph("ebb")
    assert assembly.build(title="", media_type="x/y", filename="a.b").pages == (Page(1, 0, 3),)


def test_text_before_the_first_page_is_a_slip() -> None:
    assembly = TextAssembly()
    assembly.paragraph("ebb")
    with pytest.raises(ValueError, match="first page"):
        assembly.begin_page()


def test_pages_without_any_text_are_no_document() -> None:
    assembly = TextAssembly()
    assembly.begin_page("empty")
    with pytest.raises(NoTextError):
        assembly.build(title="", media_type="x/y", filename="a.b")
