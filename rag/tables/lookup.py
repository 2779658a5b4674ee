"""Find the cells that a question names by their row and their column. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from rag.questions.words import JOINED_WORD
from rag.tables.columns import IN_PARENTHESES, Column, name_columns, type_columns
from rag.tables.equalities import find_words
from rag.tables.table import Cell, Row, Table

_MAX_CELLS = 3
_MIN_SHARE = 0.9
_MAX_KEY_CHARS = 60


@dataclass(frozen=True, slots=True)
class NamedCell:
    """A cell with the cell that names its row and the name of its column."""

    row: Row
    key: Cell
    column: str
    cell: Cell


def find_named_cells(question: str, table: Table) -> list[NamedCell]:
    """Return the cells of the one row and of the columns that a question names, in order; none if either is unclear."""
    columns = type_columns(table)
    words = JOINED_WORD.findall(question)
    named = _find_named_row(words, table, columns)
    if named is None:
        return []
    row, key, span = named
    rest = " ".join(word for word in [*words[: span[0]], *words[span[1] :]] if word.casefold() != key.name.casefold())
    others = [column for column in columns if column is not key and row.cell(column.index).value]
    asked = name_columns(rest, others)
    if len(asked) > _MAX_CELLS:
        return []
    return [NamedCell(row, row.cell(key.index), column.name, row.cell(column.index)) for column in asked]


def _find_named_row(
    words: Sequence[str], table: Table, columns: Sequence[Column]
) -> tuple[Row, Column, tuple[int, int]] | None:
    """Return the row whose key has the most of the words, its column and the span of the words; None if two have."""
    candidates = [
        (row, column, span)
        for column in columns
        if _is_key(table, column)
        for row in table.rows
        if (span := _find_key(words, row.cell(column.index).value)) is not None
    ]
    longest = max((end - start for _, _, (start, end) in candidates), default=0)
    best = [candidate for candidate in candidates if candidate[2][1] - candidate[2][0] == longest]
    return best[0] if len(best) == 1 else None


def _find_key(words: Sequence[str], key: str) -> tuple[int, int] | None:
    """Return where a question has a key, what stands in parentheses left out if it must be."""
    return find_words(words, key) or find_words(words, IN_PARENTHESES.sub("", key))


def _is_key(table: Table, column: Column) -> bool:
    """Whether the cells of a column tell its rows apart: words or times, nearly all different, nearly none missing."""
    texts = [row.cell(column.index).value for row in table.rows]
    filled = [text for text in texts if 0 < len(text) <= _MAX_KEY_CHARS]
    distinct = {text.casefold() for text in filled}
    is_telling = len(filled) >= _MIN_SHARE * len(texts) and len(distinct) >= _MIN_SHARE * len(filled)
    return column.kind in ("text", "clock") and is_telling
