# pyright: basic
"""Read the text elements of an OpenDocument file: paragraphs, lists, tables, notes, boxes."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from lxml.etree import _Element as Element

from ingest.parsers.document_builder import DocumentBuilder, ListWriter
from ingest.parsers.marked_text import MarkedText, RunStyle, hide_run
from ingest.parsers.opendocument.heading_numbers import HeadingNumbers
from ingest.parsers.opendocument.list_levels import ListCounts, ListLevels, read_item_number
from ingest.parsers.opendocument.marks import NO_MARKS, TextMarks, decode_signs
from ingest.parsers.opendocument.objects import write_chart
from ingest.parsers.opendocument.package import qualify
from ingest.parsers.opendocument.table_rows import lay_out_cells
from ingest.parsers.opendocument.text_styles import TextStyle
from ingest.parsers.table_grid import lay_out_table
from ingest.text.annotations import AnnotationKind, annotate, annotate_hidden
from ingest.text.pictures import describe_picture
from ingest.types import HiddenReason

_MAX_CELL_CHARS = 1000
_MAX_REPEATS = 100
_SPACES: dict[str, Callable[[Element], str]] = {
    qualify("text:s"): lambda spaces: " " * min(int(spaces.get(qualify("text:c"), "1")), _MAX_REPEATS),
    qualify("text:tab"): lambda _: "\t",
    qualify("text:line-break"): lambda _: "\n",
}
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
_LIST, _LIST_ITEM = qualify("text:list"), qualify("text:list-item")
_ANNOTATION, _SECTION, _GROUP = qualify("office:annotation"), qualify("text:section"), qualify("draw:g")
_CHANGE, _CHANGE_INFO = qualify("text:change"), qualify("office:change-info")
_IS_HIDDEN = qualify("text:is-hidden")
_HIDDEN_DISPLAYS = ("none", "printer")
_CELLS = (qualify("table:table-cell"), qualify("table:covered-table-cell"))


@dataclass(slots=True)
class ParagraphText:
    """The sentence of a paragraph, the annotations of what it leaves out, its boxes, and its labelled notes."""

    text: str = ""
    annotations: list[str] = field(default_factory=list)
    boxes: list[Element] = field(default_factory=list)
    notes: list[tuple[str, Element]] = field(default_factory=list)


class Writer:
    """Adds the text of elements to a document."""

    def __init__(
        self,
        builder: DocumentBuilder,
        list_levels: ListLevels,
        headings: HeadingNumbers | None = None,
        marks: TextMarks = NO_MARKS,
        *,
        is_slide: bool = False,
    ) -> None:
        self.builder = builder
        self._headings = headings or HeadingNumbers(None)
        self._marks = marks
        self._list_writer = ListWriter(builder)
        self._list_levels = list_levels
        self._list_counts = ListCounts(is_slide)
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
        elif element.tag == _LIST:
            self._write_list(element)
        elif element.tag == qualify("table:table"):
            self._write_table(element)
        elif element.tag == _ANNOTATION:
            self._add_annotations([read_comment(element)])
        elif element.tag == _CHANGE:
            self._add_annotations([_annotate_deletion(element, self._marks)])
        else:
            self._write_container(element)

    def _write_container(self, element: Element) -> None:
        """Add a section, a shape or an object."""
        if is_hidden(element):
            reason = HiddenReason.FORMATTING if element.tag == _SECTION else HiddenReason.SHAPE
            self._add_annotations([annotate_hidden(reason, flatten(element, self._marks))])
            return
        chart = self._marks.objects.find_chart(element)
        if chart is not None:
            write_chart(chart, self.builder)
            return
        self._list_writer.add_paragraph(self._marks.objects.find_formula(element))
        self.write(element)
        self._add_annotations([_describe(element)])

    def _add_annotations(self, annotations: list[str]) -> None:
        text = " ".join(filter(None, annotations))
        if text:
            self._list_writer.interrupt()
            self.builder.add_paragraph(text)

    def _write_paragraph(self, element: Element) -> None:
        line = read_paragraph(element, self._marks)
        self._list_writer.add_paragraph(" ".join(filter(None, [line.text.rstrip(), *line.annotations])))
        self._write_boxes_and_notes(line)

    def _write_heading(self, element: Element) -> None:
        line = read_paragraph(element, self._marks)
        if line.text.strip():
            outline_level = int(element.get(qualify("text:outline-level"), "1"))
            self.builder.add_heading(outline_level, f"{self._headings.next_label(element)} {line.text}")
        self._list_writer.interrupt()
        self._add_annotations(line.annotations)
        self._write_boxes_and_notes(line)

    def _write_boxes_and_notes(self, line: ParagraphText) -> None:
        for box in line.boxes:
            self._list_writer.interrupt()
            self.write_element(box)
        for label, note in line.notes:
            self._write_note(label, note)

    def _write_note(self, label: str, note: Element) -> None:
        text = flatten(note, self._marks)
        self._list_writer.interrupt()
        self.builder.add_paragraph(f"{label}: {text}" if text else "")

    def _write_list(self, element: Element) -> None:
        style = element.get(qualify("text:style-name")) or (self._list_styles[-1] if self._list_styles else "")
        self._list_styles.append(style)
        level = self._list_levels.get((style, len(self._list_styles)))
        if level is None:
            self._list_writer.open_list(first_number=None)
        else:
            first = self._list_counts.find_first(element, style, level)
            self._list_writer.open_list(first_number=first, format_label=level.format_label)
        for item in element.iterchildren("*"):
            if item.tag == _LIST_ITEM and item.find(_LIST) is not next(item.iterchildren("*"), None):
                self._list_writer.open_item(number=read_item_number(item))
            self.write(item)
        number = self._list_writer.next_number
        if level is not None and number is not None:
            self._list_counts.note_next(element, style, level, number)
        self._list_writer.close_list()
        self._list_styles.pop()

    def _write_table(self, table: Element) -> None:
        self._list_writer.interrupt()
        rows = list(find_rows(table))
        grid = lay_out_cells(rows, lambda cell: flatten(cell, self._marks))
        is_frame = max(map(len, rows), default=0) < 2
        if is_frame or any(len(cell.text) > _MAX_CELL_CHARS for row in grid for cell in row):
            for row in rows:
                for cell in row:
                    self.write(cell)
            return
        laid_out = lay_out_table(grid, _count_header_rows(table))
        self.builder.add_table(laid_out.rows, header_rows=laid_out.header_rows)


def read_paragraph(paragraph: Element, marks: TextMarks = NO_MARKS) -> ParagraphText:
    """Return the text of a paragraph with its annotations, boxes and notes."""
    line, runs = ParagraphText(), MarkedText()
    style = marks.find_style("paragraph", paragraph, marks.find_paper(paragraph))
    if any(field.get(_IS_HIDDEN) == "true" for field in paragraph.iter(qualify("text:hidden-paragraph"))):
        style = TextStyle(is_hidden=True).over(style)
    _InlineReader(marks, line, runs).read(paragraph, style, marks.find_font("paragraph", paragraph, ""))
    line.text, annotations = runs.join()
    line.annotations[:0] = annotations
    return line


def flatten(container: Element, marks: TextMarks = NO_MARKS) -> str:
    """Return the text of an element on one line, notes and boxes included, annotations at its end."""
    annotations: list[str] = []
    words = " ".join(_flatten(container, marks, annotations)).split()
    return " ".join([*words, *filter(None, annotations)])


def read_comment(comment: Element) -> str:
    """Return a comment as an annotation with its author."""
    author = comment.find(qualify("dc:creator"))
    text = " ".join("".join(paragraph.itertext()) for paragraph in comment.iter(_PARAGRAPH))
    return annotate(AnnotationKind.COMMENT, text, author="".join(author.itertext()) if author is not None else "")


def is_hidden(element: Element) -> bool:
    """Return whether a section or a shape is not shown."""
    if element.tag == _SECTION:
        return bool(element.get(qualify("text:display")) == "none" or element.get(_IS_HIDDEN) == "true")
    return bool(element.get(qualify("draw:display")) in _HIDDEN_DISPLAYS)


def find_shapes(container: Element) -> Iterator[Element]:
    """Yield the shapes in an element, those of groups one by one, without those inside other shapes and in comments."""
    for shape in container.iter(*_BOXES - {_GROUP}):
        if next(shape.iterancestors(_ANNOTATION, *_BOXES - {_GROUP}), None) is None:
            yield shape


def flatten_shape(shape: Element, marks: TextMarks) -> str:
    """Return the text of a shape on one line, annotated if it is hidden, or the description of a picture."""
    if is_hidden(shape):
        return annotate_hidden(HiddenReason.SHAPE, flatten(shape, marks))
    return flatten(shape, marks) or _describe(shape)


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


class _InlineReader:
    """Reads the runs of a paragraph."""

    def __init__(self, marks: TextMarks, line: ParagraphText, runs: MarkedText) -> None:
        self._marks = marks
        self._line = line
        self._runs = runs

    def read(self, element: Element, style: TextStyle, font: str) -> None:
        """Add the text inside an element of a style and a symbol font."""
        self._add(element.text, style, font)
        for child in element.iterchildren("*"):
            self._read_child(child, style, font)
            self._add(child.tail, style, font)

    def _add(self, text: str | None, style: TextStyle, font: str) -> None:
        collapsed = _collapse(text)
        self._runs.add(decode_signs(collapsed, font), style.to_run())

    def _read_child(self, child: Element, style: TextStyle, font: str) -> None:
        if child.tag in _SPACES:
            self._runs.add(_SPACES[child.tag](child), style.to_run())
        elif child.tag == qualify("text:note"):
            self._line.notes.append(_read_note(child))
        elif child.tag == _ANNOTATION:
            self._line.annotations.append(read_comment(child))
        elif child.tag in _BOXES:
            self._read_box(child, style)
        elif child.tag == _CHANGE:
            self._add_deletion(child)
        elif child.tag == qualify("text:hidden-text") and child.get(_IS_HIDDEN) == "true":
            hidden = child.get(qualify("text:string-value"), "") or "".join(child.itertext())
            self._runs.add(hidden, hide_run(HiddenReason.FORMATTING))
        elif child.tag not in _NEVER_TEXT:
            inner = self._marks.find_style("text", child, style)
            self.read(child, inner, self._marks.find_font("text", child, font))

    def _read_box(self, box: Element, style: TextStyle) -> None:
        formula = self._marks.objects.find_formula(box)
        if formula:
            self._runs.add(formula, style.to_run())
        else:
            self._line.boxes.append(box)

    def _add_deletion(self, change: Element) -> None:
        text, author = _read_deletion(change, self._marks)
        self._runs.add(text, RunStyle(kind=AnnotationKind.DELETED, author=author))


def _annotate_deletion(change: Element, marks: TextMarks) -> str:
    text, author = _read_deletion(change, marks)
    return annotate(AnnotationKind.DELETED, text, author=author)


def _read_deletion(change: Element, marks: TextMarks) -> tuple[str, str]:
    """Return the text that a tracked change deletes and its author; both empty if it deletes nothing."""
    deletion, author = marks.deletions.get(change.get(qualify("text:change-id"), ""), (None, ""))
    parts = deletion.iterchildren("*") if deletion is not None else ()
    lines = [line for part in parts if part.tag != _CHANGE_INFO for line in part.iter(_PARAGRAPH, _HEADING)]
    return " ".join(read_paragraph(line).text for line in lines), author


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


def _flatten(container: Element, marks: TextMarks, annotations: list[str]) -> Iterator[str]:
    for child in container.iterchildren("*"):
        if child.tag in (_PARAGRAPH, _HEADING):
            line = read_paragraph(child, marks)
            yield line.text
            annotations += line.annotations
            for box in line.boxes:
                yield from _flatten_box(box, marks, annotations)
            yield from (f"{label}: {flatten(note, marks)}" for label, note in line.notes)
        elif child.tag == qualify("table:table-row"):
            yield ", ".join(flatten(cell, marks) for cell in child.iterchildren(*_CELLS)) + ";"
        elif child.tag == _ANNOTATION:
            annotations.append(read_comment(child))
        elif child.tag not in _NEVER_TEXT:
            yield from _flatten_box(child, marks, annotations)


def _flatten_box(box: Element, marks: TextMarks, annotations: list[str]) -> Iterator[str]:
    if is_hidden(box):
        annotations.append(annotate_hidden(HiddenReason.SHAPE, flatten(box, marks)))
        return
    yield from _flatten(box, marks, annotations)
    annotations.append(_describe(box))


def _describe(shape: Element) -> str:
    """Return the alternative text of a picture or another shape without text; empty without one and for decoration."""
    if shape.tag not in _BOXES or any(
        value == "true" and name.endswith("}decorative") for name, value in shape.items()
    ):
        return ""
    texts = ["".join(text.itertext()) for text in shape.iterchildren(qualify("svg:desc"), qualify("svg:title"))]
    has_text = any("".join(paragraph.itertext()).strip() for paragraph in shape.iter(_PARAGRAPH))
    return "" if has_text else describe_picture(next(filter(None, map(str.strip, texts)), ""))


def _count_header_rows(table: Element) -> int:
    """Return the number of rows that repeat on every page, else 1 if the table's style highlights the first row."""
    rows = table.find(qualify("table:table-header-rows"))
    repeated = sum(1 for _ in rows.iterchildren(qualify("table:table-row"))) if rows is not None else 0
    return repeated or int(table.get(qualify("table:use-first-row-styles")) == "true")
