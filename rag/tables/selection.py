"""Select the rows of a table that a question asks for by conditions on its columns. Pure."""

from dataclasses import dataclass

from rag.questions.row_conditions import RowQuestion
from rag.tables.columns import find_total_rows, type_columns
from rag.tables.comparisons import settle_comparisons
from rag.tables.equalities import find_equal_values, find_filled_cells
from rag.tables.extremes import choose_extreme_rows, find_extreme_column
from rag.tables.moments import find_weekday_rows
from rag.tables.table import Row, Table


@dataclass(frozen=True, slots=True)
class RowSelection:
    """The rows that a question asks for, out of `compared` rows of a table that have values for its conditions."""

    rows: tuple[Row, ...]
    compared: int


def select_rows(question: RowQuestion, table: Table) -> RowSelection | None:
    """Return the rows of a table that a question asks for; None if its words do not settle which those are.

    Rows of totals are left out. The answer can be no row at all.
    """
    columns = type_columns(table)
    comparisons = settle_comparisons(question, columns)
    if comparisons is None or len(table.rows) < 2:
        return None
    rules = comparisons + find_weekday_rows(question.text, table)
    rules += find_equal_values(question, table, columns) or find_filled_cells(question, columns)
    extreme = question.extreme
    column = find_extreme_column(question, extreme, table, columns) if extreme else None
    if column is None and (extreme or not rules):
        return None
    totals = find_total_rows(table)
    compared = [
        index
        for index in range(len(table.rows))
        if index not in totals and all(rule.has_value(index) for rule in rules)
    ]
    chosen = [index for index in compared if all(rule.is_fulfilled(index) for rule in rules)]
    if extreme and column:
        chosen = choose_extreme_rows(chosen, column, extreme)
    return RowSelection(tuple(table.rows[index] for index in chosen), len(compared))
