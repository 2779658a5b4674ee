"""Find the answer to a question in the tables among its evidence."""

from collections.abc import Sequence
from itertools import islice

from ingest.library.library import Library
from ingest.types import StoredChunk
from rag.grounding.evidence import SentenceMatch
from rag.grounding.quotable import states_something
from rag.grounding.shown_quote import ShownQuote
from rag.questions.row_conditions import RowQuestion
from rag.tables.answer import TableAnswer, admit_unread_condition, answer_by_cells, answer_by_rows
from rag.tables.display import describe_row_of
from rag.tables.reader import TableReader
from rag.tables.table import is_table

_CHUNKS = 6
"""How many of the chunks with the best sentences may be of the table that a question asks about."""
_NEAREST = 3


class TableAnswerer:
    """Answers questions from whole tables. Safe to use from many threads."""

    def __init__(self, library: Library) -> None:
        self._reader = TableReader(library)

    def answer(
        self, question: RowQuestion, matches: Sequence[SentenceMatch], *, with_cells: bool
    ) -> TableAnswer | None:
        """Return the answer of the table that has the best sentences, of those that have one; None if none has.

        `matches` are the evidence of the question, the best first. `with_cells` says whether a cell can be the answer
        that the question names without any condition.
        """
        chunks: dict[int, StoredChunk] = {}
        for match in matches:
            chunks.setdefault(match.stored.id, match.stored)
        tables = self._reader.read_tables(list(islice(chunks.values(), _CHUNKS)))
        has_condition = bool(question.conditions or question.extreme)
        cells = answer_by_cells(question, tables) if with_cells and not has_condition else None
        return cells or answer_by_rows(question, tables) or admit_unread_condition(question, _select_nearest(matches))


def _select_nearest(matches: Sequence[SentenceMatch]) -> list[ShownQuote]:
    """Return the rows among the best sentences; none if the best sentence is none."""
    if not matches or not is_table(matches[0].stored):
        return []
    rows = (match for match in matches if is_table(match.stored) and states_something(match))
    return [ShownQuote(row, describe_row_of(row.stored, row.text)) for row in islice(rows, _NEAREST)]
