"""The values that a sentence states: dates, times of day, amounts and numbers, but no numbers of clauses. Pure."""

import re
from dataclasses import dataclass
from functools import lru_cache

from rag.grounding.supersession.clauses import find_label_end, find_references
from rag.grounding.verification.lexicon import UNITS
from rag.grounding.verification.quantities import Quantity, find_quantities
from rag.grounding.verification.tokenization import CACHED_TEXTS

_CLOCK = re.compile(
    r"""
    (?<![\d.,:/-])(?P<hour>[01]?\d|2[0-4])
    (?:
      [:h](?P<minute>[0-5]\d)(?![\d:])(?:\s?(?:Uhr|uur|(?P<half>[ap])\.?m\b\.?))?
      | (?:\.(?P<dotted>[0-5]\d))?\s?(?:Uhr|uur|(?P<mark>[ap])\.?m\b\.?)
    )
    """,
    re.IGNORECASE | re.VERBOSE,
)
_NOON = 12 * 60


@dataclass(frozen=True, slots=True)
class Value:
    """A value at `[start, end)` of a sentence. Only values of one kind can replace each other."""

    start: int
    end: int
    kind: str
    quantity: Quantity | None = None
    minutes: int = 0
    """The time of day, for a value without a quantity."""

    def equals(self, other: "Value") -> bool:
        """Whether both state the same, one of them perhaps more exactly."""
        if self.quantity is None or other.quantity is None:
            return self.kind == other.kind and self.minutes == other.minutes
        return self.quantity.is_stated_by(other.quantity) or other.quantity.is_stated_by(self.quantity)

    def differs_from(self, other: "Value") -> bool:
        """Whether both are of one kind and state different things."""
        return self.kind == other.kind and not self.equals(other)


@lru_cache(maxsize=CACHED_TEXTS)
def find_values(sentence: str) -> tuple[Value, ...]:
    """Return the values of a sentence in order."""
    masked = sentence
    for start, end in [
        (0, find_label_end(sentence)),
        *((named.start, named.end) for named in find_references(sentence)),
    ]:
        masked = f"{masked[:start]}{'_' * (end - start)}{masked[end:]}"
    values: list[Value] = []
    for match in _CLOCK.finditer(masked):
        values.append(Value(match.start(), match.end(), "time of day", minutes=_read_minutes(match)))
        masked = f"{masked[: match.start()]}{'_' * (match.end() - match.start())}{masked[match.end() :]}"
    values += [_convert(quantity) for quantity in find_quantities(masked) if not quantity.is_word or quantity.unit]
    return tuple(sorted(values, key=lambda value: value.start))


def _convert(quantity: Quantity) -> Value:
    kind = "date" if quantity.dates else UNITS[quantity.unit][0] if quantity.unit else "number"
    end = quantity.start + len(quantity.text.rstrip(" ."))
    return Value(quantity.start, end, kind, quantity)


def _read_minutes(match: re.Match[str]) -> int:
    minutes = int(match["hour"]) * 60 + int(match["minute"] or match["dotted"] or 0)
    half = (match["half"] or match["mark"] or "").lower()
    if half == "p" and minutes < _NOON:
        return minutes + _NOON
    return minutes - _NOON if half == "a" and minutes >= _NOON else minutes
