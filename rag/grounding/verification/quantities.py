"""Find numbers with their units, and dates, and compare them. Pure."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain

from rag.grounding.verification.dates import Date, find_dates
from rag.grounding.verification.lexicon import NUMBER_WORDS, SCALES, UNITS

_SPACE = r"[' ]"
_NUMBER = re.compile(
    r"(?P<before>[€$£¥₹]\s?|\b(?:EUR|USD|GBP|CHF|JPY|INR)\s)?"
    rf"(?P<number>(?:(?<![\w.])[-−])?(?:(?<!\d)\d{{1,3}}(?:{_SPACE}\d{{3}})+(?!\d)|\d+(?:[.,]\d+)*))"
)
_PERCENT = re.compile(r"\s*(?:per\s?cento?|pour\s?cent|por\s?cien?to)\b", re.IGNORECASE)
_AFTER = re.compile(r"\.?\s*[-–]?\s*(?!(?<=\d)s\b)(°\s?[CcFf]\b|[%€$£¥₹]|[^\W\d_]+)")
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_ONES = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
_WORD_NUMBER = re.compile(
    rf"\b(?:(?P<tens>{'|'.join(_TENS)})[- ](?P<ones>{'|'.join(_ONES)})|{'|'.join(NUMBER_WORDS)})\b", re.IGNORECASE
)
_GROUPED = re.compile(r"[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?")
_POINT_GROUPED = re.compile(r"[1-9]\d{0,2}(?:\.\d{3})+")
_POINT_GROUPED_DECIMAL = re.compile(r"[1-9]\d{0,2}(?:\.\d{3})+,\d+")


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number or a date, `[start, end)` with its unit, and its possible values.

    1,000 is a thousand, 1,5 one and a half and 1.500,50 more than a thousand; 1.500 can be either, depending on the
    country, and so has two values.
    `unit` is a key of `UNITS`, or empty. A date has `dates` and no values. `is_word` is whether it has no digits.
    """

    text: str
    start: int
    end: int
    values: frozenset[str] = frozenset()
    unit: str = ""
    dates: frozenset[Date] = frozenset()
    is_word: bool = False

    def is_stated_by(self, other: "Quantity") -> bool:
        """Whether `other` states this too: the same value and unit (if both have one), or a date that includes it."""
        if self.dates:
            return any(mine.is_implied_by(theirs) for mine in self.dates for theirs in other.dates)
        if other.dates:
            return not self.unit and any(date.has_number(value) for date in other.dates for value in self.values)
        if not self.unit or not other.unit or UNITS[self.unit] == UNITS[other.unit]:
            return bool(self.values & other.values)
        return bool(self._converted() & other._converted())

    def has_dimension_of(self, other: "Quantity") -> bool:
        """Whether both are dates, or numbers of one dimension, or numbers without a unit."""
        if self.dates or other.dates:
            return bool(self.dates and other.dates)
        if not self.unit or not other.unit:
            return self.unit == other.unit
        return UNITS[self.unit][0] == UNITS[other.unit][0]

    def _converted(self) -> set[tuple[str, Decimal]]:
        dimension, factor = UNITS[self.unit]
        return {
            (dimension, (Decimal(value) * Decimal(factor)).normalize()) for value in self.values if value.count(".") < 2
        }


def find_quantities(text: str) -> list[Quantity]:
    """Return the dates and numbers of a text in order, number words and ordinals included."""
    quantities = [Quantity(text[start:end], start, end, dates=dates) for start, end, dates in find_dates(text)]
    others = text
    for date in quantities:  # digits right after a date are numbers of their own
        others = f"{others[: date.start]}{'|' * (date.end - date.start)}{others[date.end :]}"
    for quantity in chain(_find_digits(others), _find_number_words(others)):
        if not any(other.start < quantity.end and quantity.start < other.end for other in quantities):
            quantities.append(quantity)
    return sorted(quantities, key=lambda quantity: quantity.start)


def _find_digits(text: str) -> Iterator[Quantity]:
    end = 0
    for match in _NUMBER.finditer(text):
        digits = "".join(str(unicodedata.decimal(sign)) if sign.isdecimal() else sign for sign in match["number"])
        is_unit_of_last = match.start() < end  # 7 € 5: the sign is the unit of the number before
        unit = "" if is_unit_of_last else (match["before"] or "").strip().casefold()
        start = match.start("number") if is_unit_of_last else match.start()
        quantity = _with_unit(text, start, match.end(), values=_parse_number(digits), unit=unit)
        end = quantity.end
        yield quantity


def _find_number_words(text: str) -> Iterator[Quantity]:
    for match in _WORD_NUMBER.finditer(text):
        if match["tens"]:
            value = NUMBER_WORDS[match["tens"].casefold()] + _ONES.index(match["ones"].casefold()) + 1
        else:
            value = NUMBER_WORDS[match[0].casefold()]
        yield _with_unit(text, match.start(), match.end(), values=frozenset({str(value)}), is_word=True)


def _with_unit(
    text: str, start: int, end: int, *, values: frozenset[str], unit: str = "", is_word: bool = False
) -> Quantity:
    after = None if text.startswith(".", end) else _AFTER.match(text, end)  # a unit, but not of the next sentence
    if after and (exponent := SCALES.get(after[1].casefold())):
        values, end = frozenset(_scale(value, exponent) for value in values), after.end()
        after = _AFTER.match(text, end)
    if percent := _PERCENT.match(text, end):
        unit, end = "percent", percent.end()
    elif after and (name := re.sub(r"\s", "", after[1]).casefold()) in UNITS:
        unit, end = unit or name, after.end()
    return Quantity(text[start:end], start, end, values, unit, is_word=is_word)


def _scale(value: str, exponent: int) -> str:
    return value if value.count(".") > 1 else _normalize(f"{Decimal(value).scaleb(exponent):f}")


def _parse_number(number: str) -> frozenset[str]:
    sign = "-" if number[0] in "-−" else ""
    digits = re.sub(_SPACE, "", number.lstrip("-−"))
    if _POINT_GROUPED_DECIMAL.fullmatch(digits):
        digits = digits.replace(".", "")
    plain = digits.replace(",", "") if _GROUPED.fullmatch(digits) else digits.replace(",", ".")
    meanings = {plain, digits.replace(".", "")} if _POINT_GROUPED.fullmatch(digits) else {plain}
    return frozenset(sign + _normalize(meaning) for meaning in meanings)


def _normalize(number: str) -> str:
    if number.count(".") > 1:
        return number  # a version number, compared as written
    whole, _, fraction = number.partition(".")
    return ".".join(part for part in (whole.lstrip("0") or "0", fraction.rstrip("0")) if part)
