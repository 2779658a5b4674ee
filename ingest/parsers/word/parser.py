# pyright: basic
"""Word documents (DOCX): all of their text, in reading order."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from docx.document import Document
from docx.opc.exceptions import OpcError
from docx.opc.part import XmlPart
from docx.oxml.ns import qn
from docx.oxml.parser import parse_xml
from lxml.etree import _Element as Element

from ingest.parsers.containers import translate_errors
from ingest.parsers.document_builder import DocumentBuilder, clean_title
from ingest.parsers.marked_text import STATED, RunStyle
from ingest.parsers.office_charts import read_chart, read_texts, write_chart
from ingest.parsers.source import Source
from ingest.parsers.table_grid import GridCell, lay_out_table
from ingest.parsers.word.backgrounds import Backgrounds
from ingest.parsers.word.numbering import Numbering
from ingest.parsers.word.package import open_document
from ingest.parsers.word.run_formats import RunStyles
from ingest.parsers.word.styles import ParagraphStyle, read_own_style, read_style_id, read_styles
from ingest.parsers.word.tables import TableCell, count_header_rows, find_cells, read_rows
from ingest.parsers.word.text import LEFT_OUT, NOTE_KINDS, Paragraph, ParagraphReader, joins_next
from ingest.text.annotations import AnnotationKind, annotate
from ingest.types import ParsedDocument

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

_MAX_CELL_CHARS = 1000
_PARAGRAPH, _PARAGRAPH_PROPERTIES = qn("w:p"), qn("w:pPr")
_NO_LIST = "0"
_CHARTS = ("/chart", "/chartEx")
_STRUCK_OUT = f"[{AnnotationKind.STRUCK_OUT}"


def parse(source: Source) -> Iterator[ParsedDocument]:
    """Yield a Word document as one piece.

    Headings and list items begin with their numbers. Headers and footers come first; notes, text boxes, charts and
    diagrams follow their paragraph. Raises what `open_document` raises, and `NoTextError`.
    """
    with translate_errors(source.filename, OpcError):
        document, damaged = open_document(source.path, source.filename)
        writer = _Writer(document, damaged)
        for kind in ("header", "footer"):
            for root in _find_parts(document, kind, damaged):
                writer.write_once(root)
        writer.write(document.element.body)
        title = clean_title(document.core_properties.title) or writer.title
    warnings = [f"a damaged part is left out: {name}" for name in dict.fromkeys(damaged)]
    yield writer.builder.build(title=title, media_type=MEDIA_TYPE, filename=source.filename, warnings=warnings)


class _Writer:
    """Adds the text of a document's XML to a builder."""

    def __init__(self, document: Document, damaged: list[str]) -> None:
        self.builder = DocumentBuilder()
        self.title = ""
        self._styles = read_styles(document.styles.element)
        self._numbering = Numbering(next(_find_parts(document, "numbering", damaged), None))
        notes = {kind: _read_notes(document, kind, damaged) for kind in NOTE_KINDS.values()}
        styles = RunStyles(document.styles.element)
        roots = [document.element, *(root for kind in ("header", "footer") for root in _find_parts(document, kind, []))]
        self._reader = ParagraphReader(notes, styles, Backgrounds(styles.elements, roots))
        self._relations = document.part.rels
        self._damaged = damaged
        self._is_after_item = False
        self._margin_texts: set[str] = set()

    def write_once(self, root: Element) -> None:
        """Add a header or footer; a repeated text is added once."""
        text = self._flatten(root)
        if text not in self._margin_texts:
            self._margin_texts.add(text)
            self.write(root)

    def write(self, container: Element, around: RunStyle = STATED) -> None:
        """Add the paragraphs and tables inside an element."""
        for elements in _group_paragraphs(container):
            (*_, last) = elements
            if last.tag == _PARAGRAPH:
                self._write_paragraph(elements, around)
            elif last.tag == qn("w:tbl"):
                self._write_table(last)
            elif last.tag not in LEFT_OUT:
                self.write(last, around)

    def _write_paragraph(self, elements: Sequence[Element], around: RunStyle) -> None:
        paragraph = self._reader.read(elements, around)
        text = paragraph.text.strip()
        style = self._read_style(elements[-1])
        if text and style.heading_level:
            self.builder.add_heading(style.heading_level, f"{self._make_label(style)} {text}")
            self._is_after_item = False
        elif text:
            self._write_prose(style, text)
        annotations = [*paragraph.annotations, *map(self._annotate_comment, paragraph.comments)]
        if not text and not style.heading_level and annotations[:1] and annotations[0].startswith(_STRUCK_OUT):
            text = annotations.pop(0)
            self._write_prose(replace(style, is_title=False), text)  # a struck item has its number
        self.builder.add_paragraph("\n".join(filter(None, annotations)), separator="\n" if text else "\n\n")
        self._write_notes_and_boxes(paragraph)

    def _write_prose(self, style: ParagraphStyle, text: str) -> None:
        if style.is_title and not self.title:
            self.title = text
        label = self._make_label(style)
        item = f"{'  ' * style.number_level}{label} {text}" if label else text
        self.builder.add_paragraph(item, separator="\n" if label and self._is_after_item else "\n\n")
        self._is_after_item = bool(label)

    def _write_notes_and_boxes(self, *paragraphs: Paragraph) -> None:
        for paragraph in paragraphs:
            for box in paragraph.boxes:
                self._is_after_item = False
                self.write(box)
            for part_id in paragraph.graphics:
                self._is_after_item = False
                self._write_graphic(part_id)
            for label, note in paragraph.notes:
                self._is_after_item = False
                self.builder.add_paragraph(f"{label} {self._flatten(note)}")

    def _write_graphic(self, part_id: str) -> None:
        """Add the chart or the diagram of a part."""
        relation = self._relations.get(part_id)
        if relation is None or relation.is_external:
            return
        try:
            root = parse_xml(relation.target_part.blob)
        except SyntaxError:
            self._damaged.append(str(relation.target_part.partname).lstrip("/"))
            return
        if relation.reltype.endswith(_CHARTS):
            write_chart(read_chart(root), self.builder)
        else:
            self.builder.add_paragraph("\n".join(read_texts(root)))

    def _write_table(self, table: Element) -> None:
        self._is_after_item = False
        rows = read_rows(table)
        is_frame = max(map(len, rows), default=0) < 2
        if is_frame or any(len(self._read_raw_text(cell.element)) > _MAX_CELL_CHARS for row in rows for cell in row):
            for cell in (cell for row in rows for cell in row):
                self.write(cell.element, cell.around)
            return
        attached: list[Paragraph] = []
        grid = [[self._read_cell(cell, attached) for cell in row] for row in rows]
        laid_out = lay_out_table(grid, count_header_rows(table))
        self.builder.add_table(laid_out.rows, header_rows=laid_out.header_rows)
        self._write_notes_and_boxes(*attached)

    def _read_cell(self, cell: TableCell, attached: list[Paragraph]) -> GridCell:
        text = self._flatten(cell.element, attached, cell.around)
        return GridCell(cell.column, text, cell.columns, cell.is_continued)

    def _annotate_comment(self, comment: Element) -> str:
        return annotate(AnnotationKind.COMMENT, self._flatten(comment), author=comment.get(qn("w:author"), ""))

    def _flatten(self, container: Element, attached: list[Paragraph] | None = None, around: RunStyle = STATED) -> str:
        """Return the text of an element on one line, annotations last; its paragraphs are added to `attached`."""
        paragraphs: list[Paragraph] = []
        text = " ".join(" ".join(self._flatten_pieces(container, paragraphs, around)).split())
        if attached is not None:
            attached += paragraphs
        annotations = [
            annotation
            for paragraph in paragraphs
            for annotation in (*paragraph.annotations, *map(self._annotate_comment, paragraph.comments))
        ]
        return " ".join(filter(None, [text, *annotations]))

    def _flatten_pieces(self, container: Element, attached: list[Paragraph], around: RunStyle) -> Iterator[str]:
        for elements in _group_paragraphs(container):
            (*_, last) = elements
            if last.tag == _PARAGRAPH:
                paragraph = self._reader.read(elements, around)
                attached.append(paragraph)
                yield self._make_label(self._read_style(last)) if paragraph.text.strip() else ""
                yield paragraph.text
            elif last.tag == qn("w:tr"):
                texts = [" ".join(self._flatten_pieces(cell, attached, around)).split() for cell in find_cells(last)]
                yield ", ".join(map(" ".join, texts)) + ";"
            elif last.tag not in LEFT_OUT:
                yield from self._flatten_pieces(last, attached, around)

    @staticmethod
    def _read_raw_text(container: Element) -> str:
        return "".join(element.text or "" for element in container.iter(qn("w:t")))

    def _read_style(self, element: Element) -> ParagraphStyle:
        properties = element.find(_PARAGRAPH_PROPERTIES)
        style_id = read_style_id(properties)
        style = read_own_style(properties).inherit(self._styles.get(style_id, ParagraphStyle()))
        return style.with_default_level(self._numbering.level_of_style(style.number_id, style_id))

    def _make_label(self, style: ParagraphStyle) -> str:
        """Count the paragraph and return its number or bullet."""
        if style.number_id in ("", _NO_LIST):
            return ""
        if self._numbering.is_bullet(style.number_id, style.number_level):
            return "" if style.heading_level else "-"
        return self._numbering.next_label(style.number_id, style.number_level)


def _group_paragraphs(container: Element) -> Iterator[list[Element]]:
    """Yield the children of an element, those paragraphs together that are one."""
    joined: list[Element] = []
    for child in container.iterchildren("*"):
        is_paragraph = child.tag == _PARAGRAPH
        if joined and not is_paragraph:
            yield joined
            joined = []
        joined.append(child)
        if not (is_paragraph and joins_next(child)):
            yield joined
            joined = []
    if joined:
        yield joined


def _read_notes(document: Document, kind: str, damaged: list[str]) -> dict[str, Element]:
    roots = _find_parts(document, kind, damaged)
    return {note.get(qn("w:id"), ""): note for root in roots for note in root.iterchildren("*")}


def _find_parts(document: Document, kind: str, damaged: list[str]) -> Iterator[Element]:
    """Yield the roots of the document's parts of a kind; the names of damaged ones are added to `damaged`."""
    for relation in document.part.rels.values():
        if not relation.is_external and relation.reltype.endswith(f"/{kind}"):
            part = relation.target_part
            try:
                yield part.element if isinstance(part, XmlPart) else parse_xml(part.blob)
            except SyntaxError:
                damaged.append(str(part.partname).lstrip("/"))
