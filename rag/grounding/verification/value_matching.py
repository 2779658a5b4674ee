"""Which numbers and dates of a sentence its quote does not have, and what the quote says instead. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rag.grounding.verification.dates import Date
from rag.grounding.verification.quantities import Quantity
from rag.grounding.verification.tokenization import Reading, read


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A number that the quote does not have, or not there; `rival` is what it says instead, None where nothing is.

    `is_nearby` is whether the passage around the quote has it.
    """

    said: Quantity
    rival: Quantity | None
    is_moved: bool = False
    is_nearby: bool = False


@dataclass(frozen=True, slots=True)
class _Placed:
    """A number and the words right before and right after it."""

    quantity: Quantity
    before: str
    after: str

    def shared(self, other: "_Placed") -> int:
        """Return how many of the two words around it are the same: 0 to 2."""
        return (self.before == other.before) + (self.after == other.after)


def mismatches(sentence: Reading, quote: Reading, context: str) -> list[Mismatch]:
    """Return the numbers and dates of the sentence that the quote does not bear, in their order.

    `context` is the passage around the quote; it is read only where a number is missing.
    """
    here, there = _placed(sentence), _placed(quote)
    free = list(there)
    found: list[Mismatch] = []
    unborne: list[_Placed] = []
    repeated: list[_Placed] = []
    for said in here:
        bearer = _bearer(said, free)
        if bearer is not None:
            free.remove(bearer)
            found.extend(_moved(said, there))
        elif not _is_borne_in_parts(said.quantity, quote.quantities):
            (repeated if _bearer(said, there) else unborne).append(said)
    # A number may be said twice. Where as many are said as the quote has, and one of those is left out, it was changed.
    if free and len(here) >= len(there):
        unborne += repeated
    found += [_missing(said, _rival(said, free), context) for said in unborne]
    return sorted(found, key=lambda mismatch: mismatch.said.start)


def _placed(reading: Reading) -> list[_Placed]:
    """Return the numbers of a text with their neighbours, in order."""
    found: list[_Placed] = []
    words, place = reading.words, 0
    for quantity in reading.quantities:
        while place < len(words) and words[place].end <= quantity.start:
            place += 1
        after = next((word.stem for word in words[place:] if word.start >= quantity.end), "")
        found.append(_Placed(quantity, words[place - 1].stem if place else "", after))
    return found


def _bearer(said: _Placed, others: Sequence[_Placed]) -> _Placed | None:
    """Return what says the same: between the same words, and of those the one that is written alike."""
    return max(
        (other for other in others if said.quantity.is_borne_by(other.quantity)),
        key=lambda other: (said.shared(other), other.quantity.text == said.quantity.text),
        default=None,
    )


def _moved(said: _Placed, others: Sequence[_Placed]) -> Iterator[Mismatch]:
    """Yield a mismatch where the quote has the number, but another one between the words around it."""
    if not said.before or not said.after:
        return
    rival: Quantity | None = None
    for other in filter(said.shared, others):
        if said.quantity.is_borne_by(other.quantity):
            return
        if said.shared(other) == 2:
            rival = other.quantity
    if rival is not None:
        yield Mismatch(said.quantity, rival, is_moved=True)


def _missing(said: _Placed, rival: _Placed | None, context: str) -> Mismatch:
    if rival is not None:
        return Mismatch(said.quantity, rival.quantity)
    return Mismatch(said.quantity, None, is_nearby=any(map(said.quantity.is_borne_by, read(context).quantities)))


def _rival(said: _Placed, free: Sequence[_Placed]) -> _Placed | None:
    """Return the number of the quote that stands for the missing one: in its place, or of its dimension."""
    mine = said.quantity
    in_place = [other for other in free if said.shared(other) and bool(other.quantity.dates) == bool(mine.dates)]
    if in_place:
        return max(in_place, key=said.shared)
    if not mine.dates and not mine.unit:
        return None
    return next((other for other in free if other.quantity.measures_like(mine)), None)


def _is_borne_in_parts(said: Quantity, others: Sequence[Quantity]) -> bool:
    """Whether the quote has the day and the year of a date in two places."""
    days = [day for other in others for day in other.dates if not day.year]
    values = frozenset[str]().union(*(other.values for other in others))
    return any(
        str(date.year) in values and any(Date(0, date.month, date.day).is_within(day) for day in days)
        for date in said.dates
    )
