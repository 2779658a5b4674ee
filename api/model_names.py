"""The names by which clients name a model."""

from collections import Counter
from collections.abc import Iterator

from api.services import Services
from api.wire.base import DOCS_PREFIX
from ingest.types import Collection
from rag.errors import ModelNotFoundError

NO_MODEL = "dummy"
"""What `huggingface_hub` sends if its user has named no model."""
MODEL_PATH = "/models/"


def resolve_model(services: Services, name: str | None) -> str:
    """Return the id that a name stands for: of a model, or `docs/<collection>`; None stands for the default model.

    A URL that ends in `/models/<name>` names that model, as Hugging Face's clients do. An unknown name stands for the
    default model if `PINCITE_UNKNOWN_MODELS` is `default`. Raises `ModelNotFoundError` if there is no default model;
    other unknown names are left to the request.
    """
    name = NO_MODEL if name is None else name
    if name.startswith(("http://", "https://")) and MODEL_PATH in name:
        name = name.partition(MODEL_PATH)[2]
    if name.startswith(DOCS_PREFIX):
        return name
    takes_any = services.settings.api.unknown_models == "default"
    if name != NO_MODEL and not takes_any:
        return name
    known = [entry.id for entry in services.models.list_models()]
    if name in known:
        return name
    if not known:
        raise ModelNotFoundError(model=name)
    return known[0]


def name_collections(services: Services) -> Iterator[tuple[str, Collection]]:
    """Yield the collections with the names that they have as models: `docs/<name>`."""
    collections = services.library.collections()
    named = Counter(name for collection in collections for name in (collection.id, collection.name))
    for collection in collections:
        # A name that no other has need not be looked up.
        is_only_one = named[collection.name] == 1
        yield (DOCS_PREFIX + collection.name if is_only_one else name_collection(services, collection)), collection


def name_collection(services: Services, collection: Collection) -> str:
    """Return the name of a collection as a model: its id if its name means another one that is shared, too."""
    is_meant = services.library.collection(collection.name).id == collection.id
    return DOCS_PREFIX + (collection.name if is_meant else collection.id)
