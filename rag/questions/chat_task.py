"""Recognise what is asked about the chat itself, and small talk: neither is a question to the documents. Pure.

Interfaces send tasks of their own to the model of a chat: a title for their list, tags, what could be asked next. Such
a task gives an order ("Generate a …"), names its product, and names the chat as what it is made of. A question to
documents does not do all three, so all are required; instructions that make the whole chat one for titles count, too.
Small talk is recognised as a whole message alone: "thanks" in front of a question is part of the question.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from rag.engines.types import Message
from rag.questions.small_talk import SmallTalk, find_small_talk

TaskKind = Literal["title", "tags", "follow_ups", "queries"]

_CHAT = (
    r"(?:conversations?|chats?|threads?|dialog(?:ue)?s?|discussions?|exchanges?|chat history|session|messages?)"
    r"(?=\s*(?:[.:,;!\"'\n)]|$|history|title|name|(?:in|with|using|based|below|above|so far|that|a user)\b))"
)
_THIS = r"(?:(?:this|the|our|my|that|following|an?|entire|whole|current|above|below|given|previous|first)\s+){0,3}"
_ORDER = re.compile(
    r"\W*(?:#+\s*task\b|(?:please|now|can you|could you|your task is(?: to)?|you (?:are|will)|based on|in \d+ words"
    r"|generate|create|write|give|provide|suggest|come up with|make|propose|produce|return|output|choose|summari[sz]e"
    r"|name|analy[sz]e|using|reply with|respond with|what (?:is|would be) a (?:good|short|concise))\b)",
    re.IGNORECASE,
)
_PATTERNS: Mapping[TaskKind, str] = {
    "follow_ups": rf"follow[- ]?up (?:questions?|prompts?|quer(?:y|ies)|suggestions?)"
    rf".{{0,300}}?\b{_THIS}(?:{_CHAT}|user\b)",
    "tags": rf"\btags?\b.{{0,200}}?\b{_THIS}{_CHAT}",
    "queries": rf"{_CHAT}.{{0,120}}?\bsearch queries|\bsearch queries\b.{{0,200}}?\b{_THIS}{_CHAT}",
    "title": r"\b(?:title|headline|name|subject line)s?\b.{0,160}?"
    rf"\b(?:for|of|to|about|summari[sz](?:es|ing)|describ(?:es|ing)|based on|capturing)\s+{_THIS}{_CHAT}"
    rf"|{_CHAT}\s+(?:title|name)\b"
    rf"|\b(?:give|name|title)\s+{_THIS}(?:conversation|chat|thread|discussion)\s+a\b.{{0,30}}\b(?:name|title)\b",
}
_PRODUCTS: Mapping[TaskKind, re.Pattern[str]] = {
    kind: re.compile(pattern, re.IGNORECASE | re.DOTALL) for kind, pattern in _PATTERNS.items()
}
_MAKES_TITLES = re.compile(
    r"\btitle generator\b|\b(?:generat|creat|writ|produc|output)\w*\b.{0,60}\btitles?\b.{0,80}"
    r"\b(?:conversation|chat|thread|session)s?\b|\b(?:conversation|chat|thread|session) (?:title|name)s?\b",
    re.IGNORECASE,
)
_OPENING_CHARS = 1_500
"""A task says what it wants at its beginning; the chat that it quotes follows."""
_SYSTEM_CHARS = 300
_JSON_KEY = re.compile(r"\{\s*\"(title|tags|follow_ups|queries)\"\s*:")
_QUOTED_QUESTION = re.compile(
    r"^[\s|>#*]*(?:user|human|question|me)\**\s*:\**[ \t]*\n?(?P<text>.+?)\s*"
    r"(?=^[\s|>#*]*(?:assistant|ai|bot|response|answer|user|human|question|me)\**\s*:|^\s*</|\Z)",
    re.IGNORECASE | re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class ChatTask:
    """What is to be made of a chat, whose first question is `question`, empty if none was found.

    With a `json_key` the result is an object with this field.
    """

    kind: TaskKind
    question: str
    json_key: str = ""


Aside = ChatTask | SmallTalk
"""What a chat about documents is asked beside them."""


def find_aside(messages: Sequence[Message]) -> Aside | None:
    """Return the task about the chat, or the small talk, that its last message is; None for a question."""
    if not messages or messages[-1].role != "user":
        return None
    return find_chat_task(messages) or find_small_talk(messages[-1].content)


def find_chat_task(messages: Sequence[Message]) -> ChatTask | None:
    """Return the task about the chat that the last message is, by its own words or by the instructions before it."""
    text = messages[-1].content
    kind = _read_kind(text)
    if kind is None:
        kind = "title" if _follows_instructions(messages) else None
    if kind is None:
        return None
    key = _JSON_KEY.search(text)
    return ChatTask(kind, _find_question(messages), "" if key is None else key[1])


def _read_kind(text: str) -> TaskKind | None:
    opening = text[:_OPENING_CHARS]
    if _ORDER.match(opening) is None:
        return None
    return next((kind for kind, pattern in _PRODUCTS.items() if pattern.search(opening)), None)


def _follows_instructions(messages: Sequence[Message]) -> bool:
    """Whether the chat is one of a program that makes titles: its instructions say so, and no answer was given yet."""
    instructions = [message.content[:_SYSTEM_CHARS] for message in messages if message.role == "system"]
    is_first = all(message.role != "assistant" for message in messages)
    return is_first and any(_MAKES_TITLES.search(text) for text in instructions)


def _find_question(messages: Sequence[Message]) -> str:
    """Return the first question of the chat that a task is about: one that it quotes, or one that was sent before."""
    quoted = _QUOTED_QUESTION.search(messages[-1].content)
    if quoted is not None:
        return quoted["text"].strip()
    asked = [message.content.strip() for message in messages if message.role == "user"]
    return next((text for text in asked if text and _read_kind(text) is None), "")
