"""Answer a question from tables: by the cells that it names, or by the rows that its conditions select. Pure."""

from collections.abc import Sequence

from rag.grounding.computed_answer import ComputedAnswer
from rag.grounding.evidence import SentenceMatch
from rag.grounding.shown_quote import ShownQuote
from rag.questions.answer_type import detect_answer_type
from rag.questions.row_conditions import Condition, RowQuestion
from rag.tables.display import describe_cell, describe_row
from rag.tables.lookup import NamedCell, find_named_cells
from rag.tables.selection import RowSelection, select_rows
from rag.tables.table import Row, Table

MAX_ROWS = 50
"""An answer with more rows is not read; it says how many there are."""


def answer_by_rows(question: RowQuestion, tables: Sequence[Table]) -> ComputedAnswer | None:
    """Return the answer from the first table that settles which rows a question asks for; None if none does."""
    for table in tables:
        if (selection := select_rows(question, table)) is not None:
            return _answer_with_rows(question, table, selection)
    return None


def answer_by_cells(question: RowQuestion, tables: Sequence[Table]) -> ComputedAnswer | None:
    """Return the answer from the first table of which a question names a row and columns; None if there is none.

    If the cells are numbers and the question asks who or where, the whole row is the answer.
    """
    asks_for_name = detect_answer_type(question.text) in ("person", "place")
    for table in tables:
        if cells := find_named_cells(question.text, table):
            if asks_for_name and not any(map(str.isalpha, "".join(named.cell.text for named in cells))):
                row = cells[0].row
                return ComputedAnswer("", (_quote_row(row, table),), row.stored, "the row that the question names")
            quotes = tuple(map(_quote_cell, cells))
            return ComputedAnswer("", quotes, cells[0].row.stored, "the cell that the question names by row and column")
    return None


def admit_unread_condition(question: RowQuestion, nearest: Sequence[ShownQuote]) -> ComputedAnswer | None:
    """Return the nearest rows as what they are if a question asks for rows by conditions that no table settled.

    None if it does not, or if there are no rows.
    """
    conditions = [condition for condition in question.conditions if _is_measurable(condition)]
    if not question.is_set or not conditions or not nearest:
        return None
    lead = (
        f"This asks for rows by a condition that could not be read from the question: {_quote_conditions(conditions)}. "
        "The nearest rows:\n\n"
    )
    return ComputedAnswer(
        lead, tuple(nearest), nearest[0].match.stored, "no condition on rows could be read", "may answer"
    )


def _answer_with_rows(question: RowQuestion, table: Table, selection: RowSelection) -> ComputedAnswer:
    rows, compared = selection.rows, selection.compared
    what = _describe(question) or "the question"
    noun = "row" if compared == 1 else "rows"
    if not rows:
        lead = f"None of {compared} {noun} of the table fits {what}."
    else:
        limit = f"; the first {MAX_ROWS} of them" if len(rows) > MAX_ROWS else ""
        lead = f"{len(rows)} of {compared} {noun} {'fits' if len(rows) == 1 else 'fit'} {what}{limit}:\n\n"
    quotes = tuple(_quote_row(row, table) for row in rows[:MAX_ROWS])
    return ComputedAnswer(
        lead, quotes, table.rows[0].stored, f"all {len(table.rows)} rows of a table, compared by code"
    )


def _is_measurable(condition: Condition) -> bool:
    """Whether a comparison is surely one of values: with a number, or in two words (“less than”)."""
    return any(map(str.isdigit, condition.operand)) or " " in condition.words


def _describe(question: RowQuestion) -> str:
    """Return the conditions of a question in its own words."""
    extreme = f"“{question.extreme.phrase}”" if question.extreme else ""
    return " and ".join(filter(None, [_quote_conditions(question.conditions), extreme]))


def _quote_conditions(conditions: Sequence[Condition]) -> str:
    return " and ".join(f"“{condition.words} {condition.operand}”" for condition in conditions)


def _quote_row(row: Row, table: Table) -> ShownQuote:
    text = describe_row([cell.text for cell in row.cells], table.columns)
    return ShownQuote(SentenceMatch(row.stored, row.start, row.end, 1.0), text)


def _quote_cell(named: NamedCell) -> ShownQuote:
    match = SentenceMatch(named.row.stored, named.cell.start, named.cell.end, 1.0)
    return ShownQuote(match, describe_cell(named.key.text, named.column, named.cell.text))
