"""The chat history of `pincite ask` and `chat`, stored in the library or transient."""

from collections.abc import Mapping
from contextlib import closing, suppress
from typing import Any, Protocol

from api.backends.errors import BackendError
from api.backends.types import Backend, BackendEvents, CompleteAnswer
from api.commands.output import messages
from api.commands.requests import AskOptions, build_chat_request
from api.wire.base import JsonObject


class ChatSession(Protocol):
    """A chat history that grows by one question and answer at a time."""

    def ask(self, question: str) -> BackendEvents:
        """Yield the events of an answer, and add question and answer to the history."""
        ...

    def describe(self) -> JsonObject:
        """Return the fields that name the stored conversation; empty if it is not stored."""
        ...

    def close(self) -> None:
        """Tell the user how to continue the conversation."""
        ...


def open_chat_session(
    backend: Backend, options: AskOptions, conversation: str | None = None, *, is_stored: bool = False
) -> ChatSession:
    """Start a chat, or continue the stored `conversation`; raises if there is none."""
    if conversation is not None or is_stored:
        return _StoredSession(backend, options, conversation)
    return _TransientSession(backend, options)


class _TransientSession:
    """A chat that is not stored."""

    def __init__(self, backend: Backend, options: AskOptions) -> None:
        self._backend = backend
        self._options = options
        self._history: tuple[Mapping[str, Any], ...] = ()

    def ask(self, question: str) -> BackendEvents:
        asked = (*self._history, _user_message(question))
        request = build_chat_request(self._options, asked, default_model=self._backend.named_model)
        with closing(self._backend.answer(request)) as events:
            for event in events:
                if isinstance(event, CompleteAnswer):
                    self._history = (*asked, {"role": "assistant", "content": event.text})
                yield event

    def describe(self) -> JsonObject:
        return {}

    def close(self) -> None:
        """Nothing is stored."""


class _StoredSession:
    """A chat in the library; its first question creates the conversation."""

    def __init__(self, backend: Backend, options: AskOptions, conversation: str | None) -> None:
        self._backend = backend
        self._options = options
        self._id = conversation
        if conversation is not None:
            backend.count_items(conversation)  # raises if there is none

    def ask(self, question: str) -> BackendEvents:
        is_new = self._id is None
        id_ = self._backend.create_conversation() if self._id is None else self._id
        request = build_chat_request(
            self._options, (_user_message(question),), default_model=self._backend.named_model, conversation=id_
        )
        try:
            with closing(self._backend.answer(request)) as events:
                for event in events:
                    self._id = id_
                    yield event
        finally:
            if is_new:
                self._discard_if_empty(id_)

    def describe(self) -> JsonObject:
        return {"conversation": self._id}

    def close(self) -> None:
        if self._id is not None:
            messages().print(f"stored as {self._id}; `pincite chat --conversation {self._id}` continues it")

    def _discard_if_empty(self, conversation: str) -> None:
        """Delete a conversation whose first question was refused."""
        with suppress(BackendError):  # what ended the answer is the better message
            if not self._backend.count_items(conversation):
                self._backend.delete_conversation(conversation)
                self._id = None


def _user_message(question: str) -> JsonObject:
    return {"role": "user", "content": question}
