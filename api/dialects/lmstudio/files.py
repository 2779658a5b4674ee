"""The files that LM Studio's clients upload: kept in the library, read into a collection of their own.

So they are parsed, searched and cited like every document, and can be seen and deleted like one. A chat with files is
a chat about these documents.
"""

import io
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import PurePath
from typing import Literal

from api.chat import Chat
from api.errors import DocumentNotReadyError, InvalidRequestError
from api.services import Services
from api.uploads import check_upload_size, name_upload
from api.wire.base import DOCS_PREFIX
from ingest.errors import CollectionNotFoundError
from ingest.types import IN_WORK, READ, Collection, Comparison, DocumentRecord, FileRecord

COLLECTION = "lm-studio-files"
POLL_SECONDS = 0.1

FileType = Literal["image", "text/plain", "application/pdf", "application/word", "text/other", "unknown"]
FILE_TYPES: dict[str, FileType] = {
    ".txt": "text/plain",
    ".pdf": "application/pdf",
    ".docx": "application/word",
    ".doc": "application/word",
    **dict.fromkeys((".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff"), "image"),
    **dict.fromkeys((".md", ".csv", ".json", ".html", ".xml", ".yaml", ".yml", ".py", ".js", ".ts"), "text/other"),
}


def name_file_type(filename: str) -> FileType:
    """Return what LM Studio calls the type of a file."""
    return FILE_TYPES.get(PurePath(filename).suffix.lower(), "unknown")


def keep_file(services: Services, name: str, content: bytes) -> FileRecord:
    """Store an upload; the same content under the same name is the same file. Raises `FileTooLargeError`."""
    check_upload_size(services, len(content))
    return services.library.add_upload(name_upload(name, param="name"), io.BytesIO(content))


def read_file(services: Services, file_id: str) -> Iterator[DocumentRecord]:
    """Yield the document of a file while it is read, and last when it can be searched.

    Raises `FileNotInLibraryError`, and `DocumentNotReadyError` if it cannot be read.
    """
    collection = _open_collection(services)
    document = services.add_document(collection, file_id)
    while document.status in IN_WORK:
        yield document
        time.sleep(POLL_SECONDS)
        document = services.library.document(collection.id, file_id)
    if document.status not in READ:
        raise DocumentNotReadyError(file_id=file_id, status=document.status, reason=document.reason)
    yield document


def select_files(file_ids: Sequence[str]) -> Comparison:
    """Return the filter that these files alone match."""
    return Comparison("in", "file_id", tuple(file_ids))


def chat_about_files(services: Services, chat: Chat, file_ids: Sequence[str]) -> Chat:
    """Return a chat as one about files, which the model of the chat answers.

    The files must have been read. Raises `InvalidRequestError` if the chat is about a collection.
    """
    if chat.is_about_documents:
        detail = f"`{DOCS_PREFIX}…` models answer from their collection; name a plain model for a chat with files"
        raise InvalidRequestError(detail=detail, param="history")
    return replace(
        chat,
        model=DOCS_PREFIX + _open_collection(services).id,
        writer=chat.model,
        filters=select_files(file_ids),
        tools=None,
    )


def _open_collection(services: Services) -> Collection:
    try:
        return services.searchable(COLLECTION)
    except CollectionNotFoundError:
        return services.create_collection(COLLECTION)
