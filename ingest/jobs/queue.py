"""The ingestion queue: one process of all that use a home reads the queued documents in the background."""

import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from ingest.errors import CollectionNotFoundError, IngestError, LibraryError
from ingest.jobs.pipeline import Ingestor
from ingest.jobs.turns import TURN_SECONDS, Turns
from ingest.library.library import Library
from ingest.storage.reader_lock import ReaderLock
from ingest.types import DocumentRecord

logger = logging.getLogger(__name__)

BACK_OFF_SECONDS = 15.0
POLL_SECONDS = 0.5
"""The library is polled so often for documents that another process queued, and for a lock that is free."""


@dataclass(slots=True)
class _Reading:
    """A document that is read now; `is_long` if it has had its turn (see `ingest.jobs.turns`)."""

    document: DocumentRecord
    is_long: bool = False
    started: float = field(default_factory=time.monotonic)

    @property
    def is_turn_over(self) -> bool:
        """Whether others that wait come first now."""
        return time.monotonic() - self.started > TURN_SECONDS


class IngestQueue:
    """Reads queued documents in their order, as many at a time as there are parsers.

    A document that takes long makes place for others, and one that was cancelled, paused or removed loses its parser
    at once.

    The queue itself is stored in the library, so that every process sees the same one and a kill loses nothing. The
    process with the `ReaderLock` reads; the others leave their documents to it, and take over when it is gone.
    """

    def __init__(self, library: Library, ingestor: Ingestor) -> None:
        self._library = library
        self._ingestor = ingestor
        self._lock = ReaderLock(library.home, ingestor.passport)
        self._executor = ThreadPoolExecutor(max_workers=ingestor.width + ingestor.spare, thread_name_prefix="ingest")
        self._turns = Turns(ingestor.width, ingestor.spare)
        self._reading: dict[str, _Reading] = {}  # by claim
        self._yielded: set[str] = set()  # keys of the documents that made place for others
        self._changed: set[str] = set()  # collections with documents that are not in their index snapshot
        self._state = threading.Condition()
        self._is_closed = False
        self._is_woken = False
        self._may_be_half_read = True
        self._waits_until = 0.0
        self._dispatcher: threading.Thread | None = None

    def start(self) -> None:
        """Start to read in the background, first what a stop or a crash left; does nothing the second time.

        A library that can only be read has nothing to be read into.
        """
        if self._library.is_read_only:
            return
        with self._state:
            if self._dispatcher is None and not self._is_closed:
                self._dispatcher = threading.Thread(target=self._dispatch, name="ingest-queue", daemon=True)
                self._dispatcher.start()

    @property
    def is_started(self) -> bool:
        """Whether this process reads in the background, or waits for its turn to."""
        return self._dispatcher is not None

    def wake(self) -> None:
        """Poll the library at once."""
        with self._state:
            self._is_woken = True
            self._state.notify_all()

    def close(self) -> None:
        """Stop. Documents that are being read go back into the queue and are read at the next start."""
        with self._state:
            self._is_closed = True
            self._state.notify_all()
        if self._dispatcher is not None:
            self._dispatcher.join()
        with self._state:
            reading = [reading.document for reading in self._reading.values()]
        # Without documents in work, at most an index is being saved.
        self._executor.shutdown(wait=not reading, cancel_futures=True)
        for document in reading:
            self._give_back(document)
        self._lock.release()

    def _dispatch(self) -> None:
        while not self._is_closed:
            try:
                if time.monotonic() >= self._waits_until and self._lock.acquire():
                    self._recover_once()
                    self._library.set_hindrance("")
                    self._stop_documents()
                    self._start_documents()
            except (LibraryError, OSError) as error:
                self._back_off(error)
            self._wait()

    def _recover_once(self) -> None:
        """Put back documents that were half read when a process ended or the library could not be written."""
        if self._may_be_half_read and not self._reading:
            self._library.recover(self._ingestor.passport)
            self._may_be_half_read = False

    def _back_off(self, error: Exception) -> None:
        """Wait a while before the next attempt to write to a library that cannot be written; its disk may be full."""
        logger.warning("the queue waits for %s seconds: %s", BACK_OFF_SECONDS, error)
        self._library.set_hindrance(_describe_hindrance(error))
        self._may_be_half_read = True
        self._waits_until = time.monotonic() + BACK_OFF_SECONDS

    def _stop_documents(self) -> None:
        """End the parsers of documents that were cancelled, paused or removed, and of those that yield their place."""
        readings = self._list_readings()
        if not readings:
            return
        over = [reading for reading in readings if not reading.is_long and reading.is_turn_over]
        if over:
            has_others = self._library.has_queued(self._ingestor.passport, without=self._yielded)
            for reading in over:
                if self._turns.must_yield(long=self._count_long(), has_others=has_others):
                    logger.info("%s makes place for others", reading.document.file_id)
                    self._yielded.add(reading.document.key)
                    self._library.release(reading.document)
                else:
                    reading.is_long = True
        claims = self._library.find_claims()
        for reading in readings:
            if reading.document.claim not in claims:
                self._ingestor.stop(reading.document.claim)

    def _start_documents(self) -> None:
        """Claim and start documents while there is a place for one."""
        while not self._is_closed:
            long = self._count_long()
            if not self._turns.has_place(short=len(self._reading) - long, long=long):
                return
            if (document := self._claim(long)) is None:
                return
            with self._state:
                self._reading[document.claim] = _Reading(document, is_long=document.key in self._yielded)
            self._yielded.discard(document.key)
            self._executor.submit(self._work, document)

    def _claim(self, long: int) -> DocumentRecord | None:
        """Claim the next document: one that yielded if it is its turn, else the oldest of the others."""
        passport = self._ingestor.passport
        if self._yielded:
            has_others = self._library.has_queued(passport, without=self._yielded)
            if self._turns.may_resume(long=long, has_others=has_others):
                if (document := self._library.claim(passport, among=self._yielded)) is not None:
                    return document
                self._yielded.clear()  # they were removed, cancelled or paused
        return self._library.claim(passport, without=self._yielded)

    def _list_readings(self) -> list["_Reading"]:
        with self._state:
            return list(self._reading.values())

    def _count_long(self) -> int:
        return sum(reading.is_long for reading in self._list_readings())

    def _wait(self) -> None:
        with self._state:
            if not self._is_woken and not self._is_closed:
                self._state.wait(POLL_SECONDS)
            self._is_woken = False

    def _work(self, document: DocumentRecord) -> None:
        try:
            result = self._process(document)
        finally:
            with self._state:
                del self._reading[document.claim]
        self._save_index(document.collection_id, has_changed=result is not None and result.chunks > 0)
        self.wake()

    def _process(self, document: DocumentRecord) -> DocumentRecord | None:
        """Read a document; whatever goes wrong is its status afterwards."""
        try:
            return self._ingestor.process(document, beside=len(self._reading))
        except Exception as error:
            if self._is_closed:  # the library is closed too: nothing can be written
                logger.info("%s was being read when the program stopped", document.file_id)
                return None
            if isinstance(error, LibraryError):  # not the document's fault: it is read when the library can be written
                self._back_off(error)
                self._give_back(document)
                return None
            logger.exception("%s was not read", document.file_id)
            return self._fail(document, error)

    def _fail(self, document: DocumentRecord, error: Exception) -> DocumentRecord | None:
        detail = str(error) if isinstance(error, IngestError) else f"{type(error).__name__}, see the log"
        try:
            return self._library.fail(
                document, f"something went wrong ({detail}); add the document again", "server_error"
            )
        except LibraryError:
            logger.exception("%s is left as it is", document.file_id)
            return None

    def _give_back(self, document: DocumentRecord) -> None:
        try:
            self._library.release(document)
        except LibraryError as error:  # the next start finds it half read
            logger.info("%s stays as it is: %s", document.file_id, error)

    def _save_index(self, collection_id: str, *, has_changed: bool) -> None:
        """Save the index of a collection after the last of its queued documents."""
        with self._state:
            if has_changed:
                self._changed.add(collection_id)
            is_last = not any(reading.document.collection_id == collection_id for reading in self._reading.values())
        try:
            if not is_last or collection_id not in self._changed:
                return
            state = self._library.queue_state([collection_id])
            if state.queued or state.reading:  # one that was claimed a moment ago is not in `_reading` yet
                return
            with self._state:
                self._changed.discard(collection_id)
            self._ingestor.save_index(collection_id)
        except CollectionNotFoundError:
            logger.info("the index of %s went with its collection", collection_id)
        except LibraryError as error:  # a full disk, or a library that was closed meanwhile
            logger.log(logging.INFO if self._is_closed else logging.WARNING, "no index was saved: %s", error)
        except Exception:
            # The documents are stored; an index that is not saved is built again at the next start.
            level = logging.INFO if self._is_closed else logging.WARNING
            logger.log(level, "the index of %s was not saved", collection_id, exc_info=True)


def _describe_hindrance(error: Exception) -> str:
    """Return why documents wait: what the library or the disk refused."""
    what = error.detail if isinstance(error, LibraryError) else str(error)
    return f"it waits, because the library cannot be written: {what}"
