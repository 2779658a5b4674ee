"""Lay out a table with merged cells as the rows of text that a person reads. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ingest.text.annotations import find_annotations

PATH_SEPARATOR = " / "

_MAX_REPEATED_CHARS = 300
_VALUE = re.compile(r"\d")
_YEAR = re.compile(r"(?:FY|Q[1-4]|H[12])?\W*(?:19|20)\d\d\W*(?:Q[1-4]|H[12])?|[QH][1-4]", re.I)


@dataclass(frozen=True, slots=True)
class GridCell:
    """A cell of a row: its text, its first grid column and how many it covers.

    A row below the first of a merged cell has the cell again, with `is_continued`.
    """

    column: int
    text: str
    columns: int = 1
    is_continued: bool = False


@dataclass(frozen=True, slots=True)
class TableRows:
    """Rows of equal columns; the first `header_rows` are the header."""

    rows: list[list[str]]
    header_rows: int


def lay_out_table(rows: Sequence[Sequence[GridCell]], header_rows: int) -> TableRows:
    """Return the rows of a table with a text for each column.

    A cell that is merged downwards has its text in each of its rows, one that is merged to the right has it in its
    first column, or in each column of a header. Several header rows are one, with the path of each column ("Beds in
    2026 / Free"); a header row that is a single cell over the whole table stays a line of its own. Columns in which no
    cell begins are left out.
    """
    filled = _repeat_downwards(rows)
    columns = sorted({cell.column for row in filled for cell in row})
    header_count = _count_header_rows(filled, header_rows, len(columns))
    titles, header = _split_titles(filled[:header_count], columns)
    lines = [[row[0].text] for row in titles]
    if header:
        lines.append(_join_header(header, columns))
    body = [_fill(row, columns, is_header=False) for row in filled[header_count:]]
    return TableRows([*lines, *body], len(lines))


def _repeat_downwards(rows: Sequence[Sequence[GridCell]]) -> list[list[GridCell]]:
    above: dict[int, str] = {}
    filled: list[list[GridCell]] = []
    for row in rows:
        cells: list[GridCell] = []
        for cell in row:
            text = above.get(cell.column, "") if cell.is_continued and not cell.text.strip() else cell.text
            if not cell.is_continued:
                above[cell.column] = _repeatable(text)
            cells.append(GridCell(cell.column, text, cell.columns, cell.is_continued))
        filled.append(cells)
    return filled


def _repeatable(text: str) -> str:
    """Return what the lower rows of a merged cell repeat: its text without annotations, unless it is a long one."""
    for start, end, _ in reversed(find_annotations(text)):
        text = text[:start] + text[end:]
    return text.strip() if len(text) <= _MAX_REPEATED_CHARS else ""


def _count_header_rows(rows: list[list[GridCell]], header_rows: int, columns: int) -> int:
    """Return how many rows the header has: those that the table names, and those that divide their merged cells."""
    if not rows or (header_rows == 0 and (not _is_merged(rows[0]) or _is_title(rows[0], columns))):
        return 0
    count = min(max(header_rows, 1), len(rows))
    while count < len(rows) - 1 and _is_merged(rows[count - 1]) and _is_header_below(rows, count):
        count += 1
    return count if count > 1 else min(header_rows, len(rows))


def _is_merged(row: Sequence[GridCell]) -> bool:
    return any(cell.columns > 1 for cell in row)


def _is_title(row: Sequence[GridCell], columns: int) -> bool:
    return len(row) == 1 and columns > 1


def _is_header_below(rows: list[list[GridCell]], index: int) -> bool:
    """Whether a row is the lower half of a header: it divides the merged cells above it, and has no values."""
    divided = {
        column
        for cell in rows[index - 1]
        if cell.columns > 1
        for column in range(cell.column, cell.column + cell.columns)
    }
    names = [cell.text.strip() for cell in rows[index] if cell.column in divided and not cell.is_continued]
    others = [cell for cell in rows[index] if cell.column not in divided]
    if not any(names) or any(cell.text.strip() and not cell.is_continued for cell in others):
        return False
    if any(cell.is_continued for cell in others):
        return True
    is_value_below = any(_VALUE.search(cell.text) for cell in rows[index + 1])
    return (bool(others) or is_value_below) and not any(
        _VALUE.search(name) and not _YEAR.fullmatch(name) for name in names
    )


def _split_titles(rows: list[list[GridCell]], columns: list[int]) -> tuple[list[list[GridCell]], list[list[GridCell]]]:
    titles = [row for row in rows if _is_title(row, len(columns))]
    return titles, [row for row in rows if not _is_title(row, len(columns))]


def _join_header(rows: list[list[GridCell]], columns: list[int]) -> list[str]:
    paths: list[list[str]] = [[] for _ in columns]
    for row in rows:
        for path, text in zip(paths, _fill(row, columns, is_header=True), strict=True):
            if text.strip() and path[-1:] != [text]:
                path.append(text)
    return [PATH_SEPARATOR.join(path) for path in paths]


def _fill(row: Sequence[GridCell], columns: list[int], *, is_header: bool) -> list[str]:
    texts = {cell.column: cell.text for cell in row}
    if is_header:
        for cell in row:
            texts.update({column: cell.text for column in range(cell.column, cell.column + cell.columns)})
    return [texts.get(column, "") for column in columns]
