"""Read the last question of a chat in the light of the turns before it, in seven languages. Pure.

An ellipsis (“and in March?”, “why?”, “yes”) says only what changes: it is completed from the question before it, which
may be an ellipsis itself, so that a topic lasts over many turns. A question with a reference (“who has to sign it?”)
is a question of its own about an earlier topic. Any other question is complete, and takes nothing from the turns
before it: a new topic must not be answered from the old one.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from rag.engines.types import Message
from rag.questions.follow_up_patterns import (
    ASKS_FOR_KIND,
    ASSENT,
    EXPLETIVE,
    IDENTITY_VERB,
    LEAD,
    OFFER,
    ORDINAL,
    QUESTION_WORD,
    REFERENCE,
    REQUEST,
    SMALL_TALK,
    TIME,
    VERB,
)
from rag.questions.request_phrases import strip_request
from rag.questions.stopwords import STOPWORDS
from rag.questions.substitution import append, is_typed, substitute, substitute_asking
from rag.questions.words import WORD

Dependence = Literal["none", "reference", "ellipsis"]
"""What a question needs of the turns before it: nothing, the meaning of a pronoun, or most of its words."""

MAX_TURNS = 12
"""Questions that are read back: no topic lasts longer without being named."""
MAX_CHARS = 600
"""A longer message is pasted text, which says what it is about."""
MAX_FRAGMENT_WORDS = 3
"""Content words of a fragment without “and”; more of them are a query of its own, as people type it."""
MAX_LED_WORDS = 5
"""Content words of a fragment behind “and” or “what about”."""
MAX_REFERRING_WORDS = 4
"""Content words of a question whose pronoun stands for an earlier topic; longer ones name what it stands for."""

_ENDS_WITH_ORDINAL = re.compile(rf"{ORDINAL.pattern}\W*$", re.IGNORECASE)
_SENTENCE = re.compile(r"[^.?!\n]+\?")


@dataclass(frozen=True, slots=True)
class FollowUp:
    """The last question of a chat as it is understood after the turns before it.

    `text` is the question, completed if it is an ellipsis. `topic` is the earlier question that it refers to, empty if
    it refers to none. `names` are the words of a fragment that name a thing: what has none of them is about the
    earlier topic alone.
    """

    text: str
    topic: str = ""
    names: tuple[str, ...] = ()


def read_follow_up(messages: Sequence[Message]) -> FollowUp:
    """Return the last question of a chat as it is understood after the turns before it."""
    asked = [
        index
        for index, message in enumerate(messages)
        if message.role == "user" and (index == len(messages) - 1 or not SMALL_TALK.fullmatch(message.content))
    ]
    understood = FollowUp("")
    for index in asked[-MAX_TURNS:]:
        answer = messages[index - 1].content if index and messages[index - 1].role == "assistant" else ""
        understood = _understand(messages[index].content, understood, answer)
    return understood


def classify_dependence(question: str) -> Dependence:
    """Return what a question that is not the first one of a chat needs of the turns before it."""
    if len(question) > MAX_CHARS or SMALL_TALK.fullmatch(question):
        return "none"
    lead, rest = _split_lead(question)
    content = _list_content(rest)
    if _is_fragment(rest, content, MAX_LED_WORDS if lead else MAX_FRAGMENT_WORDS):
        return "ellipsis" if lead or not content or "?" in rest or is_typed(rest) else "reference"
    is_terse = len(content) == 1 and QUESTION_WORD.search(rest) is not None and IDENTITY_VERB.search(rest) is None
    refers = (
        is_terse
        or REFERENCE.search(EXPLETIVE.sub(" ", rest)) is not None
        or _ENDS_WITH_ORDINAL.search(rest) is not None
    )
    return "reference" if refers and len(content) <= MAX_REFERRING_WORDS else "none"


def _is_fragment(rest: str, content: Sequence[str], max_words: int) -> bool:
    """Whether words are no clause of their own: they only ask, only choose, or only name something."""
    if not _name_something(content):
        return True
    if ASKS_FOR_KIND.fullmatch(rest) and not VERB.search(rest):
        return True
    is_clause = any(pattern.search(rest) for pattern in (QUESTION_WORD, VERB, EXPLETIVE, REFERENCE))
    return not is_clause and REQUEST.match(rest) is None and len(content) <= max_words


def _understand(question: str, before: FollowUp, answer: str) -> FollowUp:
    """Return a question as it is understood after the one `before` it and the `answer` to that."""
    if not before.text:
        return FollowUp(question)
    if ASSENT.fullmatch(question):
        offer = _find_offer(answer)
        return FollowUp(offer, before.topic or before.text) if offer else before
    dependence = classify_dependence(strip_request(question))
    if dependence == "none":
        return FollowUp(question)
    _, rest = _split_lead(strip_request(question))
    content = _list_content(TIME.sub(" ", rest))
    is_name = QUESTION_WORD.search(rest) is None and _is_fragment(rest, content, MAX_LED_WORDS)
    names = tuple(_name_something(content)) if is_name else ()
    if dependence == "reference":
        return FollowUp(rest, before.topic or before.text, names)
    return FollowUp(_complete(before.text, rest), before.topic, names)


def _complete(topic: str, fragment: str) -> str:
    """Return the question that an ellipsis stands for, after the question `topic`."""
    content = _list_content(fragment)
    if QUESTION_WORD.search(fragment) and (not content or ASKS_FOR_KIND.fullmatch(fragment)):
        return substitute_asking(topic, fragment)
    is_question = "?" in topic or QUESTION_WORD.search(topic) or VERB.search(topic)
    return substitute(topic, fragment) if is_question and _name_something(content) else append(topic, fragment)


def _split_lead(question: str) -> tuple[str, str]:
    """Return the words that lead to what a follow-up changes, and what stands behind them."""
    lead = LEAD.match(question)
    end = lead.end() if lead else 0
    return question[:end].strip(), question[end:].strip()


def _list_content(text: str) -> list[str]:
    """Return the words of a text that are neither words of asking nor without content."""
    plain = VERB.sub(" ", QUESTION_WORD.sub(" ", text))
    return [word for word in WORD.findall(plain) if word.casefold() not in STOPWORDS]


def _name_something(content: Iterable[str]) -> list[str]:
    """Return the words that name a thing rather than choose among things of an earlier turn."""
    return [word for word in content if not ORDINAL.fullmatch(word)]


def _find_offer(answer: str) -> str:
    """Return what the last question of an answer offers; empty if it asks nothing."""
    questions = _SENTENCE.findall(answer)
    return OFFER.sub("", questions[-1].strip(), count=1) if questions else ""
