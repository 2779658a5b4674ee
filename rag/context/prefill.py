"""Prefill the prompt prefixes of small collections in the background, before anybody asks about them.

If all documents of a collection fit the context window, every question about them has the same prompt prefix. The
default model prefills it while it is idle, and its prefix cache keeps the KV cache on disk (`Engine.prefill`).
"""

import logging
import threading
from collections.abc import Callable

from ingest.errors import IngestError
from ingest.library.library import Library
from rag.engines.types import Engine
from rag.errors import RagError
from rag.types import PromptPrefix

logger = logging.getLogger(__name__)

POLL_SECONDS = 2.0
FIRST_COLLECTIONS = 8
"""At the start it prefills so many of the newest collections; later each one that changes."""


class BackgroundPrefill:
    """A thread that watches for collections that have changed and prefills their prompt prefixes.

    `build_prefix` returns the prompt prefix of a collection, None if its documents do not fit or the model does not
    write. It prefills nothing while the default model is not in memory: `is_loaded` says so.
    """

    def __init__(
        self,
        library: Library,
        build_prefix: Callable[[str], PromptPrefix | None],
        engine_for: Callable[[str | None], Engine],
        is_loaded: Callable[[], bool],
    ) -> None:
        self._library = library
        self._build_prefix = build_prefix
        self._engine_for = engine_for
        self._is_loaded = is_loaded
        self._generations: dict[str, int] | None = None  # of each collection when it was prefilled
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="prefill", daemon=True)

    def start(self) -> None:
        """Start watching."""
        self._thread.start()

    def close(self) -> None:
        """Stop watching. A prefill under way ends with its model."""
        self._closing.set()

    def prefill_changed(self) -> None:
        """Prefill every collection that has changed since the last call and has no document in the queue."""
        if not self._is_loaded():
            return
        collections = self._library.collections()
        if self._generations is None:
            older = collections[:-FIRST_COLLECTIONS]
            self._generations = {collection.id: collection.generation for collection in older}
        for collection in collections:
            state = self._library.queue_state([collection.id])
            if self._closing.is_set() or state.queued or state.reading:
                continue
            if self._generations.get(collection.id) != collection.generation:
                self._generations[collection.id] = collection.generation
                self._prefill(collection.id)

    def _prefill(self, collection_id: str) -> None:
        engine = self._engine_for(None)
        if engine.info().is_remote:  # counting alone would send it documents that nobody has asked about
            return
        prefix = self._build_prefix(collection_id)
        if prefix is None:
            return
        try:
            tokens = engine.prefill(prefix.messages, documents=prefix.documents)
        finally:
            # Removing a document has removed the prefix cache files of that time; this prefill may have come later.
            self._library.remove_unused()
        logger.info("collection %s: %s tokens prefilled", collection_id, tokens)

    def _run(self) -> None:
        while not self._closing.wait(POLL_SECONDS):
            try:
                self.prefill_changed()
            except (RagError, IngestError) as error:
                level = logging.DEBUG if self._closing.is_set() else logging.INFO
                logger.log(level, "nothing was prefilled: %s", error)
