"""Show rows and cells of tables in words: every value with the name of its column. Pure."""

from collections.abc import Sequence
from itertools import zip_longest

from ingest.parsers.document_builder import format_row
from ingest.types import StoredChunk
from rag.tables.table import find_header, split_cells


def describe_row(cells: Sequence[str], columns: Sequence[str]) -> str:
    """Return the values of a row with the names of their columns (“Depot: Brenfield; Region: North”).

    A column without a name has its value alone, an empty cell is left out. Without any names the row stays as it is.
    """
    if not any(columns):
        return format_row(cells)
    pairs = zip_longest((" ".join(cell.split()) for cell in cells), columns, fillvalue="")
    return "; ".join(f"{name}: {cell}" if name else cell for cell, name in pairs if cell)


def describe_cell(key: str, column: str, cell: str) -> str:
    """Return a cell behind the names of its row and its column (“Surgery, Beds in 2026 / Free: 1”)."""
    return f"{', '.join(filter(None, [' '.join(key.split()), column]))}: {' '.join(cell.split())}"


def describe_row_of(stored: StoredChunk, line: str) -> str:
    """Return `describe_row` of a line of a table's chunk; the line with single spaces if the table has no header."""
    header = find_header(stored)
    cells = [text for text, _, _ in split_cells(line)]
    return describe_row(cells, header) if header and len(header) >= len(cells) > 1 else " ".join(line.split())
