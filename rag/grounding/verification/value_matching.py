"""Find the numbers and dates of a sentence that its quote does not state, and what the quote states instead. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rag.grounding.verification.dates import Date
from rag.grounding.verification.quantities import Quantity
from rag.grounding.verification.tokenization import TokenizedText, tokenize


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A number or date of the sentence that the quote does not state.

    `instead` is what the quote states in its place, None for nothing; `is_in_place` is whether that stands between the
    same words or beside the same content word, and is not just another number of the same kind. `is_moved` is whether
    the quote has the number elsewhere; `is_nearby` is whether the passage around the quote has it.
    """

    stated: Quantity
    instead: Quantity | None
    is_in_place: bool = False
    is_moved: bool = False
    is_nearby: bool = False


@dataclass(frozen=True, slots=True)
class _QuantityInContext:
    """A number and the stems right before and right after it, empty at an end of the text; `content` are those of
    content words."""

    quantity: Quantity
    before: str
    after: str
    content: frozenset[str]

    def count_shared_neighbours(self, other: "_QuantityInContext") -> int:
        """Return how many of the two neighbouring stems are the same: 0 to 2."""
        return (self.before == other.before) + (self.after == other.after)

    def has_place_of(self, other: "_QuantityInContext") -> bool:
        """Whether it stands between the same words as `other`, or beside the same content word."""
        shared = self.count_shared_neighbours(other)
        return shared == 2 or (shared == 1 and bool(self.content & other.content & {self.before, self.after}))


def find_mismatches(sentence: TokenizedText, quote: TokenizedText, context: str) -> list[Mismatch]:
    """Return the numbers and dates of the sentence that the quote does not state, in order.

    `context` is the passage around the quote; it is tokenized only if a number is missing.
    """
    claimed, quoted = _locate_quantities(sentence), _locate_quantities(quote)
    unmatched = list(quoted)
    mismatches: list[Mismatch] = []
    missing: list[_QuantityInContext] = []
    repeated: list[_QuantityInContext] = []
    for claim in claimed:
        equal = _find_equal(claim, unmatched)
        if equal is not None:
            unmatched.remove(equal)
            mismatches.extend(_find_moved(claim, quoted))
        elif not _is_stated_in_parts(claim.quantity, quote.quantities):
            (repeated if _find_equal(claim, quoted) else missing).append(claim)
    # A sentence may repeat a number. If it has as many as the quote and leaves one of those out, that one was changed.
    if unmatched and len(claimed) >= len(quoted):
        missing += repeated
    mismatches += [_describe_missing(claim, _find_instead(claim, unmatched), context) for claim in missing]
    return sorted(mismatches, key=lambda mismatch: mismatch.stated.start)


def _locate_quantities(text: TokenizedText) -> list[_QuantityInContext]:
    """Return the numbers and dates of a text with their neighbours, in order."""
    located: list[_QuantityInContext] = []
    words, index = text.words, 0
    for quantity in text.quantities:
        while index < len(words) and words[index].end <= quantity.start:
            index += 1
        before = words[index - 1] if index else None
        after = next((word for word in words[index:] if word.start >= quantity.end), None)
        content = frozenset(word.stem for word in (before, after) if word is not None and word.is_content)
        located.append(
            _QuantityInContext(
                quantity, "" if before is None else before.stem, "" if after is None else after.stem, content
            )
        )
    return located


def _find_equal(claim: _QuantityInContext, others: Sequence[_QuantityInContext]) -> _QuantityInContext | None:
    """Return the equal number with the most shared neighbours; of those, the one with the same spelling."""
    return max(
        (other for other in others if claim.quantity.is_stated_by(other.quantity)),
        key=lambda other: (claim.count_shared_neighbours(other), other.quantity.text == claim.quantity.text),
        default=None,
    )


def _find_moved(claim: _QuantityInContext, others: Sequence[_QuantityInContext]) -> Iterator[Mismatch]:
    """Yield a mismatch if the quote has the number, but another one between its two neighbours."""
    if not claim.before or not claim.after:
        return
    instead: Quantity | None = None
    for other in filter(claim.count_shared_neighbours, others):
        if claim.quantity.is_stated_by(other.quantity):
            return
        if claim.count_shared_neighbours(other) == 2:
            instead = other.quantity
    if instead is not None:
        yield Mismatch(claim.quantity, instead, is_in_place=True, is_moved=True)


def _describe_missing(claim: _QuantityInContext, instead: _QuantityInContext | None, context: str) -> Mismatch:
    is_nearby = any(map(claim.quantity.is_stated_by, tokenize(context).quantities))
    if instead is None:
        return Mismatch(claim.quantity, None, is_nearby=is_nearby)
    return Mismatch(claim.quantity, instead.quantity, is_in_place=claim.has_place_of(instead), is_nearby=is_nearby)


def _find_instead(claim: _QuantityInContext, unmatched: Sequence[_QuantityInContext]) -> _QuantityInContext | None:
    """Return the number of the quote that replaces a missing one: with a shared neighbour, else of its dimension."""
    quantity = claim.quantity
    in_place = [
        other
        for other in unmatched
        if claim.count_shared_neighbours(other) and bool(other.quantity.dates) == bool(quantity.dates)
    ]
    if in_place:
        return max(in_place, key=claim.count_shared_neighbours)
    if not quantity.dates and not quantity.unit:
        return None
    return next((other for other in unmatched if other.quantity.has_dimension_of(quantity)), None)


def _is_stated_in_parts(date: Quantity, others: Sequence[Quantity]) -> bool:
    """Whether the quote states the day and the year of a date apart."""
    days = [day for other in others for day in other.dates if not day.year]
    values = frozenset[str]().union(*(other.values for other in others))
    return any(
        str(meaning.year) in values and any(Date(0, meaning.month, meaning.day).is_implied_by(day) for day in days)
        for meaning in date.dates
    )
