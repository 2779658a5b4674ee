"""A request for a message as the chat that it means, and the documents that it brings along."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from api.chat import Chat
from api.dialects.anthropic.blocks import (
    ContentBlock,
    DocumentBlock,
    ImageBlock,
    SearchResultBlock,
    TextBlock,
    ToolResultBlock,
    ToolUseBlock,
)
from api.dialects.anthropic.documents import COLLECTION, BroughtDocument, read_document, read_search_result
from api.dialects.anthropic.wire import CountRequest, MessageParam, MessagesRequest
from api.errors import InvalidRequestError
from api.wire.base import DOCS_PREFIX
from rag.engines.types import Message, ToolCall

NO_TEXTS: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class BroughtChat:
    """A request and its documents. If one of them is to be cited, the answer is made from them and nothing else.

    Otherwise the model reads their texts as a part of the messages.
    """

    request: CountRequest
    documents: tuple[BroughtDocument, ...]

    @property
    def is_grounded(self) -> bool:
        """Whether the documents of the request are answered from, with citations."""
        return any(document.is_cited for document in self.documents)

    def messages(self, texts: Mapping[str, str] = NO_TEXTS) -> tuple[Message, ...]:
        """Return the messages as engines read them; `texts` are those of the documents, by their fields."""
        system = [block.text for block in self.request.system or ()]
        system += [f"About {document.name}: {document.context}" for document in self.documents if document.context]
        spoken = [
            message
            for index, turn in enumerate(self.request.messages)
            for message in _read_turn(turn, f"messages.{index}.content", texts)
        ]
        return (*([Message("system", "\n\n".join(system))] if system else []), *spoken)

    def chat(self, request: MessagesRequest, client: str, texts: Mapping[str, str] = NO_TEXTS) -> Chat:
        """Return the chat; raises `InvalidRequestError` and `SchemaError`."""
        try:
            tools = request.tool_use()
        except ValueError as error:
            raise InvalidRequestError(detail=str(error), param="tools") from error
        is_grounded = self.is_grounded
        return Chat(
            model=f"{DOCS_PREFIX}{COLLECTION}" if is_grounded else request.model,
            messages=self.messages(texts),
            sampling=request.sampling(),
            client=client,
            writer=request.model if is_grounded else None,
            tools=tools,
            sources="none",  # its clients read citations
        )


def read_request(request: CountRequest) -> BroughtChat:
    """Return a request with its documents; raises `InvalidRequestError`."""
    documents: list[BroughtDocument] = []
    counts = {DocumentBlock: 0, SearchResultBlock: 0}
    for block, param in _list_document_blocks(request.messages):
        index = counts[type(block)]
        counts[type(block)] += 1
        if isinstance(block, DocumentBlock):
            documents.append(read_document(block, index, param))
        else:
            documents.append(read_search_result(block, index, param))
    chat = BroughtChat(request, tuple(documents))
    if chat.is_grounded and request.model.startswith(DOCS_PREFIX):
        detail = f"`{request.model}` answers from its own documents; name a plain model to answer from these"
        raise InvalidRequestError(detail=detail, param=documents[0].param)
    return chat


def _list_document_blocks(turns: Sequence[MessageParam]) -> Iterator[tuple[DocumentBlock | SearchResultBlock, str]]:
    """Yield the documents and search results in order, also those in results of tools, with their fields."""
    for number, turn in enumerate(turns):
        for index, block in enumerate(turn.content):
            param = f"messages.{number}.content.{index}"
            inner = block.content if isinstance(block, ToolResultBlock) else ()
            for within, each in enumerate(inner):
                if isinstance(each, DocumentBlock | SearchResultBlock):
                    yield each, f"{param}.content.{within}"
            if isinstance(block, DocumentBlock | SearchResultBlock):
                yield block, param


def _read_turn(turn: MessageParam, param: str, texts: Mapping[str, str]) -> Iterator[Message]:
    """Yield the messages of a turn: the results of tools come first, as the model has asked for them."""
    for index, block in enumerate(turn.content):
        if isinstance(block, ToolResultBlock):
            result = _join(block.content, f"{param}.{index}.content", texts)
            error = "Error: " if block.is_error else ""
            yield Message("tool", error + result, tool_call_id=block.tool_use_id)
    calls = tuple(
        ToolCall(block.id, block.name, json.dumps(block.input, ensure_ascii=False))
        for block in turn.content
        if isinstance(block, ToolUseBlock)
    )
    text = _join(turn.content, param, texts)
    if text or calls or not any(isinstance(block, ToolResultBlock) for block in turn.content):
        yield Message(turn.role, text, tool_calls=calls)


def _join(blocks: Sequence[ContentBlock], param: str, texts: Mapping[str, str]) -> str:
    """Return what the blocks say, the texts of documents in their places."""
    said: list[str] = []
    for index, block in enumerate(blocks):
        place = f"{param}.{index}"
        if isinstance(block, ImageBlock):
            raise InvalidRequestError(detail="no model here sees pictures; send what they say as text", param=place)
        if isinstance(block, TextBlock):
            said.append(block.text)
        elif place in texts:
            said.append(_show_document(block, texts[place]))
    return "\n\n".join(text for text in said if text)


def _show_document(block: ContentBlock, text: str) -> str:
    title = getattr(block, "title", None)
    source = block.source if isinstance(block, SearchResultBlock) else None
    heading = " · ".join(part for part in (title, source) if part)
    return f"<document>\n{heading}\n\n{text}\n</document>" if heading else f"<document>\n{text}\n</document>"
