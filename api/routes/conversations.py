"""Stored conversations: `/v1/conversations` as OpenAI has it, plus branches, search, export and replay.

`POST /v1/chat/completions` writes answers into them, see `PinciteOptions`.
"""

from collections.abc import Generator
from contextlib import closing
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse

from api.branch_paging import page_of_list
from api.chat import answer_events
from api.errors import TooManyStreamsError, blame
from api.http.sse import JsonResult, Pieces
from api.openapi import error_responses
from api.routes.dependencies import AppServices, hold_answer, principal_of_request
from api.services import Services
from api.wire.conversations import (
    ConversationDeleted,
    ConversationExport,
    ConversationList,
    ConversationObject,
    ConversationPageRequest,
    ConversationRequest,
    ConversationUpdate,
    ItemList,
    ItemObject,
    ItemPageRequest,
    ItemsRequest,
    ReplayObject,
)
from ingest.errors import ConversationNotFoundError, CursorNotFoundError, TurnNotFoundError
from ingest.storage.paging import ListPage
from rag.conversations.export import render_markdown
from rag.conversations.replay import Replay, replay
from rag.conversations.turns import Turn
from rag.errors import QuestionError

router = APIRouter(prefix="/v1/conversations", tags=["conversations"])

NO_CONVERSATION = error_responses(ConversationNotFoundError)
NO_ITEM = error_responses(ConversationNotFoundError, TurnNotFoundError)


@router.post("")
def create_conversation(services: AppServices, request: ConversationRequest) -> ConversationObject:
    """Create a conversation, empty or with messages that were written elsewhere."""
    created = services.library.create_conversation(request.title, request.metadata)
    if request.items:
        services.conversations.add(created.id, [item.message() for item in request.items])
    return ConversationObject.of(services.library.conversation(created.id))


@router.get("", responses=error_responses(CursorNotFoundError))
def list_conversations(services: AppServices, page: Annotated[ConversationPageRequest, Query()]) -> ConversationList:
    """List conversations, the last used first."""
    return ConversationList.of(services.library.page_conversations(page.spec(), page.query), ConversationObject.of)


@router.get("/{conversation}", responses=NO_CONVERSATION)
def retrieve_conversation(services: AppServices, conversation: str) -> ConversationObject:
    """Return a conversation without its items."""
    return ConversationObject.of(services.library.conversation(conversation))


@router.post("/{conversation}", responses=NO_ITEM)
def update_conversation(services: AppServices, conversation: str, request: ConversationUpdate) -> ConversationObject:
    """Rename a conversation, replace its metadata, or choose the branch that is shown."""
    with blame("current"):
        updated = services.library.update_conversation(
            conversation, title=request.title, metadata=request.metadata, current=request.current
        )
    return ConversationObject.of(updated)


@router.delete("/{conversation}", responses=NO_CONVERSATION)
def delete_conversation(services: AppServices, conversation: str) -> ConversationDeleted:
    """Delete a conversation; its content is overwritten on disk."""
    services.library.delete_conversation(conversation)
    return ConversationDeleted(id=conversation)


@router.get(
    "/{conversation}/items",
    responses=error_responses(ConversationNotFoundError, TurnNotFoundError, CursorNotFoundError),
)
def list_items(services: AppServices, conversation: str, page: Annotated[ItemPageRequest, Query()]) -> ItemList:
    """List the items of one branch, the newest first; `include[]` and `include` add nothing."""
    with blame("leaf"):
        path = services.conversations.path(conversation, page.leaf)
    return ItemList.of(page_of_list(path, page.spec()), ItemObject.of)


@router.post("/{conversation}/items", responses=NO_ITEM)
def create_items(
    services: AppServices,
    conversation: str,
    request: ItemsRequest,
    include: Annotated[list[str] | None, Query(alias="include[]")] = None,
) -> ItemList:
    """Add messages that were written elsewhere; `include[]` adds nothing."""
    messages = [item.message() for item in request.items]
    with blame("parent"):
        added = services.conversations.add(conversation, messages, request.parent)
    path = services.conversations.path(conversation, added[-1])
    return ItemList.of(ListPage(path[-len(added) :], has_more=False), ItemObject.of)


@router.get("/{conversation}/items/{item}", responses=NO_ITEM)
def retrieve_item(services: AppServices, conversation: str, item: str) -> ItemObject:
    """Return one item."""
    return ItemObject.of(_turn(services, conversation, item))


@router.delete("/{conversation}/items/{item}", responses=NO_ITEM)
def delete_item(services: AppServices, conversation: str, item: str) -> ConversationObject:
    """Delete an item and everything that follows it."""
    return ConversationObject.of(services.library.delete_turn(conversation, item))


@router.get(
    "/{conversation}/export",
    response_class=JSONResponse,
    response_model=ConversationExport,
    responses={
        200: {
            "description": "Markdown, or JSON if `format` is `json`.",
            "content": {"text/markdown": {"schema": {"type": "string"}}},
        },
        **NO_CONVERSATION,
    },
)
def export_conversation(
    services: AppServices, conversation: str, format: Literal["markdown", "json"] = "markdown"
) -> Response:
    """Return a conversation with its citations: the branch that is shown as Markdown, or all branches as JSON."""
    record = services.library.conversation(conversation)
    path = services.conversations.path(conversation)
    if format == "markdown":
        return Response(render_markdown(record, path), media_type="text/markdown; charset=utf-8")
    body = ConversationExport.of(record, services.conversations.turns(conversation), path)
    return Response(body.model_dump_json(), media_type="application/json")


@router.post(
    "/{conversation}/items/{item}/replay",
    response_class=JSONResponse,
    response_model=ReplayObject,
    responses=NO_ITEM | error_responses(QuestionError, TooManyStreamsError),
)
async def replay_item(services: AppServices, conversation: str, item: str, request: Request) -> Response:
    """Ask the question of an answer again, exactly as it was asked, and report what differs. Nothing is stored."""
    pieces = _replay_pieces(services, conversation, item, principal_of_request(request))
    return JsonResult(pieces, request.app.state.stopping, place=hold_answer(request))


def _replay_pieces(services: Services, conversation: str, item: str, client: str) -> Pieces:
    steps = replay(
        services.conversations, conversation, item, lambda question: answer_events(services, question), client=client
    )
    outcome = yield from _run_silently(steps)
    yield ReplayObject.of(outcome).model_dump_json().encode()


def _run_silently(steps: Generator[None, None, Replay]) -> Generator[bytes, None, Replay]:
    """Yield an empty piece for every step, so that it can be closed there; return the outcome."""
    with closing(steps):
        while True:
            try:
                next(steps)
            except StopIteration as end:
                outcome: Replay = end.value
                return outcome
            yield b""


def _turn(services: Services, conversation: str, item: str) -> Turn:
    *_, turn = services.conversations.path(conversation, item)
    return turn
