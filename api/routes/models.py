"""`/v1/models`: what a chat can name as its model; `/api/v1/models`: into memory and out of it, as LM Studio has it."""

import time
from pathlib import Path

from fastapi import APIRouter

from api.objects import DOCS_PREFIX, JsonObject, model_object
from api.routes.parts import Parts
from api.schemas import StrictModel
from api.services import Services
from ingest.library.names import normalize_name
from rag.errors import ModelNotFoundError

router = APIRouter(tags=["models"])


class LoadRequest(StrictModel):
    """Which model is to be in memory; how it is loaded is a matter of the settings."""

    model: str


class UnloadRequest(StrictModel):
    """Which model is to leave the memory. A model has one instance, whose id is the model's."""

    instance_id: str


@router.get("/v1/models")
def list_models(parts: Parts) -> JsonObject:
    """List the models, then every collection as `docs/<name>`."""
    return {"object": "list", "data": _models(parts)}


@router.get("/v1/models/{model:path}")
def retrieve_model(parts: Parts, model: str) -> JsonObject:
    """Show one of them."""
    is_collection = model.startswith(DOCS_PREFIX)
    wanted = DOCS_PREFIX + normalize_name(model.removeprefix(DOCS_PREFIX)) if is_collection else model
    for known in _models(parts):
        if known["id"] == wanted:
            return known
    raise ModelNotFoundError(model=model)


@router.post("/api/v1/models/load")
def load_model(parts: Parts, load: LoadRequest) -> JsonObject:
    """Load a model ahead of its first question; answers when it is in memory."""
    started = time.monotonic()
    instance_id = parts.models.load(load.model)
    seconds = time.monotonic() - started
    return {"type": "llm", "instance_id": instance_id, "load_time_seconds": round(seconds, 3), "status": "loaded"}


@router.post("/api/v1/models/unload")
def unload_model(parts: Parts, unload: UnloadRequest) -> JsonObject:
    """Take a model out of memory, or stop loading it; a question loads it again."""
    return {"instance_id": parts.models.unload(unload.instance_id)}


def _models(parts: Services) -> list[JsonObject]:
    models = [model_object(entry.id, _modified(entry.path), state=entry.state) for entry in parts.models.list_models()]
    collections = [model_object(DOCS_PREFIX + each.name, each.created_at) for each in parts.library.collections()]
    return models + collections


def _modified(path: str | Path) -> int:
    try:
        return int(Path(path).stat().st_mtime)
    except OSError:
        return 0  # removed since it was listed
