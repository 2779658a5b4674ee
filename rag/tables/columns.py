"""The columns of a table with the kind and the scale of their values, and which of them words name. Pure."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rag.grounding.verification.lexicon import UNITS
from rag.grounding.verification.quantities import find_quantities
from rag.questions.comparison_words import LOWEST_WORD
from rag.questions.words import JOINED_WORD, agree, list_content_words
from rag.tables.table import Table
from rag.tables.values import (
    CLOCK,
    CURRENCIES,
    DAY,
    DAY_FIRST,
    NO_UNIT,
    Notation,
    Scale,
    Value,
    convert,
    find_notation,
    parse_value,
)

ColumnKind = Literal["number", "range", "day", "clock", "text"]

_MIN_SHARE = 0.6
"""Share of the cells with text that must have values of a kind to make it the column's."""
_TOTAL_WORDS = """
totals? subtotals? sums? averages? mean gesamt\\w* summe zwischensumme insgesamt durchschnitt mittelwert sous-total
total\\sgénéral totaux somme moyenne totales suma promedio totale somma media totais soma média totaal som gemiddelde
"""
_TOTAL = re.compile(rf"(?:grand |total )?(?:{'|'.join(_TOTAL_WORDS.split())})\b.{{0,20}}", re.IGNORECASE)
_UNNAMED = (0, 0, 0)
_WORD_OR_SIGN = re.compile(rf"{JOINED_WORD.pattern}|[%€$£¥]")
IN_PARENTHESES = re.compile(r"[(\[][^)\]]*[)\]]")


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name, and the value of each of the table's rows, None for a cell that has none of this kind.

    `unit` is that of bare numbers; `is_filled` is by row, too.
    """

    index: int
    name: str
    kind: ColumnKind
    scale: Scale = NO_UNIT
    unit: str = ""
    values: tuple[Value | None, ...] = ()
    notation: Notation = DAY_FIRST
    is_filled: tuple[bool, ...] = ()

    @property
    def is_comparable(self) -> bool:
        """Whether it has numbers, days or times of day."""
        return self.kind in ("number", "day", "clock")


def type_columns(table: Table) -> tuple[Column, ...]:
    """Return the columns of a table in order; a number without a unit has that of its column's name or its cells."""
    return tuple(_type_column(table, index, name) for index, name in enumerate(table.columns))


def find_total_rows(table: Table) -> frozenset[int]:
    """Return the indices of the rows with sums and averages of others."""
    return frozenset(
        index
        for index, row in enumerate(table.rows)
        if any(_TOTAL.fullmatch(cell.value) for cell in row.cells[:2] if cell.value)
    )


def name_columns(words: str, columns: Sequence[Column]) -> list[Column]:
    """Return the columns that words name: all words of their names are there, and of no other name more.

    Of `Share` and `Share %` the first is named by “share”, the second by “share in %”; of `Bestand` and
    `Mindestbestand` each by its own word.
    """
    spoken = list_content_words(words)
    scores = {column.index: _measure_name(column.name, spoken) for column in columns}
    best = max(scores.values(), default=_UNNAMED)
    return [column for column in columns if best[0] and scores[column.index] == best]


def count_named_columns(words: str, table: Table) -> int:
    """Return how many columns of a table have all words of their names among some words."""
    spoken = list_content_words(words)
    return sum(_measure_name(name, spoken)[0] > 0 for name in table.columns)


def _measure_name(name: str, spoken: Sequence[str]) -> tuple[int, int, int]:
    """Return how many words of a name are among the spoken ones, how many are not, as a negative number, and how many
    are there in the same form.

    All are 0 unless all words are there, but for units and what is in parentheses.
    """
    words = list_content_words(name)
    plain = list_content_words(IN_PARENTHESES.sub(" ", name))
    required = [word for word in plain if word not in UNITS] or plain or words
    if not required or not all(any(agree(word, other) for other in spoken) for word in required):
        return _UNNAMED
    matched = sum(any(agree(word, other) for other in spoken) for word in words)
    return matched, matched - len(words), sum(word in spoken for word in words)


def _type_column(table: Table, index: int, name: str) -> Column:
    texts = [row.cell(index).value for row in table.rows]
    unit = _find_unit(name, texts)
    notation = find_notation(texts, are_amounts=bool(unit) and UNITS[unit][0] in CURRENCIES)
    parsed = [parse_value(text, notation) if text else None for text in texts]
    values = [None if value is None else convert(value, unit) for value in parsed]
    is_filled = tuple(map(bool, texts))
    filled = sum(is_filled)
    days = [value for value in values if value and value.scale == DAY]
    clocks = [value for value in values if value and value.scale == CLOCK]
    ranges = [value for value in values if value and not value.is_single and not value.scale.is_moment]
    numbers = [value for value in values if value and value.is_single and not value.scale.is_moment]
    kind: ColumnKind = "text"
    if filled and len(days) >= _MIN_SHARE * filled:
        kind = "day"
    elif filled and len(clocks) >= _MIN_SHARE * filled:
        kind = "clock"
    elif filled and len(ranges) >= max(_MIN_SHARE * filled, 1):
        kind = "range"
    elif filled and len(numbers) + len(ranges) >= _MIN_SHARE * filled:
        kind = "number"
    if kind == "text":
        return Column(index, name, kind, is_filled=is_filled)
    moment = {"day": DAY, "clock": CLOCK}.get(kind)
    of_kind = [value if value and _is_of(value.scale, moment) else None for value in values]
    scales = Counter(value.scale for value in of_kind if value)
    return Column(index, name, kind, scales.most_common(1)[0][0], unit, tuple(of_kind), notation, is_filled)


def _is_of(scale: Scale, moment: Scale | None) -> bool:
    """Whether a scale is that of a moment, or of numbers if there is none."""
    return scale == moment if moment else not scale.is_moment


def _find_unit(name: str, texts: Sequence[str]) -> str:
    """Return the unit of a column's bare numbers, a key of `UNITS`: that of its name, else that of its cells."""
    words: list[str] = _WORD_OR_SIGN.findall(name)
    if words and LOWEST_WORD.fullmatch(words[0]):  # Min: the minimum, not minutes
        words = words[1:]
    for word in reversed(words):
        is_last = len(words) > 1 and word == words[-1] and word.islower()
        if word.casefold() in UNITS and (len(word) > 1 or not word.isalnum() or is_last or f"({word})" in name):
            return word.casefold()
    units = Counter(quantity.unit for text in texts for quantity in find_quantities(text) if quantity.unit)
    return units.most_common(1)[0][0] if units else ""
