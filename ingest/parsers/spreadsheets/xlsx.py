# pyright: basic, reportAttributeAccessIssue=false
# (the stubs of lxml are partial)
"""Excel workbooks (XLSX): one page a sheet, cells as shown (ECMA-376, part 1, 18.3)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache, reduce

from lxml import etree
from lxml.etree import _Element as Element

from ingest.errors import DamagedFileError
from ingest.parsers.containers import open_container, read_part, translate_errors
from ingest.parsers.document_builder import DocumentBuilder, clean_title
from ingest.parsers.office_charts import describe_chart, read_chart, read_texts
from ingest.parsers.source import Source
from ingest.parsers.spreadsheets.format_codes import GENERAL
from ingest.parsers.spreadsheets.formulas import FormulaResults
from ingest.parsers.spreadsheets.number_formats import format_general, format_number, format_text
from ingest.parsers.spreadsheets.sheets import Area, Cell, CellBudget, Layout, write_sheet
from ingest.parsers.spreadsheets.workbook import (
    DAMAGE,
    CellStyle,
    Relation,
    SheetEntry,
    Workbook,
    is_true,
    mark_text,
    open_workbook,
    read_relations,
    read_text,
)
from ingest.text.annotations import AnnotationKind, annotate, annotate_hidden
from ingest.types import HiddenReason, PageUnit, ParsedDocument

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

_PIECE_CHARS = 1_000_000
_MAX_COLUMNS = 16_384
_MAX_FORMULA_CHARS = 200
_REFERENCE = re.compile(r"\$?([A-Z]{1,3})\$?([0-9]{1,7})")
_THREADED = re.compile(r"\[Threaded comment\].*?\bComment:\s*", re.S)
_CHARTS = ("chart", "chartEx")
_MIDNIGHT = "T00:00:00"
_TEXT_FORMAT = re.compile("[;@]")
"""Only a format with these signs changes a text."""

_EMPTY = Cell("")


def parse(source: Source) -> Iterator[ParsedDocument]:
    """Yield a workbook: each sheet with its tables, comments in their cells, and text boxes.

    Cells are shown as their number formats say. What is struck out or hidden is an annotation, and so is a comment.
    A formula without a stored result is computed, with a warning, or an annotation says that it is not. Cells beyond
    the limit and damaged sheets become warnings. Raises what `open_container` raises, `DamagedFileError`,
    `NoTextError`.
    """
    with translate_errors(source.filename), open_container(source.path, source.filename) as archive:
        book = open_workbook(archive, source.filename)
        reader = _Reader(book, FormulaResults(source.path))
        pieces = list(reader.read())
        if reader.damaged and not any(piece.has_text for piece in pieces):
            raise DamagedFileError(filename=source.filename, detail=f"sheet {reader.damaged[0]!r} is damaged")
    title = clean_title(book.title) or source.filename.rsplit(".", 1)[0]
    for number, builder in enumerate(pieces, 1):
        yield builder.build(
            title=title,
            media_type=MEDIA_TYPE,
            filename=source.filename,
            unit=PageUnit.SHEET,
            warnings=reader.warnings if number == len(pieces) else (),
            total_pages=sum(bool(sheet.path) for sheet in book.sheets),
        )


@dataclass(slots=True)
class _Reader:
    """Reads sheet after sheet, and collects warnings."""

    book: Workbook
    results: FormulaResults
    budget: CellBudget = field(default_factory=CellBudget)
    damaged: list[str] = field(default_factory=list)

    @property
    def warnings(self) -> list[str]:
        """The warnings about missing text, and about results that are not the file's own."""
        missing = [f"sheet {sheet.name!r} is missing from the file" for sheet in self.book.sheets if not sheet.path]
        return [*self.book.warnings, *self.budget.warnings, *missing]

    def read(self) -> Iterator[DocumentBuilder]:
        """Yield builders of one or more sheets each; at least one, which alone may be empty."""
        builder = DocumentBuilder()
        for entry in self.book.sheets:
            if not entry.path:
                continue
            if builder.length > _PIECE_CHARS:
                yield builder
                builder = DocumentBuilder(first_page=builder.next_page)
            self._read_sheet(entry, builder)
        if builder.has_text or builder.first_page == 1:
            yield builder

    def _read_sheet(self, entry: SheetEntry, builder: DocumentBuilder) -> None:
        sheet = _Sheet(entry, self.book, self.results, self.budget)
        sheet.read_cells()
        sheet.add_comments()
        write_sheet(entry.name, sheet.sort_rows(), builder, sheet.layout)
        for text in sheet.read_drawings():
            builder.add_paragraph(text)
        if sheet.is_damaged:
            self.damaged.append(entry.name)
        self.budget.warnings.extend(sheet.describe_problems())


@dataclass(slots=True)
class _Sheet:
    """The cells of one sheet as shown, and how they stand."""

    entry: SheetEntry
    book: Workbook
    results: FormulaResults
    budget: CellBudget
    rows: dict[int, dict[int, Cell]] = field(default_factory=dict)
    is_damaged: bool = False
    _areas: list[Area] = field(default_factory=list)
    _hidden_rows: set[int] = field(default_factory=set)
    _hidden_columns: set[int] = field(default_factory=set)
    _unseen_cells: dict[tuple[int, int], HiddenReason] = field(default_factory=dict)
    _colored_areas: list[Area] = field(default_factory=list)
    _has_zeros: bool = True
    _last_row: int = 0
    _computed: int = 0
    _not_computed: int = 0
    _lost_texts: int = 0
    _spread_area: Area | None = None
    _shared_formulas: dict[str, str] = field(default_factory=dict)
    _array_formulas: list[tuple[Area, str]] = field(default_factory=list)
    _shared_texts: dict[tuple[str, str | None], Cell] = field(default_factory=dict)

    @property
    def layout(self) -> Layout:
        """The merged areas and what is hidden."""
        rows, columns = frozenset(self._hidden_rows), frozenset(self._hidden_columns)
        return Layout(self._areas, rows, columns, self.entry.is_hidden, self._find_unseen_cells())

    def _find_unseen_cells(self) -> dict[tuple[int, int], HiddenReason]:
        """Return why nobody sees a cell; where a table or a condition colours cells, that is not known."""
        if not self._unseen_cells:
            return {}
        kinds = {"table": "{*}table", "pivotTable": "{*}location"}
        parts = self._read_related(self.entry.path, *kinds)
        tables = [table for _, root in parts for table in ([root] if root.get("ref") else root.iter("{*}location"))]
        areas = [*self._colored_areas, *(_parse_area(table.get("ref", "")) for table in tables)]
        return {
            place: reason
            for place, reason in self._unseen_cells.items()
            if not any(area.covers(*place) for area in areas)
        }

    def read_cells(self) -> None:
        """Read all rows; a damaged part ends the sheet."""
        try:
            with self.book.archive.open(self.entry.path) as part:
                for _, element in etree.iterparse(
                    part,
                    tag=("{*}row", "{*}col", "{*}mergeCell", "{*}sheetView", "{*}conditionalFormatting"),
                    resolve_entities=False,
                    no_network=True,
                ):
                    if not self._read_element(element):
                        return
        except DAMAGE:
            self.is_damaged = True

    def sort_rows(self) -> list[tuple[int, dict[int, Cell]]]:
        """Return the rows that have cells, in order."""
        return sorted(self.rows.items())

    def describe_problems(self) -> Iterator[str]:
        """Yield warnings about damage and formulas."""
        name = self.entry.name
        if self.is_damaged:
            row = f" from row {self._last_row + 1} on" if self._last_row else ""
            yield f"sheet {name!r} is damaged: it is missing{row}"
        if self._lost_texts:
            yield f"{self._lost_texts} texts of sheet {name!r} are missing from the file"
        if self._computed:
            yield f"{self._computed} formulas of sheet {name!r} have no stored result and were computed here"
        if self._not_computed:
            advice = "open the file in a spreadsheet program and save it"
            yield f"{self._not_computed} formulas of sheet {name!r} have no stored result: {advice}"

    # Comments and drawings

    def add_comments(self) -> None:
        """Add the comments to their cells."""
        threads: dict[tuple[int, int], list[str]] = {}
        notes: dict[tuple[int, int], list[str]] = {}
        for relation, part in self._read_related(self.entry.path, "threadedComment", "comments"):
            if relation.kind == "comments":
                _collect_notes(part, notes)
            else:
                self._collect_threads(part, threads)
        for (row, column), texts in {**notes, **threads}.items():
            cells = self.rows.setdefault(row, {})
            cell = cells.get(column, Cell(""))
            cells[column] = cell._replace(annotations=(*cell.annotations, *filter(None, texts)))

    def read_drawings(self) -> Iterator[str]:
        """Yield the texts of shapes, text boxes and diagrams, and the titles of charts, whose numbers are cells."""
        for drawing, root in self._read_related(self.entry.path, "drawing"):
            yield from read_texts(root)
            for relation, part in self._read_related(drawing.target, *_CHARTS, "diagramData"):
                yield from [describe_chart(read_chart(part))] if relation.kind in _CHARTS else read_texts(part)

    def _read_related(self, path: str, *kinds: str) -> Iterator[tuple[Relation, Element]]:
        for relation in read_relations(self.book.archive, path):
            if relation.kind not in kinds:
                continue
            try:
                part = read_part(self.book.archive, relation.target)
            except DAMAGE:
                self.budget.warnings.append(f"the {relation.kind} of sheet {self.entry.name!r} are damaged")
                continue
            if part is not None:
                yield relation, part

    def _collect_threads(self, part: Element, threads: dict[tuple[int, int], list[str]]) -> None:
        for comment in part.iter("{*}threadedComment"):
            author = self.book.people.get(comment.get("personId", ""), "")
            text = " ".join(line.text or "" for line in comment.iterchildren("{*}text"))
            place = _parse_reference(comment.get("ref", ""))
            threads.setdefault(place, []).append(annotate(AnnotationKind.COMMENT, text, author=author))

    # Cells

    def _read_element(self, element: Element) -> bool:
        """Read an element of a sheet; return whether there may be more."""
        match element.tag.rpartition("}")[2]:
            case "row":
                is_within = self._read_row(element)
                element.clear()
                while element.getprevious() is not None:
                    del element.getparent()[0]
                return is_within
            case "col":
                if is_true(element, "hidden") or element.get("width") == "0":
                    last = min(int(element.get("max", "0")), _MAX_COLUMNS)
                    self._hidden_columns.update(range(int(element.get("min", "1")), last + 1))
            case "sheetView":
                self._has_zeros = element.get("showZeros", "1").lower() not in ("0", "false")
            case "conditionalFormatting":
                self._colored_areas += map(_parse_area, element.get("sqref", "").split())
            case _:
                self._areas.append(_parse_area(element.get("ref", "")))
        return True

    def _read_row(self, row: Element) -> bool:
        number = int(row.get("r") or self._last_row + 1)
        cells: dict[int, Cell] = {}
        column = 0
        visited = 0
        for element in row.iterchildren("{*}c"):
            reference = element.get("r")
            column = _parse_reference(reference)[1] if reference else column + 1
            visited += 1
            cell = self._read_cell(element, number, column)
            if cell.text or cell.annotations:
                cells[column] = cell
                self._note_unseen(element.get("s"), number, column)
            if self.book.has_spread_cells:
                self._spread(cell, number, column, self.book.find_style(element.get("s")))
        if not self.budget.take(visited, sheet=self.entry.name, row=number):
            return False
        if is_true(row, "hidden"):
            self._hidden_rows.add(number)
        if cells:
            self.rows[number] = cells
        self._last_row = number
        return True

    def _spread(self, cell: Cell, row: int, column: int, style: CellStyle) -> None:
        """Note a text that is centred across the empty cells at its right: they look like one merged cell."""
        last = self._spread_area
        if style.is_spread and cell.text:
            self._spread_area = Area(row, column, row, column)
        elif style.is_spread and last is not None and last.covers(row, column - 1) and not cell.text:
            if last.right > last.left:
                self._areas.pop()
            self._spread_area = last._replace(right=column)
            self._areas.append(self._spread_area)
        else:
            self._spread_area = None

    def _note_unseen(self, style_index: str | None, row: int, column: int) -> None:
        reason = self.book.find_style(style_index).reason
        if reason is not None:
            self._unseen_cells[row, column] = reason

    def _read_cell(self, element: Element, row: int, column: int) -> Cell:
        parts = {child.tag.rpartition("}")[2]: child for child in element.iterchildren("*")}
        if not parts:
            return _EMPTY
        kind, style_index = element.get("t", "n"), element.get("s")
        value = parts.get("v")
        stored = value.text or "" if value is not None else ""
        style = self.book.find_style(style_index)
        has_formula = "f" in parts or bool(self._array_formulas)
        formula = self._find_formula(parts.get("f"), row, column) if has_formula else ""
        if formula and self._lacks_result(kind, stored):
            return self._compute(formula, _format_reference(row, column), style)
        if kind == "s":
            return self._find_shared_text(stored, style_index, style)
        if kind == "inlineStr":
            return _show_text(read_text(parts["is"], style, self.book.colors), style) if "is" in parts else _EMPTY
        return self._show_value(kind, stored, style)

    def _find_shared_text(self, index: str, style_index: str | None, style: CellStyle) -> Cell:
        cell = self._shared_texts.get((index, style_index))
        if cell is None:
            text = self.book.find_text(index)
            if text is None:
                self._lost_texts += 1
                return _EMPTY
            cell = _show_text(read_text(text, style, self.book.colors), style)
            self._shared_texts[index, style_index] = cell
        return cell

    def _show_value(self, kind: str, stored: str, style: CellStyle) -> Cell:
        if not stored.strip():
            return _EMPTY
        match kind:
            case "n":
                return self._show_number(stored, style)
            case "b":
                return mark_text(str(stored.strip() in ("1", "true")).upper(), style.font, is_number=False)
            case "d":
                return mark_text(stored.strip().removesuffix(_MIDNIGHT).replace("T", " "), style.font, is_number=True)
            case _:
                return _show_text(mark_text(stored.strip(), style.font, is_number=False), style)

    def _show_number(self, stored: str, style: CellStyle) -> Cell:
        value = _parse_number(stored)
        if value is None:
            return mark_text(stored.strip(), style.font, is_number=False)
        if not value and not self._has_zeros:
            return _EMPTY
        code = style.number_format
        shown = format_general(value) if code == GENERAL else format_number(value, code, is_1904=self.book.is_1904)
        if not shown and value:  # a format such as ;;; hides what the cell has
            return Cell("", annotations=(annotate_hidden(HiddenReason.FORMATTING, format_general(value)),))
        return mark_text(shown, style.font, is_number=True)

    # Formulas

    def _lacks_result(self, kind: str, stored: str) -> bool:
        """Whether a formula has no stored result; a placeholder of 0 is none, and an empty text is one."""
        if kind == "str" or stored.strip() not in ("", "0"):
            return False
        return not stored.strip() or self.book.is_computed_on_load

    def _compute(self, formula: str, reference: str, style: CellStyle) -> Cell:
        result = self.results.find(formula, sheet=self.entry.name, reference=reference)
        if result is None:
            self._not_computed += 1
            shown = formula if len(formula) <= _MAX_FORMULA_CHARS else f"{formula[:_MAX_FORMULA_CHARS]}…"
            return Cell("", annotations=(annotate(AnnotationKind.FORMULA, f"{shown}, not computed"),))
        self._computed += 1
        if isinstance(result, bool):
            return self._show_value("b", str(int(result)), style)
        return self._show_value("str" if isinstance(result, str) else "n", str(result), style)

    def _find_formula(self, formula: Element | None, row: int, column: int) -> str:
        """Return the formula whose result a cell shows; empty for a cell with a value.

        A shared formula is that of its first cell; an array formula fills the cells of its area.
        """
        if formula is None:
            areas = (text for area, text in self._array_formulas if area.covers(row, column))
            return next(areas, "")
        text = " ".join((formula.text or "").split())
        group = formula.get("si", "")
        if text and group:
            self._shared_formulas[group] = text
        if text and formula.get("t") == "array":
            self._array_formulas.append((_parse_area(formula.get("ref", "")), text))
        return text or self._shared_formulas.get(group, "")


def _parse_number(stored: str) -> float | None:
    """Return a stored number, a whole one with all its digits; None if it is none."""
    for kind in (int, float):
        try:
            return kind(stored)
        except ValueError:
            continue
    return None


def _show_text(cell: Cell, style: CellStyle) -> Cell:
    """Return a text as the number format shows it."""
    if style.number_format in (GENERAL, "@") or not cell.text or not _TEXT_FORMAT.search(style.number_format):
        return cell
    shown = format_text(cell.text, style.number_format)
    if shown:
        return cell._replace(text=shown)
    return Cell("", annotations=(annotate_hidden(HiddenReason.FORMATTING, cell.text), *cell.annotations))


def _collect_notes(part: Element, notes: dict[tuple[int, int], list[str]]) -> None:
    authors = [" ".join((author.text or "").split()) for author in part.iterfind("{*}authors/{*}author")]
    for comment in part.iter("{*}comment"):
        index = comment.get("authorId", "")
        author = authors[int(index)] if index.isdecimal() and int(index) < len(authors) else ""
        body = comment.find("{*}text")
        text = read_text(body).text if body is not None else ""
        text = _THREADED.sub("", text).removeprefix(f"{author}:")
        place = _parse_reference(comment.get("ref", ""))
        notes.setdefault(place, []).append(
            annotate(AnnotationKind.COMMENT, text, author="" if author.startswith("tc=") else author)
        )


def _parse_area(reference: str) -> Area:
    """Return the area that `reference` names, such as A1:B2; raises `ValueError`."""
    first, _, last = reference.partition(":")
    (top, left), (bottom, right) = _parse_reference(first), _parse_reference(last or first)
    return Area(top, left, bottom, right)


def _parse_reference(reference: str) -> tuple[int, int]:
    """Return the row and the column of a cell, counted from 1; raises `ValueError`."""
    match = _REFERENCE.fullmatch(reference)
    if match is None:
        raise ValueError(f"{reference!r} is no cell")
    return int(match[2]), _parse_column(match[1])


@lru_cache(maxsize=2048)
def _parse_column(letters: str) -> int:
    return reduce(lambda column, letter: column * 26 + ord(letter) - 64, letters, 0)


def _format_reference(row: int, column: int) -> str:
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return f"{letters}{row}"
