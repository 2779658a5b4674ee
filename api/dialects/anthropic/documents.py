"""The documents that a request brings along: read from its blocks, and put into a library that goes with it."""

import base64
import binascii
import mimetypes
from collections.abc import Generator, Sequence
from dataclasses import dataclass

from api.dialects.anthropic.blocks import (
    Base64Source,
    ContentSource,
    DocumentBlock,
    FileSource,
    PlainTextSource,
    SearchResultBlock,
    UrlSource,
)
from api.errors import InvalidRequestError
from api.sent_files import claim_content
from api.services import Services
from ingest.chunking.chunker import ChunkSpec, contextualize, split
from ingest.errors import UnreadableFileError
from ingest.library.library import Library
from ingest.types import ChunkedDocument, Collection, DocumentFacts, DocumentRecord, Page, ParsedDocument

COLLECTION = "request"
SEPARATOR = "\n\n"
"""Between the texts of a document that has several."""


@dataclass(frozen=True, slots=True)
class Texts:
    """A document as texts; citations count characters if it `is_plain`, else texts."""

    texts: tuple[str, ...]
    is_plain: bool = False

    @property
    def joined(self) -> str:
        """All of them as one text."""
        return SEPARATOR.join(self.texts)

    def pages(self) -> tuple[Page, ...]:
        """Return each text as a page of the joined one."""
        pages: list[Page] = []
        start = 0
        for number, text in enumerate(self.texts, start=1):
            pages.append(Page(number, start, start + len(text)))
            start += len(text) + len(SEPARATOR)
        return tuple(pages)


@dataclass(frozen=True, slots=True)
class FileBytes:
    """A document as the content of a file."""

    content: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A document as a file that was uploaded before."""

    file_id: str


@dataclass(frozen=True, slots=True)
class BroughtDocument:
    """A document, or a search result, which has a `search_source`; `index` counts those of its kind in the request.

    `param` is the field of the request in which it stands.
    """

    index: int
    title: str
    body: Texts | FileBytes | StoredFile
    is_cited: bool
    param: str
    context: str = ""
    search_source: str | None = None

    @property
    def name(self) -> str:
        """What messages and prompts call it."""
        kind = "document" if self.search_source is None else "search result"
        return self.title or f"{kind} {self.index + 1}"


Brought = dict[str, BroughtDocument]
"""Documents by the ids of their files in the library of the request."""


def read_document(block: DocumentBlock, index: int, param: str) -> BroughtDocument:
    """Return the document of a block; raises `InvalidRequestError`, which names a field of `param`."""
    source = block.source
    body: Texts | FileBytes | StoredFile
    match source:
        case PlainTextSource():
            body = _check_texts([source.data], f"{param}.source.data", is_plain=True)
        case ContentSource():
            body = _check_texts([text.text for text in source.content], f"{param}.source.content")
        case Base64Source():
            body = FileBytes(_decode(source.data, f"{param}.source.data"), source.media_type)
        case FileSource():
            body = StoredFile(source.file_id)
        case UrlSource():
            detail = "Pincite fetches nothing from the network; send the document itself"
            raise InvalidRequestError(detail=detail, param=f"{param}.source.url")
    return BroughtDocument(index, block.title or "", body, block.citations.enabled, param, block.context or "")


def read_search_result(block: SearchResultBlock, index: int, param: str) -> BroughtDocument:
    """Return the search result of a block as a document; raises `InvalidRequestError`, which names a field of it."""
    body = _check_texts([text.text for text in block.content], f"{param}.content")
    return BroughtDocument(index, block.title, body, block.citations.enabled, param, search_source=block.source)


def add_documents(
    services: Services, home: Services, documents: Sequence[BroughtDocument]
) -> Generator[bytes, None, Brought]:
    """Put documents into the collection `COLLECTION` of a new library, with an empty piece after each (`api.http.sse`).

    `services` are those of the new library, `home` has the files that were uploaded before. Raises
    `InvalidRequestError` for a document that cannot be read, `FileNotInLibraryError` and `WorkerError`.
    """
    collection = services.create_collection(COLLECTION)
    brought: Brought = {}
    for document in documents:
        if isinstance(document.body, Texts):
            record = _add_texts(services, collection, document, document.body)
        else:
            claimed = _claim_file(services, home, collection, document, document.body)
            record = services.ingestor.process(claimed) or claimed
            if record.failure:
                raise _refuse_unreadable(document, record.reason)
        brought[record.file_id] = document
        yield b""
    return brought


def read_texts(
    services: Services, home: Services, documents: Sequence[BroughtDocument]
) -> Generator[bytes, None, dict[str, str]]:
    """Return the texts of documents by the field in which they stand; parameters and errors as `add_documents` has
    them."""
    collection = services.create_collection(COLLECTION)
    texts: dict[str, str] = {}
    for document in documents:
        if isinstance(document.body, Texts):
            texts[document.param] = document.body.joined
            continue
        claimed = _claim_file(services, home, collection, document, document.body)
        try:
            texts[document.param] = services.ingestor.read_text(claimed)
        except UnreadableFileError as error:
            raise _refuse_unreadable(document, str(error)) from error
        yield b""
    return texts


def _add_texts(services: Services, collection: Collection, document: BroughtDocument, body: Texts) -> DocumentRecord:
    """Store texts as they are: offsets in them are the client's own."""
    name = document.name
    claimed = _claim(services.library, collection, document, name, body.joined.encode())
    spec = ChunkSpec(services.settings.ingest.chunk_tokens)
    parsed = ParsedDocument(name, "text/plain", body.joined, body.pages())
    chunks = tuple(split(parsed, spec, services.embedding_model.tokenizer))
    vectors = services.embedder.embed([contextualize(chunk) for chunk in chunks])
    facts = DocumentFacts(name, "text/plain")
    return services.library.complete(claimed, ChunkedDocument(parsed, chunks), vectors, facts) or claimed


def _claim_file(
    services: Services,
    home: Services,
    collection: Collection,
    document: BroughtDocument,
    body: FileBytes | StoredFile,
) -> DocumentRecord:
    if isinstance(body, StoredFile):
        file = home.library.file(body.file_id)
        content = home.library.original_path(file.id).read_bytes()
        return _claim(services.library, collection, document, file.filename, content)
    name = document.name + (mimetypes.guess_extension(body.media_type) or "")
    return _claim(services.library, collection, document, name, body.content)


def _claim(
    library: Library, collection: Collection, document: BroughtDocument, filename: str, content: bytes
) -> DocumentRecord:
    """Store the content of a document, and claim it as its reader."""
    return claim_content(library, collection, param=document.param, filename=filename, content=content)


def _check_texts(texts: Sequence[str], param: str, *, is_plain: bool = False) -> Texts:
    if not any(text.strip() for text in texts):
        raise InvalidRequestError(detail="a document needs some text", param=param)
    return Texts(tuple(texts), is_plain)


def _decode(data: str, param: str) -> bytes:
    try:
        return base64.b64decode(data, validate=True)
    except binascii.Error as error:
        raise InvalidRequestError(detail="this is not valid base64", param=param) from error


def _refuse_unreadable(document: BroughtDocument, reason: str) -> InvalidRequestError:
    return InvalidRequestError(detail=f"{document.name} cannot be read: {reason}", param=document.param)
