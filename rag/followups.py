"""Follow-up questions: what is asked is often said in the turn before. Pure.

A question is searched as it stands and together with the user's turn before it, and both results are mixed. That
needs no model and no guess at the language. On MTRAG (human, 98 questions) it raises nDCG@10 from .729 to .746:
DECISIONS.md, record 27.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from rag.types import Message

QUESTION_SHARE = 0.7
"""Weight of the question as it stands; the rest is that of the completed one."""
MAX_EARLIER_CHARS = 1_000
"""A turn that is longer is a text that was pasted, whose beginning says what it is about."""


@dataclass(frozen=True, slots=True)
class Variant:
    """A text that is searched, and the weight of what it finds. The weights of all variants add up to 1."""

    text: str
    weight: float


def variants(question: str, earlier: str = "") -> list[Variant]:
    """Return the texts to search for a question and the user's turn before it, the question as it stands first."""
    if not earlier.strip():
        return [Variant(question, 1.0)]
    completed = f"{earlier[:MAX_EARLIER_CHARS]}\n{question}"
    return [Variant(question, QUESTION_SHARE), Variant(completed, 1.0 - QUESTION_SHARE)]


def turn_before(messages: Sequence[Message]) -> str:
    """Return what the user said before the last message; nothing where that was the first."""
    said = [message.content for message in messages[:-1] if message.role == "user"]
    return said[-1] if said else ""
