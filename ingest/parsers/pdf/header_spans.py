"""Find the columns that each cell of a header row is over, where no rules say it. Pure."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

from ingest.parsers.pdf.text_rows import Cell, TextRow

_SAME_EDGE, _CENTRED = 4.0, 6.0
"""Points by which a name may miss the edge, or the middle, of the names below it."""


def name_columns(cells: Sequence[Cell], walls: Sequence[float]) -> dict[int, Cell]:
    """Return the cells of rows by the columns that they are in."""
    return {column: cell for cell in cells for column in cell.find_columns(walls)}


def find_spans(row: TextRow, walls: Sequence[float], below: Mapping[int, Cell]) -> list[range]:
    """Return the columns of each cell of a header row, with those beside it that no other cell is over.

    A wall between two cells is the border of both; of several, the one nearest to the middle between them is. `below`
    are the names under the row by their columns: a name is over the first, the last or the middle of those it names.
    """
    borders = [0]
    for left, right in pairwise(row.cells):
        between = [n for n, wall in enumerate(walls, 1) if left.x1 - 1 <= wall <= right.x0 + 1] or [
            right.find_columns(walls).start
        ]
        middle = (left.x1 + right.x0) / 2
        borders.append(min(between, key=lambda n: abs(walls[n - 1] - middle)))
    ends = [*borders[1:], len(walls) + 1]
    return [
        _fit(cell, _shorten(range(start, max(end, start + 1)), cell.find_columns(walls), below), walls, below)
        for cell, start, end in zip(row.cells, borders, ends, strict=True)
    ]


def _shorten(span: range, own: range, below: Mapping[int, Cell]) -> range:
    """Return the part of a span around a cell's own columns that has names below it."""
    start, end = own.start, own.stop
    while start > span.start and start - 1 in below:
        start -= 1
    while end < span.stop and end in below:
        end += 1
    return range(start, end)


def _fit(cell: Cell, span: range, walls: Sequence[float], below: Mapping[int, Cell]) -> range:
    """Return the part of a span that a cell is aligned with, at the left or in the middle; else the span."""
    own = cell.find_columns(walls)
    if own.start not in below or span.start == own.start:
        return span
    if abs(cell.x0 - below[own.start].x0) <= _SAME_EDGE:
        return range(own.start, span.stop)
    named = [column for column in span if column in below]
    parts = [range(first, last + 1) for first in named for last in named if first <= own.start and last >= own.stop - 1]
    middle = (cell.x0 + cell.x1) / 2

    def miss(part: range) -> float:
        return abs((below[part.start].x0 + below[part.stop - 1].x1) / 2 - middle)

    best = min(parts, key=lambda part: (round(miss(part)), -len(part)), default=span)
    return best if best == span or miss(best) <= _CENTRED else span
