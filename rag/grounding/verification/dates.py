"""Find dates in several languages, with every meaning that an ambiguous one can have. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ingest.text.months import MONTHS

_MONTH = "|".join(sorted(MONTHS, key=len, reverse=True))
_OF = r"(?:\s+(?:of|de|di|del)\s+|\s+)"
_DATE = re.compile(
    rf"""
    (?P<y1>\b\d{{4}})-(?P<m1>\d{{1,2}})-(?P<d1>\d{{1,2}})(?!\d)
    | (?P<y2>\d{{4}})年(?P<m2>\d{{1,2}})月(?:(?P<d2>\d{{1,2}})日)?
    | \b(?P<a>\d{{1,2}})(?P<sign>[./])(?P<b>\d{{1,2}})(?P=sign)(?P<y3>\d{{4}}|\d{{2}})\b
    | \b(?P<d4>\d{{1,2}})(?:st|nd|rd|th|er|º|\.)?{_OF}(?P<n4>{_MONTH})\b\.?(?:(?:\s*,\s*|{_OF})(?P<y4>\d{{4}})\b)?
    | \b(?P<n5>{_MONTH})\b\.?\s+(?P<d5>\d{{1,2}})(?:st|nd|rd|th)?\b(?!\s*[:%])(?:\s*,?\s*(?P<y5>\d{{4}})\b)?
    | \b(?P<n6>{_MONTH})\b\.?(?:\s*,\s*|{_OF})(?P<y6>\d{{4}})\b
    """,
    re.IGNORECASE | re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Date:
    """A day, a month of a year, or a day of a month. Parts that are not stated are 0."""

    year: int
    month: int
    day: int

    @property
    def is_possible(self) -> bool:
        """Whether the month exists and the day is one from 1 to 31, or not stated."""
        return self.year >= 0 and 1 <= self.month <= 12 and 0 <= self.day <= 31

    def is_implied_by(self, other: "Date") -> bool:
        """Whether `other` states every part of this date, with the same value."""
        mine, theirs = (self.year, self.month, self.day), (other.year, other.month, other.day)
        agreed = all(a == b for a, b in zip(mine, theirs, strict=True) if a and b)
        return agreed and all(b for a, b in zip(mine, theirs, strict=True) if a)

    def has_number(self, value: str) -> bool:
        """Whether a bare number can be this date's year or day."""
        return value != "0" and value in (str(self.year), str(self.day))


def find_dates(text: str) -> Iterator[tuple[int, int, frozenset[Date]]]:
    """Yield the span `[start, end)` of each date and its possible meanings: 01/03/2026 is in January or in March."""
    for match in _DATE.finditer(text):
        meanings = frozenset(date for date in _meanings(match.groupdict()) if date.is_possible)
        if meanings:
            yield match.start(), match.end(), meanings


def _meanings(groups: dict[str, str | None]) -> Iterator[Date]:
    def number(name: str) -> int:
        digits = groups[name]
        return 0 if digits is None else int(digits) or -1  # a 0 in the text is no month and no day

    for form in ("1", "2"):
        yield Date(number(f"y{form}"), number(f"m{form}"), number(f"d{form}"))
    yield Date(number("y3"), number("b"), number("a"))
    yield Date(number("y3"), number("a"), number("b"))
    for form in ("4", "5", "6"):
        day = number(f"d{form}") if form != "6" else 0
        yield Date(number(f"y{form}"), MONTHS.get((groups[f"n{form}"] or "").casefold(), 0), day)
