"""Tell questions that need everything that was stored from those that a few passages answer. Pure.

A wrong yes costs minutes, a wrong no an answer from the best passages: only clear words count. They are looked for in
English, German, French, Spanish, Italian, Portuguese and Dutch.
"""

import re
from dataclasses import dataclass

from rag.summarization.intent_patterns import CONVERSATION, EMPTY_WORD, ONE_PLACE, PATTERNS, OverviewKind

MAX_CHARS = 300
"""A longer message brings its own text, or says more than one thing."""

_MARKS = " .,:;?!¿¡\"'«»()"


@dataclass(frozen=True, slots=True)
class OverviewQuestion:
    """A question over all chunks. `words` of it told so; `topic` is what to look for, empty for everything."""

    kind: OverviewKind
    words: str
    topic: str = ""


def overview_question(text: str) -> OverviewQuestion | None:
    """Return what kind of overview a question asks for, or None where a few passages can answer it."""
    asked = " ".join(text.split())
    if len(asked) > MAX_CHARS or ONE_PLACE.search(asked) or CONVERSATION.search(asked):
        return None
    for kind, pattern in PATTERNS:
        if (match := pattern.search(asked)) is not None:
            return OverviewQuestion(kind, _telling(asked, match), _topic(asked, match))
    return None


def _telling(asked: str, match: re.Match[str]) -> str:
    """Return the words that told the kind, with dots for what stands between them."""
    if not match.groupdict().get("topic"):
        return match.group("words").strip(_MARKS)
    first, last = sorted([match.span("words"), match.span("topic")])
    tail = asked[match.end("topic") : match.end()] if last == match.span("topic") else asked[slice(*last)]
    head = asked[slice(*first)] if first == match.span("words") else ""
    return " ".join(part for part in (head.strip(_MARKS), "…", tail.strip(_MARKS)) if part)


def _topic(asked: str, match: re.Match[str]) -> str:
    """Return what a question is about: without the words that told its kind, and without those of any question."""
    core = match.groupdict().get("topic") or asked[match.end("words") :]
    words = [word for word in core.split() if not EMPTY_WORD.fullmatch(word.strip(_MARKS))]
    return " ".join(words).strip(_MARKS)
