"""Documents that wait to be read, worked off in the background."""

import logging
import threading
from concurrent.futures import Future, ThreadPoolExecutor

from ingest.errors import IngestError
from ingest.library import Library
from ingest.pipeline import Ingestor, Progress
from ingest.types import DocumentRecord

logger = logging.getLogger(__name__)


class IngestQueue:
    """Reads queued documents, as many at once as there are parsers.

    The queue itself is in the library: a document stays `queued` there until it is done or failed, so
    `resume` finds what a stop (or a crash) has left.
    """

    def __init__(self, library: Library, ingestor: Ingestor) -> None:
        self._library = library
        self._ingestor = ingestor
        self._executor = ThreadPoolExecutor(max_workers=ingestor.width, thread_name_prefix="ingest")
        self._progress: dict[tuple[str, str], Progress] = {}
        self._lock = threading.Lock()

    def resume(self) -> int:
        """Submit every document that is still queued in the library; return how many there are."""
        documents = self._library.queued_documents()
        for document in documents:
            self.submit(document)
        return len(documents)

    def submit(self, document: DocumentRecord) -> "Future[DocumentRecord | None]":
        """Read a document in the background; its future ends with the document as it stands then."""
        key = (document.collection_id, document.file_id)
        with self._lock:
            self._progress[key] = Progress("waiting")
        return self._executor.submit(self._work, document)

    def progress(self, collection_id: str, file_id: str) -> Progress | None:
        """Return how far a document is, or None where it neither waits nor is worked on."""
        with self._lock:
            return self._progress.get((collection_id, file_id))

    @property
    def depth(self) -> int:
        """How many documents wait or are worked on."""
        with self._lock:
            return len(self._progress)

    def close(self) -> None:
        """Stop after the documents that are being read now; the others stay queued in the library."""
        self._executor.shutdown(wait=False, cancel_futures=True)

    def _work(self, document: DocumentRecord) -> DocumentRecord | None:
        key = (document.collection_id, document.file_id)

        def report(progress: Progress) -> None:
            with self._lock:
                self._progress[key] = progress

        try:
            result = self._ingestor.process(document, report)
        except IngestError:
            logger.exception("%s stays queued", document.file_id)
            raise
        finally:
            with self._lock:
                self._progress.pop(key, None)
                is_last = not self._progress
        if is_last and result is not None:
            self._ingestor.save_index(document.collection_id)
        return result
