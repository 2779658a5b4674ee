"""Read a collection anew, hidden beside the one that answers meanwhile, and put it in that one's place."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from ingest.errors import CollectionNotFoundError, RebuildLosesError, RebuildPausedError
from ingest.library.library import Library
from ingest.storage import documents, rebuilds
from ingest.storage.home import delete_unused_files
from ingest.storage.rebuilds import RebuildState
from ingest.types import Collection, EmbedderPassport

POLL_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class RebuildResult:
    """The result of a rebuild; `is_new` is False if there was nothing to rebuild."""

    collection: Collection
    is_new: bool
    read: int = 0
    failed: int = 0
    lost: tuple[str, ...] = ()


class Rebuild:
    """Reads one collection again, with another embedder or newer parsers. A new object goes on with a started rebuild.

    Raises `CollectionNotFoundError` if the collection was deleted, and `LibraryError`.
    """

    def __init__(self, library: Library, name_or_id: str, passport: EmbedderPassport) -> None:
        self._library = library
        self._storage = library.storage
        self._passport = passport
        self._old = library.collection(name_or_id)

    @property
    def is_needed(self) -> bool:
        """Whether the collection has another passport, or documents that older parsers have read."""
        with self._storage.database.read() as db:
            return self._old.passport != self._passport or documents.count_outdated(db, self._old.id) > 0

    def start(self) -> None:
        """Queue the documents that are not read yet, and those that failed at the last attempt."""
        if (hidden := self._hidden()) is not None and hidden.passport != self._passport:
            self.cancel()  # it was started for yet another embedder
        with self._storage.database.write() as db:
            hidden = rebuilds.find(db, self._old) or rebuilds.begin(db, self._old, self._passport)
            rebuilds.fill(db, self._old, hidden, again=True)

    def state(self) -> RebuildState | None:
        """Return how far the rebuild is; None if it was finished or cancelled elsewhere."""
        with self._storage.database.read() as db:
            hidden = rebuilds.find(db, self._old)
            return None if hidden is None else rebuilds.read_state(db, self._old, hidden)

    def finish(self, *, force: bool = False) -> RebuildResult | None:
        """Replace the old collection; None if documents are still to be read.

        Raises `RebuildLosesError` if a document that could be read before cannot any more, unless `force`.
        """
        orphans: list[str] = []
        with self._storage.database.write() as db:
            if (hidden := rebuilds.find(db, self._old)) is None:
                return self._over()
            rebuilds.fill(db, self._old, hidden)
            state = rebuilds.read_state(db, self._old, hidden)
            if not state.waiting:
                if state.lost and not force:
                    raise RebuildLosesError(collection=self._old.name, files=list(state.lost))
                members = rebuilds.swap(db, self._old, hidden)
                orphans = delete_unused_files(db, self._old.owner, members)
        if state.waiting:
            return None
        self._storage.remove_unused(orphans)
        return RebuildResult(self._library.collection(self._old.id), True, state.read, state.failed, state.lost)

    def cancel(self) -> bool:
        """Cancel the rebuild; the old collection stays as it is. False if there was none."""
        if (hidden := self._hidden()) is None:
            return False
        self._library.delete_collection(hidden.id)
        return True

    def _hidden(self) -> Collection | None:
        with self._storage.database.read() as db:
            return rebuilds.find(db, self._old)

    def _over(self) -> RebuildResult:
        """Return the result of a rebuild that another process has finished; raises if it was cancelled."""
        collection = self._library.collection(self._old.id)
        if collection.passport != self._passport:
            raise CollectionNotFoundError(collection=f"the rebuild of {self._old.name}")
        return RebuildResult(collection, is_new=False)


def rebuild(
    library: Library,
    name_or_id: str,
    passport: EmbedderPassport,
    *,
    force: bool = False,
    on_progress: Callable[[RebuildState], None] = lambda _: None,
) -> RebuildResult:
    """Rebuild a collection while a queue of this passport reads, in this process or another; wait for the end.

    Raises `RebuildPausedError`, `RebuildLosesError`, `CollectionNotFoundError` and `LibraryError`. What was read
    until then is kept, so that the next call goes on from there.
    """
    work = Rebuild(library, name_or_id, passport)
    if not work.is_needed:
        return RebuildResult(library.collection(name_or_id), is_new=False)
    work.start()
    while True:
        if (state := work.state()) is not None:
            on_progress(state)
        if (state is None or not state.in_work) and (result := work.finish(force=force)) is not None:
            return result
        if library.queue_state().is_paused:
            raise RebuildPausedError(collection=name_or_id)
        time.sleep(POLL_SECONDS)
