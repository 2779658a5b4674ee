"""Have the model read small collections before anybody asks about them.

Where all documents of a collection fit the model's window, every question about them begins with the same prompt. The
default model reads it while it has nothing else to do, and keeps it on disk (`Engine.prepare`).
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
"""At the start, so many of the collections that were made last are read; later each that changes."""


class ReadingAhead:
    """A thread that looks for collections that have changed and has them read.

    `head_of` returns what all questions about a collection have in front, None where its documents do not fit or the
    model does not write. Nothing is read while the default model is not in memory: `is_loaded` says so.
    """

    def __init__(
        self,
        library: Library,
        head_of: Callable[[str], PromptPrefix | None],
        engine_for: Callable[[str | None], Engine],
        is_loaded: Callable[[], bool],
    ) -> None:
        self._library = library
        self._head_of = head_of
        self._engine_for = engine_for
        self._is_loaded = is_loaded
        self._read: dict[str, int] | None = None  # the generation of each collection that was looked at
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reading-ahead", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def close(self) -> None:
        """Look no more. What is being read ends with its model."""
        self._closing.set()

    def look(self) -> None:
        """Have every collection read that has changed since the last look, and whose documents are all taken in."""
        if not self._is_loaded():
            return
        collections = self._library.collections()
        if self._read is None:
            self._read = {collection.id: collection.generation for collection in collections[:-FIRST_COLLECTIONS]}
        for collection in collections:
            state = self._library.queue_state([collection.id])
            if self._closing.is_set() or state.queued or state.reading:
                continue
            if self._read.get(collection.id) != collection.generation:
                self._read[collection.id] = collection.generation
                self._read_ahead(collection.id)

    def _read_ahead(self, collection_id: str) -> None:
        engine = self._engine_for(None)
        if engine.info().is_remote:  # counting alone would send it documents that nobody has asked about
            return
        head = self._head_of(collection_id)
        if head is None:
            return
        try:
            tokens = engine.prefill(head.messages, documents=head.documents)
        finally:
            # A document that was removed meanwhile has taken with it what was there; this came later.
            self._library.remove_unused()
        logger.info("collection %s: %s tokens read ahead", collection_id, tokens)

    def _run(self) -> None:
        while not self._closing.wait(POLL_SECONDS):
            try:
                self.look()
            except (RagError, IngestError) as error:
                level = logging.DEBUG if self._closing.is_set() else logging.INFO
                logger.log(level, "nothing is read ahead: %s", error)
