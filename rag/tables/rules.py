"""What all conditions on the rows of a table come down to. Pure."""

from collections.abc import Callable
from dataclasses import dataclass

RowTest = Callable[[int], bool]


@dataclass(frozen=True, slots=True)
class RowRule:
    """A condition on the rows of a table, by their index: which rows have a value for it, and which fulfil it."""

    has_value: RowTest
    is_fulfilled: RowTest
