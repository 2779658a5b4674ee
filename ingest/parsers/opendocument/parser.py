# pyright: basic
"""OpenDocument files: texts (ODT), spreadsheets (ODS) and presentations (ODP)."""

from collections.abc import Iterator

from lxml.etree import _Element as Element

from ingest.parsers.document_builder import DocumentBuilder
from ingest.parsers.opendocument.heading_numbers import HeadingNumbers
from ingest.parsers.opendocument.list_levels import ListLevels, read_list_levels
from ingest.parsers.opendocument.marks import find_hidden_pages, read_margin_marks, read_marks, read_slide_marks
from ingest.parsers.opendocument.objects import describe_chart
from ingest.parsers.opendocument.package import Package, open_package, qualify
from ingest.parsers.opendocument.sheets import SheetReader
from ingest.parsers.opendocument.slides import write_slide
from ingest.parsers.opendocument.text import Writer, find_shapes, flatten, flatten_shape
from ingest.parsers.presentations.slides import warn_of_picture_slides
from ingest.parsers.source import Source
from ingest.parsers.spreadsheets.sheets import CellBudget, write_sheet
from ingest.types import PageUnit, ParsedDocument

MEDIA_TYPE = "application/vnd.oasis.opendocument"


def parse_text(source: Source) -> Iterator[ParsedDocument]:
    """Yield a text document as one piece: headers and footers first, notes and boxes after their paragraph.

    Raises what `open_package` raises, and `NoTextError`.
    """
    with open_package(source, "text") as package:
        builder = DocumentBuilder()
        marks = read_marks(package)
        list_levels = _read_list_levels(package)
        writer = Writer(builder, list_levels, HeadingNumbers(package.styles), marks)
        margin_writer = Writer(builder, list_levels, marks=read_margin_marks(package.styles))
        for margin in _find_margins(package):
            margin_writer.write(margin)
        writer.write(package.body)
    yield builder.build(
        title=package.title,
        media_type=f"{MEDIA_TYPE}.text",
        filename=source.filename,
        warnings=[*package.warnings, *marks.objects.warnings],
    )


def parse_slides(source: Source) -> Iterator[ParsedDocument]:
    """Yield a presentation as one piece: one page a slide, its title as heading and label, notes after "Notes:".

    The label says if a slide is hidden. What is struck out or hidden, and comments, are annotations.
    Raises what `open_package` raises, and `NoTextError`.
    """
    with open_package(source, "presentation") as package:
        builder = DocumentBuilder()
        marks, hidden_styles = read_slide_marks(package), find_hidden_pages(package.body)
        writer = Writer(builder, _read_list_levels(package), marks=marks, is_slide=True)
        picture_slides = [
            number
            for number, slide in enumerate(package.body.iterchildren(qualify("draw:page")), 1)
            if not write_slide(slide, writer, marks, hidden_styles)
            and next(slide.iter(qualify("draw:image")), None) is not None
        ]
    yield builder.build(
        title=package.title,
        media_type=f"{MEDIA_TYPE}.presentation",
        filename=source.filename,
        unit=PageUnit.SLIDE,
        warnings=[*package.warnings, *marks.objects.warnings, *warn_of_picture_slides(picture_slides)],
    )


def parse_sheets(source: Source) -> Iterator[ParsedDocument]:
    """Yield a spreadsheet as one piece: one page a sheet, cells as shown, comments in their cells.

    What is struck out or hidden is an annotation. Cells beyond the limit and formulas without a stored result become
    warnings. Raises what `open_package` raises, and `NoTextError`.
    """
    with open_package(source, "spreadsheet") as package:
        builder, budget = DocumentBuilder(), CellBudget()
        marks, hidden_styles = read_marks(package), _find_hidden_sheet_styles(package.body)
        for sheet in package.body.iterchildren(qualify("table:table")):
            reader = SheetReader(sheet, marks, budget)
            rows = reader.read_rows()
            is_hidden = sheet.get(qualify("table:style-name")) in hidden_styles
            write_sheet(reader.name, rows, builder, reader.find_layout(is_hidden=is_hidden))
            for shape in find_shapes(sheet):
                chart = marks.objects.find_chart(shape)
                builder.add_paragraph(flatten_shape(shape, marks) if chart is None else describe_chart(chart))
            if reader.not_computed:
                advice = "open the file in a spreadsheet program and save it"
                formulas = f"{reader.not_computed} formulas of sheet {reader.name!r}"
                budget.warnings.append(f"{formulas} have no stored result: {advice}")
    yield builder.build(
        title=package.title or source.filename.rsplit(".", 1)[0],
        media_type=f"{MEDIA_TYPE}.spreadsheet",
        filename=source.filename,
        unit=PageUnit.SHEET,
        warnings=[*package.warnings, *marks.objects.warnings, *budget.warnings],
    )


def _read_list_levels(package: Package) -> ListLevels:
    content = package.body.getroottree().getroot()
    return {**read_list_levels(package.styles), **read_list_levels(content)}


def _find_hidden_sheet_styles(body: Element) -> set[str]:
    """Return the names of the styles of sheets that are not shown."""
    return {
        properties.getparent().get(qualify("style:name"), "")
        for properties in body.getroottree().iter(qualify("style:table-properties"))
        if properties.get(qualify("table:display")) == "false"
    }


def _find_margins(package: Package) -> Iterator[Element]:
    """Yield the headers and footers of the page styles, each distinct text once."""
    texts: set[str] = set()
    for page in package.styles.iter(qualify("style:master-page")) if package.styles is not None else ():
        for margin in page.iterchildren("*"):
            text = flatten(margin)
            if margin.tag.startswith((qualify("style:header"), qualify("style:footer"))) and text not in texts:
                texts.add(text)
                yield margin
