# pyright: basic
"""OpenDocument files: texts (ODT), spreadsheets (ODS) and presentations (ODP)."""

from collections.abc import Iterator

from lxml.etree import _Element as Element

from ingest.parsers.document_builder import DocumentBuilder
from ingest.parsers.opendocument.heading_numbers import HeadingNumbers
from ingest.parsers.opendocument.marks import find_hidden_pages, read_margin_marks, read_marks
from ingest.parsers.opendocument.package import Package, open_package, qualify
from ingest.parsers.opendocument.slides import write_slide
from ingest.parsers.opendocument.text import Writer, flatten, read_paragraph
from ingest.parsers.presentations.slides import warn_of_picture_slides
from ingest.parsers.source import Source
from ingest.parsers.spreadsheets.sheets import CellBudget, Row, write_sheet
from ingest.types import PageUnit, ParsedDocument

MEDIA_TYPE = "application/vnd.oasis.opendocument"

_ATTACHMENTS = (qualify("office:annotation"), qualify("draw:frame"))
_VALUES = ("string-value", "date-value", "time-value", "boolean-value", "value")
_MAX_REPEATED_CELLS = 1000


def parse_text(source: Source) -> Iterator[ParsedDocument]:
    """Yield a text document as one piece: headers and footers first, notes and boxes after their paragraph.

    Raises what `open_package` raises, and `NoTextError`.
    """
    with open_package(source, "text") as package:
        builder = DocumentBuilder()
        marks = read_marks(package.body, package.styles)
        writer = Writer(builder, package.numbered_levels, HeadingNumbers(package.styles), marks)
        margin_writer = Writer(builder, package.numbered_levels, marks=read_margin_marks(package.styles))
        for margin in _find_margins(package):
            margin_writer.write(margin)
        writer.write(package.body)
    yield builder.build(
        title=package.title,
        media_type=f"{MEDIA_TYPE}.text",
        filename=source.filename,
        warnings=package.warnings,
    )


def parse_slides(source: Source) -> Iterator[ParsedDocument]:
    """Yield a presentation as one piece: one page a slide, its title as heading and label, notes after "Notes:".

    The label says if a slide is hidden. What is struck out or hidden, and comments, are annotations.
    Raises what `open_package` raises, and `NoTextError`.
    """
    with open_package(source, "presentation") as package:
        builder = DocumentBuilder()
        marks, hidden_styles = read_marks(package.body, package.styles), find_hidden_pages(package.body)
        picture_slides = [
            number
            for number, slide in enumerate(package.body.iterchildren(qualify("draw:page")), 1)
            if not write_slide(slide, Writer(builder, package.numbered_levels, marks=marks), marks, hidden_styles)
            and next(slide.iter(qualify("draw:image")), None) is not None
        ]
    yield builder.build(
        title=package.title,
        media_type=f"{MEDIA_TYPE}.presentation",
        filename=source.filename,
        unit=PageUnit.SLIDE,
        warnings=warn_of_picture_slides(picture_slides),
    )


def parse_sheets(source: Source) -> Iterator[ParsedDocument]:
    """Yield a spreadsheet as one piece: one page a sheet, cells as shown, comments after the tables.

    Cells beyond the limit become a warning. Raises what `open_package` raises, and `NoTextError`.
    """
    with open_package(source, "spreadsheet") as package:
        builder, budget = DocumentBuilder(), CellBudget()
        for sheet in package.body.iterchildren(qualify("table:table")):
            write_sheet(sheet.get(qualify("table:name"), ""), _read_rows(sheet, budget), builder)
            for element in sheet.iter(*_ATTACHMENTS):
                text = flatten(element)
                is_comment = element.tag == qualify("office:annotation")
                builder.add_paragraph(f"Comment: {text}" if is_comment and text else text)
    yield builder.build(
        title=package.title or source.filename.rsplit(".", 1)[0],
        media_type=f"{MEDIA_TYPE}.spreadsheet",
        filename=source.filename,
        unit=PageUnit.SHEET,
        warnings=budget.warnings,
    )


def _find_margins(package: Package) -> Iterator[Element]:
    """Yield the headers and footers of the page styles, each distinct text once."""
    texts: set[str] = set()
    for page in package.styles.iter(qualify("style:master-page")) if package.styles is not None else ():
        for margin in page.iterchildren("*"):
            text = flatten(margin)
            if margin.tag.startswith((qualify("style:header"), qualify("style:footer"))) and text not in texts:
                texts.add(text)
                yield margin


def _read_rows(sheet: Element, budget: CellBudget) -> Iterator[Row]:
    """Yield the rows of a sheet; any number of consecutive empty rows is one."""
    number = 1
    for row in sheet.iter(qualify("table:table-row")):
        cells = _read_row(row)
        repeats = _read_count(row, "table:number-rows-repeated")
        for _ in range(repeats if cells else 1):
            if not budget.take(len(cells), sheet=sheet.get(qualify("table:name"), ""), row=number):
                return
            yield cells
        number += repeats


def _read_row(row: Element) -> Row:
    cells: dict[int, str] = {}
    column = 0
    for cell in row.iterchildren(qualify("table:table-cell"), qualify("table:covered-table-cell")):
        repeats = _read_count(cell, "table:number-columns-repeated")
        text = _read_cell(cell)
        if text:
            cells.update(dict.fromkeys(range(column, column + min(repeats, _MAX_REPEATED_CELLS)), text))
        column += repeats
    return cells


def _read_cell(cell: Element) -> str:
    """Return the text of a cell as shown, else its stored value."""
    shown = " ".join(read_paragraph(paragraph).text for paragraph in cell.iterchildren(qualify("text:p")))
    values = (cell.get(qualify(f"office:{kind}"), "") for kind in _VALUES)
    return " ".join(shown.split()) or next(filter(None, values), "")


def _read_count(element: Element, attribute: str) -> int:
    return max(int(element.get(qualify(attribute), "1")), 1)
