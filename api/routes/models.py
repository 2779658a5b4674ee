"""`/v1/models`: what a chat can name as its model."""

from pathlib import Path

from fastapi import APIRouter

from api.objects import DOCS_PREFIX, JsonObject, model_object
from api.routes.parts import Parts
from api.services import Services
from ingest.names import as_stored
from rag.errors import ModelNotFoundError

router = APIRouter(prefix="/v1/models", tags=["models"])


@router.get("")
def list_models(parts: Parts) -> JsonObject:
    """List the models, then every collection as `docs/<name>`."""
    return {"object": "list", "data": _models(parts)}


@router.get("/{model:path}")
def retrieve_model(parts: Parts, model: str) -> JsonObject:
    """Show one of them."""
    is_collection = model.startswith(DOCS_PREFIX)
    wanted = DOCS_PREFIX + as_stored(model.removeprefix(DOCS_PREFIX)) if is_collection else model
    for known in _models(parts):
        if known["id"] == wanted:
            return known
    raise ModelNotFoundError(model=model)


def _models(parts: Services) -> list[JsonObject]:
    models = [model_object(entry.id, _modified(entry.path)) for entry in parts.models.entries()]
    collections = [model_object(DOCS_PREFIX + each.name, each.created_at) for each in parts.library.collections()]
    return models + collections


def _modified(path: str | Path) -> int:
    try:
        return int(Path(path).stat().st_mtime)
    except OSError:
        return 0  # removed since it was listed
