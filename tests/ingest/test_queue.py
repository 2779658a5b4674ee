"""The queue: every document is read once and comes to an end, whatever goes wrong."""

import io
import logging
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from ingest.errors import LibraryError
from ingest.library import Library
from ingest.pipeline import Ingestor, Progress
from ingest.queue import IngestQueue
from ingest.types import DocumentRecord
from tests.fakes import chunked, passport

Step = Callable[[DocumentRecord], DocumentRecord | None]


class ScriptedIngestor(Ingestor):
    """An ingestor that has each document read by a function, and notes what it was asked."""

    def __init__(self, library: Library, step: Step | None = None) -> None:
        self._library = library
        self._step = step or self.store
        self.width = 2
        self.processed: list[str] = []
        self.saved: list[str] = []

    def store(self, document: DocumentRecord) -> DocumentRecord | None:
        return self._library.complete(document, chunked(document.filename), np.ones((1, 256), dtype=np.float32))

    def process(
        self, document: DocumentRecord, on_progress: Callable[[Progress], None] = lambda _: None
    ) -> DocumentRecord | None:
        self.processed.append(document.filename)
        on_progress(Progress("reading"))
        return self._step(document)

    def save_index(self, collection_id: str) -> None:
        self.saved.append(self._library.collection(collection_id).name)


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    opened = Library(tmp_path / "home")
    for name in ("c", "d"):
        opened.create_collection(name, passport())
    yield opened
    opened.close()


def enqueue(library: Library, name: str, collection: str = "c") -> DocumentRecord:
    file = library.add_file(source=name, filename=name, content=io.BytesIO(name.encode()))
    return library.enqueue(library.collection(collection).id, file.id)


def test_an_accident_fails_the_document_and_is_logged(library: Library, caplog: pytest.LogCaptureFixture) -> None:
    def stumble(_: DocumentRecord) -> None:
        raise ZeroDivisionError("an accident")

    queue = IngestQueue(library, ScriptedIngestor(library, stumble))
    result = queue.submit(enqueue(library, "a.txt")).result(timeout=10)

    assert result is not None
    assert (result.status, result.reason) == (
        "failed",
        "something went wrong (ZeroDivisionError, see the log); add the document again",
    )
    assert "an accident" in caplog.text
    assert queue.depth == 0
    queue.close()


def test_an_index_that_cannot_be_saved_leaves_the_document_done(
    library: Library, caplog: pytest.LogCaptureFixture
) -> None:
    class FullDisk(ScriptedIngestor):
        def save_index(self, collection_id: str) -> None:
            raise LibraryError(home="home", detail="no space left on device")

    queue = IngestQueue(library, FullDisk(library))
    result = queue.submit(enqueue(library, "a.txt")).result(timeout=10)
    assert result is not None
    assert result.status == "done"
    assert "no space left" in caplog.text
    queue.close()


def test_every_collection_that_changed_is_saved_once(library: Library) -> None:
    may_go = threading.Event()

    def step(document: DocumentRecord) -> DocumentRecord | None:
        may_go.wait(10)
        if document.filename == "broken.txt":
            return library.fail(document, "damaged")
        return ingestor.store(document)

    ingestor = ScriptedIngestor(library, step)
    queue = IngestQueue(library, ingestor)
    names = [("a.txt", "c"), ("b.txt", "d"), ("a.txt", "d"), ("broken.txt", "c")]
    futures = [queue.submit(enqueue(library, name, collection)) for name, collection in names]
    may_go.set()
    for future in futures:
        future.result(timeout=10)
    assert sorted(ingestor.saved) == ["c", "d"]
    queue.close()


def test_a_document_that_is_submitted_twice_is_read_once(library: Library) -> None:
    may_go = threading.Event()

    def step(document: DocumentRecord) -> DocumentRecord | None:
        may_go.wait(10)
        return ingestor.store(document)

    ingestor = ScriptedIngestor(library, step)
    queue = IngestQueue(library, ingestor)
    document = enqueue(library, "a.txt")
    futures = [queue.submit(document) for _ in range(2)]
    may_go.set()
    assert futures[0].result(timeout=10) == futures[1].result(timeout=10)
    assert ingestor.processed == ["a.txt"]
    queue.close()


def test_a_document_that_is_added_again_just_after_it_failed_is_read_again(library: Library) -> None:
    is_read = threading.Event()

    def step(document: DocumentRecord) -> DocumentRecord | None:
        if len(ingestor.processed) == 1:
            failed = library.fail(document, "damaged")
            queue.submit(enqueue(library, "a.txt"))  # another thread, before this one has left
            return failed
        done = ingestor.store(document)
        is_read.set()
        return done

    ingestor = ScriptedIngestor(library, step)
    queue = IngestQueue(library, ingestor)
    queue.submit(enqueue(library, "a.txt")).result(timeout=10)
    assert is_read.wait(10)
    assert [document.status for document in library.documents()] == ["done"]
    queue.close()


def test_a_closed_queue_takes_nothing_and_counts_nothing(library: Library) -> None:
    queue = IngestQueue(library, ScriptedIngestor(library))
    queue.close()
    with pytest.raises(LibraryError, match="being closed"):
        queue.submit(enqueue(library, "a.txt"))
    assert queue.depth == 0
    assert [document.status for document in library.documents()] == ["queued"]


def test_a_stop_in_the_middle_leaves_the_document_queued_without_a_fuss(
    library: Library, caplog: pytest.LogCaptureFixture
) -> None:
    def step(document: DocumentRecord) -> DocumentRecord | None:
        queue.close()
        library.close()
        return ingestor.store(document)

    caplog.set_level(logging.WARNING)
    ingestor = ScriptedIngestor(library, step)
    queue = IngestQueue(library, ingestor)
    future = queue.submit(enqueue(library, "a.txt"))
    with pytest.raises(LibraryError):
        future.result(timeout=10)
    again = Library(library.home)
    assert [document.status for document in again.documents()] == ["queued"]
    assert caplog.text == ""
    again.close()
