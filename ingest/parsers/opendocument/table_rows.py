# pyright: basic
"""Lay out the tables of OpenDocument texts and slides with their merged cells (ODF 1.3, 9.1)."""

from collections.abc import Callable, Sequence

from lxml.etree import _Element as Element

from ingest.parsers.opendocument.package import qualify
from ingest.parsers.table_grid import GridCell
from ingest.text.annotations import annotate_hidden
from ingest.types import HiddenReason

_COVERED = qualify("table:covered-table-cell")
_VISIBILITY = qualify("table:visibility")


def lay_out_cells(rows: Sequence[Sequence[Element]], read: Callable[[Element], str]) -> list[list[GridCell]]:
    """Return the cells of each row with their columns; `read` returns the text of a cell.

    A cell that is merged downwards has a continuation in each of its lower rows; what it covers to the right is a part
    of it. The cells of a row that is not shown are annotations.
    """
    merged: dict[int, tuple[int, int]] = {}
    grid: list[list[GridCell]] = []
    for row in rows:
        cells: list[GridCell] = []
        end = 0
        for column, cell in enumerate(row):
            if cell.tag != _COVERED:
                text = _read_shown(cell, read)
                columns, rows_below = _read_span(cell, "columns"), _read_span(cell, "rows") - 1
                merged[column] = (rows_below, columns)
                cells.append(GridCell(column, text, columns))
                end = column + columns
            elif column >= end and merged.get(column, (0, 0))[0] > 0:
                rows_below, columns = merged[column]
                merged[column] = (rows_below - 1, columns)
                cells.append(GridCell(column, "", columns, is_continued=True))
                end = column + columns
        grid.append(cells)
    return grid


def _read_shown(cell: Element, read: Callable[[Element], str]) -> str:
    parent = cell.getparent()
    is_hidden = parent is not None and parent.get(_VISIBILITY, "visible") != "visible"
    return annotate_hidden(HiddenReason.ROW, read(cell)) if is_hidden else read(cell)


def _read_span(cell: Element, unit: str) -> int:
    value = cell.get(qualify(f"table:number-{unit}-spanned"), "1")
    return max(int(value), 1) if value.isdecimal() else 1
