"""Find the answer to a question in the tables among its evidence."""

from collections.abc import Sequence
from itertools import islice

from ingest.library.library import Library
from ingest.types import StoredChunk
from rag.grounding.answer_values import has_value
from rag.grounding.computed_answer import ComputedAnswer
from rag.grounding.evidence import SentenceMatch
from rag.grounding.quotable import states_something
from rag.grounding.shown_quote import ShownQuote
from rag.questions.answer_type import detect_answer_type
from rag.questions.row_conditions import RowQuestion
from rag.tables.answer import admit_unread_condition, answer_by_cells, answer_by_rows
from rag.tables.columns import count_named_columns, type_columns
from rag.tables.display import describe_row_of
from rag.tables.moments import is_for_other_days
from rag.tables.reader import TableReader
from rag.tables.references import refers_to_column
from rag.tables.table import Table, is_table

_NEAR_CHUNKS = 6
"""How many of the chunks with the best sentences may be of the table that a question asks about."""
_FAR_TABLES = 4
"""How many further tables are read for a question for rows: the words of a condition are rarely those of a table."""
_NEAREST = 3


class TableAnswerer:
    """Answers questions from whole tables. Safe to use from many threads."""

    def __init__(self, library: Library) -> None:
        self._reader = TableReader(library)

    def answer(
        self,
        question: RowQuestion,
        matches: Sequence[SentenceMatch],
        others: Sequence[StoredChunk],
        *,
        with_cells: bool,
    ) -> ComputedAnswer | None:
        """Return the answer of a table: of those that have one, the table of which the question names most columns.

        None if no table has it. `matches` are the evidence of the question and `others` further parts of tables, the
        best first; a table that is only among these must have a column that the question is about. `with_cells` says
        whether a cell can be the answer that the question names without any condition.
        """
        read = self._reader.read_tables(_list_chunks(matches)[:_NEAR_CHUNKS], limit=_NEAR_CHUNKS)
        near = [table for table in read if not is_for_other_days(question.text, table)]
        has_condition = bool(question.conditions or question.extreme)
        cells = answer_by_cells(question, near) if with_cells and not has_condition else None
        if cells is not None:
            return cells
        tables = near
        if has_condition or question.is_set:
            far = self._reader.read_tables(others, limit=_FAR_TABLES)
            named = [
                table for table in far if _is_about(question, table) and not is_for_other_days(question.text, table)
            ]
            tables = sorted([*near, *named], key=lambda table: -count_named_columns(question.text, table))
        else:  # a day of the week alone is no question for rows
            tables = _select_answering(question, matches, near)
        return answer_by_rows(question, tables) or admit_unread_condition(question, _select_nearest(matches))


def _select_answering(question: RowQuestion, matches: Sequence[SentenceMatch], tables: Sequence[Table]) -> list[Table]:
    """Return the table that has the best sentence; if a time is asked for, the best one that states a time."""
    asks_for_time = detect_answer_type(question.text) == "time"
    best = next((match.stored.id for match in matches if not asks_for_time or has_value(match.text, "time")), None)
    return [table for table in tables if any(row.stored.id == best for row in table.rows)]


def _is_about(question: RowQuestion, table: Table) -> bool:
    """Whether a question names a column of a table, or compares with one of its kind."""
    return count_named_columns(question.text, table) > 0 or refers_to_column(question, type_columns(table))


def _list_chunks(matches: Sequence[SentenceMatch]) -> list[StoredChunk]:
    """Return the chunks of some sentences in the order of their first ones."""
    return list({match.stored.id: match.stored for match in matches}.values())


def _select_nearest(matches: Sequence[SentenceMatch]) -> list[ShownQuote]:
    """Return the rows among the best sentences; none if the best sentence is none."""
    if not matches or not is_table(matches[0].stored):
        return []
    rows = (match for match in matches if is_table(match.stored) and states_something(match))
    return [ShownQuote(row, describe_row_of(row.stored, row.text)) for row in islice(rows, _NEAREST)]
