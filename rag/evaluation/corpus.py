"""Take the corpus of an evaluation set into a library: cut, embedded and stored as every document is.

The texts go in as they are, without a parser, because spans count in them.
"""

import io
from collections.abc import Callable, Sequence

import msgspec

from ingest.chunking.chunker import contextualize
from ingest.errors import CollectionNotFoundError
from ingest.library.library import Library
from ingest.types import (
    Chunk,
    ChunkedDocument,
    Collection,
    DocumentFacts,
    Embedder,
    EmbedderPassport,
    Page,
    ParsedDocument,
)
from rag.evaluation.types import EvalDocument, ProgressTracker

COLLECTION = "evaluation"
GROUP_DOCUMENTS = 32
"""Documents whose chunks are embedded together: an embedder that is given a few texts at a time is slow."""


Chunker = Callable[[ParsedDocument], Sequence[Chunk]]
"""How documents are cut into chunks."""


class CorpusIngester:
    """Fills a library that nobody else uses."""

    def __init__(self, library: Library, embedder: Embedder, *, passport: EmbedderPassport, chunker: Chunker) -> None:
        self._library = library
        self._embedder = embedder
        self._passport = passport
        self._chunker = chunker

    def ingest(self, documents: Sequence[EvalDocument], track: ProgressTracker) -> Collection:
        """Return the collection of these documents; one that an earlier run has completed is used as it is."""
        try:
            collection = self._library.collection(COLLECTION)
        except CollectionNotFoundError:
            collection = self._library.create_collection(COLLECTION, self._passport)
        if len(self._library.documents(collection.id, "done")) == len(documents):
            return collection
        self._library.delete_collection(collection.id)  # an earlier run was cut off
        collection = self._library.create_collection(COLLECTION, self._passport)
        groups = [documents[start : start + GROUP_DOCUMENTS] for start in range(0, len(documents), GROUP_DOCUMENTS)]
        for group in track(groups, "reading"):
            self._take_group(collection, group)
        return collection

    def _take_group(self, collection: Collection, group: Sequence[EvalDocument]) -> None:
        cut = {self._enqueue(collection, document): self._chunked(document) for document in group}
        vectors = self._embedder.embed([contextualize(chunk) for piece in cut.values() for chunk in piece.chunks])
        rows: dict[str, slice] = {}
        row = 0
        for file_id, piece in cut.items():
            rows[file_id] = slice(row, row + len(piece.chunks))
            row += len(piece.chunks)
        while (claimed := self._library.claim(self._passport)) is not None:
            piece = cut[claimed.file_id]
            facts = DocumentFacts(piece.document.title, piece.document.media_type)
            self._library.complete(claimed, piece, vectors[rows[claimed.file_id]], facts)

    def _enqueue(self, collection: Collection, document: EvalDocument) -> str:
        content = msgspec.json.encode([document.id, document.title, document.text])
        file = self._library.add_file(source=document.id, filename=document.id, content=io.BytesIO(content))
        return self._library.enqueue(collection.id, file.id).file_id

    def _chunked(self, document: EvalDocument) -> ChunkedDocument:
        page = Page(1, 0, len(document.text))
        parsed = ParsedDocument(document.title, "text/plain", document.text, (page,))
        return ChunkedDocument(parsed, tuple(self._chunker(parsed)))
