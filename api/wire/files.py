"""`/v1/files`: originals, as OpenAI's API has them."""

from typing import Literal, cast

from pydantic import ConfigDict
from pydantic.config import JsonDict

from api.wire.base import ResponseModel
from api.wire.lists import ListObject, MemberObject, PageRequest
from api.wire.sources import show_source
from ingest.types import FileRecord

Purpose = Literal["assistants", "batch", "fine-tune", "vision", "user_data", "evals"]
"""What a client says that a file is for. It changes nothing here: a file is read when it is added to a collection."""

EXAMPLE: JsonDict = {
    "id": "file-eec21e5a5d12038a1edd7f83",
    "object": "file",
    "bytes": 48213,
    "created_at": 1790000000,
    "filename": "handbook.pdf",
    "purpose": "assistants",
    "status": "processed",
    "expires_at": None,
    "source": "handbook.pdf",
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
}


class FilePageRequest(PageRequest):
    """Which files to list."""

    purpose: str | None = None
    """Only files of this purpose."""


class FileObject(MemberObject):
    """An original that the library keeps."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    id: str
    """Follows from the source and the content: the same file has the same id."""
    object: Literal["file"] = "file"
    bytes: int
    created_at: int
    """Unix time in seconds."""
    filename: str
    purpose: Purpose
    """What the upload said; `assistants` for files that were read from a folder."""
    status: Literal["processed"] = "processed"
    expires_at: int | None
    """When it is deleted with its documents; null if it stays."""
    source: str
    """Name of its file; `a (2).txt` for an upload if there was another `a.txt` before."""
    sha256: str
    """Hash of the content, hexadecimal."""

    @classmethod
    def of(cls, file: FileRecord) -> "FileObject":
        """Return an original."""
        return cls(
            id=file.id,
            bytes=file.size_bytes,
            created_at=file.created_at,
            filename=file.filename,
            purpose=cast("Purpose", file.purpose),
            expires_at=file.expires_at,
            source=show_source(file.source),
            sha256=file.sha256,
        )


class FileList(ListObject[FileObject]):
    """A page of files."""


class FileDeleted(ResponseModel):
    """The file is deleted, with everything made from it in every vector store."""

    id: str
    object: Literal["file"] = "file"
    deleted: Literal[True] = True
