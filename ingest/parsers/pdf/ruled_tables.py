"""Write the tables that rules divide into cells as rows of text, with merged cells and header paths. Pure.

The rules say which words are in one cell and which cells are merged, wherever in its cell a text stands.
"""

import re
from collections.abc import Sequence, Set
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ingest.parsers.document_builder import CELL_SEPARATOR
from ingest.parsers.pdf.grids import Grid, GridArea, find_grids
from ingest.parsers.pdf.layout import TEXT_LINE, PageLayout, TableSpan
from ingest.parsers.pdf.open_tables import find_open_grids
from ingest.parsers.pdf.pdfium import LINE_END_HYPHEN
from ingest.parsers.pdf.struck_text import CLOSING
from ingest.parsers.table_grid import PATH_SEPARATOR, GridCell, lay_out_table
from ingest.text.annotations import find_annotations
from ingest.text.word_boxes import WORD_DTYPE, WordArray

_MIN_FILLED_CELLS = 4
_MIN_FILLED = 0.4
_MAX_CELL_CHARS = 400
_DIGIT = re.compile(r"\d")


@dataclass(frozen=True, slots=True)
class _CellText:
    """The text of a cell, and its words: their numbers on the page and their offsets in it."""

    area: GridArea
    text: str
    words: tuple[tuple[int, int, int], ...]


@dataclass(frozen=True, slots=True)
class _Table:
    """A table: the lines of the page that it takes the place of, its rows, and its words with offsets in the text."""

    lines: frozenset[int]
    rows: list[str]
    header_rows: int
    words: list[tuple[int, int, int, int]]
    """Row, start and end in the row, and number on the page of each word, in text order."""


def write_ruled_tables(layout: PageLayout, rules: NDArray[np.float32]) -> PageLayout:
    """Return the page with the tables in its grids: one line a row, with a separator between cells.

    A grid whose lines have text beside it too, or whose cells are long or mostly empty, is no table here.
    """
    tables: list[_Table] = []
    taken: set[int] = set()
    closed = find_grids(rules) if len(layout.words) else []
    for grid in [*closed, *(find_open_grids(rules, layout.words, closed) if len(layout.words) else ())]:
        table = _read_table(grid, layout)
        if table is not None and taken.isdisjoint(table.lines):
            tables.append(table)
            taken |= table.lines
    return _Rewriter(layout, tables).write() if tables else layout


def _read_table(grid: Grid, layout: PageLayout) -> _Table | None:
    places = _locate_words(grid, layout.words)
    lines = frozenset(int(layout.words["line"][number]) for number in places)
    members = np.flatnonzero(np.isin(layout.words["line"], list(lines)))
    if len(members) != len(places):
        return None
    cells = _collect_cells(grid, places, layout)
    filled = [cell for cell in cells if cell.text]
    is_filled = len(filled) >= max(_MIN_FILLED_CELLS, _MIN_FILLED * len(cells))
    is_wide = len({cell.area.column for cell in filled}) > 1 and len({cell.area.row for cell in filled}) > 1
    if not is_filled or not is_wide or any(len(cell.text) > _MAX_CELL_CHARS for cell in cells):
        return None
    return _lay_out(cells, grid, lines)


def _locate_words(grid: Grid, words: WordArray) -> dict[int, tuple[int, int]]:
    """Return row and column of the words in a grid by their numbers."""
    centres = (words["box"][:, :2] + words["box"][:, 2:]) / 2
    columns, rows = np.searchsorted(grid.xs, centres[:, 0]) - 1, np.searchsorted(grid.ys, centres[:, 1]) - 1
    is_inside = (columns >= 0) & (columns < len(grid.xs) - 1) & (rows >= 0) & (rows < len(grid.ys) - 1)
    return {number: (int(rows[number]), int(columns[number])) for number in np.flatnonzero(is_inside).tolist()}


def _collect_cells(grid: Grid, places: dict[int, tuple[int, int]], layout: PageLayout) -> list[_CellText]:
    owner = {
        (row, column): area
        for area in grid.areas
        for row in range(area.row, area.row + area.rows)
        for column in range(area.column, area.column + area.columns)
    }
    numbers: dict[GridArea, list[int]] = {area: [] for area in grid.areas}
    for number, place in places.items():
        numbers[owner[place]].append(number)
    brackets = _find_brackets(layout)
    return [_join_words(area, members, layout, brackets) for area, members in numbers.items()]


def _find_brackets(layout: PageLayout) -> dict[int, tuple[str, str]]:
    """Return what stands before and after the words that begin and end annotations."""
    brackets: dict[int, tuple[str, str]] = {}
    starts, ends = layout.words["start"], layout.words["end"]
    for start, end, kind in find_annotations(layout.text):
        first, last = int(np.searchsorted(starts, start)), int(np.searchsorted(ends, end, side="right")) - 1
        if first <= last:
            brackets[first] = (f"[{kind}: ", brackets.get(first, ("", ""))[1])
            brackets[last] = (brackets.get(last, ("", ""))[0], "]")
    return brackets


def _join_words(
    area: GridArea, numbers: Sequence[int], layout: PageLayout, brackets: dict[int, tuple[str, str]]
) -> _CellText:
    text = ""
    words: list[tuple[int, int, int]] = []
    for index, number in enumerate(numbers):
        start, end = int(layout.words["start"][number]), int(layout.words["end"][number])
        before, after = brackets.get(number, ("", ""))
        is_glued = text.endswith(chr(LINE_END_HYPHEN)) or (
            index > 0 and start == int(layout.words["end"][numbers[index - 1]])
        )
        text += ("" if is_glued or not text else " ") + before
        words.append((number, len(text), len(text) + end - start))
        text += layout.text[start:end] + after
    return _CellText(area, text, tuple(words))


def _lay_out(cells: Sequence[_CellText], grid: Grid, lines: frozenset[int]) -> _Table:
    row_count = len(grid.ys) - 1
    grid_rows = _make_grid_rows(cells, row_count)
    laid_out = lay_out_table(grid_rows, grid.header_rows or int(_has_header(grid_rows)))
    columns = sorted({cell.column for row in grid_rows for cell in row})
    header_rows, header_count = laid_out.header_rows, row_count - (len(laid_out.rows) - laid_out.header_rows)
    words: list[tuple[int, int, int, int]] = []
    taken: set[tuple[int, int]] = set()
    for cell in cells:
        own_row = header_rows + cell.area.row - header_count
        rows = range(header_rows) if cell.area.row < header_count else (own_row,)
        place = _find_place(cell, laid_out.rows, rows, columns, taken)
        if place is not None:
            taken.add(place)
            words += [(place[0], place[1] + start, place[1] + end, number) for number, start, end in cell.words]
    texts = [CELL_SEPARATOR.join(row).rstrip(" |") for row in laid_out.rows]
    return _drop_blank_rows(_Table(lines, texts, header_rows, sorted(words)))


def _make_grid_rows(cells: Sequence[_CellText], row_count: int) -> list[list[GridCell]]:
    rows: list[list[GridCell]] = [[] for _ in range(row_count)]
    for cell in cells:
        area = cell.area
        rows[area.row].append(GridCell(area.column, cell.text, area.columns))
        for row in range(area.row + 1, area.row + area.rows):
            rows[row].append(GridCell(area.column, "", area.columns, is_continued=True))
    return [sorted(row, key=lambda cell: cell.column) for row in rows]


def _find_place(
    cell: _CellText,
    texts: Sequence[Sequence[str]],
    rows: Sequence[int],
    columns: Sequence[int],
    taken: Set[tuple[int, int]],
) -> tuple[int, int] | None:
    """Return the row and the offset in it at which the text of a cell stands first; None if it stands nowhere.

    It is a whole text of its column, or a part of the path in a header; a title is the only text of its row.
    """
    if not cell.text:
        return None
    whole = re.compile(
        rf"(?:(?<=^)|(?<={re.escape(PATH_SEPARATOR)})){re.escape(cell.text)}(?={re.escape(PATH_SEPARATOR)}|$)"
    )
    is_title = cell.area.columns >= len(columns)
    for row in rows:
        column = 0 if is_title and len(texts[row]) == 1 else columns.index(cell.area.column)
        if column >= len(texts[row]) or (len(texts[row]) == 1 and not is_title):
            continue
        before = sum(len(text) + len(CELL_SEPARATOR) for text in texts[row][:column])
        for match in whole.finditer(texts[row][column]):
            if (row, before + match.start()) not in taken:
                return row, before + match.start()
    return None


def _has_header(rows: Sequence[Sequence[GridCell]]) -> bool:
    """Return whether the first row has words alone, and another row numbers."""
    has_numbers = [any(_DIGIT.search(cell.text) for cell in row) for row in rows]
    is_named = sum(bool(cell.text) for cell in rows[0]) > len(rows[0]) / 2
    return is_named and not has_numbers[0] and any(has_numbers[1:])


def _drop_blank_rows(table: _Table) -> _Table:
    kept = [row for row, text in enumerate(table.rows) if text]
    new_row = {row: index for index, row in enumerate(kept)}
    header_rows = sum(row < table.header_rows for row in kept)
    words = [(new_row[row], start, end, number) for row, start, end, number in table.words]
    return _Table(table.lines, [table.rows[row] for row in kept], header_rows, words)


class _Rewriter:
    """Writes a page anew with tables in the place of their lines."""

    def __init__(self, layout: PageLayout, tables: Sequence[_Table]) -> None:
        self._layout = layout
        self._table_of = {line: table for table in tables for line in table.lines}
        self._text = ""
        self._words: list[tuple[int, int, int, list[float]]] = []
        self._lines: list[tuple[int, int, float]] = []
        self._spans: list[TableSpan] = []

    def write(self) -> PageLayout:
        """Return the page."""
        written: set[int] = set()
        is_after_table, position = False, 0
        for line, (start, end, size) in enumerate(self._layout.lines.tolist()):
            table = self._table_of.get(line)
            before = self._layout.text[position:start]
            if table is None:
                self._text += "\n\n" + before.lstrip("\n") if is_after_table else before
                self._copy_line(line)
            elif id(table) not in written:
                written.add(id(table))
                self._text += CLOSING if before.startswith(CLOSING) else ""
                self._write_table(table, size)
            is_after_table = table is not None
            position = end + (is_after_table and self._layout.text.startswith(CLOSING, end))
        text = self._text + self._layout.text[position:]
        return replace(
            self._layout,
            text=text,
            words=np.array(self._words, WORD_DTYPE),
            lines=np.array(self._lines, TEXT_LINE),
            tables=tuple(self._spans),
        )

    def _copy_line(self, line: int) -> None:
        start, end, size = self._layout.lines[line].tolist()
        shift = len(self._text) - start
        for number in np.flatnonzero(self._layout.words["line"] == line).tolist():
            word = self._layout.words[number]
            box = word["box"].tolist()
            self._words.append((int(word["start"]) + shift, int(word["end"]) + shift, len(self._lines), box))
        self._text += self._layout.text[start:end]
        self._lines.append((start + shift, end + shift, size))

    def _write_table(self, table: _Table, size: float) -> None:
        if self._text:
            self._text = self._text.rstrip("\n") + "\n\n"
        start = len(self._text)
        header_end = start
        for row, text in enumerate(table.rows):
            self._text += "\n" if row else ""
            offset = len(self._text)
            for _, first, last, number in (word for word in table.words if word[0] == row):
                box = self._layout.words["box"][number].tolist()
                self._words.append((offset + first, offset + last, len(self._lines), box))
            self._text += text
            self._lines.append((offset, len(self._text), size))
            header_end = len(self._text) if row + 1 == table.header_rows else header_end
        self._spans.append(
            TableSpan(start, header_end if len(table.rows) > table.header_rows else start, len(self._text))
        )
