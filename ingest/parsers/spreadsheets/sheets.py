"""Write spreadsheets as text: one page a sheet, one line a row. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from ingest.parsers.document_builder import DocumentBuilder, format_row

Row = Mapping[int, str]
"""The cells of a row that have text, by column index."""

MAX_CELLS = 2_000_000
"""Limit of the cells that are visited in a workbook, empty ones included."""

_MIN_HEADER_CELLS = 2


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
    rows: list[Row] = field(default_factory=list)
    has_header: bool = False

    @property
    def columns(self) -> set[int]:
        return {column for row in self.rows for column in row}


def write_sheet(name: str, rows: Iterable[Row], builder: DocumentBuilder) -> None:
    """Add a sheet as a page; `rows` are consecutive, and an empty one ends a table.

    The first row of a table is its header if it has words and no numbers. Rows after an empty one that have no header
    belong to the table above. The name is a heading if there are any rows.
    """
    builder.begin_page(name)
    for number, table in enumerate(_join_tables(_split_tables(rows))):
        if number == 0:
            builder.add_heading(1, name)
        _write_table(table, builder)


def _split_tables(rows: Iterable[Row]) -> Iterator[_Table]:
    """Yield the runs of rows that have text."""
    table = _Table()
    for row in rows:
        if row:
            table.rows.append(row)
        elif table.rows:
            yield table
            table = _Table()
    if table.rows:
        yield table


def _join_tables(tables: Iterable[_Table]) -> Iterator[_Table]:
    last: _Table | None = None
    for table in tables:
        table.has_header = _is_header(table.rows)
        if last and last.has_header and not table.has_header and _continues(table, last):
            last.rows.extend(table.rows)
            continue
        if last:
            yield last
        last = table
    if last:
        yield last


def _is_header(rows: list[Row]) -> bool:
    first = rows[0]
    is_wide = len(first) >= _MIN_HEADER_CELLS and 2 * len(first) >= max(map(len, rows))
    return len(rows) > 1 and is_wide and not any(map(_is_number, first.values()))


def _continues(table: _Table, above: _Table) -> bool:
    has_numbers = any(map(_is_number, table.rows[0].values()))
    return has_numbers and len(table.columns) >= _MIN_HEADER_CELLS and table.columns <= set(above.rows[0])


def _write_table(table: _Table, builder: DocumentBuilder) -> None:
    columns = sorted(table.columns)
    rows = [[row.get(column, "") for column in columns] for row in table.rows]
    if len(columns) == 1 or len(rows) == 1:
        builder.add_paragraph("\n".join(map(format_row, rows)))
    else:
        builder.add_table(rows, header_rows=int(table.has_header))


def _is_number(cell: str) -> bool:
    """Return whether a cell has a number, a date or a time."""
    return any(map(str.isdigit, cell)) and not any(map(str.isalpha, cell))
