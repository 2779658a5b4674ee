"""The ingestion pipeline, from a file to a searchable document: parse, chunk, embed, store, piece by piece."""

import logging
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.chunking.chunker import contextualize
from ingest.errors import (
    CollectionExistsError,
    CollectionNotFoundError,
    EncryptedFileError,
    FileNotInLibraryError,
    NoOpenFileError,
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
from ingest.jobs.parser_leases import ParserLeases, StoppedError
from ingest.library.library import Library
from ingest.parsers import PARSER_ERRORS, NextPiece
from ingest.principals import EVERY_OWNER
from ingest.runtime.child_process import WorkerSpec
from ingest.runtime.confinement import Confinement
from ingest.runtime.effort import OUT_OF_TIME
from ingest.runtime.prefetch import prefetch
from ingest.runtime.supervisor import Worker
from ingest.runtime.wait_limit import Allowance
from ingest.runtime.worker_pool import WorkerPool
from ingest.storage.jobs import MAX_TRIES
from ingest.text.pieces import choose_separator
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
"""Chunks that are embedded and stored in one transaction; between two a document can be paused or cancelled."""
PARSER_NICENESS = 10
"""Answers come before ingestion: a person waits for them."""
MAX_ATTEMPTS = 3
"""A document is read so often if the embedder's process dies or gives no answer, which it may on a slow machine."""
FILES_PER_PARSER = 200
"""Files that a parser process reads before a fresh one replaces it."""
SPARE_PARSERS = 1
"""Parsers beyond those that work at the same time, so that no document waits for those that take long."""


@dataclass(frozen=True, slots=True)
class ParserLimits:
    """How long a parser may run for one piece of a file and for the whole of it, and how much memory it may use.

    `cpu_seconds` is the processor time for a piece of a small file; see `ingest.parsers.worker`.
    """

    timeout_seconds: float
    memory_bytes: int
    file_seconds: float = 900.0
    cpu_seconds: float = 10.0


def create_parser_pool(
    *,
    tokenizer: str,
    max_tokens: int,
    limits: ParserLimits,
    size: int,
    originals: Path,
    scratch: Path,
    spare: int = 0,
    with_ocr: bool = True,
) -> WorkerPool:
    """Return the processes that parse and chunk files; none is started before the first file.

    They read the files below `originals` and keep temporary ones in `scratch`; see `ingest.runtime.confinement`.
    """
    spec = WorkerSpec(
        name="parser",
        target="ingest.parsers.worker:main",
        options={
            "tokenizer": tokenizer,
            "max_tokens": max_tokens,
            "with_ocr": with_ocr,
            "cpu_seconds": limits.cpu_seconds,
        },
        errors=PARSER_ERRORS,
        memory_limit_bytes=limits.memory_bytes,
        niceness=PARSER_NICENESS,
        confinement=Confinement(readable=(str(originals), tokenizer), scratch=str(scratch)),
    )
    return WorkerPool(spec, size=size, calls_per_process=FILES_PER_PARSER, spare=spare)


class Ingestor:
    """Makes documents searchable. A file that fails does not affect others. Safe to use from many threads."""

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
        self._originals = library.as_owner(EVERY_OWNER)  # it reads the documents of all
        self._embedder = embedder
        self._index = index
        self.passport = passport
        self._limits = limits
        self._leases = ParserLeases(parsers)
        self._attempts: Counter[tuple[str, str]] = Counter()
        self.width = parsers.size
        """Documents that are read at the same time."""
        self.spare = parsers.spare
        """Documents that are read beside those when some take long."""

    def collection_for(self, name: str) -> Collection:
        """Return the collection of this name or id, which is created if there is none.

        Raises `PassportMismatchError` if it was embedded in another way than this ingestor does.
        """
        try:
            collection = self._library.collection(name)
        except CollectionNotFoundError:
            try:
                collection = self._library.create_collection(name, self.passport)
            except CollectionExistsError:  # another thread or process was faster
                collection = self._library.collection(name)
        self.check_passport(collection)
        return collection

    def check_passport(self, collection: Collection) -> None:
        """Raise `PassportMismatchError` if a collection was embedded in another way than this ingestor does."""
        if collection.passport != self.passport:
            raise PassportMismatchError(
                collection=collection.name,
                stored=_describe(collection.passport),
                current=_describe(self.passport),
            )

    def process(self, document: DocumentRecord, *, beside: int = 1) -> DocumentRecord | None:
        """Parse, chunk, embed and store a claimed document; return it as it is stored then.

        A document that cannot be parsed or embedded has the status `failed` and a reason; one that a worker could not
        take is `queued` again with a reason, `MAX_ATTEMPTS` times at most. None means that it was removed, paused,
        cancelled or stopped meanwhile. `beside` documents are read at the same time, which is for the
        estimate alone. Raises `LibraryError`: then the stored status is still `reading`.
        """
        started = time.monotonic()
        try:
            with self._leases.register(document.claim):
                return self._process(document, started, beside)
        except StoppedError:
            logger.info("%s is not read on", document.file_id)
            return None

    def read_text(self, document: DocumentRecord) -> str:
        """Return the text of a claimed document, of which nothing is stored.

        Raises `UnreadableFileError`, and `WorkerError` if its parser ends.
        """
        with self._leases.register(document.claim), self._leases.lease(document.claim) as parser:
            pieces = [piece.document for piece in self._pieces(document, parser)]
        return choose_separator(pieces[0].unit).join(piece.text for piece in pieces)

    def stop(self, claim: str) -> None:
        """End the parser of a document that need not be read any more; its `process` returns None soon."""
        self._leases.stop(claim)

    def _process(self, document: DocumentRecord, started: float, beside: int) -> DocumentRecord | None:
        try:
            if (copied := self._library.complete_from_copy(document)) is not None:
                return copied
            stored = self._read_with_retry(document, started, beside)
            self._attempts.pop((document.collection_id, document.file_id), None)
            return stored
        except FileNotInLibraryError:
            return None
        except (UnreadableFileError, TextTooLongError) as error:
            logger.info("%s cannot be read: %s", document.file_id, type(error).__name__)
            return self._library.fail(document, str(error), _classify_failure(error))
        except WorkerError as error:
            return self._try_later(document, error)

    def save_index(self, collection_id: str) -> None:
        """Write a snapshot of a collection's index, so that the next start need not build it."""
        self._index.save(collection_id)

    def _try_later(self, document: DocumentRecord, error: WorkerError) -> DocumentRecord | None:
        """Queue a document again whose worker failed or was too slow, which is not its fault; fail it in the end."""
        key = (document.collection_id, document.file_id)
        self._attempts[key] += 1
        logger.warning("%s was not read in attempt %s: %s", document.file_id, self._attempts[key], error)
        if self._attempts[key] < MAX_ATTEMPTS:
            again = f"{error}; it is tried again (attempt {self._attempts[key] + 1} of {MAX_ATTEMPTS})"
            return self._library.requeue(document, again)
        del self._attempts[key]
        reason = f"{error}, in {MAX_ATTEMPTS} attempts; `pincite jobs retry` tries again"
        return self._library.fail(document, reason, "server_error")

    def _read_with_retry(self, document: DocumentRecord, started: float, beside: int) -> DocumentRecord | None:
        """Read a document, and once more if its parser died: memory may have been short."""
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
        summary = _Summary()
        with self._leases.lease(document.claim) as parser, closing(prefetch(self._pieces(document, parser))) as pieces:
            last: _Part | None = None
            for piece in pieces:
                for part in summary.split(piece):
                    if last is not None and not self._store(document, last):
                        return None
                    last = part
        assert last is not None  # noqa: S101 (a parser returns at least one piece)
        vectors = self._embed(last.piece)
        seconds = (time.monotonic() - started) / beside
        return self._library.complete(document, last.piece, vectors, summary.facts(), seconds)

    def _store(self, document: DocumentRecord, part: "_Part") -> bool:
        return self._library.append(document, part.piece, self._embed(part.piece), part.progress)

    def _pieces(self, document: DocumentRecord, parser: Worker) -> Iterator[ChunkedDocument]:
        """Yield the pieces that the parser makes of a file; raises why it cannot go on."""
        path = self._originals.original_path(document.file_id)
        password = self._originals.password(document.file_id)
        params = {
            "path": str(path),
            "filename": document.filename,
            "password": password,
            "max_tokens": document.chunk_tokens or None,
        }
        allowance = Allowance(self._limits.file_seconds)
        parser.start()  # a parser that cannot start is not the file's fault
        try:
            piece = self._next_piece(parser, "parse", params, allowance)
            while piece is not None:
                yield piece
                piece = self._next_piece(parser, "more", {}, allowance)
        except WorkerTimeoutError as error:
            detail = self._describe_timeout(allowance)
            raise ParserLimitError(filename=document.filename, detail=detail) from error
        except NoOpenFileError as error:
            raise _ReaderDiedError(worker="parser", how="between two pieces") from error
        except WorkerCrashedError as error:
            if error.how == OUT_OF_TIME:
                detail = "a part of it takes too much work for its size (PINCITE_PARSER_CPU_SECONDS)"
                raise ParserLimitError(filename=document.filename, detail=detail) from error
            raise _ReaderDiedError(worker=error.worker, how=error.how) from error
        except WorkerFailedError as error:
            raise ReaderFailedError(filename=document.filename, detail=error.message) from error

    def _next_piece(
        self, parser: Worker, method: str, params: dict[str, Any], allowance: Allowance
    ) -> ChunkedDocument | None:
        """Return the next piece; the time that OCR takes is not taken off the allowance of the file."""
        before = allowance.seconds_left
        timeout_seconds = self._limits.timeout_seconds
        piece = parser.call(method, params, NextPiece, timeout_seconds=timeout_seconds, allowance=allowance).piece
        if piece is not None and any(page.ocr_confidence is not None for page in piece.document.pages):
            allowance.seconds_left = before
        return piece

    def _describe_timeout(self, allowance: Allowance) -> str:
        if allowance.seconds_left <= 0:
            minutes = self._limits.file_seconds / 60
            return f"it took longer than {minutes:g} minutes in all (PINCITE_PARSER_FILE_TIMEOUT_SECONDS)"
        seconds = self._limits.timeout_seconds
        return f"a part of it took longer than {seconds:g} seconds (PINCITE_PARSER_TIMEOUT_SECONDS)"

    def _embed(self, piece: ChunkedDocument) -> NDArray[np.float32]:
        """Return the vectors of a piece's chunks, shape (chunks, dimension), float32.

        Tried twice: the embedder's process may have died of another request.
        """
        texts = [contextualize(chunk) for chunk in piece.chunks]
        if not texts:
            return np.empty((0, self._embedder.dimension), dtype=np.float32)
        try:
            return self._embedder.embed(texts)
        except WorkerError as error:
            logger.warning("embedding is tried again: %s", error)
            return self._embedder.embed(texts)


class _ReaderDiedError(WorkerCrashedError):
    """The parser's process, not the embedder's, ended while it read a file."""


@dataclass(frozen=True, slots=True)
class _Part:
    """What is stored in one transaction: a piece, or some of its chunks."""

    piece: ChunkedDocument
    progress: Progress


@dataclass(slots=True)
class _Summary:
    """What the pieces of a document say of the whole so far."""

    first: ChunkedDocument | None = None
    warnings: dict[str, None] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)

    def split(self, piece: ChunkedDocument) -> Iterator[_Part]:
        """Yield a piece in parts of at most `SLICE_CHUNKS` chunks; the first part has the pages."""
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
        """Return the facts of the whole document, after its last piece."""
        assert self.first is not None  # noqa: S101 (called after the last piece)
        document = self.first.document
        return DocumentFacts(document.title, document.media_type, document.unit, tuple(self.warnings), self.metadata)


def _classify_failure(error: Exception) -> Failure:
    """Return the stored code of a failure."""
    if isinstance(error, EncryptedFileError):
        return "needs_password"
    return "unsupported_file" if isinstance(error, UnsupportedFormatError) else "invalid_file"


def _describe(passport: EmbedderPassport) -> str:
    return f"{passport.model} {passport.revision[:12]} ({passport.dimension} dimensions, {passport.chunker})"
