"""Originals: `/v1/files` as OpenAI has it."""

from pathlib import PurePosixPath
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Query, UploadFile
from fastapi.responses import FileResponse

from api.errors import InvalidRequestError
from api.objects import FILE_PURPOSE, JsonObject, file_object
from api.paging import PageRequest, page_of
from api.routes.parts import Parts
from api.schemas import clean_name
from ingest.errors import FileTooLargeError

router = APIRouter(prefix="/v1/files", tags=["files"])

MAX_FILENAME_CHARS = 200


class FilePageRequest(PageRequest):
    """Which files are wanted; all of them have one purpose."""

    purpose: str | None = None


@router.post("")
def upload(
    parts: Parts, file: UploadFile, purpose: Annotated[Literal["assistants", "user_data"], Form()]
) -> JsonObject:
    """Keep a file. The same content under the same name is the same file."""
    filename = display_name(file.filename or "")
    if not filename:
        raise InvalidRequestError(detail="the file has no name", param="file")
    limits = parts.settings.ingest
    if file.size is not None and file.size > limits.max_upload_bytes:
        raise FileTooLargeError(limit_mb=limits.max_upload_mb)
    return file_object(parts.library.add_file(source=filename, filename=filename, content=file.file))


@router.get("")
def list_files(parts: Parts, page: Annotated[FilePageRequest, Query()]) -> JsonObject:
    """List all files, the newest first."""
    files = parts.library.files() if page.purpose in (None, FILE_PURPOSE) else []
    return page_of(files, page, file_object)


@router.get("/{file_id}")
def retrieve_file(parts: Parts, file_id: str) -> JsonObject:
    """Show one file."""
    return file_object(parts.library.file(file_id))


@router.delete("/{file_id}")
def delete_file(parts: Parts, file_id: str) -> JsonObject:
    """Delete a file, and everything made from it in every vector store."""
    parts.library.delete_file(file_id)
    return {"id": file_id, "object": "file", "deleted": True}


@router.get("/{file_id}/content")
def file_content(parts: Parts, file_id: str) -> FileResponse:
    """Send the original bytes, never as something that a browser would run."""
    file = parts.library.file(file_id)
    path = parts.library.original_path(file_id)
    return FileResponse(path, media_type="application/octet-stream", filename=file.filename)


def display_name(name: str) -> str:
    """Return the last part of a client's file name, fit to be shown; empty where nothing is left.

    It is only shown: on disk a file has the name of its hash.
    """
    last = PurePosixPath(clean_name(name).replace("\\", "/")).name
    if not last.strip("."):
        return ""
    stem, dot, suffix = last.rpartition(".")
    if len(last) <= MAX_FILENAME_CHARS or len(suffix) > MAX_FILENAME_CHARS // 2:
        return last[:MAX_FILENAME_CHARS]
    return stem[: MAX_FILENAME_CHARS - len(suffix) - 1] + dot + suffix
