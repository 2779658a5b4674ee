"""A chat in the terminal, with or without a memory in the library."""

from collections.abc import Generator
from typing import Protocol

from api.commands.output import messages
from api.objects import JsonObject
from api.services import Services
from rag.conversations.store import TurnsStored
from rag.engines.types import Message
from rag.types import Answer, AnswerEvent, Question

Events = Generator[AnswerEvent, None, None]


class Talk(Protocol):
    """What was said so far, and what becomes of the next answer."""

    def messages(self, question: str) -> tuple[Message, ...]:
        """Return the chat up to a new question."""
        ...

    def kept(self, question: Question, events: Events) -> Events:
        """Pass the events of an answer on and remember it."""
        ...

    def about(self) -> JsonObject:
        """Return where the chat is kept."""
        ...

    def close(self) -> None:
        """Say where it is kept."""
        ...


def open_talk(services: Services, conversation: str | None = None, *, is_stored: bool = False) -> Talk:
    """Begin a chat, or go on with a stored one, to which it is added then."""
    if conversation is not None or is_stored:
        return _StoredTalk(services, conversation)
    return _PassingTalk()


class _PassingTalk:
    """A chat of which nothing is kept."""

    def __init__(self) -> None:
        self._history: tuple[Message, ...] = ()

    def messages(self, question: str) -> tuple[Message, ...]:
        return (*self._history, Message("user", question))

    def kept(self, question: Question, events: Events) -> Events:
        for event in events:
            if isinstance(event, Answer):
                self._history = (*question.messages, Message("assistant", event.text))
            yield event

    def about(self) -> JsonObject:
        return {}

    def close(self) -> None:
        """Nothing is kept."""


class _StoredTalk:
    """A chat in the library, where it begins with its first question."""

    def __init__(self, services: Services, conversation: str | None) -> None:
        self._library = services.library
        self._conversations = services.conversations
        self._id = conversation
        if conversation is not None:
            services.library.conversation(conversation)  # raises where there is none

    def messages(self, question: str) -> tuple[Message, ...]:
        if self._id is None:
            return (Message("user", question),)
        return self._conversations.locate_question(self._id, question).messages

    def kept(self, question: Question, events: Events) -> Events:
        is_new = self._id is None
        id_ = self._library.create_conversation().id if self._id is None else self._id
        place = self._conversations.locate_question(id_, question.messages[-1].content)
        try:
            for event in self._conversations.record(place, question, events):
                self._id = id_
                if not isinstance(event, TurnsStored):
                    yield event
        finally:
            if is_new and not self._library.conversation(id_).turns:
                self._library.delete_conversation(id_)
                self._id = None

    def about(self) -> JsonObject:
        return {"conversation": self._id}

    def close(self) -> None:
        if self._id is not None:
            messages().print(f"kept as {self._id}; `pincite chat --conversation {self._id}` goes on with it")
