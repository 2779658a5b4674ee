"""The HTTP client of the page: one method for each thing that a user can do."""

import copy
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, BinaryIO, Literal, TypeVar
from urllib.parse import quote

import httpx
import msgspec

from ui.api_types import (
    ChatRequest,
    Collection,
    DocumentEntry,
    ExportFormat,
    Item,
    ListPage,
    Model,
    PageText,
    Principal,
    StoredChat,
    StoredFile,
)
from ui.chat_stream import CONNECT_SECONDS, ChatStream
from ui.error_responses import check_status
from ui.errors import ApiRefusedError, ApiUnreachableError, ConnectionLostError, UnexpectedAnswerError

T = TypeVar("T")

ANSWER_SECONDS = 60.0
MAX_PAGE_SIZE = 1_000


class ApiClient:
    """Blocking calls to the API; safe to share between threads.

    Every method raises `ApiUnreachableError`, `ConnectionLostError`, `UnexpectedAnswerError`, or `ApiRefusedError`
    with the API's own message.
    """

    def __init__(self, url: str, *, api_key: str | None = None) -> None:
        self._url = url
        self._headers = _authorize(api_key)
        self._http = httpx.Client(
            base_url=url,
            timeout=httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS),
            trust_env=False,  # a proxy from the environment must never see a document
        )

    def with_key(self, api_key: str) -> "ApiClient":
        """Return a client that sends a key over the connections of this one; only this one is closed."""
        client = copy.copy(self)
        client._headers = _authorize(api_key)
        return client

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def fetch_principal(self) -> Principal:
        """Return whose key this client sends."""
        return self._decode(self._request("GET", "/v1/principal"), Principal)

    def list_models(self) -> list[str]:
        """Return the ids of the models that can answer."""
        models = self._decode(self._request("GET", "/v1/models"), ListPage[Model]).data
        return sorted(model.id for model in models if model.type == "llm")

    def list_collections(self) -> list[Collection]:
        """Return the collections by name."""
        collections = self._list_all("/v1/vector_stores", Collection)
        return sorted(collections, key=lambda collection: collection.name.casefold())

    def create_collection(self, name: str) -> Collection:
        """Return the new collection."""
        return self._decode(self._request("POST", "/v1/vector_stores", json={"name": name}), Collection)

    def fetch_collection(self, collection_id: str) -> Collection:
        """Return a collection with its counts as they are now."""
        return self._decode(self._request("GET", _store(collection_id)), Collection)

    def list_documents(self, collection_id: str, limit: int) -> ListPage[DocumentEntry]:
        """Return at most `limit` (up to `MAX_PAGE_SIZE`) documents of a collection, the newest first."""
        return self._fetch_page(f"{_store(collection_id)}/files", DocumentEntry, {"limit": limit})

    def upload_document(
        self, collection_id: str, filename: str, content: BinaryIO, *, replace: bool = False
    ) -> DocumentEntry:
        """Store a file and add it to a collection; the server indexes it in the background.

        With `replace` it takes the place of the newest document of the same name.
        """
        upload = {"file": (filename, content, "application/octet-stream")}
        response = self._request("POST", "/v1/files", files=upload, data={"purpose": "assistants"})
        stored = self._decode(response, StoredFile)
        addition = {"file_id": stored.id, "replace": replace}
        entry = self._request("POST", f"{_store(collection_id)}/files", json=addition)
        return self._decode(entry, DocumentEntry)

    def control_indexing(self, collection_id: str, file_id: str, action: Literal["pause", "resume", "cancel"]) -> None:
        """Pause, resume or cancel the indexing of a document."""
        self._request("POST", f"{_store_file(collection_id, file_id)}/{action}")

    def retry_document(self, collection_id: str, file_id: str, password: str | None = None) -> None:
        """Index a document again, with its password if it is encrypted."""
        self._request("POST", f"{_store_file(collection_id, file_id)}/retry", json={"password": password})

    def delete_document(self, collection_id: str, file_id: str) -> None:
        """Remove a document from a collection, and its original file unless another collection contains it."""
        self._request("DELETE", _store_file(collection_id, file_id))
        if not any(self._has_document(collection.id, file_id) for collection in self.list_collections()):
            self._delete_file(file_id)

    def fetch_page_image(self, collection_id: str, file_id: str, page: int, *, start: int, end: int) -> bytes:
        """Return a page as PNG with the words of `[start, end)` highlighted."""
        path = f"{_store_file(collection_id, file_id)}/pages/{page}/image"
        return self._request("GET", path, params={"start": start, "end": end}).content

    def fetch_page_text(self, collection_id: str, file_id: str, page: int) -> PageText:
        """Return the text of a page."""
        return self._decode(self._request("GET", f"{_store_file(collection_id, file_id)}/pages/{page}"), PageText)

    def stream_answer(self, request: ChatRequest) -> ChatStream:
        """Return the stream of an answer; the request is sent when its events are first read."""
        return ChatStream(self._url, self._headers, request)

    def list_chats(self, limit: int, query: str = "") -> ListPage[StoredChat]:
        """Return at most `limit` stored conversations that are not empty, the most recently used first.

        With a `query`, only those that contain all of its words.
        """
        chats: list[StoredChat] = []
        params = {"query": query} if query else {}
        for page in self._pages("/v1/conversations", StoredChat, limit=limit + 1, **params):
            chats += [chat for chat in page.data if chat.items]
            if len(chats) > limit:
                break
        return ListPage(tuple(chats[:limit]), has_more=len(chats) > limit)

    def fetch_chat(self, chat_id: str) -> StoredChat:
        """Return a conversation without its items."""
        return self._decode(self._request("GET", _conversation(chat_id)), StoredChat)

    def create_chat(self) -> StoredChat:
        """Return a new conversation; its first question becomes its title."""
        return self._decode(self._request("POST", "/v1/conversations", json={}), StoredChat)

    def rename_chat(self, chat_id: str, title: str) -> None:
        """Change the title of a conversation."""
        self._request("POST", _conversation(chat_id), json={"title": title})

    def show_version(self, chat_id: str, item_id: str) -> None:
        """Make the newest branch through an item the current one."""
        self._request("POST", _conversation(chat_id), json={"current": item_id})

    def delete_chat(self, chat_id: str) -> None:
        """Delete a conversation with all of its items."""
        self._request("DELETE", _conversation(chat_id))

    def list_items(self, chat_id: str) -> list[Item]:
        """Return the items of the current branch, the oldest first."""
        return self._list_all(f"{_conversation(chat_id)}/items", Item, order="asc")

    def export_chat(self, chat_id: str, kind: ExportFormat) -> bytes:
        """Return the content of a file with a conversation and its citations."""
        return self._request("GET", f"{_conversation(chat_id)}/export", params={"format": kind}).content

    def _delete_file(self, file_id: str) -> None:
        """Delete a file, unless it is somebody else's, who has added it to a shared collection."""
        try:
            self._request("DELETE", f"/v1/files/{quote(file_id, safe='')}")
        except ApiRefusedError as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise

    def _has_document(self, collection_id: str, file_id: str) -> bool:
        try:
            self._request("GET", _store_file(collection_id, file_id))
        except ApiRefusedError as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
            return False
        return True

    def _list_all(self, path: str, kind: type[T], **params: str) -> list[T]:
        return [member for page in self._pages(path, kind, **params) for member in page.data]

    def _pages(self, path: str, kind: type[T], **params: str | int) -> Iterator[ListPage[T]]:
        """Yield the pages of a list, `MAX_PAGE_SIZE` members each unless `params` has a `limit` (keyset pagination)."""
        query: dict[str, str | int] = {"limit": MAX_PAGE_SIZE, **params}
        while True:
            page = self._fetch_page(path, kind, query)
            yield page
            if not page.has_more or page.last_id is None:
                return
            query["after"] = page.last_id

    def _fetch_page(self, path: str, kind: type[T], params: Mapping[str, str | int]) -> ListPage[T]:
        response = self._request("GET", path, params=params)
        return self._decode(response, ListPage[kind])  # type: ignore[valid-type]  # kind is a value here

    def _request(self, method: str, path: str, **options: Any) -> httpx.Response:
        try:
            response = self._http.request(method, path, headers=self._headers, **options)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise ApiUnreachableError(url=self._url) from error
        except httpx.TransportError as error:
            raise ConnectionLostError from error
        check_status(response)
        return response

    def _decode(self, response: httpx.Response, kind: type[T]) -> T:
        try:
            return msgspec.json.decode(response.content, type=kind)
        except msgspec.MsgspecError as error:
            raise UnexpectedAnswerError(url=self._url) from error


def _authorize(api_key: str | None) -> dict[str, str]:
    return {"Authorization": f"Bearer {api_key}"} if api_key else {}


def _store(collection_id: str) -> str:
    return f"/v1/vector_stores/{quote(collection_id, safe='')}"


def _store_file(collection_id: str, file_id: str) -> str:
    return f"{_store(collection_id)}/files/{quote(file_id, safe='')}"


def _conversation(chat_id: str) -> str:
    return f"/v1/conversations/{quote(chat_id, safe='')}"
