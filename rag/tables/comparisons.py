"""Settle the comparisons of a question on the columns of a table. Pure.

A comparison is settled if the table tells which columns it is about: by their names in the question, or because one
column alone has values of that kind. What cannot be settled so is not guessed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from rag.grounding.verification.quantities import find_quantities
from rag.questions.answer_type import detect_answer_type
from rag.questions.comparison_words import ACTUAL_WORD, DEVIATION_WORD
from rag.questions.row_conditions import Condition, RowQuestion
from rag.questions.stopwords import STOPWORDS
from rag.tables.clock_times import find_clock_times
from rag.tables.columns import Column, name_columns
from rag.tables.moments import choose_clock_column
from rag.tables.references import find_reference, is_bound, read_subject
from rag.tables.rules import RowRule
from rag.tables.values import CLOCK, DAY_FIRST, NO_UNIT, Scale, Value, convert, read_quantity, read_year

_PERCENT = Scale("percent")
_MIN_NOUN_CHARS = 4
"""A shorter word behind a number is as often a unit: pcs, IU."""


@dataclass(frozen=True, slots=True)
class _Amount:
    """A number, a date or a range of a condition's operand, and the words of the operand behind it."""

    value: Value
    words: str

    @property
    def noun(self) -> str:
        """The thing that a bare number counts: the word right behind it; empty for an amount with a unit."""
        first = next(iter(self.words.split()), "")
        is_noun = first.isalpha() and len(first) >= _MIN_NOUN_CHARS and first.casefold() not in STOPWORDS
        return first if is_noun and self.value.scale == NO_UNIT else ""


def settle_comparisons(question: RowQuestion, columns: Sequence[Column]) -> list[RowRule] | None:
    """Return the rules for all comparisons of a question, none if it has none; None if one cannot be settled."""
    amounts = {condition: amount for condition in question.conditions if (amount := _read_amount(condition, columns))}
    if any(amount.value.scale == CLOCK for amount in amounts.values()) and not _asks_for_times(question):
        return None
    references = {
        condition: column
        for condition in question.conditions
        if condition not in amounts and (column := find_reference(condition, columns))
    }
    if len(amounts) + len(references) < len(question.conditions):
        return None
    if len(amounts) == len(references) == 1:
        rules = [_compare_deviation(question, amounts, references, columns)]
    else:
        others = [column for column in columns if column not in references.values()]
        rules = [_compare_amount(question, condition, amount, others) for condition, amount in amounts.items()]
        rules += [_compare_columns(question, condition, column, columns) for condition, column in references.items()]
    settled = [rule for rule in rules if rule is not None]
    return settled if len(settled) == len(rules) else None


def _asks_for_times(question: RowQuestion) -> bool:
    """Whether a question with a time of day is one for rows: “what is to be done after 18:00” is none."""
    return question.is_set or question.extreme is not None or detect_answer_type(question.text) == "time"


def _read_amount(condition: Condition, columns: Sequence[Column]) -> _Amount | None:
    """Return the amount that an operand begins with, articles left out; two of them for `between`.

    It is read in the notation of the table.
    """
    if (time := _read_time(condition)) is not None:
        return time
    quantities = find_quantities(condition.operand)
    if not quantities or not all(
        word.casefold() in STOPWORDS for word in condition.operand[: quantities[0].start].split()
    ):
        return None
    notation = next((column.notation for column in columns if column.notation.groups_by_points), DAY_FIRST)
    values = [value for quantity in quantities if (value := read_quantity(quantity, notation)) is not None]
    if not values:
        return None
    value, last = values[0], quantities[0]
    if condition.comparison == "between":
        if len(values) < 2 or not values[0].scale.fits(values[1].scale):
            return None
        low, last = convert(values[0], quantities[1].unit), quantities[1]
        value = Value(low.low, values[1].high, values[1].scale)
    return _Amount(value, condition.operand[last.end :])


def _read_time(condition: Condition) -> _Amount | None:
    """Return the time of day that an operand begins with, articles left out; two of them for `between`."""
    operand = condition.operand
    times = find_clock_times(operand)
    if not times or not all(word.casefold() in STOPWORDS for word in operand[: times[0][0]].split()):
        return None
    first = last = times[0]
    if condition.comparison == "between":
        if len(times) < 2:
            return None
        last = times[1]
    return _Amount(Value(Decimal(first[2]), Decimal(last[2]), CLOCK), operand[last[1] :])


def _compare_amount(
    question: RowQuestion, condition: Condition, amount: _Amount, columns: Sequence[Column]
) -> RowRule | None:
    fitting = _select_fitting(amount.value, columns)
    # “12 staff” are those of a column of that name: no other column is about them.
    texts = [amount.noun] if amount.noun else [amount.words, condition.subject, question.text]
    # 15 percent are not 15 pieces: a column of bare numbers takes an amount with a unit only by its name.
    is_of_unit = amount.value.scale == NO_UNIT or any(column.scale != NO_UNIT for column in fitting)
    column = _choose_named(texts, fitting, may_be_only=is_of_unit and not amount.noun)
    if column is None and amount.value.scale == CLOCK:
        column = choose_clock_column(question.text, fitting)
    if column is None:
        return None
    operand = _adapt(amount.value, column)

    def is_fulfilled(row: int) -> bool:
        value = column.values[row]
        return value is not None and value.satisfies(condition.comparison, operand)

    return RowRule(lambda row: column.values[row] is not None, is_fulfilled)


def _select_fitting(value: Value, columns: Sequence[Column]) -> list[Column]:
    """Return the columns whose values an amount can be compared with, those of its own unit alone if there are any."""
    fitting = [column for column in columns if column.is_comparable and _adapt(value, column).scale.fits(column.scale)]
    exact = [column for column in fitting if value.scale.dimension and column.scale == value.scale]
    return exact or fitting


def _adapt(value: Value, column: Column) -> Value:
    """Return an amount of a question as a value of a column: a year among dates, a bare number in the column's unit."""
    return read_year(value) if column.kind == "day" else convert(value, column.unit)


def _choose_named(texts: Sequence[str], columns: Sequence[Column], *, may_be_only: bool = True) -> Column | None:
    """Return the column that the first of some texts that name any names; the only column there is if none does."""
    for text in texts:
        if named := name_columns(text, columns):
            return named[0] if len(named) == 1 else None
    return columns[0] if may_be_only and len(columns) == 1 else None


def _compare_columns(
    question: RowQuestion, condition: Condition, reference: Column, columns: Sequence[Column]
) -> RowRule | None:
    column = _find_compared(question, condition, reference, columns)
    if column is None or (condition.comparison in ("within", "outside") and reference.kind != "range"):
        return None

    def is_fulfilled(row: int) -> bool:
        value, limit = column.values[row], reference.values[row]
        return value is not None and limit is not None and value.satisfies(condition.comparison, limit)

    def has_value(row: int) -> bool:
        return column.values[row] is not None and reference.values[row] is not None

    return RowRule(has_value, is_fulfilled)


def _find_compared(
    question: RowQuestion, condition: Condition, reference: Column, columns: Sequence[Column]
) -> Column | None:
    """Return the column that is compared with a reference: the named one, the only one, or that of actual values.

    A bound is not compared with another one.
    """
    candidates = [
        column
        for column in columns
        if column.is_comparable and not is_bound(column) and column != reference and column.scale.fits(reference.scale)
    ]
    if named := _choose_named([condition.subject, question.text, read_subject(reference)], candidates):
        return named
    actual = [column for column in candidates if ACTUAL_WORD.search(column.name)]
    return actual[0] if len(actual) == 1 else None


def _compare_deviation(
    question: RowQuestion,
    amounts: Mapping[Condition, _Amount],
    references: Mapping[Condition, Column],
    columns: Sequence[Column],
) -> RowRule | None:
    """Return the rule of `more than 10% over plan`: by a column of deviations, or by the two columns that it is of."""
    ((condition, amount),) = amounts.items()
    ((relation, plan),) = references.items()
    sign = -1 if relation.comparison in ("below", "at most") else 1
    column = _find_deviations(amount.value, columns)
    actual = _find_compared(question, relation, plan, columns) if column is None else None
    if column is None and actual is None:
        return None

    def measure(row: int) -> Value | None:
        if column is not None:
            return column.values[row]
        return None if actual is None else _subtract(actual.values[row], plan.values[row], amount.value.scale)

    def is_fulfilled(row: int) -> bool:
        value = measure(row)
        if value is None or value.low is None or value.low != value.high:
            return False
        return Value(sign * value.low, sign * value.low, value.scale).satisfies(condition.comparison, amount.value)

    return RowRule(lambda row: measure(row) is not None, is_fulfilled)


def _find_deviations(value: Value, columns: Sequence[Column]) -> Column | None:
    named = [
        column
        for column in columns
        if column.is_comparable
        and (column.scale == value.scale if value.scale == _PERCENT else column.scale.fits(value.scale))
        and (value.scale == _PERCENT or column.scale != _PERCENT)
        and DEVIATION_WORD.search(column.name)
    ]
    return named[0] if len(named) == 1 else None


def _subtract(actual: Value | None, plan: Value | None, scale: Scale) -> Value | None:
    """Return how much a value is above its plan, in percent of the plan if `scale` is that."""
    if actual is None or plan is None or actual.low is None or plan.low is None:
        return None
    difference = actual.low - plan.low
    if scale == _PERCENT:
        if not plan.low:
            return None
        difference = difference / plan.low * 100
    return Value(difference, difference, scale)
