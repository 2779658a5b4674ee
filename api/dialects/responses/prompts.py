"""The chat that a request of the Responses API stands for: its items, those of the responses before, and files."""

import base64
import json
from dataclasses import dataclass
from typing import Any

from api.chat import Chat
from api.dialects.responses.items import (
    FilePart,
    FunctionOutputItem,
    InputItem,
    ItemReference,
    ItemText,
    MessageItem,
    item_messages,
    read_items,
)
from api.dialects.responses.requests import PromptRequest, ResponsesOptions, ResponsesRequest
from api.errors import InvalidRequestError, blame
from api.model_names import resolve_model
from api.services import Services
from api.wire.base import DOCS_PREFIX, JsonObject
from ingest.errors import ItemNotFoundError
from ingest.types import READ, StoredResponse
from rag.engines.types import Message

MAX_CHAIN = 256
"""Responses that a chat goes back."""
MAX_FILE_CHARS = 400_000


@dataclass(frozen=True, slots=True)
class Prompt:
    """The messages of a request, and its own items as they are stored."""

    messages: tuple[Message, ...]
    items: list[JsonObject]


def read_prompt(services: Services, request: PromptRequest) -> Prompt:
    """Return the messages of a request behind those of the responses that it follows.

    Raises `InvalidRequestError`, `ResponseNotFoundError` and `FileNotInLibraryError`.
    """
    with blame("previous_response_id"):
        chain = (
            services.library.response_chain(request.previous_response_id, MAX_CHAIN)
            if request.previous_response_id
            else []
        )
    earlier = [item for response in chain for item in _items_of(response)]
    own = [_resolve(services, item, earlier) for item in request.input]
    messages = item_messages([*earlier, *own])
    if request.instructions:
        messages = (Message("system", request.instructions), *messages)
    return Prompt(messages, [item.model_dump(mode="json", exclude_none=True) for item in own])


def make_chat(services: Services, request: ResponsesRequest, messages: tuple[Message, ...], client: str) -> Chat:
    """Return the chat of a request; raises `InvalidRequestError`, `SchemaError` and `CollectionNotFoundError`."""
    model = resolve_model(services, request.model)
    options = request.pincite or ResponsesOptions()
    search = request.file_search
    stores: tuple[str, ...] = ()
    writer = options.model
    if search is not None:
        with blame("tools"):
            stores = tuple(services.searchable(store).id for store in search.vector_store_ids)
        if not model.startswith(DOCS_PREFIX):
            model, writer, stores = DOCS_PREFIX + stores[0], model, stores[1:]
    try:
        tools = request.tool_use()
    except ValueError as error:
        raise InvalidRequestError(detail=str(error), param="tools") from error
    return Chat(
        model=model,
        messages=messages,
        sampling=request.sampling(),
        client=client,
        writer=writer,
        mode=options.mode,
        style=options.style,
        collections=stores,
        filters=search.filters if search else None,
        conversation=request.conversation.id if request.conversation else None,
        tools=tools,
        sources="none",  # clients of this API read annotations
    )


def choose_writer(services: Services, model: str | None) -> str | None:
    """Return the model that writes for a name; None, the default one, for a collection."""
    resolved = resolve_model(services, model)
    return None if resolved.startswith(DOCS_PREFIX) else resolved


def _items_of(response: StoredResponse) -> list[InputItem]:
    body = json.loads(response.body)
    if body["status"] not in ("completed", "incomplete"):
        detail = f"the response {response.id} is {body['status']}; only one that is complete can be followed"
        raise InvalidRequestError(detail=detail, param="previous_response_id")
    return read_items([*json.loads(response.input), *body["output"]])


def _resolve(services: Services, item: InputItem, earlier: list[InputItem]) -> InputItem:
    """Return an item with the item that it refers to in its place, and texts in the place of files."""
    if isinstance(item, ItemReference):
        found = next((other for other in earlier if other.id == item.id), None)
        if found is None:
            raise ItemNotFoundError(item=item.id)
        return found
    if isinstance(item, MessageItem):
        return item.model_copy(update={"content": [_read_file(services, part) for part in item.content]})
    if isinstance(item, FunctionOutputItem):
        return item.model_copy(update={"output": [_read_file(services, part) for part in item.output]})
    return item


def _read_file(services: Services, part: Any) -> Any:
    """Return the text of a file part; other parts as they are."""
    if not isinstance(part, FilePart):
        return part
    with blame("input"):
        name, text = (
            _stored_text(services, part.file_id) if part.file_id else (part.filename or "file", _sent_text(part))
        )
    if len(text) > MAX_FILE_CHARS:
        detail = f"{name} has {len(text):,} characters; add files this long to a vector store and search that"
        raise InvalidRequestError(detail=detail, param="input")
    return ItemText(type="input_text", text=f"{name}:\n{text}\n\n")


def _stored_text(services: Services, file_id: str) -> tuple[str, str]:
    file = services.library.file(file_id)
    for document in services.library.documents(statuses=READ, file_ids=[file_id]):
        return file.filename, services.library.document_text(document.collection_id, file_id)
    try:
        return file.filename, services.library.original_path(file_id).read_bytes()[: 4 * MAX_FILE_CHARS + 4].decode()
    except UnicodeDecodeError as error:
        detail = f"{file.filename} is no plain text; add it to a vector store first, which reads it"
        raise InvalidRequestError(detail=detail, param="input") from error


def _sent_text(part: FilePart) -> str:
    """Return the text of a data URL; `FilePart` has checked its form."""
    data = (part.file_data or "").partition(",")[2].rstrip("=")
    return base64.b64decode(data[: len(data) - (len(data) % 4 == 1)] + "==").decode(errors="replace")
