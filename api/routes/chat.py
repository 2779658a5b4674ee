"""`POST /v1/chat/completions`: by a model alone, or from the documents of a collection."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from api.completions import CompletionFrame, collect_completion, completion_choices, stream_completion
from api.errors import TooManyStreamsError
from api.http.sse import EventStream, JsonResult
from api.model_names import resolve_model
from api.openapi import error_responses, stream_response
from api.routes.dependencies import AnswerLinks, AppServices, hold_answer, principal_of_request
from api.wire.base import DOCS_PREFIX
from api.wire.chat import ChatCompletion, ChatRequest
from api.wire.chat_chunks import ChatCompletionChunk
from ingest import errors as ingest_errors
from rag import errors as rag_errors
from rag.engines.serving.fairness import name_client

router = APIRouter(prefix="/v1/chat", tags=["chat"])

REFUSAL_WAIT_SECONDS = 0.25
"""How long the first event of an answer from documents waits for a refusal by the model."""


@router.post(
    "/completions",
    response_class=JSONResponse,
    response_model=ChatCompletion,
    responses={
        200: {
            "description": "The completion; with `stream`, server-sent events that end with `[DONE]`.",
            "content": stream_response(
                ChatCompletionChunk.__name__,
                "Each event's `data` is a chunk. A failure after the first one is the last event: an `ErrorResponse`.",
            ),
        },
        **error_responses(
            rag_errors.PromptTooLongError,
            rag_errors.SchemaError,
            rag_errors.ChatTemplateError,
            rag_errors.QuestionError,
            rag_errors.ModelNotFoundError,
            ingest_errors.CollectionNotFoundError,
            ingest_errors.ConversationNotFoundError,
            ingest_errors.TurnNotFoundError,
            ingest_errors.PassportMismatchError,
            rag_errors.EngineBusyError,
            TooManyStreamsError,
            rag_errors.EngineCrashedError,
            rag_errors.ModelLoadError,
            rag_errors.ModelLoadingError,
            rag_errors.NoRoomForModelError,
        ),
    },
)
async def create_completion(request: Request, services: AppServices, links: AnswerLinks, chat: ChatRequest) -> Response:
    """Answer a chat. `model` is a model's id, or `docs/<collection>` for an answer from documents with citations."""
    chat = chat.model_copy(update={"model": resolve_model(services, chat.model)})
    stopping = request.app.state.stopping
    metrics = request.app.state.metrics
    client, place = name_client(principal_of_request(request), chat.user), hold_answer(request)
    choices = completion_choices(services, chat, client)
    frame = CompletionFrame(
        chat.model,
        links,
        is_json=chat.wants_json,
        includes_usage=chat.includes_usage,
        writing_options=chat.writing_options,
    )
    if not chat.stream:
        return JsonResult(collect_completion(choices, frame, metrics), stopping, place=place)
    pieces = stream_completion(choices, frame, metrics)
    settle_seconds = REFUSAL_WAIT_SECONDS if chat.model.startswith(DOCS_PREFIX) else 0.0
    return EventStream(pieces, stopping, place=place, settle_seconds=settle_seconds)
