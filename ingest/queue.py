"""Documents that wait to be read, worked off in the background."""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from ingest.errors import FileNotInLibraryError, IngestError, LibraryError
from ingest.library import Library
from ingest.pipeline import Ingestor, Progress
from ingest.types import DocumentRecord

logger = logging.getLogger(__name__)

Key = tuple[str, str]
"""Collection id and file id: one document."""


@dataclass(slots=True)
class _Job:
    """A document that waits or is worked on."""

    future: "Future[DocumentRecord | None]"
    progress: Progress = field(default_factory=lambda: Progress("waiting"))


class IngestQueue:
    """Reads queued documents, each once, as many at a time as there are parsers.

    The queue itself is in the library: a document stays `queued` there until it is done or failed, so
    `resume` finds what a stop (or a crash) has left.
    """

    def __init__(self, library: Library, ingestor: Ingestor) -> None:
        self._library = library
        self._ingestor = ingestor
        self._executor = ThreadPoolExecutor(max_workers=ingestor.width, thread_name_prefix="ingest")
        self._jobs: dict[Key, _Job] = {}
        self._changed: set[str] = set()  # collections with documents that their saved index does not have
        self._is_closed = False
        self._lock = threading.Lock()

    def resume(self) -> int:
        """Submit every document that is still queued in the library; return how many there are."""
        documents = self._library.queued_documents()
        for document in documents:
            self.submit(document)
        return len(documents)

    def submit(self, document: DocumentRecord) -> "Future[DocumentRecord | None]":
        """Read a document in the background, unless it waits or is read already.

        The future ends with the document as it stands then. Raises `LibraryError` once the queue is closed.
        """
        key = (document.collection_id, document.file_id)
        with self._lock:
            if self._is_closed:
                raise LibraryError(home=str(self._library.home), detail="it is being closed")
            if (job := self._jobs.get(key)) is not None:
                return job.future
            future = self._executor.submit(self._work, document)
            self._jobs[key] = _Job(future)
            return future

    def progress(self, collection_id: str, file_id: str) -> Progress | None:
        """Return how far a document is, or None where it neither waits nor is worked on."""
        with self._lock:
            job = self._jobs.get((collection_id, file_id))
            return None if job is None else job.progress

    @property
    def depth(self) -> int:
        """How many documents wait or are worked on."""
        with self._lock:
            return len(self._jobs)

    def close(self) -> None:
        """Stop after the documents that are being read now; the others stay queued in the library."""
        with self._lock:
            self._is_closed = True
        self._executor.shutdown(wait=False, cancel_futures=True)

    def _work(self, document: DocumentRecord) -> DocumentRecord | None:
        key = (document.collection_id, document.file_id)

        def report(progress: Progress) -> None:
            with self._lock:
                self._jobs[key].progress = progress

        try:
            result = self._process(document, report)
        finally:
            with self._lock:
                del self._jobs[key]
        self._save_index(document.collection_id, has_changed=result is not None and result.chunks > 0)
        self._submit_again(document)
        return result

    def _process(self, document: DocumentRecord, report: Callable[[Progress], None]) -> DocumentRecord | None:
        """Read a document; whatever goes wrong, it says so afterwards."""
        try:
            return self._ingestor.process(document, report)
        except Exception as error:
            if self._is_closed:  # and so is the library, in which nothing can be noted
                logger.info("%s stays queued: it was being read when the program stopped", document.file_id)
                raise
            logger.exception("%s was not read", document.file_id)
            what = str(error) if isinstance(error, IngestError) else f"{type(error).__name__}, see the log"
            return self._library.fail(document, f"something went wrong ({what}); add the document again")

    def _save_index(self, collection_id: str, *, has_changed: bool) -> None:
        """Save the index of a collection with the last of its documents."""
        with self._lock:
            if has_changed:
                self._changed.add(collection_id)
            if collection_id not in self._changed or any(key[0] == collection_id for key in self._jobs):
                return
            self._changed.discard(collection_id)
        try:
            self._ingestor.save_index(collection_id)
        except Exception:
            # The documents are stored; an index that is not saved is built again at the next start.
            logger.warning("the index of %s was not saved", collection_id, exc_info=True)

    def _submit_again(self, document: DocumentRecord) -> None:
        """Take up a document that was added again after it had failed and before it left the queue."""
        try:
            current = self._library.document(document.collection_id, document.file_id)
            if current.status == "queued":
                self.submit(current)
        except FileNotInLibraryError:
            return
        except LibraryError as error:
            logger.info("%s is left as it is: %s", document.file_id, error)
