"""The routes of Anthropic's API. They are not in `/openapi.json`, because Anthropic's own documents describe them."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.dialects.anthropic.chats import read_request
from api.dialects.anthropic.counting import count_tokens
from api.dialects.anthropic.errors import AnthropicRoute, VersionedRoute, shape_error
from api.dialects.anthropic.messages import MessageFrame, answer_message
from api.dialects.anthropic.models import MAX_PAGE, ModelInfoObject, ModelPage, list_page
from api.dialects.anthropic.wire import CountRequest, MessagesRequest
from api.errors import ErrorAnswer, http_kind
from api.http.sse import EventStream, JsonResult
from api.model_names import resolve_model
from api.routes.chat import REFUSAL_WAIT_SECONDS
from api.routes.dependencies import AppServices, hold_answer, principal_of_request
from api.routes.models import list_models, retrieve_model
from api.wire.models import ModelObject
from rag.engines.serving.fairness import name_client
from rag.errors import ModelNotFoundError

router = APIRouter(prefix="/v1/messages", route_class=AnthropicRoute, include_in_schema=False)
models_router = APIRouter(prefix="/v1/models", route_class=VersionedRoute, include_in_schema=False)


@router.post("")
async def create_message(request: Request, services: AppServices, asked: MessagesRequest) -> Response:
    """Answer a chat, from the documents that it brings along if they are to be cited."""
    asked = asked.model_copy(update={"model": resolve_model(services, asked.model)})
    client = name_client(principal_of_request(request), asked.user)
    stopping, place = request.app.state.stopping, hold_answer(request)
    frame = MessageFrame(asked.model, request.app.state.metrics, is_json=asked.wants_json)
    chat = read_request(asked)
    respond = frame.stream if asked.stream else frame.collect
    pieces = answer_message(services, chat, asked, client, respond)
    if not asked.stream:
        return JsonResult(pieces, stopping, place=place)
    return EventStream(
        pieces, stopping, place=place, settle_seconds=REFUSAL_WAIT_SECONDS, shape=shape_error, named=True
    )


@router.post("/count_tokens")
async def count_message_tokens(request: Request, services: AppServices, asked: CountRequest) -> Response:
    """Count the tokens of a prompt, as the model of the request counts them."""
    asked = asked.model_copy(update={"model": resolve_model(services, asked.model)})
    pieces = count_tokens(services, read_request(asked))
    return JsonResult(pieces, request.app.state.stopping, place=hold_answer(request))


@router.api_route("/batches{rest:path}", methods=["GET", "POST", "DELETE"])
def refuse_batches(rest: str) -> Response:
    """Say that there are no batches."""
    return ErrorAnswer(http_kind(404), "there are no batches; send the messages one by one").response(shape_error)


@models_router.get("")
def list_anthropic_models(
    services: AppServices,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 20,
    after_id: str | None = None,
    before_id: str | None = None,
) -> ModelPage:
    """List the models and collections that a message can name."""
    models = [model for model in list_models(services).data if _can_chat(model)]
    return list_page(models, limit=limit, after_id=after_id, before_id=before_id)


@models_router.get("/{model:path}")
def retrieve_anthropic_model(services: AppServices, model: str) -> ModelInfoObject:
    """Return one of them."""
    found = retrieve_model(services, model)
    if not _can_chat(found):
        raise ModelNotFoundError(model=model)
    return ModelInfoObject.of(found)


def _can_chat(model: ModelObject) -> bool:
    return model.type != "embeddings"
