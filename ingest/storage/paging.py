"""Keyset pagination: a page of a list begins at a member of it, so that its cost does not grow with the list. Pure.

A list has a key, a tuple of columns that no two members share; an index in the order of the key finds the next
members without those before them. A member that is added or removed meanwhile moves no other from page to page.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from ingest.errors import CursorNotFoundError

T = TypeVar("T")

ListOrder = Literal["newest", "oldest", "source"]
"""`source` is for documents alone: by their source, those of one source the oldest first."""

Key = tuple[int | str, ...]


@dataclass(frozen=True, slots=True)
class PageSpec:
    """Which part of a list: `limit` members behind `after` or in front of `before`, which are ids of members.

    With `before` alone it is the page that ends in front of that member, with both the first page between the two.
    """

    limit: int = 100
    order: ListOrder = "newest"
    after: str | None = None
    before: str | None = None

    def __post_init__(self) -> None:
        if self.limit < 1:
            raise ValueError(f"a page has at least one member, not {self.limit}")


@dataclass(frozen=True, slots=True)
class ListPage(Generic[T]):
    """Members in the order of the list. `has_more`: beyond them, in the direction of the cursor, are others."""

    items: list[T]
    has_more: bool


@dataclass(frozen=True, slots=True)
class KeyRange:
    """At most `limit` keys between two, which are left out, from the highest down if `is_descending`."""

    low: Key | None
    high: Key | None
    is_descending: bool
    limit: int

    def condition(self, *columns: str) -> str:
        """Return the SQL condition that the key in `columns` is in the range; it takes `values()`."""
        key, marks = ", ".join(columns), ", ".join("?" * len(columns))
        bounds = ((">", self.low), ("<", self.high))
        return " AND ".join(f"({key}) {sign} ({marks})" for sign, bound in bounds if bound is not None) or "TRUE"

    def values(self) -> Key:
        """Return the values of the condition's parameters."""
        return (*(self.low or ()), *(self.high or ()))

    def order(self, *columns: str) -> str:
        """Return the terms of ORDER BY for the key in `columns`."""
        return ", ".join(f"{column} DESC" if self.is_descending else column for column in columns)


def read_page(
    spec: PageSpec, find_key: Callable[[str], Key | None], read: Callable[[KeyRange], list[T]]
) -> ListPage[T]:
    """Return a page of the list that `read` reads parts of; raises `CursorNotFoundError`.

    `find_key` returns the key of the member with an id, or None if the list has no such member.
    """
    after, before = _key(find_key, "after", spec.after), _key(find_key, "before", spec.before)
    is_descending = spec.order == "newest"
    is_backwards = before is not None and after is None
    low, high = (before, after) if is_descending else (after, before)
    # One more than the page has tells whether there are others.
    items = read(KeyRange(low, high, is_descending != is_backwards, spec.limit + 1))
    has_more, items = len(items) > spec.limit, items[: spec.limit]
    return ListPage(items[::-1] if is_backwards else items, has_more)


def _key(find_key: Callable[[str], Key | None], param: Literal["after", "before"], cursor: str | None) -> Key | None:
    if cursor is None:
        return None
    if (key := find_key(cursor)) is None:
        raise CursorNotFoundError(param=param, cursor=cursor)
    return key
