"""Statements that may replace each other, and the one value that changes between two of them. Pure."""

import re
from dataclasses import dataclass

from rag.grounding.evidence import SentenceMatch
from rag.grounding.supersession.change_words import (
    announces_cancellation,
    announces_change,
    is_denied,
    is_proposal,
    says_that_it_stays,
)
from rag.grounding.supersession.origins import Origin
from rag.grounding.supersession.values import Value, find_values
from rag.grounding.verification.lexicon import NEGATIONS

_DENIAL = re.compile(rf"\b(?:{'|'.join(sorted(NEGATIONS))})\s(?:\w+\s){{0,2}}$", re.IGNORECASE)
"""A negation right before a value."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence with what is known of its origin."""

    match: SentenceMatch
    origin: Origin

    @property
    def text(self) -> str:
        """The sentence as it stands in the document."""
        return self.match.text


@dataclass(frozen=True, slots=True)
class Change:
    """The value of an earlier statement and the one that replaces it; None if the statement is withdrawn as a whole."""

    earlier: Value | None = None
    later: Value | None = None


def find_change(earlier: str, later: str) -> Change | None:
    """Return what `later` says to change of `earlier`; None if it says nothing of the kind.

    It has to announce a change or a cancellation, and to have a new value of the same kind, which it states alone or
    beside the old one: "from 11 to 18 June". Questions, proposals and denials change nothing.
    """
    if is_proposal(later):
        return None
    change = compare_values(earlier, later)
    if change is not None and change.earlier is not None:
        rest = _drop_rejected(later, change.earlier)
        if announces_change(rest or later) and not is_denied(rest):
            return change
        return None
    if announces_cancellation(later) and not is_denied(later) and find_values(earlier):
        return Change()
    return None


def compare_values(earlier: str, later: str) -> Change | None:
    """Return the one value of `earlier` for which `later` has another; None if there is none, or more than one.

    If `later` states the old value, too, it must not say that it stays.
    """
    values, later_values = find_values(earlier), find_values(later)
    for kind in dict.fromkeys(value.kind for value in values):
        old = [value for value in values if value.kind == kind]
        new = _distinct([value for value in later_values if value.kind == kind and _is_new(value, old)])
        gone = [
            value for value in old if all(value.differs_from(other) for other in later_values if other.kind == kind)
        ]
        restated = [value for value in old if value not in gone]
        if len(new) != 1 or len(gone) > 1 or (not gone and (len(restated) != 1 or _stays(restated[0], later))):
            continue
        return Change((gone or restated)[0], new[0])
    return None


def _stays(value: Value, later: str) -> bool:
    """Whether a later sentence says that a value stays."""
    same = (other for other in find_values(later) if other.kind == value.kind and other.equals(value))
    return any(says_that_it_stays(later, other.start, other.end) for other in same)


def _is_new(value: Value, old: list[Value]) -> bool:
    return all(value.differs_from(other) for other in old)


def _distinct(values: list[Value]) -> list[Value]:
    """Return values without those that repeat an earlier one: "sixty (60) days"."""
    distinct: list[Value] = []
    for value in values:
        if not any(value.equals(other) for other in distinct):
            distinct.append(value)
    return distinct


def _drop_rejected(later: str, old: Value) -> str:
    """Return `later` without the old value if that is denied, as in "EUR 350, not EUR 6,000"."""
    for value in find_values(later):
        denial = _DENIAL.search(later[: value.start])
        if denial is not None and value.kind == old.kind and value.equals(old):
            return later[: denial.start()] + later[value.end :]
    return later
