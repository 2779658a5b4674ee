# pyright: basic
"""The text inside the elements of an OpenDocument file: paragraphs, lists, tables, notes, boxes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from lxml.etree import _Element as Element

from ingest.parsers.document_builder import DocumentBuilder, ListWriter
from ingest.parsers.opendocument.heading_numbers import HeadingNumbers
from ingest.parsers.opendocument.package import qualify

_MAX_CELL_CHARS = 1000
_MAX_REPEATS = 100
_SIGNS = {qualify("text:tab"): "\t", qualify("text:line-break"): "\n"}
_ATTACHED = frozenset(
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
class Line:
    """The text of a paragraph, and what hangs on it: boxes, and notes with their labels."""

    text: str = ""
    boxes: list[Element] = field(default_factory=list)
    notes: list[tuple[str, Element]] = field(default_factory=list)


class Writer:
    """Walks elements and adds what they say."""

    def __init__(
        self, builder: DocumentBuilder, numbered: Mapping[str, frozenset[int]], headings: HeadingNumbers | None = None
    ) -> None:
        self.builder = builder
        self._headings = headings or HeadingNumbers(None)
        self._list_writer = ListWriter(builder)
        self._numbered = numbered
        self._list_styles: list[str] = []

    def write(self, container: Element) -> None:
        """Add everything inside an element."""
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
        line = read_line(element)
        self._list_writer.add_paragraph(line.text)
        self._write_attached(line)

    def _write_heading(self, element: Element) -> None:
        line = read_line(element)
        if line.text.strip():
            rank = int(element.get(qualify("text:outline-level"), "1"))
            self.builder.add_heading(rank, f"{self._headings.next_label(element)} {line.text}")
        self._list_writer.interrupt()
        self._write_attached(line)

    def _write_attached(self, line: Line) -> None:
        for box in line.boxes:
            self._list_writer.interrupt()
            self.write(box)
        for label, note in line.notes:
            self._write_note(label, note)

    def _write_note(self, label: str, note: Element) -> None:
        text = flat_text(note)
        self._list_writer.interrupt()
        self.builder.add_paragraph(f"{label}: {text}" if text else "")

    def _write_list(self, element: Element) -> None:
        style = element.get(qualify("text:style-name")) or (self._list_styles[-1] if self._list_styles else "")
        self._list_styles.append(style)
        is_numbered = len(self._list_styles) in self._numbered.get(style, ())
        self._list_writer.open_list(first_number=_first_number(element) if is_numbered else None)
        for item in element.iterchildren("*"):
            if item.tag == qualify("text:list-item"):
                self._list_writer.open_item()
            self.write(item)
        self._list_writer.close_list()
        self._list_styles.pop()

    def _write_table(self, table: Element) -> None:
        self._list_writer.interrupt()
        rows = list(table_rows(table))
        texts = [[flat_text(cell) for cell in row] for row in rows]
        is_frame = max(map(len, rows), default=0) < 2
        if is_frame or any(len(text) > _MAX_CELL_CHARS for row in texts for text in row):
            for row in rows:
                for cell in row:
                    self.write(cell)
            return
        self.builder.add_table(texts, header_rows=_header_rows(table))


def read_line(paragraph: Element) -> Line:
    """Return the text of a paragraph on which nothing is lost."""
    line = Line()
    line.text = "".join(_inline(paragraph, line))
    return line


def flat_text(container: Element) -> str:
    """Return all that an element says on one line, notes and boxes included."""
    return " ".join(" ".join(_flat(container)).split())


def table_rows(table: Element) -> Iterator[list[Element]]:
    """Yield the cells of each row; repeated cells and rows with text are repeated, within reason."""
    for row in table.iter(qualify("table:table-row")):
        if next(row.iterancestors(qualify("table:table"))) is not table:
            continue
        cells: list[Element] = []
        for cell in row.iterchildren(*_CELLS):
            cells += [cell] * _repeats(cell, "table:number-columns-repeated")
        for _ in range(_repeats(row, "table:number-rows-repeated")):
            yield cells


def _repeats(element: Element, attribute: str) -> int:
    return max(min(int(element.get(qualify(attribute), "1")), _MAX_REPEATS), 1)


def _inline(element: Element, line: Line) -> Iterator[str]:
    yield _collapsed(element.text)
    for child in element.iterchildren("*"):
        if child.tag == qualify("text:s"):
            yield " " * min(int(child.get(qualify("text:c"), "1")), _MAX_REPEATS)
        elif child.tag in _SIGNS:
            yield _SIGNS[child.tag]
        elif child.tag == qualify("text:note"):
            line.notes.append(_note(child))
        elif child.tag == qualify("office:annotation"):
            line.notes.append(("Comment", child))
        elif child.tag in _ATTACHED:
            line.boxes.append(child)
        elif child.tag not in _NEVER_TEXT:
            yield from _inline(child, line)
        yield _collapsed(child.tail)


def _collapsed(text: str | None) -> str:
    """Return text as OpenDocument defines it: white space in the file is one blank."""
    words = " ".join((text or "").split())
    before = " " if text and text[0].isspace() else ""
    after = " " if words and text and text[-1].isspace() else ""
    return f"{before}{words}{after}"


def _note(note: Element) -> tuple[str, Element]:
    citation, body = note.find(qualify("text:note-citation")), note.find(qualify("text:note-body"))
    kind = _NOTE_NAMES.get(note.get(qualify("text:note-class"), ""), "Note")
    number = "".join(citation.itertext()).strip() if citation is not None else ""
    return f"{kind} {number}".strip(), note if body is None else body


def _flat(container: Element) -> Iterator[str]:
    for child in container.iterchildren("*"):
        if child.tag in (_PARAGRAPH, _HEADING):
            line = read_line(child)
            yield line.text
            yield from (flat_text(box) for box in line.boxes)
            yield from (f"{label}: {flat_text(note)}" for label, note in line.notes)
        elif child.tag == qualify("table:table-row"):
            yield ", ".join(flat_text(cell) for cell in child.iterchildren(*_CELLS)) + ";"
        elif child.tag not in _NEVER_TEXT:
            yield from _flat(child)


def _first_number(element: Element) -> int:
    item = next(element.iterchildren(qualify("text:list-item")), None)
    start = item.get(qualify("text:start-value"), "1") if item is not None else "1"
    return int(start) if start.isdecimal() else 1


def _header_rows(table: Element) -> int:
    """Return how many rows are repeated on every page; else 1 where the table's look sets the first row apart."""
    rows = table.find(qualify("table:table-header-rows"))
    marked = sum(1 for _ in rows.iterchildren(qualify("table:table-row"))) if rows is not None else 0
    return marked or int(table.get(qualify("table:use-first-row-styles")) == "true")
