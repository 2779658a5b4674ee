"""Detect questions that need all documents, not a few passages. Pure.

A false positive costs minutes, a false negative an answer from the best passages: only clear words count, in English,
German, French, Spanish, Italian, Portuguese and Dutch.
"""

import re
from dataclasses import dataclass

from rag.questions.overview_patterns import CONVERSATION, EMPTY_WORD, ONE_PLACE, OverviewKind, compile_patterns

MAX_CHARS = 300
"""A longer message quotes a text of its own, or asks for more than one thing."""

_MARKS = " .,:;?!¿¡\"'«»()"


@dataclass(frozen=True, slots=True)
class OverviewIntent:
    """The overview that a question asks for by some of its `words`; `topic` is empty if it is about everything."""

    kind: OverviewKind
    words: str
    topic: str = ""


def detect_overview(text: str) -> OverviewIntent | None:
    """Return the overview that a question asks for, None if a few passages can answer it."""
    question = " ".join(text.split())
    if len(question) > MAX_CHARS or ONE_PLACE.search(question) or CONVERSATION.search(question):
        return None
    for kind, pattern in compile_patterns():
        if (match := pattern.search(question)) is not None:
            return OverviewIntent(kind, _quote_words(question, match), _extract_topic(question, match))
    return None


def _quote_words(question: str, match: re.Match[str]) -> str:
    """Return the words that ask for the overview, with an ellipsis for the words between them."""
    if not match.groupdict().get("topic"):
        return match.group("words").strip(_MARKS)
    first, last = sorted([match.span("words"), match.span("topic")])
    tail = question[match.end("topic") : match.end()] if last == match.span("topic") else question[slice(*last)]
    head = question[slice(*first)] if first == match.span("words") else ""
    return " ".join(part for part in (head.strip(_MARKS), "…", tail.strip(_MARKS)) if part)


def _extract_topic(question: str, match: re.Match[str]) -> str:
    """Return the topic of a question: without the words that ask for the overview, and without empty words."""
    core = match.groupdict().get("topic") or question[match.end("words") :]
    words = [word for word in core.split() if not EMPTY_WORD.fullmatch(word.strip(_MARKS))]
    return " ".join(words).strip(_MARKS)
