"""Find the values of cells that a question asks for in so many words: “flag L”, “in the North region”. Pure."""

from collections import Counter
from collections.abc import Sequence

from rag.questions.comparison_words import ANY_ARTICLES, HAVING_WORDS
from rag.questions.row_conditions import RowQuestion
from rag.questions.words import JOINED_WORD, agree, list_content_words
from rag.tables.columns import Column
from rag.tables.rules import RowRule
from rag.tables.table import Table

_MAX_VALUE_CHARS = 40
_MIN_LONE_CHARS = 3
"""A shorter value counts only beside the name of its column: an `L` alone is too often something else."""
_NEAR_WORDS = 2


def find_equal_values(question: RowQuestion, table: Table, columns: Sequence[Column]) -> list[RowRule]:
    """Return a rule for each column of words one of whose values the question asks for.

    A value counts beside the name of its column, and in a question for some of many things also without it, if several
    rows share values in its column.
    """
    words = JOINED_WORD.findall(question.text)
    return [
        rule
        for column in columns
        # Beside a comparison a number is its operand: “more than 12 staff”.
        if (column.kind == "text" or (column.kind == "number" and not question.conditions))
        and (rule := _find_equal_value(words, table, column, is_set=question.is_set)) is not None
    ]


def find_filled_cells(question: RowQuestion, columns: Sequence[Column]) -> list[RowRule]:
    """Return a rule for the column of which a question asks for any value: “are flagged”, “have a note”.

    It must be a column of words that some rows leave empty.
    """
    words = [word.casefold() for word in JOINED_WORD.findall(question.text)]
    return [
        RowRule(lambda _: True, column.is_filled.__getitem__)
        for column in columns
        if question.is_set and column.kind == "text" and any(column.is_filled) and not all(column.is_filled)
        if _asks_for_any(words, column.name)
    ]


def _asks_for_any(words: Sequence[str], name: str) -> bool:
    """Whether a question has a name as a participle, or behind a word of having and an article."""
    parts = list_content_words(name)
    if len(parts) != 1:
        return False
    is_participle = any(word.startswith(parts[0]) and word.endswith("ed") for word in words)
    return is_participle or any(
        agree(parts[0], word) and words[index - 1] in ANY_ARTICLES and words[index - 2] in HAVING_WORDS
        for index, word in enumerate(words)
        if index > 1
    )


def _find_equal_value(words: Sequence[str], table: Table, column: Column, *, is_set: bool) -> RowRule | None:
    cells = [row.cell(column.index).value for row in table.rows]
    counts = Counter(cell for cell in cells if 0 < len(cell) <= _MAX_VALUE_CHARS)
    is_telling = column.kind == "text" and any(count > 1 for count in counts.values())
    if not is_set:
        return None
    asked = {
        value: span
        for value in counts
        if (span := find_words(words, value)) is not None
        and (_is_named_beside(words, span, column.name) or (is_telling and len(value) >= _MIN_LONE_CHARS))
    }
    # “North West” asks for that alone, not for “North” as well.
    longest = {
        value
        for value, (start, end) in asked.items()
        if not any(first <= start and end <= last and (first, last) != (start, end) for first, last in asked.values())
    }
    if not longest:
        return None
    return RowRule(lambda _: True, lambda row: cells[row] in longest)


def find_words(words: Sequence[str], value: str) -> tuple[int, int] | None:
    """Return where the words of a value stand one after another; a value of one or two letters keeps its case."""
    sought = JOINED_WORD.findall(value)
    if not sought:
        return None
    is_exact = len(value) < _MIN_LONE_CHARS
    spoken, sought = (
        (list(words), sought) if is_exact else ([w.casefold() for w in words], [w.casefold() for w in sought])
    )
    for start in range(len(spoken) - len(sought) + 1):
        if spoken[start : start + len(sought)] == sought:
            return start, start + len(sought)
    return None


def _is_named_beside(words: Sequence[str], span: tuple[int, int], name: str) -> bool:
    start, end = span
    near = [word.casefold() for word in (*words[max(start - _NEAR_WORDS, 0) : start], *words[end : end + 1])]
    return any(agree(part, word) for part in list_content_words(name) for word in near)
