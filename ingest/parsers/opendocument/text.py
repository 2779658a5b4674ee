# pyright: basic
"""Read the text elements of an OpenDocument file: paragraphs, lists, tables, notes, boxes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from lxml.etree import _Element as Element

from ingest.parsers.document_builder import DocumentBuilder, ListWriter
from ingest.parsers.opendocument.heading_numbers import HeadingNumbers
from ingest.parsers.opendocument.package import qualify

_MAX_CELL_CHARS = 1000
_MAX_REPEATS = 100
_CHARACTERS = {qualify("text:tab"): "\t", qualify("text:line-break"): "\n"}
_BOXES = frozenset(
    {qualify(f"draw:{shape}") for shape in ("frame", "g", "custom-shape", "rect", "text-box", "a", "ellipse", "line")}
)
_NEVER_TEXT = frozenset(
    {qualify(f"text:{tag}") for tag in ("tracked-changes", "sequence-decls", "variable-decls", "ruby-text")}
    | {
        qualify(tag)
        for tag in ("svg:title", "svg:desc", "office:forms", "presentation:notes", "office:event-listeners")
    }
    | {qualify(tag) for tag in ("text:user-field-decls", "office:scripts", "table:tracked-changes")}
)
_NOTE_NAMES = {"footnote": "Footnote", "endnote": "Endnote"}
_PARAGRAPH, _HEADING = qualify("text:p"), qualify("text:h")
_CELLS = (qualify("table:table-cell"), qualify("table:covered-table-cell"))


@dataclass(slots=True)
class ParagraphText:
    """The text of a paragraph, its boxes, and its notes with their labels."""

    text: str = ""
    boxes: list[Element] = field(default_factory=list)
    notes: list[tuple[str, Element]] = field(default_factory=list)


class Writer:
    """Adds the text of elements to a document."""

    def __init__(
        self,
        builder: DocumentBuilder,
        numbered_levels: Mapping[str, frozenset[int]],
        headings: HeadingNumbers | None = None,
    ) -> None:
        self.builder = builder
        self._headings = headings or HeadingNumbers(None)
        self._list_writer = ListWriter(builder)
        self._numbered_levels = numbered_levels
        self._list_styles: list[str] = []

    def write(self, container: Element) -> None:
        """Add the text inside an element."""
        for child in container.iterchildren("*"):
            if child.tag not in _NEVER_TEXT:
                self.write_element(child)

    def write_element(self, element: Element) -> None:
        """Add one element that can have text."""
        if element.tag == _PARAGRAPH:
            self._write_paragraph(element)
        elif element.tag == _HEADING:
            self._write_heading(element)
        elif element.tag == qualify("text:list"):
            self._write_list(element)
        elif element.tag == qualify("table:table"):
            self._write_table(element)
        elif element.tag == qualify("office:annotation"):
            self._write_note("Comment", element)
        else:
            self.write(element)

    def _write_paragraph(self, element: Element) -> None:
        line = read_paragraph(element)
        self._list_writer.add_paragraph(line.text)
        self._write_boxes_and_notes(line)

    def _write_heading(self, element: Element) -> None:
        line = read_paragraph(element)
        if line.text.strip():
            outline_level = int(element.get(qualify("text:outline-level"), "1"))
            self.builder.add_heading(outline_level, f"{self._headings.next_label(element)} {line.text}")
        self._list_writer.interrupt()
        self._write_boxes_and_notes(line)

    def _write_boxes_and_notes(self, line: ParagraphText) -> None:
        for box in line.boxes:
            self._list_writer.interrupt()
            self.write(box)
        for label, note in line.notes:
            self._write_note(label, note)

    def _write_note(self, label: str, note: Element) -> None:
        text = flatten(note)
        self._list_writer.interrupt()
        self.builder.add_paragraph(f"{label}: {text}" if text else "")

    def _write_list(self, element: Element) -> None:
        style = element.get(qualify("text:style-name")) or (self._list_styles[-1] if self._list_styles else "")
        self._list_styles.append(style)
        is_numbered = len(self._list_styles) in self._numbered_levels.get(style, ())
        self._list_writer.open_list(first_number=_read_first_number(element) if is_numbered else None)
        for item in element.iterchildren("*"):
            if item.tag == qualify("text:list-item"):
                self._list_writer.open_item()
            self.write(item)
        self._list_writer.close_list()
        self._list_styles.pop()

    def _write_table(self, table: Element) -> None:
        self._list_writer.interrupt()
        rows = list(find_rows(table))
        texts = [[flatten(cell) for cell in row] for row in rows]
        is_frame = max(map(len, rows), default=0) < 2
        if is_frame or any(len(text) > _MAX_CELL_CHARS for row in texts for text in row):
            for row in rows:
                for cell in row:
                    self.write(cell)
            return
        self.builder.add_table(texts, header_rows=_count_header_rows(table))


def read_paragraph(paragraph: Element) -> ParagraphText:
    """Return the text of a paragraph with its boxes and notes."""
    line = ParagraphText()
    line.text = "".join(_read_inline(paragraph, line))
    return line


def flatten(container: Element) -> str:
    """Return the text of an element on one line, notes and boxes included."""
    return " ".join(" ".join(_flatten(container)).split())


def find_rows(table: Element) -> Iterator[list[Element]]:
    """Yield the cells of each row; cells and rows are repeated as the file says, up to a limit."""
    for row in table.iter(qualify("table:table-row")):
        if next(row.iterancestors(qualify("table:table"))) is not table:
            continue
        cells: list[Element] = []
        for cell in row.iterchildren(*_CELLS):
            cells += [cell] * _read_repeats(cell, "table:number-columns-repeated")
        for _ in range(_read_repeats(row, "table:number-rows-repeated")):
            yield cells


def _read_repeats(element: Element, attribute: str) -> int:
    return max(min(int(element.get(qualify(attribute), "1")), _MAX_REPEATS), 1)


def _read_inline(element: Element, line: ParagraphText) -> Iterator[str]:
    yield _collapse(element.text)
    for child in element.iterchildren("*"):
        if child.tag == qualify("text:s"):
            yield " " * min(int(child.get(qualify("text:c"), "1")), _MAX_REPEATS)
        elif child.tag in _CHARACTERS:
            yield _CHARACTERS[child.tag]
        elif child.tag == qualify("text:note"):
            line.notes.append(_read_note(child))
        elif child.tag == qualify("office:annotation"):
            line.notes.append(("Comment", child))
        elif child.tag in _BOXES:
            line.boxes.append(child)
        elif child.tag not in _NEVER_TEXT:
            yield from _read_inline(child, line)
        yield _collapse(child.tail)


def _collapse(text: str | None) -> str:
    """Return text with its white space collapsed (ODF 1.3, 6.1.2)."""
    words = " ".join((text or "").split())
    before = " " if text and text[0].isspace() else ""
    after = " " if words and text and text[-1].isspace() else ""
    return f"{before}{words}{after}"


def _read_note(note: Element) -> tuple[str, Element]:
    citation, body = note.find(qualify("text:note-citation")), note.find(qualify("text:note-body"))
    kind = _NOTE_NAMES.get(note.get(qualify("text:note-class"), ""), "Note")
    number = "".join(citation.itertext()).strip() if citation is not None else ""
    return f"{kind} {number}".strip(), note if body is None else body


def _flatten(container: Element) -> Iterator[str]:
    for child in container.iterchildren("*"):
        if child.tag in (_PARAGRAPH, _HEADING):
            line = read_paragraph(child)
            yield line.text
            yield from (flatten(box) for box in line.boxes)
            yield from (f"{label}: {flatten(note)}" for label, note in line.notes)
        elif child.tag == qualify("table:table-row"):
            yield ", ".join(flatten(cell) for cell in child.iterchildren(*_CELLS)) + ";"
        elif child.tag not in _NEVER_TEXT:
            yield from _flatten(child)


def _read_first_number(element: Element) -> int:
    item = next(element.iterchildren(qualify("text:list-item")), None)
    start = item.get(qualify("text:start-value"), "1") if item is not None else "1"
    return int(start) if start.isdecimal() else 1


def _count_header_rows(table: Element) -> int:
    """Return the number of rows that repeat on every page, else 1 if the table's style highlights the first row."""
    rows = table.find(qualify("table:table-header-rows"))
    repeated = sum(1 for _ in rows.iterchildren(qualify("table:table-row"))) if rows is not None else 0
    return repeated or int(table.get(qualify("table:use-first-row-styles")) == "true")
