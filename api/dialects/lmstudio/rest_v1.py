"""LM Studio's REST API, `/api/v1`: models and how they are loaded, and chats that the server remembers."""

import time

from fastapi import APIRouter, Request, Response

from api.dialects.lmstudio.catalog import ModelCard, find_card, list_cards
from api.dialects.lmstudio.chats_v1 import ChatAnswer
from api.dialects.lmstudio.downloads import find_downloaded
from api.dialects.lmstudio.errors import LmStudioRoute, shape_error
from api.dialects.lmstudio.loading import load_model as load
from api.dialects.lmstudio.wire_v1 import (
    Capabilities,
    ChatRequestV1,
    DownloadRequest,
    DownloadStatus,
    Instance,
    LoadConfigObject,
    LoadRequest,
    ModelListV1,
    ModelLoaded,
    ModelObjectV1,
    ModelUnloaded,
    Quantization,
    UnloadRequest,
)
from api.errors import AdministratorOnlyError, JobNotFoundError, blame
from api.http.sse import EventStream, JsonResult
from api.model_names import resolve_model
from api.openapi import error_responses
from api.routes.dependencies import ADMINISTRATOR_ONLY, AppServices, hold_answer, principal_of_request
from rag.engines.serving.fairness import name_client
from rag.errors import ModelInUseError, ModelLoadError, ModelLoadingError, ModelNotFoundError, NoRoomForModelError

router = APIRouter(prefix="/api/v1", include_in_schema=False, route_class=LmStudioRoute)
models_router = APIRouter(prefix="/api/v1/models", tags=["models"])
"""The routes that `/openapi.json` describes."""


@models_router.post(
    "/load",
    dependencies=ADMINISTRATOR_ONLY,
    responses=error_responses(
        AdministratorOnlyError,
        ModelNotFoundError,
        ModelInUseError,
        ModelLoadError,
        ModelLoadingError,
        NoRoomForModelError,
    ),
)
def load_model(services: AppServices, asked: LoadRequest) -> ModelLoaded:
    """Load a model before its first question; the response comes when it is in memory."""
    started = time.monotonic()
    card = find_card(services, asked.model)
    for _ in load(services, card, asked.overrides()):
        pass
    return ModelLoaded(
        type=card.domain,
        instance_id=card.key,
        load_time_seconds=round(time.monotonic() - started, 3),
        load_config=_load_config(find_card(services, card.key), asked) if asked.echo_load_config else None,
    )


@models_router.post(
    "/unload",
    dependencies=ADMINISTRATOR_ONLY,
    responses=error_responses(AdministratorOnlyError, ModelNotFoundError, ModelInUseError),
)
def unload_model(services: AppServices, asked: UnloadRequest) -> ModelUnloaded:
    """Remove a model from memory, or cancel its loading; a question loads it again."""
    with blame("instance_id"):
        card = find_card(services, asked.instance_id)
        if not card.is_permanent:
            services.models.unload(card.key)
        return ModelUnloaded(instance_id=card.key)


@router.get("/models")
def list_models(services: AppServices) -> ModelListV1:
    """List the models, the embedder and the collections."""
    return ModelListV1(models=[_describe(card) for card in list_cards(services)])


@router.post("/models/download", dependencies=ADMINISTRATOR_ONLY)
def download_model(services: AppServices, asked: DownloadRequest) -> DownloadStatus:
    """Say that a model is there already; one that is not is not fetched."""
    find_downloaded(services, asked.model)
    return DownloadStatus()


@router.get("/models/download/status/{job_id}", dependencies=ADMINISTRATOR_ONLY)
def show_download(job_id: str) -> DownloadStatus:
    """Say that there is no such job: the server fetches no models."""
    raise JobNotFoundError(job_id=job_id)


@router.post("/chat")
async def chat(request: Request, services: AppServices, asked: ChatRequestV1) -> Response:
    """Answer a question, and remember it and its answer."""
    card = find_card(services, resolve_model(services, asked.model), "llm")
    client = name_client(principal_of_request(request), None)
    answer = ChatAnswer(services, card, asked, client, request.app.state.metrics)
    stopping, place = request.app.state.stopping, hold_answer(request)
    if not asked.stream:
        return JsonResult(answer.collect(), stopping, place=place)
    return EventStream(answer.stream(), stopping, place=place, shape=shape_error, named=True)


def _load_config(card: ModelCard, asked: LoadRequest) -> LoadConfigObject:
    return LoadConfigObject(
        context_length=card.context_window,
        flash_attention=asked.flash_attention,
        offload_kv_cache_to_gpu=asked.offload_kv_cache_to_gpu,
    )


def _describe(card: ModelCard) -> ModelObjectV1:
    facts = card.facts
    config = LoadConfigObject(context_length=card.context_window)
    return ModelObjectV1(
        type=card.domain,
        publisher=card.publisher,
        key=card.key,
        display_name=card.key,
        architecture=facts.architecture or None,
        quantization=Quantization(name=facts.quantization, bits_per_weight=facts.bits) if facts.quantization else None,
        size_bytes=card.size_bytes,
        params_string=facts.parameters or None,
        loaded_instances=[Instance(id=card.key, config=config)] if card.state == "loaded" else [],
        max_context_length=card.max_context,
        format=card.format,
        capabilities=Capabilities(trained_for_tool_use=facts.takes_tools) if card.domain == "llm" else None,
    )
