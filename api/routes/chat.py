"""`POST /v1/chat/completions`: with a model alone, or with the documents of a collection."""

from fastapi import APIRouter, Request, Response

from api.chat import Reply, chat_choices, collected, streamed
from api.objects import DOCS_PREFIX
from api.routes.parts import Parts
from api.schemas import ChatRequest
from api.sse import EventStream, JsonResult

router = APIRouter(prefix="/v1/chat", tags=["chat"])

REFUSAL_WAIT_SECONDS = 0.25
"""How long the first event of an answer from documents waits to see whether the model refuses the request."""


@router.post("/completions", response_class=Response)
async def create_completion(request: Request, parts: Parts, chat: ChatRequest) -> Response:
    """Answer a chat. `model` is a model's id, or `docs/<collection>` for an answer with citations."""
    stopping = request.app.state.stopping
    metrics = request.app.state.metrics
    client = chat.user or (request.client.host if request.client else "")
    choices, reply = chat_choices(parts, chat, client), Reply(chat.model, is_json=chat.wants_json)
    if not chat.stream:
        return JsonResult(collected(choices, reply, metrics), stopping)
    include_usage = chat.stream_options is not None and chat.stream_options.include_usage
    pieces = streamed(choices, reply, metrics, include_usage=include_usage)
    settle_seconds = REFUSAL_WAIT_SECONDS if chat.model.startswith(DOCS_PREFIX) else 0.0
    return EventStream(pieces, stopping, settle_seconds=settle_seconds)
