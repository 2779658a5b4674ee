"""`/v1/files`: originals, as OpenAI has them."""

from typing import Annotated, Literal

from fastapi import APIRouter, Form, Query, UploadFile
from fastapi.responses import FileResponse

from api.errors import InvalidRequestError
from api.openapi import binary_response, error_responses
from api.routes.dependencies import AppServices
from api.uploads import check_upload_size, name_upload
from api.wire.files import FileDeleted, FileList, FileObject, FilePageRequest, Purpose
from ingest.errors import CursorNotFoundError, FileNotInLibraryError, FileTooLargeError

router = APIRouter(prefix="/v1/files", tags=["files"])

MIN_EXPIRY_SECONDS, MAX_EXPIRY_SECONDS = 3_600, 2_592_000
"""OpenAI's bounds: an hour and 30 days."""

NO_FILE = error_responses(FileNotInLibraryError)


class OriginalResponse(FileResponse):
    """A file that is read in small pieces: one waits in memory for each client that does not take it."""

    chunk_size = 32 << 10


@router.post("", responses=error_responses(FileTooLargeError))
def upload_file(
    services: AppServices,
    file: UploadFile,
    purpose: Annotated[Purpose, Form()],
    expires_anchor: Annotated[Literal["created_at"] | None, Form(alias="expires_after[anchor]")] = None,
    expires_seconds: Annotated[
        int | None, Form(alias="expires_after[seconds]", ge=MIN_EXPIRY_SECONDS, le=MAX_EXPIRY_SECONDS)
    ] = None,
) -> FileObject:
    """Store a file. The same content under the same name is the same file, another content under it another file.

    With `expires_after` it is deleted then, with everything made from it; a file that is there already is kept for as
    long as it would have been.
    """
    if (expires_anchor is None) != (expires_seconds is None):
        detail = "expires_after needs both an anchor, `created_at`, and seconds"
        raise InvalidRequestError(detail=detail, param="expires_after")
    filename = name_upload(file.filename or "", param="file")
    check_upload_size(services, file.size or 0)
    stored = services.library.add_upload(filename, file.file, purpose=purpose, expires_after_seconds=expires_seconds)
    return FileObject.of(stored)


@router.get("", responses=error_responses(CursorNotFoundError))
def list_files(services: AppServices, page: Annotated[FilePageRequest, Query()]) -> FileList:
    """List the files, the newest first."""
    return FileList.of(services.library.page_files(page.spec(), page.purpose), FileObject.of)


@router.get("/{file_id}", responses=NO_FILE)
def retrieve_file(services: AppServices, file_id: str) -> FileObject:
    """Return one file."""
    return FileObject.of(services.library.file(file_id))


@router.delete("/{file_id}", responses=NO_FILE)
def delete_file(services: AppServices, file_id: str) -> FileDeleted:
    """Delete a file and everything made from it in every vector store."""
    services.library.delete_file(file_id)
    return FileDeleted(id=file_id)


@router.get(
    "/{file_id}/content",
    response_class=OriginalResponse,
    responses=binary_response("application/octet-stream", "The original bytes.") | NO_FILE,
)
def file_content(services: AppServices, file_id: str) -> OriginalResponse:
    """Return the original bytes, with a media type that no browser executes."""
    file = services.library.file(file_id)
    path = services.library.original_path(file_id)
    return OriginalResponse(path, media_type="application/octet-stream", filename=file.filename)
