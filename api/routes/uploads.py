"""Files that are sent in parts: `/v1/uploads` as OpenAI has it."""

from fastapi import APIRouter, UploadFile

from api.openapi import error_responses
from api.routes.dependencies import AppServices
from api.uploads import name_upload
from api.wire.uploads import CompletionRequest, PartObject, UploadObject, UploadRequest
from ingest.errors import FileTooLargeError, UploadNotFoundError, UploadRefusedError
from ingest.library.part_uploads import UploadSpec

router = APIRouter(prefix="/v1/uploads", tags=["files"])

NO_UPLOAD = error_responses(UploadNotFoundError)
REFUSED = error_responses(UploadNotFoundError, UploadRefusedError)


@router.post("", responses=error_responses(FileTooLargeError))
def create_upload(services: AppServices, request: UploadRequest) -> UploadObject:
    """Begin to send a file in parts; it lasts an hour."""
    filename = name_upload(request.filename, param="filename")
    expiry = request.expires_after.seconds if request.expires_after else None
    spec = UploadSpec(filename, request.bytes, request.purpose, expiry)
    return UploadObject.of(services.part_uploads.create(services.library.owner, spec))


@router.post("/{upload_id}/parts", responses=REFUSED)
def create_upload_part(services: AppServices, upload_id: str, data: UploadFile) -> PartObject:
    """Send a part of a file; parts may come in any order, and at the same time."""
    part = services.part_uploads.add_part(services.library.owner, upload_id, data.file)
    return PartObject.of(part, upload_id)


@router.post("/{upload_id}/complete", responses=REFUSED)
def complete_upload(services: AppServices, upload_id: str, request: CompletionRequest) -> UploadObject:
    """Make the parts a file, which is then as any other."""
    completed = services.part_uploads.complete(services.library, upload_id, request.part_ids, request.md5)
    return UploadObject.of(completed)


@router.post("/{upload_id}/cancel", responses=NO_UPLOAD)
def cancel_upload(services: AppServices, upload_id: str) -> UploadObject:
    """End an upload and delete its parts; one that is completed stays so."""
    return UploadObject.of(services.part_uploads.cancel(services.library.owner, upload_id))
