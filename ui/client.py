"""The API as the page sees it: one method for each thing that a user can do."""

from http import HTTPStatus
from typing import Any, BinaryIO, Literal, TypeVar
from urllib.parse import quote

import httpx
import msgspec

from ui.api_types import (
    DOCS_PREFIX,
    ChatRequest,
    Collection,
    DocumentEntry,
    ExportFormat,
    Item,
    ModelList,
    PageText,
    StoredChat,
    StoredFile,
)
from ui.chat_stream import CONNECT_SECONDS, ChatStream
from ui.error_responses import check_status
from ui.errors import ApiRefusedError, ApiUnreachableError, ConnectionLostError, UnexpectedAnswerError

T = TypeVar("T")

ANSWER_SECONDS = 60.0
LIST_PAGE = 1_000


class ApiClient:
    """Blocking calls to the API; safe to share between threads.

    Every method raises `ApiUnreachableError`, or `ApiRefusedError` with the API's own words.
    """

    def __init__(self, url: str, *, api_key: str | None = None) -> None:
        self._url = url
        self._headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._http = httpx.Client(
            base_url=url,
            headers=self._headers,
            timeout=httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS),
            trust_env=False,  # a proxy from the environment must never see a document
        )

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def list_models(self) -> list[str]:
        """Return the ids of the models that can answer."""
        models = self._read(self._call("GET", "/v1/models"), ModelList).data
        return sorted(model.id for model in models if not model.id.startswith(DOCS_PREFIX))

    def list_collections(self) -> list[Collection]:
        """Return the collections by name."""
        return sorted(self._list("/v1/vector_stores", Collection), key=lambda collection: collection.name.casefold())

    def create_collection(self, name: str) -> Collection:
        """Return the new collection."""
        return self._read(self._call("POST", "/v1/vector_stores", json={"name": name}), Collection)

    def list_documents(self, collection_id: str) -> list[DocumentEntry]:
        """Return the documents of a collection, the newest first."""
        return self._list(f"{_store(collection_id)}/files", DocumentEntry)

    def upload_document(self, collection_id: str, filename: str, content: BinaryIO) -> DocumentEntry:
        """Store a file and put it into a collection; it is read in the background."""
        upload = {"file": (filename, content, "application/octet-stream")}
        stored = self._read(self._call("POST", "/v1/files", files=upload, data={"purpose": "assistants"}), StoredFile)
        entry = self._call("POST", f"{_store(collection_id)}/files", json={"file_id": stored.id})
        return self._read(entry, DocumentEntry)

    def control_reading(self, collection_id: str, file_id: str, action: Literal["pause", "resume", "cancel"]) -> None:
        """Pause, resume or cancel the reading of a document."""
        self._call("POST", f"{_store_file(collection_id, file_id)}/{action}")

    def retry_document(self, collection_id: str, file_id: str, password: str | None = None) -> None:
        """Have a document read again, with its password where it needs one."""
        self._call("POST", f"{_store_file(collection_id, file_id)}/retry", json={"password": password})

    def delete_document(self, collection_id: str, file_id: str) -> None:
        """Remove a document from a collection, and its original unless another collection has it too."""
        self._call("DELETE", _store_file(collection_id, file_id))
        if not any(self._has_document(collection.id, file_id) for collection in self.list_collections()):
            self._call("DELETE", f"/v1/files/{quote(file_id, safe='')}")

    def fetch_page_image(self, collection_id: str, file_id: str, page: int, *, start: int, end: int) -> bytes:
        """Return a page as PNG with the words of `[start, end)` highlighted."""
        path = f"{_store_file(collection_id, file_id)}/pages/{page}/image"
        return self._call("GET", path, params={"start": start, "end": end}).content

    def fetch_page_text(self, collection_id: str, file_id: str, page: int) -> PageText:
        """Return the text of a page."""
        return self._read(self._call("GET", f"{_store_file(collection_id, file_id)}/pages/{page}"), PageText)

    def stream_answer(self, request: ChatRequest) -> ChatStream:
        """Return the answer's stream; nothing is sent before its events are read."""
        return ChatStream(self._url, self._headers, request)

    def list_chats(self, query: str = "") -> list[StoredChat]:
        """Return the stored conversations in which something was said, or of those the ones that have all words of
        `query`; the one that was used last comes first.
        """
        found = self._list("/v1/conversations", StoredChat, query=query)
        return [chat for chat in found if chat.items]

    def fetch_chat(self, chat_id: str) -> StoredChat:
        """Return a conversation without what was said in it."""
        return self._read(self._call("GET", _conversation(chat_id)), StoredChat)

    def create_chat(self) -> StoredChat:
        """Return a new conversation; its first question becomes its title."""
        return self._read(self._call("POST", "/v1/conversations", json={}), StoredChat)

    def rename_chat(self, chat_id: str, title: str) -> None:
        """Give a conversation another title."""
        self._call("POST", _conversation(chat_id), json={"title": title})

    def show_version(self, chat_id: str, item_id: str) -> None:
        """Make the newest branch through an item the one that is shown."""
        self._call("POST", _conversation(chat_id), json={"current": item_id})

    def delete_chat(self, chat_id: str) -> None:
        """Delete a conversation with all that was said in it."""
        self._call("DELETE", _conversation(chat_id))

    def list_items(self, chat_id: str) -> list[Item]:
        """Return what was said on the branch that is shown, the oldest first."""
        return self._list(f"{_conversation(chat_id)}/items", Item, order="asc")

    def export_chat(self, chat_id: str, kind: ExportFormat) -> bytes:
        """Return a conversation with its citations as a file."""
        return self._call("GET", f"{_conversation(chat_id)}/export", params={"format": kind}).content

    def _has_document(self, collection_id: str, file_id: str) -> bool:
        try:
            self._call("GET", _store_file(collection_id, file_id))
        except ApiRefusedError as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
            return False
        return True

    def _list(self, path: str, kind: type[T], **wanted: str) -> list[T]:
        """Return all members of a list, page after page, the newest first unless `wanted` says otherwise."""
        members: list[T] = []
        params: dict[str, str | int] = {"limit": LIST_PAGE, **{name: value for name, value in wanted.items() if value}}
        while True:
            body = self._read(self._call("GET", path, params=params), dict[str, Any])
            members += self._convert(body.get("data"), list[kind])  # type: ignore[valid-type]  # kind is a value here
            if not body.get("has_more"):
                return members
            params["after"] = str(body["last_id"])

    def _call(self, method: str, path: str, **options: Any) -> httpx.Response:
        try:
            response = self._http.request(method, path, **options)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise ApiUnreachableError(url=self._url) from error
        except httpx.TransportError as error:
            raise ConnectionLostError from error
        check_status(response)
        return response

    def _read(self, response: httpx.Response, kind: type[T]) -> T:
        try:
            return msgspec.json.decode(response.content, type=kind)
        except msgspec.MsgspecError as error:
            raise UnexpectedAnswerError(url=self._url) from error

    def _convert(self, value: object, kind: type[T]) -> T:
        try:
            return msgspec.convert(value, kind)
        except msgspec.MsgspecError as error:
            raise UnexpectedAnswerError(url=self._url) from error


def _store(collection_id: str) -> str:
    return f"/v1/vector_stores/{quote(collection_id, safe='')}"


def _store_file(collection_id: str, file_id: str) -> str:
    return f"{_store(collection_id)}/files/{quote(file_id, safe='')}"


def _conversation(chat_id: str) -> str:
    return f"/v1/conversations/{quote(chat_id, safe='')}"
