"""The models in memory: each is loaded once, leased to requests, and evicted when idle or when another needs room."""

import logging
import threading
import time
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from rag.engines.types import LoadableEngine
from rag.errors import ModelInUseError, ModelLoadError, ModelLoadingError, NoRoomForModelError
from rag.models.catalog import CatalogEntry
from rag.models.eviction import ResidentModel, choose_evictions
from rag.models.factory import create_engine
from rag.models.load_overrides import LoadOverrides
from rag.models.memory_budget import predict_memory, read_memory_budget
from rag.settings import RagSettings

logger = logging.getLogger(__name__)

ROOM_TIMEOUT_SECONDS = 5.0
"""A new model waits so long for others to end their answers if they leave it too little memory."""
SETTLE_SECONDS = 2.0
"""A model counts as in use so long after its last call: it must not be evicted between two calls of one answer."""
ROOM_POLL_SECONDS = 0.25
IDLE_POLL_SECONDS = 30.0
MAX_CONCURRENT_LOADS = 4
UNLOADED_WHILE_LOADING = "it was unloaded while it was loading"

ModelState = Literal["loaded", "loading", "not-loaded"]
EngineFactory = Callable[[CatalogEntry, RagSettings], LoadableEngine]


@dataclass(eq=False, slots=True)
class _ManagedModel:
    """A model that is in memory or being loaded. `size_bytes` is 0 until room was made for it."""

    entry: CatalogEntry
    engine: LoadableEngine
    settings: RagSettings
    loading: Future[None] = field(default_factory=Future)
    leases: int = 0
    size_bytes: int = 0
    last_used: float = field(default_factory=time.monotonic)

    @property
    def state(self) -> ModelState:
        if not self.loading.done():
            return "loading"
        return "loaded" if self.engine.is_loaded else "not-loaded"

    def is_idle(self, seconds: float) -> bool:
        """Return whether no request has used the model for so long."""
        is_free = self.leases == 0 and self.loading.done()
        return is_free and time.monotonic() - self.last_used >= seconds


class ModelManager:
    """Holds one engine for each model in use. Safe to use from several threads.

    A model is loaded once for all requests that wait for it, in a thread that goes on when they leave. Together the
    models take no more memory than their budget: a new one evicts idle ones, the least recently used first. A leased
    model is never evicted. A model that was idle for `model_idle_minutes` is unloaded, unless `is_exempt`.
    """

    def __init__(
        self,
        settings: RagSettings,
        *,
        is_exempt: Callable[[CatalogEntry], bool],
        create_engine: EngineFactory = create_engine,
    ) -> None:
        self._settings = settings
        self._is_exempt = is_exempt
        self._create_engine = create_engine
        self._changed = threading.Condition()
        self._models: dict[Path, _ManagedModel] = {}
        self._loaders = ThreadPoolExecutor(MAX_CONCURRENT_LOADS, thread_name_prefix="load-model")
        self._budget_bytes = 0
        self._idle_watch: threading.Thread | None = None
        self._is_closed = False

    def read_state(self, path: Path) -> tuple[ModelState, int]:
        """Return the state of a model, and about how many bytes it takes."""
        with self._changed:
            model = self._models.get(path)
            if model is None or model.state == "not-loaded":
                return "not-loaded", 0
            return model.state, model.size_bytes

    @contextmanager
    def lease(
        self, entry: CatalogEntry, *, patience_seconds: float | None = None, overrides: LoadOverrides | None = None
    ) -> Generator[LoadableEngine]:
        """Lend the engine of a model, loaded; the model is not evicted meanwhile.

        With `overrides` a model that is loaded otherwise is loaded anew; None takes it as it is. Raises
        `ModelLoadError`, `NoRoomForModelError`, `ModelInUseError` if it cannot be loaded anew now, and
        `ModelLoadingError` if loading takes longer than `patience_seconds`; None waits until it is loaded.
        """
        if overrides is not None:
            self._unload_other(entry, overrides)
        model, loading = self._acquire(entry, overrides or LoadOverrides())
        try:
            if loading not in wait([loading], patience_seconds).done:
                raise ModelLoadingError(model=entry.id)
            loading.result()
            yield model.engine
        finally:
            with self._changed:
                model.leases -= 1
                model.last_used = time.monotonic()
                self._changed.notify_all()

    def unload(self, entry: CatalogEntry) -> None:
        """Unload a model, or stop loading it; nothing if it is not loaded. Raises `ModelInUseError` if it is leased."""
        with self._changed:
            model = self._models.get(entry.path)
            if model is None:
                return
            if model.leases and model.loading.done():
                raise ModelInUseError(model=entry.id)
            del self._models[entry.path]
        _close(model, "on request")

    def _unload_other(self, entry: CatalogEntry, overrides: LoadOverrides) -> None:
        """Unload a model unless it is loaded as `overrides` say."""
        with self._changed:
            model = self._models.get(entry.path)
            is_other = model is not None and model.settings != overrides.apply(self._settings)
        if is_other:
            self.unload(entry)

    def close(self) -> None:
        """End every model, those being loaded included; requests that wait for one get a `ModelLoadError`."""
        with self._changed:
            self._is_closed = True
            models = list(self._models.values())
            self._models.clear()
            self._changed.notify_all()
        for model in models:
            model.engine.close()
        self._loaders.shutdown(wait=False)

    def _acquire(self, entry: CatalogEntry, overrides: LoadOverrides) -> tuple[_ManagedModel, Future[None]]:
        """Count one more lease; start to load the model if it is not in memory or its process has ended."""
        with self._changed:
            if self._is_closed:
                raise ModelLoadError(model=entry.id, detail="Pincite is stopping")
            model = self._models.get(entry.path)
            is_new = model is None
            if model is None:
                settings = overrides.apply(self._settings)
                model = _ManagedModel(entry, self._create_engine(entry, settings), settings)
                self._models[entry.path] = model
            if is_new or model.state == "not-loaded":
                model.loading = self._loaders.submit(self._load, model)
            model.leases += 1
            self._start_idle_watch()
            return model, model.loading

    def _load(self, model: _ManagedModel) -> None:
        try:
            self._make_room(model)
            model.engine.load()
        except BaseException as error:
            with self._changed:
                is_current = self._models.get(model.entry.path) is model
                if is_current:
                    del self._models[model.entry.path]  # the next request tries again
            model.engine.close()
            if not is_current:
                raise ModelLoadError(model=model.entry.id, detail=UNLOADED_WHILE_LOADING) from error
            raise
        with self._changed:
            model.last_used = time.monotonic()
        logger.info("model %s: loaded, takes about %s MB", model.entry.id, model.size_bytes // 1_000_000)

    def _make_room(self, model: _ManagedModel) -> None:
        """Evict what has to make room for a model, and set the bytes that it will take."""
        deadline = time.monotonic() + ROOM_TIMEOUT_SECONDS
        budget_bytes = self._measure_budget(model)
        needed_bytes = predict_memory(model.entry, model.settings, budget_bytes)
        with self._changed:
            while (evictions := choose_evictions(needed_bytes, budget_bytes, self._list_residents(model))) is None:
                if time.monotonic() >= deadline:
                    raise NoRoomForModelError(model=model.entry.id)
                self._changed.wait(ROOM_POLL_SECONDS)
                self._check_current(model)
            self._check_current(model)
            evicted = [self._models.pop(resident.path) for resident in evictions]
            model.size_bytes = needed_bytes
        for other in evicted:
            _close(other, f"to make room for {model.entry.id}")
        if needed_bytes > budget_bytes:
            logger.warning(
                "model %s may take %s MB, more than the %s MB of the memory budget for models; it is loaded anyway",
                model.entry.id,
                needed_bytes // 1_000_000,
                budget_bytes // 1_000_000,
            )

    def _check_current(self, model: _ManagedModel) -> None:
        if self._models.get(model.entry.path) is not model:
            raise ModelLoadError(model=model.entry.id, detail=UNLOADED_WHILE_LOADING)

    def _measure_budget(self, model: _ManagedModel) -> int:
        # Measured only while no other model is loaded: the file pages of a loaded one would count as free memory.
        with self._changed:
            if not self._list_residents(model):
                self._budget_bytes = read_memory_budget(self._settings)
            return self._budget_bytes

    def _list_residents(self, newcomer: _ManagedModel) -> list[ResidentModel]:
        """Return the other models that take memory."""
        return [
            ResidentModel(model.entry.path, model.size_bytes, model.is_idle(SETTLE_SECONDS), model.last_used)
            for model in self._models.values()
            if model is not newcomer and model.size_bytes and model.state != "not-loaded"
        ]

    def _start_idle_watch(self) -> None:
        if self._idle_watch is None and self._settings.model_idle_minutes:
            self._idle_watch = threading.Thread(target=self._watch_idle_models, name="idle-models", daemon=True)
            self._idle_watch.start()

    def _watch_idle_models(self) -> None:
        idle_seconds = self._settings.model_idle_minutes * 60
        while True:
            with self._changed:
                self._changed.wait(min(idle_seconds / 4, IDLE_POLL_SECONDS))
                if self._is_closed:
                    return
                idle = [model for model in self._models.values() if model.is_idle(idle_seconds)]
            for model in idle:
                self._unload_idle(model, idle_seconds)

    def _unload_idle(self, model: _ManagedModel, idle_seconds: float) -> None:
        try:
            is_exempt = self._is_exempt(model.entry)  # reads the disk, so not under the lock
        except OSError as error:
            logger.warning("model %s: stays loaded, because the models cannot be listed: %s", model.entry.id, error)
            is_exempt = True
        with self._changed:
            if is_exempt:
                model.last_used = time.monotonic()
            is_current = self._models.get(model.entry.path) is model
            is_evicted = not is_exempt and is_current and model.is_idle(idle_seconds)
            if is_evicted:
                del self._models[model.entry.path]
        if is_evicted:
            _close(model, "because it was idle")


def _close(model: _ManagedModel, why: str) -> None:
    model.engine.close()
    logger.info("model %s: unloaded %s", model.entry.id, why)
