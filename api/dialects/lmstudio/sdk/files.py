"""The namespace `files`: uploads, what stands in them, and the passages that fit a query."""

import base64
import binascii
import threading
from collections.abc import Generator, Iterator, Sequence
from importlib import metadata
from typing import Annotated

from pydantic import Field

from api.dialects.lmstudio.config import RETRIEVAL, Config
from api.dialects.lmstudio.files import keep_file, name_file_type, read_file, select_files
from api.dialects.lmstudio.sdk.frames import SdkModel
from api.dialects.lmstudio.sdk.namespace import Messages, Namespace, Session
from api.errors import InvalidRequestError
from api.wire.base import JsonObject, Query, Text
from ingest.library.pages import describe_place
from ingest.types import READ, DocumentRecord
from rag.types import ScoredChunk, Search

files = Namespace("files")

DEFAULT_LIMIT = 5
MAX_LIMIT = 100
MAX_FILES = 1_000


class UploadRequest(SdkModel):
    """A file and its content."""

    name: Text
    content_base64: str


class FileName(SdkModel):
    """The name of a file."""

    file_name: str


class FileRequest(SdkModel):
    """Asks about one file."""

    file_identifier: str


class RetrieveRequest(SdkModel):
    """Asks for the passages of some files that fit a query."""

    query: Query
    file_identifiers: Annotated[list[str], Field(min_length=1, max_length=MAX_FILES)]
    config: Config = Config()


class RetrievalConfig(SdkModel):
    """How passages are retrieved; chunks are as long as those of every document here."""

    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT


@files.call("uploadFileBase64", UploadRequest)
def upload_file(session: Session, asked: UploadRequest) -> JsonObject:
    """Store a file."""
    try:
        content = base64.b64decode(asked.content_base64, validate=True)
    except binascii.Error as error:
        raise InvalidRequestError(detail="the content is no base64", param="contentBase64") from error
    file = keep_file(session.services, asked.name, content)
    return {"identifier": file.id, "fileType": name_file_type(file.filename), "sizeBytes": file.size_bytes}


@files.call("getLocalFileAbsolutePath", FileName)
def get_local_path(_session: Session, _asked: FileName) -> JsonObject:
    """Refuse: where files are on the server is nobody's business."""
    detail = "the server's own files are not given away; upload the file, and name it by its identifier"
    raise InvalidRequestError(detail=detail, param="fileName")


@files.call("getDocumentParsingLibrary", FileRequest)
def get_parsing_library(session: Session, asked: FileRequest) -> JsonObject:
    """Return what reads a file."""
    session.services.library.file(asked.file_identifier)
    return _parser()


@files.channel("parseDocument", FileRequest)
def parse_document(session: Session, asked: FileRequest, cancelled: threading.Event) -> Messages:
    """Read a file, and return its text."""
    yield {"type": "parserLoaded", "parser": _parser()}
    for document in read_file(session.services, asked.file_identifier):
        if cancelled.is_set():
            return
        yield {"type": "progress", "progress": _share(document)}
        if document.status in READ:
            text = session.services.library.document_text(document.collection_id, document.file_id)
            yield {"type": "result", "content": text, "parser": _parser()}


@files.channel("retrieve", RetrieveRequest)
def retrieve(session: Session, asked: RetrieveRequest, cancelled: threading.Event) -> Messages:
    """Read files that have not been read yet, and return the passages that fit the query best."""
    limit = RetrievalConfig.model_validate(asked.config.select(RETRIEVAL)).limit
    yield {"type": "onFileProcessList", "indices": list(range(len(asked.file_identifiers)))}
    documents: list[DocumentRecord] = []
    for index, file_id in enumerate(asked.file_identifiers):
        document = yield from _process(session, index, file_id, cancelled)
        if document is None:
            return
        documents.append(document)
    yield {"type": "onSearchingStart"}
    entries = list(_search(session, asked, documents, limit))
    yield {"type": "onSearchingEnd"}
    yield {"type": "result", "result": {"entries": entries}}


def _process(
    session: Session, index: int, file_id: str, cancelled: threading.Event
) -> Generator[JsonObject, None, DocumentRecord | None]:
    """Yield the steps of reading a file in LM Studio's words, and return its document; None if the client cancels."""
    step: JsonObject = {"index": index, "step": "loading"}
    yield {"type": "onFileProcessingStart", "index": index}
    yield {"type": "onFileProcessingStepStart", **step}
    document: DocumentRecord | None = None
    for document in read_file(session.services, file_id):
        if cancelled.is_set():
            return None
        if step["step"] == "loading" and document.progress.stage in ("embedding", "storing"):
            yield {"type": "onFileProcessingStepEnd", **step}
            step["step"] = "embedding"
            yield {"type": "onFileProcessingStepStart", **step}
        yield {"type": "onFileProcessingStepProgress", **step, "progress": _share(document)}
    yield {"type": "onFileProcessingStepEnd", **step}
    yield {"type": "onFileProcessingEnd", "index": index}
    return document


def _search(
    session: Session, asked: RetrieveRequest, documents: Sequence[DocumentRecord], limit: int
) -> Iterator[JsonObject]:
    index_of = {document.file_id: index for index, document in enumerate(documents)}
    collections = tuple({document.collection_id for document in documents})
    search = Search(asked.query, collections, filters=select_files(list(index_of)))
    for scored in session.services.retriever.rank_candidates(search, limit)[:limit]:
        yield _entry(session, scored, documents[index_of[scored.chunk.file_id]], index_of[scored.chunk.file_id])


def _entry(session: Session, scored: ScoredChunk, document: DocumentRecord, index: int) -> JsonObject:
    """Return a passage. Both SDKs drop the fields of its place, so that it stands in the content too."""
    chunk = scored.chunk.chunk
    place = describe_place(session.services.library, scored.chunk)
    where = f"{document.filename}, {place}" if place else document.filename
    return {
        "content": f"[{where}]\n{chunk.text}",
        "score": scored.score,
        "sourceIndex": index,
        "pageNumber": [chunk.first_page, chunk.last_page],
    }


def _share(document: DocumentRecord) -> float:
    """Return how much of a document is read."""
    if document.status in READ:
        return 1.0
    progress = document.progress
    return progress.done / progress.total if progress.total else 0.0


def _parser() -> JsonObject:
    return {"library": "pincite", "version": metadata.version("pincite")}
