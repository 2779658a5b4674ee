"""Take a document into a library the whole way, without parsers or models."""

import io
import threading
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ingest.errors import FileNotInLibraryError
from ingest.library.library import Library
from ingest.types import ChunkedDocument, DocumentFacts, DocumentRecord, IndexChanges, QueueState
from tests.fakes import HashEmbedder

EMBEDDER = HashEmbedder()
WAIT_SECONDS = 60
_one_at_a_time = threading.Lock()


def add(library: Library, collection_id: str, source: str, content: ChunkedDocument) -> DocumentRecord:
    """Take a document the whole way, its file's bytes being its text."""
    body = io.BytesIO(content.document.text.encode())
    file = library.add_file(source=source, filename=Path(source).name, content=body)
    stored = complete(library, library.enqueue(collection_id, file.id), content)
    assert stored is not None
    return stored


def claimed(library: Library, document: DocumentRecord) -> DocumentRecord:
    """Return a queued document as the queue gets it when its turn has come."""
    deadline = time.monotonic() + WAIT_SECONDS
    while (found := _claim(library, document)) is None:  # somebody else reads the same content
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return found


def _claim(library: Library, document: DocumentRecord) -> DocumentRecord | None:
    passport = library.collection(document.collection_id).passport
    before: list[DocumentRecord] = []
    with _one_at_a_time:
        while (current := library.claim(passport)) is not None:
            if (current.collection_id, current.file_id) == (document.collection_id, document.file_id):
                break
            before.append(current)
        for other in before:
            library.release(other)
    return current


def complete(
    library: Library,
    document: DocumentRecord,
    content: ChunkedDocument,
    vectors: NDArray[np.float32] | None = None,
) -> DocumentRecord | None:
    """Store all of a queued document at once; do nothing where it does not wait (any more)."""
    try:
        with _one_at_a_time:  # meanwhile another thread may hold it for a moment, looking for its own
            current = library.document(document.collection_id, document.file_id)
    except FileNotInLibraryError:
        return None
    if current.status != "queued":
        return current
    if vectors is None:
        vectors = EMBEDDER.embed([chunk.text for chunk in content.chunks])
    return library.complete(claimed(library, document), content, vectors, facts_of(content))


def facts_of(content: ChunkedDocument) -> DocumentFacts:
    """Return what a document tells of itself."""
    told = content.document
    return DocumentFacts(told.title, told.media_type, told.unit, told.warnings, told.metadata)


def wait_until_read(library: Library, seconds: float = WAIT_SECONDS) -> QueueState:
    """Wait until nothing is queued or read any more."""
    deadline = time.monotonic() + seconds
    while (state := library.queue_state()).queued or state.reading:
        assert time.monotonic() < deadline, state
        time.sleep(0.02)
    return state


def all_rows(library: Library, collection_id: str) -> IndexChanges:
    """Return everything that a search in a collection can find in one piece, the ids in rising order."""
    parts = list(library.read_changes(collection_id, 0))
    added = np.array([id_ for part in parts for id_ in part.added], dtype=np.int64)
    order = np.argsort(added)
    vectors = [part.vectors for part in parts if part.added]
    return IndexChanges(
        parts[-1].generation if parts else 0,
        [id_ for part in parts for id_ in part.removed],
        [int(id_) for id_ in added[order]],
        np.concatenate(vectors)[order] if vectors else np.empty((0, 0), dtype=np.float32),
    )
