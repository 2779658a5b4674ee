"""What the question commands need of a backend, in the shapes of the HTTP API.

A backend is what works on a command's questions: the server that runs for the home, or this process. Both give the same
objects, so there is one way to show them.
"""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Protocol

from api.wire.answers import AnswerBasis, AnswerCheck, ProgressDetails
from api.wire.chat import ChatRequest
from api.wire.citations import CitationObject
from api.wire.search import SearchRequest, SearchResults


@dataclass(frozen=True, slots=True)
class TextDelta:
    """A piece of the answer's text."""

    text: str


@dataclass(frozen=True, slots=True)
class CompleteAnswer:
    """The last event of an answer: its text, its citations and what is known of it."""

    text: str
    citations: tuple[CitationObject, ...]
    check: AnswerCheck


BackendEvent = AnswerBasis | ProgressDetails | TextDelta | CompleteAnswer
BackendEvents = Generator[BackendEvent, None, None]


class Backend(Protocol):
    """Works on questions and searches. `named_model` answers them unless they name another; None: its default one.

    Every method raises `BackendError`, or what the library and the answerer raise.
    """

    named_model: str | None

    def check_collection(self, name_or_id: str) -> None:
        """Raise if there is no such collection, or none that can be searched."""
        ...

    def search(self, name_or_id: str, request: SearchRequest) -> SearchResults:
        """Return the chunks of a collection that fit best."""
        ...

    def answer(self, request: ChatRequest) -> BackendEvents:
        """Yield an `AnswerBasis`, then deltas and progress, then the `CompleteAnswer`. Closing it stops the model."""
        ...

    def create_conversation(self) -> str:
        """Return the id of a new, empty conversation."""
        ...

    def count_items(self, conversation: str) -> int:
        """Return how many items a stored conversation has; raises if there is none."""
        ...

    def delete_conversation(self, conversation: str) -> None:
        """Delete a conversation."""
        ...
