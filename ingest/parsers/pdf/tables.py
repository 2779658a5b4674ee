"""Find the tables of a page by their white space, and write separators between their cells. Pure.

Only clear tables count: at least three consecutive rows whose cells are short, are aligned in every column and leave
the same vertical strips of the page empty. All other text stays unchanged.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ingest.parsers.document_builder import CELL_SEPARATOR
from ingest.parsers.pdf.layout import PageLayout, TableSpan
from ingest.parsers.pdf.struck_text import CLOSING, OPENING
from ingest.parsers.pdf.text_rows import find_centred_groups

_MIN_ROWS = 3
_MIN_FILLED = 0.6
_MIN_ALIGNED = 0.65
_MAX_CELL_CHARS = 25
_CELL_GAP_EM = 0.9
_ALIGNED_EM = 0.6
_ROW_GAP = 2.5
_MAX_HEADER_LINES = 8
_MIN_COLUMNS_BESIDE_LABELS, _MIN_LABELS = 3, 2
_TOTAL = re.compile(r"\b(?:sub)?(?:total|sum|summe|gesamt|average|mean|durchschnitt|somme|moyenne|carried)", re.I)
_STRAY_ROWS = ((0, 0), (1, 0), (2, 0), (0, 1), (1, 1))
"""Numbers of rows that may be dropped above and below: a line across columns is no row of the table."""


@dataclass(frozen=True, slots=True)
class _Cell:
    """A cell: its span in the text and its left and right edge in points."""

    start: int
    end: int
    x0: float
    x1: float


@dataclass(frozen=True, slots=True)
class _Row:
    """A line with wide gaps: its index, its cells, its extent and its font size in points."""

    line: int
    cells: tuple[_Cell, ...]
    y0: float
    y1: float
    size: float

    def is_followed_by(self, other: "_Row") -> bool:
        """Return whether `other` is the next line of the text, close below."""
        gap = other.y0 - self.y1
        height = max(self.y1 - self.y0, 1.0)
        return other.line == self.line + 1 and -height / 2 < gap < _ROW_GAP * height and other.y0 > self.y0


@dataclass(frozen=True, slots=True)
class _Table:
    """Rows, and the column index of each of their cells."""

    rows: tuple[_Row, ...]
    columns: tuple[tuple[int, ...], ...]


def mark_tables(layout: PageLayout) -> PageLayout:
    """Return the page with its tables: one line a row, with a separator between cells, empty ones included.

    Tables that it has already stay.
    """
    rows = [row for row in _find_rows(layout) if not _is_in_table(row, layout)]
    if len(rows) < _MIN_ROWS:
        return layout
    tables = [table for run in _group_rows(rows) if (table := _find_table(run, layout.text))]
    return _write_tables(layout, tables, rows) if tables else layout


def _is_in_table(row: _Row, layout: PageLayout) -> bool:
    return any(table.start <= row.cells[0].start < table.end for table in layout.tables)


def _find_rows(layout: PageLayout) -> list[_Row]:
    """Return the lines that have a wide gap and whose words run from left to right."""
    words = layout.words
    if len(words) < 2 * _MIN_ROWS:
        return []
    line_of, boxes = words["line"].astype(np.intp), words["box"]
    sizes = np.maximum(layout.lines["size"][line_of], 4.0)
    is_same_line = line_of[1:] == line_of[:-1]
    gaps = boxes[1:, 0] - boxes[:-1, 2]
    breaks = np.flatnonzero(is_same_line & (gaps > _CELL_GAP_EM * sizes[1:])) + 1
    backwards = set(line_of[1:][is_same_line & (gaps < -sizes[1:])].tolist())
    lines = sorted(set(line_of[breaks].tolist()) - backwards)
    if len(lines) < _MIN_ROWS:
        return []
    firsts, ends = np.searchsorted(line_of, lines), np.searchsorted(line_of, lines, side="right")
    spans = zip(lines, firsts.tolist(), ends.tolist(), strict=True)
    return [_make_row(line, first, end, breaks, layout) for line, first, end in spans]


def _make_row(line: int, first: int, end: int, breaks: NDArray[np.intp], layout: PageLayout) -> _Row:
    inside = breaks[np.searchsorted(breaks, first) : np.searchsorted(breaks, end)].tolist()
    words = layout.words
    cells: list[_Cell] = []
    for begin, stop in zip([first, *inside], [*inside, end], strict=True):
        x0, x1 = float(words["box"][begin, 0]), float(words["box"][begin:stop, 2].max())
        cells.append(_Cell(int(words["start"][begin]), int(words["end"][stop - 1]), x0, x1))
    box = words["box"][first:end]
    size = max(float(layout.lines["size"][line]), 4.0)
    return _Row(line, tuple(cells), float(box[:, 1].min()), float(box[:, 3].max()), size)


def _group_rows(rows: Sequence[_Row]) -> list[list[_Row]]:
    runs: list[list[_Row]] = []
    for row in rows:
        if runs and runs[-1][-1].is_followed_by(row):
            runs[-1].append(row)
        else:
            runs.append([row])
    return runs


def _find_table(run: Sequence[_Row], text: str) -> _Table | None:
    """Return the table in a run of rows, perhaps without stray rows above or below; None if it is no clear table."""
    for above, below in _STRAY_ROWS:
        rows = run[above : len(run) - below]
        if len(rows) < _MIN_ROWS:
            continue
        columns = _assign_columns(rows)
        if all(len(set(row)) == len(row) for row in columns):
            table = _Table(tuple(rows), columns)
            return table if _is_clear_table(table, text) else None
    return None


def _assign_columns(rows: Sequence[_Row]) -> tuple[tuple[int, ...], ...]:
    """Return the column index of each cell; cells whose horizontal extents overlap are in one column."""
    edges: list[tuple[float, float]] = []
    for x0, x1 in sorted((cell.x0, cell.x1) for row in rows for cell in row.cells):
        if edges and x0 < edges[-1][1]:
            edges[-1] = (edges[-1][0], max(edges[-1][1], x1))
        else:
            edges.append((x0, x1))
    starts = [x0 for x0, _ in edges]
    return tuple(
        tuple((np.searchsorted(starts, [cell.x0 for cell in row.cells], side="right") - 1).tolist()) for row in rows
    )


def _is_clear_table(table: _Table, text: str) -> bool:
    count = _count_columns(table)
    cells = [cell for row in table.rows for cell in row.cells]
    is_filled = len(cells) >= _MIN_FILLED * count * len(table.rows)
    is_short = sum(cell.end - cell.start for cell in cells) <= _MAX_CELL_CHARS * len(cells)
    # Two columns without a header are as often a table of contents or a glossary.
    is_distinct = count > 2 or (count == 2 and _has_header(table, text))
    return is_filled and is_short and is_distinct and all(_is_aligned(table, column) for column in range(count))


def _count_columns(table: _Table) -> int:
    return 1 + max(column for row in table.columns for column in row)


def _is_aligned(table: _Table, column: int) -> bool:
    cells = [
        cell for row, columns in _pair_rows(table) for cell, of in zip(row.cells, columns, strict=True) if of == column
    ]
    edges = np.array([(cell.x0, cell.x1, (cell.x0 + cell.x1) / 2) for cell in cells])
    near = np.abs(edges - np.median(edges, axis=0)) < _ALIGNED_EM * table.rows[-1].size
    return float(near.mean(axis=0).max()) >= _MIN_ALIGNED


def _pair_rows(table: _Table) -> list[tuple[_Row, tuple[int, ...]]]:
    return list(zip(table.rows, table.columns, strict=True))


def _has_header(table: _Table, text: str) -> bool:
    """Return whether the first row is a header: it has words above the numbers of a column."""
    header = dict(zip(table.columns[0], table.rows[0].cells, strict=True))
    if sum(_is_number(text[cell.start : cell.end]) for cell in header.values()) > len(header) / 2:
        return False
    for column, cell in header.items():
        below = [
            c for row, of in _pair_rows(table)[1:] for c, number in zip(row.cells, of, strict=True) if number == column
        ]
        numeric = sum(_is_number(text[c.start : c.end]) for c in below)
        if below and numeric > len(below) / 2 and not _is_number(text[cell.start : cell.end]):
            return True
    return False


def _is_number(cell: str) -> bool:
    digits = sum(map(str.isdigit, cell))
    return digits > 0 and digits >= sum(map(str.isalpha, cell))


def _find_header_line(table: _Table, layout: PageLayout, rows: Sequence[_Row]) -> int:
    """Return the first line of the paragraph directly above a table if that names its columns, else the table's."""
    first = table.rows[0].line
    starts, ends = layout.lines["start"], layout.lines["end"]
    line = first
    while line > 0 and first - line < _MAX_HEADER_LINES:
        gap = layout.text[int(ends[line - 1]) : int(starts[line])]
        if gap != "\n" and not (line == first and gap == "\n\n"):
            break
        line -= 1
    is_whole = line == 0 or layout.text[int(ends[line - 1]) : int(starts[line])] == "\n\n"
    above = [row for row in rows if line <= row.line < first]
    is_short = int(ends[first - 1]) - int(starts[line]) <= _MAX_CELL_CHARS * _count_columns(table)
    return line if is_whole and is_short and any(_names_columns(row, table, layout.text) for row in above) else first


def _names_columns(row: _Row, table: _Table, text: str) -> bool:
    """Return whether a row above a table has words for most of its columns."""
    words = sum(not _is_number(text[cell.start : cell.end]) for cell in row.cells)
    return words > _count_columns(table) / 2


def _write_tables(layout: PageLayout, tables: Sequence[_Table], rows: Sequence[_Row]) -> PageLayout:
    edits = [
        edit
        for table in tables
        for (row, columns), label in zip(_pair_rows(table), _find_labels(table, layout.text), strict=True)
        for edit in _make_edits(row, columns, label, layout.text)
    ]
    ends = np.array([end for _, end, _ in edits], np.int64)
    growth = np.concatenate([[0], np.cumsum([len(text) - (end - start) for start, end, text in edits])])

    def shift(offsets: NDArray[np.uint32]) -> NDArray[np.int64]:
        shifts: NDArray[np.int64] = growth[np.searchsorted(ends, offsets, side="right")]
        return shifts + offsets

    words, lines = layout.words.copy(), layout.lines.copy()
    for spans in (words, lines):
        spans["start"], spans["end"] = shift(spans["start"]), shift(spans["end"])
    known = [TableSpan(*shift(np.array(table, np.uint32)).tolist()) for table in layout.tables]
    edited = replace(layout, text=_apply_edits(layout.text, edits), words=words, lines=lines)
    return replace(edited, tables=tuple(sorted([*known, *(_find_span(t, layout, edited, rows) for t in tables)])))


def _find_labels(table: _Table, text: str) -> list[str]:
    """Return the label that counts for each row without one: that of a merged cell, drawn once at its top or middle.

    Only clear cases count: a header without numbers, numbers in the last column, no other cell missing, two labels or
    more that are words, none of them repeated, and no row of totals.
    """
    count = _count_columns(table)
    rows = _pair_rows(table)
    without = [columns[0] == 1 and len(columns) == count - 1 for _, columns in rows]
    is_whole = all(len(columns) == count or is_without for (_, columns), is_without in zip(rows, without, strict=True))
    none = [""] * len(rows)
    if count < _MIN_COLUMNS_BESIDE_LABELS or not any(without) or not is_whole:
        return none
    cells = [[text[cell.start : cell.end] for cell in row.cells] for row, _ in rows]
    has_header = not any(map(str.isdigit, "".join(cells[0])))
    if not has_header or not all(any(map(str.isdigit, row[-1])) for row in cells[1:]):
        return none
    labels = [row[0] for row, is_without in zip(cells[1:], without[1:], strict=True) if not is_without]
    is_distinct = len(set(labels)) == len(labels) >= _MIN_LABELS
    if without[0] or not is_distinct or any(map(_is_number, labels)):
        return none
    if any(_TOTAL.search(cell) for row in cells[1:] for cell in row[:2]):
        return none
    if not without[1]:
        return _repeat_labels(cells, without)
    places = [number for number, is_without in enumerate(without[1:]) if not is_without]
    groups = find_centred_groups(places, len(rows) - 1)
    if not groups:
        return none
    names = ["", *(cells[place + 1][0] for place, group in zip(places, groups, strict=True) for _ in group)]
    return [name if is_without else "" for name, is_without in zip(names, without, strict=True)]


def _repeat_labels(cells: Sequence[Sequence[str]], without: Sequence[bool]) -> list[str]:
    """Return the label of the nearest row above for each row without one, empty for the others."""
    result: list[str] = []
    label = ""
    for row, is_without in zip(cells, without, strict=True):
        label = label if is_without else row[0]
        result.append(label if is_without else "")
    return result


def _make_edits(row: _Row, columns: Sequence[int], label: str, text: str) -> list[tuple[int, int, str]]:
    """Return the spans between cells, each with the separators that replace it; brackets of annotations stay."""
    edits: list[tuple[int, int, str]] = []
    if columns[0] > 0:
        edits.append((row.cells[0].start, row.cells[0].start, label + CELL_SEPARATOR * columns[0]))
    for index in range(1, len(columns)):
        separator = CELL_SEPARATOR * (columns[index] - columns[index - 1])
        start, end = row.cells[index - 1].end, row.cells[index].start
        start += text.startswith(CLOSING, start, end)
        end -= len(OPENING) if text.endswith(OPENING, start, end) else 0
        edits.append((start, end, separator))
    return edits


def _apply_edits(text: str, edits: Sequence[tuple[int, int, str]]) -> str:
    pieces: list[str] = []
    position = 0
    for start, end, replacement in edits:
        pieces += [text[position:start], replacement]
        position = end
    return "".join([*pieces, text[position:]])


def _find_span(table: _Table, layout: PageLayout, edited: PageLayout, rows: Sequence[_Row]) -> TableSpan:
    first, last = table.rows[0].line, table.rows[-1].line
    end = _find_line_end(edited, last)
    body = _find_line_start(edited, first) - len(CELL_SEPARATOR) * table.columns[0][0]
    if _has_header(table, layout.text):
        return TableSpan(body, _find_line_end(edited, first), end)
    header_line = _find_header_line(table, layout, rows)
    if header_line == first:
        return TableSpan(body, body, end)
    return TableSpan(_find_line_start(edited, header_line), _find_line_end(edited, first - 1), end)


def _find_line_start(layout: PageLayout, line: int) -> int:
    """Return the offset of a line, with the bracket of an annotation that it begins with."""
    start = int(layout.lines["start"][line])
    return start - len(OPENING) if layout.text.endswith(OPENING, 0, start) else start


def _find_line_end(layout: PageLayout, line: int) -> int:
    end = int(layout.lines["end"][line])
    return end + layout.text.startswith(CLOSING, end)
