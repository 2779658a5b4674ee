"""Choose among the columns of a table with times of day, and find the rows for a day of the week. Pure."""

from collections.abc import Sequence

from rag.questions.comparison_words import ENDING_WORD, STARTING_WORD
from rag.questions.weekdays import read_weekday_cell, read_weekdays
from rag.questions.words import JOINED_WORD
from rag.tables.columns import Column
from rag.tables.equalities import find_words
from rag.tables.rules import RowRule
from rag.tables.table import Table

_MIN_SHARE = 0.6
"""Share of the cells with text that must be days of the week to make it their column."""


def choose_clock_column(question: str, columns: Sequence[Column]) -> Column | None:
    """Return the column of times that a question is about: those when something ends if it says so, else begins.

    Without such names, the first: tables begin with the beginning.
    """
    clocks = [column for column in columns if column.kind == "clock"]
    asks_for_end = ENDING_WORD.search(question) is not None and STARTING_WORD.search(question) is None
    ends = [column for column in clocks if ENDING_WORD.search(column.name)]
    if asks_for_end and ends:
        return ends[0]
    starts = [column for column in clocks if STARTING_WORD.search(column.name)]
    return next(iter(starts or clocks), None)


def find_weekday_rows(question: str, table: Table) -> list[RowRule]:
    """Return the rule for the rows of the days that a question names; none if it or the table names none.

    “Monday to Friday” is a row for Tuesday. Of several rows, only those count of which it names another cell, if any.
    """
    asked = read_weekdays(question)
    if not asked:
        return []
    for index in range(len(table.columns)):
        texts = [row.cell(index).value for row in table.rows]
        days = list(map(read_weekday_cell, texts))
        if sum(map(bool, days)) >= max(_MIN_SHARE * sum(map(bool, texts)), 1):
            rows = {row for row, of_row in enumerate(days) if of_row and (asked <= of_row or of_row <= asked)}
            chosen = _keep_named(question, table, rows, index)
            return [RowRule(lambda _: True, chosen.__contains__)]
    return []


def _keep_named(question: str, table: Table, rows: set[int], day_column: int) -> set[int]:
    """Return those of some rows that have a cell of words in a question; all of them if none has."""
    words = JOINED_WORD.findall(question)
    named = {
        row
        for row in rows
        for index in range(len(table.columns))
        if index != day_column and any(map(str.isalpha, text := table.rows[row].cell(index).value))
        if find_words(words, text)
    }
    return named or rows


def is_for_other_days(question: str, table: Table) -> bool:
    """Whether the headings above a table name days of the week, and none that a question names."""
    asked = read_weekdays(question)
    chunk = table.rows[0].stored.chunk
    named = read_weekdays(" ".join(chunk.heading_path)) if asked else frozenset[int]()
    return bool(named) and named.isdisjoint(asked)
