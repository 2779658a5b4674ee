"""From a file to a searchable document: read, cut, embed, store, piece by piece."""

import logging
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from ingest.chunking.chunker import contextualize
from ingest.errors import (
    CollectionExistsError,
    CollectionNotFoundError,
    EncryptedFileError,
    FileNotInLibraryError,
    ParserLimitError,
    PassportMismatchError,
    ReaderFailedError,
    TextTooLongError,
    UnreadableFileError,
    UnsupportedFormatError,
    WorkerCrashedError,
    WorkerError,
    WorkerFailedError,
    WorkerTimeoutError,
)
from ingest.index.search_index import SearchIndex
from ingest.library.library import Library
from ingest.parsers import PARSER_ERRORS, NextPiece
from ingest.runtime.prefetch import prefetch
from ingest.runtime.supervisor import Worker
from ingest.runtime.worker_pool import WorkerPool
from ingest.runtime.worker_process import WorkerSpec
from ingest.storage.jobs import MAX_TRIES
from ingest.types import (
    ChunkedDocument,
    Collection,
    DocumentFacts,
    DocumentRecord,
    Embedder,
    EmbedderPassport,
    Failure,
    Progress,
)

logger = logging.getLogger(__name__)

SLICE_CHUNKS = 128
"""Chunks that are embedded and stored at once; between two slices a document can be paused or cancelled."""
PARSER_NICENESS = 10
"""Somebody waits for an answer; nobody waits for the next file."""
FILES_PER_PARSER = 200
"""Files that one parser process reads before a fresh one takes its place."""


@dataclass(frozen=True, slots=True)
class ParserLimits:
    """What reading one file may cost."""

    timeout_seconds: float
    memory_bytes: int


def parser_pool(
    *, tokenizer: str, max_tokens: int, limits: ParserLimits, size: int, with_ocr: bool = True
) -> WorkerPool:
    """Return the processes that read and cut files; none is started before the first file."""
    spec = WorkerSpec(
        name="parser",
        target="ingest.parsers.worker:main",
        options={"tokenizer": tokenizer, "max_tokens": max_tokens, "with_ocr": with_ocr},
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
        self.passport = passport
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
                collection = self._library.create_collection(name, self.passport)
            except CollectionExistsError:  # somebody else was faster
                collection = self._library.collection(name)
        self.check_passport(collection)
        return collection

    def check_passport(self, collection: Collection) -> None:
        """Raise `PassportMismatchError` where a collection was embedded in another way than this ingestor would."""
        if collection.passport != self.passport:
            raise PassportMismatchError(
                collection=collection.name,
                stored=_described(collection.passport),
                current=_described(self.passport),
            )

    def process(self, document: DocumentRecord, *, beside: int = 1) -> DocumentRecord | None:
        """Read, cut, embed and store a document that was claimed; return it as it stands then.

        A document that cannot be read or embedded comes back with status `failed` and a reason; None means
        that it was removed, paused or cancelled meanwhile. `beside` documents are read at the same time, which
        is for the estimate alone. Raises `LibraryError`: then the document is still being read for the library.
        """
        started = time.monotonic()
        try:
            if (copied := self._library.complete_from_copy(document)) is not None:
                return copied
            return self._read_until_it_lives(document, started, beside)
        except FileNotInLibraryError:
            return None
        except (UnreadableFileError, TextTooLongError) as error:
            logger.info("%s cannot be read: %s", document.file_id, type(error).__name__)
            return self._library.fail(document, str(error), _failure(error))
        except WorkerError as error:
            logger.warning("%s was not read: %s", document.file_id, error)
            return self._library.fail(document, f"{error}; add the document again", "server_error")

    def save_index(self, collection_id: str) -> None:
        """Write the index of a collection to disk, so that the next start need not build it."""
        self._index.save(collection_id)

    def _read_until_it_lives(self, document: DocumentRecord, started: float, beside: int) -> DocumentRecord | None:
        """Read a document, once more where its reader died: that may have been for want of memory."""
        while True:
            try:
                return self._read_and_store(document, started, beside)
            except _ReaderDiedError as error:
                tries = self._library.restart(document)
                if tries >= MAX_TRIES:
                    detail = f"the process that read it ended ({error.how}), {tries} times"
                    raise ParserLimitError(filename=document.filename, detail=detail) from error
                logger.warning("%s is read once more: its reader ended (%s)", document.file_id, error.how)

    def _read_and_store(self, document: DocumentRecord, started: float, beside: int) -> DocumentRecord | None:
        told = _Told()
        with self._parsers.lease() as parser, closing(prefetch(self._pieces(document, parser))) as pieces:
            waiting: _Part | None = None
            for piece in pieces:
                for part in told.parts(piece):
                    if waiting is not None and not self._store(document, waiting):
                        return None
                    waiting = part
        assert waiting is not None  # noqa: S101 (a parser returns at least one piece)
        vectors = self._embed(waiting.piece)
        seconds = (time.monotonic() - started) / beside
        return self._library.complete(document, waiting.piece, vectors, told.facts(), seconds)

    def _store(self, document: DocumentRecord, part: "_Part") -> bool:
        return self._library.append(document, part.piece, self._embed(part.piece), part.progress)

    def _pieces(self, document: DocumentRecord, parser: Worker) -> Iterator[ChunkedDocument]:
        """Yield what the parser makes of a file, as far as it gets."""
        path = self._library.original_path(document.file_id)
        password = self._library.password(document.file_id)
        params = {"path": str(path), "filename": document.filename, "password": password}
        limit = self._limits.timeout_seconds
        parser.start()  # one that cannot start is not the file's fault
        try:
            piece = parser.call("parse", params, NextPiece, timeout_seconds=limit).piece
            while piece is not None:
                yield piece
                piece = parser.call("more", {}, NextPiece, timeout_seconds=limit).piece
        except WorkerTimeoutError as error:
            detail = f"it took longer than {error.timeout_seconds:g} seconds (PINCITE_PARSER_TIMEOUT_SECONDS)"
            raise ParserLimitError(filename=document.filename, detail=detail) from error
        except WorkerCrashedError as error:
            raise _ReaderDiedError(worker=error.worker, how=error.how) from error
        except WorkerFailedError as error:
            raise ReaderFailedError(filename=document.filename, detail=error.message) from error

    def _embed(self, piece: ChunkedDocument) -> NDArray[np.float32]:
        """Return the vectors of a part's chunks; tried twice, as the embedder may have died of something else."""
        texts = [contextualize(chunk) for chunk in piece.chunks]
        if not texts:
            return np.empty((0, self._embedder.dimension), dtype=np.float32)
        try:
            return self._embedder.embed(texts)
        except WorkerError as error:
            logger.warning("embedding is tried again: %s", error)
            return self._embedder.embed(texts)


class _ReaderDiedError(WorkerCrashedError):
    """The parser ended while it read a file; the embedder's process is another matter."""


@dataclass(frozen=True, slots=True)
class _Part:
    """What is stored in one step: a piece, or some of its chunks."""

    piece: ChunkedDocument
    progress: Progress


@dataclass(slots=True)
class _Told:
    """What the pieces of a document have told of the whole so far."""

    first: ChunkedDocument | None = None
    warnings: dict[str, None] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)

    def parts(self, piece: ChunkedDocument) -> Iterator[_Part]:
        """Yield a piece in parts of at most `SLICE_CHUNKS` chunks; the first of them has the pages."""
        document, chunks = piece.document, piece.chunks
        self.first = self.first or piece
        self.warnings.update(dict.fromkeys(document.warnings))
        self.metadata = {**document.metadata, **self.metadata}
        without_pages = replace(document, pages=(), text="")
        for start in range(0, max(len(chunks), 1), SLICE_CHUNKS):
            end = min(start + SLICE_CHUNKS, len(chunks))
            if document.total_pages:
                progress = Progress("reading", document.pages[-1].number, document.total_pages)
            else:
                progress = Progress("embedding", end, len(chunks))
            yield _Part(ChunkedDocument(without_pages if start else document, chunks[start:end]), progress)

    def facts(self) -> DocumentFacts:
        """Return what is known of the whole document in the end."""
        assert self.first is not None  # noqa: S101 (called after the last piece)
        told = self.first.document
        return DocumentFacts(told.title, told.media_type, told.unit, tuple(self.warnings), self.metadata)


def _failure(error: Exception) -> Failure:
    """Return for programs why a file was not read."""
    if isinstance(error, EncryptedFileError):
        return "needs_password"
    return "unsupported_file" if isinstance(error, UnsupportedFormatError) else "invalid_file"


def _described(passport: EmbedderPassport) -> str:
    return f"{passport.model} {passport.revision[:12]} ({passport.dimension} dimensions, {passport.chunker})"
