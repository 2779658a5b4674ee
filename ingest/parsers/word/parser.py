# pyright: basic
"""Word documents (DOCX): all of their text, in reading order."""

from collections.abc import Iterator
from itertools import takewhile

from docx.document import Document
from docx.opc.exceptions import OpcError
from docx.opc.part import XmlPart
from docx.oxml.ns import qn
from docx.oxml.parser import parse_xml
from lxml.etree import _Element as Element

from ingest.parsers.containers import translate_errors
from ingest.parsers.document_builder import DocumentBuilder, clean_title
from ingest.parsers.source import Source
from ingest.parsers.word.numbering import Numbering
from ingest.parsers.word.package import open_document
from ingest.parsers.word.styles import ParagraphStyle, read_own_style, read_style_id, read_styles
from ingest.parsers.word.text import LEFT_OUT, NOTE_KINDS, Paragraph, ParagraphReader
from ingest.types import ParsedDocument

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

_MAX_CELL_CHARS = 1000
_FIRST_ROW_BIT = 0x0020
_NO_LIST = "0"


def parse(source: Source) -> Iterator[ParsedDocument]:
    """Yield a Word document as one piece.

    Headings and list items begin with their numbers. Headers and footers come first; notes and text boxes follow their
    paragraph. Raises what `open_document` raises, and `NoTextError`.
    """
    with translate_errors(source.filename, OpcError):
        document = open_document(source.path, source.filename)
        writer = _Writer(document)
        for kind in ("header", "footer"):
            for root in _find_parts(document, kind):
                writer.write_once(root)
        writer.write(document.element.body)
        title = clean_title(document.core_properties.title) or writer.title
    yield writer.builder.build(title=title, media_type=MEDIA_TYPE, filename=source.filename)


class _Writer:
    """Adds the text of a document's XML to a builder."""

    def __init__(self, document: Document) -> None:
        self.builder = DocumentBuilder()
        self.title = ""
        self._styles = read_styles(document.styles.element)
        self._numbering = Numbering(next(_find_parts(document, "numbering"), None))
        self._reader = ParagraphReader({kind: _read_notes(document, kind) for kind in NOTE_KINDS.values()})
        self._is_after_item = False
        self._margin_texts: set[str] = set()

    def write_once(self, root: Element) -> None:
        """Add a header or footer; a repeated text is added once."""
        text = self._flatten(root)
        if text not in self._margin_texts:
            self._margin_texts.add(text)
            self.write(root)

    def write(self, container: Element) -> None:
        """Add the paragraphs and tables inside an element."""
        for child in container.iterchildren("*"):
            if child.tag == qn("w:p"):
                self._write_paragraph(child)
            elif child.tag == qn("w:tbl"):
                self._write_table(child)
            elif child.tag not in LEFT_OUT:
                self.write(child)

    def _write_paragraph(self, element: Element) -> None:
        paragraph = self._reader.read(element)
        text = paragraph.text.strip()
        style = self._read_style(element)
        if text and style.heading_level:
            self.builder.add_heading(style.heading_level, f"{self._make_label(style)} {text}")
            self._is_after_item = False
        elif text:
            self._write_prose(style, text)
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
            for label, note in paragraph.notes:
                self._is_after_item = False
                self.builder.add_paragraph(f"{label} {self._flatten(note)}")

    def _write_table(self, table: Element) -> None:
        self._is_after_item = False
        rows = [list(_find_inside(row, "tc")) for row in _find_inside(table, "tr")]
        is_frame = max(map(len, rows), default=0) < 2
        if is_frame or any(len(self._read_raw_text(cell)) > _MAX_CELL_CHARS for row in rows for cell in row):
            for row in rows:
                for cell in row:
                    self.write(cell)
            return
        attached: list[Paragraph] = []
        texts = [[self._flatten(cell, attached) for cell in row] for row in rows]
        self.builder.add_table(texts, header_rows=_count_header_rows(table))
        self._write_notes_and_boxes(*attached)

    def _flatten(self, container: Element, attached: list[Paragraph] | None = None) -> str:
        """Return the text of an element on one line; its paragraphs are added to `attached`."""
        return " ".join(" ".join(self._flatten_pieces(container, [] if attached is None else attached)).split())

    def _flatten_pieces(self, container: Element, attached: list[Paragraph]) -> Iterator[str]:
        for child in container.iterchildren("*"):
            if child.tag == qn("w:p"):
                paragraph = self._reader.read(child)
                attached.append(paragraph)
                yield self._make_label(self._read_style(child)) if paragraph.text.strip() else ""
                yield paragraph.text
            elif child.tag == qn("w:tr"):
                yield ", ".join(self._flatten(cell, attached) for cell in _find_inside(child, "tc")) + ";"
            elif child.tag not in LEFT_OUT:
                yield from self._flatten_pieces(child, attached)

    @staticmethod
    def _read_raw_text(container: Element) -> str:
        return "".join(element.text or "" for element in container.iter(qn("w:t")))

    def _read_style(self, element: Element) -> ParagraphStyle:
        properties = element.find(qn("w:pPr"))
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


def _find_inside(parent: Element, name: str) -> Iterator[Element]:
    """Yield the rows or cells of a table or row, also inside content controls and revisions."""
    for child in parent.iterchildren("*"):
        if child.tag == qn(f"w:{name}"):
            yield child
        elif child.tag not in LEFT_OUT:
            yield from _find_inside(child, name)


def _count_header_rows(table: Element) -> int:
    """Return the number of rows that repeat on every page, else 1 if the table's style highlights the first row."""
    repeated = sum(
        1
        for _ in takewhile(
            lambda row: row.find(f"{qn('w:trPr')}/{qn('w:tblHeader')}") is not None, _find_inside(table, "tr")
        )
    )
    look = table.find(f"{qn('w:tblPr')}/{qn('w:tblLook')}")
    if repeated or look is None:
        return repeated
    bits = int(look.get(qn("w:val"), "0"), 16)
    return int(look.get(qn("w:firstRow")) in ("1", "true", "on") or bool(bits & _FIRST_ROW_BIT))


def _read_notes(document: Document, kind: str) -> dict[str, Element]:
    return {note.get(qn("w:id"), ""): note for root in _find_parts(document, kind) for note in root.iterchildren("*")}


def _find_parts(document: Document, kind: str) -> Iterator[Element]:
    """Yield the roots of the document's parts of a kind."""
    for relation in document.part.rels.values():
        if not relation.is_external and relation.reltype.endswith(f"/{kind}"):
            part = relation.target_part
            yield part.element if isinstance(part, XmlPart) else parse_xml(part.blob)
