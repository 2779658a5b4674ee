# pyright: basic
"""PowerPoint presentations (PPTX): one page a slide, with its speaker notes (the adapter of `python-pptx`)."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pptx
from lxml.etree import _Element as Element
from pptx.enum.shapes import PP_PLACEHOLDER
from pptx.exc import PythonPptxError
from pptx.oxml.ns import qn
from pptx.slide import Slide

from ingest.errors import UnsupportedFormatError
from ingest.parsers.boxes import is_outside
from ingest.parsers.containers import open_container, parse_xml, translate_errors
from ingest.parsers.document_builder import DocumentBuilder, clean_title
from ingest.parsers.formats import SUPPORTED
from ingest.parsers.office_charts import read_chart, read_texts, write_chart
from ingest.parsers.presentations.comments import read_authors, read_comments
from ingest.parsers.presentations.placeholders import find_list_styles
from ingest.parsers.presentations.shape_text import Paragraph, flatten_body, read_paragraphs
from ingest.parsers.presentations.slide_colors import NO_COLORS, SlideColors, read_slide_colors
from ingest.parsers.presentations.slide_tables import write_table
from ingest.parsers.presentations.slides import sort_in_reading_order, warn_of_picture_slides
from ingest.parsers.source import Source
from ingest.text.annotations import annotate_hidden
from ingest.text.pictures import describe_picture
from ingest.types import HiddenReason, PageUnit, ParsedDocument

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.presentationml.presentation"

_EMU_PER_CM = 360_000
_COMPATIBILITY = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_EXTENDED_CHART = "/chartEx"
_DIAGRAM = "/diagramData"
_SLIDE_SHOW = "presentationml.slideshow"
_ON, _OFF = ("1", "true"), ("0", "false")


def parse(source: Source) -> Iterator[ParsedDocument]:
    """Yield a presentation as one piece.

    The title of a slide is a heading and the label of its page, which says if the slide is hidden; shapes follow by
    position, then notes after "Notes:". What is struck out or hidden, and comments, are annotations.
    Raises what `open_container` raises, `DamagedFileError`, `NoTextError`.
    """
    with translate_errors(source.filename, PythonPptxError):
        presentation = _open_presentation(source)
        builder = DocumentBuilder()
        authors = read_authors(presentation)
        size = (presentation.slide_width or 0, presentation.slide_height or 0)
        picture_slides = [
            number
            for number, slide in enumerate(presentation.slides, 1)
            if not _SlideWriter(builder, authors, size).write(slide)
            and next(slide._element.iter(qn("p:pic")), None) is not None
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


class _SlideWriter:
    """Adds a slide to a document."""

    def __init__(self, builder: DocumentBuilder, authors: Mapping[str, str], slide_size: tuple[int, int]) -> None:
        self._builder = builder
        self._authors = authors
        self._has_text = False
        self._colors = NO_COLORS
        self._slide_size = slide_size

    def write(self, slide: Slide) -> bool:
        """Add a slide; return whether it has any text besides the descriptions of its pictures."""
        _choose_alternatives(slide._element)
        title = slide.shapes.title
        self._colors = read_slide_colors(slide)
        paragraphs = list(self._read_title(title)) if title is not None else []
        name = " ".join(" ".join(paragraph.text for paragraph in paragraphs).split())
        self._builder.begin_page(name, hidden=HiddenReason.SLIDE if slide._element.get("show") in _OFF else None)
        self._builder.add_heading(1, name)
        self._add(" ".join(note for paragraph in paragraphs for note in paragraph.annotations))
        self._has_text = self._has_text or bool(name)
        rest = [shape for shape in slide.shapes if title is None or shape.shape_id != title.shape_id]
        for shape in sort_in_reading_order(rest, _read_position):
            self._write_shape(shape)
        if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
            notes = "\n".join(_read_lines(slide.notes_slide.notes_text_frame._txBody))
            self._add(f"Notes:\n{notes}" if notes else "")
        for comment in read_comments(slide, self._authors):
            self._add(comment)
        return self._has_text

    def _add(self, text: str) -> None:
        self._builder.add_paragraph(text)
        self._has_text = self._has_text or bool(text.strip())

    def _write_shape(self, shape: Any) -> None:
        if shape.is_placeholder and shape.placeholder_format.type == PP_PLACEHOLDER.SLIDE_NUMBER:
            return
        properties = shape._element.find(f".//{qn('p:cNvPr')}")
        reason = HiddenReason.SHAPE if properties is not None and properties.get("hidden") in _ON else None
        reason = reason or (HiddenReason.OFF_PAGE if _is_off_slide(shape, self._slide_size) else None)
        if reason is not None:
            texts = (flatten_body(body) for body in shape._element.iter(qn("p:txBody"), qn("a:txBody")))
            self._add(annotate_hidden(reason, " ".join(filter(None, texts))))
            return
        length = self._builder.length
        if hasattr(shape, "shapes"):
            for inner in sort_in_reading_order(shape.shapes, _read_position):
                self._write_shape(inner)
        else:
            self._write_content(shape)
        self._has_text = self._has_text or self._builder.length > length
        if not shape.has_text_frame and properties is not None:
            self._builder.add_paragraph(_describe(properties))

    def _write_content(self, shape: Any) -> None:
        if shape.has_text_frame:
            body, styles = shape.text_frame._txBody, find_list_styles(shape)
            self._builder.add_paragraph("\n".join(_read_lines(body, styles, self._find_colors(shape, body, styles))))
        elif shape.has_table:
            write_table(shape.table._tbl, self._builder, has_header=bool(shape.table.first_row))
        elif shape.has_chart:
            write_chart(read_chart(shape.chart.part._element), self._builder)
        else:
            _write_diagram(shape, self._builder)

    def _read_title(self, title: Any) -> Iterator[Paragraph]:
        body, styles = title._element.txBody, find_list_styles(title)
        return read_paragraphs(body, styles, self._find_colors(title, body, styles))

    def _find_colors(self, shape: Any, body: Element, styles: Sequence[Element]) -> SlideColors:
        """Return the colours for the text of a shape; what is behind it matters only if the text has a colour."""
        is_colored = any(True for part in (body, *styles) for _ in part.iter(qn("a:solidFill")))
        return self._colors.behind(shape) if is_colored else self._colors


def _is_off_slide(shape: Any, slide_size: tuple[int, int]) -> bool:
    """Whether a shape, which is no part of a group, is outside of the slide."""
    left, top, width, height = shape.left, shape.top, shape.width, shape.height
    if None in (left, top, width, height) or shape._element.getparent().tag != qn("p:spTree"):
        return False
    return is_outside((left, top, left + width, top + height), *slide_size)


def _choose_alternatives(root: Element) -> None:
    """Replace `mc:AlternateContent` (ECMA-376 part 3) by its first choice, which `python-pptx` does not look into."""
    for alternatives in list(root.iter(f"{_COMPATIBILITY}AlternateContent")):
        for chosen in list(next(alternatives.iterchildren(), ())):
            alternatives.addprevious(chosen)
        alternatives.getparent().remove(alternatives)


def _read_position(shape: Any) -> tuple[float, float]:
    return (shape.top or 0) / _EMU_PER_CM, (shape.left or 0) / _EMU_PER_CM


def _read_lines(body: Element, inherited: Sequence[Element] = (), colors: SlideColors = NO_COLORS) -> Iterator[str]:
    """Yield the paragraphs of a text body that are not blank, list items with their marker and indent."""
    for paragraph in read_paragraphs(body, inherited, colors):
        marker = f"{paragraph.marker} " if paragraph.marker else ""
        yield f"{'  ' * paragraph.level}{marker}{paragraph.format_line()}"


def _describe(properties: Element) -> str:
    """Return the alternative text of a picture, chart or group; empty without one and for decoration."""
    decoration = next(properties.iter("{*}decorative"), None)
    if decoration is not None and decoration.get("val") in _ON:
        return ""
    return describe_picture(properties.get("descr") or properties.get("title") or "")


def _write_diagram(shape: Any, builder: DocumentBuilder) -> None:
    """Add the text of a SmartArt diagram or an extended chart, which is in a part of its own."""
    identifiers = {value for element in shape._element.iter() for value in element.attrib.values()}
    for identifier, relation in shape.part.rels.items():
        if identifier not in identifiers or relation.is_external:
            continue
        if relation.reltype.endswith(_EXTENDED_CHART):
            write_chart(read_chart(parse_xml(relation.target_part.blob)), builder)
        elif relation.reltype.endswith(_DIAGRAM):
            for text in read_texts(parse_xml(relation.target_part.blob)):
                builder.add_paragraph(text, separator="\n")
