"""`/v1/models`: what a chat can name as its model."""

from pathlib import Path

from fastapi import APIRouter

from api.embeddings import EmbeddingModel
from api.model_names import name_collection, name_collections
from api.openapi import error_responses
from api.routes.dependencies import AppServices
from api.wire.base import DOCS_PREFIX
from api.wire.models import ModelList, ModelObject
from ingest.errors import CollectionNotFoundError
from ingest.library.names import normalize_name
from ingest.types import Collection
from rag.errors import ModelNotFoundError
from rag.models.registry import ModelEntry

router = APIRouter(tags=["models"])


@router.get("/v1/models")
def list_models(services: AppServices) -> ModelList:
    """List the models, the embedder, then every collection as `docs/<name>`."""
    return ModelList(
        data=[
            *(_model(entry) for entry in services.models.list_models()),
            _embedder(services.embedding_model),
            *(_collection(name, collection) for name, collection in name_collections(services)),
        ]
    )


@router.get("/v1/models/{model:path}", responses=error_responses(ModelNotFoundError))
def retrieve_model(services: AppServices, model: str) -> ModelObject:
    """Return one of them."""
    if model.startswith(DOCS_PREFIX):
        name = normalize_name(model.removeprefix(DOCS_PREFIX))
        try:
            collection = services.library.collection(name)
        except CollectionNotFoundError as error:
            raise ModelNotFoundError(model=model) from error
        shown = name_collection(services, collection)
        if shown != DOCS_PREFIX + name:  # a collection has one id here, though a chat also takes the other
            raise ModelNotFoundError(model=model)
        return _collection(shown, collection)
    for entry in services.models.list_models():
        if entry.id == model:
            return _model(entry)
    if model == services.embedding_model.id:
        return _embedder(services.embedding_model)
    raise ModelNotFoundError(model=model)


def _model(entry: ModelEntry) -> ModelObject:
    return ModelObject(id=entry.id, created=_modified_at(entry.path), type="llm", state=entry.state)


def _embedder(model: EmbeddingModel) -> ModelObject:
    return ModelObject(id=model.id, created=_modified_at(model.path), type="embeddings")


def _collection(name: str, collection: Collection) -> ModelObject:
    return ModelObject(id=name, created=collection.created_at, type="collection")


def _modified_at(path: str | Path) -> int:
    try:
        return int(Path(path).stat().st_mtime)
    except OSError:
        return 0  # removed since it was listed
