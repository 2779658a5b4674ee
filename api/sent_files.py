"""The texts of files and pictures that a message brings along: read by the parsers, and stored nowhere."""

import base64
import binascii
import io
import mimetypes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from api.errors import FilePartError
from api.services import Services
from ingest.errors import UnreadableFileError
from ingest.library.library import Library
from ingest.types import Collection, DocumentRecord

COLLECTION = "message"
DATA_URL = "data:"


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file with the field of the request in which it stands, which errors name."""

    param: str
    name: str
    content: bytes


def decode_data_url(url: str, *, name: str | None, param: str) -> SentFile:
    """Return the file of a `data:` URL, or of base64 alone; raises `FilePartError` for another URL."""
    head, separator, data = url.partition(",")
    if "://" in url[:16]:
        detail = "Pincite fetches nothing from the network; send the content itself as a data: URL with base64"
        raise FilePartError(detail=detail, param=param)
    media_type = head.removeprefix(DATA_URL).partition(";")[0] if separator else ""
    try:
        content = base64.b64decode(data if separator else url, validate=True)
    except (binascii.Error, ValueError) as error:
        raise FilePartError(detail="this is not valid base64", param=param) from error
    return SentFile(param, name or f"file{mimetypes.guess_extension(media_type) or ''}", content)


def find_stored_file(services: Services, file_id: str, *, param: str) -> SentFile:
    """Return a file that was uploaded before; raises `FileNotInLibraryError`."""
    file = services.library.file(file_id)
    return SentFile(param, file.filename, services.library.original_path(file.id).read_bytes())


def read_sent_files(services: Services, files: Sequence[SentFile]) -> Mapping[str, str]:
    """Return the texts of files by the fields in which they stand.

    Pictures are read by OCR. Raises `FilePartError` for a file without any text, and `WorkerError`.
    """
    if not files:
        return {}
    with services.open_transient() as view:
        collection = view.create_collection(COLLECTION)
        return {file.param: _read(view, collection, file) for file in files}


def claim_content(
    library: Library, collection: Collection, *, param: str, filename: str, content: bytes
) -> DocumentRecord:
    """Store the content of a document in a library that nobody else works with, and claim it as its reader."""
    file = library.add_file(source=f"{param}: {filename}", filename=filename, content=io.BytesIO(content))
    library.enqueue(collection.id, file.id)
    claimed = library.claim(collection.passport)
    assert claimed is not None  # noqa: S101 (nobody else works with this library)
    return claimed


def _read(services: Services, collection: Collection, file: SentFile) -> str:
    claimed = claim_content(services.library, collection, param=file.param, filename=file.name, content=file.content)
    try:
        text = services.ingestor.read_text(claimed)
    except UnreadableFileError as error:
        raise FilePartError(detail=f"{file.name} cannot be read: {error}", param=file.param) from error
    if not text.strip():
        detail = f"{file.name} has no text; models here read the text of files and pictures, and nothing else of them"
        raise FilePartError(detail=detail, param=file.param)
    return text
