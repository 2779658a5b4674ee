"""Ingest the corpus of an evaluation set: chunk, embed and store it like every document.

No parser runs, because gold spans are offsets in the texts of the corpus.
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
"""Documents whose chunks are embedded in one call: small calls are slow."""


Chunker = Callable[[ParsedDocument], Sequence[Chunk]]
"""Splits a document into chunks."""


class CorpusIngester:
    """Ingests corpora into a library that nothing else uses."""

    def __init__(self, library: Library, embedder: Embedder, *, passport: EmbedderPassport, chunker: Chunker) -> None:
        self._library = library
        self._embedder = embedder
        self._passport = passport
        self._chunker = chunker

    def ingest(self, documents: Sequence[EvalDocument], track: ProgressTracker) -> Collection:
        """Return the collection of these documents; a complete one of an earlier run is reused."""
        try:
            collection = self._library.collection(COLLECTION)
        except CollectionNotFoundError:
            collection = self._library.create_collection(COLLECTION, self._passport)
        if len(self._library.documents(collection.id, statuses=["done"])) == len(documents):
            return collection
        self._library.delete_collection(collection.id)  # an earlier run was interrupted
        collection = self._library.create_collection(COLLECTION, self._passport)
        groups = [documents[start : start + GROUP_DOCUMENTS] for start in range(0, len(documents), GROUP_DOCUMENTS)]
        for group in track(groups, "reading"):
            self._ingest_group(collection, group)
        return collection

    def _ingest_group(self, collection: Collection, group: Sequence[EvalDocument]) -> None:
        documents = {self._enqueue(collection, document): self._chunk(document) for document in group}
        vectors = self._embedder.embed(
            [contextualize(chunk) for document in documents.values() for chunk in document.chunks]
        )
        rows: dict[str, slice] = {}
        row = 0
        for file_id, document in documents.items():
            rows[file_id] = slice(row, row + len(document.chunks))
            row += len(document.chunks)
        while (claimed := self._library.claim(self._passport)) is not None:
            document = documents[claimed.file_id]
            facts = DocumentFacts(document.document.title, document.document.media_type)
            self._library.complete(claimed, document, vectors[rows[claimed.file_id]], facts)

    def _enqueue(self, collection: Collection, document: EvalDocument) -> str:
        content = msgspec.json.encode([document.id, document.title, document.text])
        file = self._library.add_file(source=document.id, filename=document.id, content=io.BytesIO(content))
        return self._library.enqueue(collection.id, file.id).file_id

    def _chunk(self, document: EvalDocument) -> ChunkedDocument:
        page = Page(1, 0, len(document.text))
        parsed = ParsedDocument(document.title, "text/plain", document.text, (page,))
        return ChunkedDocument(parsed, tuple(self._chunker(parsed)))
