"""The models as LM Studio describes them: those on disk, the embedder, and every collection as `docs/<name>`."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from api.embeddings import EmbeddingModel
from api.model_names import name_collections
from api.services import Services
from rag.errors import ModelNotFoundError, RagError
from rag.models.facts import ModelFacts, read_facts
from rag.models.manager import ModelState
from rag.models.registry import ModelEntry

Domain = Literal["llm", "embedding"]
ModelFormat = Literal["gguf", "safetensors", "torch_safetensors"]

DEFAULT_WINDOW = 8192
"""The largest window that Pincite chooses by itself; the setting `context_window` says otherwise."""
PUBLISHER = "local"


@dataclass(frozen=True, slots=True)
class ModelCard:
    """A model by its `key`, which is also the name of its only instance.

    `path` never has the server's folders in it. `context_window` is that with which it is loaded, or would be.
    """

    key: str
    domain: Domain
    path: str
    size_bytes: int
    state: ModelState
    facts: ModelFacts
    context_window: int
    format: ModelFormat = "gguf"
    publisher: str = PUBLISHER
    is_collection: bool = False

    @property
    def is_permanent(self) -> bool:
        """Whether it is neither loaded nor unloaded on request."""
        return self.is_collection or self.domain == "embedding"

    @property
    def max_context(self) -> int:
        """The longest window with which it could be loaded."""
        return max(self.facts.trained_context, self.context_window)


def list_cards(services: Services) -> list[ModelCard]:
    """Return all models, the default one first, then the embedder, then the collections."""
    models = [_describe_entry(services, entry) for entry in services.models.list_models()]
    window = models[0].context_window if models else DEFAULT_WINDOW  # the default model writes their answers
    return [
        *models,
        _describe_embedder(services.embedding_model),
        *_describe_collections(services, window),
    ]


def list_instances(services: Services, domain: Domain) -> list[ModelCard]:
    """Return what answers now: the default model first, also while it is not loaded, and every collection.

    Code that takes the first one expects one: the default model is loaded when it is first asked.
    """
    cards = [card for card in list_cards(services) if card.domain == domain]
    return [card for index, card in enumerate(cards) if index == 0 or card.state == "loaded"]


def find_card(services: Services, key: str, domain: Domain | None = None) -> ModelCard:
    """Return a model by its key, in any case; raises `ModelNotFoundError`."""
    for card in list_cards(services):
        if card.key.casefold() == key.casefold() and domain in (None, card.domain):
            return card
    raise ModelNotFoundError(model=key)


def _describe_entry(services: Services, entry: ModelEntry) -> ModelCard:
    facts = read_facts(entry.path)
    return ModelCard(
        key=entry.id,
        domain="llm",
        path=_show_path(services, entry.path),
        size_bytes=entry.size_bytes,
        state=entry.state,
        facts=facts,
        context_window=_read_window(services, entry) or _choose_window(services, facts),
        format="safetensors" if entry.path.is_dir() else "gguf",
    )


def _read_window(services: Services, entry: ModelEntry) -> int:
    """Return the window of a model that is loaded, 0 of any other."""
    if not entry.is_loaded:
        return 0
    try:
        return services.models.open_engine(entry.id).info().context_window
    except RagError:  # it was unloaded since
        return 0


def _describe_embedder(model: EmbeddingModel) -> ModelCard:
    return ModelCard(
        key=model.id,
        domain="embedding",
        path=model.path.name,
        size_bytes=_measure(model.path),
        state="loaded",
        facts=read_facts(model.path),
        context_window=model.max_tokens,
        format="safetensors" if model.path.is_dir() else "gguf",
    )


def _describe_collections(services: Services, window: int) -> Iterator[ModelCard]:
    for key, _collection in name_collections(services):
        yield ModelCard(
            key=key,
            domain="llm",
            path=key,
            size_bytes=0,
            state="loaded",
            facts=ModelFacts(architecture="documents"),
            context_window=window,
            publisher="pincite",
            is_collection=True,
        )


def _choose_window(services: Services, facts: ModelFacts) -> int:
    """Return the window that a model is loaded with unless memory is short."""
    wanted = services.settings.rag.context_window or DEFAULT_WINDOW
    return min(wanted, facts.trained_context or wanted)


def _show_path(services: Services, path: Path) -> str:
    """Return the path below the folder of models, or the name alone of a model elsewhere."""
    folder = services.settings.home / "models"
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.name


def _measure(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else (path,)
    return sum(file.stat().st_size for file in files if file.is_file())
