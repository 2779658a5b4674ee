"""The synchronous client."""

import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
from httpx_sse import EventSource

from api.backends.errors import ServerLostError
from api.backends.stream_decoder import StreamDecoder
from api.backends.types import BackendEvent, CompleteAnswer
from api.wire.lists import ListObject, Member
from api.wire.pages import PageText
from api.wire.search import SearchResult
from api.wire.vector_stores import StoreFileObject, VectorStoreObject
from pincite import calls
from pincite.calls import DEFAULT_COLLECTION, DEFAULT_URL, Call, Filter, Shape, Turn

POLL_SECONDS = 0.2


class Client:
    """Talks to a running server. Safe to use from many threads; `with` closes its connections.

    Every method raises `ServerRefusedError`, with the server's own words and `code`, and `ServerLostError` if the
    server cannot be reached. Without `timeout_seconds`, an answer is waited for as long as the server works on it.
    """

    def __init__(
        self, url: str = DEFAULT_URL, *, api_key: str | None = None, timeout_seconds: float | None = None
    ) -> None:
        self.url = url.rstrip("/").removesuffix("/v1")
        self._http = httpx.Client(**calls.make_options(self.url, api_key, timeout_seconds))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    # Questions

    def ask(self, question: str, collection: str = DEFAULT_COLLECTION, **options: Any) -> CompleteAnswer:
        """Return the answer to a question about the documents of a collection; `options` as `stream` has them."""
        for event in self.stream(question, collection, **options):
            if isinstance(event, CompleteAnswer):
                return event
        raise ServerLostError(url=self.url)

    def stream(
        self,
        question: str,
        collection: str = DEFAULT_COLLECTION,
        *,
        history: Sequence[Turn] = (),
        filters: Filter | None = None,
        conversation: str | None = None,
        model: str | None = None,
    ) -> Generator[BackendEvent, None, None]:
        """Yield the events of an answer: its `AnswerBasis`, `TextDelta` and `ProgressDetails`, at last the `Answer`.

        `history` has the turns before, unless a stored `conversation` has them; `model` writes the answer. Closing the
        generator stops the model.
        """
        body = calls.ask(question, collection, history=history, filters=filters, conversation=conversation, model=model)
        decoder = StreamDecoder(self.url)
        with self._errors(), self._http.stream("POST", calls.CHAT_PATH, json=body) as response:
            if not response.is_success:
                response.read()
                raise calls.refusal(response)
            for event in EventSource(response).iter_sse():
                if event.data == calls.DONE:
                    return
                yield from decoder.decode(event.data)

    def search(
        self,
        query: str | Sequence[str],
        collection: str = DEFAULT_COLLECTION,
        *,
        top_k: int = 10,
        filters: Filter | None = None,
    ) -> list[SearchResult]:
        """Return the passages that fit best, the best first."""
        return self._send(calls.search(query, collection, top_k=top_k, filters=filters)).data

    # Documents

    def add(
        self,
        path: str | Path,
        collection: str = DEFAULT_COLLECTION,
        *,
        attributes: Mapping[str, Any] | None = None,
        on_progress: Callable[[StoreFileObject], None] | None = None,
    ) -> StoreFileObject:
        """Upload a file, and wait until it can be searched; a document of its name makes place for it.

        The collection is made if there is none. A file that cannot be read has the status `failed`, and says why in
        `last_error`. `on_progress` is called with the document while it is read.
        """
        self.ensure_collection(collection)
        path = Path(path)
        with path.open("rb") as content:
            file = self._send(calls.upload(path.name, content))
        document = self._send(calls.add_document(collection, file.id, attributes))
        while document.status == "in_progress":
            if on_progress is not None:
                on_progress(document)
            time.sleep(POLL_SECONDS)
            document = self._send(calls.find_document(collection, file.id))
        if on_progress is not None:
            on_progress(document)
        return document

    def documents(self, collection: str = DEFAULT_COLLECTION) -> Iterator[StoreFileObject]:
        """Return an iterator over the documents of a collection, the oldest first."""
        return self._list(lambda after: calls.list_documents(collection, after))

    def remove(self, file_id: str, collection: str = DEFAULT_COLLECTION) -> None:
        """Take a document out of a collection."""
        self._send(calls.remove_document(collection, file_id))

    def page(self, file_id: str, number: int, collection: str = DEFAULT_COLLECTION) -> PageText:
        """Return a page of a document."""
        return self._send(calls.read_page(collection, file_id, number))

    def text(self, file_id: str, collection: str = DEFAULT_COLLECTION) -> str:
        """Return the text of a document, in which the offsets of citations count."""
        return "".join(part.text for part in self._send(calls.read_text(collection, file_id)).data)

    # Collections and conversations

    def collections(self) -> Iterator[VectorStoreObject]:
        """Return an iterator over the collections, the oldest first."""
        return self._list(calls.list_collections)

    def ensure_collection(self, name: str) -> VectorStoreObject:
        """Return a collection, which is made if there is none of this name."""
        found = next((each for each in self.collections() if name in (each.name, each.id)), None)
        return found or self._send(calls.create_collection(name))

    def delete_collection(self, name: str) -> None:
        """Delete a collection with its documents."""
        self._send(calls.delete_collection(name))

    def start_conversation(self) -> str:
        """Return the id of a new conversation, in which `ask` and `stream` store questions and answers."""
        return self._send(calls.create_conversation()).id

    def delete_conversation(self, conversation: str) -> None:
        """Delete a conversation."""
        self._send(calls.delete_conversation(conversation))

    def _list(self, list_page: Callable[[str | None], Call[ListObject[Member]]]) -> Iterator[Member]:
        after, has_more = None, True
        while has_more:
            page = self._send(list_page(after))
            yield from page.data
            after, has_more = page.last_id, page.has_more

    def _send(self, call: Call[Shape]) -> Shape:
        with self._errors():
            return call.read(self._http.request(call.method, call.path, **call.options))

    @contextmanager
    def _errors(self) -> Generator[None]:
        try:
            yield
        except httpx.TransportError as error:
            raise ServerLostError(url=self.url) from error
