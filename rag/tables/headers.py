"""Name the columns of a table by its first row if its parser has not told a header. Pure.

A parser takes no row with numbers for a header, but years and dates are the names of many columns.
"""

import re

from rag.tables.table import Table
from rag.tables.values import Value, parse_value

_YEAR = re.compile(r"(?:FY\s?|[QH][1-4]\s)?(?:19|20)\d\d(?:\s[QH][1-4])?|[QH][1-4]", re.IGNORECASE)
_MIN_SHARE = 0.6


def name_columns_by_first_row(table: Table) -> Table:
    """Return a table with its first row as header if that names columns of numbers; else the table as it is."""
    if any(table.columns) or len(table.rows) < 3:
        return table
    names = [table.rows[0].cell(index).value for index in range(len(table.columns))]
    numeric = [index for index in range(len(names)) if _has_numbers(table, index)]
    is_named = numeric and names[0] and all(_is_name(names[index]) for index in numeric)
    return Table(tuple(names), table.rows[1:]) if is_named else table


def _has_numbers(table: Table, index: int) -> bool:
    texts = [text for row in table.rows[1:] if (text := row.cell(index).value)]
    numbers = sum(_is_number(parse_value(text)) for text in texts)
    return numbers >= _MIN_SHARE * len(texts) > 0


def _is_number(value: Value | None) -> bool:
    return value is not None and not value.scale.is_moment


def _is_name(text: str) -> bool:
    return bool(text) and (_YEAR.fullmatch(text) is not None or not _is_number(parse_value(text)))
