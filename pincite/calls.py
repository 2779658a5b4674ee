"""The requests of both clients, as values: what to send, and the shape of what comes back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from urllib.parse import quote

import httpx
from pydantic import ValidationError

from api.backends.errors import BackendError, ServerConfusedError
from api.backends.http_client import decode_error
from api.wire.base import ResponseModel
from api.wire.files import FileObject
from api.wire.pages import DocumentContent, PageText
from api.wire.search import SearchResults
from api.wire.vector_stores import (
    StoreFileDeleted,
    StoreFileList,
    StoreFileObject,
    VectorStoreDeleted,
    VectorStoreList,
    VectorStoreObject,
)

DEFAULT_URL = "http://127.0.0.1:1234"
DEFAULT_COLLECTION = "default"
CHAT_PATH = "/v1/chat/completions"
DONE = "[DONE]"
STORES = "/v1/vector_stores"
CONVERSATIONS = "/v1/conversations"

Filter = Mapping[str, Any]
"""A condition on documents, as docs/guides/filters.md has it."""
Turn = Mapping[str, str]
"""A turn of a chat: its `role` and its `content`."""
Shape = TypeVar("Shape", bound=ResponseModel, covariant=True)


class Named(ResponseModel):
    """What is read of a response about a conversation."""

    id: str


@dataclass(frozen=True, slots=True)
class Call(Generic[Shape]):
    """A request whose response is JSON of the `shape`."""

    method: str
    path: str
    shape: type[Shape]
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def read(self, response: httpx.Response) -> Shape:
        """Return what a response has; raises `ServerRefusedError` or `ServerConfusedError`."""
        check(response)
        try:
            return self.shape.model_validate_json(response.content)
        except ValidationError as error:
            raise ServerConfusedError(url=str(response.url)) from error


def check(response: httpx.Response) -> None:
    """Raise the error of a response that is no success, whose body was read."""
    if not response.is_success:
        raise refusal(response)


def refusal(response: httpx.Response) -> BackendError:
    """Return the error of a response that is no success."""
    return decode_error(response.content, str(response.url), response.headers.get("retry-after"))


def make_options(url: str, api_key: str | None, timeout_seconds: float | None) -> dict[str, Any]:
    """Return the options of an HTTP client; without a timeout it waits for a model as long as that works."""
    return {
        "base_url": url,
        "headers": {"Authorization": f"Bearer {api_key}"} if api_key else {},
        "timeout": httpx.Timeout(timeout_seconds, connect=timeout_seconds or 5.0),
        "trust_env": False,  # a proxy from the environment must never see a document
    }


def list_collections(after: str | None) -> Call[VectorStoreList]:
    """List a page of the collections, the oldest first."""
    return Call("GET", STORES, VectorStoreList, {"params": _page(after)})


def create_collection(name: str) -> Call[VectorStoreObject]:
    """Make a collection."""
    return Call("POST", STORES, VectorStoreObject, {"json": {"name": name}})


def find_collection(name: str) -> Call[VectorStoreObject]:
    """Find a collection by its name or id."""
    return Call("GET", _store(name), VectorStoreObject)


def delete_collection(name: str) -> Call[VectorStoreDeleted]:
    """Delete a collection."""
    return Call("DELETE", _store(name), VectorStoreDeleted)


def list_documents(collection: str, after: str | None) -> Call[StoreFileList]:
    """List a page of the documents of a collection, the oldest first."""
    return Call("GET", f"{_store(collection)}/files", StoreFileList, {"params": _page(after)})


def find_document(collection: str, file_id: str) -> Call[StoreFileObject]:
    """Find a document, with its progress while it is read."""
    return Call("GET", _document(collection, file_id), StoreFileObject)


def add_document(collection: str, file_id: str, attributes: Mapping[str, Any] | None) -> Call[StoreFileObject]:
    """Add an uploaded file to a collection, in place of a document of its name."""
    body = {"file_id": file_id, "replace": True, "attributes": attributes}
    return Call("POST", f"{_store(collection)}/files", StoreFileObject, {"json": body})


def remove_document(collection: str, file_id: str) -> Call[StoreFileDeleted]:
    """Take a document out of a collection."""
    return Call("DELETE", _document(collection, file_id), StoreFileDeleted)


def upload(filename: str, content: Any) -> Call[FileObject]:
    """Upload a file; `content` is its bytes, or a file that is open."""
    options = {"files": {"file": (filename, content)}, "data": {"purpose": "user_data"}}
    return Call("POST", "/v1/files", FileObject, options)


def read_page(collection: str, file_id: str, number: int) -> Call[PageText]:
    """Read a page of a document."""
    return Call("GET", f"{_document(collection, file_id)}/pages/{number}", PageText)


def read_text(collection: str, file_id: str) -> Call[DocumentContent]:
    """Read the whole text of a document."""
    return Call("GET", f"{_document(collection, file_id)}/content", DocumentContent)


def search(query: str | Sequence[str], collection: str, *, top_k: int, filters: Filter | None) -> Call[SearchResults]:
    """Search a collection."""
    body = {"query": query, "max_num_results": top_k, "filters": filters}
    return Call("POST", f"{_store(collection)}/search", SearchResults, {"json": body})


def create_conversation() -> Call[Named]:
    """Begin a conversation that is stored."""
    return Call("POST", CONVERSATIONS, Named, {"json": {}})


def delete_conversation(conversation: str) -> Call[Named]:
    """Delete a conversation."""
    return Call("DELETE", f"{CONVERSATIONS}/{quote(conversation, safe='')}", Named)


def ask(
    question: str,
    collection: str,
    *,
    history: Sequence[Turn] = (),
    filters: Filter | None = None,
    conversation: str | None = None,
    model: str | None = None,
) -> dict[str, Any]:
    """Return the body of a question whose answer is streamed."""
    return {
        "model": f"docs/{collection}",
        "messages": [*history, {"role": "user", "content": question}],
        "stream": True,
        "pincite": {"filters": filters, "conversation": conversation, "model": model, "sources": "numbers"},
    }


def _page(after: str | None) -> dict[str, str]:
    return {"order": "asc", **({} if after is None else {"after": after})}


def _store(name: str) -> str:
    return f"{STORES}/{quote(name, safe='')}"


def _document(collection: str, file_id: str) -> str:
    return f"{_store(collection)}/files/{quote(file_id, safe='')}"
