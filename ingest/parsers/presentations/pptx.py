# pyright: basic
"""PowerPoint presentations (PPTX): one page a slide, with its speaker notes (the adapter of `python-pptx`)."""

from collections.abc import Iterator
from typing import Any

import pptx
from lxml.etree import _Element as Element
from pptx.enum.shapes import PP_PLACEHOLDER
from pptx.exc import PythonPptxError
from pptx.oxml.ns import qn
from pptx.slide import Slide

from ingest.errors import UnsupportedFormatError
from ingest.parsers.containers import open_container, parse_xml, translate_errors
from ingest.parsers.document_builder import DocumentBuilder, clean_title
from ingest.parsers.formats import SUPPORTED
from ingest.parsers.presentations.slides import sort_in_reading_order, warn_of_picture_slides
from ingest.parsers.source import Source
from ingest.types import PageUnit, ParsedDocument

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.presentationml.presentation"

_EMU_PER_CM = 360_000
_COMPATIBILITY = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_BULLETS = (qn("a:buChar"), qn("a:buAutoNum"), qn("a:buBlip"))
_DIAGRAM = "/diagramData"
_COMMENTS = "/comments"
_SLIDE_SHOW = "presentationml.slideshow"


def parse(source: Source) -> Iterator[ParsedDocument]:
    """Yield a presentation as one piece.

    The title of a slide is a heading and the label of its page; shapes follow by position, then notes after "Notes:".
    Raises what `open_container` raises, `DamagedFileError`, `NoTextError`.
    """
    with translate_errors(source.filename, PythonPptxError):
        presentation = _open_presentation(source)
        builder = DocumentBuilder()
        picture_slides = [
            number
            for number, slide in enumerate(presentation.slides, 1)
            if not _write_slide(slide, builder) and next(slide._element.iter(qn("p:pic")), None) is not None
        ]
        title = clean_title(presentation.core_properties.title)
    yield builder.build(
        title=title,
        media_type=MEDIA_TYPE,
        filename=source.filename,
        unit=PageUnit.SLIDE,
        warnings=warn_of_picture_slides(picture_slides),
    )


def _open_presentation(source: Source) -> Any:
    with open_container(source.path, source.filename) as archive:
        if _SLIDE_SHOW.encode() in archive.read("[Content_Types].xml"):
            name = "PowerPoint slide show (PPSX)"
            raise UnsupportedFormatError(filename=source.filename, format_name=name, supported=SUPPORTED)
    return pptx.Presentation(str(source.path))


def _write_slide(slide: Slide, builder: DocumentBuilder) -> bool:
    """Add a slide; return whether it has any text."""
    length = builder.length
    _choose_alternatives(slide._element)
    title = slide.shapes.title
    name = " ".join(title.text_frame.text.split()) if title is not None else ""
    builder.begin_page(name)
    builder.add_heading(1, name)
    rest = [shape for shape in slide.shapes if title is None or shape.shape_id != title.shape_id]
    for shape in sort_in_reading_order(rest, _read_position):
        _write_shape(shape, builder)
    if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
        notes = slide.notes_slide.notes_text_frame.text.replace("\v", "\n")
        builder.add_paragraph(f"Notes:\n{notes}" if notes.strip() else "")
    for comment in _find_comments(slide):
        builder.add_paragraph(f"Comment: {comment}")
    return builder.length > length


def _choose_alternatives(root: Element) -> None:
    """Replace `mc:AlternateContent` (ECMA-376 part 3) by its first choice, which `python-pptx` does not look into."""
    for alternatives in list(root.iter(f"{_COMPATIBILITY}AlternateContent")):
        for chosen in list(next(alternatives.iterchildren(), ())):
            alternatives.addprevious(chosen)
        alternatives.getparent().remove(alternatives)


def _read_position(shape: Any) -> tuple[float, float]:
    return (shape.top or 0) / _EMU_PER_CM, (shape.left or 0) / _EMU_PER_CM


def _write_shape(shape: Any, builder: DocumentBuilder) -> None:
    if shape.is_placeholder and shape.placeholder_format.type == PP_PLACEHOLDER.SLIDE_NUMBER:
        return
    if hasattr(shape, "shapes"):
        for inner in sort_in_reading_order(shape.shapes, _read_position):
            _write_shape(inner, builder)
    elif shape.has_text_frame:
        builder.add_paragraph("\n".join(_read_lines(shape.text_frame)))
    elif shape.has_table:
        rows = [["" if cell.is_spanned else cell.text for cell in row.cells] for row in shape.table.rows]
        builder.add_table(rows, header_rows=int(shape.table.first_row))
    elif shape.has_chart:
        _write_chart(shape.chart, builder)
    else:
        _write_diagram(shape, builder)


def _read_lines(frame: Any) -> Iterator[str]:
    """Yield the paragraphs of a text box that are not blank, list items with their marker and indent."""
    for paragraph in frame.paragraphs:
        text = paragraph.text.replace("\v", "\n")
        properties = paragraph._p.pPr
        is_item = properties is not None and any(properties.find(tag) is not None for tag in _BULLETS)
        if text.strip():
            yield f"{'  ' * paragraph.level}{'- ' if is_item else ''}{text}"


def _write_chart(chart: Any, builder: DocumentBuilder) -> None:
    """Add a chart's title, and its numbers as a table."""
    if chart.has_title and chart.chart_title.has_text_frame:
        builder.add_paragraph(chart.chart_title.text_frame.text)
    for plot in chart.plots:
        series = list(plot.series)
        names = [str(name) for name in plot.categories] or [str(n + 1) for n in range(_count_points(series))]
        rows = [[name, *(_format_number(one.values, n) for one in series)] for n, name in enumerate(names)]
        builder.add_table([["", *(str(one.name) for one in series)], *rows], header_rows=1)


def _count_points(series: list[Any]) -> int:
    return max((len(one.values) for one in series), default=0)


def _format_number(values: Any, index: int) -> str:
    value = values[index] if index < len(values) else None
    return "" if value is None else f"{value:.15g}"


def _find_comments(slide: Slide) -> Iterator[str]:
    """Yield the comments on a slide and their replies, legacy and threaded ones."""
    for relation in slide.part.rels.values():
        if relation.reltype.endswith(_COMMENTS) and not relation.is_external:
            for element in parse_xml(relation.target_part.blob).iter("{*}text", "{*}txBody"):
                yield " ".join("".join(element.itertext()).split())


def _write_diagram(shape: Any, builder: DocumentBuilder) -> None:
    """Add the text of a SmartArt diagram, which is in a part of its own."""
    identifiers = {value for element in shape._element.iter() for value in element.attrib.values()}
    for identifier, relation in shape.part.rels.items():
        if identifier in identifiers and relation.reltype.endswith(_DIAGRAM) and not relation.is_external:
            for paragraph in parse_xml(relation.target_part.blob).iter(qn("a:p")):
                builder.add_paragraph("".join(text.text or "" for text in paragraph.iter(qn("a:t"))), separator="\n")
