# pyright: basic
"""Read the sheets of an OpenDocument spreadsheet: cells as shown, merged areas, what is hidden (ODF 1.3, 9)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml.etree import _Element as Element

from ingest.parsers.marked_text import MarkedText
from ingest.parsers.opendocument.marks import TextMarks, decode_signs
from ingest.parsers.opendocument.package import qualify
from ingest.parsers.opendocument.text import read_comment
from ingest.parsers.opendocument.text_styles import PLAIN_TEXT, TextStyle
from ingest.parsers.spreadsheets.number_formats import format_general
from ingest.parsers.spreadsheets.sheets import Area, Cell, CellBudget, Layout
from ingest.text.annotations import AnnotationKind, annotate

_MAX_REPEATED_CELLS = 1000
_MAX_COLUMNS = 16_384
_NUMBERS = frozenset({"float", "percentage", "currency", "date", "time"})
_NOT_SHOWN = ("collapse", "filter")
_CELLS = (qualify("table:table-cell"), qualify("table:covered-table-cell"))
_GROUPS = (qualify("table:table-row-group"), qualify("table:table-column-group"))
_SPACES = {qualify(f"text:{name}") for name in ("s", "tab", "line-break")}
_LEFT_OUT = {qualify("office:annotation"), qualify("draw:frame"), qualify("text:ruby-text"), qualify("text:note")}
_DURATION = re.compile(r"(-?)P(?:(\d+)D)?T?(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:[.,]\d+)?S)?")
_MIDNIGHT = "T00:00:00"
_REFERENCE = re.compile(r"\[\.?([^\]]*)\]")
_NAMESPACE = re.compile(r"^\w+:=?|^=")


@dataclass(slots=True)
class SheetReader:
    """The rows of one sheet, and how they stand: `layout` is complete after the last row."""

    sheet: Element
    marks: TextMarks
    budget: CellBudget
    not_computed: int = 0
    _areas: list[Area] = field(default_factory=list)
    _hidden_rows: set[int] = field(default_factory=set)
    _hidden_columns: set[int] = field(default_factory=set)
    _column_styles: dict[int, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name of the sheet."""
        return str(self.sheet.get(qualify("table:name"), ""))

    def read_rows(self) -> list[tuple[int, dict[int, Cell]]]:
        """Return the rows that have text, with their numbers; those beyond the limit become a warning."""
        self._read_columns()
        return list(self._read_rows())

    def find_layout(self, *, is_hidden: bool) -> Layout:
        """Return the merged areas and what is hidden, as read so far."""
        return Layout(self._areas, frozenset(self._hidden_rows), frozenset(self._hidden_columns), is_hidden)

    def _read_columns(self) -> None:
        column = 1
        for element in self.sheet.iter(qualify("table:table-column")):
            last = min(column + _read_count(element, "table:number-columns-repeated"), _MAX_COLUMNS + 1)
            if _is_out_of_sight(element):
                self._hidden_columns.update(range(column, last))
            style = element.get(qualify("table:default-cell-style-name"), "")
            if ("table-cell", style) in self.marks.styles:
                self._column_styles.update((number, style) for number in range(column, last))
            column = last

    def _read_rows(self) -> Iterator[tuple[int, dict[int, Cell]]]:
        number = 1
        for row in self.sheet.iter(qualify("table:table-row")):
            repeats = _read_count(row, "table:number-rows-repeated")
            cells = self._read_row(row, number)
            is_hidden = bool(cells) and _is_out_of_sight(row)
            for repeated in range(number, number + (repeats if cells else 1)):
                if not self.budget.take(len(cells), sheet=self.name, row=repeated):
                    return
                if is_hidden:
                    self._hidden_rows.add(repeated)
                yield repeated, cells
            number += repeats

    def _read_row(self, row: Element, number: int) -> dict[int, Cell]:
        cells: dict[int, Cell] = {}
        column = 1
        row_style = row.get(qualify("table:default-cell-style-name"), "")
        for element in row.iterchildren(*_CELLS):
            repeats = _read_count(element, "table:number-columns-repeated")
            style = element.get(qualify("table:style-name")) or row_style or self._column_styles.get(column, "")
            cell = self._read_cell(element, style)
            if cell.text or cell.annotations:
                cells.update(dict.fromkeys(range(column, column + min(repeats, _MAX_REPEATED_CELLS)), cell))
                self._add_area(element, number, column)
            column += repeats
        return cells

    def _add_area(self, cell: Element, row: int, column: int) -> None:
        rows, columns = (_read_count(cell, f"table:number-{kind}-spanned") for kind in ("rows", "columns"))
        if rows > 1 or columns > 1:
            self._areas.append(Area(row, column, row + rows - 1, min(column + columns, _MAX_COLUMNS) - 1))

    def _read_cell(self, cell: Element, style_name: str) -> Cell:
        """Return a cell as shown, else its stored value, with its comments."""
        style = self.marks.styles.get(("table-cell", style_name), PLAIN_TEXT)
        font = self.marks.symbol_fonts.get(("table-cell", style_name), "")
        text = MarkedText()
        for paragraph in cell.iterchildren(qualify("text:p")):
            self._add_runs(paragraph, style, font, text)
            text.add(" ", style.to_run())
        shown, annotations = text.join()
        kind = cell.get(qualify("office:value-type"), "")
        if not annotations and not shown.strip(" #"):
            value = _format_value(cell, kind)
            unmarked = MarkedText()
            unmarked.add(value or shown, style.to_run())
            shown, annotations = unmarked.join()
        formula = cell.get(qualify("table:formula"), "")
        if formula and not shown and not annotations and not _has_result(cell):
            self.not_computed += 1
            annotations = [annotate(AnnotationKind.FORMULA, f"{_format_formula(formula)}, not computed")]
        annotations += filter(None, map(read_comment, cell.iterchildren(qualify("office:annotation"))))
        return Cell(" ".join(shown.split()), kind in _NUMBERS, tuple(annotations))

    def _add_runs(self, element: Element, style: TextStyle, font: str, text: MarkedText) -> None:
        family = "paragraph" if element.tag == qualify("text:p") else "text"
        inner, inner_font = self.marks.find_style(family, element, style), self.marks.find_font(family, element, font)
        text.add(decode_signs(_collapse(element.text), inner_font), inner.to_run())
        for child in element.iterchildren("*"):
            if child.tag in _SPACES:
                text.add(" ", inner.to_run())
            elif child.tag not in _LEFT_OUT:
                self._add_runs(child, inner, inner_font, text)
            text.add(decode_signs(_collapse(child.tail), inner_font), inner.to_run())


def _collapse(text: str | None) -> str:
    return re.sub(r"\s+", " ", text or "")


def _is_out_of_sight(element: Element) -> bool:
    """Whether a row or a column is hidden, filtered out, or in a group that is closed."""
    if element.get(qualify("table:visibility")) in _NOT_SHOWN:
        return True
    return any(group.get(qualify("table:display")) == "false" for group in element.iterancestors(*_GROUPS))


def _has_result(cell: Element) -> bool:
    names = ("string-value", "date-value", "time-value", "boolean-value", "value")
    return cell.get(qualify("office:value-type")) == "string" or any(cell.get(qualify(f"office:{n}")) for n in names)


def _format_value(cell: Element, kind: str) -> str:
    """Return the stored value of a cell without a text."""

    def read(name: str) -> str:
        return str(cell.get(qualify(f"office:{name}"), ""))

    value = read("value")
    match kind:
        case "date":
            return read("date-value").removesuffix(_MIDNIGHT).replace("T", " ")
        case "time":
            return _format_duration(read("time-value"))
        case "boolean":
            return read("boolean-value").upper()
        case "percentage" if value:
            return f"{format_general(100 * float(value))}%"
        case "currency" | "float" if value:
            return f"{format_general(float(value))} {read('currency')}".strip()
        case _:
            return read("string-value") or value


def _format_duration(value: str) -> str:
    match = _DURATION.fullmatch(value)
    if match is None:
        return value
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups()[1:])
    return f"{match[1]}{24 * days + hours:02d}:{minutes:02d}:{seconds:02d}"


def _format_formula(formula: str) -> str:
    """Return a formula as a spreadsheet program shows it: `of:=[.B2]*12` is B2*12."""
    shown = _REFERENCE.sub(lambda match: match[1].replace(":.", ":"), _NAMESPACE.sub("", formula))
    return shown.removeprefix("=")


def _read_count(element: Element, attribute: str) -> int:
    return max(int(element.get(qualify(attribute), "1")), 1)
