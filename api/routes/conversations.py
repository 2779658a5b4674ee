"""Stored conversations: `/v1/conversations` as OpenAI has it, plus branches, search, export and replay.

Answers are written into them by `POST /v1/chat/completions`, see `PinciteOptions`.
"""

import json
from collections.abc import Generator
from contextlib import closing
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response

from api.chat import answer_events
from api.conversation_objects import conversation_object, export_object, item_object, replay_object
from api.objects import JsonObject
from api.paging import PageRequest, page_of
from api.routes.parts import Parts
from api.schemas import MAX_QUERY_CHARS, ConversationCreate, ConversationUpdate, ItemsCreate
from api.services import Services
from api.sse import JsonResult
from rag.conversations.export import render_markdown
from rag.conversations.replay import Replay, replay
from rag.conversations.turns import Turn

router = APIRouter(prefix="/v1/conversations", tags=["conversations"])


class ConversationPageRequest(PageRequest):
    """Which conversations are wanted: all, or those with all words of a query."""

    query: Annotated[str, Query(max_length=MAX_QUERY_CHARS)] = ""


class ItemPageRequest(PageRequest):
    """Which items are wanted: those of the branch that ends at `leaf`, or of the current one."""

    leaf: str | None = None


@router.post("")
def create_conversation(parts: Parts, request: ConversationCreate) -> JsonObject:
    """Begin a conversation, empty or with messages that were written elsewhere."""
    made = parts.library.create_conversation(request.title, request.metadata)
    if request.items:
        parts.conversations.add(made.id, [item.message() for item in request.items])
    return conversation_object(parts.library.conversation(made.id))


@router.get("")
def list_conversations(parts: Parts, page: Annotated[ConversationPageRequest, Query()]) -> JsonObject:
    """List conversations, the one that was used last first."""
    return page_of(parts.library.conversations(page.query), page, conversation_object)


@router.get("/{conversation}")
def retrieve_conversation(parts: Parts, conversation: str) -> JsonObject:
    """Show a conversation without its items."""
    return conversation_object(parts.library.conversation(conversation))


@router.post("/{conversation}")
def update_conversation(parts: Parts, conversation: str, request: ConversationUpdate) -> JsonObject:
    """Rename a conversation, replace its metadata, or choose the branch that is shown."""
    updated = parts.library.update_conversation(
        conversation, title=request.title, metadata=request.metadata, current=request.current
    )
    return conversation_object(updated)


@router.delete("/{conversation}")
def delete_conversation(parts: Parts, conversation: str) -> JsonObject:
    """Delete a conversation; what it held is overwritten."""
    parts.library.delete_conversation(conversation)
    return {"id": conversation, "object": "conversation.deleted", "deleted": True}


@router.get("/{conversation}/items")
def list_items(parts: Parts, conversation: str, page: Annotated[ItemPageRequest, Query()]) -> JsonObject:
    """List the items of one branch, the newest first."""
    return page_of(parts.conversations.path(conversation, page.leaf), page, item_object)


@router.post("/{conversation}/items")
def create_items(parts: Parts, conversation: str, request: ItemsCreate) -> JsonObject:
    """Add messages that were written elsewhere."""
    messages = [item.message() for item in request.items]
    added = parts.conversations.add(conversation, messages, request.parent)
    path = parts.conversations.path(conversation, added[-1])
    return page_of(path[-len(added) :], PageRequest(order="asc"), item_object)


@router.get("/{conversation}/items/{item}")
def retrieve_item(parts: Parts, conversation: str, item: str) -> JsonObject:
    """Show one item."""
    return item_object(_turn(parts, conversation, item))


@router.delete("/{conversation}/items/{item}")
def delete_item(parts: Parts, conversation: str, item: str) -> JsonObject:
    """Delete an item and all that follows it."""
    return conversation_object(parts.library.delete_turn(conversation, item))


@router.get("/{conversation}/export", response_class=Response)
def export_conversation(parts: Parts, conversation: str, format: Literal["markdown", "json"] = "markdown") -> Response:
    """Send a conversation with its citations: the branch that is shown as Markdown, or all of it as JSON."""
    told = parts.library.conversation(conversation)
    path = parts.conversations.path(conversation)
    if format == "markdown":
        return Response(render_markdown(told, path), media_type="text/markdown; charset=utf-8")
    body = export_object(told, parts.conversations.turns(conversation), path)
    return Response(json.dumps(body, ensure_ascii=False, allow_nan=False), media_type="application/json")


@router.post("/{conversation}/items/{item}/replay", response_class=Response)
async def replay_item(parts: Parts, conversation: str, item: str, request: Request) -> Response:
    """Ask the question of an answer again, with all that is stored of it, and say what is not the same."""
    client = request.client.host if request.client else ""
    return JsonResult(_replayed(parts, conversation, item, client), request.app.state.stopping)


def _replayed(parts: Services, conversation: str, item: str, client: str) -> Generator[str, None, None]:
    work = replay(
        parts.conversations, conversation, item, lambda question: answer_events(parts, question), client=client
    )
    outcome = yield from _silently(work)
    yield json.dumps(replay_object(outcome), ensure_ascii=False, allow_nan=False)


def _silently(work: Generator[None, None, Replay]) -> Generator[str, None, Replay]:
    """Yield an empty piece for every step of the work, so that it can be closed there; return its outcome."""
    with closing(work):
        while True:
            try:
                next(work)
            except StopIteration as end:
                outcome: Replay = end.value
                return outcome
            yield ""


def _turn(parts: Services, conversation: str, item: str) -> Turn:
    *_, turn = parts.conversations.path(conversation, item)
    return turn
