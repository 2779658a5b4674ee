"""Place the cells of RTF rows in the columns of their table, by the edges that the rows define. Pure."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field

from ingest.parsers.table_grid import GridCell

_TOLERANCE_TWIPS = 120
"""Edges that are nearer to each other, 2 mm, are one."""


@dataclass(frozen=True, slots=True)
class CellDefinition:
    """What a row says of one of its cells: its right edge, and whether it is merged with the one beside or above."""

    right: int = 0
    continues_left: bool = False
    continues_up: bool = False


@dataclass(slots=True)
class Row:
    """The texts of a row, its left edge and its cell definitions."""

    cells: list[str]
    left: int = 0
    definitions: list[CellDefinition] = field(default_factory=list)
    is_header: bool = False


def place_cells(rows: Sequence[Row]) -> list[list[GridCell]]:
    """Return the cells of the rows in the columns of their table.

    Rows of as many cells each have a column for each cell; edges count if they differ. A row that does not define its
    cells has them in the first columns.
    """
    if _is_regular(rows):
        return [[GridCell(column, text) for column, text in enumerate(row.cells)] for row in rows]
    edges = _merge_edges([edge for row in rows for edge in _find_edges(row)])
    return [_place_row(row, edges) for row in rows]


def _is_regular(rows: Sequence[Row]) -> bool:
    is_merged = any(cell.continues_left or cell.continues_up for row in rows for cell in row.definitions)
    return not is_merged and len({len(row.cells) for row in rows}) == 1


def _find_edges(row: Row) -> list[int]:
    return [row.left, *(cell.right for cell in row.definitions)] if row.definitions else []


def _merge_edges(edges: list[int]) -> list[int]:
    merged: list[int] = []
    for edge in sorted(edges):
        if not merged or edge - merged[-1] > _TOLERANCE_TWIPS:
            merged.append(edge)
    return merged


def _find_column(edges: list[int], edge: int) -> int:
    return bisect_left(edges, edge - _TOLERANCE_TWIPS)


def _place_row(row: Row, edges: list[int]) -> list[GridCell]:
    cells: list[GridCell] = []
    left = _find_column(edges, row.left) if row.definitions else 0
    for index, text in enumerate(row.cells):
        definition = row.definitions[index] if index < len(row.definitions) else CellDefinition()
        right = max(_find_column(edges, definition.right), left + 1) if definition.right else left + 1
        if definition.continues_left and cells:
            first = cells[-1]
            texts = " ".join(filter(None, (first.text, text)))
            cells[-1] = GridCell(first.column, texts, right - first.column, first.is_continued)
        else:
            cells.append(GridCell(left, text, right - left, definition.continues_up))
        left = right
    return cells
