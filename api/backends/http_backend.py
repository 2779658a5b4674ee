"""The backend that asks a running server over HTTP. It loads no model and opens no library."""

import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar
from urllib.parse import quote

import httpx
import msgspec
from httpx_sse import SSEError, connect_sse
from pydantic import ValidationError

from api.backends.errors import ServerConfusedError, ServerLostError, ServerRefusedError
from api.backends.http_client import check_status, open_client
from api.backends.stream_decoder import StreamDecoder
from api.backends.types import BackendEvents, TextDelta
from api.wire.answers import AnswerBasis
from api.wire.base import ResponseModel
from api.wire.chat import ChatRequest
from api.wire.lists import PageRequest
from api.wire.pages import DocumentContent, PageText
from api.wire.search import SearchRequest, SearchResults
from api.wire.vector_stores import StoreFileList, StoreFileObject, StoreFilePageRequest, VectorStoreList
from ingest.errors import CollectionNotFoundError

TEMPORARY: Mapping[str, str] = {
    "model_loading": "the model is still loading",
    "engine_busy": "the model answers others first",
    "no_room_for_model": "the model has no room while others are busy",
    "worker_busy": "every worker process is busy",
}
"""Refusals that end by themselves, by their codes, and what a person is told of the wait."""
RETRY_SECONDS = 2.0
"""Wait before the next try if the server names none; an error inside a stream cannot."""
LEAST_RETRY_SECONDS = 0.1
LONGEST_RETRY_SECONDS = 5.0
DONE = "[DONE]"

R = TypeVar("R", bound=ResponseModel)
STORES = "/v1/vector_stores"
CONVERSATIONS = "/v1/conversations"


class _Conversation(msgspec.Struct):
    """What a command reads of a stored conversation."""

    id: str
    items: int


class HttpBackend:
    """A `Backend` that is a server. Requests that it refuses for the moment are sent again until it takes them."""

    def __init__(
        self, url: str, *, api_key: str | None, named_model: str | None, notify: Callable[[str], None]
    ) -> None:
        self.url = url
        self.named_model = named_model
        self._http = open_client(url, api_key=api_key)
        self._notify = notify
        self._notified_code = ""

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def check_collection(self, name_or_id: str) -> None:
        """Raise `ServerRefusedError` or `CollectionNotFoundError` if there is no such collection."""
        self._request("GET", _store(name_or_id))

    def search(self, name_or_id: str, request: SearchRequest) -> SearchResults:
        """Return the chunks of a collection that fit best."""
        body = request.model_dump(mode="json", exclude_unset=True)
        response = self._request("POST", f"{_store(name_or_id)}/search", json=body)
        with self._errors():
            return SearchResults.model_validate_json(response.content)

    def list_collections(self, page: PageRequest) -> VectorStoreList:
        """Return a page of the collections."""
        return self._get(STORES, VectorStoreList, page)

    def list_documents(self, name_or_id: str, page: StoreFilePageRequest) -> StoreFileList:
        """Return a page of the documents of a collection."""
        return self._get(f"{_store(name_or_id)}/files", StoreFileList, page)

    def find_document(self, name_or_id: str, file_id: str) -> StoreFileObject:
        """Return a document of a collection."""
        return self._get(_document(name_or_id, file_id), StoreFileObject)

    def read_page(self, name_or_id: str, file_id: str, number: int) -> PageText:
        """Return the text of a page of a document."""
        return self._get(f"{_document(name_or_id, file_id)}/pages/{number}", PageText)

    def read_text(self, name_or_id: str, file_id: str) -> str:
        """Return the whole text of a document."""
        content = self._get(f"{_document(name_or_id, file_id)}/content", DocumentContent)
        return "".join(part.text for part in content.data)

    def answer(self, request: ChatRequest) -> BackendEvents:
        """Yield the events of an answer. A refusal for the moment repeats the request until text has come."""
        has_basis = has_text = False
        while True:
            try:
                for event in self._stream(request):
                    if isinstance(event, AnswerBasis):
                        if has_basis:
                            continue
                        has_basis = True
                    has_text = has_text or isinstance(event, TextDelta)
                    yield event
            except ServerRefusedError as error:
                if has_text:
                    raise
                self._wait_after(error)
            else:
                return

    def create_conversation(self) -> str:
        """Return the id of a new, empty conversation."""
        return self._decode(self._request("POST", CONVERSATIONS, json={})).id

    def count_items(self, conversation: str) -> int:
        """Return how many items a stored conversation has."""
        return self._decode(self._request("GET", _conversation(conversation))).items

    def delete_conversation(self, conversation: str) -> None:
        """Delete a conversation."""
        self._request("DELETE", _conversation(conversation))

    def _stream(self, request: ChatRequest) -> BackendEvents:
        body = {**request.model_dump(mode="json", exclude_unset=True), "stream": True}
        decoder = StreamDecoder(self.url)
        with self._errors(), connect_sse(self._http, "POST", "/v1/chat/completions", json=body) as source:
            check_status(source.response, self.url)
            for event in source.iter_sse():
                if event.data == DONE:
                    return
                yield from decoder.decode(event.data)
            raise httpx.RemoteProtocolError(f"the stream ended without {DONE}")

    def _decode(self, response: httpx.Response) -> _Conversation:
        with self._errors():
            return msgspec.json.decode(response.content, type=_Conversation)

    def _get(self, path: str, shape: type[R], page: PageRequest | None = None) -> R:
        query = {} if page is None else page.model_dump(mode="json", exclude_defaults=True)
        response = self._request("GET", path, params=query)
        with self._errors():
            return shape.model_validate_json(response.content)

    def _request(self, method: str, path: str, **options: Any) -> httpx.Response:
        while True:
            try:
                with self._errors():
                    response = self._http.request(method, path, **options)
                    check_status(response, self.url)
                    return response
            except ServerRefusedError as error:
                self._wait_after(error)

    def _wait_after(self, error: ServerRefusedError) -> None:
        """Wait before the next try, and say once why; raise the error if another try would end as this one."""
        if error.code not in TEMPORARY:
            raise error
        if error.code != self._notified_code:
            self._notify(f"{TEMPORARY[error.code]}; waiting for it (Ctrl-C gives up)")
            self._notified_code = error.code
        seconds = RETRY_SECONDS if error.retry_after_seconds is None else error.retry_after_seconds
        time.sleep(min(max(seconds, LEAST_RETRY_SECONDS), LONGEST_RETRY_SECONDS))

    @contextmanager
    def _errors(self) -> Generator[None]:
        """Translate the errors of the libraries that speak and read HTTP."""
        try:
            yield
        except (SSEError, ValidationError, msgspec.MsgspecError) as error:  # SSEError is a transport error too
            raise ServerConfusedError(url=self.url) from error
        except httpx.TransportError as error:
            raise ServerLostError(url=self.url) from error


def _conversation(conversation: str) -> str:
    return f"{CONVERSATIONS}/{quote(conversation, safe='')}"


def _store(name_or_id: str) -> str:
    """Return the path of a collection. No name has a slash, which would make another path."""
    if "/" in name_or_id:
        raise CollectionNotFoundError(collection=name_or_id)
    return f"{STORES}/{quote(name_or_id, safe='')}"


def _document(name_or_id: str, file_id: str) -> str:
    return f"{_store(name_or_id)}/files/{quote(file_id, safe='')}"
