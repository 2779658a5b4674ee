"""Find what a comparison of a question compares with: a column of ranges, plans or bounds. Pure.

Many tables write a range as two columns, the lowest and the highest value that may be; together they are one.
"""

from collections.abc import Sequence

from rag.questions.comparison_words import HIGHEST_WORD, LOWEST_WORD, PLAN_WORD, RANGE_WORD
from rag.questions.row_conditions import Condition, RowQuestion
from rag.tables.columns import Column, name_columns
from rag.tables.values import Value

_BOUND_WORDS = (LOWEST_WORD, HIGHEST_WORD)


def refers_to_column(question: RowQuestion, columns: Sequence[Column]) -> bool:
    """Whether a comparison is with a column of ranges, plans or bounds of this table, by whatever words."""
    return any(find_reference(condition, columns) for condition in question.conditions)


def find_reference(condition: Condition, columns: Sequence[Column]) -> Column | None:
    """Return the column that an operand names, by a usual word for ranges, plans or bounds if not by its name.

    The column of a range that two columns bound is made of both.
    """
    comparable = [column for column in columns if column.kind != "text"]
    named = name_columns(condition.operand, comparable)
    if not named and RANGE_WORD.search(condition.operand):
        named = [column for column in comparable if column.kind == "range"] or _join_bounds(comparable)
        named = named or [column for column in comparable if RANGE_WORD.search(column.name)]
    for pattern in (PLAN_WORD, *_BOUND_WORDS):
        if not named and pattern.search(condition.operand):
            named = [column for column in comparable if pattern.search(column.name)]
    return named[0] if len(named) == 1 else None


def is_bound(column: Column) -> bool:
    """Whether a column has the lowest or the highest value that may be."""
    return any(pattern.search(column.name) for pattern in _BOUND_WORDS)


def read_subject(reference: Column) -> str:
    """Return what the name of a bound or a plan says besides that it is one: stock, of “Minimum stock”."""
    name = reference.name
    for pattern in (*_BOUND_WORDS, PLAN_WORD):
        name = pattern.sub(" ", name)
    return name


def _join_bounds(columns: Sequence[Column]) -> list[Column]:
    """Return the range between the one column of lowest and the one of highest values; none if there are no two."""
    numbers = [column for column in columns if column.kind == "number"]
    lowest, highest = ([column for column in numbers if pattern.search(column.name)] for pattern in _BOUND_WORDS)
    if len(lowest) != 1 or len(highest) != 1 or not lowest[0].scale.fits(highest[0].scale):
        return []
    low, high = lowest[0], highest[0]
    values = tuple(map(_join_values, low.values, high.values))
    return [Column(low.index, f"{low.name} {high.name}", "range", low.scale, low.unit, values, low.notation)]


def _join_values(low: Value | None, high: Value | None) -> Value | None:
    """Return the range between two values; a missing one is no bound."""
    known = low or high
    if known is None:
        return None
    return Value(None if low is None else low.low, None if high is None else high.high, known.scale)
