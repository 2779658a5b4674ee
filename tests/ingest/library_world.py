"""Take a document into a library the whole way, without parsers or models."""

import io
from pathlib import Path

from ingest.library import Library
from ingest.types import ChunkedDocument, DocumentRecord
from tests.fakes import HashEmbedder

EMBEDDER = HashEmbedder()


def add(library: Library, collection_id: str, source: str, content: ChunkedDocument) -> DocumentRecord:
    """Take a document the whole way, its file's bytes being its text."""
    body = io.BytesIO(content.document.text.encode())
    file = library.add_file(source=source, filename=Path(source).name, content=body)
    document = library.enqueue(collection_id, file.id)
    vectors = EMBEDDER.embed([chunk.text for chunk in content.chunks])
    stored = library.complete(document, content, vectors)
    assert stored is not None
    return stored
