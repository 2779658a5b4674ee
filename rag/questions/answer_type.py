"""The type of value that a question asks for, read from its words, in seven languages. Pure.

The first word of asking decides: "When did the man who …" asks for a time. A question without a clear type has none,
because any sentence may answer it.
"""

import re
from collections.abc import Mapping
from typing import Literal

from rag.questions.answer_type_patterns import ASKING, FIELDS, MEASURES, OPEN_WORDS, WORDS, compile_words

AnswerType = Literal["person", "place", "time", "quantity", "yes or no", "email", "phone", "url", "number"]
"""A `quantity` is how many, how much or how long; a `number` is one of an account, of a tax register …"""

WRITTEN_OUT: frozenset[AnswerType | None] = frozenset({"email", "phone", "url", "number"})
"""Types whose values have a form of their own: documents without one do not have the answer."""

_TYPES: tuple[AnswerType, ...] = ("time", "quantity", "person", "place", "yes or no")
_FIELDS: tuple[AnswerType, ...] = ("email", "phone", "url", "number")
_WORDS: Mapping[AnswerType, re.Pattern[str]] = {kind: compile_words(WORDS[kind]) for kind in _TYPES}
_FIELD_NAMES: Mapping[AnswerType, re.Pattern[str]] = {
    kind: re.compile(rf"{ASKING}(?<![^\W_])(?:{FIELDS[kind]})", re.IGNORECASE) for kind in _FIELDS
}
_OPEN = compile_words(OPEN_WORDS)
_MEASURE = compile_words(MEASURES)


def strip_measure(question: str) -> str:
    """Return a question without its “how long”, “wie viele”: words for a measure that the answer does not repeat."""
    return _MEASURE.sub(" ", question)


def detect_answer_type(question: str) -> AnswerType | None:
    """Return the type of value that a question asks for, None for a question that any sentence may answer."""
    starts: dict[AnswerType, int] = {
        kind: match.start() for kind, pattern in _WORDS.items() if (match := pattern.search(question))
    }
    open_match = _OPEN.search(question)
    if starts:
        first = min(starts, key=starts.__getitem__)
        if open_match is None or starts[first] <= open_match.start():
            return first
    return next((field for field, pattern in _FIELD_NAMES.items() if pattern.search(question)), None)
