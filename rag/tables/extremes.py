"""Find the column whose highest or lowest value a question asks for, and the rows that have it. Pure."""

from collections.abc import Sequence

from rag.questions.comparison_words import DEVIATION_WORD, PLAN_VERBS, UNIT_COLUMN
from rag.questions.row_conditions import Extreme, RowQuestion
from rag.tables.columns import Column, name_columns
from rag.tables.moments import choose_clock_column
from rag.tables.table import Table


def find_extreme_column(
    question: RowQuestion, extreme: Extreme, table: Table, columns: Sequence[Column]
) -> Column | None:
    """Return the column that an extreme is of, by its name, or as the only one of the kind that the word implies.

    None if the word is a part of a name in the table: “maximum speed” may be what a row states. If a column of units
    says that bare numbers do not compare, it is a column that has a unit of its own.
    """
    if _is_part_of_name(extreme.words, table):
        return None
    candidates = [column for column in columns if _has_kind(column, extreme)]
    if _has_mixed_units(table, columns):
        candidates = [column for column in candidates if column.unit or column.kind == "day"]
    for text in (extreme.phrase, *(() if question.conditions else (question.text,))):
        if named := name_columns(text, candidates):
            return named[0] if len(named) == 1 else None
    if any(pattern.search(extreme.phrase) for _, pattern in PLAN_VERBS):  # the highest overspend
        deviations = [column for column in candidates if DEVIATION_WORD.search(column.name)]
        return min(deviations, key=lambda column: len(column.name), default=None)
    if extreme.hint == "day" and all(column.kind == "clock" for column in candidates):
        return choose_clock_column(question.text, candidates)
    return candidates[0] if extreme.hint and len(candidates) == 1 else None


def choose_extreme_rows(rows: Sequence[int], column: Column, extreme: Extreme) -> list[int]:
    """Return those of some rows that have the highest or lowest value of a column, more than one if they are equal."""
    values = {row: value.low for row in rows if (value := column.values[row]) is not None and value.low is not None}
    if not values:
        return []
    best = max(values.values()) if extreme.direction == "highest" else min(values.values())
    return [row for row, value in values.items() if value == best]


def _has_kind(column: Column, extreme: Extreme) -> bool:
    if extreme.hint == "money":
        return column.kind == "number" and column.scale.is_money
    if extreme.hint == "mass":
        return column.kind == "number" and column.scale.dimension == "mass"
    return column.kind in ("day", "clock") if extreme.hint == "day" else column.is_comparable


def _is_part_of_name(words: str, table: Table) -> bool:
    names = [*table.columns, *(row.cell(0).value for row in table.rows)]
    return any(words.casefold() in name.casefold() for name in names)


def _has_mixed_units(table: Table, columns: Sequence[Column]) -> bool:
    return any(
        UNIT_COLUMN.search(column.name) and len({row.cell(column.index).value for row in table.rows} - {""}) > 1
        for column in columns
    )
