"""`POST /v1/completions`: a text is continued by a model, or answered from the documents of a collection."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from api.errors import TooManyStreamsError
from api.http.sse import EventStream, JsonResult
from api.model_names import resolve_model
from api.openapi import error_responses, stream_response
from api.routes.dependencies import AppServices, hold_answer, principal_of_request
from api.text_completions import TextFrame, collect_texts, list_continuations, stream_texts
from api.wire.completions import CompletionRequest, TextCompletion
from ingest import errors as ingest_errors
from rag import errors as rag_errors
from rag.engines.serving.fairness import name_client

router = APIRouter(prefix="/v1/completions", tags=["chat"])


@router.post(
    "",
    response_class=JSONResponse,
    response_model=TextCompletion,
    responses={
        200: {
            "description": "The continuations; with `stream`, server-sent events that end with `[DONE]`.",
            "content": stream_response(
                TextCompletion.__name__,
                "Each event's `data` is a piece of a continuation. A failure after the first one is the last event.",
            ),
        },
        **error_responses(
            rag_errors.PromptTooLongError,
            rag_errors.QuestionError,
            rag_errors.ModelNotFoundError,
            ingest_errors.PassportMismatchError,
            rag_errors.EngineBusyError,
            rag_errors.EngineCrashedError,
            rag_errors.ModelLoadError,
            rag_errors.ModelLoadingError,
            rag_errors.NoRoomForModelError,
            TooManyStreamsError,
        ),
    },
)
async def complete_text(request: Request, services: AppServices, completion: CompletionRequest) -> Response:
    """Continue a text, without a chat template; by `docs/<collection>`, answer it as a question."""
    completion = completion.model_copy(update={"model": resolve_model(services, completion.model)})
    stopping, metrics = request.app.state.stopping, request.app.state.metrics
    client, place = name_client(principal_of_request(request), completion.user), hold_answer(request)
    continuations, frame = list_continuations(services, completion, client), TextFrame(completion.model)
    if not completion.stream:
        return JsonResult(collect_texts(continuations, frame, metrics), stopping, place=place)
    pieces = stream_texts(continuations, frame, metrics, include_usage=completion.includes_usage)
    return EventStream(pieces, stopping, place=place)
