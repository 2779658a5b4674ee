"""Write spreadsheets as text: one page a sheet, one line a row. Pure."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from ingest.parsers.document_builder import DocumentBuilder, format_row, label_page
from ingest.text.annotations import annotate_hidden
from ingest.types import HiddenReason

MAX_CELLS = 2_000_000
"""Limit of the cells that are visited in a workbook, empty ones included."""

_MIN_HEADER_CELLS = 2
_MAX_HEADER_ROWS = 5
_MAX_HEIGHT = 100
_YEARS = range(1900, 2101)
_PATH_SEPARATOR = " / "


class Cell(NamedTuple):
    """A cell as shown: its text, whether that is a number, a date or a time, and its annotations."""

    text: str
    is_number: bool = False
    annotations: tuple[str, ...] = ()


Row = Mapping[int, Cell]
"""The cells of a row that have text or annotations, by column index."""


class Area(NamedTuple):
    """A merged area: its first and last row and column; its text is that of its first cell."""

    top: int
    left: int
    bottom: int
    right: int

    def covers(self, row: int, column: int) -> bool:
        """Return whether a cell is in the area."""
        return self.top <= row <= self.bottom and self.left <= column <= self.right


@dataclass(frozen=True, slots=True)
class Layout:
    """What a sheet shows beside the texts of its cells."""

    areas: Sequence[Area] = ()
    hidden_rows: frozenset[int] = frozenset()
    hidden_columns: frozenset[int] = frozenset()
    is_hidden: bool = False
    unseen_cells: Mapping[tuple[int, int], HiddenReason] = field(default_factory=dict[tuple[int, int], HiddenReason])

    def find_reason(self, row: int, column: int) -> HiddenReason | None:
        """Return why nobody sees a cell of a sheet that is shown; None for one that is seen."""
        if row in self.hidden_rows:
            return HiddenReason.ROW
        return HiddenReason.COLUMN if column in self.hidden_columns else self.unseen_cells.get((row, column))


PLAIN_LAYOUT = Layout()


@dataclass(slots=True)
class CellBudget:
    """The cells that may still be visited, and warnings about those beyond the limit."""

    remaining: int = MAX_CELLS
    warnings: list[str] = field(default_factory=list)

    def take(self, cells: int, *, sheet: str, row: int) -> bool:
        """Spend the cells of a row; return whether the budget allows them, and add a warning if not."""
        self.remaining -= max(cells, 1)
        if self.remaining < 0:
            self.warnings.append(f"the workbook is too large: sheet {sheet!r} is missing from row {row} on")
        return self.remaining >= 0


@dataclass(slots=True)
class _Table:
    """Consecutive rows with their numbers; the first `header_rows` are its header."""

    rows: list[Row] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    header_rows: int = 0

    @property
    def columns(self) -> set[int]:
        return {column for row in self.rows for column in row}

    def split(self, row: int) -> tuple["_Table", "_Table"]:
        return _Table(self.rows[:row], self.numbers[:row]), _Table(self.rows[row:], self.numbers[row:])


def write_sheet(
    name: str, rows: Iterable[tuple[int, Row]], builder: DocumentBuilder, layout: Layout = PLAIN_LAYOUT
) -> None:
    """Add a sheet as a page; `rows` come with their numbers, in order, and a missing one ends a table.

    The first row of a table is its header if it has words and no numbers; with merged cells, a header of several rows
    is one line with the path of each column. Every row has the text of the areas that are merged over it. Rows after an
    empty one that have no header belong to the table above. The name is a heading if there are any rows.
    """
    hidden = HiddenReason.SHEET if layout.is_hidden else None
    builder.begin_page(name, hidden=hidden)
    numbered = [(number, dict(row)) for number, row in rows if row]
    _repeat_merged(numbered, layout.areas)
    areas = {(area.top, area.left): area for area in layout.areas}
    for number, table in enumerate(_join_tables(_split_tables(numbered, areas))):
        if number == 0:
            builder.add_heading(1, label_page(name, hidden))
        _write_table(table, areas, layout, builder)


def _repeat_merged(rows: Sequence[tuple[int, dict[int, Cell]]], areas: Iterable[Area]) -> None:
    """Repeat the text of a merged area in the rows under its first one that have any text."""
    by_number = dict(rows)
    numbers = [number for number, _ in rows]
    for area in areas:
        cell = by_number.get(area.top, {}).get(area.left)
        if area.bottom == area.top or cell is None or not cell.text:
            continue
        for row in rows[bisect_left(numbers, area.top + 1) : bisect_left(numbers, area.bottom + 1)]:
            row[1].setdefault(area.left, Cell(cell.text, cell.is_number))


def _split_tables(rows: Iterable[tuple[int, Row]], areas: Mapping[tuple[int, int], Area]) -> Iterator[_Table]:
    """Yield the runs of consecutive rows, the captions above a header as tables of their own.

    Rows without text of their own under a merged cell do not end a run.
    """
    covered = {
        row for area in areas.values() for row in range(area.top + 1, min(area.bottom, area.top + _MAX_HEIGHT) + 1)
    }
    table = _Table()
    for number, row in rows:
        if table.numbers and not covered.issuperset(range(table.numbers[-1] + 1, number)):
            yield from _split_captions(table, areas)
            table = _Table()
        table.rows.append(row)
        table.numbers.append(number)
    if table.rows:
        yield from _split_captions(table, areas)


def _split_captions(table: _Table, areas: Mapping[tuple[int, int], Area]) -> Iterator[_Table]:
    """Yield the rows of one cell above a header as a table, then the table."""
    captions = next((n for n, row in enumerate(table.rows) if len(row) >= _MIN_HEADER_CELLS), 0)
    first = min(table.columns)
    # A single cell that is not over the first column may name other columns: it is the first row of the header.
    start = next((n for n in range(captions) if min(table.rows[n]) > first), captions)
    for above in sorted({start, captions}):
        caption, rest = table.split(above)
        rest.header_rows = _count_header_rows(rest, areas)
        if rest.header_rows > captions - above:
            if above:
                yield caption
            yield rest
            return
    yield table


def _join_tables(tables: Iterable[_Table]) -> Iterator[_Table]:
    last: _Table | None = None
    for table in tables:
        if last and last.header_rows and not table.header_rows and _continues(table, last):
            last.rows.extend(table.rows)
            last.numbers.extend(table.numbers)
            continue
        if last:
            yield last
        last = table
    if last:
        yield last


def _continues(table: _Table, above: _Table) -> bool:
    has_numbers = any(map(_is_number, table.rows[0].values()))
    header = {column for row in above.rows[: above.header_rows] for column in row}
    return has_numbers and len(table.columns) >= _MIN_HEADER_CELLS and table.columns <= header


# Headers


def _count_header_rows(table: _Table, areas: Mapping[tuple[int, int], Area]) -> int:
    """Return the number of rows that name the columns; merged areas tell headers of more than one row."""
    if len(table.rows) < 2:
        return 0
    depth = 1
    limit = min(len(table.rows) - 1, _MAX_HEADER_ROWS)
    while depth < limit and _is_header_row(table, depth, areas):
        depth += 1
    if depth > 1:
        return depth
    has_data_beside = any(area.bottom >= table.numbers[1] for area in _find_areas_down(table, 0, areas))
    return int(_is_header(table.rows) and not has_data_beside)


def _is_header(rows: list[Row]) -> bool:
    first = rows[0]
    is_wide = len(first) >= _MIN_HEADER_CELLS and 2 * len(first) >= max(map(len, rows))
    return is_wide and not any(map(_is_number, first.values()))


def _is_header_row(table: _Table, depth: int, areas: Mapping[tuple[int, int], Area]) -> bool:
    """Return whether the row at `depth` names columns under the rows above it.

    It does under an area that is merged across columns, or beside two cells that are merged down to it; all other
    columns have no second text in it.
    """
    row, above = table.rows[depth], table.rows[depth - 1]
    number = table.numbers[depth]
    everything = len(table.columns)
    across = [
        area
        for column in above
        if (area := areas.get((table.numbers[depth - 1], column))) and 0 < area.right - area.left < everything - 1
    ]
    down = [area for step in range(depth) for area in _find_areas_down(table, step, areas) if area.bottom >= number]
    under = {column for area in across if area.bottom < number for column in range(area.left, area.right + 1)}
    merged = {column for area in down for column in range(area.left, area.right + 1)}
    named = under & row.keys()
    if not (len(named) >= _MIN_HEADER_CELLS or len(down) >= _MIN_HEADER_CELLS):
        return False
    if not down and any(column in above for column in row.keys() - under - merged):
        return False
    return not any(_is_number(cell) and not _is_year(cell) for column, cell in row.items() if column not in merged)


def _find_areas_down(table: _Table, step: int, areas: Mapping[tuple[int, int], Area]) -> list[Area]:
    number = table.numbers[step]
    merged = (areas.get((number, column)) for column in table.rows[step])
    return [area for area in merged if area and area.bottom > area.top]


def _join_header(table: _Table, areas: Mapping[tuple[int, int], Area]) -> dict[int, Cell]:
    """Return the header as one row: the path of each column from the topmost name, equal neighbours once."""
    paths: dict[int, list[Cell]] = {}
    for row, number in zip(table.rows[: table.header_rows], table.numbers, strict=False):
        for column, cell in row.items():
            area = areas.get((number, column), Area(number, column, number, column))
            for covered in range(column, min(area.right, max(table.columns)) + 1):
                paths.setdefault(covered, []).append(cell if covered == column else Cell(cell.text, cell.is_number))
    return {column: _join_path(cells) for column, cells in paths.items()}


def _join_path(cells: Sequence[Cell]) -> Cell:
    texts = [" ".join(cell.text.split()) for cell in cells if cell.text.strip()]
    path = texts[:1] + [text for above, text in pairwise(texts) if text != above]
    return Cell(_PATH_SEPARATOR.join(path), annotations=tuple(note for cell in cells for note in cell.annotations))


# Text


def _write_table(
    table: _Table, areas: Mapping[tuple[int, int], Area], layout: Layout, builder: DocumentBuilder
) -> None:
    rows, numbers = table.rows, table.numbers
    if table.header_rows:
        rows = [_join_header(table, areas), *rows[table.header_rows :]]
        numbers = [numbers[0], *numbers[table.header_rows :]]
    columns = sorted({column for row in rows for column in row})
    texts = [
        [_format_cell(row[column], layout.find_reason(number, column)) if column in row else "" for column in columns]
        for number, row in zip(numbers, rows, strict=True)
    ]
    if len(columns) == 1 or len(rows) == 1:
        builder.add_paragraph("\n".join(map(format_row, texts)))
    else:
        builder.add_table(texts, header_rows=int(table.header_rows > 0))


def _format_cell(cell: Cell, hidden: HiddenReason | None) -> str:
    if hidden is None and not cell.annotations:
        return cell.text
    text = annotate_hidden(hidden, cell.text) if hidden else cell.text
    return " ".join(filter(None, [text, *cell.annotations]))


def _is_number(cell: Cell) -> bool:
    """Return whether a cell has a number, a date or a time."""
    return cell.is_number or (any(map(str.isdigit, cell.text)) and not any(map(str.isalpha, cell.text)))


def _is_year(cell: Cell) -> bool:
    return cell.text.isdecimal() and int(cell.text) in _YEARS
