"""The values of cells: numbers with their units, dates, times and ranges, as conditions compare them. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from rag.grounding.verification.lexicon import UNITS
from rag.grounding.verification.quantities import Quantity, find_quantities
from rag.questions.comparison_words import Comparison
from rag.tables.clock_times import parse_clock_times

_MAX_WORDS_AFTER = 4
_ABOUT = r"(?:approx\.?|ca\.?|circa|about|around|[~≈]|ungefähr|etwa|env\.?|environ)"
_TO = r"(?:-|–|—|−|\.\.\.?|…|to|bis|à|a|e|até|tot|und|and|et|y|en)"
_AT_MOST = (
    r"(?:[<≤]\s*=?|up to|at most|max\.?|below|under|bis(?: zu)?|höchstens|unter|jusqu'à|au plus|hasta|fino a|até|tot|"
    r"hoogstens)"
)
_AT_LEAST = (
    r"(?:[>≥]\s*=?|from|at least|min\.?|above|over|ab|mindestens|über|à partir de|au moins|desde|al menos|da|almeno|"
    r"vanaf)"
)
_LEAD = re.compile(rf"\s*(?:{_ABOUT}\s*)?", re.IGNORECASE)
_BETWEEN_BOUNDS = re.compile(rf"\s*{_TO}\s*", re.IGNORECASE)
_UPPER_BOUND = re.compile(rf"\s*{_AT_MOST}\s*", re.IGNORECASE)
_LOWER_BOUND = re.compile(rf"\s*{_AT_LEAST}\s*", re.IGNORECASE)
_DECIMAL_COMMA = re.compile(r"\d,\d{1,2}(?!\d)|\d\.\d{3},\d|\d,\d{4}")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_POINT_GROUPED = re.compile(r"[1-9]\d{0,2}(?:\.\d{3})+")
_NUMBERED_DATE = re.compile(r"\b(\d{1,2})[./](\d{1,2})[./]\d{2,4}\b")
CURRENCIES = frozenset({"euro", "dollar", "sterling", "franc", "yen", "rupee"})
_DAYS_OF_MONTH, _DAYS_OF_YEAR = 31, 372
_CENTURY_OF_SHORT_YEARS = 2_000
_YEARS = range(1_000, 2_200)


@dataclass(frozen=True, slots=True)
class Scale:
    """What values must share to be compared: a dimension, empty without a unit; `is_moment` for days and times."""

    dimension: str = ""
    is_moment: bool = False

    @property
    def is_money(self) -> bool:
        """Whether it is a currency."""
        return self.dimension in CURRENCIES

    def fits(self, other: "Scale") -> bool:
        """Whether numbers of both can be compared; a number without a unit fits every unit."""
        return self.is_moment == other.is_moment and (not self.dimension or not other.dimension or self == other)


NO_UNIT = Scale()
DAY = Scale("day", is_moment=True)
CLOCK = Scale("clock", is_moment=True)


@dataclass(frozen=True, slots=True)
class Value:
    """A range of numbers or days: `low` equals `high` for a single value; None is no bound.

    Numbers are in the base unit of their dimension, times of day in minutes. Days count in months of 31, so that they
    are in order; a month or a year is the range of its days.
    """

    low: Decimal | None
    high: Decimal | None
    scale: Scale = NO_UNIT

    @property
    def is_single(self) -> bool:
        """Whether it is one number or one day."""
        return self.low is not None and self.low == self.high

    def satisfies(self, comparison: Comparison, other: "Value") -> bool:
        """Whether every number of this range compares so with `other`; False if that has no such bound."""
        match comparison:
            case "below":
                return _is_less(self.high, other.low)
            case "above":
                return _is_less(other.high, self.low)
            case "at most":
                return _is_less(self.high, other.high, or_equal=True)
            case "at least":
                return _is_less(other.low, self.low, or_equal=True)
            case "equal":
                return (self.low, self.high) == (other.low, other.high)
            case "between" | "within":
                is_above = other.low is None or _is_less(other.low, self.low, or_equal=True)
                return is_above and (other.high is None or _is_less(self.high, other.high, or_equal=True))
            case "outside":
                return _is_less(self.high, other.low) or _is_less(other.high, self.low)


@dataclass(frozen=True, slots=True)
class Notation:
    """How a column writes what can be read in two ways: 1.500 and 03/05/2026, whose day comes first by default."""

    groups_by_points: bool = False
    is_month_first: bool = False


DAY_FIRST = Notation()
"""A decimal point, and the day before the month."""


def find_notation(texts: Iterable[str], *, are_amounts: bool = False) -> Notation:
    """Return the notation of some cells; `are_amounts` if their bare numbers are amounts of money.

    Points group thousands beside a decimal comma (one or two digits behind it), and if every point has three digits
    behind it and other numbers have none or all are amounts. No month is after the 12th.
    """
    cells = list(texts)
    numbers = [match[0] for text in cells for match in _NUMBER.finditer(text)]
    with_points = [number for number in numbers if "." in number]
    are_grouped = len(with_points) > 1 and all(map(_POINT_GROUPED.fullmatch, with_points))
    return Notation(
        any(_DECIMAL_COMMA.search(text) for text in cells)
        or (are_grouped and (are_amounts or len(with_points) < len(numbers))),
        any(int(match[2]) > 12 for text in cells for match in _NUMBERED_DATE.finditer(text)),
    )


def parse_value(text: str, notation: Notation = DAY_FIRST) -> Value | None:
    """Return the number, date, time or range that a text states; None if it is more than that and a few words."""
    if (times := parse_clock_times(text)) is not None:
        return Value(Decimal(times[0]), Decimal(times[1]), CLOCK)
    quantities = [quantity for quantity in find_quantities(text) if not quantity.is_word]
    if not quantities:
        return None
    first, last = quantities[0], quantities[-1]
    before, after = text[: first.start], text[last.end :]
    if len(after.split()) > _MAX_WORDS_AFTER or any(map(str.isdigit, after)):
        return None
    if len(quantities) == 2 and _LEAD.fullmatch(before) and _BETWEEN_BOUNDS.fullmatch(text[first.end : last.start]):
        return _make_range(first, last, notation)
    value = read_quantity(first, notation) if len(quantities) == 1 else None
    if value is None or _LEAD.fullmatch(before):
        return value
    if _UPPER_BOUND.fullmatch(before):
        return Value(None, value.high, value.scale)
    return Value(value.low, None, value.scale) if _LOWER_BOUND.fullmatch(before) else None


def read_quantity(quantity: Quantity, notation: Notation = DAY_FIRST) -> Value | None:
    """Return the value of a number, or of a date with a year; None for anything else, such as a version number."""
    if quantity.dates:
        return _read_date(quantity, notation)
    dimension, factor = UNITS[quantity.unit] if quantity.unit else ("", "1")
    scale = Scale(dimension)
    # 1.500 is 1,500 of a currency and among decimal commas, 1.5 otherwise.
    choose = max if notation.groups_by_points or scale.is_money else min
    numbers = [Decimal(value) for value in quantity.values if value.count(".") < 2]
    if not numbers:
        return None
    number = choose(numbers, key=abs) * Decimal(factor)
    return Value(number, number, scale)


def convert(value: Value, unit: str) -> Value:
    """Return a number without a unit as one in `unit`, a key of `UNITS`; any other value as it is."""
    if value.scale != NO_UNIT or not unit:
        return value
    dimension, factor = UNITS[unit]
    low, high = (bound if bound is None else bound * Decimal(factor) for bound in (value.low, value.high))
    return Value(low, high, Scale(dimension))


def read_year(value: Value) -> Value:
    """Return a number that can be a year as the range of its days; any other value as it is."""
    if value.scale != NO_UNIT or value.low is None or value.low != value.high or value.low not in _YEARS:
        return value
    start = value.low * _DAYS_OF_YEAR
    return Value(start + 1, start + _DAYS_OF_YEAR, DAY)


def _is_less(one: Decimal | None, other: Decimal | None, *, or_equal: bool = False) -> bool:
    if one is None or other is None:
        return False
    return one <= other if or_equal else one < other


def _read_date(quantity: Quantity, notation: Notation) -> Value | None:
    dates = [date for date in quantity.dates if date.year]
    if (numbers := _NUMBERED_DATE.fullmatch(quantity.text.rstrip(" ."))) is not None and len(dates) > 1:
        month = int(numbers[1] if notation.is_month_first else numbers[2])
        dates = [date for date in dates if date.month == month]
    if not dates:
        return None
    date = dates[0]
    year = date.year + _CENTURY_OF_SHORT_YEARS if date.year < 100 else date.year
    start = Decimal(year * _DAYS_OF_YEAR + (date.month - 1) * _DAYS_OF_MONTH)
    low, high = (start + date.day, start + date.day) if date.day else (start + 1, start + _DAYS_OF_MONTH)
    return Value(low, high, DAY)


def _make_range(first: Quantity, last: Quantity, notation: Notation) -> Value | None:
    high = read_quantity(last, notation)
    low = read_quantity(first, notation)
    if low is None or high is None:
        return None
    low = convert(low, last.unit)  # 2 to 3 kg: the unit is that of both
    if low.low is None or high.high is None or not low.scale.fits(high.scale) or low.low > high.high:
        return None
    return Value(low.low, high.high, high.scale)
