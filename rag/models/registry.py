"""The models that can answer, found by their names."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rag.engines.openai.server import server_of
from rag.errors import ModelNotFoundError
from rag.models.catalog import CatalogEntry, find_models, named_entry
from rag.models.factory import open_engine
from rag.models.leased_engine import ServedEngine
from rag.models.manager import ModelKeeper, ModelState, Opener
from rag.settings import RagSettings


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """A model that can be used, and whether it is in memory, where it takes about `memory_bytes`."""

    id: str
    kind: Literal["llm"]
    path: Path
    size_bytes: int
    state: ModelState
    memory_bytes: int = 0

    @property
    def is_loaded(self) -> bool:
        """Whether it answers without being loaded first."""
        return self.state == "loaded"


class Models:
    """Finds models and keeps those in memory that are used. Safe to use from several threads.

    A request waits `patience_seconds` for a model that is being loaded; None waits to the end.
    """

    def __init__(
        self, settings: RagSettings, *, patience_seconds: float | None = None, opener: Opener = open_engine
    ) -> None:
        self._settings = settings
        self._patience_seconds = patience_seconds
        self._server = server_of(settings)
        self._keeper = ModelKeeper(settings, is_kept=self._is_kept, opener=opener)

    def entries(self) -> list[ModelEntry]:
        """Return every model that can be used, the default one first."""
        return [
            ModelEntry(found.id, "llm", found.path, found.size_bytes, *self._keeper.state(found.path))
            for found in self._found()
        ]

    def default_id(self) -> str:
        """Return the model that answers where none is named; raise `ModelNotFoundError` where there is none."""
        return self._find(None).id

    def engine(self, model: str | None) -> ServedEngine:
        """Return the engine of a model, loaded, for one request; None names the default.

        Raises `ModelNotFoundError`, `ModelLoadError`, `ModelLoadingError` or `NoRoomForModelError`. Other models stay
        usable while one loads.
        """
        entry = self._find(model)
        with self._keeper.lent(entry, patience_seconds=self._patience_seconds):
            return ServedEngine(self._keeper, entry, patience_seconds=self._patience_seconds)

    def load(self, model: str | None) -> str:
        """Load a model, however long that takes, and return its id; None names the default.

        Raises `ModelNotFoundError`, `ModelLoadError` or `NoRoomForModelError`.
        """
        entry = self._find(model)
        with self._keeper.lent(entry):
            return entry.id

    def unload(self, model: str) -> str:
        """Take a model out of memory, unless it is not there, and return its id.

        Raises `ModelNotFoundError`, and `ModelInUseError` while it is answering.
        """
        entry = self._find(model)
        self._keeper.unload(entry)
        return entry.id

    def close(self) -> None:
        """End the process of every loaded model."""
        self._keeper.close()

    def _is_kept(self, entry: CatalogEntry) -> bool:
        """Say whether a model stays however long it is idle: the default one, and a server's, which takes no memory."""
        chosen = self._chosen(self._listed())
        return entry.kind == "remote" or (chosen is not None and entry.path == chosen.path)

    def _find(self, model: str | None) -> CatalogEntry:
        entry = self._chosen(self._listed()) if model is None else _with_id(self._found(), model)
        if entry is None:
            raise ModelNotFoundError(model=model or self._settings.model or "default")
        return entry

    def _found(self) -> list[CatalogEntry]:
        """Return the catalog with the default model at its head."""
        listed = self._listed()
        chosen = self._chosen(listed)
        if chosen is None:
            return listed
        return [chosen, *(entry for entry in listed if entry.id != chosen.id and entry.path != chosen.path)]

    def _listed(self) -> list[CatalogEntry]:
        return find_models(self._settings.home, self._server)

    def _chosen(self, listed: Sequence[CatalogEntry]) -> CatalogEntry | None:
        """Return the model that answers where none is named; None where the setting names none that exists."""
        wanted = self._settings.model
        if wanted is None:
            return listed[0] if listed else None
        return named_entry(wanted) or _with_id(listed, wanted)


def _with_id(entries: Iterable[CatalogEntry], wanted: str) -> CatalogEntry | None:
    return next((entry for entry in entries if entry.id.lower() == wanted.lower()), None)
