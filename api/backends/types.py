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
from api.wire.lists import PageRequest
from api.wire.pages import PageText
from api.wire.search import SearchRequest, SearchResults
from api.wire.vector_stores import StoreFileList, StoreFileObject, StoreFilePageRequest, VectorStoreList


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

    def list_collections(self, page: PageRequest) -> VectorStoreList:
        """Return a page of the collections."""
        ...

    def list_documents(self, name_or_id: str, page: StoreFilePageRequest) -> StoreFileList:
        """Return a page of the documents of a collection."""
        ...

    def find_document(self, name_or_id: str, file_id: str) -> StoreFileObject:
        """Return a document of a collection; raises if there is none."""
        ...

    def read_page(self, name_or_id: str, file_id: str, number: int) -> PageText:
        """Return the text of a page of a document; raises if there is none."""
        ...

    def read_text(self, name_or_id: str, file_id: str) -> str:
        """Return the whole text of a document; raises if there is none."""
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
