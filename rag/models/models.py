"""The models that can answer, and the engines of those that are loaded."""

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rag.errors import ModelNotFoundError
from rag.models.catalog import CatalogEntry, entry_for, find_models
from rag.models.opening import open_engine
from rag.settings import RagSettings
from rag.types import LoadableEngine


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """A model that can be used. `loaded` says whether it is in memory now."""

    id: str
    kind: Literal["llm"]
    path: Path
    size_bytes: int
    loaded: bool


class Models:
    """Finds models and keeps one engine for each that was asked for. Safe to use from several threads."""

    def __init__(self, settings: RagSettings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._engines: dict[Path, LoadableEngine] = {}

    def entries(self) -> list[ModelEntry]:
        """Return every model that can be used, the default one first."""
        with self._lock:
            loaded = {path for path, engine in self._engines.items() if engine.is_loaded}
        return [
            ModelEntry(found.id, "llm", found.path, found.size_bytes, found.path in loaded) for found in self._found()
        ]

    def default_id(self) -> str:
        """Return the model that answers where none is named; raise `ModelNotFoundError` where there is none."""
        return self._find(None).id

    def engine(self, model: str | None) -> LoadableEngine:
        """Return the engine of a model, loaded; None names the default.

        Raises `ModelNotFoundError` or `ModelLoadError`. Other models stay usable while one loads.
        """
        entry = self._find(model)
        with self._lock:
            if entry.path not in self._engines:
                self._engines[entry.path] = open_engine(entry, self._settings)
            engine = self._engines[entry.path]
        engine.load()
        return engine

    def close(self) -> None:
        """End the process of every loaded model."""
        with self._lock:
            for engine in self._engines.values():
                engine.close()

    def _find(self, model: str | None) -> CatalogEntry:
        found = self._found()
        if model is None and self._settings.model is None and found:
            return found[0]
        wanted = model or self._settings.model or "default"
        for entry in found:
            if entry.id == wanted.lower() or (model is None and entry.path == _as_path(wanted)):
                return entry
        raise ModelNotFoundError(model=wanted)

    def _found(self) -> list[CatalogEntry]:
        """Return the catalog with the configured model, if one is, at its head."""
        found = find_models(self._settings.home)
        wanted = self._settings.model
        if wanted is None:
            return found
        path = _as_path(wanted)
        if path.is_file():
            chosen = entry_for(path)
            return [chosen, *(entry for entry in found if entry.id != chosen.id and entry.path != chosen.path)]
        return sorted(found, key=lambda entry: entry.id != wanted.lower())


def _as_path(model: str) -> Path:
    return Path(model).expanduser().resolve()
