"""Keeps models in memory for those who use them: loads, lends, makes room, and lets go of what nobody needs."""

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
from rag.models.factory import open_engine
from rag.models.memory_budget import Tenant, budget_bytes, leaving, predicted_bytes
from rag.settings import RagSettings

logger = logging.getLogger(__name__)

ROOM_PATIENCE_SECONDS = 5.0
"""So long a model that is to be loaded waits for others to end their answers where they leave it too little memory."""
SETTLE_SECONDS = 2.0
"""A model counts as in use so long after its last call: between two calls of one answer it must not be unloaded."""
LOOK_SECONDS = 0.25
LONGEST_LOOK_SECONDS = 30.0
LOADS_TOGETHER = 4
GIVEN_UP = "it was unloaded while it was loading"

ModelState = Literal["loaded", "loading", "not-loaded"]
Opener = Callable[[CatalogEntry, RagSettings], LoadableEngine]


@dataclass(eq=False, slots=True)
class _Held:
    """A model that is in memory, or on its way there. `size_bytes` is 0 until it was given room."""

    entry: CatalogEntry
    engine: LoadableEngine
    loading: Future[None] = field(default_factory=Future)
    users: int = 0
    size_bytes: int = 0
    last_used: float = field(default_factory=time.monotonic)

    @property
    def state(self) -> ModelState:
        if not self.loading.done():
            return "loading"
        return "loaded" if self.engine.is_loaded else "not-loaded"

    def is_idle(self, seconds: float) -> bool:
        """Return whether nobody has used it for so long."""
        is_free = self.users == 0 and self.loading.done()
        return is_free and time.monotonic() - self.last_used >= seconds


class ModelKeeper:
    """Keeps one engine for each model that is used. Safe to use from several threads.

    A model is loaded once for all who wait for it, in a thread that goes on when they leave. Models take no more
    memory together than their budget: idle ones make room, the least recently used first. Whoever uses a model keeps
    it in memory. One that was idle for `model_idle_minutes` is unloaded, unless `is_kept` says that it stays.
    """

    def __init__(
        self, settings: RagSettings, *, is_kept: Callable[[CatalogEntry], bool], opener: Opener = open_engine
    ) -> None:
        self._settings = settings
        self._is_kept = is_kept
        self._open = opener
        self._changed = threading.Condition()
        self._held: dict[Path, _Held] = {}
        self._threads = ThreadPoolExecutor(LOADS_TOGETHER, thread_name_prefix="load-model")
        self._budget = 0
        self._watch: threading.Thread | None = None
        self._is_closed = False

    def state(self, path: Path) -> tuple[ModelState, int]:
        """Return where a model is, and about how many bytes it takes."""
        with self._changed:
            held = self._held.get(path)
            if held is None or held.state == "not-loaded":
                return "not-loaded", 0
            return held.state, held.size_bytes

    @contextmanager
    def lent(self, entry: CatalogEntry, *, patience_seconds: float | None = None) -> Generator[LoadableEngine]:
        """Lend the engine of a model, loaded, which stays in memory meanwhile.

        Raises `ModelLoadError`, `NoRoomForModelError`, and `ModelLoadingError` where loading takes longer than the
        patience; None waits to the end.
        """
        held, loading = self._hold(entry)
        try:
            if loading not in wait([loading], patience_seconds).done:
                raise ModelLoadingError(model=entry.id)
            loading.result()
            yield held.engine
        finally:
            with self._changed:
                held.users -= 1
                held.last_used = time.monotonic()
                self._changed.notify_all()

    def unload(self, entry: CatalogEntry) -> None:
        """Take a model out of memory, or stop loading it; raises `ModelInUseError` while it answers somebody."""
        with self._changed:
            held = self._held.get(entry.path)
            if held is None:
                return
            if held.users and held.loading.done():
                raise ModelInUseError(model=entry.id)
            del self._held[entry.path]
        _unload(held, "on request")

    def close(self) -> None:
        """End every model, those that are loading too; whoever waits for one gets a `ModelLoadError`."""
        with self._changed:
            self._is_closed = True
            all_held = list(self._held.values())
            self._held.clear()
            self._changed.notify_all()
        for held in all_held:
            held.engine.close()
        self._threads.shutdown(wait=False)

    def _hold(self, entry: CatalogEntry) -> tuple[_Held, Future[None]]:
        """Count a user of a model; begin to load it where it is not in memory, or its process has ended."""
        with self._changed:
            if self._is_closed:
                raise ModelLoadError(model=entry.id, detail="Pincite is stopping")
            held = self._held.get(entry.path)
            is_new = held is None
            if held is None:
                held = self._held[entry.path] = _Held(entry, self._open(entry, self._settings))
            if is_new or held.state == "not-loaded":
                held.loading = self._threads.submit(self._load, held)
            held.users += 1
            self._start_watch()
            return held, held.loading

    def _load(self, held: _Held) -> None:
        try:
            self._make_room(held)
            held.engine.load()
        except BaseException as error:
            with self._changed:
                is_wanted = self._held.get(held.entry.path) is held
                if is_wanted:
                    del self._held[held.entry.path]  # the next request tries again
            held.engine.close()
            if not is_wanted:
                raise ModelLoadError(model=held.entry.id, detail=GIVEN_UP) from error
            raise
        with self._changed:
            held.last_used = time.monotonic()
        logger.info("model %s: loaded, takes about %s MB", held.entry.id, held.size_bytes // 1_000_000)

    def _make_room(self, held: _Held) -> None:
        """Unload what must leave for a model, and note what it will take."""
        deadline = time.monotonic() + ROOM_PATIENCE_SECONDS
        budget = self._budget_now(held)
        needed = predicted_bytes(held.entry, self._settings, budget)
        with self._changed:
            while (out := leaving(needed, budget, self._tenants(held))) is None:
                if time.monotonic() >= deadline:
                    raise NoRoomForModelError(model=held.entry.id)
                self._changed.wait(LOOK_SECONDS)
                self._check_wanted(held)
            self._check_wanted(held)
            left = [self._held.pop(tenant.path) for tenant in out]
            held.size_bytes = needed
        for each in left:
            _unload(each, f"to make room for {held.entry.id}")
        if needed > budget:
            warning = (
                "model %s may take %s MB, more than the %s MB that there are for models; it is loaded all the same"
            )
            logger.warning(warning, held.entry.id, needed // 1_000_000, budget // 1_000_000)

    def _check_wanted(self, held: _Held) -> None:
        if self._held.get(held.entry.path) is not held:
            raise ModelLoadError(model=held.entry.id, detail=GIVEN_UP)

    def _budget_now(self, held: _Held) -> int:
        # What is free is measured while no model takes any of it: file pages of a loaded one would count as free.
        with self._changed:
            if not self._tenants(held):
                self._budget = budget_bytes(self._settings)
            return self._budget

    def _tenants(self, newcomer: _Held) -> list[Tenant]:
        """Return what else takes memory."""
        return [
            Tenant(held.entry.path, held.size_bytes, held.is_idle(SETTLE_SECONDS), held.last_used)
            for held in self._held.values()
            if held is not newcomer and held.size_bytes and held.state != "not-loaded"
        ]

    def _start_watch(self) -> None:
        if self._watch is None and self._settings.model_idle_minutes:
            self._watch = threading.Thread(target=self._unload_unused, name="idle-models", daemon=True)
            self._watch.start()

    def _unload_unused(self) -> None:
        idle_seconds = self._settings.model_idle_minutes * 60
        while True:
            with self._changed:
                self._changed.wait(min(idle_seconds / 4, LONGEST_LOOK_SECONDS))
                if self._is_closed:
                    return
                unused = [held for held in self._held.values() if held.is_idle(idle_seconds)]
            for held in unused:
                self._unload_unless_kept(held, idle_seconds)

    def _unload_unless_kept(self, held: _Held, idle_seconds: float) -> None:
        try:
            is_kept = self._is_kept(held.entry)  # looks at the disk, so not under the lock
        except OSError as error:
            logger.warning("model %s: stays in memory, as the models cannot be listed: %s", held.entry.id, error)
            is_kept = True
        with self._changed:
            if is_kept:
                held.last_used = time.monotonic()
            is_out = not is_kept and held.is_idle(idle_seconds) and self._held.get(held.entry.path) is held
            if is_out:
                del self._held[held.entry.path]
        if is_out:
            _unload(held, "as nobody used it")


def _unload(held: _Held, why: str) -> None:
    held.engine.close()
    logger.info("model %s: unloaded %s", held.entry.id, why)
