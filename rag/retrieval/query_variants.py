"""Follow-up questions: what is asked is often said in the turn before. Pure.

A question is searched as it stands and completed, and both results are mixed. What completes it is the user's turn
before it: that needs no model and no guess at the language (an able model does it in `rag.retrieval.query_rewriting`).
On MTRAG (human, 98 questions) it raises nDCG@10 by 2 points:
docs/development/decisions/2026-11-24-candidates-and-ranking.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from rag.engines.types import Message

QUESTION_SHARE = 0.7
"""Weight of the question as it stands; the rest is that of the completed one."""
MAX_EARLIER_CHARS = 1_000
"""A turn that is longer is a text that was pasted, whose beginning says what it is about."""


@dataclass(frozen=True, slots=True)
class QueryVariant:
    """A text that is searched, and the weight of what it finds. The weights of all variants add up to 1."""

    text: str
    weight: float


def expand_query(question: str, completed: str = "") -> list[QueryVariant]:
    """Return the texts to search for a question, as it stands first, then completed where it is."""
    if not completed.strip():
        return [QueryVariant(question, 1.0)]
    return [QueryVariant(question, QUESTION_SHARE), QueryVariant(completed, 1.0 - QUESTION_SHARE)]


def prepend_previous_question(messages: Sequence[Message]) -> str:
    """Return the last message after what the user said before it; nothing where it is the first."""
    said = [message.content for message in messages if message.role == "user"]
    if len(said) < 2 or not said[-2].strip():
        return ""
    return f"{said[-2][:MAX_EARLIER_CHARS]}\n{said[-1]}"
