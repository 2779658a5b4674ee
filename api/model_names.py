"""The names by which clients name a model."""

from api.services import Services
from api.wire.base import DOCS_PREFIX
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
