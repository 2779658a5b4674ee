"""OpenAI's Responses API: `/v1/responses`."""

import json
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool

from api.branch_paging import page_of_list
from api.dialects.responses.compaction import compact_chat
from api.dialects.responses.events import replay_events
from api.dialects.responses.objects import (
    Compaction,
    InputItemList,
    InputItemObject,
    InputTokens,
    ResponseDeleted,
    ResponseFailure,
    ResponseObject,
)
from api.dialects.responses.prompts import choose_writer, read_prompt
from api.dialects.responses.requests import CompactRequest, InputTokensRequest, ResponsesRequest
from api.dialects.responses.runs import BackgroundRuns, collect_response, encode, prepare_run, stream_response
from api.errors import InvalidRequestError, TooManyStreamsError
from api.http.sse import EventStream, JsonResult, Pieces
from api.openapi import Responses, error_responses
from api.routes.chat import REFUSAL_WAIT_SECONDS
from api.routes.dependencies import AppServices, get_principal, hold_answer, principal_of_request
from api.services import Services
from api.wire.lists import PageRequest
from ingest import errors as ingest_errors
from rag import errors as rag_errors
from rag.engines.serving.fairness import name_client

router = APIRouter(prefix="/v1/responses", tags=["responses"])

NO_RESPONSE = error_responses(ingest_errors.ResponseNotFoundError)
PROMPT_ERRORS = error_responses(
    rag_errors.PromptTooLongError,
    rag_errors.ChatTemplateError,
    rag_errors.ModelNotFoundError,
    ingest_errors.ResponseNotFoundError,
    ingest_errors.FileNotInLibraryError,
    ingest_errors.ItemNotFoundError,
    rag_errors.EngineBusyError,
    rag_errors.EngineCrashedError,
    rag_errors.ModelLoadError,
    rag_errors.ModelLoadingError,
    rag_errors.NoRoomForModelError,
)
ANSWER_ERRORS = PROMPT_ERRORS | error_responses(
    rag_errors.SchemaError,
    rag_errors.QuestionError,
    rag_errors.ModelNotFoundError,
    ingest_errors.CollectionNotFoundError,
    ingest_errors.ConversationNotFoundError,
    ingest_errors.ResponseNotFoundError,
    ingest_errors.PassportMismatchError,
    TooManyStreamsError,
    rag_errors.EngineBusyError,
)
EVENT_SCHEMA = {
    "type": "string",
    "contentMediaType": "application/json",
    "contentSchema": {
        "type": "object",
        "required": ["type", "sequence_number"],
        "properties": {"type": {"type": "string"}, "sequence_number": {"type": "integer"}},
        "additionalProperties": True,
    },
}
EVENT_STREAM: Responses = {
    200: {
        "description": "The response; with `stream`, server-sent events under OpenAI's names, without `[DONE]`.",
        "content": {"text/event-stream": {"schema": {"type": "object", "properties": {"data": EVENT_SCHEMA}}}},
    }
}


@router.post(
    "", response_class=JSONResponse, response_model=ResponseObject, responses={**EVENT_STREAM, **ANSWER_ERRORS}
)
async def create_response(request: Request, services: AppServices, body: ResponsesRequest) -> Response:
    """Answer a chat: by a model, or from the documents of vector stores (`file_search`, or a `docs/<name>` model)."""
    app = request.app.state
    client, place = name_client(principal_of_request(request), body.user), hold_answer(request)
    run = await run_in_threadpool(prepare_run, services, body, client, app.metrics)
    if body.background:
        runs: BackgroundRuns = app.background_runs
        owner = get_principal(request).name
        begun = await run_in_threadpool(runs.start, owner, run)
        if not body.stream:
            return JSONResponse(begun.json_object())
        return EventStream(_follow(services, runs, owner, run.frame.id, -1), app.stopping, named=True)
    if not body.stream:
        return JsonResult(collect_response(run), app.stopping, place=place)
    settle_seconds = REFUSAL_WAIT_SECONDS if run.chat.is_about_documents else 0.0
    return EventStream(stream_response(run), app.stopping, place=place, settle_seconds=settle_seconds, named=True)


@router.post("/input_tokens", responses=PROMPT_ERRORS)
def count_input_tokens(services: AppServices, body: InputTokensRequest) -> InputTokens:
    """Count the tokens of a prompt. What an answer reads of documents is not part of it."""
    prompt = read_prompt(services, body)
    engine = services.models.open_engine(choose_writer(services, body.model))
    return InputTokens(input_tokens=engine.count_tokens(prompt.messages))


@router.post("/compact", response_class=JSONResponse, response_model=Compaction, responses=PROMPT_ERRORS)
async def compact(request: Request, services: AppServices, body: CompactRequest) -> Response:
    """Make a chat shorter: what its user has said, and the model's summary of the rest."""
    client = name_client(principal_of_request(request), None)
    pieces = compact_chat(services, body, client)
    return JsonResult(pieces, request.app.state.stopping, place=hold_answer(request))


@router.get(
    "/{response}", response_class=JSONResponse, response_model=ResponseObject, responses=EVENT_STREAM | NO_RESPONSE
)
async def retrieve_response(
    request: Request,
    services: AppServices,
    response: str,
    include: Annotated[list[str] | None, Query(alias="include[]")] = None,
    stream: bool = False,
    starting_after: int = -1,
    include_obfuscation: bool = False,
) -> Response:
    """Return a stored response as it is now; with `stream` its events, those to come included.

    `starting_after` leaves out events up to that sequence number. What a search has found is there if the request that
    made the response has included it.
    """
    runs: BackgroundRuns = request.app.state.background_runs
    owner = get_principal(request).name
    if stream:
        await run_in_threadpool(services.library.response, response)
        pieces = _follow(services, runs, owner, response, starting_after)
        return EventStream(pieces, request.app.state.stopping, named=True)
    shown = await run_in_threadpool(_retrieve, services, runs, owner, response)
    return JSONResponse(shown.json_object())


@router.delete("/{response}", responses=NO_RESPONSE)
def delete_response(request: Request, services: AppServices, response: str) -> ResponseDeleted:
    """Delete a stored response; one that is being made is cancelled."""
    runs: BackgroundRuns = request.app.state.background_runs
    runs.cancel(get_principal(request).name, response)
    services.library.delete_response(response)
    return ResponseDeleted(id=response)


@router.post("/{response}/cancel", responses=NO_RESPONSE)
def cancel_response(request: Request, services: AppServices, response: str) -> ResponseObject:
    """Cancel a response that is made in the background; one that is complete stays so."""
    runs: BackgroundRuns = request.app.state.background_runs
    owner = get_principal(request).name
    if not _retrieve(services, runs, owner, response).background:
        detail = "only a response that was made with `background` can be cancelled"
        raise InvalidRequestError(detail=detail, param="response")
    runs.cancel(owner, response)
    return _retrieve(services, runs, owner, response)


@router.get("/{response}/input_items", responses=NO_RESPONSE | error_responses(ingest_errors.CursorNotFoundError))
def list_input_items(
    services: AppServices,
    response: str,
    page: Annotated[PageRequest, Query()],
    include: Annotated[list[str] | None, Query(alias="include[]")] = None,
) -> InputItemList:
    """List the items that a response was asked with, the last one first; `include[]` adds nothing."""
    items = json.loads(services.library.response(response).input)
    shown = [InputItemObject.model_validate(item) for item in items]
    return InputItemList.of(page_of_list(shown, page.spec()), lambda item: item)


def _retrieve(services: Services, runs: BackgroundRuns, owner: str, response: str) -> ResponseObject:
    """Return a stored response; one that was being made when the server ended has failed."""
    is_running = runs.is_running(owner, response)  # before the look at its row: it may end between the two
    stored = ResponseObject.model_validate_json(services.library.response(response).body)
    if stored.status != "in_progress" or is_running:
        return stored
    failure = ResponseFailure(code="server_error", message="the server ended while it was made; ask again")
    return stored.model_copy(update={"status": "failed", "error": failure})


def _follow(services: Services, runs: BackgroundRuns, owner: str, response: str, starting_after: int) -> Pieces:
    """Yield the events of a response that is being made or stored; the client may leave without stopping it."""
    events = runs.follow(owner, response, starting_after)
    if events is None:
        ended = _retrieve(services, runs, owner, response)
        events = (event for event in replay_events(ended) if event["sequence_number"] > starting_after)
    for event in events:
        yield b"" if event is None else encode(event)
