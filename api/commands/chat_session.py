"""The chat history of `pincite ask` and `chat`, stored in the library or transient."""

from collections.abc import Generator
from typing import Protocol

from api.commands.output import messages
from api.services import Services
from api.wire.base import JsonObject
from rag.conversations.store import TurnsStored
from rag.engines.types import Message
from rag.types import Answer, AnswerEvent, Question

Events = Generator[AnswerEvent, None, None]


class ChatSession(Protocol):
    """A chat history that grows by one question and answer at a time."""

    def messages(self, question: str) -> tuple[Message, ...]:
        """Return the chat history with a new question at its end."""
        ...

    def record(self, question: Question, events: Events) -> Events:
        """Yield the events of an answer unchanged and add the answer to the history."""
        ...

    def describe(self) -> JsonObject:
        """Return the fields that name the stored conversation; empty if it is not stored."""
        ...

    def close(self) -> None:
        """Tell the user how to continue the conversation."""
        ...


def open_chat_session(services: Services, conversation: str | None = None, *, is_stored: bool = False) -> ChatSession:
    """Start a chat, or continue the stored `conversation`."""
    if conversation is not None or is_stored:
        return _StoredSession(services, conversation)
    return _TransientSession()


class _TransientSession:
    """A chat that is not stored."""

    def __init__(self) -> None:
        self._history: tuple[Message, ...] = ()

    def messages(self, question: str) -> tuple[Message, ...]:
        return (*self._history, Message("user", question))

    def record(self, question: Question, events: Events) -> Events:
        for event in events:
            if isinstance(event, Answer):
                self._history = (*question.messages, Message("assistant", event.text))
            yield event

    def describe(self) -> JsonObject:
        return {}

    def close(self) -> None:
        """Nothing is stored."""


class _StoredSession:
    """A chat in the library; its first question creates the conversation."""

    def __init__(self, services: Services, conversation: str | None) -> None:
        self._library = services.library
        self._conversations = services.conversations
        self._id = conversation
        if conversation is not None:
            services.library.conversation(conversation)  # raises if there is none

    def messages(self, question: str) -> tuple[Message, ...]:
        if self._id is None:
            return (Message("user", question),)
        return self._conversations.locate_question(self._id, question).messages

    def record(self, question: Question, events: Events) -> Events:
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

    def describe(self) -> JsonObject:
        return {"conversation": self._id}

    def close(self) -> None:
        if self._id is not None:
            messages().print(f"stored as {self._id}; `pincite chat --conversation {self._id}` continues it")
