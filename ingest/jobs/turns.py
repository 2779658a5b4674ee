"""Whose turn it is to be read: no document waits long behind those that take long. Pure.

`width` documents are read at the same time. One that has been read for `TURN_SECONDS` is *long*: while there are such
documents, `spare` others are read beside them. If too many are long, the next one that becomes so yields: it goes back
into the queue, and is read again, to its end, after those that have not had a turn.
"""

from dataclasses import dataclass

TURN_SECONDS = 30.0
"""How long a document is read before others that wait come first."""


@dataclass(frozen=True, slots=True)
class Turns:
    """The places for documents that are read at the same time."""

    width: int
    spare: int

    @property
    def most_long(self) -> int:
        """How many long documents are read at the same time: one place is left for the others."""
        return max(self.width + self.spare - 1, 1)

    def has_place(self, *, short: int, long: int) -> bool:
        """Whether one more document can be read beside so many short and long ones."""
        places = self.width + self.spare if long else self.width
        return short < self.width and short + long < places

    def may_resume(self, *, long: int, has_others: bool) -> bool:
        """Whether the free place may go to a document that yielded.

        One of them is always read, so that it comes to its end however many others arrive.
        """
        return long == 0 or (long < self.most_long and not has_others)

    def must_yield(self, *, long: int, has_others: bool) -> bool:
        """Whether a document whose turn is over makes place for others."""
        return has_others and long >= self.most_long
