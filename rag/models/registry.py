"""The language models by name: which exist, which one answers by default, and the engine of each."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rag.engines.openai.client import server_from_settings
from rag.engines.types import Engine
from rag.errors import ModelNotFoundError
from rag.models.catalog import CatalogEntry, find_models, resolve_entry
from rag.models.factory import create_engine
from rag.models.leased_engine import LeasedEngine
from rag.models.load_overrides import LoadOverrides
from rag.models.manager import EngineFactory, ModelManager, ModelState
from rag.models.unloaded_engine import UnloadedEngine
from rag.settings import RagSettings


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """A model that can be used and its state; a loaded one takes about `memory_bytes`."""

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


class ModelRegistry:
    """Finds models by name and keeps those in use in memory. Safe to use from several threads.

    A request waits `patience_seconds` for a model that is being loaded; None waits until it is loaded.
    """

    def __init__(
        self,
        settings: RagSettings,
        *,
        patience_seconds: float | None = None,
        create_engine: EngineFactory = create_engine,
    ) -> None:
        self._settings = settings
        self._patience_seconds = patience_seconds
        self._server = server_from_settings(settings)
        self._manager = ModelManager(settings, is_exempt=self._is_exempt, create_engine=create_engine)

    def list_models(self) -> list[ModelEntry]:
        """Return every model that can be used, the default one first."""
        return [
            ModelEntry(entry.id, "llm", entry.path, entry.size_bytes, *self._manager.read_state(entry.path))
            for entry in self._list_entries()
        ]

    def find_default_id(self) -> str:
        """Return the id of the model that answers if none is named; raise `ModelNotFoundError` if there is none."""
        return self._find(None).id

    def open_engine(self, model: str | None) -> LeasedEngine:
        """Return the engine of a model, loaded, for one request; None names the default.

        Raises `ModelNotFoundError`, `ModelLoadError`, `ModelLoadingError` or `NoRoomForModelError`. Other models stay
        usable while one loads.
        """
        entry = self._find(model)
        with self._manager.lease(entry, patience_seconds=self._patience_seconds):
            return LeasedEngine(self._manager, entry, patience_seconds=self._patience_seconds)

    def preview_engine(self, model: str | None) -> Engine:
        """Return the engine of a model without waiting for it: as its files tell it, unless it is loaded.

        Raises `ModelNotFoundError`.
        """
        entry = self._find(model)
        if self._manager.read_state(entry.path)[0] == "loaded":
            return self.open_engine(model)
        return UnloadedEngine(entry, self._settings.context_window, lambda: self.open_engine(model))

    def load(self, model: str | None, overrides: LoadOverrides | None = None) -> str:
        """Load a model, however long that takes, and return its id; None names the default.

        A model that is loaded otherwise than `overrides` say is loaded anew. Raises `ModelNotFoundError`,
        `ModelLoadError`, `NoRoomForModelError`, or `ModelInUseError` if it answers just now and has to be loaded anew.
        """
        entry = self._find(model)
        with self._manager.lease(entry, overrides=overrides):
            return entry.id

    def unload(self, model: str) -> str:
        """Unload a model if it is loaded, and return its id.

        Raises `ModelNotFoundError`, and `ModelInUseError` while it is answering.
        """
        entry = self._find(model)
        self._manager.unload(entry)
        return entry.id

    def close(self) -> None:
        """End the process of every loaded model."""
        self._manager.close()

    def _is_exempt(self, entry: CatalogEntry) -> bool:
        """Return whether a model stays loaded however long it is idle: the default, and remote ones (no memory)."""
        default = self._choose_default(self._read_catalog())
        return entry.kind == "remote" or (default is not None and entry.path == default.path)

    def _find(self, model: str | None) -> CatalogEntry:
        if model is None:
            entry = self._choose_default(self._read_catalog())
        else:
            entry = _find_by_id(self._list_entries(), model)
        if entry is None:
            raise ModelNotFoundError(model=self._name_default() if model is None else model)
        return entry

    def _name_default(self) -> str:
        """Return the setting without the folders of a path, which are the server's own business."""
        name = self._settings.model or "default"
        return Path(name).name if Path(name).is_absolute() else name

    def _list_entries(self) -> list[CatalogEntry]:
        """Return the catalog with the default model first."""
        catalog = self._read_catalog()
        default = self._choose_default(catalog)
        if default is None:
            return catalog
        return [default, *(entry for entry in catalog if entry.id != default.id and entry.path != default.path)]

    def _read_catalog(self) -> list[CatalogEntry]:
        return find_models(self._settings.home, self._server)

    def _choose_default(self, catalog: Sequence[CatalogEntry]) -> CatalogEntry | None:
        """Return the model that answers if none is named; None if the setting names none that exists."""
        name = self._settings.model
        if name is None:
            return catalog[0] if catalog else None
        return resolve_entry(name) or _find_by_id(catalog, name)


def _find_by_id(entries: Iterable[CatalogEntry], model_id: str) -> CatalogEntry | None:
    return next((entry for entry in entries if entry.id.lower() == model_id.lower()), None)
