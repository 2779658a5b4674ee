"""From a file to a searchable document: read, cut, embed, store."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from ingest.chunking import embedding_text
from ingest.errors import (
    CollectionExistsError,
    CollectionNotFoundError,
    FileNotInLibraryError,
    ParserLimitError,
    PassportMismatchError,
    ReaderFailedError,
    TextTooLongError,
    UnreadableFileError,
    WorkerCrashedError,
    WorkerError,
    WorkerFailedError,
    WorkerTimeoutError,
)
from ingest.library import Library
from ingest.parsers import PARSER_ERRORS
from ingest.search_index import SearchIndex
from ingest.types import ChunkedDocument, Collection, DocumentRecord, Embedder, EmbedderPassport
from ingest.workers import WorkerPool, WorkerSpec

logger = logging.getLogger(__name__)

Stage = Literal["waiting", "reading", "embedding", "storing"]
EMBED_SLICE = 64
"""Chunks between two reports of progress."""
PARSER_NICENESS = 10
"""Somebody waits for an answer; nobody waits for the next file."""
FILES_PER_PARSER = 200
"""Files that one parser process reads before a fresh one takes its place."""


class Progress(msgspec.Struct, frozen=True):
    """How far one document is: `done` of `total` chunks in the stage `embedding`, else 0 of 0."""

    stage: Stage
    done: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True)
class ParserLimits:
    """What reading one file may cost."""

    timeout_seconds: float
    memory_bytes: int


def parser_pool(*, tokenizer: str, max_tokens: int, limits: ParserLimits, size: int) -> WorkerPool:
    """Return the processes that read and cut files; none is started before the first file."""
    spec = WorkerSpec(
        name="parser",
        target="ingest.parsers.worker:main",
        options={"tokenizer": tokenizer, "max_tokens": max_tokens},
        errors=PARSER_ERRORS,
        memory_limit_bytes=limits.memory_bytes,
        niceness=PARSER_NICENESS,
    )
    return WorkerPool(spec, size=size, calls_per_process=FILES_PER_PARSER)


class Ingestor:
    """Makes documents searchable. One file that fails concerns nobody else. Safe to use from many threads."""

    def __init__(
        self,
        library: Library,
        parsers: WorkerPool,
        embedder: Embedder,
        index: SearchIndex,
        *,
        passport: EmbedderPassport,
        limits: ParserLimits,
    ) -> None:
        self._library = library
        self._parsers = parsers
        self._embedder = embedder
        self._index = index
        self._passport = passport
        self._limits = limits
        self.width = parsers.size
        """How many documents can be read at the same time."""

    def collection_for(self, name: str) -> Collection:
        """Return the collection of this name or id, made where there is none.

        Raises `PassportMismatchError` where it was embedded in another way than this ingestor would.
        """
        try:
            collection = self._library.collection(name)
        except CollectionNotFoundError:
            try:
                collection = self._library.create_collection(name, self._passport)
            except CollectionExistsError:  # somebody else was faster
                collection = self._library.collection(name)
        self.check_passport(collection)
        return collection

    def check_passport(self, collection: Collection) -> None:
        """Raise `PassportMismatchError` where a collection was embedded in another way than this ingestor would."""
        if collection.passport != self._passport:
            raise PassportMismatchError(
                collection=collection.name,
                stored=_described(collection.passport),
                current=_described(self._passport),
            )

    def process(
        self, document: DocumentRecord, on_progress: Callable[[Progress], None] = lambda _: None
    ) -> DocumentRecord | None:
        """Read, cut, embed and store a queued document; return it as it stands then.

        A document that cannot be read or embedded comes back with status `failed` and a reason; None means
        that it was removed meanwhile. Raises `LibraryError`: then the document stays queued.
        """
        try:
            current = self._library.document(document.collection_id, document.file_id)
            if current.status != "queued":
                return current
            on_progress(Progress("reading"))
            content = self._read(document)
            vectors = self._embed(content, on_progress)
        except FileNotInLibraryError:
            return None
        except (UnreadableFileError, TextTooLongError) as error:
            logger.info("%s cannot be read: %s", document.file_id, type(error).__name__)
            return self._library.fail(document, str(error))
        except WorkerError as error:
            logger.warning("%s was not read: %s", document.file_id, error)
            return self._library.fail(document, f"{error}; add the document again")
        on_progress(Progress("storing"))
        return self._library.complete(document, content, vectors)

    def save_index(self, collection_id: str) -> None:
        """Write the index of a collection to disk, so that the next start need not build it."""
        self._index.save(collection_id)

    def _read(self, document: DocumentRecord) -> ChunkedDocument:
        path = self._library.original_path(document.file_id)
        params = {"path": str(path), "filename": document.filename, "password": None}
        with self._parsers.lease() as parser:
            parser.start()  # one that cannot start is not the file's fault
            try:
                return parser.call("parse", params, ChunkedDocument, timeout_seconds=self._limits.timeout_seconds)
            except WorkerTimeoutError as error:
                detail = f"it took longer than {error.timeout_seconds:g} seconds (PINCITE_PARSER_TIMEOUT_SECONDS)"
                raise ParserLimitError(filename=document.filename, detail=detail) from error
            except WorkerCrashedError as error:
                detail = f"the process that read it ended ({error.how})"
                raise ParserLimitError(filename=document.filename, detail=detail) from error
            except WorkerFailedError as error:
                raise ReaderFailedError(filename=document.filename, detail=error.message) from error

    def _embed(self, content: ChunkedDocument, on_progress: Callable[[Progress], None]) -> NDArray[np.float32]:
        texts = [embedding_text(chunk) for chunk in content.chunks]
        slices = [np.empty((0, self._embedder.dimension), dtype=np.float32)]
        for start in range(0, len(texts), EMBED_SLICE):
            on_progress(Progress("embedding", start, len(texts)))
            slices.append(self._embed_slice(texts[start : start + EMBED_SLICE]))
        return np.concatenate(slices)

    def _embed_slice(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embed some texts, once more where the embedder's process died of something else."""
        try:
            return self._embedder.embed(texts)
        except WorkerError as error:
            logger.warning("embedding is tried again: %s", error)
            return self._embedder.embed(texts)


def _described(passport: EmbedderPassport) -> str:
    return f"{passport.model} {passport.revision[:12]} ({passport.dimension} dimensions, {passport.chunker})"
